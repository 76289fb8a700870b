"""Routes of gateways that lead to models: each way, and whether a policy with a guardrail is attached to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scanner.builders.blocks import Found, at, text
from scanner.builders.draft import World
from scanner.builders.gateway_routes.policies import Guards
from scanner.graph.facts import GatewayRoute
from scanner.graph.model import Node, Plane, Role, State
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

API = "gateway.networking.k8s.io"
AI_API = "aigateway.envoyproxy.io"
ROUTES = {("HTTPRoute", API), ("GRPCRoute", API), ("TCPRoute", API), ("TLSRoute", API), ("AIGatewayRoute", AI_API)}
BLIND = frozenset({"TCPRoute", "TLSRoute"})
"""Routes of connections, not of requests: no policy sees what they carry."""
MODEL_KINDS = frozenset({"InferencePool", "AIServiceBackend", "AgentgatewayModel"})
PROVIDERS = re.compile(
    r"(^|\.)(bedrock-runtime|bedrock-mantle)[.-]|(^|\.)(api\.openai\.com|openai\.azure\.com|api\.anthropic\.com|"
    r"aiplatform\.googleapis\.com|generativelanguage\.googleapis\.com|api\.mistral\.ai|api\.cohere\.(com|ai))$"
)


@dataclass(frozen=True, slots=True)
class Way:
    """One backend of one rule of a route. rule: the rule's name, "" where it has none."""

    reference: Value
    rule: str
    origin: Origin | None
    mirror: bool = False


def build_gateway_routes(world: World) -> None:
    """A GatewayRoute fact for each way of a route that leads, or may lead, to a model."""
    routes = [one for one in world.inventory.all if (one.kind, one.group) in ROUTES]
    if not routes:
        return
    leads = _Leads(world)
    for unit in sorted({one.unit for one in routes}):
        guards = Guards(world, unit)
        for route in (one for one in routes if one.unit == unit):
            for way in _ways(route):
                fact = _fact(route, way, leads, guards)
                if fact is not None:
                    world.add_fact(route.id, fact)


def _ways(route: Resource) -> Iterator[Way]:
    spec = dig(route.attrs, "spec")
    for number, rule in enumerate(items_of(dig(spec, "rules"))):
        name = text(dig(rule, "name"))
        base = mark(spec, "rules", number) or route.origin
        for index, one in enumerate(items_of(dig(rule, "backendRefs"))):
            if dig(one, "weight") != 0:
                yield Way(one, name, mark(one, "name") or mark(rule, "backendRefs", index) or base)
            yield from _mirrors(one, name, base)
        yield from _mirrors(rule, name, base)


def _mirrors(holder: Value, rule: str, base: Origin) -> Iterator[Way]:
    for one in items_of(dig(holder, "filters")):
        reference = dig(one, "requestMirror", "backendRef")
        if reference is not None:
            yield Way(reference, rule, mark(reference, "name") or mark(one, "requestMirror") or base, mirror=True)


def _fact(route: Resource, way: Way, leads: _Leads, guards: Guards) -> GatewayRoute | None:
    model, backend = leads.of(route, way.reference)
    if model is False:
        return None
    guarded: bool | Unknown
    if way.mirror:
        guarded, because = False, f"it copies requests to `{backend}`, and no guardrail looks at what is copied"
    elif route.kind in BLIND:
        guarded, because = False, f"a {route.kind} passes connections on to `{backend}`: no guardrail sees requests"
    else:
        inline = guards.of_backend(route, way.reference)
        guarded, because = (True, inline) if inline else guards.of(route, way.rule)
    return GatewayRoute(
        origin=way.origin, because=because, backend=backend, model=model, guarded=guarded, mirror=way.mirror
    )


class _Leads:
    """Which backends are models: by what they are, or by the edges that lead on from them."""

    def __init__(self, world: World) -> None:
        self.world = world
        into: dict[str, list[tuple[str, State]]] = {}
        for edge in world.edges:
            if edge.plane is Plane.NETWORK and edge.verb == "reach":
                into.setdefault(edge.target, []).append((edge.source, edge.state))
        models = [node for node in world.nodes.values() if _is_model(node)]
        self.open = _closure(world, into, models, {State.OPEN})
        self.maybe = _closure(world, into, models, {State.OPEN, State.POSSIBLE})

    def of(self, route: Resource, reference: Value) -> tuple[bool | Unknown, str]:
        """Whether a reference leads to a model, and its name."""
        if isinstance(reference, Unknown):
            return reference, "*"
        kind = dig(reference, "kind") or ("AIServiceBackend" if route.kind == "AIGatewayRoute" else "Service")
        space, name = dig(reference, "namespace") or route.namespace, dig(reference, "name")
        if not isinstance(space, str) or not isinstance(name, str) or not isinstance(kind, str):
            unknown = next((one for one in (space, name, kind) if isinstance(one, Unknown)), None)
            return unknown or False, "*"
        address = f"{space}/{kind}/{name}"
        if kind in MODEL_KINDS:
            return True, address
        target = self.world.inventory.at(route.unit, address)
        if target is not None and self._calls_provider(target):
            return True, address
        node = f"{route.unit}:{address}"
        if node in self.open:
            return True, address
        if node in self.maybe:
            return Unknown(f"whether `{address}` leads to a model is not known", decided_by=(address,)), address
        return False, address

    def _calls_provider(self, target: Resource) -> bool:
        if target.kind == "AgentgatewayBackend":
            return dig(target.attrs, "spec", "ai") is not None
        hosts: list[Found] = [*at(target, "spec.externalName"), *at(target, "spec.endpoints.fqdn.hostname")]
        return any(PROVIDERS.search(found.text) for found in hosts)


def _is_model(node: Node) -> bool:
    return Role.MODEL in node.roles and Role.CLASSIFIER not in node.roles


def _closure(
    world: World, into: dict[str, list[tuple[str, State]]], models: list[Node], states: set[State]
) -> set[str]:
    """The relays from which a model is reached over relays alone."""
    found: set[str] = set()
    waiting = [node.id for node in models]
    while waiting:
        for source, state in into.get(waiting.pop(), ()):
            node = world.nodes.get(source)
            if state in states and source not in found and node is not None and not node.actor:
                found.add(source)
                waiting.append(source)
    return found
