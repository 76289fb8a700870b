"""Resources and a profile in, graph out: the builders in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from scanner.builders.absent import build_absent
from scanner.builders.admission.build import build_admission
from scanner.builders.admission.mutating import build_mutating_webhooks
from scanner.builders.admission.rewriters import build_rewriters
from scanner.builders.agreement import build_agreement
from scanner.builders.aws_entry.build import build_aws_entry
from scanner.builders.aws_identity.build import build_aws_identity
from scanner.builders.aws_models.build import build_aws_models
from scanner.builders.aws_network.build import build_aws_network
from scanner.builders.azure_models import build_azure_models
from scanner.builders.caller_identity.build import build_caller_identity
from scanner.builders.cluster_delivery.build import build_cluster_deliveries
from scanner.builders.consumers.build import build_consumers
from scanner.builders.control.build import build_control
from scanner.builders.credentials.build import build_credentials
from scanner.builders.draft import World
from scanner.builders.evidence.audit_trails import build_audit_trails
from scanner.builders.evidence.stores import build_evidence_stores
from scanner.builders.explicit_denies import build_explicit_denies
from scanner.builders.gateway_routes.build import build_gateway_routes
from scanner.builders.google_models import build_google_models
from scanner.builders.inventory import Inventory
from scanner.builders.k8s_machines import build_k8s_machines
from scanner.builders.k8s_network.build import build_k8s_network
from scanner.builders.literals import build_literals
from scanner.builders.mesh.build import build_mesh
from scanner.builders.model_supply.build import build_model_supply
from scanner.builders.opaque.build import build_opaque
from scanner.builders.placement.build import build_placement
from scanner.builders.planned_changes import build_planned_changes
from scanner.builders.recognise.build import build_roles
from scanner.builders.replicas import build_replicas
from scanner.builders.supply.build import build_supply
from scanner.builders.switches.build import build_switches
from scanner.builders.switches.modalities import build_modalities
from scanner.builders.told_endpoints import build_told_endpoints
from scanner.builders.unmodelled import build_unmodelled, unmodelled_kinds
from scanner.builders.workload_identity import build_workload_identity
from scanner.graph.graph import Graph
from scanner.lock import Pins
from scanner.profile import Profile
from scanner.resource import Resource

STEPS: tuple[Callable[[World], None], ...] = (
    build_roles,
    build_placement,
    build_literals,
    build_opaque,
    build_replicas,
    build_switches,
    build_admission,
    build_mutating_webhooks,
    build_rewriters,
    build_k8s_network,
    build_k8s_machines,
    build_gateway_routes,
    build_aws_network,
    build_aws_entry,
    build_mesh,
    build_aws_models,
    build_azure_models,
    build_google_models,
    build_aws_identity,
    build_consumers,
    build_workload_identity,
    build_control,
    build_credentials,
    build_supply,
    build_cluster_deliveries,
    build_explicit_denies,
    build_audit_trails,
    build_evidence_stores,
    build_model_supply,
    build_modalities,
    build_caller_identity,
    build_told_endpoints,
    build_planned_changes,
    build_unmodelled,
    build_absent,
    build_agreement,
)
"""Roles first, since every later step asks for them; edges that need other edges last."""


@dataclass(frozen=True, slots=True)
class Built:
    """The graph, and what the report must say of how it was built."""

    graph: Graph
    assumptions: tuple[str, ...]
    trusted: tuple[str, ...]
    assumed_absent: tuple[str, ...]
    recognised: dict[str, str]
    unmodelled: int = 0


def build(resources: Iterable[Resource], profile: Profile, pins: Pins | None = None) -> Built:
    """The graph of everything that was read; `pins` is what the agreement is held against, None for none."""
    world = World(Inventory(resources), profile, pins)
    for step in STEPS:
        step(world)
    return Built(
        graph=world.freeze(),
        assumptions=tuple(world.assumptions),
        trusted=tuple(world.trusted),
        assumed_absent=tuple(world.assumed_absent),
        recognised=dict(world.recognised),
        unmodelled=sum(unmodelled_kinds(world).values()),
    )
