"""Doors of Vertex AI endpoints: the public API unless a network or a private connection takes its place."""

from __future__ import annotations

from scanner.builders.blocks import first
from scanner.builders.draft import World
from scanner.graph.facts import Door
from scanner.graph.model import Role
from scanner.resource import Resource
from scanner.unknown import Unknown

ENDPOINTS = ("google_vertex_ai_endpoint", "google_vertex_ai_endpoint_with_model_garden_deployment")
CONNECT = ("private_service_connect_config", "endpoint_config.private_service_connect_config")


def build_google_models(world: World) -> None:
    """Add Door facts to the Vertex AI endpoints that are models."""
    for one in world.inventory.of(*ENDPOINTS):
        if Role.MODEL in world.nodes[one.id].roles:
            world.add_fact(one.id, _door(one))


def _door(one: Resource) -> Door:
    network = first(one, "network")
    if network is not None:
        because = "`network` peers it with a VPC: whom it lets in is for that network to say"
        unknown = Unknown(because, code="network", decided_by=(f"{one.address}.network",))
        return Door(origin=network.origin, because=because, door="private", open=unknown)
    for path in CONNECT:
        enabled = first(one, f"{path}.enable_private_service_connect")
        if enabled is None:
            continue
        if enabled.unknown is not None:
            because = "whether private service connect is on is not known"
            return Door(origin=enabled.origin, because=because, door="public", open=enabled.unknown)
        if enabled.value is True or str(enabled.value).lower() == "true":
            projects = first(one, f"{path}.project_allowlist")
            because = "private service connect admits the projects of `project_allowlist`"
            unknown = Unknown(because, code="network", decided_by=(f"{one.address}.{path}.project_allowlist",))
            origin = enabled.origin if projects is None else projects.origin
            return Door(origin=origin, because=because, door="private", open=unknown)
    because = "neither `network` nor `private_service_connect_config` is set: the default is the public endpoint"
    return Door(origin=one.origin, because=because, door="public", open=True)
