"""A Diverted fact on each gateway, classifier and model of a cluster for each object that diverts what comes to it."""

from __future__ import annotations

from scanner.builders.draft import World
from scanner.builders.k8s_network.view import View, view_of

KINDS = frozenset(
    {
        "WasmPlugin", "EnvoyFilter", "TrafficExtension", "Sidecar", "VirtualService", "HTTPRoute", "GRPCRoute",
        "Ingress", "HTTPProxy", "TraefikService", "TrafficControl", "PacketCapture",
    }
)  # fmt: skip
"""A cluster without any of these is not looked at: most have none."""


def build_diversions(world: World) -> None:
    """Ask each cluster that has an object of a kind that may divert."""
    for unit, resources in sorted(world.inventory.in_clusters().items()):
        if not any(one.kind in KINDS for one in resources):
            continue
        view = view_of(world, unit, resources)
        if not view.targets:
            continue
        _divert(view)


def _divert(view: View) -> None:
    # Loaded only where there is something to divert, and what may.
    from scanner.builders.diversions.mirrors import mirrors
    from scanner.builders.diversions.proxies import patched
    from scanner.builders.diversions.taps import taps
    from scanner.builders.k8s_network.services import Services

    services = Services.of(view)
    for node, fact in (*patched(view, services), *mirrors(view, services), *taps(view)):
        view.world.add_fact(node, fact)
