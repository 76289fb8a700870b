"""Serving platforms that make ways from outside to models; the routes of every other kind are called here."""

from __future__ import annotations

from scanner.builders.edges import connect
from scanner.builders.k8s_network.entry import INTERNET, shut
from scanner.builders.k8s_network.ingress import build_ingress
from scanner.builders.k8s_network.members import Sources
from scanner.builders.k8s_network.other_routes import build_other_routes
from scanner.builders.k8s_network.platforms.registry import platform_ways
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.sets import any_pod
from scanner.builders.k8s_network.view import TARGET_ROLES, View


def build_routes(view: View, services: Services, sources: Sources) -> None:
    """Every route of the cluster but those of the Gateway API."""
    build_ingress(view, services, sources)
    build_other_routes(view, services, sources)
    if any(one.group.endswith("istio.io") for one in view.resources):
        from scanner.builders.mesh.routes import build_mesh_routes  # what a cluster without Istio does not need

        build_mesh_routes(view, services, sources)
    _platforms(view, sources)


def _platforms(view: View, sources: Sources) -> None:
    """Serving platforms that make a way from outside, or from every pod, of their own accord."""
    closed = {node for one in view.targets if all(shut(view, pod) for pod in one.pods) for node in one.nodes}
    for one in view.resources:
        node = view.world.nodes.get(one.id)
        if node is None or not node.roles & TARGET_ROLES or one.id in closed:
            continue
        for way in platform_ways(one):
            source = any_pod(view, sources) if way.inside else view.world.external(INTERNET).id
            connect(view.world, source, one.id, way.because, way.origin, doubt=way.doubt, cut=True)
