"""Routes whose parent is a Service, Linkerd's profiles, traffic splits, and Cilium's local redirects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scanner.builders.k8s_network.gateway_backends import any_share
from scanner.builders.k8s_network.hosts import split_url
from scanner.builders.k8s_network.view import own_line
from scanner.builders.k8s_policy.labels import selector_of_labels
from scanner.builders.stack_ways.others import ways_of_others
from scanner.builders.stack_ways.way import Way, after, leg, lost, perhaps, unknown
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

if TYPE_CHECKING:
    from scanner.builders.stack_ways.overlay import Overlay

_ROUTES = frozenset({"HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute"})
_GROUPS = frozenset({"gateway.networking.k8s.io", "policy.linkerd.io"})


def parent_of(route: Resource, service: Resource, port: Value, callers: frozenset[str]) -> bool:
    """Whether a route is attached to a Service, for callers of these namespaces.

    One of another namespace than the Service's concerns callers of its own namespace alone (GAMMA, "consumer route").
    """
    if route.kind not in _ROUTES or route.group not in _GROUPS:
        return False
    if route.namespace != service.namespace and route.namespace not in callers:
        return False
    for parent in items_of(dig(route.attrs, "spec", "parentRefs")):
        if dig(parent, "kind") != "Service" or dig(parent, "group") not in ("", "core", None):
            continue
        space, number = dig(parent, "namespace") or route.namespace, dig(parent, "port")
        named = (space, dig(parent, "name")) == (service.namespace, service.name)
        if named and (number is None or port is None or number == port):
            return True
    return False


def of_route(overlay: Overlay, route: Resource, service: Resource) -> Iterator[Way]:
    """Where the rules of a route send calls to the Service that it is attached to."""
    spec = dig(route.attrs, "spec")
    rules = dig(spec, "rules")
    for number, rule in enumerate(items_of(rules)):
        line = mark(spec, "rules", number) or own_line(route)
        if isinstance(rule, Unknown):
            yield unknown(leg(route, line, "one of its rules is not known"), rule.cause, *rule.decided_by)
            continue
        listed = [one for one in items_of(dig(rule, "backendRefs")) if any_share(dig(one, "weight")) is not False]
        if any(dig(one, "type") == "RequestRedirect" for one in items_of(dig(rule, "filters"))):
            step = leg(route, line, "it redirects callers")
            yield unknown(step, "whether the gateway follows a redirect is not known", route.address)
        elif not listed:
            yield lost(leg(route, line, "one of its rules sends calls nowhere: they are answered with an error"))
        for one in listed:
            where = mark(one, "name") or mark(rule, "backendRefs") or line
            yield from _backend(overlay, route, one, where)


def _backend(overlay: Overlay, route: Resource, one: Value, line: Origin | None) -> Iterator[Way]:
    name, kind = dig(one, "name"), dig(one, "kind") or "Service"
    space = dig(one, "namespace") or route.namespace
    if isinstance(name, str) and isinstance(space, str) and kind == "Service":
        step = leg(route, line, f"it sends calls to `{space}/Service/{name}`")
        found = overlay.ends.services.by_name.get((space, name))
        if found is not None:
            yield from after(step, overlay.plain(found, dig(one, "port")))
            return
        yield unknown(step, f"`{space}/Service/{name}` is not in the inputs", f"{space}/Service/{name}")
        return
    step = leg(route, line, "it sends calls to a backend that is no Service")
    yield unknown(step, "where that backend leads is not known", route.address)


def other_ways(overlay: Overlay, service: Resource, port: Value) -> Iterator[Way]:
    """What profiles, splits and local redirects do with calls to a Service, where something follows them."""
    view = overlay.ends.view
    for one in view.of("ServiceProfile"):
        if one.group == "linkerd.io" and one.name.split(".")[:2] == [service.name, service.namespace]:
            yield from _unsure(one, _overrides(overlay, one))
    for one in view.of("TrafficSplit"):
        own = one.namespace == service.namespace
        if own and str(dig(one.attrs, "spec", "service")).split(".")[0] == service.name:
            yield from _unsure(one, _split(overlay, one, port))
    for one in view.of("CiliumLocalRedirectPolicy"):
        yield from _unsure(one, _redirected(overlay, one, service))
    yield from ways_of_others(view, service)


def _unsure(by: Resource, ways: Iterator[Way]) -> Iterator[Way]:
    cause = f"whether the gateway's calls follow `{by.address}` is not known"
    yield from (one for one in perhaps(ways, cause, by.address) if one.arrives is not True)


def _overrides(overlay: Overlay, profile: Resource) -> Iterator[Way]:
    for index, one in enumerate(items_of(dig(profile.attrs, "spec", "dstOverrides"))):
        authority = dig(one, "authority")
        if any_share(dig(one, "weight")) is False:
            continue
        line = mark(profile.attrs, "spec", "dstOverrides", index)
        shown = authority if isinstance(authority, str) else "*"
        host, port = split_url(shown)
        step = leg(profile, line, f"its `dstOverrides` send calls to `{shown}`")
        yield from after(step, overlay.elsewhere(host if shown != "*" else authority, port, profile.namespace))


def _split(overlay: Overlay, split: Resource, port: Value) -> Iterator[Way]:
    for index, one in enumerate(items_of(dig(split.attrs, "spec", "backends"))):
        if any_share(dig(one, "weight")) is False:
            continue
        name = dig(one, "service")
        line = mark(split.attrs, "spec", "backends", index)
        step = leg(split, line, f"it sends calls to `{name if isinstance(name, str) else '*'}`")
        yield from after(step, overlay.elsewhere(name, port, split.namespace))


def _redirected(overlay: Overlay, policy: Resource, service: Resource) -> Iterator[Way]:
    """Calls to a Service that Cilium keeps on the node: to the pods that the policy selects in its own namespace."""
    spec = dig(policy.attrs, "spec")
    front = dig(spec, "redirectFrontend", "serviceMatcher")
    if isinstance(front, Unknown) or isinstance(spec, Unknown):
        yield unknown(
            leg(policy, None, "which Service it redirects is not known"), "its front is not known", policy.address
        )
        return
    if (dig(front, "namespace") or policy.namespace, dig(front, "serviceName")) != (service.namespace, service.name):
        return
    back = dig(spec, "redirectBackend")
    port = dig(back, "toPorts", 0, "port")
    labels = dig(back, "localEndpointSelector", "matchLabels")
    where = mark(spec, "redirectBackend", "localEndpointSelector") or own_line(policy)
    if labels is None or dig(back, "localEndpointSelector", "matchExpressions") is not None:
        step = leg(policy, where, "it redirects calls to pods on the caller's node")
        yield unknown(step, "which pods it redirects calls to is not known", policy.address)
    else:
        yield from overlay.ends.pods(policy, policy.namespace, selector_of_labels(labels), port, where)
