"""Copies of the product's values with changes, be they structs or dataclasses, for tests."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec


def replace(thing: Any, **changes: Any) -> Any:
    """`thing` with some of its fields changed."""
    if isinstance(thing, msgspec.Struct):
        return msgspec.structs.replace(thing, **changes)
    return dataclasses.replace(thing, **changes)


def fields_of(thing: object) -> tuple[str, ...]:
    """The names of the fields of a struct or a dataclass; none for anything else."""
    if isinstance(thing, msgspec.Struct):
        return thing.__struct_fields__
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return tuple(one.name for one in dataclasses.fields(thing))
    return ()
