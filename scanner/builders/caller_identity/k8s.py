"""Whether routes of the Gateway API ask who calls: policies of Envoy Gateway."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.draft import World
from scanner.graph.facts_access import CallerIdentity
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown

GATEWAY_API = "gateway.networking.k8s.io"
ENVOY = "gateway.envoyproxy.io"
METHODS = ("jwt", "basicAuth", "apiKeyAuth", "oidc", "extAuth")
"""Parts of a SecurityPolicy that turn a caller away who does not say who it is."""


def build_route_identity(world: World) -> None:
    """A fact for each HTTPRoute and GRPCRoute, by the SecurityPolicies on it and on the Gateways it attaches to."""
    for route in world.inventory.of("HTTPRoute", "GRPCRoute"):
        if route.group != GATEWAY_API:
            continue
        policies = list(_policies(world, route))
        best = _best(policies)
        if best is None:
            because = (
                "no SecurityPolicy of the inputs asks who calls: whether what is behind the route does is not known"
            )
            unknown = Unknown(because, decided_by=(f"the gateway behind {route.address}",))
            origin = mark(route.attrs, "metadata", "name") or route.origin
            best = CallerIdentity(origin=origin, because=because, asked=unknown)
        world.add_fact(route.id, best)


def _best(found: list[CallerIdentity]) -> CallerIdentity | None:
    """The policy that asks, else one that may, else one that does not."""
    return min(found, key=lambda one: (one.asked is not True, one.asked is False), default=None)


def _policies(world: World, route: Resource) -> Iterator[CallerIdentity]:
    parents = {
        (str(dig(one, "namespace") or route.namespace), str(dig(one, "name")))
        for one in items_of(dig(route.attrs, "spec", "parentRefs"))
    }
    for policy in world.inventory.of("SecurityPolicy", unit=route.unit):
        if policy.group != ENVOY:
            continue
        for target in (*items_of(dig(policy.attrs, "spec", "targetRefs")), dig(policy.attrs, "spec", "targetRef")):
            kind, name = dig(target, "kind"), dig(target, "name")
            own = kind == route.kind and name == route.name and policy.namespace == route.namespace
            if own or (kind == "Gateway" and (policy.namespace, str(name)) in parents):
                yield _asks(policy)
                break


def _asks(policy: Resource) -> CallerIdentity:
    spec = dig(policy.attrs, "spec")
    origin = mark(policy.attrs, "spec") or policy.origin
    if isinstance(spec, Unknown):
        return CallerIdentity(origin=origin, because=f"what `{policy.address}` asks is not known", asked=spec)
    for name in METHODS:
        part = dig(spec, name)
        if part is None:
            continue
        where = mark(spec, name) or origin
        loose = dig(part, "optional" if name == "jwt" else "failOpen")
        key = "optional" if name == "jwt" else "failOpen"
        if loose is True or isinstance(loose, Unknown):
            because = f"`{name}.{key}` of `{policy.address}` lets pass who proves nothing"
            asked = loose if isinstance(loose, Unknown) else False
            return CallerIdentity(origin=mark(part, key) or where, because=because, asked=asked)
        because = f"`{policy.address}` asks every caller who it is (`{name}`)"
        return CallerIdentity(origin=where, because=because, asked=policy.possible or True)
    return CallerIdentity(origin=origin, because=f"`{policy.address}` asks nobody who it is", asked=False)
