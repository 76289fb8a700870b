"""Paths of the domain tables: keys joined by dots, `[]` for the items of a list, globs, and `**` for every depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache

from scanner.patterns import lazy
from scanner.unknown import Unknown, Value

_STEP = lazy(r'\["([^"]+)"\]|(\[\])|([^.\[\]]+)')


@cache
def steps(path: str) -> tuple[str, ...]:
    """The steps of a path: keys, `[]`, globs and `**`; a key in ["..."] keeps its dots."""
    return tuple(quoted or items or plain for quoted, items, plain in _STEP.findall(path))


def reach(value: Value, path: str) -> Iterator[Value]:
    """Every value at `path`; an Unknown on the way is reached itself. A missing step reaches nothing."""
    return _reach(value, steps(path.removeprefix("$.")))


def _reach(value: Value, path: tuple[str, ...]) -> Iterator[Value]:
    if not path or isinstance(value, Unknown):
        yield value
        return
    step, rest = path[0], path[1:]
    if step == "**":
        yield from _reach(value, rest)
        for inner in _inside(value):
            yield from _reach(inner, path)
    elif step == "[]":
        for item in value if isinstance(value, Sequence) and not isinstance(value, str) else (value,):
            yield from _reach(item, rest)
    elif isinstance(value, Mapping):
        for key in [k for k in value if fnmatchcase(k, step)] if "*" in step else [step] if step in value else []:
            yield from _reach(value[key], rest)


def _inside(value: Value) -> Iterator[Value]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield from value
