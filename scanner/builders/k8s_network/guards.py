"""Which pods the policies of a model let in by their labels, whether there are such pods or not."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from scanner.builders.edges import Doubt, first_doubt
from scanner.builders.k8s_network.admission import described
from scanner.builders.k8s_network.view import Target, View, own_line
from scanner.builders.k8s_policy.eval import may_hold_pods
from scanner.builders.k8s_policy.labels import NAMESPACE_NAME, SERVICE_ACCOUNT, Match
from scanner.builders.k8s_policy.model import Action, Direction, Peer, PeerKind
from scanner.builders.k8s_policy.ports import common, ports
from scanner.builders.k8s_policy.side import Asked, Side
from scanner.graph.facts_access import AdmittedPods
from scanner.graph.model import Role


def build_guards(view: View) -> None:
    """An AdmittedPods fact on each model for each peer that its policies let in to a port that serves."""
    for target in view.targets:
        roles = [view.world.nodes[one].roles for one in target.nodes]
        if not any(Role.MODEL in one for one in roles) or any(Role.CLASSIFIER in one for one in roles):
            continue
        node = next(one for one in target.nodes if Role.MODEL in view.world.nodes[one].roles)
        for pod in target.pods:
            for fact in _facts(view, target, pod):
                view.world.add_fact(node, fact)


def _facts(view: View, target: Target, pod: int) -> Iterator[AdmittedPods]:
    side = view.side(pod, Direction.INGRESS)
    line = own_line(target.workload.resource)
    if side.isolated is Match.NO and not side.admin:
        because = f"no policy keeps any pod from `{target.name}`"
        yield AdmittedPods(origin=line, because=because, everywhere=True)
        return
    doubt = _open_perhaps(view, pod, side)
    if doubt is not None:
        because = f"whether the policies keep any pod from `{target.name}` is not known"
        yield _fact(AdmittedPods(origin=line, because=because, everywhere=True), doubt)
    order = _order(side)
    for asked in side.asked():
        if asked.rule.action is not Action.ALLOW or not _serves(view, target, pod, side, asked):
            continue
        unsure = first_doubt(asked.rule.doubt, None if asked.sure else asked.policy.doubt, order)
        for peer, _ in asked.peers:
            yield from _of_peer(view, asked, peer, unsure)


def _open_perhaps(view: View, pod: int, side: Side) -> Doubt | None:
    """Why a pod that no rule names may be let in all the same."""
    if view.cluster.pods[pod].host is not False:
        return Doubt("host-network", (f"{view.cluster.pods[pod].owner}: hostNetwork",))
    if not view.enforced.policies:
        return view.no_enforcer
    if view.beyond(pod) is not None:
        return view.beyond(pod)
    if side.isolated is Match.YES:
        return None
    return next(iter(side.doubts()), Doubt("value-unknown", tuple(side.names())))


def _order(side: Side) -> Doubt | None:
    """Where rules deny as well, what an allowance comes to depends on all of them."""
    if side.only_networkpolicies:
        return None
    return Doubt("value-unknown", tuple(f"the rules before those of {name}" for name in side.names()[:1]))


def _serves(view: View, target: Target, pod: int, side: Side, asked: Asked) -> bool:
    some = view.full.ports(asked.rule, side, pod).maybe
    serving = target.listening.inference
    return bool(some) if not serving else any(common(some, ports("TCP", port, port)) for port in serving)


def _of_peer(view: View, asked: Asked, peer: Peer, doubt: Doubt | None) -> Iterator[AdmittedPods]:
    line = peer.origin or asked.rule.origin
    if peer.kind is PeerKind.ANYONE:
        yield _fact(AdmittedPods(origin=line, because=f"{asked.policy} admits anyone", everywhere=True), doubt)
    elif peer.kind is PeerKind.PODS:
        yield _of_pods(view, asked, peer, doubt)
    elif peer.kind is PeerKind.UNKNOWN:
        because = f"whom {asked.policy} admits is not known"
        unsure = first_doubt(doubt, peer.doubt) or Doubt("value-unknown", (asked.policy.address,))
        yield _fact(AdmittedPods(origin=line, because=because, everywhere=True), unsure)
    elif peer.kind is PeerKind.BLOCK and not peer.outside and (peer.block is None or may_hold_pods(peer.block)):
        because = f"{asked.policy} admits `{peer.text}`, in which pods may have addresses"
        block = Doubt("ipblock-vs-pod", (f"where `{peer.text}` is",))
        yield _fact(AdmittedPods(origin=line, because=because, everywhere=True), first_doubt(doubt, peer.doubt, block))


def _of_pods(view: View, asked: Asked, peer: Peer, doubt: Doubt | None) -> AdmittedPods:
    spaces = {peer.namespace: Match.YES} if peer.namespace else dict(view.cluster.spaces(peer.namespaces))
    terms = peer.namespaces.terms
    names = [one.values for one in terms if one.key == NAMESPACE_NAME and one.operator == "In"]
    for name in names[0] if names else ():
        # Named, so known, whether the inputs declare it or not.
        spaces.setdefault(name, Match.YES if len(terms) == 1 and peer.namespaces.doubt is None else Match.MAYBE)
    named = bool(peer.namespace or names)
    account = next((one for one in peer.pods.terms if one.key == SERVICE_ACCOUNT), None)
    runs = None if account is None else Doubt("value-unknown", (f"the service account {'|'.join(account.values)}",))
    fact = AdmittedPods(
        origin=peer.origin or asked.rule.origin,
        because=f"{asked.policy} admits {described(peer)}",
        namespaces=tuple(sorted(name for name, match in spaces.items() if match is Match.YES)),
        perhaps=tuple(sorted(name for name, match in spaces.items() if match is Match.MAYBE)),
        everywhere=not peer.namespace and peer.namespaces.everything,
        elsewhere=not named,
        labelled=not named and (peer.namespaces.doubt is not None or any(one.key != NAMESPACE_NAME for one in terms)),
    )
    return _fact(fact, first_doubt(doubt, peer.doubt, peer.pods.doubt, runs))


def _fact(fact: AdmittedPods, doubt: Doubt | None) -> AdmittedPods:
    return fact if doubt is None else replace(fact, reason=doubt.reason, decided_by=doubt.decided_by)
