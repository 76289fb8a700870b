"""NetworkPolicy, GlobalNetworkPolicy and Tier of Calico to the normal form; staged policies enforce nothing.

Facts: docs.tigera.io, reference of NetworkPolicy, GlobalNetworkPolicy and Tier, "Get started with policy tiers" (order,
`Pass`, the end of a tier denies unless its `defaultAction` is `Pass`, NetworkPolicies of Kubernetes are in `default` at
1000, after the last tier the namespace's profile allows); projectcalico/calico `api/pkg/apis/projectcalico/v3`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from scanner.builders.blocks import POSSIBLE
from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy.calico_peers import Entity, pods_of, selector_text, unmodelled
from scanner.builders.k8s_policy.calico_ports import ports_of
from scanner.builders.k8s_policy.calico_selector import (
    NAMESPACE,
    BadSelector,
    alternatives_of,
    both,
    on_namespaces,
)
from scanner.builders.k8s_policy.labels import Requirement, doubt_of
from scanner.builders.k8s_policy.model import ANYONE, Action, Direction, Engine, Peer, PeerKind, Policy, Rule, Tier
from scanner.builders.k8s_policy.objects import Objects
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

LAST = float("inf")
UNPLACED = Tier(-0.5, "calico-unplaced")
"""A tier of which the inputs do not show the place: asked before the others and never certain, it leaves all open."""
BUILT_IN = {
    "default": Tier.POLICY,
    "adminnetworkpolicy": Tier.ADMIN,
    "kube-admin": Tier.ADMIN,
    "baselineadminnetworkpolicy": Tier.BASELINE,
    "kube-baseline": Tier.BASELINE,
}
_HOSTS = ("applyOnForward", "preDNAT", "doNotTrack")
_SPEC = frozenset(
    {"tier", "order", "ingress", "egress", "selector", "types", "serviceAccountSelector", "namespaceSelector"}
    | {"performanceHints", *_HOSTS}
)
_RULE = frozenset(
    {"action", "protocol", "notProtocol", "source", "destination", "metadata", "icmp", "notICMP", POSSIBLE}
)
_ACTIONS = {"Allow": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS}


def calico_policies(resource: Resource, objects: Objects) -> Iterator[Policy]:
    """What the object writes, once for each alternative of its selector."""
    yield from _Reader(resource, objects, dig(resource.attrs, "spec")).policies()


class _Reader(Struct):
    resource: Resource
    objects: Objects
    spec: Value

    def policies(self) -> Iterator[Policy]:
        doubt = self._doubt()
        subjects, unsure = self._subjects()
        tier, unplaced = self._tier()
        doubt = doubt or unsure or unplaced
        speaks, vague = self._directions()
        order = dig(self.spec, "order")
        name = self.resource.name.removeprefix(f"{dig(self.spec, 'tier')}.").removeprefix("default.")
        hosts_only = any(dig(self.spec, one) is True for one in ("preDNAT", "doNotTrack"))
        for number, subject in enumerate(() if hosts_only else subjects):
            yield Policy(
                self.resource.address,
                self.resource.kind,
                tier,
                subject,
                self._rules(Direction.INGRESS) if Direction.INGRESS in speaks else None,
                self._rules(Direction.EGRESS) if Direction.EGRESS in speaks else None,
                mark(self.resource.attrs, "metadata", "name") or self.resource.origin,
                priority=LAST if order is None else _number(order),
                doubt=doubt,
                unsure=vague,
                engine=Engine.CALICO,
                rank=name,
                part=str(number) if number else "",
            )
        if any(dig(self.spec, one) not in (None, False) for one in _HOSTS):
            yield self._on_the_way(speaks)

    def _doubt(self) -> Doubt | None:
        if self.resource.possible is not None:
            return doubt_of(self.resource.possible)
        if not isinstance(self.spec, Mapping):
            return doubt_of(self.spec) if self.spec is not None else unmodelled(f"{self.resource.address}: spec")
        strange = sorted(key for key, one in self.spec.items() if key not in _SPEC and one is not None)
        return unmodelled(*(f"{self.resource.address}: {one}" for one in strange)) if strange else None

    def _subjects(self) -> tuple[list[Peer], Doubt | None]:
        """The pods that are selected; all of the scope, in doubt, where the selector is not understood."""
        line = mark(self.resource.attrs, "spec", "selector") or self.resource.origin
        namespace = self.resource.namespace
        unsure = None
        try:
            if isinstance(self.spec, Unknown):
                raise BadSelector("a policy that is not known")
            found = alternatives_of(selector_text(dig(self.spec, "selector")))
            spaces = selector_text(dig(self.spec, "namespaceSelector"))
            if namespace:
                found = both(found, (frozenset({Requirement(NAMESPACE, "In", (namespace,))}),))
            elif spaces:
                found = both(found, on_namespaces(alternatives_of(spaces)))
            if selector_text(dig(self.spec, "serviceAccountSelector")):
                unsure = unmodelled(f"{self.resource.address}: serviceAccountSelector")
        except BadSelector as error:
            doubt = unmodelled(f"{self.resource.address}: {error}")
            return [Peer(PeerKind.PODS, namespace, doubt=doubt, origin=line)], doubt
        peers = [pods_of(terms, line) for terms in found]
        return [one for one in peers if one is not None], unsure

    def _tier(self) -> tuple[Tier, Doubt | None]:
        name = dig(self.spec, "tier")
        if isinstance(self.spec, Unknown) or isinstance(name, Unknown):
            return UNPLACED, doubt_of(name)
        if name is None or name == "" or (isinstance(name, str) and name in BUILT_IN):
            return BUILT_IN[str(name or "default")], None
        declared = self.objects.named("Tier", name) if isinstance(name, str) else None
        if declared is None:
            return UNPLACED, Doubt("selector-target-not-in-input", (f"Tier/{name}",))
        order, end = dig(declared.attrs, "spec", "order"), dig(declared.attrs, "spec", "defaultAction")
        place = LAST if order is None else _number(order)
        if place is None or end not in (None, "Deny", "Pass"):
            return UNPLACED, doubt_of(declared.attrs)
        return Tier(place, str(name), denies=end != "Pass"), None

    def _directions(self) -> tuple[frozenset[Direction], frozenset[Direction]]:
        """The directions that the policy speaks of, and which of them perhaps only.

        `types` left out is what there are rules for, and ingress where there are none.
        """
        types = dig(self.spec, "types")
        both_ways = frozenset(Direction)
        if isinstance(self.spec, Unknown) or isinstance(types, Unknown):
            return both_ways, both_ways
        written = items_of(types)
        if written:
            sure = {Direction(one.lower()) for one in written if one in ("Ingress", "Egress") and isinstance(one, str)}
            unsure = both_ways - sure if any(isinstance(one, Unknown) for one in written) else frozenset()
            return frozenset(sure) | unsure, unsure
        given = {one: dig(self.spec, one.value) for one in Direction}
        vague = frozenset(one for one in Direction if isinstance(given[one], Unknown))
        if vague:
            return both_ways, both_ways
        some = frozenset(one for one in Direction if items_of(given[one]))
        return some or frozenset({Direction.INGRESS}), frozenset()

    def _on_the_way(self, speaks: frozenset[Direction]) -> Policy:
        """A policy of host endpoints: on its way to a pod traffic passes the node, where it may be denied."""
        unsure = unmodelled(*(f"{self.resource.address}: {one}" for one in _HOSTS if dig(self.spec, one) is not None))
        line = mark(self.resource.attrs, "metadata", "name") or self.resource.origin
        rules = (Rule(Action.DENY, (ANYONE,), None, line, unsure),)
        return Policy(
            self.resource.address,
            self.resource.kind,
            Tier(UNPLACED.order, "calico-host-endpoints", denies=False),
            Peer(PeerKind.PODS, doubt=unsure),
            rules if Direction.INGRESS in speaks else None,
            rules if Direction.EGRESS in speaks else None,
            line,
            doubt=unsure,
            engine=Engine.CALICO,
            part="host-endpoints",
        )

    def _rules(self, direction: Direction) -> tuple[Rule, ...]:
        name = direction.value
        value = dig(self.spec, name)
        origin = mark(self.resource.attrs, "spec", name) or self.resource.origin
        if isinstance(value, Unknown):
            return self._anything(doubt_of(value), origin)
        found: list[Rule] = []
        for index, item in enumerate(items_of(value)):
            line = mark(self.resource.attrs, "spec", name, index) or origin
            found += self._rule(item, direction, line)
        return tuple(found)

    def _anything(self, doubt: Doubt, line: Origin) -> tuple[Rule, ...]:
        peers = (Peer(PeerKind.UNKNOWN, doubt=doubt, origin=line),)
        return tuple(Rule(action, peers, None, line, doubt) for action in Action)

    def _rule(self, item: Value, direction: Direction, line: Origin) -> tuple[Rule, ...]:
        if not isinstance(item, Mapping):
            return self._anything(doubt_of(item), line)
        action = item.get("action")
        if action == "Log":
            return ()
        ends = {"source": item.get("source"), "destination": item.get("destination")}
        unread = next((one for one in ends.values() if one is not None and not isinstance(one, Mapping)), None)
        if unread is not None:
            return self._anything(doubt_of(unread), line)
        far, near = ("source", "destination") if direction is Direction.INGRESS else ("destination", "source")
        other = self._entity(ends[far], mark(item, far) or line)
        own = self._entity(ends[near], line)
        doubt = self._narrowed(item, other, own, direction)
        peers = tuple(other.peers())
        known = _ACTIONS.get(action) if isinstance(action, str) else None
        every = (known,) if known is not None else tuple(Action)
        return tuple(
            Rule(one, peers, ports_of(item), line, doubt if known is not None else doubt or doubt_of(action))
            for one in every
        )

    def _entity(self, value: Value, line: Origin) -> Entity:
        deciding = (mark(value, one) for one in ("namespaceSelector", "selector", "notSelector", "nets", "notNets"))
        where = next((one for one in deciding if one is not None), line)
        return Entity(value if isinstance(value, Mapping) else {}, self.resource.namespace, self.objects, where)

    def _narrowed(self, item: Mapping[str, Value], other: Entity, own: Entity, direction: Direction) -> Doubt | None:
        """Why a rule may match less than its peers and destination ports say."""
        if POSSIBLE in item:
            return doubt_of(item[POSSIBLE])
        named = sorted(key for key, one in item.items() if key not in _RULE and one is not None)
        if named:
            return unmodelled(*(f"{self.resource.address}: {one}" for one in named))
        ports = ("ports", "notPorts")
        ingress = direction is Direction.INGRESS
        if not own.bare(*(ports if ingress else ())) or (ingress and any(items_of(other.value.get(p)) for p in ports)):
            what = "`destination` beside its ports" if ingress else "`source`"
            return unmodelled(f"{self.resource.address}: {what} of a rule for {direction}")
        return other.strange()


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
