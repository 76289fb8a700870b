"""How namespaces of models are isolated: what denies by default, whom policies admit, and whether they are enforced."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.admission import described
from scanner.builders.k8s_network.ports import undeclared
from scanner.builders.k8s_network.trusted import Admitted
from scanner.builders.k8s_network.view import Target, View, own_line
from scanner.builders.k8s_policy.cluster import Selected
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.k8s_policy.model import UNMODELLED, Action, Direction, Engine, Peer, PeerKind, Policy
from scanner.builders.k8s_policy.ports import common, ports
from scanner.builders.k8s_policy.side import Asked
from scanner.graph.facts_access import Isolation
from scanner.graph.model import Role
from scanner.origin import Origin
from scanner.unknown import Unknown


def build_isolation(view: View, admitted: Admitted) -> None:
    """An Isolation fact for each statement about a namespace that holds pods of a model."""
    spaces: dict[str, list[Target]] = {}
    for target in view.targets:
        if _model(view, target) and target.pods:
            spaces.setdefault(view.cluster.pods[target.pods[0]].namespace, []).append(target)
    for namespace, targets in sorted(spaces.items()):
        node, line = _subject(view, namespace, targets[0])
        default = _default(view, namespace, line)
        view.world.add_fact(node, default)
        if default.closed is not False:
            view.world.add_fact(node, _enforced(view, namespace, default.origin or line))
        for target in targets:
            for fact in _admissions(view, namespace, target, admitted):
                view.world.add_fact(_node(view, target), fact)


def _node(view: View, target: Target) -> str:
    return next(one for one in target.nodes if Role.MODEL in view.world.nodes[one].roles)


def _model(view: View, target: Target) -> bool:
    """A model of the deployment; classifiers serve one as well, and stand in the namespace of the stack."""
    roles = [view.world.nodes[one].roles for one in target.nodes]
    return any(Role.MODEL in one for one in roles) and not any(Role.CLASSIFIER in one for one in roles)


def _subject(view: View, namespace: str, target: Target) -> tuple[str, Origin]:
    """The node of the namespace and its line; the model's where no manifest declares the namespace."""
    space = view.world.inventory.at(view.unit, f"Namespace/{namespace}")
    if space is not None:
        return space.id, own_line(space)
    return _node(view, target), own_line(target.workload.resource)


def _default(view: View, namespace: str, line: Origin) -> Isolation:
    """Whether a pod of the namespace that no other policy selects is closed for ingress."""
    found: list[tuple[Policy, Doubt]] = []
    for policy in view.policies_about(namespace):
        match, doubt = _denies_all(view, policy, namespace)
        if match is Match.YES:
            because = f"{policy} selects every pod of namespace `{namespace}`: what no rule admits is denied"
            return _fact("default", namespace, True, because, policy.subject.origin or policy.origin)
        if match is Match.MAYBE:
            found.append((policy, doubt))
    if found:
        policy, doubt = found[0]
        because = f"whether {policy} denies by default in namespace `{namespace}` is not known"
        return _fact("default", namespace, _unknown(because, doubt), because, policy.subject.origin or policy.origin)
    every = view.policies_about(namespace)
    some = [one for one in every if one.subject.namespace == namespace and one.ingress is not None]
    if not some:
        because = (
            f"no NetworkPolicy of namespace `{namespace}` denies by default: all ingress is open, which is the default"
        )
        return _fact("default", namespace, False, because, line)
    named = ", ".join(f"`{one.address}`" for one in some[:3])
    because = f"the policies of namespace `{namespace}` ({named}) select some pods alone: any other pod is open"
    return _fact("default", namespace, False, because, some[0].subject.origin or some[0].origin)


