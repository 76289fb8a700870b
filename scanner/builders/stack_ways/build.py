"""The ways from each gateway to its classifiers and its models, by its own settings, and what classifiers run."""

from __future__ import annotations

from scanner.builders.draft import World
from scanner.builders.recognise.containers import is_kubernetes
from scanner.builders.stack_ways.program import build_programs
from scanner.builders.stack_ways.settings import Setting, settings
from scanner.graph.model import Role
from scanner.podspec import pod_templates
from scanner.resource import Resource


def build_stack_ways(world: World) -> None:
    """A StackWay fact for each way that a setting of a gateway leads, a Program for what a classifier runs instead."""
    build_programs(world)
    waiting: dict[str, list[tuple[Resource, list[Setting]]]] = {}
    for one in world.resources_with(Role.GATEWAY):
        if is_kubernetes(one) and not one.data and pod_templates(one):
            some = settings(world, one)
            if some:
                waiting.setdefault(one.unit, []).append((one, some))
    if waiting:
        # Loaded only where a gateway names a host.
        from scanner.builders.stack_ways.led import add_ways

        add_ways(world, waiting)
