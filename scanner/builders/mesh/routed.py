"""Who calls behind a route: the proxies that serve it, with the identity that the mesh gives them."""

from __future__ import annotations

from scanner.builders.k8s_network.view import View
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.mesh.guard import Caller
from scanner.builders.mesh.ingress import front, gateways_of, serves
from scanner.builders.mesh.places import ACCOUNT, GATEWAYS, Places
from scanner.builders.mesh.virtual import Virtuals, gateways
from scanner.resource import Resource, dig, items_of

_ROUTES = frozenset({"HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute"})
_CLASS = "istio"


def routed(view: View, places: Places) -> dict[str, tuple[Caller, ...]]:
    """The proxies behind each VirtualService all of whose Gateways are served by pods of the inputs."""
    known = gateways_of(view)
    found: dict[str, tuple[Caller, ...]] = {}
    for route in Virtuals.of(view.resources).by_name.values():
        bound = gateways(route)
        if not bound or any(one not in known for one in bound):
            continue
        fronts = [front(view, known[one]) for one in bound if serves(known[one], route)]
        if fronts and all(one.workloads for one in fronts):
            workloads = {each.address: each for one in fronts for each in one.workloads}
            found[route.id] = tuple(caller for each in workloads.values() for caller in places.callers(each))
    return found


def routed_gateways(view: View, places: Places) -> dict[str, tuple[Caller, ...]]:
    """The proxies behind each route of the Gateway API whose Gateways are all of Istio's own class."""
    found: dict[str, tuple[Caller, ...]] = {}
    for route in view.resources:
        if route.kind not in _ROUTES or route.group != GATEWAYS:
            continue
        parents = [_parent(places, route, one) for one in items_of(dig(route.attrs, "spec", "parentRefs"))]
        identities = [None if one is None else _identity(places, one) for one in parents]
        if identities and None not in identities:
            found[route.id] = tuple(Caller((((one, Match.YES),),)) for one in identities)
    return found


def _parent(places: Places, route: Resource, reference: object) -> Resource | None:
    given = reference if isinstance(reference, dict) else {}
    space, name = given.get("namespace") or route.namespace, given.get("name")
    if given.get("kind", "Gateway") != "Gateway" or not isinstance(space, str) or not isinstance(name, str):
        return None
    return places.gateways.get((space, name))


def _identity(places: Places, gateway: Resource) -> str | None:
    """The identity of the proxies that Istio starts for a Gateway of its class; None for one of another."""
    account = dig(gateway.attrs, "metadata", "annotations", ACCOUNT)
    if dig(gateway.attrs, "spec", "gatewayClassName") != _CLASS or not isinstance(account, str | None):
        return None
    if items_of(dig(gateway.attrs, "spec", "addresses")):
        return None  # proxies that someone else runs serve it
    return places.authorizer.trust.identity(gateway.namespace, account or f"{gateway.name}-{_CLASS}")
