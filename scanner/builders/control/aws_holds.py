"""What the builders of things around the stack share: a relay, and what changes with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from scanner.builders.blocks import strings
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, doubt_of, first_doubt
from scanner.graph.model import STACK, Role
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Value, refs_in, unknowns_in

PARTS = ("aws_ecs_task_definition", "aws_launch_template", "aws_appconfig_deployment")
"""Kinds that say what something runs, beside it."""


class Hold(Struct, frozen=True, eq=False):
    """Something that changes with a relay. because: how, as a fragment; doubt: None where it certainly does."""

    node_id: str
    because: str
    origin: Origin | None
    doubt: Doubt | None = None


class Behind(Struct, frozen=True, eq=False):
    """A relay. changes: the rows of the control table that change it; only: those of them that count, None for all."""

    resource: Resource
    changes: str
    holds: tuple[Hold, ...]
    only: frozenset[str] | None = None


def members(world: World, roles: frozenset[Role] = STACK) -> Iterator[tuple[Resource, list[Resource]]]:
    """Each resource with one of `roles`, and what says what it runs, itself first."""
    for node in world.with_role(*roles):
        one = world.inventory.by_id.get(node.id)
        if one is not None:
            named = (world.inventory.at(one.unit, ref.address) for ref in refs_in(one.attrs))
            yield one, [one, *(each for each in named if each is not None and each.kind in PARTS)]


def told(parts: Iterable[Resource], resource: Resource, called: Iterable[object]) -> Hold | None:
    """Whether any of `parts` refers to a resource, or writes one of the names that it is `called`."""
    patterns = [_pattern(one) for one in called if isinstance(one, str) and one.strip("/")]
    for part in parts:
        why = doubt_of(part.possible)
        for unknown in unknowns_in(part.attrs):
            if part.unit == resource.unit and any(ref.address == resource.address for ref in refs_in(unknown)):
                return Hold(part.id, f"`{part.address}` refers to it", unknown.origin or part.origin, why)
        for found in strings(_said(part)) if patterns else ():
            if any(pattern.search(found.text) for pattern in patterns):
                also = None if part.unit == resource.unit else Doubt("cross-unit", (resource.address,))
                doubt = first_doubt(why, doubt_of(found.possible), also)
                return Hold(part.id, f"`{part.address}` names it", found.origin or part.origin, doubt)
    return None


def _pattern(name: str) -> re.Pattern[str]:
    """A name as the whole of a text, or at the end of an ARN or of an address; AWS adds six characters to secrets."""
    return re.compile(rf"(?:^/?|[/:.]){re.escape(name.strip('/'))}(?:$|[:@]|-[A-Za-z0-9]{{6}}$)")


def _said(part: Resource) -> Value:
    """What a resource says, without its own names: they name nothing else."""
    own = ("metadata", "status", "name", "function_name", "family", "bucket", "tags")
    return {key: value for key, value in part.attrs.items() if key not in own}
