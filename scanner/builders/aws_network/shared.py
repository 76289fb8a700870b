"""Subnets and security groups that are shared with other accounts: what those put there may get where its network gets.

Facts: Amazon VPC User Guide, "Share your VPC subnets with other accounts" (participants launch into the subnet,
with groups of their own or with shared ones) and "Share security groups with AWS Organizations"; AWS RAM User Guide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scanner.builders.aws_network.interfaces import Interface
from scanner.builders.blocks import text
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect, doubt_of, first_doubt, values
from scanner.builders.inventory import RECORDED
from scanner.builders.supply.outside import account_of
from scanner.builders.supply.shares import same_share
from scanner.origin import Origin
from scanner.resource import Resource

SHARED, PRINCIPAL = "aws_ram_resource_association", "aws_ram_principal_association"
SUBNETS = ("aws_subnet", "aws_default_subnet")
GROUPS = ("aws_security_group",)
NETWORKS = ("aws_vpc", "aws_default_vpc")


def add_shared(world: World, interfaces: list[Interface], targets: Callable[[Interface], set[str]]) -> None:
    """Possible edges from accounts that share a network to the models and members of the stack that stand in it."""
    for thing, name, origin, doubt in _shares(world):
        network = world.inventory.find(thing.attrs.get("vpc_id"), thing, *NETWORKS)
        home = network.id if isinstance(network, Resource) else ""
        why = first_doubt(doubt, Doubt("value-unknown", (f"what {name} puts into {thing.address}",)))
        because = f"`{thing.address}` is shared with it: it may stand in the network"
        for one in interfaces:
            if thing.id in one.subnets or (home and one.vpc == home):
                for target in sorted(targets(one)):
                    connect(world, world.external(name).id, target, because, origin, doubt=why, cut=True)


def _shares(world: World) -> Iterator[tuple[Resource, str, Origin | None, Doubt | None]]:
    """(what is shared, whom with, the line, what decides it), for subnets and security groups of the inputs."""
    principals = list(world.inventory.like(PRINCIPAL))
    shown = _shown(world) if principals else frozenset()
    for one in world.inventory.like(SHARED) if principals else ():
        for found in values(one, "resource_arn"):
            thing = world.inventory.find(found.value, one, *SUBNETS, *GROUPS)
            if not isinstance(thing, Resource) or thing.data or thing.kind not in (*SUBNETS, *GROUPS):
                continue
            for other in principals:
                same = same_share(world, one, other)
                for whom in values(other, "principal") if same is not False else ():
                    account = account_of(text(whom.value))
                    if account in shown or (not account and other.source in RECORDED):
                        continue  # what stands there is read; accounts beside what was recorded are assumptions
                    name = f"aws-account/{account}" if account else f"aws-principal/{text(whom.value) or 'unknown'}"
                    also = same if isinstance(same, Doubt) else None
                    yield thing, name, whom.origin, first_doubt(also, doubt_of(one.possible), doubt_of(other.possible))


def _shown(world: World) -> frozenset[str]:
    """The accounts whose principals were recorded: what else stands in them was recorded as well."""
    recorded = (one.address.split(":") for one in world.inventory.like("aws_iam_role") if one.source in RECORDED)
    return frozenset(parts[4] for parts in recorded if len(parts) > 4)
