"""AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy to the normal form.

Facts: kubernetes-sigs/network-policy-api `apis/v1alpha1` and `apis/v1alpha2`: tiers, priorities, first match, what an
ingress peer may be; a peer of a field that is not known makes an enforcer fail closed, and so a checker fail open.
"""

from __future__ import annotations

from collections.abc import Mapping

from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy.labels import EVERY, doubt_of, selector_of
from scanner.builders.k8s_policy.model import Action, Engine, Peer, PeerKind, Policy, Rule, Tier
from scanner.builders.k8s_policy.ports import PROTOCOLS, PortSpec
from scanner.builders.ranges import parse_cidr
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

_ACTIONS = {
    "AdminNetworkPolicy": {"Allow": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS},
    "BaselineAdminNetworkPolicy": {"Allow": Action.ALLOW, "Deny": Action.DENY},
    "ClusterNetworkPolicy": {"Accept": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS},
}
_SPEC = frozenset({"tier", "priority", "subject", "ingress", "egress"})
_RULE = frozenset({"name", "action", "from", "to", "ports", "protocols"})
_UNDECIDED = (Action.ALLOW, Action.DENY, Action.PASS)


def admin_policies(resource: Resource) -> list[Policy]:
    """The policy that the object writes: two, both in doubt, where its tier is not known."""
    if resource.kind != "ClusterNetworkPolicy":
        tier = Tier.ADMIN if resource.kind == "AdminNetworkPolicy" else Tier.BASELINE
        return [_policy(resource, tier, None)]
    written = dig(resource.attrs, "spec", "tier")
    if written in ("Admin", "Baseline"):
        return [_policy(resource, Tier.ADMIN if written == "Admin" else Tier.BASELINE, None)]
    doubt = (
        doubt_of(written) if isinstance(written, Unknown) else Doubt("value-unknown", (f"{resource.address}: tier",))
    )
    return [_policy(resource, tier, doubt) for tier in (Tier.ADMIN, Tier.BASELINE)]


def _policy(resource: Resource, tier: Tier, doubt: Doubt | None) -> Policy:
    spec = dig(resource.attrs, "spec")
    priority = dig(spec, "priority")
    if resource.kind == "BaselineAdminNetworkPolicy":
        priority = 0
    doubt = doubt or _refused(resource, spec)
    return Policy(
        resource.address,
        resource.kind,
        tier,
        _subject(dig(spec, "subject"), mark(resource.attrs, "spec", "subject") or resource.origin),
        _rules(resource, "ingress", "from"),
        _rules(resource, "egress", "to"),
        mark(resource.attrs, "metadata", "name") or resource.origin,
        priority=priority if isinstance(priority, int) and not isinstance(priority, bool) else None,
        doubt=doubt,
        engine=Engine.ADMIN,
    )


def _refused(resource: Resource, spec: Value) -> Doubt | None:
    """Why the object may not be there as it is read: by what decides it, by a field of a later version, by its name."""
    if resource.possible is not None:
        return doubt_of(resource.possible)
    strange = sorted(key for key in spec if key not in _SPEC) if isinstance(spec, Mapping) else []
    if resource.kind == "BaselineAdminNetworkPolicy" and resource.name != "default":
        strange.append("name")
    return Doubt("value-unknown", tuple(f"{resource.address}: {one}" for one in strange)) if strange else None


def _subject(value: Value, line: Origin) -> Peer:
    found = _pods_of(value, line)
    if found is None or found.doubt is not None:
        doubt = doubt_of(value) if found is None else found.doubt
        return Peer(PeerKind.PODS, doubt=doubt, origin=line)
    return found


def _pods_of(value: Value, line: Origin | None) -> Peer | None:
    """The pods that `namespaces` or `pods` names; None where neither is there alone."""
    if not isinstance(value, Mapping):
        return None
    given = [key for key, one in value.items() if one is not None]
    if given == ["namespaces"]:
        return Peer(PeerKind.PODS, "", selector_of(value["namespaces"]), origin=line)
    if given == ["pods"]:
        pods = value["pods"]
        doubt = None if isinstance(pods, Mapping) else doubt_of(pods)
        spaces = selector_of(dig(pods, "namespaceSelector")) if doubt is None else EVERY
        return Peer(PeerKind.PODS, "", spaces, selector_of(dig(pods, "podSelector")), doubt=doubt, origin=line)
    return None


def _rules(resource: Resource, section: str, who: str) -> tuple[Rule, ...] | None:
    value = dig(resource.attrs, "spec", section)
    origin = mark(resource.attrs, "spec", section) or resource.origin
    if value is None:
        return None
    if isinstance(value, Unknown):
        return _anything(origin, doubt_of(value))
    found: list[Rule] = []
    for index, item in enumerate(items_of(value)):
        line = mark(resource.attrs, "spec", section, index) or origin
        found.extend(_rule(item, who, line, _ACTIONS[resource.kind]))
    return tuple(found) or None


