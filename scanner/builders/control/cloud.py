"""The control plane of clouds: who can change or switch off the safety stack by rights in an account."""

from __future__ import annotations

from scanner.builders.control.aws import add_aws_control
from scanner.builders.control.bringing import build_bringing
from scanner.builders.control.platform import mark_named_platform, mark_operators, mark_platform, mark_strangers
from scanner.builders.draft import World


def build_cloud_control(world: World) -> None:
    """Add "write" edges to the safety stack by rights in AWS, and roles to whoever holds the rights of any plane."""
    mark_operators(world)
    mark_platform(world)
    add_aws_control(world)
    mark_operators(world)
    mark_platform(world)
    mark_strangers(world)
    mark_named_platform(world)
    build_bringing(world)
