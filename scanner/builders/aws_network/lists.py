"""Prefix lists: the ranges that one names, with what is not known of them."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found, line
from scanner.builders.edges import Doubt, doubt_of, each, first_doubt
from scanner.builders.inventory import Inventory
from scanner.builders.ranges import AddressRange, parse_cidr
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

LIST_KIND = "aws_ec2_managed_prefix_list"
UNREAD = "prefix-list-unread"


def entries_of(inventory: Inventory, listed: Resource) -> list[Found]:
    """What a declared list holds: its own entries, and those that stand for themselves."""
    found = list(each(listed.attrs, "entry.cidr", line(listed, "entry")))
    for one in inventory.of("aws_ec2_managed_prefix_list_entry", unit=listed.unit):
        if inventory.find(one.attrs.get("prefix_list_id"), listed) is listed:
            found.append(Found(one.attrs.get("cidr"), one.origin, one.possible))
    return found


def listed_ranges(inventory: Inventory, value: Value, unit: str) -> Iterator[tuple[AddressRange | None, Doubt | None]]:
    """The ranges of the list that `value` names; None, with a doubt, for what is not known of it."""
    listed = inventory.find(value, unit, LIST_KIND)
    if not isinstance(listed, Resource) or listed.data:
        named = doubt_of(value) if isinstance(value, Unknown) else None
        yield None, Doubt(UNREAD, named.decided_by if named else (str(value),))
        return
    for entry in entries_of(inventory, listed):
        known = parse_cidr(entry.value) if isinstance(entry.value, str) else None
        unsure = None if known else Doubt("value-unknown", (listed.address,))
        yield known, first_doubt(doubt_of(entry.unknown), unsure)
