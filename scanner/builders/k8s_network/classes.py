"""Pods that the rules of one side do not tell apart, so that one of them is asked for all."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from msgspec import Struct, field

from scanner.builders.k8s_policy.cluster import Cluster
from scanner.builders.k8s_policy.model import Peer, PeerKind, Pod
from scanner.builders.k8s_policy.side import Asked, Side

Marks = tuple[tuple[int, int, int], ...]
"""Of each rule that tells a pod from most others: its number, which part of it does, and how surely."""


class Classes(Struct):
    """The pods of a cluster by what no selector sees: the network of the node, a known address, declared ports."""

    cluster: Cluster
    _kinds: dict[bool, list[object]] = field(default_factory=dict)
    _blocks: dict[object, frozenset[int]] = field(default_factory=dict)
    _addresses: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def of(self, side: Side, within: frozenset[int], *, called: bool = False) -> Iterator[frozenset[int]]:
        """`within` in parts whose pods every rule of `side` answers alike.

        called: the pods are those that the side calls, so that ports go by the names that they declare.
        """
        asked = list(side.asked())
        named = called and any(spec.name for one in asked for spec in one.rule.ports or ())
        kinds = self._of_kind(named)
        marks = self._marks(asked, within)
        parts: dict[tuple[object, Marks], list[int]] = {}
        for index, some in marks.items():
            parts.setdefault((kinds[index], tuple(some)), []).append(index)
        rest: dict[object, list[int]] = {}
        for index in within - marks.keys():
            rest.setdefault(kinds[index], []).append(index)
        yield from (frozenset(one) for one in (*rest.values(), *parts.values()))

    def _of_kind(self, named: bool) -> list[object]:
        found = self._kinds.get(named)
        if found is None:
            pods = self.cluster.pods
            made = [(one.host, _odd_address(one), one.ports if named else ()) for one in pods]
            numbers: dict[object, int] = {}
            found = self._kinds[named] = [numbers.setdefault(one, len(numbers)) for one in made]
        return found

    def _marks(self, asked: list[Asked], within: frozenset[int]) -> dict[int, list[tuple[int, int, int]]]:
        """What tells pods apart; where a rule surely names most of them, the others are marked."""
        marks: dict[int, list[tuple[int, int, int]]] = {}
        for number, one in enumerate(asked):
            parts = [(one.pods.sure, one.pods.maybe)]
            parts += [(inside, inside) for peer in one.others if (inside := self.in_block(peer))]
            for part, (sure, maybe) in enumerate(parts):
                hit = maybe & within
                if 2 * len(hit) > len(within) and (sure is maybe or hit <= sure):
                    for index in within - hit:
                        marks.setdefault(index, []).append((number, part, 0))
                else:
                    for index in hit:
                        marks.setdefault(index, []).append((number, part, 2 if index in sure else 1))
        return marks

    def in_block(self, peer: Peer) -> frozenset[int]:
        """The pods of a known address that a peer's range holds."""
        if peer.kind is not PeerKind.BLOCK or peer.block is None:
            return frozenset()
        key = (peer.block, peer.excluded)
        found = self._blocks.get(key)
        if found is None:
            every = self._known(peer.block.version)
            low = bisect_left(every, (peer.block.first, -1))
            high = bisect_right(every, (peer.block.last, len(self.cluster.pods)))
            some = (index for address, index in every[low:high] if not _excepted(peer, address))
            found = self._blocks[key] = frozenset(some)
        return found

    def _known(self, version: int) -> list[tuple[int, int]]:
        found = self._addresses.get(version)
        if found is None:
            pods = enumerate(self.cluster.pods)
            some = ((pod.ip.first, index) for index, pod in pods if pod.ip is not None and pod.ip.version == version)
            found = self._addresses[version] = sorted(some)
        return found


def _odd_address(pod: Pod) -> object:
    """Whether an address is not known; a range in place of an address is like no other."""
    return pod.ip if pod.ip is not None and pod.ip.first != pod.ip.last else pod.ip is None


def _excepted(peer: Peer, address: int) -> bool:
    return any(hole.first <= address <= hole.last for hole in peer.excluded)
