"""Which subjects of Kubernetes are the cluster itself, operators of the profile, or strangers by definition."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from scanner.builders.draft import World
from scanner.builders.inventory import names
from scanner.builders.k8s_identity import runs_as
from scanner.graph.model import Node, Role

WORDS = {"group": "Group", "user": "User", "serviceaccount": "ServiceAccount"}
GROUPS = ("system:masters", "system:nodes", "system:bootstrappers")
USERS = ("system:kube-", "system:node", "system:apiserver", "eks:", "system:aggregator")
CONTROLLERS = "kube-system"
ANONYMOUS = ("Group/system:unauthenticated", "User/system:anonymous")
GOOGLE = "google_container_cluster"
DIRECTORY = ("azuread_group", "azuread_user", "azuread_service_principal", "azuread_application")
_SUBJECTS = frozenset(WORDS.values())
NAMED = "the profile names it under `operators`"


def mark_platform(world: World) -> None:
    """Role PLATFORM for the subjects that are the cluster itself; the report says so."""
    for node in [node for node in world.nodes.values() if node.kind in _SUBJECTS]:
        base = node.kind == "Group" and node.name in GROUPS
        base = base or (node.kind == "User" and node.name.startswith(USERS))
        base = base or (
            node.kind == "ServiceAccount" and node.namespace == CONTROLLERS and node.name.endswith("-controller")
        )
        if base:
            world.add_roles(node.id, [Role.PLATFORM], "it is part of the cluster's control plane")
            world.assumptions[f"`{node.address}` is the cluster itself: it is trusted"] = None


def mark_strangers(world: World) -> None:
    """Role EXTERNAL for those whom the API server does not know, and for everybody whom Google does."""
    google = {one.unit for one in world.inventory.of(GOOGLE)}
    for node in list(world.nodes.values()):
        anyone = node.kind == "Group" and node.name == "system:authenticated" and _unit(node) in google
        if node.address in ANONYMOUS or anyone:
            world.add_roles(node.id, [Role.EXTERNAL])


def mark_operators(world: World) -> None:
    """Role OPERATOR for the subjects that the profile names: `group:x`, `user:x`, `serviceaccount:namespace/x`.

    A workload that runs as an operator's account is the operator at work: it has the role as well.
    """
    subjects = [node for node in world.nodes.values() if node.kind in _SUBJECTS]
    for entry in world.profile.operators:
        word, colon, name = entry.partition(":")
        kind = WORDS.get(word)
        if entry.startswith("arn:"):
            _outside(world, entry)
        elif colon and kind is not None:
            for node in subjects:
                if node.kind == kind and fnmatchcase(called(node), name):
                    world.set_actor(node.id)
                    world.add_roles(node.id, [Role.OPERATOR], NAMED)
        else:
            for one in world.inventory.of(*DIRECTORY):
                if names(entry, one.unit, one.address):
                    world.add_roles(one.id, [Role.OPERATOR], NAMED)
    for node_id, account in _at_work(world):
        world.add_roles(node_id, [Role.OPERATOR], f"it runs as the operator `{account}`")


def _at_work(world: World) -> Iterator[tuple[str, str]]:
    for one in runs_as(world):
        account = world.nodes.get(f"{one.resource.unit}:{one.namespace}/ServiceAccount/{one.name}")
        if isinstance(one.name, str) and account is not None and Role.OPERATOR in account.roles:
            yield one.resource.id, account.address


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
            world.add_roles(node.id, [Role.OPERATOR], NAMED)


def called(node: Node) -> str:
    """A subject as the profile writes it: `namespace/name` for a service account, its name for others."""
    return f"{node.namespace}/{node.name}" if node.kind == "ServiceAccount" else node.name


def mark_named_platform(world: World) -> None:
    """Role PLATFORM for the subjects that the profile names under `platform`."""
    if not world.profile.platform:
        return
    for node in list(world.nodes.values()):
        own = node.kind in (*WORDS.values(), "Webhook") and node.id not in world.inventory.by_id
        if own and any(names(entry, _unit(node), node.address) for entry in world.profile.platform):
            world.add_roles(node.id, [Role.PLATFORM], "the profile names it under `platform`")


def _unit(node: Node) -> str:
    return node.id.removesuffix(f":{node.address}")
