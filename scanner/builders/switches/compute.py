"""What functions, tasks and machines of AWS run, as containers: the same switches stand in their variables."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found, at
from scanner.builders.draft import World
from scanner.builders.recognise.containers import Container
from scanner.builders.recognise.machines import machine_containers
from scanner.resource import Resource

FUNCTION = "aws_lambda_function"
COMPUTE = frozenset({FUNCTION, "aws_ecs_service", "aws_ecs_task_definition", "aws_instance"})
"""The kinds that are looked at."""


def run_by(world: World, resource: Resource) -> Iterator[Container]:
    """The containers of a resource; a function is one, with its variables."""
    if resource.kind != FUNCTION:
        yield from machine_containers(world, resource)
        return
    env: dict[str, Found] = {}
    for found in at(resource, "environment.variables"):
        if isinstance(found.value, dict):
            names = [name for name in found.value if isinstance(name, str)]
            env.update({name: each for name in names for each in at(resource, f"environment.variables.{name}")[:1]})
    yield Container(name=resource.name, image=None, env=env)
