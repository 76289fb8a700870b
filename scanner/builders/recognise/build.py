"""Roles: what is a model, a candidate, a store, a part of the safety stack or an operator, and which model it is."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.builders.draft import World
from scanner.builders.recognise.containers import Container, is_kubernetes
from scanner.builders.recognise.machines import machine_containers, machine_references, machine_verdict
from scanner.builders.recognise.objects import model_row, object_containers, object_references, object_verdict
from scanner.builders.recognise.signals import Verdict
from scanner.builders.recognise.stack import (
    add_guardrails,
    add_operators,
    add_profile_roles,
    classifier_row,
    gateway_row,
    not_models,
)
from scanner.builders.recognise.stores import add_stores
from scanner.builders.recognise.terraform import called, managed, managed_references
from scanner.builders.recognise.upstreams import upstreams
from scanner.graph.facts import ModelReference
from scanner.graph.model import Role
from scanner.resource import Resource

CLAIMED = frozenset({Role.GATEWAY, Role.CLASSIFIER})
"""What the profile puts in the stack is never a model or a candidate."""


def build_roles(world: World) -> None:
    """Give roles to nodes: the profile first, then the tables; then what each model serves, and where from."""
    add_profile_roles(world)
    dismissed = not_models(world)
    for resource in world.inventory.all:
        if not resource.data:
            _recognise(world, resource, resource.id in dismissed)
    add_stores(world)
    add_guardrails(world)
    add_operators(world)


def _recognise(world: World, resource: Resource, dismissed: bool) -> None:
    for fact in called(resource):
        world.add_fact(resource.id, fact)
        world.set_actor(resource.id)
    roles = world.nodes[resource.id].roles
    if dismissed:
        world.drop_roles(resource.id, [Role.MODEL])
        return
    if roles & CLAIMED:
        world.drop_roles(resource.id, [Role.MODEL])
        _claimed(world, resource, roles)
        return
    seen = proposed(world, resource)
    if Role.MODEL in roles:
        seen = Verdict(Role.MODEL, "the profile names it under `models.servers`")
    if seen is None:
        _gateway_lookalike(world, resource)
        return
    references = references_of(world, resource) if seen.role is Role.MODEL else []
    classifies = "" if world.profile.has("safety_stack.classifiers") else _classifies(world, resource, references)
    if classifies and Role.MODEL not in roles:
        says = f"{classifies}; the profile does not say which servers are classifiers"
        world.add_roles(resource.id, [Role.CLASSIFIER], says)
    else:
        world.add_roles(resource.id, [seen.role], seen.how)
    for fact in references:
        world.add_fact(resource.id, fact)


def proposed(world: World, resource: Resource) -> Verdict | None:
    """The role that the tables propose for a resource, whatever the profile says."""
    if is_kubernetes(resource):
        return object_verdict(world, resource)
    why = managed(resource)
    return Verdict(Role.MODEL, why) if why else machine_verdict(world, resource)


def references_of(world: World, resource: Resource) -> list[ModelReference]:
    """Which model a resource serves, by whatever it is."""
    if is_kubernetes(resource):
        return object_references(world, resource)
    return managed_references(world, resource) if managed(resource) else machine_references(world, resource)


def containers(world: World, resource: Resource) -> Sequence[Container]:
    """The containers that a resource runs."""
    return object_containers(world, resource) if is_kubernetes(resource) else machine_containers(world, resource)


def _claimed(world: World, resource: Resource, roles: frozenset[Role]) -> None:
    if Role.GATEWAY in roles and is_kubernetes(resource):
        for fact in upstreams(world, resource):
            world.add_fact(resource.id, fact)
    if Role.CLASSIFIER in roles and proposed(world, resource) is not None:
        for fact in references_of(world, resource):
            world.add_fact(resource.id, fact)


def _classifies(world: World, resource: Resource, references: list[ModelReference]) -> str:
    return classifier_row(resource, containers(world, resource), references)


def _gateway_lookalike(world: World, resource: Resource) -> None:
    """Say what looks like a gateway; only the profile makes it one."""
    if not is_kubernetes(resource) or (model_row(resource) is not None and resource.kind == "ServingRuntime"):
        return
    says = gateway_row(resource, containers(world, resource))
    if says and world.nodes[resource.id].roles.isdisjoint(CLAIMED):
        world.recognised.setdefault(resource.id, f"looks like a gateway ({says}); the profile does not name it")
