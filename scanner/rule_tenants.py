"""What rules about tenants share: whether an entry of the profile names a caller."""

from __future__ import annotations

from fnmatch import fnmatchcase
from ipaddress import ip_network

from scanner.graph.model import Node


def covers(entry: str, node: Node) -> bool:
    """Whether an entry names this caller.

    `namespace:`, `serviceaccount:NAMESPACE/NAME`, `cidr:`, `account:` with all in it, or an address pattern.
    """
    kind, _, name = entry.partition(":")
    if kind == "namespace":
        return bool(node.namespace) and fnmatchcase(node.namespace, name)
    if kind == "account":
        return f"{node.address}/".startswith(f"external/aws-account/{name}/")
    if kind == "serviceaccount":
        return node.kind == "ServiceAccount" and fnmatchcase(f"{node.namespace}/{node.name}", name)
    if kind == "cidr":
        return node.address.startswith("external/") and _inside(node.name, name)
    return node.address == entry or ("*" in entry and fnmatchcase(node.address, entry.replace("[", "[[]")))


def overlaps(entry: str, node: Node) -> bool:
    """Whether a caller could be, or hold, what an entry names: a wider range, anyone, the internet."""
    if covers(entry, node) or node.address in ("external/anyone", "external/internet"):
        return True
    kind, _, name = entry.partition(":")
    return kind == "cidr" and node.address.startswith("external/") and _inside(name, node.name)


def _inside(inner: str, outer: str) -> bool:
    try:
        one, other = ip_network(inner, strict=False), ip_network(outer, strict=False)
    except ValueError:
        return False
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]
