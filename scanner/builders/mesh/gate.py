"""What the mesh makes of the callers of one target: by port, whether they are let in, and why."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from scanner.builders.k8s_policy.labels import Match
from scanner.builders.k8s_policy.ports import ALL, NONE, PortSet, ports, union, without
from scanner.builders.mesh.classes import Named
from scanner.builders.mesh.guard import Answer, Caller, Guard
from scanner.builders.mesh.membership import Plane

TCP_ONLY = "a model in a mesh answers over TCP: what a mesh lets in says nothing of other protocols"
"""Printed where a mesh closes a way."""
_ANY_PORT = 8000


class Part(Struct, frozen=True):
    """Some traffic that is let in, surely or perhaps."""

    ports: PortSet
    answer: Answer


Parts = tuple[Part, ...]
"""Disjoint; nothing where a caller is kept out."""


class Gate(Struct):
    """The guards of one target; `number` tells the gates of a cluster apart."""

    guards: list[Guard]
    number: int
    named: frozenset[int] = frozenset()
    names: Named = field(default_factory=Named)
    known: dict[tuple[Caller, ...], Parts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.named = frozenset(port for one in self.guards for port in one.named_ports() if 0 < port < 65536)
        self.names = Named.of(self.guards)

    @property
    def matters(self) -> bool:
        """Whether there is anything to say."""
        return any(
            one.policies or (one.member.plane is not Plane.NONE and (one.member.sure is Match.YES or one.peers.any))
            for one in self.guards
        )

    def parts(self, callers: tuple[Caller, ...]) -> Parts:
        """What these callers are let in to."""
        found = self.known.get(callers)
        if found is None:
            found = self.known[callers] = tuple(self._parts(callers))
        return found

    def _parts(self, callers: tuple[Caller, ...]) -> Iterable[Part]:
        other = next(port for port in range(_ANY_PORT, 65536) if port not in self.named)
        rest = self._answer(callers, other)
        left = ALL
        groups: dict[Answer, PortSet] = {}
        for port in sorted(self.named):
            answer = self._answer(callers, port)
            if answer != rest:
                here = ports("TCP", port, port)
                left = without(left, here)
                groups[answer] = union(groups.get(answer, NONE), here)
        groups[rest] = union(groups.get(rest, NONE), left)
        return (Part(some, answer) for answer, some in groups.items() if answer.match is not Match.NO)

    def _answer(self, callers: tuple[Caller, ...], port: int) -> Answer:
        """The surest of all: one template that lets one of the callers in is a way in."""
        every = [guard.answer(caller, port) for guard in self.guards for caller in callers]
        return max(every, key=lambda one: one.match)


def key_of(guards: list[Guard]) -> object:
    """Equal for targets that the mesh treats alike, so that they are asked once."""
    return tuple(
        (
            one.member,
            one.captured,
            tuple((policy.address, match) for policy, match in one.policies),
            tuple((port, one.peers.mode(one.namespace, one.labels, port)) for port in sorted(one.named_ports() | {0})),
            tuple(
                (
                    each.address,
                    str(each.identity),
                    each.sure,
                    each.pods,
                    tuple(policy.address for policy, _ in each.policies),
                )
                for each in one.waypoints
            ),
            one.connections,
            one.altered,
            one.plain,
        )
        for one in guards
    )
