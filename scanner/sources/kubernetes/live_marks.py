"""Positions inside an object of an API: which field a value is, told only where somebody asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, SupportsIndex, cast, overload

from scanner.origin import ApiOrigin, Origin
from scanner.resource import Attrs, Encoded, Items
from scanner.sources.kubernetes.recorded import DIGEST
from scanner.unknown import PLAIN, Unknown, Value


class _Fields(dict[str, Origin]):
    """The marks of a mapping: made when they are looked at, for an object has many and a rule looks at few."""

    __slots__ = ("_at", "_of", "_path")

    def __init__(self, of: Attrs, at: ApiOrigin, path: str) -> None:
        super().__init__()
        self._of, self._at, self._path = of, at, path

    def __missing__(self, key: str) -> Origin:
        if key not in self._of:
            raise KeyError(key)
        return self._at.within(f"{self._path}.{key}" if self._path else key)

    def get(self, key: str, default: Any = None) -> Any:
        found = dict.get(self, key)
        if found is None and key in self._of:
            return self._at.within(f"{self._path}.{key}" if self._path else key)
        return default if found is None else found

    def __contains__(self, key: object) -> bool:
        return key in self._of or dict.__contains__(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(self._of), **dict.fromkeys(dict.keys(self))})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def keys(self) -> Any:
        return dict.fromkeys(self).keys()

    def items(self) -> Any:
        return {key: self[key] for key in self}.items()


class _Places(list[Origin]):
    """The marks of a list, in the same way."""

    __slots__ = ("_at", "_of", "_path")

    def __init__(self, of: Items, at: ApiOrigin, path: str) -> None:
        super().__init__()
        self._of, self._at, self._path = of, at, path

    @overload
    def __getitem__(self, index: SupportsIndex) -> Origin: ...
    @overload
    def __getitem__(self, index: slice) -> list[Origin]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Origin | list[Origin]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        place, size = int(index), len(self._of)
        place = place + size if place < 0 else place
        if not 0 <= place < size:
            raise IndexError(index)
        return self._at.within(f"{self._path}[{place}]")

    def __iter__(self) -> Iterator[Origin]:
        return (self[one] for one in range(len(self)))

    def __len__(self) -> int:
        return len(self._of)


def marked(value: Any, at: ApiOrigin, path: str = "") -> Value:
    """A JSON value with the field of each of its values; what is recorded as a digest is not known."""
    if type(value) in PLAIN:
        return cast(Value, value)
    if isinstance(value, Encoded):
        return Encoded(str(value), marked(value.document, at, path))
    if isinstance(value, (dict, Mapping)):
        if len(value) == 1 and DIGEST in value:
            cause = f"`{path}` is recorded as a digest"
            return Unknown(cause, decided_by=(f"{at.object_id} {path}",), secret=True)
        made = Attrs()
        for key, item in value.items():
            name = str(key)
            # Most are plain: no path is made for those.
            made[name] = item if type(item) in PLAIN else marked(item, at, f"{path}.{name}" if path else name)
        made.marks = _Fields(made, at, path)
        return made
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = Items(
            [item if type(item) in PLAIN else marked(item, at, f"{path}[{index}]") for index, item in enumerate(value)]
        )
        items.marks = _Places(items, at, path)
        return items
    return value if value is None or isinstance(value, bool | int | float | str | Unknown) else str(value)
