"""The network plane of Kubernetes: who reaches a model, a gateway or a classifier, pod by pod and from outside."""

from __future__ import annotations

from scanner.builders.draft import World, node_of
from scanner.builders.k8s_network.answerers import build_answerers
from scanner.builders.k8s_network.containers import build_containers
from scanner.builders.k8s_network.egress import build_egress
from scanner.builders.k8s_network.exposure import build_exposure
from scanner.builders.k8s_network.gateways import build_gateways
from scanner.builders.k8s_network.guards import build_guards
from scanner.builders.k8s_network.isolation import build_isolation
from scanner.builders.k8s_network.members import members
from scanner.builders.k8s_network.other_clusters import build_other_clusters
from scanner.builders.k8s_network.platforms.registry import made_objects
from scanner.builders.k8s_network.routes import build_routes
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.sets import build_sets
from scanner.builders.k8s_network.strangers import build_strangers
from scanner.builders.k8s_network.trusted import admitted_callers
from scanner.builders.k8s_network.view import View, view_of
from scanner.graph.model import Role

TRUSTED_BASE = "nodes and the kubelet can always reach the pods of their node: they are part of the trusted base"


def build_k8s_network(world: World) -> None:
    """Actors and edges of every unit that declares a workload of Kubernetes."""
    for unit, resources in sorted(world.inventory.in_clusters().items()):
        view = view_of(world, unit, resources)
        for workload in view.workloads:
            world.set_actor(view.node(workload.address))
        if view.targets:
            _build(view)


def _build(view: View) -> None:
    view.world.assumptions[TRUSTED_BASE] = None
    admitted = admitted_callers(view)
    sources = build_sets(view, admitted)
    made = made_objects(view.resources)
    for one in made:
        view.world.ensure(node_of(one))
    view.add(made)
    services = Services.of(view)
    build_exposure(view, services, sources)
    build_other_clusters(view, services)
    build_routes(view, services, sources)
    build_gateways(view, services, sources)
    build_containers(view)
    build_answerers(view, services)
    members(view, sources)
    build_isolation(view, admitted)
    build_guards(view)
    build_strangers(view)
    build_egress(view)
    for target in view.targets:
        if any(view.world.nodes[one].roles & {Role.MODEL} for one in target.nodes) and not target.listening.inference:
            said = f"`{target.name}` is taken to answer on every port: which one it listens on is not known"
            view.world.assumptions[said] = None
