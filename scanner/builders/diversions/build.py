"""A Diverted fact on each gateway, classifier and model of a cluster for each object that diverts what comes to it."""

from __future__ import annotations

from scanner.builders.diversions.mirrors import mirrors
from scanner.builders.diversions.proxies import patched
from scanner.builders.diversions.taps import taps
from scanner.builders.draft import World
from scanner.builders.k8s_network.pods import HELM
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.view import view_of
from scanner.resource import Resource

KINDS = frozenset(
    {
        "WasmPlugin", "EnvoyFilter", "TrafficExtension", "Sidecar", "VirtualService", "HTTPRoute", "GRPCRoute",
        "Ingress", "HTTPProxy", "TraefikService", "TrafficControl", "PacketCapture",
    }
)  # fmt: skip
"""A cluster without any of these is not looked at: most have none."""


def build_diversions(world: World) -> None:
    """Ask each cluster that has an object of a kind that may divert."""
    units: dict[str, list[Resource]] = {}
    for one in world.inventory.all:
        if (one.kind[:1].isupper() or one.kind == HELM) and not one.data:
            units.setdefault(one.unit, []).append(one)
    for unit, resources in sorted(units.items()):
        if not any(one.kind in KINDS for one in resources):
            continue
        view = view_of(world, unit, resources)
        if not view.targets:
            continue
        services = Services.of(view)
        for node, fact in (*patched(view, services), *mirrors(view, services), *taps(view)):
            world.add_fact(node, fact)
