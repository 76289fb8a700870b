"""Pods with guarded egress and what lets them in: both sides must admit a way, so they are asked group by group."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.admission import Admission
from scanner.builders.k8s_network.alike import FEW, Many, join
from scanner.builders.k8s_network.members import Sources
from scanner.builders.k8s_network.trusted import Admitted
from scanner.builders.k8s_network.view import Target, View
from scanner.builders.k8s_policy.model import Direction
from scanner.builders.k8s_policy.ports import Span, common, without


def from_guarded(
    view: View, sources: Sources, target: Target, pod: int, admission: Admission, admitted: Admitted
) -> Iterator[Many]:
    """The edges from every group of guarded pods; what is left to be joined by a relay, where the groups are many."""
    if admission.who == "block":
        return
    for out, groups in sources.towards.get(pod, {}).items():
        spans = Span(common(out.sure, admission.traffic), common(out.maybe, admission.traffic))
        if not spans.maybe:
            continue
        certain: list[frozenset[int]] = []
        for group in groups:
            chosen = _chosen(admission, group)
            if len(groups) <= FEW or (chosen and not _plain(sources, admission, group, chosen)):
                _from_group(view, sources, target, spans, admission, group, admitted)
            elif chosen:
                certain.append(chosen)
        yield from _joined(view, target, spans, admission, certain)


def _chosen(admission: Admission, group: frozenset[int]) -> frozenset[int]:
    """The pods of a group that are let in."""
    return group if admission.everyone or admission.selected is None else group & admission.selected.maybe


def _plain(sources: Sources, admission: Admission, group: frozenset[int], chosen: frozenset[int]) -> bool:
    """Whether the pods of a group are like others: certainly selected, and named by no `trusted` entry."""
    known = admission.everyone or admission.selected is None or chosen <= admission.selected.sure
    return known and group.isdisjoint(sources.alone)


def _joined(
    view: View, target: Target, spans: Span, admission: Admission, groups: list[frozenset[int]]
) -> Iterator[Many]:
    if not groups:
        return
    if spans.sure:
        yield Many(target, admission, spans.sure, frozenset().union(*groups))
    rest = without(spans.maybe, spans.sure)
    by_doubt: dict[Doubt, list[frozenset[int]]] = {}
    for group in groups if rest else ():
        by_doubt.setdefault(_out_doubt(view, min(group)), []).append(group)
    for doubt, some in by_doubt.items():
        yield Many(target, admission.doubted(doubt), rest, frozenset().union(*some))


def _from_group(
    view: View,
    sources: Sources,
    target: Target,
    spans: Span,
    admission: Admission,
    group: frozenset[int],
    admitted: Admitted,
) -> None:
    """Pods with guarded egress: admitted by both sides to `spans`, or not at all."""
    chosen = _chosen(admission, group)
    if not chosen:
        return
    unsure = admission.doubted(_out_doubt(view, min(group)))
    if admission.everyone and len(group) > 1:
        relay = _group(view, sources, group)
        if spans.sure:
            join(view, relay, target, admission, spans.sure)
        rest = without(spans.maybe, spans.sure)
        if rest:
            join(view, relay, target, unsure, rest)
        return
    for owner, index in view.owned(chosen):
        if owner == view.node(target.name) or owner in target.nodes:
            continue
        doubt = _member_doubt(view, admission, index)
        removed = admitted.removed(owner, target)
        for one, some in ((admission, spans.sure), (unsure, without(spans.maybe, spans.sure))):
            left = without(some, removed)
            if left:
                join(view, owner, target, one.doubted(doubt), left)


def _group(view: View, sources: Sources, group: frozenset[int]) -> str:
    """The relay of pods that the same policies select for egress."""
    side = view.side(min(group), Direction.EGRESS)
    named = side.names()
    address = f"podset/egress/{'+'.join(named)}"
    sources.guarded_used.setdefault(address, frozenset())
    sources.guarded_used[address] |= group
    return view.relay(address, "PodSet", f"pods whose egress {', '.join(named)} governs")


def _member_doubt(view: View, admission: Admission, index: int) -> Doubt | None:
    if admission.selected is None or admission.everyone or index in admission.selected.sure:
        return None
    return view.labels_doubt(index)


def _out_doubt(view: View, index: int) -> Doubt:
    side = view.side(index, Direction.EGRESS)
    some = list(side.doubts())
    if not view.enforced.policies or (side.admin and not view.admin_certain):
        some.insert(0, view.no_enforcer)
    return some[0] if some else Doubt("value-unknown", (view.cluster.pods[index].owner,))
