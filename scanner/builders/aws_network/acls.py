"""Network ACLs: they never count as closing, but one that does not begin by admitting everything leaves a doubt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.aws_network.routes import SUBNET_KINDS
from scanner.builders.edges import Doubt, first_doubt, values
from scanner.builders.inventory import Inventory
from scanner.resource import Resource
from scanner.unknown import Value

ACL_KINDS = ("aws_network_acl", "aws_default_network_acl")


def guarded_subnets(inventory: Inventory) -> dict[str, Doubt]:
    """The subnets, by node id, whose ACL may keep something out; the default ACL that nobody manages admits all."""
    found: dict[str, Doubt] = {}
    for acl in inventory.of(*ACL_KINDS):
        if _admits_all(inventory, acl):
            continue
        doubt = Doubt("network-acl-unevaluated", (acl.address,))
        for subnet in _subnets(inventory, acl):
            found[subnet] = first_doubt(found.get(subnet), doubt) or doubt
    return found


def _subnets(inventory: Inventory, acl: Resource) -> Iterator[str]:
    named = [(found.value, acl.unit) for found in values(acl, "subnet_ids")]
    for link in inventory.of("aws_network_acl_association", unit=acl.unit):
        if inventory.find(link.attrs.get("network_acl_id"), link.unit) is acl:
            named.append((link.attrs.get("subnet_id"), link.unit))
    for value, unit in named:
        subnet = inventory.find(value, unit, *SUBNET_KINDS)
        if isinstance(subnet, Resource):
            yield subnet.id


def _admits_all(inventory: Inventory, acl: Resource) -> bool:
    """Whether the first rule for incoming traffic certainly admits everything: the first that matches decides."""
    rules = [found.value for found in values(acl, "ingress")]
    for one in inventory.of("aws_network_acl_rule", unit=acl.unit):
        if inventory.find(one.attrs.get("network_acl_id"), one.unit) is acl and one.attrs.get("egress") is not True:
            rules.append(one.attrs)
    numbers = [_number(rule) for rule in rules]
    if not rules or any(number is None for number in numbers):
        return False
    first = min(zip(numbers, rules, strict=True), key=lambda pair: pair[0] or 0)[1]
    return isinstance(first, Mapping) and _whole(first)


def _whole(rule: Mapping[str, Value]) -> bool:
    everything = str(rule.get("protocol")).lower() in ("-1", "all") and rule.get("cidr_block") == "0.0.0.0/0"
    return everything and str(rule.get("action", rule.get("rule_action"))).lower() == "allow"


def _number(rule: Value) -> int | None:
    value = rule.get("rule_no", rule.get("rule_number")) if isinstance(rule, Mapping) else None
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
