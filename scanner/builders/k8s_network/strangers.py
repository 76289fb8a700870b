"""Callers that no input shows: pods of namespaces that nobody named, as far as what guards a gateway lets them in.

Manifests show the namespaces that somebody wrote down, never all of a cluster: `kube-system` is in every one. Read live
it shows those of a day: whoever may make a namespace makes another, and a policy that admits any admits it.

Source: Kubernetes, "Network Policies" (an empty `namespaceSelector` selects all namespaces; no policy admits everyone).
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.edges import Doubt, connect, first_doubt
from scanner.builders.k8s_network.admission import Admission, admissions, described
from scanner.builders.k8s_network.view import Target, View, own_line
from scanner.builders.k8s_policy.labels import NAMESPACE_NAME, Match
from scanner.builders.k8s_policy.model import Action, Direction, Peer, PeerKind
from scanner.builders.k8s_policy.ports import ALL, Span, traffic_of
from scanner.builders.k8s_policy.side import Side
from scanner.graph.model import STACK, Node, Role

REASON = "selector-target-not-in-input"
KIND = "Namespaces"
ANYWHERE = "*"


def build_strangers(view: View) -> None:
    """A possible edge into each gateway from the pods, shown nowhere, of the namespaces that its guards let in."""
    own = view.world.spaces(view.unit, frozenset({*STACK, Role.MODEL}))
    for target in view.targets:
        if not any(Role.GATEWAY in view.world.nodes[one].roles for one in target.nodes):
            continue
        for pod in target.pods:
            for one in _admitted(view, target, pod):
                for name in _unseen(view, one, own):
                    _join(view, target, one, name)


def _admitted(view: View, target: Target, pod: int) -> Iterator[Admission]:
    """Whom the guards of a pod let in; where rules deny as well, whom any rule lets in."""
    every = [one for one in admissions(view, target, pod) if one.who in ("any", "set", "each")]
    yield from (one for one in every if one.who != "each")
    if any(one.who == "each" for one in every):
        yield from _of_rules(view, target, view.side(pod, Direction.INGRESS))


def _of_rules(view: View, target: Target, side: Side) -> Iterator[Admission]:
    if side.isolated is not Match.YES:
        because = f"the policies that select `{target.name}` do not deny what no rule of theirs admits"
        yield Admission("any", ALL, because, own_line(target.workload.resource))
    for asked in side.asked():
        if asked.rule.action is Action.DENY:
            continue
        for peer, _ in asked.peers:
            span: Span = view.full.ports(asked.rule, side, side.pod)
            if not span.maybe or peer.kind not in (PeerKind.ANYONE, PeerKind.PODS, PeerKind.UNKNOWN):
                continue
            who = described(peer) if peer.kind is PeerKind.PODS else "anyone, or a peer that is not known"
            line = peer.origin or asked.rule.origin
            yield Admission("set", span.maybe, f"{asked.policy} admits {who}", line, peer.doubt, peer)


def _unseen(view: View, one: Admission, own: frozenset[str]) -> Iterator[str]:
    """The namespaces whose pods are let in and stand in no input; ANYWHERE for any that nobody named."""
    peer = one.peer
    if peer is not None and peer.kind is PeerKind.BLOCK:
        return  # who has an address of the block is judged as the block
    if peer is None or peer.kind is not PeerKind.PODS:
        yield ANYWHERE
        return
    named = (peer.namespace,) if peer.namespace else _names(peer)
    if named is None:
        yield ANYWHERE
        return
    shown = {view.cluster.pods[index].namespace for index in view.cluster.select(peer).maybe}
    yield from (name for name in named if name not in own and name not in shown)


def _names(peer: Peer) -> tuple[str, ...] | None:
    """The namespaces that a peer names; None where it chooses them by anything else."""
    for term in peer.namespaces.terms:
        if term.key == NAMESPACE_NAME and term.operator == "In":
            return term.values
    return None


def _join(view: View, target: Target, one: Admission, name: str) -> None:
    where = "namespaces that nobody named" if name == ANYWHERE else f"namespace {name}"
    address = "external/namespaces" if name == ANYWHERE else f"external/namespace/{name}"
    kind = Node(
        f"external:{address}", KIND, address, where, None, frozenset({Role.EXTERNAL}), actor=True, namespace=name
    )
    source = view.world.ensure(kind).id
    doubt = first_doubt(Doubt(REASON, (f"the pods of {where}",)), one.doubt)
    because = f"{one.because}: also the pods of {where}"
    for node in target.nodes:
        connect(view.world, source, node, because, one.origin, traffic=traffic_of(one.traffic), doubt=doubt, cut=True)
