"""Mirrors on the way to the stack or a model: where routes copy requests to, beside where they send them.

Sources: Istio "Virtual Service" (`mirror`, `mirrors`), Gateway API "HTTPRequestMirrorFilter", ingress-nginx
`mirror-target`, Contour "HTTPProxy" (`services[].mirror`), Traefik "TraefikService" (`mirroring`).
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from scanner.builders.diversions.ends import Ends
from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.gateway_attach import granted, parents
from scanner.builders.k8s_network.gateway_backends import any_share, mirrored
from scanner.builders.k8s_network.hosts import split_url
from scanner.builders.k8s_network.ingress_notes import NGINX
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.view import View, own_line
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.mesh.installed import installed
from scanner.builders.mesh.virtual import Virtuals
from scanner.builders.stack_ways.way import leg
from scanner.graph.facts_ways import Diverted
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

_ROUTES = frozenset({"HTTPRoute", "GRPCRoute"})


class Copy(Struct, frozen=True):
    """Where a route copies to: a host as written in `namespace`. doubt: why it is not certain that it does."""

    namespace: str
    host: Value
    line: Origin | None
    doubt: str = ""


def mirrors(view: View, services: Services) -> Iterator[tuple[str, Diverted]]:
    """A fact for each copy that a route makes of what it sends to a target, where that is no declared member's."""
    ends = Ends(view, services)
    for route in sorted(view.resources, key=lambda one: one.address):
        copies = list(_copies(view, route))
        if not copies:
            continue
        for target in _meant(view, ends, route):
            for one in copies:
                fact = _fact(ends, route, one)
                if fact is not None:
                    yield target, fact


def _copies(view: View, route: Resource) -> Iterator[Copy]:
    if route.kind == "VirtualService":
        yield from _of_virtual(view, route)
    elif route.kind in _ROUTES and route.group == "gateway.networking.k8s.io":
        yield from _of_route(view, route)
    elif route.kind == "Ingress":
        yield from _of_ingress(route)
    elif route.kind == "HTTPProxy" and route.group == "projectcontour.io":
        for rule in items_of(dig(route.attrs, "spec", "routes")):
            for each in items_of(dig(rule, "services")):
                if dig(each, "mirror") not in (None, False):
                    yield Copy(route.namespace, dig(each, "name"), mark(each, "name"))
    elif route.kind == "TraefikService":
        for each in items_of(dig(route.attrs, "spec", "mirroring", "mirrors")):
            if any_share(dig(each, "percent")) is not False:
                yield Copy(str(dig(each, "namespace") or route.namespace), dig(each, "name"), mark(each, "name"))


def _of_virtual(view: View, route: Resource) -> Iterator[Copy]:
    copied = [one for one in Virtuals.of([route]).sent(route) if one.mirror]
    if not copied:
        return
    control = installed(view.world, view.unit, view.resources).control
    doubt = "" if control is Match.YES else "the control plane of the mesh"
    yield from (Copy(one.namespace, one.host, one.line, doubt) for one in copied)


def _of_route(view: View, route: Resource) -> Iterator[Copy]:
    doubt = None
    for rule in items_of(dig(route.attrs, "spec", "rules")):
        for holder in (rule, *items_of(dig(rule, "backendRefs"))):
            for one in items_of(dig(holder, "filters")):
                mirror = dig(one, "requestMirror")
                reference = dig(mirror, "backendRef")
                if reference is not None and any_share(mirrored(mirror)) is not False:
                    doubt = _unattached(view, route) if doubt is None else doubt
                    yield from _referred(view, route, reference, mark(one, "requestMirror"), doubt)


def _unattached(view: View, route: Resource) -> str:
    """What would show that anything serves a route; "" where a parent of it is in the inputs."""
    wanted = {
        (str(dig(one, "kind") or "Gateway"), str(dig(one, "namespace") or route.namespace), str(dig(one, "name")))
        for one, _, _ in parents(route)
    }
    shown = any((one.kind, one.namespace, one.name) in wanted for one in view.of("Gateway", "Service"))
    return "" if shown else f"the parent of {route.address}"


def _referred(view: View, route: Resource, one: Value, line: Origin | None, doubt: str) -> Iterator[Copy]:
    name, space, kind = dig(one, "name"), dig(one, "namespace") or route.namespace, dig(one, "kind") or "Service"
    where = mark(one, "name") or line
    if not isinstance(space, str) or not isinstance(kind, str) or isinstance(one, Unknown):
        yield Copy(route.namespace, Unknown("the backend is not known"), where, f"a backend of {route.address}")
        return
    if space != route.namespace:
        allowed = granted(view.of("ReferenceGrant"), route, dig(one, "group"), kind, name, space)
        if allowed is False:
            return
        doubt = doubt or (f"a ReferenceGrant of {space}" if isinstance(allowed, Doubt) else "")
    shown = f"{space}/{kind}/{name if isinstance(name, str) else '*'}"
    yield Copy(space, name, where, doubt if kind == "Service" else shown)


def _of_ingress(route: Resource) -> Iterator[Copy]:
    key = f"{NGINX}mirror-target"
    target = dig(route.attrs, "metadata", "annotations", key)
    if target is None:
        return
    host = split_url(target)[0] if isinstance(target, str) else target
    if host:
        doubt = "the controller of ingress-nginx" if dig(route.attrs, "spec", "ingressClassName") is None else ""
        yield Copy(route.namespace, host, mark(route.attrs, "metadata", "annotations", key), doubt)


def _meant(view: View, ends: Ends, route: Resource) -> list[str]:
    """The members of the stack and the models that a route sends to, or that its own hosts mean."""
    found = dict.fromkeys(ends.behind(route.id))
    if route.kind == "VirtualService":
        virtuals = Virtuals.of(one for one in view.resources if one.kind == route.kind)
        hosts = [(route.namespace, one) for one in items_of(dig(route.attrs, "spec", "hosts"))]
        hosts += [(sent.namespace, sent.host) for sent in virtuals.sent(route) if not sent.mirror]
        found |= dict.fromkeys(node for space, host in hosts for node in ends.members(host, space))
    elif route.kind == "TraefikService":
        found |= dict.fromkeys(ends.members(dig(route.attrs, "spec", "mirroring", "name"), route.namespace))
    for rule in items_of(dig(route.attrs, "spec", "rules" if route.kind in _ROUTES else "routes")):
        for one in (*items_of(dig(rule, "backendRefs")), *items_of(dig(rule, "services"))):
            space = dig(one, "namespace") or route.namespace
            if dig(one, "mirror") in (None, False) and isinstance(space, str):
                found |= dict.fromkeys(ends.members(dig(one, "name"), space))
    return list(found)


def _fact(ends: Ends, route: Resource, one: Copy) -> Diverted | None:
    away, shown, last = ends.away(one.host, one.namespace)
    if away is False:
        return None
    because = f"it copies requests to `{shown}`"
    step = leg(route, one.line or own_line(route), because)
    if one.doubt and away is True:
        cause = f"whether `{route.address}`, which copies requests to `{shown}`, is followed is not known"
        away = Unknown(cause, decided_by=(one.doubt,))
    legs = (step,) if last is None else (step, last)
    return Diverted(origin=step.origin, because=because, by=route.address, away=away, legs=legs)
