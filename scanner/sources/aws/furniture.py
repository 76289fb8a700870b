"""What AWS itself puts into every region of an account: a default network in which nothing stands is no deployment.

Source: Amazon VPC User Guide, "Default VPCs": a subnet in each zone, an internet gateway, the main route table, the
default network ACL and the default security group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.resource import Resource

KINDS = frozenset(
    {
        "aws_vpc", "aws_subnet", "aws_default_security_group", "aws_default_network_acl", "aws_internet_gateway",
        "aws_route_table", "aws_main_route_table_association", "aws_ec2_managed_prefix_list",
    }
)  # fmt: skip
DEFAULT = "is_default"
"""The attribute that a default network has here; Terraform's provider has none for it."""


def without_furniture(resources: Iterable[Resource]) -> Iterator[Resource]:
    """Everything but the default networks of regions that hold nothing else."""
    regions: dict[str, list[Resource]] = {}
    for one in resources:
        regions.setdefault(one.provider.address if one.provider else "", []).append(one)
    for some in regions.values():
        networks = [one for one in some if one.kind == "aws_vpc"]
        own = any(one.kind not in KINDS or one.possible is not None for one in some)
        own = own or any(one.attrs.get(DEFAULT) is not True for one in networks)
        if own or not networks:
            yield from some