def _anything(line: Origin, doubt: Doubt) -> tuple[Rule, ...]:
    """Rules that perhaps do any of the three things to anyone."""
    peers = (Peer(PeerKind.UNKNOWN, doubt=doubt, origin=line),)
    return tuple(Rule(action, peers, None, line, doubt) for action in _UNDECIDED)


def _rule(item: Value, who: str, line: Origin, actions: Mapping[str, Action]) -> tuple[Rule, ...]:
    if not isinstance(item, Mapping):
        return _anything(line, doubt_of(item))
    ports = _ports(item)
    peers: list[Peer] = []
    written = item.get(who)
    for index, one in enumerate(items_of(written)):
        peers.extend(_peers(one, who, mark(item, who, index) or line))
    if not peers:
        peers = [Peer(PeerKind.UNKNOWN, doubt=doubt_of(written), origin=line)]
    action = item.get("action")
    known = actions.get(action) if isinstance(action, str) else None
    if known is None:
        return tuple(Rule(one, tuple(peers), ports, line, doubt_of(action)) for one in _UNDECIDED)
    strange = sorted(key for key, one in item.items() if key not in _RULE and one is not None)
    # A field of a later version can only narrow what the rule matches.
    doubt = Doubt("value-unknown", tuple(f"the rule field `{one}`" for one in strange)) if strange else None
    return (Rule(known, tuple(peers), ports, line, doubt),)


def _peers(value: Value, who: str, line: Origin) -> list[Peer]:
    pods = _pods_of(value, line)
    if pods is not None:
        return [pods]
    if isinstance(value, Mapping):
        given = [key for key, one in value.items() if one is not None]
        # Only egress has peers that are no pods.
        if given == ["networks"] and who == "to":
            return [_network(one, line) for one in items_of(value["networks"])]
        if given == ["nodes"] and who == "to":
            return [Peer(PeerKind.NODES, origin=line)]
        named = ", ".join(f"`{one}`" for one in given) or "a peer that names nobody"
        return [Peer(PeerKind.UNKNOWN, doubt=Doubt("value-unknown", (named,)), origin=line)]
    return [Peer(PeerKind.UNKNOWN, doubt=doubt_of(value), origin=line)]


def _network(value: Value, line: Origin) -> Peer:
    block = parse_cidr(value) if isinstance(value, str) else None
    doubt = doubt_of(value) if block is None else None
    shown = value if isinstance(value, str) else "*"
    return Peer(PeerKind.BLOCK, block=block, text=shown, internal=True, doubt=doubt, origin=line)


def _ports(item: Mapping[str, Value]) -> tuple[PortSpec, ...] | None:
    """`ports` of v1alpha1 or `protocols` of its successor; None is every port."""
    old, new = item.get("ports"), item.get("protocols")
    if old is None and new is None:
        return None
    found: list[PortSpec] = []
    for one in items_of(old):
        found.extend(_old_port(one))
    for one in items_of(new):
        found.extend(_new_port(one))
    return tuple(found) or None


def _unsure() -> list[PortSpec]:
    return [PortSpec(protocol, unsure=True) for protocol in PROTOCOLS]


def _old_port(value: Value) -> list[PortSpec]:
    given = {key for key, one in value.items() if one is not None} if isinstance(value, Mapping) else set()
    if given == {"namedPort"}:
        return _named(dig(value, "namedPort"))
    if given == {"portNumber"}:
        port = dig(value, "portNumber", "port")
        return _range(dig(value, "portNumber", "protocol"), port, port)
    if given == {"portRange"}:
        body = dig(value, "portRange")
        return _range(dig(body, "protocol"), dig(body, "start"), dig(body, "end"))
    return _unsure()


def _named(name: Value) -> list[PortSpec]:
    return [PortSpec("", name=name)] if isinstance(name, str) and name else _unsure()


def _range(protocol: Value, first: Value, last: Value) -> list[PortSpec]:
    protocol = "TCP" if protocol is None else protocol
    names = [protocol] if isinstance(protocol, str) else list(PROTOCOLS)
    unsure = not isinstance(protocol, str)
    if isinstance(first, int) and isinstance(last, int) and first <= last:
        return [PortSpec(name, first, last, unsure=unsure) for name in names]
    return [PortSpec(name, unsure=True) for name in names]


def _new_port(value: Value) -> list[PortSpec]:
    given = [key for key, one in value.items() if one is not None] if isinstance(value, Mapping) else []
    if given == ["destinationNamedPort"]:
        return _named(dig(value, "destinationNamedPort"))
    if len(given) != 1 or given[0] not in ("tcp", "udp", "sctp"):
        return _unsure()
    protocol = given[0].upper()
    body = dig(value, given[0])
    port = dig(body, "destinationPort")
    if not isinstance(body, Mapping) or any(key != "destinationPort" for key in body):
        return [PortSpec(protocol, unsure=True)]
    if port is None:
        return [PortSpec(protocol)]
    number = dig(port, "number")
    if isinstance(number, int):
        return _range(protocol, number, number)
    return _range(protocol, dig(port, "range", "start"), dig(port, "range", "end"))
