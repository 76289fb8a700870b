"""What plans and states have in common: resources in nested modules, addresses, providers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from scanner.origin import ApiOrigin
from scanner.resource import Attrs, Provider

HOSTS = ("registry.terraform.io/", "registry.opentofu.org/")
MAX_MODULES = 1_000
"""How deep modules may nest."""


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def text(value: object) -> str:
    """The value where it is text, else an empty one."""
    return value if isinstance(value, str) else ""


def resources(values: object) -> Iterator[Mapping[str, Any]]:
    """The resources of a module of `planned_values` or `values`, and of those below it."""
    stack = [mapping(mapping(values).get("root_module"))]
    seen = 0
    while stack:
        module = stack.pop()
        yield from mappings(module.get("resources"))
        inner = mappings(module.get("child_modules"))
        seen += len(inner)
        if seen > MAX_MODULES * MAX_MODULES:
            return
        stack.extend(inner)


def module_of(address: str, kind: str, name: str, *, data: bool) -> str:
    """The address of the module that a resource is in: what stands before its own type."""
    own = f"data.{kind}.{name}" if data else f"{kind}.{name}"
    place = address.rfind(own)
    return address[: max(place - 1, 0)]


def suffix(index: object) -> str:
    """The instance key of a resource as Terraform prints it."""
    if index is None:
        return ""
    return f"[{index}]" if isinstance(index, int) else f"[{json.dumps(str(index))}]"


def source_of(name: str) -> str:
    """The registry source of a provider, from `registry.terraform.io/hashicorp/aws`."""
    for host in HOSTS:
        name = name.removeprefix(host)
    return name.lower()


def provider(full: str, key: str, attrs: Attrs, origin: ApiOrigin) -> Provider:
    """The provider configuration `key` (`aws`, `aws.gov`) of the provider with the full name."""
    source = source_of(full)
    return Provider(source.rpartition("/")[2], source, f"provider.{key}", attrs, origin)


def without_keys(address: str) -> str:
    """The address of a block, without the keys of instances."""
    return re.sub(r'\[(?:"(?:[^"\\]|\\.)*"|[^\]"]*)\]', "", address)
