"""Managed models of AWS: the Bedrock models that a unit uses, with their doors, enforcement and logs."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.aws_identity.principals import Principal, principals
from scanner.builders.aws_identity.targets import BEDROCK_ADDRESS, BEDROCK_KIND, KINDS, MODEL_ARNS
from scanner.builders.aws_models.doors import add_doors
from scanner.builders.aws_models.enforcement import add_enforcement
from scanner.builders.aws_models.logs import add_gateway_logs, add_logs, add_sinks
from scanner.builders.aws_models.places import add_places
from scanner.builders.aws_policy.decide import acts_on
from scanner.builders.aws_policy.match import ANY, Truth, glob, meets
from scanner.builders.aws_policy.statements import Statement
from scanner.builders.blocks import first
from scanner.builders.draft import World
from scanner.builders.recognise.reference import bedrock
from scanner.builders.recognise.terraform import called, managed, managed_references
from scanner.graph.facts import ModelReference
from scanner.graph.model import Node, Role
from scanner.origin import Origin
from scanner.podspec import containers, environment, pod_templates
from scanner.resource import Resource
from scanner.tables import inference_actions
from scanner.unknown import Ref, Unknown, Value

PREFIXES = ("aws_bedrock", "awscc_bedrock")
NO_MODELS = ("data.aws_s3_", "data.aws_kms_", "data.aws_iam_")
"""Data sources of what a policy names beside models."""
MODEL_VARIABLES = ("BEDROCK_MODEL_ID", "BEDROCK_MODEL", "BEDROCK_MODEL_ARN", "AWS_BEDROCK_MODEL_ID")


def build_aws_models(world: World) -> None:
    """Add a node for the Bedrock models of each unit that uses them; facts on it and on SageMaker endpoints."""
    everyone = principals(world)
    add_sinks(world)
    callers: dict[str, list[Resource]] = {}
    for unit in sorted({one.unit for one in world.inventory.all}):
        here = [one for one in everyone if one.unit == unit]
        users = sorted(_users(world, unit, here), key=lambda found: (str(found[0]), found[1]))
        if not users:
            continue
        origin, why = users[0]
        node = world.ensure(
            Node(
                id=f"{unit}:{BEDROCK_ADDRESS}",
                kind=BEDROCK_KIND,
                address=BEDROCK_ADDRESS,
                name="Bedrock models",
                origin=origin,
            )
        )
        world.add_roles(node.id, [Role.MODEL], why)
        for fact in _references(world, unit, here):
            world.add_fact(node.id, fact)
        add_places(world, unit, node.id)
        callers[unit] = _callers(here)
        add_enforcement(world, unit, node.id, callers[unit])
    add_doors(world, everyone)
    add_logs(world, callers)
    add_gateway_logs(world)


def _users(world: World, unit: str, here: list[Principal]) -> Iterator[tuple[Origin, str]]:
    """What shows that a unit uses Bedrock: (line, why)."""
    for one in world.inventory.in_unit(unit):
        if one.data:
            continue
        if one.kind.startswith(PREFIXES):
            yield one.origin, f"`{one.address}` belongs to Bedrock"
        elif one.kind == "aws_vpc_endpoint":
            service = first(one, "service_name")
            if service is not None and ".bedrock" in service.text:
                yield one.origin, f"`{one.address}` is an endpoint of Bedrock"
    for principal, statement in _naming(here):
        if statement.origin is not None:
            yield statement.origin, f"policy `{statement.policy}` of `{principal.name}` names Bedrock's inference"


def _naming(here: list[Principal]) -> Iterator[tuple[Principal, Statement]]:
    """The Allow statements that name an inference action of Bedrock, by more than `*`."""
    rows = [row for row in inference_actions() if row.kind in KINDS and row.action.startswith("bedrock")]
    for principal in here:
        for policy in principal.policies:
            for statement in policy.statements:
                named = [glob(one, fold=True).text for one in statement.actions]
                if not statement.allows or statement.not_actions or not any(n.startswith("bedrock") for n in named):
                    continue
                if any(acts_on(statement, row.action) is not Truth.NO for row in rows):
                    yield principal, statement


def _callers(here: list[Principal]) -> list[Resource]:
    """The principals of the inputs that name Bedrock's inference, each once."""
    found = {one.node_id: one.resource for one, _ in _naming(here) if one.resource is not None}
    return [found[key] for key in sorted(found)]


def _references(world: World, unit: str, here: list[Principal]) -> Iterator[ModelReference]:
    """Which Bedrock models a unit calls, as far as anything in it says."""
    for principal, statement in _naming(here):
        if acts_on(statement, "bedrock:InvokeModel") is Truth.NO:
            continue
        for value in statement.resources if not statement.not_resources else ("*",):
            yield from _of_arn(principal, statement, value)
    for one in world.inventory.in_unit(unit):
        if one.data:
            continue
        yield from called(one)
        if one.kind.startswith(PREFIXES) and managed(one):
            yield from managed_references(world, one)
        if one.is_manifest and pod_templates(one):
            yield from _variables(one)


def _of_arn(principal: Principal, statement: Statement, value: Value) -> Iterator[ModelReference]:
    because = f"policy `{statement.policy}` lets `{principal.name}` call it"
    pattern = glob(value)
    origin = statement.named or statement.origin
    if isinstance(value, Unknown) and not value.pieces:
        if value.ref is None or _looked_up(value.ref):
            yield ModelReference(origin=origin, because=because, reference=value)
        return
    if not any(meets(pattern.text, target) for target in MODEL_ARNS):
        return
    name = pattern.text.rpartition("/")[2] if "/" in pattern.text else ANY
    if isinstance(value, Unknown) and ANY in name:
        yield ModelReference(origin=origin, because=because, reference=value)
        return
    shown = pattern.text.replace(ANY, "*")
    reference = bedrock(shown) if ANY not in name else f"bedrock:{name.replace(ANY, '*')}"
    if isinstance(reference, str) and reference.startswith("bedrock:arn:"):
        reference = f"bedrock:{name}"
    yield ModelReference(origin=origin, because=because, reference=reference)


def _looked_up(ref: Ref) -> bool:
    """Whether an ARN comes from a data source that may tell of a model; models of the inputs tell of themselves."""
    return ref.address.startswith("data.") and not ref.address.startswith(NO_MODELS)


def _variables(one: Resource) -> Iterator[ModelReference]:
    """Model ids in the environment of a workload's containers."""
    for template in pod_templates(one):
        for container in containers(template.spec):
            for name in MODEL_VARIABLES:
                found = environment(container).get(name)
                if found is not None:
                    because = f"`{name}` of `{one.address}` names the model"
                    origin = found.origin or template.origin
                    yield ModelReference(origin=origin, because=because, reference=bedrock(found.value))
