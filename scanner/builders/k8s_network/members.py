"""Which workloads belong to which set of callers, by what their own egress is."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct, field

from scanner.builders.edges import Doubt, connect, first_doubt
from scanner.builders.k8s_network.view import View, own_line
from scanner.builders.k8s_policy.cluster import Selected
from scanner.builders.k8s_policy.model import Direction, Peer
from scanner.builders.k8s_policy.ports import ALL, Span
from scanner.resource import Resource

ANY = "podset/any"
ON_NODES = "podset/node-network"
ADMITTED = "the policies that select it admit the way out"
OPEN = "no NetworkPolicy selects it for egress: all egress is open, which is the default"


class Sources(Struct):
    """The pods of a cluster by what their egress is.

    free: no policy speaks of it. guarded: groups that the same policies select, with one pod to ask for all.
    hosts: pods that are, or may be, on the network of their node. alone: pods that are asked one by one.
    used: the sets that have an edge, None for one whose members no peer selects. guarded_used: likewise of groups.
    towards: for each pod of a target, what groups admit on the way to it, and which groups admit just that.
    alike: sets of pods with open egress that the policies of the targets do not tell apart; alike_guarded: likewise
    of pods whose egress some policy governs.
    """

    free: frozenset[int]
    guarded: list[frozenset[int]]
    hosts: frozenset[int]
    alone: frozenset[int]
    towards: dict[int, dict[Span, list[frozenset[int]]]] = field(default_factory=dict)
    used: dict[str, Peer | None] = field(default_factory=dict)
    guarded_used: dict[str, frozenset[int]] = field(default_factory=dict)
    alike: dict[str, frozenset[int]] = field(default_factory=dict)
    alike_guarded: dict[str, frozenset[int]] = field(default_factory=dict)


def sources_of(view: View, alone: Collection[str]) -> Sources:
    """Sort the pods of the cluster; the workloads `alone` are never one of a set."""
    free: set[int] = set()
    hosts: set[int] = set()
    single: set[int] = set()
    groups: dict[object, list[int]] = {}
    for index, pod in enumerate(view.cluster.pods):
        if pod.host is not False:
            hosts.add(index)
        if pod.host:
            continue
        side = view.side(index, Direction.EGRESS)
        if view.owners[index] in alone:
            single.add(index)
        elif side.free:
            free.add(index)
        else:
            groups.setdefault(side.key(), []).append(index)
    guarded = [frozenset(one) for one in groups.values()]
    found = Sources(frozenset(free), guarded, frozenset(hosts), frozenset(single))
    targets = frozenset(pod for target in view.targets for pod in target.pods)
    parts = _Parts(view, targets)
    for group in (*guarded, *(frozenset({one}) for one in sorted(single))):
        parts.add(group, min(group), alone=min(group) in single)
    found.towards = parts.found
    return found


class _Parts:
    """Targets in parts that the egress of a group answers alike; a part that many groups have in common is one object.

    For each pod of a target: by what is admitted, the groups that admit just that.
    """

    def __init__(self, view: View, targets: frozenset[int]) -> None:
        self._view, self._targets = view, targets
        self._groups: dict[tuple[frozenset[int], Span], list[frozenset[int]]] = {}

    def add(self, group: frozenset[int], first: int, *, alone: bool) -> None:
        """Ask the egress of a pod for all of its group."""
        view = self._view
        spans: dict[Span, list[frozenset[int]]] = {}
        for part in view.classes.of(view.side(first, Direction.EGRESS), self._targets, called=True):
            span = view.admits(first, Direction.EGRESS, min(part))
            if not view.enforced.policies and alone:
                span = Span(span.sure, ALL)
            if span.maybe:
                spans.setdefault(span, []).append(part)
        for span, some in spans.items():
            part = frozenset().union(*some)
            self._groups.setdefault((part, span), []).append(group)

    @property
    def found(self) -> dict[int, dict[Span, list[frozenset[int]]]]:
        """For each pod of a target, the groups by what they admit."""
        towards: dict[int, dict[Span, list[frozenset[int]]]] = {}
        for (part, span), groups in self._groups.items():
            for target in part:
                towards.setdefault(target, {}).setdefault(span, []).extend(groups)
        return towards


def members(view: View, sources: Sources) -> None:
    """An edge from each workload to each set that it is in, once for all targets."""
    resources = {view.node(one.address): one.resource for one in view.workloads}
    everyone = view.cluster.everyone.maybe
    for address, peer in sources.used.items():
        if address == ON_NODES:
            _host_members(view, sources, resources)
            continue
        every = Selected(everyone, everyone)
        selected = every if peer is None else view.cluster.select(peer)
        best: dict[str, tuple[Doubt | None, str]] = {}
        for index in sorted(selected.maybe - sources.alone):
            if view.cluster.pods[index].host:
                continue
            doubt, because = _belongs(view, sources, index)
            if because:
                named = None if peer is None else peer.doubt or peer.pods.doubt or peer.namespaces.doubt
                unsure = None if index in selected.sure else named or view.labels_doubt(index)
                if unsure is not None:
                    because = f"whether the selector picks it is not known; {because}"
                _keep(best, view.owners[index], first_doubt(doubt, unsure), because)
        _join(view, address, resources, best)
    for address, group in sources.guarded_used.items():
        best = {}
        for index in sorted(group):
            _keep(best, view.owners[index], None, ADMITTED)
        _join(view, address, resources, best)
    for relays, because in ((sources.alike, OPEN), (sources.alike_guarded, ADMITTED)):
        for address, group in relays.items():
            best = {view.owners[index]: (None, because) for index in sorted(group)}
            _join(view, address, resources, best)


def _belongs(view: View, sources: Sources, index: int) -> tuple[Doubt | None, str]:
    """Whether a pod can call whatever lets its set in: the doubt and the reason; no reason where it cannot."""
    host = view.cluster.pods[index].host
    unsure = Doubt("value-unknown", (f"{view.cluster.pods[index].owner}: hostNetwork",)) if host is None else None
    if index in sources.free:
        return unsure, OPEN
    if not view.enforced.policies:
        return first_doubt(view.no_enforcer, unsure), f"policies govern its egress, {view.unenforced}"
    return None, ""


def _host_members(view: View, sources: Sources, resources: dict[str, Resource]) -> None:
    best: dict[str, tuple[Doubt | None, str]] = {}
    for index in sorted(sources.hosts):
        pod = view.cluster.pods[index]
        doubt = None if pod.host else Doubt("value-unknown", (f"{pod.owner}: hostNetwork",))
        because = "it uses the network of its node (`hostNetwork`)"
        if not view.side(index, Direction.EGRESS).free:
            # The API leaves open whether a plug-in can tell such a pod from its node, and so whether it is held back.
            doubt = first_doubt(doubt, Doubt("host-network", ("whether policies hold for node addresses",)))
            because = f"{because}, where the policies of its egress need not hold"
        _keep(best, view.owners[index], doubt, because)
    _join(view, ON_NODES, resources, best)


def _keep(best: dict[str, tuple[Doubt | None, str]], owner: str, doubt: Doubt | None, because: str) -> None:
    """Of several pods of one workload the surest counts."""
    if owner not in best or (doubt is None and best[owner][0] is not None):
        best[owner] = (doubt, because)


def _join(view: View, address: str, resources: dict[str, Resource], best: dict[str, tuple[Doubt | None, str]]) -> None:
    for owner, (doubt, because) in best.items():
        connect(view.world, owner, view.node(address), because, own_line(resources[owner]), doubt=doubt)
