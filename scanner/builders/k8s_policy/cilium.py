"""CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy to the normal form.

Facts: docs.cilium.io "Policy Enforcement Modes" (default deny by direction, `enableDefaultDeny`), "Deny Policies" (a
deny goes before every allow, of NetworkPolicies too), "Layer 4" and "Layer 7" policies; cilium/cilium
`pkg/policy/api/rule_validation.go` (what is refused), `pkg/policy/utils` (an empty list of peers is nobody, an empty
rule admits nothing, ports alone admit anyone).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.blocks import POSSIBLE
from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy.cilium_peers import (
    cidr_peer,
    cidr_set_peers,
    endpoint_peers,
    entity_peers,
    service_peers,
    subject_of,
    unmodelled,
)
from scanner.builders.k8s_policy.cilium_ports import ports_of
from scanner.builders.k8s_policy.labels import Match, doubt_of
from scanner.builders.k8s_policy.model import ANYONE, Action, Direction, Engine, Peer, PeerKind, Policy, Rule, Tier
from scanner.builders.k8s_policy.objects import Objects
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

DENY = Tier(-1, "cilium-deny", denies=False)
"""Asked before everything else: a deny rule takes precedence over every allow rule."""
_SPEC = frozenset(
    {"endpointSelector", "nodeSelector", "ingress", "ingressDeny", "egress", "egressDeny", "enableDefaultDeny"}
    | {"labels", "description", "log"}
)
_BESIDE = frozenset({"toPorts", "icmps", "authentication", "fromRequires", "toRequires"})
_PEERS = {
    Direction.INGRESS: ("fromEndpoints", "fromEntities", "fromCIDR", "fromCIDRSet", "fromNodes", "fromGroups"),
    Direction.EGRESS: (
        *("toEndpoints", "toEntities", "toCIDR", "toCIDRSet", "toNodes", "toGroups"),
        *("toServices", "toFQDNs"),
    ),
}


def cilium_policies(resource: Resource, objects: Objects) -> Iterator[Policy]:
    """What the object writes: for each of its specs what it admits, and what it denies before anything is asked."""
    written: list[tuple[tuple[str | int, ...], Value]] = [(("spec",), dig(resource.attrs, "spec"))]
    for number, spec in enumerate(items_of(dig(resource.attrs, "specs"))):
        written.append((("specs", number), spec))
    for path, spec in written:
        if spec is not None:
            yield from _Reader(resource, objects, path, spec).policies()


class _Section(Struct):
    """The rules of one list: whether it is there, and why the policy as a whole may be refused."""

    rules: tuple[Rule, ...]
    there: Match
    refused: Doubt | None = None


class _Reader(Struct):
    resource: Resource
    objects: Objects
    path: tuple[str | int, ...]
    spec: Value

    def policies(self) -> Iterator[Policy]:
        if not isinstance(self.spec, Mapping):
            yield from self._unread(doubt_of(self.spec))
            return
        allow = {one: self._section(one.value, one, Action.ALLOW) for one in Direction}
        deny = {one: self._section(f"{one.value}Deny", one, Action.DENY) for one in Direction}
        every = [*allow.values(), *deny.values()]
        doubt = self._doubt() or next((one.refused for one in every if one.refused), None)
        isolates = tuple(self._isolates(one, allow[one], deny[one]) for one in Direction)
        subject = self._subject()
        base = Policy(
            self.resource.address,
            self.resource.kind,
            Tier.POLICY,
            subject,
            self._spoken(allow[Direction.INGRESS], isolates[0]),
            self._spoken(allow[Direction.EGRESS], isolates[1]),
            mark(self.resource.attrs, "metadata", "name") or self.resource.origin,
            # Order means nothing to Cilium: beside the NetworkPolicies, which only admit as well.
            priority=1_000,
            doubt=doubt,
            engine=Engine.CILIUM,
            isolates=(isolates[0], isolates[1]),
            part="-".join(str(one) for one in self.path[1:]),
        )
        yield base
        ingress, egress = deny[Direction.INGRESS].rules, deny[Direction.EGRESS].rules
        if ingress or egress:
            yield replace(base, tier=DENY, ingress=ingress or None, egress=egress or None)

    def _unread(self, doubt: Doubt) -> Iterator[Policy]:
        """A spec of which nothing is known: it may do anything to every pod of its scope."""
        namespace = self.resource.namespace
        anything = Peer(PeerKind.UNKNOWN, doubt=doubt, origin=self.resource.origin)
        rules = {one: (Rule(one, (anything,), None, self.resource.origin, doubt),) for one in Action}
        base = Policy(
            *(self.resource.address, self.resource.kind, Tier.POLICY),
            *(Peer(PeerKind.PODS, namespace, doubt=doubt), rules[Action.ALLOW], rules[Action.ALLOW]),
            self.resource.origin,
            priority=1_000,
            doubt=doubt,
            engine=Engine.CILIUM,
        )
        yield base
        yield replace(base, tier=DENY, ingress=rules[Action.DENY], egress=rules[Action.DENY])

    def _doubt(self) -> Doubt | None:
        """Why the policy may not stand as it is read: a field that is not understood, or what Cilium would refuse."""
        if self.resource.possible is not None:
            return doubt_of(self.resource.possible)
        fields = self.spec if isinstance(self.spec, Mapping) else {}
        strange = sorted(key for key, one in fields.items() if key not in _SPEC and one is not None)
        if strange:
            return unmodelled(*(f"{self.resource.address}: {key}" for key in strange))
        subjects = [key for key in ("endpointSelector", "nodeSelector") if fields.get(key) is not None]
        if len(subjects) != 1:
            return unmodelled(f"{self.resource.address}: one of `endpointSelector` and `nodeSelector`")
        return None

    def _subject(self) -> Peer:
        line = mark(self.resource.attrs, *self.path, "endpointSelector") or self.resource.origin
        if dig(self.spec, "nodeSelector") is not None and dig(self.spec, "endpointSelector") is None:
            # A host policy: pods on the network of a node, where the host firewall is switched on.
            return Peer(PeerKind.NODES, doubt=unmodelled(f"{self.resource.address}: nodeSelector"), origin=line)
        return subject_of(dig(self.spec, "endpointSelector"), self.resource.namespace, line)

    def _isolates(self, direction: Direction, allow: _Section, deny: _Section) -> Match:
        """Whether the default is to deny: as it is told, else where there is a rule."""
        there = max(allow.there, deny.there)
        told = dig(self.spec, "enableDefaultDeny", direction.value)
        if isinstance(told, Unknown):
            return Match.MAYBE
        if told is False:
            # A rule for Layer 7 drops what it does not admit all the same.
            return Match.MAYBE if any(rule.doubt for rule in allow.rules) else Match.NO
        return Match.YES if told is True else there

    def _spoken(self, section: _Section, isolates: Match) -> tuple[Rule, ...] | None:
        return section.rules if section.rules or isolates is not Match.NO else None

    def _section(self, name: str, direction: Direction, action: Action) -> _Section:
        value = dig(self.spec, name)
        origin = mark(self.resource.attrs, *self.path, name) or self.resource.origin
        if isinstance(value, Unknown):
            unsure = doubt_of(value)
            return _Section((self._anything(action, unsure, origin),), Match.MAYBE)
        rules: list[Rule] = []
        there = Match.NO
        refused: Doubt | None = None
        for index, item in enumerate(items_of(value)):
            line = mark(self.resource.attrs, *self.path, name, index) or origin
            sure = isinstance(item, Mapping) and POSSIBLE not in item
            there = max(there, Match.YES if sure else Match.MAYBE)
            rules += self._rules(item, direction, action, line)
            refused = refused or self._refused(item, direction)
        return _Section(tuple(rules), there, refused)

    def _anything(self, action: Action, doubt: Doubt, line: Origin) -> Rule:
        return Rule(action, (Peer(PeerKind.UNKNOWN, doubt=doubt, origin=line),), None, line, doubt)

    def _refused(self, item: Value, direction: Direction) -> Doubt | None:
        """Cilium takes no policy of which a rule names peers in two ways."""
        given = [one for one in _PEERS[direction] if items_of(dig(item, one))]
        return unmodelled(f"{self.resource.address}: {' and '.join(given)} in one rule") if len(given) > 1 else None

    def _rules(self, item: Value, direction: Direction, action: Action, line: Origin) -> Iterator[Rule]:
        if not isinstance(item, Mapping):
            yield self._anything(action, doubt_of(item), line)
            return
        doubt = doubt_of(item[POSSIBLE]) if POSSIBLE in item else None
        strange = sorted(item.keys() - {*_PEERS[direction], *_BESIDE, POSSIBLE})
        if strange or dig(item, "authentication") is not None:
            doubt = doubt or unmodelled(*(f"{self.resource.address}: {one}" for one in strange or ("authentication",)))
        narrowing = "fromRequires" if direction is Direction.INGRESS else "toRequires"
        if items_of(item.get(narrowing)):
            # It narrows every rule for the pod: what it takes away is not worked out.
            yield self._anything(Action.DENY, unmodelled(f"{self.resource.address}: {narrowing}"), line)
        named = [one for one in _PEERS[direction] if item.get(one) is not None]
        ports = ports_of(item, self.resource.address)
        if not named and all(one.open for one in ports) and "icmps" not in item and not strange:
            return  # a rule that names neither peers nor ports admits nothing
        peers = tuple(peer for one in named for peer in self._peers(one, item[one], line))
        if not named:
            peers = (replace(ANYONE, origin=line),) if not strange else (Peer(PeerKind.UNKNOWN, doubt=doubt),)
        for one in ports:
            yield Rule(action, peers, one.specs, line, doubt or one.doubt)

    def _peers(self, field: str, value: Value, line: Origin) -> Iterator[Peer]:
        if isinstance(value, Unknown):
            yield Peer(PeerKind.UNKNOWN, doubt=doubt_of(value), origin=line)
            return
        for index, one in enumerate(items_of(value)):
            where = mark(value, index) or line
            if field.endswith("Endpoints"):
                yield from endpoint_peers(one, self.resource.namespace, where)
            elif field.endswith("Entities"):
                yield from entity_peers(one, where)
            elif field.endswith("CIDR"):
                yield cidr_peer(one, where)
            elif field.endswith("CIDRSet"):
                yield from cidr_set_peers(one, self.objects, where)
            elif field == "toServices":
                yield from service_peers(one, self.objects, where)
            elif field.endswith("Nodes"):
                yield Peer(PeerKind.NODES, text=field, doubt=unmodelled(field), origin=where)
            else:
                # Names and groups of the cloud become address ranges, which pods are never held against.
                yield Peer(PeerKind.BLOCK, text=field, outside=True, doubt=unmodelled(field), origin=where)
