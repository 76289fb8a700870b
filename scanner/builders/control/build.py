"""The control plane: who can change or switch off the safety stack, by Kubernetes' and by AWS's own rights."""

from __future__ import annotations

from fnmatch import fnmatchcase

from scanner.builders.control.aws import add_aws_control
from scanner.builders.control.eks import access_rights, add_groups
from scanner.builders.control.rbac import add_rbac, mark_platform
from scanner.builders.draft import World
from scanner.builders.inventory import names
from scanner.graph.model import Node, Role

WORDS = {"group": "Group", "user": "User", "serviceaccount": "ServiceAccount"}


def build_control(world: World) -> None:
    """Add "write" edges to the safety stack, and roles to the subjects of Kubernetes that hold them."""
    add_groups(world)
    add_rbac(world, access_rights(world))
    add_aws_control(world)
    mark_platform(world)
    _operators(world)
    _platform(world)


def _operators(world: World) -> None:
    """Role OPERATOR for the subjects that the profile names: `group:x`, `user:x`, `serviceaccount:namespace/x`."""
    for entry in world.profile.operators:
        if entry.startswith("arn:"):
            _outside(world, entry)
            continue
        word, colon, name = entry.partition(":")
        kind = WORDS.get(word)
        if not colon or kind is None:
            continue
        for node in list(world.nodes.values()):
            if node.kind == kind and fnmatchcase(_called(node), name):
                world.set_actor(node.id)
                world.add_roles(node.id, [Role.OPERATOR], "the profile names it under `operators`")


def _outside(world: World, entry: str) -> None:
    """Role OPERATOR for principals that the inputs only refer to, by their ARN as far as it is known."""
    for node in list(world.nodes.values()):
        if node.kind == "Principal":
            arn = node.name if node.name.startswith("arn:") else f"{entry.partition(':role/')[0]}:role/{node.name}"
        elif node.address.startswith("external/aws-principal/"):
            arn = node.name.removeprefix("aws-principal/")
        else:
            account, _, path = node.name.removeprefix("aws-account/").partition("/")
            if not node.address.startswith("external/aws-account/") or not path:
                continue
            arn = f"{entry.partition(':iam::')[0]}:iam::{account}:{path}"
        if "*" not in arn and fnmatchcase(arn, entry):
            world.add_roles(node.id, [Role.OPERATOR], "the profile names it under `operators`")


def _called(node: Node) -> str:
    return f"{node.namespace}/{node.name}" if node.kind == "ServiceAccount" else node.name


def _platform(world: World) -> None:
    """Role PLATFORM for the subjects that the profile names under `platform`."""
    for node in list(world.nodes.values()):
        if node.kind in WORDS.values() and node.id not in world.inventory.by_id:
            unit = node.id.removesuffix(f":{node.address}")
            if any(names(entry, unit, node.address) for entry in world.profile.platform):
                world.add_roles(node.id, [Role.PLATFORM], "the profile names it under `platform`")