def _denies_all(view: View, policy: Policy, namespace: str) -> tuple[Match, Doubt]:
    subject, rules = policy.subject, policy.rules(Direction.INGRESS)
    doubt = policy.doubt or subject.doubt or subject.pods.doubt or subject.namespaces.doubt
    unsure = doubt or Doubt("value-unknown", (policy.address,))
    outside = subject.kind in (PeerKind.BLOCK, PeerKind.NODES)
    if rules is None or outside or not _every_pod(view, subject, namespace):
        return Match.NO, unsure
    if policy.tier.denies:
        isolates = policy.isolation(Direction.INGRESS)
        certain = doubt is None and Direction.INGRESS not in policy.unsure
        return isolates if certain else min(isolates, Match.MAYBE), unsure
    closing = [one for one in rules if one.action is Action.DENY and one.ports is None and _anyone(one.peers)]
    if not closing:
        return Match.NO, unsure
    enforced = policy.engine is not Engine.ADMIN or view.enforced.stands(policy)
    if doubt is None and enforced and all(one.doubt is None for one in closing):
        return Match.YES, unsure
    return Match.MAYBE, doubt or view.no_enforcer


def _every_pod(view: View, subject: Peer, namespace: str) -> bool:
    if subject.kind is PeerKind.UNKNOWN or subject.pods.doubt is not None:
        return subject.namespace in ("", namespace)
    if not subject.pods.everything:
        return False
    if subject.namespace:
        return subject.namespace == namespace
    return subject.namespaces.everything or namespace in view.cluster.spaces(subject.namespaces)


def _anyone(peers: tuple[Peer, ...]) -> bool:
    return any(
        one.kind is PeerKind.ANYONE
        or (one.kind is PeerKind.PODS and not one.namespace and one.namespaces.everything and one.pods.everything)
        for one in peers
    )


def _enforced(view: View, namespace: str, line: Origin) -> Isolation:
    if view.enforced.policies:
        sign = ", ".join(f"`{one}`" for one in view.enforced.signs)
        return _fact("enforcement", namespace, True, f"{sign} enforces the policies of the cluster", line)
    because = f"policies isolate namespace `{namespace}`, {view.unenforced}"
    return _fact("enforcement", namespace, _unknown(because, view.no_enforcer), because, line)


def _admissions(view: View, namespace: str, target: Target, admitted: Admitted) -> Iterator[Isolation]:
    """Whom the NetworkPolicies of a model's pods admit, and to which ports."""
    seen: set[tuple[int, int]] = set()
    for pod in target.pods:
        side = view.side(pod, Direction.INGRESS)
        for asked in side.asked():
            if asked.rule.action is not Action.ALLOW or asked.policy.engine is Engine.ADMIN:
                continue
            for index, (peer, selected) in enumerate(asked.peers):
                if (id(asked.rule), index) not in seen:
                    seen.add((id(asked.rule), index))
                    let = selected if side.only_networkpolicies else _let_in(view, pod, selected)
                    fact = _peer(view, namespace, target, asked, peer, let, admitted)
                    yield _unsure(fact, asked, len(side.policies) == 1)
            spare = _spare(view, target, pod, asked) if (id(asked.rule), -1) not in seen else None
            if spare:
                seen.add((id(asked.rule), -1))
                because = (
                    f"{asked.policy} admits the gateway to port {spare} of `{target.name}`, which serves no inference"
                )
                yield _fact("ports", namespace, False, because, asked.rule.origin)
            untold = next(undeclared(target.workload), None)
            if untold is not None and spare is None and asked.rule.ports is None and (id(asked.rule), -2) not in seen:
                seen.add((id(asked.rule), -2))
                because = f"which ports `{target.name}` has, all of which {asked.policy} admits, is not known"
                yield _fact("ports", namespace, untold, because, asked.rule.origin)


def _unsure(fact: Isolation, asked: Asked, alone: bool) -> Isolation:
    """The same, not known where the policy may not be there, or may not select the pod.

    The only policy of a pod is another matter: without it everyone is let in, and with it whom it admits.
    """
    doubt = asked.policy.doubt
    if fact.closed is not False or asked.sure or (alone and (doubt is None or doubt.reason != UNMODELLED)):
        return fact
    doubt = doubt or asked.policy.subject.doubt or Doubt("value-unknown", (asked.policy.address,))
    because = f"{fact.because}, if it is there and selects the model"
    return replace(fact, closed=_unknown(because, doubt), because=because)


