"""Identities that a policy admits by name and that nothing in the inputs runs as: who has them is not known."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.view import Target, View
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.k8s_policy.model import Direction, Peer, PeerKind
from scanner.builders.k8s_policy.ports import NONE, traffic_of, union
from scanner.builders.mesh.classes import Account, accounts_of
from scanner.builders.mesh.gate import Gate, Part
from scanner.builders.mesh.guard import STRANGER, Caller
from scanner.builders.mesh.places import Places
from scanner.builders.mesh.policies import Action, Atom, AuthzPolicy
from scanner.graph.model import Edge, Plane, State
from scanner.patterns import lazy

REASON = "selector-target-not-in-input"
_NAMED = lazy(r"^[^*]*/ns/(?P<ns>[^*/]+)/sa/(?P<sa>[^*/]+)$")


def known_accounts(view: View, places: Places) -> frozenset[Account]:
    """The service accounts that workloads of the inputs run as, and those of the waypoints that it has."""
    found = {one for workload in view.workloads for one in accounts_of(places.callers(workload))}
    return frozenset(found | set(places.gateways) | {(ns, f"{name}-istio") for ns, name in places.gateways})


def unseen(view: View, places: Places, target: Target, gate: Gate, known: frozenset[Account]) -> Iterator[Edge]:
    """A possible edge from whatever runs as an identity that is named and not shown."""
    named = {pair: None for guard in gate.guards for policy, _ in guard.policies for pair in _names(policy)}
    for namespace, account in sorted(named.keys() - known):
        if not _through(view, target, namespace):
            continue
        identity = places.authorizer.trust.identity(namespace, account)
        parts = gate.parts((Caller((((identity, Match.YES),),)),))
        if parts and parts != gate.parts((Caller((((STRANGER, Match.YES),),)),)):
            yield from _edges(view, target, namespace, account, parts)


def _names(policy: AuthzPolicy) -> Iterator[tuple[str, str]]:
    """The service accounts that an ALLOW policy names in full."""
    if policy.action not in (Action.ALLOW, Action.UNKNOWN):
        return
    for rule in policy.rules:
        for clause in (*rule.sources, rule.conditions):
            for atom in clause:
                yield from _of_atom(atom, policy.namespace)


def _of_atom(atom: Atom, namespace: str) -> Iterator[tuple[str, str]]:
    for value in atom.values:
        if not isinstance(value, str):
            continue
        if atom.key == "source.serviceAccount":
            space, slash, name = value.rpartition("/")
            yield (space if slash else namespace), name
        found = _NAMED.match(value) if atom.key == "source.principal" else None
        if found is not None:
            yield found["ns"], found["sa"]


def _through(view: View, target: Target, namespace: str) -> bool:
    """Whether the network policies of a target may let in a pod of a namespace of which nothing is shown."""
    for pod in target.pods:
        side = view.side(pod, Direction.INGRESS)
        if side.free or not view.enforced.policies or not side.only_networkpolicies:
            return True
        if side.isolated is not Match.YES or any(
            _may_be(view, peer, namespace) for asked in side.asked() for peer, _ in asked.peers
        ):
            return True
    return False


def _may_be(view: View, peer: Peer, namespace: str) -> bool:
    if peer.kind is not PeerKind.PODS:
        return True
    if peer.namespace:
        return peer.namespace == namespace
    return peer.namespaces.match(view.space(namespace)) is not Match.NO


def _edges(view: View, target: Target, namespace: str, account: str, parts: tuple[Part, ...]) -> Iterator[Edge]:
    name = f"pods-running-as/{namespace}/{account}"
    node = view.world.external(name, "ServiceAccount")
    doubt = Doubt(REASON, (f"what runs as {namespace}/ServiceAccount/{account}",))
    some = NONE
    for part in parts:
        some = union(some, part.ports)
    best = max(parts, key=lambda one: one.answer.match).answer
    because = f"{best.because}, and nothing in the inputs shows what runs as `{namespace}/{account}`"
    for end in target.nodes:
        made = Edge(node.id, end, Plane.NETWORK, "reach", because, best.origin, State.POSSIBLE, traffic_of(some))
        yield replace(made, reason=doubt.reason, decided_by=doubt.decided_by, cut=True)
