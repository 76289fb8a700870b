"""Stores of weights: what the profile names, and what a model loads from."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import at
from scanner.builders.draft import World
from scanner.builders.inventory import names
from scanner.graph.facts import ModelReference
from scanner.graph.model import Role
from scanner.resource import Resource
from scanner.unknown import Unknown, refs_in

BUCKETS = {
    "s3": (("aws_s3_bucket", "bucket"), ("awscc_s3_bucket", "bucket_name"), ("aws_s3_directory_bucket", "bucket")),
    "gs": (("google_storage_bucket", "name"),),
    "oci": (("aws_ecr_repository", "name"), ("google_artifact_registry_repository", "repository_id")),
}
"""By scheme of a URI: the Terraform types that hold it, and the argument with their name."""
STORE_TYPES = frozenset(kind for rows in BUCKETS.values() for kind, _ in rows)
LOADS = (
    ("aws_sagemaker_model", "primary_container.model_data_url"),
    ("aws_sagemaker_model", "container.model_data_url"),
    ("aws_sagemaker_model", "primary_container.model_data_source.s3_data_source.s3_uri"),
    ("aws_sagemaker_model", "container.model_data_source.s3_data_source.s3_uri"),
    ("aws_bedrock_custom_model", "output_data_config.s3_uri"),
    ("google_vertex_ai_model", "artifact_uri"),
)


def add_stores(world: World) -> None:
    """Role STORE for the profile's stores, and for what a model's reference or a SageMaker model points into."""
    for entry in world.profile.stores:
        for resource in _named(world, entry):
            world.add_roles(resource.id, [Role.STORE], f"the profile names it under `models.stores` (`{entry}`)")
    for node in world.with_facts():
        for fact in node.facts:
            if isinstance(fact, ModelReference):
                for resource in _of_reference(world, node.id.partition(":")[0], fact):
                    world.add_roles(resource.id, [Role.STORE], f"`{node.address}` loads its model from it")
    for kind, path in LOADS:
        for resource in world.inventory.of(kind):
            for one in at(resource, path):
                for store in _pointed(world, resource.unit, one.value):
                    world.add_roles(store.id, [Role.STORE], f"`{resource.address}` loads its model from it")


def _named(world: World, entry: str) -> Iterator[Resource]:
    if "://" in entry:
        yield from by_uri(world, entry)
        return
    for resource in world.inventory.all:
        if names(entry, resource.unit, resource.address) and not resource.data:
            yield resource


def by_uri(world: World, uri: str) -> Iterator[Resource]:
    """The buckets or repositories, of any unit, that a URI points into."""
    scheme, _, rest = uri.partition("://")
    if scheme == "oci":
        name = rest.partition("@")[0].partition("/")[2].rpartition(":")[0] or rest.partition("@")[0].partition("/")[2]
    else:
        name = rest.partition("/")[0]
    for kind, key in BUCKETS.get(scheme, ()):
        for resource in world.inventory.of(kind):
            if name and resource.attrs.get(key) == name:
                yield resource


def _of_reference(world: World, unit: str, fact: ModelReference) -> Iterator[Resource]:
    if isinstance(fact.reference, Unknown):
        yield from _pointed(world, unit, fact.reference)
    elif fact.reference.startswith("oci:"):
        yield from by_uri(world, f"oci://{fact.reference[4:]}")
    else:
        yield from by_uri(world, fact.reference)


def _pointed(world: World, unit: str, value: object) -> Iterator[Resource]:
    """The stores that a value refers to, by name or by reference."""
    if isinstance(value, str):
        yield from by_uri(world, value)
    elif isinstance(value, Unknown):
        for ref in refs_in(value):
            found = world.inventory.at(unit, ref.address)
            if found is not None and found.kind in STORE_TYPES:
                yield found
        if value.pieces and "*" not in value.text().partition("://")[2].partition("/")[0]:
            yield from by_uri(world, value.text())
