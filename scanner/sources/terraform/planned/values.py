"""JSON values of a plan or a state as `Attrs`: what is known only at apply, and what is secret, is an Unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from msgspec import Struct, field

from scanner.origin import ApiOrigin
from scanner.resource import Attrs, Items
from scanner.unknown import COMPUTED, Unknown, Value

WITHHELD = "withheld"
"""The code of a value that is known and not told."""

Path: TypeAlias = tuple[str | int, ...]


class Reader(Struct, frozen=True):
    """Reads the values of one resource at `address`; `unknown` makes the Unknown of a path that the plan leaves open.

    configured: whether an attribute is written in the configuration; one that is not is for the provider to choose,
    as it is where only the source is read.
    """

    address: str
    origin: ApiOrigin
    unknown: Callable[[Path], Unknown]
    configured: Callable[[str], bool] = field(default=lambda name: True)

    def attrs(self, values: Mapping[str, Any], unknown: Any, secret: Any) -> Attrs:
        """The attributes; one that is null or empty is left out, as one that nobody wrote."""
        result = Attrs()
        open_ = unknown if isinstance(unknown, Mapping) else {}
        for name in [*values, *(one for one in open_ if one not in values)]:
            marked = _inner(open_, name)
            if marked is True and not self.configured(name):
                continue
            value = self._value(values.get(name), marked, _inner(secret, name), (name,))
            if not (value is None or (isinstance(value, (Items, Attrs)) and not value)):
                result[name] = value
                result.marks[name] = self.at((name,))
        return result

    def at(self, path: Path) -> ApiOrigin:
        """Where the value at a path stands."""
        return self.origin.within(".".join(str(step) for step in path))

    def _value(self, value: Any, unknown: Any, secret: Any, path: Path) -> Value:
        if unknown is True:
            return self.unknown(path)
        if secret is True and value is not None:
            cause = f"`{self.address}.{path[0]}` is secret, and not looked at"
            return Unknown(cause, WITHHELD, (f"{self.address}.{path[0]}",), secret=True)
        if isinstance(value, list) or (value is None and isinstance(unknown, list) and unknown):
            return self._list(value or [], unknown, secret, path)
        if isinstance(value, dict) or (value is None and isinstance(unknown, dict) and _any(unknown)):
            return self._map(value or {}, unknown, secret, path)
        return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)

    def _list(self, value: list[Any], unknown: Any, secret: Any, path: Path) -> Items:
        items, marks = [], []
        length = max(len(value), len(unknown) if isinstance(unknown, list) else 0)
        for place in range(length):
            inner = (*path, place)
            item = value[place] if place < len(value) else None
            items.append(self._value(item, _inner(unknown, place), _inner(secret, place), inner))
            marks.append(self.at(inner))
        return Items(items, marks)

    def _map(self, value: Mapping[str, Any], unknown: Any, secret: Any, path: Path) -> Attrs:
        result = Attrs()
        names = [*value, *(one for one in (unknown if isinstance(unknown, dict) else ()) if one not in value)]
        for name in names:
            inner = (*path, str(name))
            found = self._value(value.get(name), _inner(unknown, name), _inner(secret, name), inner)
            if not (found is None or (isinstance(found, (Items, Attrs)) and not found)):
                result[str(name)] = found
                result.marks[str(name)] = self.at(inner)
        return result


def _inner(marks: Any, step: str | int) -> Any:
    """The marks of one member; a mark on the whole counts for each member."""
    if marks is True:
        return True
    if isinstance(marks, dict):
        return marks.get(step)
    if isinstance(marks, list) and isinstance(step, int) and step < len(marks):
        return marks[step]
    return None


def _any(marks: Any) -> bool:
    """Whether anything inside is marked."""
    if isinstance(marks, dict):
        return any(_any(one) for one in marks.values())
    if isinstance(marks, list):
        return any(_any(one) for one in marks)
    return marks is True


def computed(address: str, path: Path) -> Unknown:
    """A value that is known only after apply, and of which nothing more is told."""
    name = f"{address}.{'.'.join(str(step) for step in path)}"
    return Unknown(f"`{name}` is known only after apply", COMPUTED, (name,))
