"""The service mesh of each cluster: its ways, and its policies as gates on every way into a model or the stack."""

from __future__ import annotations

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.k8s_network.view import View, view_of
from scanner.builders.mesh.labels import DATAPLANE, INJECTION, REVISION
from scanner.builders.mesh.others import KINDS, doubted, speaks
from scanner.builders.mesh.virtual import is_virtual
from scanner.resource import Resource, dig

POLICIES = ("AuthorizationPolicy", "PeerAuthentication")
ISTIO = ("networking.istio.io", "security.istio.io", "extensions.istio.io", "telemetry.istio.io")
"""Groups of which every kind is read here, or opens no way by itself and closes none that counts."""


def build_mesh(world: World) -> None:
    """The gates of every cluster in which anything of a mesh is declared."""
    _asked(world.inventory)
    for unit, resources in sorted(world.inventory.in_clusters().items()):
        istio, other = any(_speaks(one) for one in resources), any(speaks(one) for one in resources)
        if not istio and not other:
            continue
        view = view_of(world, unit, resources)
        if view.targets and istio:
            _istio(view)
        if view.targets and other:
            doubted(view)


def _istio(view: View) -> None:
    # Loaded only where there is a mesh of Istio, and something in it to guard.
    from scanner.builders.mesh.apply import guarded
    from scanner.builders.mesh.authorizer import Authorizer
    from scanner.builders.mesh.facts import build_virtual_facts
    from scanner.builders.mesh.installed import installed
    from scanner.builders.mesh.places import Places
    from scanner.builders.mesh.routed import routed, routed_gateways

    authorizer = Authorizer.of(view.resources, installed(view.world, view.unit, view.resources))
    places = Places.of(view, authorizer)
    build_virtual_facts(view, authorizer.mesh.root)
    guarded(view, places, {**routed(view, places), **routed_gateways(view, places)})


def _asked(inventory: Inventory) -> None:
    """Say which kinds are modelled: those of which no resource is of a group that is not known here."""
    kinds = {(one.kind, one.group) for one in inventory.all if one.group}
    mine = {kind for kind, group in kinds if group in ISTIO or (kind, group) in KINDS}
    if mine:
        known = (one for one in inventory.all if one.kind in mine)
        others = {one.kind for one in known if one.group not in ISTIO and (one.kind, one.group) not in KINDS}
        inventory.asked.update(mine - others)


def _speaks(one: Resource) -> bool:
    """Whether a resource says anything of a mesh."""
    if one.kind in POLICIES or is_virtual(one):
        return one.group.endswith(".istio.io")
    labels = dig(one.attrs, "metadata", "labels") if one.kind == "Namespace" else None
    return any(dig(labels, key) is not None for key in (INJECTION, REVISION, DATAPLANE))
