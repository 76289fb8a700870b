"""Resources and a profile in, graph out: the builders in their order, each loaded where there is something for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, cast

from msgspec import Struct

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.graph.graph import Graph
from scanner.profile import Profile
from scanner.resource import Asked, Resource

if TYPE_CHECKING:
    from scanner.lock import Pins

Builder = Callable[[World], None]


def anything(inventory: Inventory) -> bool:
    """Whatever was read."""
    return True


def kubernetes(inventory: Inventory) -> bool:
    """Objects of Kubernetes, as manifests or in Terraform."""
    return inventory.has_kubernetes


def clusters(inventory: Inventory) -> bool:
    """Clusters, or objects of Kubernetes."""
    return inventory.has_kubernetes or inventory.has_clusters


def azure(inventory: Inventory) -> bool:
    """Anything of Azure, as its provider for Terraform has it."""
    return inventory.has_azure


def google(inventory: Inventory) -> bool:
    """Anything of Google Cloud."""
    return inventory.has_google


def distributions(inventory: Inventory) -> bool:
    """Distributions of CloudFront."""
    return next(inventory.of("aws_cloudfront_distribution"), None) is not None


def schedules(inventory: Inventory) -> bool:
    """Schedules, of AWS or of a cluster."""
    kinds = ("aws_scheduler_schedule", "aws_cloudwatch_event_target", "CronJob")
    return any(True for kind in kinds for _ in inventory.like(kind))


def gateway_routes(inventory: Inventory) -> bool:
    """Routes of the Gateway API."""
    return any(True for kind in ("HTTPRoute", "GRPCRoute") for _ in inventory.like(kind))


def request_authentications(inventory: Inventory) -> bool:
    """Objects of Istio that say which tokens a gateway knows."""
    return any(True for _ in inventory.like("RequestAuthentication"))


def recorded(inventory: Inventory) -> bool:
    """What an API told, now or when it was recorded."""
    return any(one.source in ("bundle", "live") or one.aliases for one in inventory.all)


def everybody(_profile: Profile) -> bool:
    """Whatever the profile says."""
    return True


def stop_controls(profile: Profile) -> bool:
    """The profile names stop controls."""
    return bool(profile.stop_controls)


def units_or_places(profile: Profile) -> bool:
    """The profile says what the deployment is made of, or where it stands."""
    return bool(profile.units or profile.places)


def sinks(profile: Profile) -> bool:
    """The profile says where evidence is stored."""
    return profile.has("evidence.sinks") or bool(profile.evidence_sinks)


def delivery(profile: Profile) -> bool:
    """The profile says from where the stack is delivered, and whose its keys are."""
    return profile.has("delivery")


def update_paths(profile: Profile) -> bool:
    """The profile says what updates the classifiers."""
    return bool(profile.updates)


class Step(NamedTuple):
    """A builder: its module below `scanner.builders`, its name there, and what there must be for it to do anything.

    needs: among the inputs; wanted: in the profile.

    Loading all of them costs more than judging the few files of a commit.
    """

    module: str
    name: str
    needs: Callable[[Inventory], bool] = anything
    wanted: Callable[[Profile], bool] = everybody

    def __call__(self, world: World) -> None:
        """Load the builder, and run it."""
        cast(Builder, getattr(import_module(f"scanner.builders.{self.module}"), self.name))(world)


STEPS = (
    Step("recognise.build", "build_roles"),
    Step("placement.build", "build_placement"),
    Step("literals", "build_literals"),
    Step("opaque.build", "build_opaque"),
    Step("replicas", "build_replicas"),
    Step("spares", "build_spares"),
    Step("observed", "build_observed", recorded),
    Step("released", "build_released", recorded),
    Step("switches.build", "build_switches"),
    Step("admission.build", "build_admission", kubernetes),
    Step("admission.mutating", "build_mutating_webhooks", kubernetes),
    Step("admission.rewriters", "build_rewriters", kubernetes),
    Step("k8s_network.build", "build_k8s_network", kubernetes),
    Step("k8s_machines", "build_k8s_machines", kubernetes),
    Step("gateway_routes.build", "build_gateway_routes", kubernetes),
    Step("aws_network.build", "build_aws_network"),
    Step("aws_entry.build", "build_aws_entry"),
    Step("mesh.build", "build_mesh", kubernetes),
    Step("stack_ways.build", "build_stack_ways", kubernetes),
    Step("diversions.build", "build_diversions", kubernetes),
    Step("aws_models.build", "build_aws_models"),
    Step("azure_models", "build_azure_models", azure),
    Step("google_models", "build_google_models", google),
    Step("aws_identity.build", "build_aws_identity"),
    Step("edge_functions", "build_edge_functions", distributions),
    Step("consumers.build", "build_consumers"),
    Step("workload_identity", "build_workload_identity"),
    Step("control.build", "build_cluster_control", clusters),
    Step("control.cloud", "build_cloud_control"),
    Step("credentials.build", "build_credentials"),
    Step("supply.build", "build_supply"),
    Step("cluster_delivery.build", "build_cluster_deliveries"),
    Step("explicit_denies", "build_explicit_denies"),
    Step("evidence.audit_trails", "build_audit_trails"),
    Step("evidence.stores", "build_evidence_stores", wanted=sinks),
    Step("evidence.schedules", "build_schedules", schedules),
    Step("model_supply.build", "build_model_supply"),
    Step("switches.modalities", "build_modalities"),
    Step("caller_identity.build", "build_caller_identity"),
    Step("caller_identity.k8s", "build_route_identity", gateway_routes),
    Step("caller_identity.mesh", "build_mesh_identity", request_authentications),
    Step("told_endpoints", "build_told_endpoints"),
    Step("planned_changes", "build_planned_changes"),
    Step("unmodelled", "build_unmodelled"),
    Step("coverage", "build_coverage", wanted=units_or_places),
    Step("stack_delivery.build", "build_stack_delivery", wanted=delivery),
    Step("update_paths.build", "build_update_paths", wanted=update_paths),
    Step("stop_controls.build", "build_stop_controls", wanted=stop_controls),
    Step("absent", "build_absent"),
    Step("agreement", "build_agreement"),
)
"""Roles first, since every later step asks for them; edges that need other edges last."""


class Built(Struct, frozen=True):
    """The graph, and what the report must say of how it was built."""

    graph: Graph
    assumptions: tuple[str, ...]
    trusted: tuple[str, ...]
    assumed_absent: tuple[str, ...]
    recognised: dict[str, str]
    unmodelled: int = 0


def build(
    resources: Iterable[Resource],
    profile: Profile,
    pins: Pins | None = None,
    steps: Iterable[Step] = STEPS,
    asked: Iterable[Asked] = (),
) -> Built:
    """The graph of everything that was read; `pins` is what the agreement is held against, None for none.

    asked: where APIs were asked.
    """
    world = World(Inventory(resources), profile, pins, tuple(asked))
    for step in steps:
        if step.needs(world.inventory) and step.wanted(profile):
            step(world)
    unmodelled = import_module("scanner.builders.unmodelled").unmodelled_kinds(world)
    return Built(
        graph=world.freeze(),
        assumptions=tuple(world.assumptions),
        trusted=tuple(world.trusted),
        assumed_absent=tuple(world.assumed_absent),
        recognised=dict(world.recognised),
        unmodelled=sum(unmodelled.values()),
    )
