"""Workloads that mount a claim with weights: who mounts it reads it."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect, doubt_of, first_doubt
from scanner.graph.facts import ModelReference
from scanner.graph.model import Node, Plane, Role
from scanner.origin import Origin
from scanner.podspec import pod_templates
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

CLAIM = "PersistentVolumeClaim"


def build_mounts(world: World) -> None:
    """Role STORE for claims that a model loads from by `pvc://`, and an edge to each workload that mounts a store."""
    for node in world.with_facts():
        for fact in node.facts:
            if isinstance(fact, ModelReference) and isinstance(fact.reference, str):
                _loaded(world, node, fact.reference)
    for resource in world.inventory.all:
        if resource.is_manifest and not resource.data:
            for claim, origin, doubt in _claims(resource):
                doubt = first_doubt(doubt_of(claim) if isinstance(claim, Unknown) else None, doubt)
                for store in _stores(world, resource, claim):
                    because = f"`{resource.address}` mounts the claim"
                    world.set_actor(resource.id)
                    connect(
                        world,
                        store,
                        resource.id,
                        because,
                        origin,
                        plane=Plane.SUPPLY,
                        verb="read",
                        doubt=doubt,
                        cut=True,
                    )


def _loaded(world: World, node: Node, reference: str) -> None:
    if not reference.startswith("pvc://") or not node.namespace:
        return
    unit = node.id.removesuffix(f":{node.address}")
    claim = world.inventory.at(unit, f"{node.namespace}/{CLAIM}/{reference[6:].partition('/')[0]}")
    if claim is not None:
        world.add_roles(claim.id, [Role.STORE], f"`{node.address}` loads its model from it")


def _claims(resource: Resource) -> Iterator[tuple[Value, Origin, Doubt | None]]:
    for template in pod_templates(resource):
        for index, volume in enumerate(items_of(dig(template.spec, "volumes"))):
            name = dig(volume, "persistentVolumeClaim", "claimName")
            if name is not None:
                line = mark(template.spec, "volumes", index, "persistentVolumeClaim", "claimName") or template.origin
                yield name, line, doubt_of(resource.possible)


def _stores(world: World, resource: Resource, claim: Value) -> Iterator[str]:
    if isinstance(claim, Unknown):
        # Nobody knows which: it may be any of the namespace that has the weights.
        for one in world.inventory.of(CLAIM, unit=resource.unit):
            same = (one.namespace or "default") == (resource.namespace or "default")
            if same and Role.STORE in world.nodes[one.id].roles:
                yield one.id
    if not isinstance(claim, str):
        return
    found = world.inventory.at(resource.unit, f"{resource.namespace or 'default'}/{CLAIM}/{claim}")
    if found is not None and Role.STORE in world.nodes[found.id].roles:
        yield found.id
