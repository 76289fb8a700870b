"""What meshes and the like do with calls to a Service before they reach it: the caller's own proxy sends them.

Sources: Istio "Virtual Service" (followed by the sidecars of callers where no gateway, or `mesh`, is named; faults are
put in by them), Gateway API "GAMMA" (routes whose parent is a Service), Linkerd "Service profiles" and `HTTPRoute`,
SMI "Traffic Split", Cilium "Local Redirect Policy".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TypeAlias

from msgspec import Struct

from scanner.builders.k8s_network.hosts import names, service_of
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.mesh.authorizer import Authorizer
from scanner.builders.mesh.installed import installed
from scanner.builders.mesh.membership import Member
from scanner.builders.mesh.places import Places
from scanner.builders.mesh.routes import entries_at
from scanner.builders.mesh.virtual import Virtuals, in_mesh
from scanner.builders.stack_ways.ends import Ends
from scanner.builders.stack_ways.istio import of_entry, of_patches, of_virtual
from scanner.builders.stack_ways.routed import of_route, other_ways, parent_of
from scanner.builders.stack_ways.way import Way, perhaps
from scanner.podspec import PodTemplate
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value

Plain: TypeAlias = Callable[..., Iterator[Way]]
Elsewhere: TypeAlias = Callable[[Value, Value, str], Iterator[Way]]


class Overlay(Struct, dict=True):
    """The objects of one cluster that lead calls of one gateway elsewhere."""

    ends: Ends
    pods: tuple[tuple[int, PodTemplate], ...]
    plain: Plain
    elsewhere: Elsewhere

    @cached_property
    def virtuals(self) -> Virtuals:
        """The VirtualServices."""
        return Virtuals.of(self.ends.view.resources)

    @cached_property
    def members(self) -> list[Member]:
        """How each pod of the gateway is in Istio's mesh."""
        view = self.ends.view
        places = Places.of(view, Authorizer.of(view.resources, installed(view.world, view.unit, view.resources)))
        return [places.member(view.cluster.pods[pod], template) for pod, template in self.pods]

    @property
    def namespaces(self) -> frozenset[str]:
        """Where the gateway's pods stand."""
        return frozenset(self.ends.view.cluster.pods[pod].namespace for pod, _ in self.pods)

    def on(self, service: Resource, port: Value) -> tuple[list[Way], bool]:
        """The ways of calls to a Service that objects of a mesh make, and whether calls take no other."""
        found: list[Way] = []
        certain = False
        for route in self.virtuals.by_name.values():
            told = self._speaks(route, service)
            if told is Match.NO:
                continue
            ways = of_virtual(self, route, service, port)
            sure = told is Match.YES and self._certain(route)
            certain = certain or sure
            found.extend(ways if sure else self._perhaps(ways, route))
        for route in self.ends.view.resources:
            if parent_of(route, service, port, self.namespaces):
                found.extend(self._perhaps(of_route(self, route, service), route))
        found.extend(other_ways(self, service, port))
        return found, certain

    def patched(self) -> Iterator[Way]:
        """Patches of the gateway's own proxy."""
        yield from of_patches(self)

    def entries(self, host: str, port: Value) -> Iterator[Way]:
        """What ServiceEntries say of a host, where the gateway is in the mesh."""
        meant = service_of(host, next(iter(sorted(self.namespaces)), ""))
        full = f"{meant[1]}.{meant[0]}.svc.cluster.local" if meant is not None else host
        seen: dict[str, Resource] = {}
        for name in (host, full):
            seen.update({one.id: one for one in entries_at(self.ends.view.resources, name)})
        for one in seen.values():
            yield from self._perhaps(of_entry(self, one, host, port), one)

    def _perhaps(self, ways: Iterator[Way] | list[Way], by: Resource) -> Iterator[Way]:
        cause = f"whether the gateway's calls follow `{by.address}` is not known"
        unsure = perhaps(ways, cause, by.address)
        yield from (one for one in unsure if one.arrives is not True)

    def _certain(self, route: Resource) -> bool:
        """Whether the sidecars of all of the gateway's pods follow a VirtualService."""
        members = self.members
        return route.possible is None and bool(members) and all(one.sure is Match.YES for one in members)

    def _speaks(self, route: Resource, service: Resource) -> Match:
        """Whether a VirtualService speaks of calls inside the mesh to a Service."""
        if not in_mesh(route):
            return Match.NO
        best = Match.NO
        for host in items_of(dig(route.attrs, "spec", "hosts")):
            meant = service_of(host, route.namespace)
            if meant is None:
                full = f"{service.name}.{service.namespace}.svc.cluster.local"
                hit = isinstance(host, str) and host.startswith("*") and full.endswith(host[1:])
                best = max(best, Match.YES if hit else Match.NO)
            elif names(meant, service.namespace, service.name):
                best = max(best, Match.MAYBE if isinstance(host, Unknown) else Match.YES)
        return min(best, self._exported(route)) if best is not Match.NO else best

    def _exported(self, route: Resource) -> Match:
        """Whether a VirtualService is shown to the namespace of the gateway; the default is every namespace."""
        listed = dig(route.attrs, "spec", "exportTo")
        if listed is None:
            return Match.YES
        best = Match.NO
        for one in items_of(listed):
            if not isinstance(one, str):
                best = max(best, Match.MAYBE)
            elif one == "*" or one in self.namespaces or (one == "." and route.namespace in self.namespaces):
                best = Match.YES
        return best
