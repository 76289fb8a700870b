"""Paths into the items of an answer, and what is known around an item."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from msgspec import Struct

from scanner.patterns import lazy
from scanner.sources.kubernetes.recorded import DIGEST
from scanner.unknown import Unknown

_STEP = lazy(r"([^.\[\]{}]+)|\[(\d*)\]|(\{\})")
VALUES = "{}"
"""The step to the values of a map, as a list."""
_PLACE = lazy(r"\{([^{}]+)\}")

HIDDEN = Unknown("it is recorded as a digest", secret=True)
MALFORMED = Unknown("the answer is malformed", decided_by=("the answer of an API",))
"""What stands inside of a value that is no list or no object where one is meant: nobody knows."""

Lookup = Callable[[str, Mapping[str, Any], "Here"], "Here | Unknown | None"]
"""The answer to another call about the same thing: None where there is none, an Unknown where nobody knows."""


class Here(Struct, frozen=True):
    """An item of an answer, and what is known around it: `@account`, `@region`, `@partition`, `@params`, `@up`."""

    item: Any
    context: Mapping[str, Any]
    lookup: Lookup | None = None

    def inner(self, item: Any) -> Here:
        """An item inside of this one, which becomes its `@up`."""
        return Here(item, {**self.context, "up": self.item, "above": self.context.get("up")}, self.lookup)

    def numbered(self, item: Any, number: int) -> Here:
        """The same, of a list of items: its place there is `@row`."""
        around = {**self.context, "up": self.item, "above": self.context.get("up"), "row": number}
        return Here(item, around, self.lookup)


@cache
def steps(path: str) -> tuple[str | int | None, ...]:
    """The steps of a path: names, places of a list, None for every item of one, and the values of a map."""
    return tuple(name or inside or (int(place) if place else None) for name, place, inside in _STEP.findall(path))


def at(value: Any, path: Sequence[str | int | None]) -> Any:
    """What stands at a path; with a `[]` on the way a list of all that does. None where nothing does."""
    for index, step in enumerate(path):
        if isinstance(value, dict) and isinstance(step, str) and step != VALUES:
            # Nearly every step is a name in an object.
            if hidden(value):
                return HIDDEN
            value = value.get(step)
            continue
        if isinstance(value, Unknown) or value is None:
            return value
        if step is None:
            if not isinstance(value, list):
                return MALFORMED
            found = [at(item, path[index + 1 :]) for item in value]
            if None in path[index + 1 :]:
                found = [one for part in found for one in (part if isinstance(part, list) else [part])]
            return [one for one in found if one is not None]
        if step == VALUES:
            value = list(value.values()) if isinstance(value, dict) else MALFORMED
        elif isinstance(step, int):
            value = (value[step] if step < len(value) else None) if isinstance(value, list) else MALFORMED
        else:
            value = MALFORMED
    return value


def is_told(value: Any, path: str) -> bool:
    """Whether a value has what a path of `told` leads to, as in `scanner.sources.aws.answers.Answer`."""
    head, _, rest = path.partition(".")
    if not isinstance(value, dict):
        return True  # what is malformed otherwise is told by its place
    if not rest:
        condition, _, wanted = head.rpartition("&")
        name, _, only = condition.partition("=")
        met = not condition or (value.get(name) == only if only else value.get(name) is not None)
        return not met or any(value.get(one) is not None for one in wanted.split("|"))
    found = value.get(head.removesuffix("[]").removesuffix("?"))
    if head.endswith("[]") and isinstance(found, list):
        return all(is_told(one, rest) for one in found)
    return head.endswith("?") if found is None else is_told(found, rest)


def vague(value: Any) -> Unknown | None:
    """The first thing in a value that nobody knows, in any depth; None where all of it is known."""
    if isinstance(value, (dict, list)):
        inner = (vague(one) for one in (value.values() if isinstance(value, dict) else value))
        return next((one for one in inner if one is not None), None)
    return value if isinstance(value, Unknown) else None


def of_texts(value: Any) -> bool:
    """Whether every scalar inside a value is a text, or nothing; what is not known may be one."""
    if isinstance(value, (dict, list)):
        return all(of_texts(one) for one in (value.values() if isinstance(value, dict) else value))
    return value is None or isinstance(value, (str, Unknown))


def hidden(value: Any) -> bool:
    """Whether a value is recorded as a digest: what it is, and what is inside, is not known."""
    return isinstance(value, dict) and DIGEST in value and len(value) == 1


def path_of(path: str, here: Here) -> Any:
    """The value at a path of the item, or with `@` of the context; `.` is the item itself."""
    if path == ".":
        return here.item
    if path.startswith("@"):
        return at(here.context, steps(path[1:]))
    return at(here.item, steps(path))


def text_of(template: str, here: Here) -> str | Unknown | None:
    """A text with its places filled; None where one of them has nothing, an Unknown where one is not known."""
    parts: list[str] = []
    for index, piece in enumerate(_pieces(template)):
        found = path_of(piece, here) if index % 2 else piece
        if isinstance(found, str):
            parts.append(found)
        elif isinstance(found, Unknown):
            return found
        elif hidden(found):
            return HIDDEN
        elif found is None or isinstance(found, (dict, list)):
            return None
        else:
            parts.append(str(found))
    return "".join(parts)


@cache
def _pieces(template: str) -> list[str]:
    """What stands between the places of a template, and in them, in turn."""
    return _PLACE.split(template)
