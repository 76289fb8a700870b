"""NetworkPolicy objects to the normal form: defaults as the API server applies them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from scanner.builders.blocks import POSSIBLE
from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy import other
from scanner.builders.k8s_policy.labels import doubt_of, selector_of
from scanner.builders.k8s_policy.model import ANYONE, Action, Direction, Peer, PeerKind, Policy, Rule, Tier
from scanner.builders.k8s_policy.objects import Objects
from scanner.builders.k8s_policy.ports import PROTOCOLS, PortSpec
from scanner.builders.ranges import AddressRange, parse_cidr
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

GROUPS = ("networking.k8s.io", "extensions")
ORDER = 1_000
"""Where Calico puts NetworkPolicies among its own; where there are none the order means nothing."""
ADMIN_GROUP = "policy.networking.k8s.io"
ADMIN = ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy")
CILIUM_GROUP = "cilium.io"
CILIUM = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
CALICO_GROUPS = ("crd.projectcalico.org", "projectcalico.org")
CALICO = ("NetworkPolicy", "GlobalNetworkPolicy")
STAGED = ("StagedNetworkPolicy", "StagedGlobalNetworkPolicy", "StagedKubernetesNetworkPolicy")
"""What these would do is recorded, and nothing of it is enforced."""
POLICY_KINDS = tuple(dict.fromkeys(("NetworkPolicy", *ADMIN, *CILIUM, *CALICO, *STAGED, *sorted(other.EVERY))))
"""The kinds that policies are written in."""
_PEER_FIELDS = frozenset({"podSelector", "namespaceSelector", "ipBlock"})


def policies_of(resources: Iterable[Resource]) -> Iterator[Policy]:
    """Every policy of the evaluated kinds."""
    every = list(resources)
    objects = Objects.of(every)
    for one in every:
        # Each engine is loaded only where it has a policy.
        if one.kind == "NetworkPolicy" and one.group in GROUPS:
            yield network_policy(one)
        elif one.kind in ADMIN and one.group == ADMIN_GROUP:
            from scanner.builders.k8s_policy.admin import admin_policies

            yield from admin_policies(one)
        elif one.kind in CILIUM and one.group == CILIUM_GROUP:
            from scanner.builders.k8s_policy.cilium import cilium_policies

            yield from cilium_policies(one, objects)
        elif one.kind in CALICO and one.group in CALICO_GROUPS:
            from scanner.builders.k8s_policy.calico import calico_policies

            yield from calico_policies(one, objects)
        elif one.kind in other.KINDS.get(one.group, ()) and not other.made_by_plugin(one, every):
            yield other.unmodelled_policy(one)


def network_policy(resource: Resource) -> Policy:
    """A `networking.k8s.io` NetworkPolicy."""
    spec = dig(resource.attrs, "spec")
    subject = Peer(
        PeerKind.PODS,
        resource.namespace,
        pods=selector_of(dig(spec, "podSelector")),
        doubt=doubt_of(spec) if isinstance(spec, Unknown) else None,
        origin=mark(resource.attrs, "spec", "podSelector") or resource.origin,
    )
    speaks, unsure = _directions(spec)
    return Policy(
        resource.address,
        resource.kind,
        Tier.POLICY,
        subject,
        _rules(resource, "ingress", "from") if Direction.INGRESS in speaks else None,
        _rules(resource, "egress", "to") if Direction.EGRESS in speaks else None,
        mark(resource.attrs, "metadata", "name") or resource.origin,
        priority=ORDER,
        doubt=next((doubt_of(one) for one in (resource.possible, perhaps(spec)) if one is not None), None),
        unsure=unsure,
    )


def _directions(spec: Value) -> tuple[frozenset[Direction], frozenset[Direction]]:
    """The directions that the policy speaks of, and which of them perhaps only.

    `policyTypes` left out is Ingress, and Egress too where `egress` is written.
    """
    both = frozenset(Direction)
    types = dig(spec, "policyTypes")
    if isinstance(spec, Unknown) or isinstance(types, Unknown):
        return both, both
    written = items_of(types)
    if not written:
        rules = [one for one in items_of(dig(spec, "egress")) if perhaps(one) is None and not isinstance(one, Unknown)]
        if not rules and items_of(dig(spec, "egress")):
            return both, frozenset({Direction.EGRESS})
        return (both if rules else frozenset({Direction.INGRESS})), frozenset()
    sure = {Direction(one.lower()) for one in written if isinstance(one, str) and one in ("Ingress", "Egress")}
    unsure = both - sure if any(isinstance(one, Unknown) for one in written) else frozenset()
    return frozenset(sure) | unsure, unsure


def _rules(resource: Resource, section: str, who: str) -> tuple[Rule, ...]:
    value = dig(resource.attrs, "spec", section)
    origin = mark(resource.attrs, "spec", section) or resource.origin
    if isinstance(value, Unknown):
        return (Rule(Action.ALLOW, (ANYONE,), None, origin, doubt_of(value)),)
    found: list[Rule] = []
    for index, item in enumerate(items_of(value)):
        line = mark(resource.attrs, "spec", section, index) or origin
        found.append(_rule(item, resource.namespace, who, line))
    return tuple(found)


def perhaps(value: Value) -> Unknown | None:
    """What decides whether a block of Terraform is there at all; None where it certainly is."""
    found = value.get(POSSIBLE) if isinstance(value, Mapping) else None
    return found if isinstance(found, Unknown) else None


def _rule(item: Value, namespace: str, who: str, line: Origin) -> Rule:
    if item is None:
        return Rule(Action.ALLOW, (ANYONE,), None, line)
    if not isinstance(item, Mapping):
        return Rule(Action.ALLOW, (ANYONE,), None, line, doubt_of(item))
    unsure = perhaps(item)
    doubt = None if unsure is None else doubt_of(unsure)
    ports = port_specs(item.get("ports"))
    written = items_of(item.get(who))
    vague = [one for one in written if isinstance(one, Unknown) or perhaps(one) is not None]
    if not written:
        return Rule(Action.ALLOW, (ANYONE,), ports, line, doubt)
    if len(vague) == len(written):
        # Without any peer the rule would be for anyone.
        return Rule(Action.ALLOW, (Peer(PeerKind.UNKNOWN, doubt=doubt_of(written), origin=line),), ports, line, doubt)
    where = (mark(item, who, index) or line for index in range(len(written)))
    peers = tuple(_peer(one, namespace, at) for one, at in zip(written, where, strict=True))
    return Rule(Action.ALLOW, peers, ports, line, doubt)


def _peer(item: Value, namespace: str, line: Origin) -> Peer:
    blocks = [item, *item.values()] if isinstance(item, Mapping) else []
    if not isinstance(item, Mapping) or any(perhaps(one) is not None for one in blocks):
        return Peer(PeerKind.UNKNOWN, doubt=doubt_of(item), origin=line)
    strange = sorted(item.keys() - _PEER_FIELDS)
    given = {key for key in _PEER_FIELDS if item.get(key) is not None}
    if strange or not given or ("ipBlock" in given and len(given) > 1):
        named = ", ".join(f"`{one}`" for one in strange) or "a peer that names nobody"
        return Peer(PeerKind.UNKNOWN, doubt=Doubt("value-unknown", (named,)), origin=line)
    if "ipBlock" in given:
        return block_peer(item["ipBlock"], mark(item, "ipBlock", "cidr") or line)
    pods = selector_of(item.get("podSelector"))
    if "namespaceSelector" not in given:
        return Peer(PeerKind.PODS, namespace, pods=pods, origin=line)
    return Peer(PeerKind.PODS, "", selector_of(item["namespaceSelector"]), pods, origin=line)


def block_peer(value: Value, line: Origin | None) -> Peer:
    """An `ipBlock`: the range, and the exceptions inside it that are known to except anything."""
    cidr = dig(value, "cidr")
    block = parse_cidr(cidr) if isinstance(cidr, str) else None
    if block is None:
        return Peer(
            PeerKind.BLOCK, text=str(cidr) if isinstance(cidr, str) else "*", doubt=doubt_of(value), origin=line
        )
    excluded: list[AddressRange] = []
    for one in items_of(dig(value, "except")):
        hole = parse_cidr(one) if isinstance(one, str) else None
        if hole is not None:
            excluded.append(hole)
    doubt = None if len(excluded) == len(items_of(dig(value, "except"))) else doubt_of(value)
    return Peer(PeerKind.BLOCK, block=block, excluded=tuple(excluded), text=str(cidr), doubt=doubt, origin=line)


def port_specs(value: Value) -> tuple[PortSpec, ...] | None:
    """The `ports` of a rule; None is every port."""
    if isinstance(value, Unknown):
        return tuple(PortSpec(protocol, unsure=True) for protocol in PROTOCOLS)
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        return None
    if all(perhaps(item) is not None for item in value):
        # Without any item the rule would be for every port.
        return tuple(PortSpec(protocol, unsure=True) for protocol in PROTOCOLS)
    return tuple(one for item in value for one in _port(item))


def _port(item: Value) -> tuple[PortSpec, ...]:
    if item is None:
        return (PortSpec("TCP"),)
    if not isinstance(item, Mapping):
        return tuple(PortSpec(protocol, unsure=True) for protocol in PROTOCOLS)
    protocol = item.get("protocol", "TCP") or "TCP"
    if not isinstance(protocol, str):
        return tuple(_numbers(one, item, unsure=True) for one in PROTOCOLS)
    return (_numbers(protocol, item, unsure=perhaps(item) is not None),)


def _numbers(protocol: str, item: Mapping[str, Value], *, unsure: bool = False) -> PortSpec:
    port, end = item.get("port"), item.get("endPort")
    if port is None:
        return PortSpec(protocol, unsure=unsure or end is not None)
    if isinstance(port, str):
        if port.isdigit():
            return PortSpec(protocol, int(port), int(port), unsure=True)
        return PortSpec(protocol, name=port, unsure=unsure or end is not None)
    if not isinstance(port, int) or isinstance(port, bool):
        return PortSpec(protocol, unsure=True)
    if end is None:
        return PortSpec(protocol, port, port, unsure=unsure)
    if not isinstance(end, int) or end < port:
        return PortSpec(protocol, port, 65535, unsure=True)
    return PortSpec(protocol, port, end, unsure=unsure)
