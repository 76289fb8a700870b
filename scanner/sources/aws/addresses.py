"""Targets that are registered by address: whose interface has it, as far as the interfaces tell.

Source: Elastic Load Balancing, "Register targets by IP address"; an interface of an ECS task describes itself by the
attachment that it is (Amazon ECS Developer Guide, "Task networking with the awsvpc network mode").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from scanner.resource import items_of
from scanner.sources.aws.shape import refer
from scanner.sources.aws.translate import Translation
from scanner.unknown import Unknown

INTERFACES = "ec2:DescribeNetworkInterfaces"
ATTACHMENT = "aws_lb_target_group_attachment"
TASK = ":ecs:"
"""In the description of an interface of an ECS task, which its service registers by itself."""


def targets_by_address(into: Translation) -> Mapping[str, tuple[str, str]]:
    """Let a target that is an address be the machine that has it; where nothing known has it, it may be anything."""
    links = [one for one in into.resources.values() if one.kind == ATTACHMENT and _address(one.attrs.get("target_id"))]
    if not links:
        return {}
    machines = {str(one.attrs.get("id")): one for one in into.resources.values() if one.kind == "aws_instance"}
    written = {
        str(value)
        for one in into.resources.values()
        if one.kind in ("aws_instance", "aws_network_interface")
        for value in (one.attrs.get("private_ip"), *items_of(one.attrs.get("private_ips")))
    }
    held = dict(_held(into))
    for link in links:
        address = str(link.attrs["target_id"])
        instance, task = held.get(address, ("", False))
        if address in written or task:
            continue
        machine = machines.get(instance)
        cause = f"what has the address `{address}` is not in what was read"
        unknown = Unknown(cause, decided_by=(address,))
        link.attrs["target_id"] = unknown if machine is None else refer(machine.address, "id", instance)
    return {}


def _address(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(ip_address(value))
    except ValueError:
        return False


def _held(into: Translation) -> Iterator[tuple[str, tuple[str, bool]]]:
    """Each address of an interface, with the machine that has it and whether it is a task of ECS."""
    for call in into.estate.answered(INTERFACES):
        for page in call.pages:
            for one in _dicts(page.get("NetworkInterfaces") if isinstance(page, dict) else None):
                attached = one.get("Attachment")
                instance = attached.get("InstanceId") if isinstance(attached, dict) else None
                owner = str(instance or ""), TASK in str(one.get("Description"))
                for address in _dicts(one.get("PrivateIpAddresses")):
                    yield str(address.get("PrivateIpAddress")), owner
                yield str(one.get("PrivateIpAddress")), owner


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())
