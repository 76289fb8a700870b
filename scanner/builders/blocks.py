"""Values inside nested blocks and lists: every value that a dotted path reaches, with its line and its doubts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from scanner.origin import Origin
from scanner.resource import Attrs, Items, Resource, mark
from scanner.unknown import PLAIN, Unknown, Value

POSSIBLE = "__possible__"
"""The key that marks a Terraform block of which nobody knows whether it exists."""


class Found(Struct, frozen=True):
    """A value that is there: `origin` is the line of it, or of the nearest thing around it that has one.

    possible: what decides whether a block around the value exists; None where it certainly does.
    """

    value: Value
    origin: Origin | None
    possible: Unknown | None = None

    @property
    def unknown(self) -> Unknown | None:
        """What must be known before the value can be relied on; None where it can."""
        if self.possible is not None:
            return self.possible
        return self.value if isinstance(self.value, Unknown) else None

    @property
    def text(self) -> str:
        """The string, with `*` for each part of it that is not known; "" for what is no string."""
        return text(self.value)


def text(value: Value) -> str:
    """The string that `value` is, with `*` for each part that is not known; "" for anything but a string."""
    if isinstance(value, str):
        return value
    return value.text() if isinstance(value, Unknown) and value.pieces else ""


def reach(value: Value, path: str, origin: Origin | None = None) -> Iterator[Found]:
    """Every value at the dotted `path`: each item of a list on the way is tried, `*` is any key, null is absent.

    A path that runs into an Unknown yields the Unknown.
    """
    steps = tuple(path.split(".")) if path else ()
    # Most paths that are asked for are not there: nothing is set up for them.
    if value is None or (steps and steps[0] != "*" and isinstance(value, dict) and value.get(steps[0]) is None):
        return iter(())
    # A list, and no generators in each other: most that is asked for is found at once, and there are millions of it.
    found: list[Found] = []
    _reach(value, origin, None, steps, found)
    return iter(found)


def at(resource: Resource, path: str) -> list[Found]:
    """Every value at the dotted `path` of a resource; the resource's own line where a value has none."""
    return list(reach(resource.attrs, path, resource.origin)) if may_have(resource, path) else []


def may_have(resource: Resource, path: str) -> bool:
    """Whether the first step of a path is there at all: of most paths that are asked for it is not."""
    head = path.partition(".")[0]
    return head in ("*", "") or resource.attrs.get(head) is not None


def heads(paths: Iterable[str]) -> frozenset[str]:
    """The first steps of `paths`, none of which is `*`: what has none of them has nothing at any of the paths."""
    return frozenset(path.partition(".")[0] for path in paths)


def first(resource: Resource, path: str) -> Found | None:
    """The first value at `path`, or None where there is none."""
    return next(iter(at(resource, path)), None)


def line(resource: Resource, *path: str | int) -> Origin:
    """The line of the value at `path`, or the resource's own where it has none."""
    return mark(resource.attrs, *path) or resource.origin


def _reach(
    value: Value, origin: Origin | None, possible: Unknown | None, steps: tuple[str, ...], found: list[Found]
) -> None:
    """Add what stands at `steps` of a value; `possible` decides whether the nearest block around it exists."""
    if value is None:
        return
    if not steps or isinstance(value, Unknown):
        found.append(Found(value, origin, possible))
    elif not isinstance(value, list) and isinstance(value, (dict, Mapping)):
        possible = possible or doubt(value)
        for key in value if steps[0] == "*" else (steps[0],):
            item = value.get(key)
            if key != POSSIBLE and item is not None:
                _reach(item, mark_of(value, key) or origin, possible, steps[1:], found)
    elif isinstance(value, (list, Sequence)) and not isinstance(value, str):
        for index, item in enumerate(value):
            _reach(item, mark_of(value, index) or origin, possible, steps, found)


def doubt(block: Value) -> Unknown | None:
    """What decides whether a block exists; None where nothing does, since it certainly exists."""
    if not isinstance(block, (dict, Mapping)) or POSSIBLE not in block:
        return None
    why = block[POSSIBLE]
    return why if isinstance(why, Unknown) else Unknown("the block may not exist")


def mark_of(value: Value, key: str | int) -> Origin | None:
    if isinstance(value, Attrs):
        return value.marks.get(key) if isinstance(key, str) else None
    if isinstance(value, Items) and isinstance(key, int):
        return value.marks[key] if key < len(value.marks) else None
    return None


_CLOSED = PLAIN | {Unknown}
"""The types of values inside of which no key is looked for."""


def has_key(value: Value, names: frozenset[str], depth: int) -> bool:
    """Whether anything inside a value, down to a depth, is called by one of `names`."""
    here: list[Value] = [value]
    while here and depth >= 0:
        inner: list[Value] = []
        for one in here:
            items: Iterable[Value] = ()
            # The abstract classes last: to ask them costs more than the rest.
            if isinstance(one, list):
                items = one
            elif isinstance(one, (str, Unknown)):
                continue
            elif isinstance(one, (dict, Mapping)):
                if not one.keys().isdisjoint(names):  # so, for the names are few
                    return True
                items = one.values()
            elif isinstance(one, Sequence):
                items = one
            for item in items:
                if type(item) not in _CLOSED:
                    inner.append(item)
        here, depth = inner, depth - 1
    return False


def strings(value: Value, origin: Origin | None = None) -> Iterator[Found]:
    """Every string inside `value`, the known parts of partly known ones and of encoded documents included."""
    found: list[Found] = []
    _gather(value, origin, None, found)
    return iter(found)


def _gather(value: Value, origin: Origin | None, possible: Unknown | None, found: list[Found]) -> None:
    """Add the strings of `value`; `possible` decides whether the nearest block around it exists."""
    if isinstance(value, str):
        found.append(Found(value, origin, possible))
    elif isinstance(value, Unknown):
        where = origin or value.origin
        if value.pieces:
            found.append(Found(value.text(), where, possible))
        for inside in (value.document, value.known, *value.options):
            _gather(inside, where, possible, found)
    elif type(value) in PLAIN:
        return
    elif not isinstance(value, list) and isinstance(value, (dict, Mapping)):
        possible = doubt(value) or possible
        for key, item in value.items():
            if key != POSSIBLE and item is not None:
                _gather(item, mark_of(value, key) or origin, possible, found)
    elif isinstance(value, (list, Sequence)):
        for index, item in enumerate(value):
            _gather(item, mark_of(value, index) or origin, possible, found)
