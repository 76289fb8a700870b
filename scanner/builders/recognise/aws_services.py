"""Containers that services of AWS run beside ECS and EKS: Batch, App Runner, Lambda, Lightsail, CodeBuild, AgentCore.

Facts: the Terraform provider for AWS (`aws_batch_job_definition`, `aws_apprunner_service`, `aws_lambda_function`,
`aws_lightsail_container_service_deployment_version`, `aws_codebuild_project`, `aws_bedrockagentcore_agent_runtime`,
`aws_ecs_express_gateway_service`); AWS Batch API Reference, RegisterJobDefinition (`containerProperties`,
`ecsProperties.taskProperties[].containers`, `nodeProperties.nodeRangeProperties[].container`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from scanner.builders.aws_policy.statements import structure
from scanner.builders.blocks import Found, at, reach
from scanner.builders.recognise.containers import Container, container, containers_of
from scanner.origin import Origin
from scanner.resource import Attrs, Items, Resource, mark
from scanner.unknown import Unknown, Value

BATCH = "aws_batch_job_definition"
IN_JSON = {
    "container_properties": ("",),
    "ecs_properties": ("taskProperties.containers",),
    "node_properties": ("nodeRangeProperties.container", "nodeRangeProperties.ecsProperties.taskProperties.containers"),
}
"""Argument of a job definition, a JSON document -> where its containers stand."""
BLOCKS: dict[str, tuple[str, Mapping[str, str]]] = {
    "aws_ecs_express_gateway_service": (
        "primary_container", {"image": "image", "command": "command", "environment": "environment"},
    ),
    "aws_apprunner_service": (
        "source_configuration.image_repository",
        {
            "image": "image_identifier",
            "command": "image_configuration.start_command",
            "environment": "image_configuration.runtime_environment_variables",
        },
    ),
    "aws_lambda_function": (
        "",
        {
            "image": "image_uri",
            "entryPoint": "image_config.entry_point",
            "command": "image_config.command",
            "environment": "environment.variables",
        },
    ),
    "aws_lightsail_container_service_deployment_version": (
        "container", {"image": "image", "command": "command", "environment": "environment"},
    ),
    "aws_codebuild_project": ("environment", {"image": "image"}),
    "aws_bedrockagentcore_agent_runtime": (
        "", {
            "image": "agent_runtime_artifact.container_configuration.container_uri",
            "environment": "environment_variables",
        },
    ),
}  # fmt: skip
"""Type -> the block of its container ("" for the resource), and where that holds what a definition of ECS calls so."""
SCRIPTED = {
    "aws_codebuild_project": ("source.buildspec",),
    "aws_apprunner_service": (
        "source_configuration.code_repository.code_configuration.code_configuration_values.start_command",
    ),
}
"""Type -> where a script stands that it runs."""
SERVICES = frozenset({BATCH, *BLOCKS})
JOBS = frozenset({BATCH, "aws_codebuild_project"})
"""Those that run to an end: what fetches weights there serves nothing."""


def service_containers(resource: Resource) -> Iterator[Container]:
    """The containers that a resource of `SERVICES` runs."""
    if resource.kind == BATCH:
        yield from _of_batch(resource)
        return
    path, names = BLOCKS[resource.kind]
    for block in at(resource, path) if path else [Found(resource.attrs, resource.origin)]:
        body = _body(block, names)
        if body.get("image") is not None:
            yield _made(body, block.origin)


def _of_batch(resource: Resource) -> Iterator[Container]:
    for argument, paths in IN_JSON.items():
        value = resource.attrs.get(argument)
        if value is None:
            continue
        origin = mark(resource.attrs, argument) or resource.origin
        document = structure(value, resource.address, origin)
        for path in paths:
            for found in (each for one in reach(document, path, origin) for each in _items(one)):
                if isinstance(found.value, Mapping):
                    yield _made(found.value, found.origin or origin)
                elif isinstance(found.value, Unknown):
                    yield container({"image": found.value}, found.origin or origin)
    yield from containers_of(resource)


def _items(found: Found) -> Iterator[Found]:
    if isinstance(found.value, list | tuple):
        yield from (Found(one, mark(found.value, place) or found.origin) for place, one in enumerate(found.value))
    else:
        yield found


def _made(body: Mapping[str, Value], origin: Origin | None) -> Container:
    """As in ECS, the command of a definition is given to the image's own entry point."""
    return replace(container(body, origin), own_command=bool(body.get("entryPoint")))


def _body(block: Found, names: Mapping[str, str]) -> Attrs:
    """A block as a definition of ECS would say it."""
    made = Attrs()
    for name, path in names.items():
        for found in reach(block.value, path, block.origin):
            if name == "environment" and isinstance(found.value, Mapping):
                listed = [{"name": str(key), "value": value} for key, value in found.value.items()]
                made[name] = Items([Attrs(one) for one in listed])
            elif name == "environment":
                if isinstance(found.value, Unknown):
                    made[name] = found.value
                made.setdefault(name, Items([]))
                continue
            elif name == "image":
                made[name] = found.value
            else:
                # Each item of a list is found by itself, or the list as a whole.
                made[name] = Items([*_listed(made.get(name)), *(_listed(found.value) or [found.value])])
            if found.origin is not None:
                made.marks[name] = found.origin
    return made


def _listed(value: Value) -> list[Value]:
    return list(value) if isinstance(value, list | tuple) else []
