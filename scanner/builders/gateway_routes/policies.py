"""Policies that attach a guardrail to routes, and which of them holds for one rule of one route."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from scanner import tables
from scanner.builders.blocks import at, strings, text
from scanner.builders.draft import World
from scanner.builders.switches.scope import SAFETY, asks_a_classifier
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value, unknowns_in

ENVOY = "gateway.envoyproxy.io"
AGENT = "agentgateway.dev"
KONG = "configuration.konghq.com"
POLICIES = (("EnvoyExtensionPolicy", ENVOY), ("SecurityPolicy", ENVOY), ("AgentgatewayPolicy", AGENT))
REPLACES = frozenset({"EnvoyExtensionPolicy", "SecurityPolicy"})
"""Kinds of which the most specific policy stands alone, unless it says that it merges."""
KONG_GUARDS = frozenset({"ai-aws-guardrails", "ai-azure-content-safety", "ai-custom-guardrail", "ai-prompt-guard"})
KONG_NOTE = "konghq.com/plugins"
ROUTE_KINDS = frozenset({"HTTPRoute", "GRPCRoute", "AIGatewayRoute"})
NONE = "no policy with a guardrail is attached to it"


class Target(Struct, frozen=True):
    """What a policy is attached to: section is a listener of a gateway or a rule of a route, "" for the whole."""

    kind: str
    name: str
    section: str
    unknown: Unknown | None = None
    labels: Value = None


class Policy(Struct, frozen=True):
    """A policy of a gateway. guards: whether it carries a guardrail."""

    resource: Resource
    guards: bool | Unknown
    targets: tuple[Target, ...]

    @property
    def merges(self) -> bool:
        """Whether it stands beside less specific ones instead of replacing them."""
        kind = self.resource.kind
        return kind not in REPLACES or dig(self.resource.attrs, "spec", "mergeType") is not None

    @property
    def unclear(self) -> Unknown | None:
        """Set where it may stand here, and may replace less specific policies: what decides it."""
        if self.resource.kind not in REPLACES:
            return None
        merge = dig(self.resource.attrs, "spec", "mergeType")
        if isinstance(merge, Unknown):
            return merge
        return self.resource.possible or next((one.unknown for one in self.targets if one.unknown is not None), None)


class Guards:
    """The guardrail policies of one unit."""

    def __init__(self, world: World, unit: str) -> None:
        self.world = world
        self.unit = unit
        self.policies = [
            Policy(one, _guards(world, one), tuple(_targets(one)))
            for kind, group in POLICIES
            for one in world.inventory.of(kind, unit=unit)
            if one.group == group
        ]

    def of(self, route: Resource, rule: str) -> tuple[bool | Unknown, str]:
        """Whether a guardrail holds for a rule of a route, and why (not)."""
        kong = self._kong(route)
        if kong:
            return True, kong
        doubt: tuple[Unknown, str] | None = None
        for kind, _ in POLICIES:
            over: Policy | None = None
            for policy in self._holding(route, rule, kind):
                sure = _certain(policy, route, rule)
                if sure is True and over is None:
                    return self._unpatched(policy)
                if sure is True and over is not None:
                    said = f"whether `{over.resource.address}` replaces `{policy.resource.address}` here is not known"
                    doubt = doubt or (over.unclear or Unknown(said, decided_by=(over.resource.address,)), said)
                if isinstance(sure, Unknown):
                    doubt = doubt or (sure, f"whether `{policy.resource.address}` guards it is not known")
                over = policy if policy.unclear is not None and policy.guards is not True else over
        if doubt is not None:
            return doubt
        replaced = self._replaced(route, rule)
        if replaced:
            return False, replaced
        if any(policy.guards is not False for policy in self.policies):
            return False, f"{NONE}, though `{self._named()}` is to others"
        return False, NONE

    def _unpatched(self, policy: Policy) -> tuple[bool | Unknown, str]:
        """A guardrail that is attached, unless a patch of which not everything is known may take it out again."""
        if policy.resource.group == ENVOY:
            for patch in self.world.inventory.of("EnvoyPatchPolicy", unit=self.unit):
                unknown = next(unknowns_in(patch.attrs.get("spec")), None)
                if unknown is not None:
                    return unknown, f"whether `{patch.address}` takes `{policy.resource.address}` out is not known"
        return True, f"`{policy.resource.address}` is attached to it"

    def of_backend(self, route: Resource, reference: Value) -> tuple[bool | Unknown, str]:
        """Whether a backend carries a guardrail of its own, and why."""
        name, space = dig(reference, "name"), dig(reference, "namespace") or route.namespace
        doubt: tuple[bool | Unknown, str] = (False, "")
        for kind in ("AgentgatewayBackend", "AgentgatewayModel"):
            one = self.world.inventory.at(self.unit, f"{space}/{kind}/{name}")
            own = _inline(one) if one is not None else False
            if own is True:
                return True, f"`{space}/{kind}/{name}` has a prompt guard of its own"
            if isinstance(own, Unknown):
                doubt = own, f"whether `{space}/{kind}/{name}` has a prompt guard of its own is not known"
            for policy in self.policies:
                named = any((target.kind, target.name) == (kind, name) for target in policy.targets)
                if named and policy.guards is True and policy.resource.namespace == space:
                    return True, f"`{policy.resource.address}` is attached to its backend"
        return doubt

    def _named(self) -> str:
        return next(policy.resource.address for policy in self.policies if policy.guards is not False)

    def _holding(self, route: Resource, rule: str, kind: str) -> Iterator[Policy]:
        """The policies of a kind that hold: level by level from the most specific, until one replaces the rest."""
        levels: dict[int, list[Policy]] = {}
        for policy in self.policies:
            if policy.resource.kind == kind:
                level = max((_level(policy, target, route, rule) for target in policy.targets), default=0)
                levels.setdefault(level, []).append(policy)
        for level in sorted(levels, reverse=True):
            if level:
                yield from levels[level]
                if any(not policy.merges and policy.resource.possible is None for policy in levels[level]):
                    return

    def _replaced(self, route: Resource, rule: str) -> str:
        """The policy of the gateway that a more specific one without a guardrail takes out."""
        for policy in self.policies:
            if policy.guards is True and any(_level(policy, target, route, rule) for target in policy.targets):
                held = list(self._holding(route, rule, policy.resource.kind))
                if policy not in held and held:
                    return (
                        f"`{held[0].resource.address}` replaces `{policy.resource.address}` here, without a guardrail"
                    )
        return ""

    def _kong(self, route: Resource) -> str:
        note = text(dig(route.attrs, "metadata", "annotations", KONG_NOTE))
        for name in (part.strip() for part in note.split(",")):
            for address in (f"{route.namespace}/KongPlugin/{name}", f"KongClusterPlugin/{name}"):
                one = self.world.inventory.at(self.unit, address)
                if one is not None and dig(one.attrs, "plugin") in KONG_GUARDS:
                    return f"`{one.address}` is attached to it"
        return ""


def _guards(world: World, policy: Resource) -> bool | Unknown:
    """Whether a policy carries a guardrail: a processor, an authorizer that judges prompts, a prompt guard."""
    spec = dig(policy.attrs, "spec")
    if isinstance(spec, Unknown):
        return spec
    if policy.kind == "SecurityPolicy":
        return dig(spec, "extAuth") is not None and asks_a_classifier(world, policy)
    if policy.kind == "AgentgatewayPolicy":
        found = prompt_guard(dig(spec, "backend", "ai", "promptGuard"))
        processor = dig(spec, "traffic", "extProc")
        return found or (processor if isinstance(processor, Unknown) else bool(processor))
    processors = dig(spec, "extProc")
    if processors:
        return processors if isinstance(processors, Unknown) else True
    code = dig(spec, "wasm") or dig(spec, "lua")
    if not code:
        return False
    if any(tables.pattern(SAFETY).search(found.text) for found in strings(code)):
        return True
    return Unknown(f"what the code of `{policy.address}` does is not known", decided_by=(policy.address,))


def _inline(one: Resource) -> bool | Unknown:
    """Whether a backend has a prompt guard of its own; of several providers each must have one."""
    for path in ("spec.policies.ai.promptGuard", "spec.policies.promptGuard"):
        for found in at(one, path):
            guard = found.unknown or prompt_guard(found.value)
            if guard is not False:
                return guard
    groups = items_of(dig(one.attrs, "spec", "ai", "groups"))
    providers = [item for group in groups for item in items_of(dig(group, "providers"))]
    own = [prompt_guard(dig(item, "policies", "ai", "promptGuard")) for item in providers]
    unknown = next((value for value in (*groups, *own) if isinstance(value, Unknown)), None)
    if unknown is not None and False not in own:
        return unknown
    return bool(own) and all(own)


def prompt_guard(value: Value) -> bool | Unknown:
    """Whether a prompt guard looks at anything: on either side something is written."""
    if not isinstance(value, Mapping):
        return value if isinstance(value, Unknown) else False
    sides = [value[key] for key in ("request", "response") if key in value]
    if any(side and not isinstance(side, Unknown) for side in sides):
        return True
    return next((side for side in sides if isinstance(side, Unknown)), False)


def _targets(policy: Resource) -> Iterator[Target]:
    spec = dig(policy.attrs, "spec")
    if isinstance(spec, Unknown):
        yield Target("*", "*", "", spec)
    for key in ("targetRefs", "targetRef"):
        for one in items_of(dig(spec, key)):
            parts = [dig(one, name) for name in ("kind", "name", "sectionName")]
            unknown = one if isinstance(one, Unknown) else next((p for p in parts if isinstance(p, Unknown)), None)
            kind, name, section = (text(part) for part in parts)
            yield Target(kind or "*", name or "*", section, unknown)
    for one in items_of(dig(spec, "targetSelectors")):
        unknown = one if isinstance(one, Unknown) else None
        yield Target(text(dig(one, "kind")) or "*", "*", "", unknown, dig(one, "matchLabels"))


def _level(policy: Policy, target: Target, route: Resource, rule: str) -> int:
    """How specifically a target names a rule of a route: 4 the rule, 3 the route, 2 a listener, 1 the gateway."""
    of_routes = target.kind in ROUTE_KINDS | {"*"} and policy.resource.namespace == route.namespace
    if of_routes and _is_named(target, route.name, route):
        return 3 if not target.section else 4 if target.section == rule else 0
    if target.kind in ("Gateway", "*"):
        if _untold_parent(route) is not None:
            return 1
        for parent in items_of(dig(route.attrs, "spec", "parentRefs")):
            space, name = dig(parent, "namespace") or route.namespace, text(dig(parent, "name"))
            if policy.resource.namespace == space and _is_named(target, name, None):
                if not target.section:
                    return 1
                if target.section == text(dig(parent, "sectionName")):
                    return 2
    return 0


def _untold_parent(route: Resource) -> Unknown | None:
    """What is not known of the Gateways that a route is attached to."""
    for parent in items_of(dig(route.attrs, "spec", "parentRefs")):
        for part in (parent, dig(parent, "namespace"), dig(parent, "name")):
            if isinstance(part, Unknown):
                return part
    return None


def _is_named(target: Target, name: str, route: Resource | None) -> bool:
    if target.unknown is not None:
        return True
    if isinstance(target.labels, dict):
        own = dig(route.attrs, "metadata", "labels") if route is not None else None
        return all(dig(own, key) == value for key, value in target.labels.items())
    return target.name == name


def _certain(policy: Policy, route: Resource, rule: str) -> bool | Unknown:
    """Whether a policy that holds guards for certain."""
    if policy.guards is False:
        return False
    if policy.resource.possible is not None:
        return policy.resource.possible
    exact = [target for target in policy.targets if _level(policy, target, route, rule) and target.unknown is None]
    if not exact:
        return next((one.unknown for one in policy.targets if one.unknown is not None), False)
    if all(_level(policy, target, route, rule) <= 2 for target in exact):
        return _untold_parent(route) or policy.guards
    return policy.guards
