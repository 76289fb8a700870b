"""What a route of the Gateway API sends or copies to: Services, pools of pods, and the objects that name hosts.

Sources: Gateway API "HTTPRoute" (weights, RequestMirror, ExtensionRef); Envoy Gateway `Backend`; Envoy AI Gateway
`AIServiceBackend`; kgateway `Backend` and `Upstream`; agentgateway `AgentgatewayBackend` and `AgentgatewayModel`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from scanner.builders.edges import Doubt, Truth, connect, first_doubt
from scanner.builders.k8s_network.backends import Backend, lead
from scanner.builders.k8s_network.gateway_attach import granted, no_grant
from scanner.builders.k8s_network.hosts import split_url
from scanner.builders.k8s_network.pools import pool
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.view import View, own_line, unknown_doubt
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

POOL = "InferencePool"
UPSTREAMS = frozenset(
    {"Backend", "Upstream", "AIServiceBackend", "AgentgatewayBackend", "AgentgatewayModel", "XBackend"}
)
"""Kinds that name hosts, addresses or other backends in their own `spec`."""
_IMPORTED = "ServiceImport"
_INERT = frozenset(
    {
        "HTTPRouteFilter", "RateLimitFilter", "AuthenticationFilter", "DirectResponse", "TrafficPolicy", "RoutePolicy",
        "GRPCJSONTranscoderFilter",
    }
)  # fmt: skip
"""Kinds of filters that change, answer or limit a request, and send it nowhere (their own API references)."""
_HOLDERS = frozenset(
    {
        "endpoints", "static", "hosts", "fqdn", "ip", "ai", "llm", "provider", "groups", "providers", "custom", "mcp",
        "targets", "a2a", "type",
    }
)  # fmt: skip
"""The keys under which hosts stand: one of them that is not known may hold any."""
_HOSTS = ("hostname", "host", "address")
_REFERENCES = ("backendRef", "backendRefs")
_DYNAMIC = ("DynamicResolver", "DynamicForwardProxy")
_MAX_DEPTH = 8


class Reference(Struct, frozen=True):
    """A backend reference of a route, or a filter that may send somewhere: `filter` names its kind, "" for none."""

    value: Value
    origin: Origin | None
    what: str
    doubt: Doubt | None = None
    filter: str = ""


def references(view: View, route: Resource) -> Iterator[Reference]:
    """Every backend reference of a route, those of its mirrors included; weight 0 sends nothing, and is said."""
    spec = dig(route.attrs, "spec")
    rules = dig(spec, "rules")
    if isinstance(spec, Unknown) or isinstance(rules, Unknown):
        yield Reference(spec if isinstance(spec, Unknown) else rules, route.origin, "its rules are not known")
        return
    for number, rule in enumerate(items_of(rules)):
        base = mark(spec, "rules", number) or route.origin
        if isinstance(rule, Unknown):
            yield Reference(rule, base, "one of its rules is not known")
        for index, one in enumerate(items_of(dig(rule, "backendRefs"))):
            line = mark(one, "name") or mark(rule, "backendRefs", index) or base
            sends = _share(view, route, one, dig(one, "weight"), "weight")
            if sends is not False:
                yield Reference(one, line, "it sends to", sends if isinstance(sends, Doubt) else None)
            yield from _filters(view, route, one, base)
        yield from _filters(view, route, rule, base)


def _share(view: View, route: Resource, one: Value, share: Value, what: str) -> Truth:
    """Whether a share of requests is any at all; one of nothing is said, since an edit is all that it takes."""
    sends = any_share(share)
    if sends is False:
        name = dig(one, "name")
        said = f"`{route.address}` sends to `{name if isinstance(name, str) else '*'}` with {what} 0"
        view.world.assumptions[f"{said}: nothing is sent there until it is edited"] = None
    return sends


def any_share(share: Value) -> Truth:
    """Whether a weight, a percentage or the numerator of a fraction is of any request at all."""
    if isinstance(share, Unknown):
        return unknown_doubt(share)
    return share is None or share is False or share != 0


def mirrored(mirror: Value) -> Value:
    """The share of requests that a mirror copies, None for all."""
    share = dig(mirror, "percent")
    return dig(mirror, "fraction", "numerator") if share is None else share


def _filters(view: View, route: Resource, holder: Value, base: Origin) -> Iterator[Reference]:
    for index, one in enumerate(items_of(dig(holder, "filters"))):
        line = mark(holder, "filters", index) or base
        if isinstance(one, Unknown):
            yield Reference(one, line, "one of its filters is not known")
        mirror = dig(one, "requestMirror")
        reference = dig(mirror, "backendRef")
        if reference is not None:
            sends = _share(view, route, reference, mirrored(mirror), "share")
            if sends is not False:
                doubt = sends if isinstance(sends, Doubt) else None
                yield Reference(reference, mark(reference, "name") or line, "it mirrors to", doubt)
        extension = dig(one, "extensionRef")
        kind = dig(extension, "kind")
        shown = kind if isinstance(kind, str) else "*"
        if extension is not None and shown not in _INERT:
            yield Reference(extension, mark(one, "extensionRef") or line, "its filter", None, shown)


def follow(view: View, services: Services, source: Resource, one: Reference, depth: int = 0) -> bool:
    """Edges from a route, or from an object that names a backend, to where one reference leads; whether to a target."""
    space = source.namespace
    if isinstance(one.value, Unknown):
        doubt = first_doubt(one.doubt, unknown_doubt(one.value))
        return _anywhere(view, services, source, one.origin, one.what, doubt)
    if one.filter:
        name = dig(one.value, "name")
        doubt = Doubt("kind-unmodelled", (f"{space}/{one.filter}/{name if isinstance(name, str) else '*'}",))
        because = f"its filter of kind {one.filter} may send requests elsewhere"
        return lead(view, services, source.id, Backend(space, None, None, one.origin, because, doubt, anywhere=True))
    name, kind = dig(one.value, "name"), dig(one.value, "kind") or default_kind(source)
    given = dig(one.value, "namespace") or space
    shown = ", ".join(f"`{part}`" if isinstance(part, str) else "`*`" for part in (given, name))
    if not isinstance(given, str) or not isinstance(kind, str):
        unknown = next((part for part in (given, kind) if isinstance(part, Unknown)), None)
        doubt = unknown_doubt(unknown) if unknown else Doubt("value-unknown", (f"a backend of {source.address}",))
        because = f"{one.what} a backend that is not known ({shown})"
        return _anywhere(view, services, source, one.origin, because, doubt)
    allowed: Truth = True
    if given != space:
        allowed = granted(view.of("ReferenceGrant"), source, dig(one.value, "group"), kind, name, given)
    if allowed is False:
        view.world.assumed_absent[no_grant(source, given)] = None
        return False
    doubt = first_doubt(one.doubt, allowed if isinstance(allowed, Doubt) else None)
    because = f"{one.what} {kind} `{given}/{name if isinstance(name, str) else '*'}`"
    return _to_kind(
        view, services, source, Backend(given, name, dig(one.value, "port"), one.origin, because, doubt), kind, depth
    )


def _anywhere(
    view: View, services: Services, source: Resource, line: Origin | None, because: str, doubt: Doubt | None
) -> bool:
    """Edges to every target that a reference of which nothing is known may mean: of its own namespace, or granted."""
    unknown = Unknown(because)
    spaces = sorted({view.cluster.pods[pod].namespace for target in view.targets for pod in target.pods})
    led = []
    for space in spaces:
        if (
            space == source.namespace
            or granted(view.of("ReferenceGrant"), source, unknown, unknown, unknown, space) is not False
        ):
            led.append(lead(view, services, source.id, Backend(space, None, None, line, because, doubt, anywhere=True)))
    return any(led)


def default_kind(source: Resource) -> str:
    """The kind of a reference that names none."""
    return "AIServiceBackend" if source.kind == "AIGatewayRoute" else "Service"


def _to_kind(view: View, services: Services, source: Resource, backend: Backend, kind: str, depth: int) -> bool:
    if kind == POOL:
        return pool(view, source.id, backend)
    if kind in ("Service", _IMPORTED):
        return lead(view, services, source.id, backend)
    if kind == "Hostname":
        named = Backend("", None, backend.port, backend.line, backend.because, backend.doubt, host=backend.name)
        return lead(view, services, source.id, named)
    found = None
    if isinstance(backend.name, str):
        found = view.world.inventory.at(view.unit, f"{backend.namespace}/{kind}/{backend.name}")
    if found is None or kind not in UPSTREAMS or depth > _MAX_DEPTH:
        doubt = Doubt("kind-unmodelled", (f"{backend.namespace}/{kind}/{backend.name}",))
        because = f"{backend.because}, and where that leads is not known"
        doubt = first_doubt(backend.doubt, doubt) or doubt
        return lead(
            view, services, source.id,
            Backend(backend.namespace, None, None, backend.line, because, doubt, anywhere=True),
        )  # fmt: skip
    led = upstreams(view, services, found, depth + 1)
    if led:
        connect(view.world, source.id, found.id, backend.because, backend.line, doubt=backend.doubt, cut=True)
    return led


def upstreams(view: View, services: Services, one: Resource, depth: int = 0) -> bool:
    """Edges from an object that names upstreams to each of them."""
    spec = dig(one.attrs, "spec")
    led = []
    if dig(spec, "type") in _DYNAMIC or dig(spec, "dynamicForwardProxy") is not None:
        line = mark(spec, "type") or own_line(one)
        doubt = Doubt("value-unknown", (f"the hosts that callers of {one.address} name",))
        because = f"`{one.address}` sends to whatever host the caller names"
        led.append(lead(view, services, one.id, Backend("", None, None, line, because, doubt, anywhere=True)))
    for found in _named(spec, own_line(one), 0):
        if isinstance(found, Reference):
            led.append(follow(view, services, one, found, depth))
        else:
            host, port, line = found
            because = f"`{one.address}` names `{host if isinstance(host, str) else '*'}`"
            led.append(lead(view, services, one.id, Backend(one.namespace, None, port, line, because, host=host)))
    return any(led)


def _named(value: Value, line: Origin, depth: int) -> Iterator[Reference | tuple[Value, Value, Origin]]:
    """The hosts and the backend references inside an object, wherever its kind keeps them."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, Unknown):
        yield Reference(value, line, "where it sends is not known")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            where = mark(value, key) or line
            if isinstance(item, Unknown) and key not in (*_HOSTS, *_HOLDERS, "baseURL", "url", *_REFERENCES):
                continue
            if key in _HOSTS and isinstance(item, str | Unknown):
                yield item, dig(value, "port"), where
            elif key in ("baseURL", "url") and isinstance(item, str | Unknown):
                host, port = split_url(item) if isinstance(item, str) else (item, None)
                yield host, port, where
            elif key in _REFERENCES:
                for one in items_of(item):
                    yield Reference(one, mark(one, "name") or where, "it sends to")
            elif key not in ("tls", "auth", "policies", "schema"):
                yield from _named(item, where, depth + 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _named(item, mark(value, index) or line, depth + 1)