def _let_in(view: View, pod: int, selected: Selected) -> Selected:
    """The pods that a rule selects, as far as the rules asked before it let it decide."""
    spans = {index: view.admits(pod, Direction.INGRESS, index) for index in selected.maybe}
    sure = frozenset(index for index in selected.sure if spans[index].sure)
    return Selected(sure, frozenset(index for index, span in spans.items() if span.maybe))


def _spare(view: View, target: Target, pod: int, asked: Asked) -> int | None:
    """The first port beside those that serve on which the model listens, and to which a rule admits a gateway."""
    listening = target.listening
    owners = (view.owners[index] for _, selected in asked.peers for index in selected.sure)
    if not listening.inference or not any(Role.GATEWAY in view.world.nodes[owner].roles for owner in owners):
        return None
    admitted = view.full.ports(asked.rule, view.side(pod, Direction.INGRESS), pod).sure
    others = sorted(listening.known - listening.inference)
    return next((port for port in others if common(admitted, ports("TCP", port, port))), None)


def _peer(
    view: View,
    namespace: str,
    target: Target,
    asked: Asked,
    peer: Peer,
    selected: Selected,
    admitted: Admitted,
) -> Isolation:
    policy, line = asked.policy, peer.origin or asked.rule.origin
    doubt = asked.rule.doubt or peer.doubt or peer.pods.doubt or peer.namespaces.doubt
    if doubt is not None or peer.kind is PeerKind.UNKNOWN:
        because = f"whom {policy} admits is not known"
        return _fact(
            "peer", namespace, _unknown(because, doubt or Doubt("value-unknown", (policy.address,))), because, line
        )
    if peer.kind in (PeerKind.ANYONE, PeerKind.BLOCK, PeerKind.NODES):
        who = {PeerKind.ANYONE: "anyone", PeerKind.BLOCK: f"the addresses `{peer.text}`"}.get(peer.kind, "the nodes")
        return _fact("peer", namespace, peer.kind is PeerKind.NODES, f"{policy} admits {who}", line)
    strangers = [index for index in sorted(selected.maybe) if not _welcome(view, index, target, admitted)]
    who = described(peer)
    sure = [index for index in strangers if index in selected.sure]
    if sure:
        names = ", ".join(f"`{one}`" for one in sorted({view.cluster.pods[index].owner for index in sure})[:3])
        return _fact("peer", namespace, False, f"{policy} admits {who}, among them {names}", line)
    if strangers or not selected.sure:
        because = f"{policy} admits {who}, which are not known to be gateways alone"
        decided = Doubt("selector-target-not-in-input", (f"the labels that {peer.namespaces}/{peer.pods} selects",))
        return _fact("peer", namespace, _unknown(because, decided), because, line)
    return _fact("peer", namespace, True, f"{policy} admits {who}: gateways alone", line)


def _welcome(view: View, index: int, target: Target, admitted: Admitted) -> bool:
    """A gateway, the trusted base, a caller that the profile trusts with this model, or a pod of the model itself."""
    owner = view.owners[index]
    roles = view.world.nodes[owner].roles
    if roles & {Role.GATEWAY, Role.PLATFORM} or owner in target.nodes or owner == view.node(target.name):
        return True
    return bool(admitted.removed(owner, target))


def _unknown(cause: str, doubt: Doubt) -> Unknown:
    return Unknown(cause, doubt.reason, doubt.decided_by)


def _fact(aspect: str, namespace: str, closed: bool | Unknown, because: str, origin: Origin | None) -> Isolation:
    return Isolation(origin=origin, because=because, namespace=namespace, aspect=aspect, closed=closed)
