"""Where a fact was read: a span in a file, or an object of an API at a time."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct, structs


class FileOrigin(Struct, frozen=True, order=True, array_like=True):
    """A span in a text file.

    `path` is relative to the run's root and uses `/`. Lines and columns count from 1, columns in characters;
    the end is exclusive in its column. `end_line` 0 means that only the start is known.
    """

    path: str
    line: int
    column: int = 1
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class ApiOrigin(Struct, frozen=True, order=True):
    """An object in the answer of an API call.

    `scope` is a sorted tuple of (name, value): partition, account and region, or cluster. `at` is RFC 3339 in UTC.
    `field` is the dotted path of the value inside the object, "" for the whole of it.
    """

    source: str
    operation: str
    scope: tuple[tuple[str, str], ...] = ()
    object_id: str = ""
    at: str = ""
    field: str = ""

    def within(self, field: str) -> ApiOrigin:
        """The value at a dotted path of this object."""
        return structs.replace(self, field=field)

    def __str__(self) -> str:
        where = "/".join(value for _, value in self.scope)
        inside = f" {self.field}" if self.field else ""
        return f"{self.source}:{self.operation}({self.object_id or where}){inside}"


Origin: TypeAlias = FileOrigin | ApiOrigin
