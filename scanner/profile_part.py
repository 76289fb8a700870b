"""One mapping of a settings file: its keys are taken with their type, and a misfit is refused where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import NoReturn, TypeVar

from scanner.errors import SettingsError
from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.resource import Attrs, Items
from scanner.unknown import Value

T = TypeVar("T")

TEXT = lazy(r"[^\s]")
DAY = lazy(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


class Part:
    """One mapping of the file. `name` is its dotted name, "" for the whole file."""

    def __init__(self, value: Value, origin: FileOrigin, name: str, keys: Iterable[str] = ()) -> None:
        self.origin = origin
        self.name = name
        if not isinstance(value, Attrs):
            self.fail(f"{self._called} must be a mapping, not {_type(value)}")
        self.values = value
        known = tuple(keys)
        for key in value:
            if known and key not in known:
                from difflib import get_close_matches  # what a profile without a fault does not need

                near = get_close_matches(key, known, 1, 0.5)
                hint = f"; did you mean `{near[0]}`?" if near else f"; known are {', '.join(f'`{k}`' for k in known)}"
                self.fail(f"unknown key `{self.dotted(key)}`{hint}", key)

    @property
    def _called(self) -> str:
        return f"`{self.name}`" if self.name else "the file"

    def dotted(self, key: str) -> str:
        """The dotted name of a key of this mapping."""
        return f"{self.name}.{key}" if self.name else key

    def at(self, key: str) -> FileOrigin:
        """Where the value of `key` stands; the mapping itself where it is not given."""
        found = self.values.marks.get(key)
        return found if isinstance(found, FileOrigin) else self.origin

    def fail(self, cause: str, key: str = "") -> NoReturn:
        """Raise SettingsError at `key`, or at the mapping."""
        raise SettingsError(f"{self.at(key) if key else self.origin}: {cause}")

    def text(self, key: str, pattern: re.Pattern[str] = TEXT, form: str = "text that is not empty") -> str:
        """The text of `key`, "" where it is not given."""
        if key not in self.values:
            return ""
        return self._text(self.values[key], self.at(key), self.dotted(key), pattern, form)

    def must(self, key: str, pattern: re.Pattern[str] = TEXT, form: str = "text that is not empty") -> str:
        """The text of a key that may not be left out."""
        self.require(key)
        return self.text(key, pattern, form)

    def require(self, *keys: str) -> None:
        """Fail unless each of `keys` is given."""
        for key in keys:
            if key not in self.values:
                self.fail(f"{self._called} needs `{key}`")

    def texts(self, key: str, pattern: re.Pattern[str] = TEXT, form: str = "text that is not empty") -> tuple[str, ...]:
        """The list of texts of `key`, each once; () where it is not given."""
        found: list[str] = []
        for index, (value, origin) in enumerate(self._items(key)):
            one = self._text(value, origin, f"{self.dotted(key)}[{index}]", pattern, form)
            if one in found:
                raise SettingsError(f"{origin}: `{self.dotted(key)}` has `{one}` twice")
            found.append(one)
        return tuple(found)

    def number(self, key: str, low: int, high: int, default: int) -> int:
        """The whole number of `key`, between `low` and `high`."""
        value = self.values.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.fail(f"`{self.dotted(key)}` must be a whole number from {low} to {high}", key)
        return value

    def day(self, key: str) -> date:
        """The date of a key that may not be left out."""
        text = self.must(key, DAY, "a date as 2027-01-31")
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.fail(f"`{self.dotted(key)}` names a day that no calendar has: {text}", key)

    def choice(self, key: str, choices: Sequence[str]) -> str:
        """One of `choices`, "" where the key is not given."""
        value = self.text(key)
        if value and value not in choices:
            self.fail(f"`{self.dotted(key)}` must be one of {', '.join(choices)}", key)
        return value

    def part(self, key: str, *keys: str) -> Part:
        """The mapping of `key` with only `keys` in it; an empty one where it is not given."""
        value = self.values[key] if key in self.values else Attrs()
        return Part(value, self.at(key), self.dotted(key), keys)

    def each(self, key: str, keys: Sequence[str], make: Callable[[Part], T]) -> tuple[T, ...]:
        """What `make` makes of each mapping in the list of `key`."""
        name = self.dotted(key)
        items = enumerate(self._items(key))
        return tuple(make(Part(value, origin, f"{name}[{index}]", keys)) for index, (value, origin) in items)

    def _items(self, key: str) -> list[tuple[Value, FileOrigin]]:
        if key not in self.values:
            return []
        value = self.values[key]
        if not isinstance(value, Items):
            self.fail(f"`{self.dotted(key)}` must be a list, not {_type(value)}", key)
        marks = [mark if isinstance(mark, FileOrigin) else self.at(key) for mark in value.marks]
        return list(zip(value, marks, strict=True))

    @staticmethod
    def _text(value: Value, origin: FileOrigin, name: str, pattern: re.Pattern[str], form: str) -> str:
        if not isinstance(value, str):
            quotes = "; put it in quotes" if isinstance(value, bool | int | float) else ""
            raise SettingsError(f"{origin}: `{name}` must be text, not {_type(value)}{quotes}")
        if not pattern.search(value):
            raise SettingsError(f"{origin}: `{name}` must be {form}")
        return value


def _type(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a mapping" if isinstance(value, Mapping) else "a list"
