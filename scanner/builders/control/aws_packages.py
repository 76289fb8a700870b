"""Models of SageMaker that a registry or a tag decides on: who approves a package, and who tags what policies go by."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.aws_identity.principals import principals
from scanner.builders.control.aws_holds import Behind, Hold
from scanner.builders.draft import World
from scanner.builders.edges import Doubt
from scanner.graph.facts import ModelReference
from scanner.graph.model import Node, Role
from scanner.resource import Resource
from scanner.unknown import Unknown, refs_in

GROUP = "aws_sagemaker_model_package_group"
ENDPOINTS = ("aws_sagemaker_endpoint", "awscc_sagemaker_endpoint")
APPROVES = frozenset({"sagemaker:UpdateModelPackage"})
TAGS = frozenset({"sagemaker:AddTags"})
SERVING = frozenset({Role.MODEL, Role.CLASSIFIER, Role.GATEWAY})
TAGGED = ("aws:resourcetag/", "sagemaker:resourcetag/")


def packages(world: World) -> Iterator[Behind]:
    """Groups of packages that a model is served from, and endpoints whose tags a policy goes by."""
    for group in world.inventory.of(GROUP):
        holds = tuple(_served(world, group))
        if holds:
            yield Behind(group, "model", holds, APPROVES)
    some = list(world.inventory.of(*ENDPOINTS))
    units = _tagged(world) if some else frozenset()
    for one in some:
        if one.unit in units and world.nodes[one.id].roles & SERVING:
            yield Behind(one, "model", (), TAGS)


def _served(world: World, group: Resource) -> Iterator[Hold]:
    name = group.attrs.get("model_package_group_name")
    for node in world.with_role(*SERVING):
        for fact in node.facts if _unit(node) == group.unit else ():
            if not isinstance(fact, ModelReference):
                continue
            if isinstance(fact.reference, Unknown):
                if any(ref.address == group.address for ref in refs_in(fact.reference)):
                    yield Hold(node.id, "it serves a package of the group", fact.origin)
                elif isinstance(name, str) and f"/{name}/" in f"{fact.reference.text()}/":
                    doubt = Doubt("value-unknown", fact.reference.decided_by or (node.address,))
                    yield Hold(node.id, "it may serve a package of the group", fact.origin, doubt)
            elif isinstance(name, str) and f"/{name}/" in f"{fact.reference}/":
                yield Hold(node.id, "it serves a package of the group", fact.origin)


def _tagged(world: World) -> frozenset[str]:
    """The units in which a policy asks for a tag of what it speaks of."""
    return frozenset(
        principal.unit
        for principal in principals(world)
        for policy in principal.policies
        for statement in policy.statements
        for condition in statement.conditions
        if isinstance(condition.key, str) and condition.key.lower().startswith(TAGGED)
    )


def _unit(node: Node) -> str:
    return node.id.partition(":")[0]
