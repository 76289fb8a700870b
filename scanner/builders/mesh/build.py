"""The service mesh of each cluster: its ways, and its policies as gates on every way into a model or the stack."""

from __future__ import annotations

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.k8s_network.view import view_of
from scanner.builders.mesh.apply import guarded
from scanner.builders.mesh.authorizer import Authorizer
from scanner.builders.mesh.installed import installed
from scanner.builders.mesh.membership import DATAPLANE, INJECTION, REVISION
from scanner.builders.mesh.others import KINDS, doubted, speaks
from scanner.builders.mesh.places import Places
from scanner.resource import Resource, dig

POLICIES = ("AuthorizationPolicy", "PeerAuthentication")
ASKED = ("EnvoyFilter", "Sidecar", "ProxyConfig", "WasmPlugin", "Telemetry", "RequestAuthentication", "WorkloadGroup")
"""Kinds of a mesh that open no way by themselves, and close none that counts."""


def build_mesh(world: World) -> None:
    """The gates of every cluster in which anything of a mesh is declared."""
    list(world.inventory.of(*ASKED, *POLICIES, *(kind for kind, _ in KINDS)))
    for unit, resources in sorted(_units(world.inventory).items()):
        istio, other = any(_speaks(one) for one in resources), any(speaks(one) for one in resources)
        if not istio and not other:
            continue
        view = view_of(world, unit, resources)
        if view.targets and istio:
            guarded(view, Places.of(view, Authorizer.of(resources, installed(world, unit, resources))), {})
        if view.targets and other:
            doubted(view)


def _units(inventory: Inventory) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for one in inventory.all:
        if one.kind[:1].isupper() and not one.data:
            found.setdefault(one.unit, []).append(one)
    return found


def _speaks(one: Resource) -> bool:
    """Whether a resource says anything of a mesh."""
    if one.kind in POLICIES:
        return one.group == "security.istio.io"
    labels = dig(one.attrs, "metadata", "labels") if one.kind == "Namespace" else None
    return any(dig(labels, key) is not None for key in (INJECTION, REVISION, DATAPLANE))
