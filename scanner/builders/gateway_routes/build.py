"""Routes of gateways that lead to models: each way, and whether a policy with a guardrail is attached to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from scanner.builders.blocks import Found, at, text
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, Truth
from scanner.builders.gateway_routes.policies import Guards
from scanner.builders.k8s_network.gateway_attach import granted
from scanner.builders.k8s_network.gateway_backends import any_share, mirrored
from scanner.builders.k8s_network.platforms.registry import made_objects
from scanner.graph.facts import GatewayRoute
from scanner.graph.model import Node, Plane, Role, State
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

API = "gateway.networking.k8s.io"
AI_API = "aigateway.envoyproxy.io"
AGENT_API = "agentgateway.dev"
ROUTES = {
    ("HTTPRoute", API), ("GRPCRoute", API), ("TCPRoute", API), ("TLSRoute", API), ("UDPRoute", API),
    ("AIGatewayRoute", AI_API), ("AgentgatewayModel", AGENT_API),
}  # fmt: skip
BLIND = frozenset({"TCPRoute", "TLSRoute", "UDPRoute"})
"""Routes of connections, not of requests: no policy sees what they carry."""
MODEL_KINDS = frozenset({"InferencePool", "AIServiceBackend", "AgentgatewayModel"})
FOLLOWED = frozenset({"Service", "Backend", "Upstream", "XBackend", "AgentgatewayBackend", "ServiceImport"})
"""Kinds of backends of which the network says where they lead."""
PROVIDERS = lazy(
    r"(^|\.)(bedrock-runtime|bedrock-mantle)[.-]|(^|\.)(api\.openai\.com|openai\.azure\.com|api\.anthropic\.com|"
    r"aiplatform\.googleapis\.com|generativelanguage\.googleapis\.com|api\.mistral\.ai|api\.cohere\.(com|ai))$"
)


class Way(Struct, frozen=True):
    """One backend of one rule of a route.

    rule: the rule's name, "" where it has none. share: its weight, if any. hidden: whether it copies or passes on is
    not known either.
    """

    reference: Value
    rule: str
    origin: Origin | None
    mirror: bool = False
    share: Value = None
    hidden: bool = False


def build_gateway_routes(world: World) -> None:
    """A GatewayRoute fact for each way of a route that leads, or may lead, to a model."""
    routes = [one for one in (*world.inventory.objects, *_made(world)) if (one.kind, one.group) in ROUTES]
    if not routes:
        return
    leads = Leads(world)
    for unit in sorted({one.unit for one in routes}):
        guards = Guards(world, unit)
        for route in (one for one in routes if one.unit == unit):
            for way in _ways(route):
                fact = _fact(route, way, leads, guards)
                if fact is not None:
                    world.add_fact(route.id, fact)


def _made(world: World) -> Iterator[Resource]:
    """The routes that operators make, where the network has them."""
    units: dict[str, list[Resource]] = {}
    for one in world.inventory.objects:
        if not one.data:
            units.setdefault(one.unit, []).append(one)
    for resources in units.values():
        yield from (one for one in made_objects(resources) if one.id in world.nodes)


def _ways(route: Resource) -> Iterator[Way]:
    if route.group == AGENT_API:
        yield Way({"kind": route.kind, "name": route.name}, "", route.origin)
        return
    spec = dig(route.attrs, "spec")
    rules = dig(spec, "rules")
    if isinstance(rules, Unknown):
        yield Way(rules, "", mark(route.attrs, "spec", "rules") or route.origin, hidden=True)
        return
    for number, rule in enumerate(items_of(rules)):
        name = text(dig(rule, "name"))
        base = mark(spec, "rules", number) or route.origin
        if isinstance(rule, Unknown):
            yield Way(rule, "", base, hidden=True)
        for index, one in enumerate(items_of(dig(rule, "backendRefs"))):
            line = mark(one, "name") or mark(rule, "backendRefs", index) or base
            yield Way(one, name, line, share=dig(one, "weight"))
            yield from _mirrors(one, name, base)
        yield from _mirrors(rule, name, base)


def _mirrors(holder: Value, rule: str, base: Origin) -> Iterator[Way]:
    for one in items_of(dig(holder, "filters")):
        if isinstance(one, Unknown):
            yield Way(one, rule, base, hidden=True)
            continue
        mirror = dig(one, "requestMirror")
        reference = dig(mirror, "backendRef")
        if reference is not None:
            line = mark(reference, "name") or mark(one, "requestMirror") or base
            yield Way(reference, rule, line, mirror=True, share=mirrored(mirror))


def _fact(route: Resource, way: Way, leads: Leads, guards: Guards) -> GatewayRoute | None:
    sends = any_share(way.share)
    model, backend = leads.of(route, way.reference)
    if model is False or sends is False:
        return None
    if isinstance(sends, Doubt):
        model = Unknown(f"how much it sends to `{backend}` is not known", decided_by=sends.decided_by)
    guarded: bool | Unknown
    if way.mirror:
        guarded, because = False, f"it copies requests to `{backend}`, and no guardrail looks at what is copied"
    elif way.hidden and isinstance(way.reference, Unknown):
        guarded, because = way.reference, "whether it copies requests is not known"
    elif route.kind in BLIND:
        guarded, because = False, f"a {route.kind} passes connections on to `{backend}`: no guardrail sees requests"
    else:
        guarded, because = guards.of_backend(route, way.reference)
        if guarded is not True:
            attached, why = guards.of(route, way.rule)
            # What is attached decides, unless it is sure to be nothing and the backend's own guard is not known.
            if attached is not False or guarded is False:
                guarded, because = attached, why
    return GatewayRoute(
        origin=way.origin, because=because, backend=backend, model=model, guarded=guarded, mirror=way.mirror
    )


class Leads:
    """Which backends are models: by what they are, or by the edges that lead on from them."""

    def __init__(self, world: World) -> None:
        self.world = world
        into: dict[str, list[tuple[str, State]]] = {}
        for edge in world.edges:
            if edge.plane is Plane.NETWORK and edge.verb == "reach":
                into.setdefault(edge.target, []).append((edge.source, edge.state))
        models = [node for node in world.nodes.values() if _is_model(node)]
        self.parts: dict[str, set[str]] = {}
        for node_id in {source for some in into.values() for source, _ in some}:
            self.parts.setdefault(_whole(node_id), set()).add(node_id)
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
        allowed: Truth = True
        if space != route.namespace:
            grants = self.world.inventory.of("ReferenceGrant", unit=route.unit)
            allowed = granted(grants, route, dig(reference, "group"), kind, name, space)
        model = self._at(route, address, kind, dig(reference, "port")) if allowed is not False else False
        if isinstance(allowed, Doubt) and model is True:
            cause = f"whether a ReferenceGrant lets it refer to `{address}` is not known"
            return Unknown(cause, decided_by=allowed.decided_by), address
        return model, address

    def behind(self, route: Resource, address: str, port: Value) -> bool | Unknown:
        """Whether a model answers behind a port of a Service that a mesh finds by its host; no grant is asked for."""
        return self._at(route, address, "Service", port)

    def _at(self, route: Resource, address: str, kind: str, port: Value) -> bool | Unknown:
        """Whether a model answers behind one backend."""
        target = self.world.inventory.at(route.unit, address)
        if kind in MODEL_KINDS or (target is not None and self._calls_provider(target)):
            return True
        relays = self._relays(f"{route.unit}:{address}", port)
        if relays & self.open:
            return True
        if relays & self.maybe:
            return Unknown(f"whether `{address}` leads to a model is not known", decided_by=(address,))
        if not relays and (target is None or kind not in FOLLOWED) and route.id in self.maybe:
            # What the inputs do not show may be any program of a namespace that holds a model.
            return Unknown(f"`{address}` is not in the inputs, and may lead to a model", decided_by=(address,))
        return False

    def _relays(self, node: str, port: Value) -> set[str]:
        """The relays of a backend: one for the whole, or one for each of its ports and of the workloads behind them."""
        every = self.parts.get(node, set())
        parts = {one: one.removeprefix(node).split("#")[0] for one in every}
        if isinstance(port, int) and any(part[1:].isdigit() for part in parts.values()):
            return {one for one, part in parts.items() if part == f":{port}"}
        return every

    def _calls_provider(self, target: Resource) -> bool:
        if target.kind == "AgentgatewayBackend":
            return dig(target.attrs, "spec", "ai") is not None
        hosts: list[Found] = [*at(target, "spec.externalName"), *at(target, "spec.endpoints.fqdn.hostname")]
        return any(PROVIDERS.search(found.text) for found in hosts)


def _whole(node_id: str) -> str:
    """The node of the Service that a relay is a part of: a port of it (`:80`), or the pods of one workload (`#...`)."""
    head, service, rest = node_id.partition("/Service/")
    return f"{head}{service}{re.split('[:#]', rest, maxsplit=1)[0]}" if service else node_id


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
