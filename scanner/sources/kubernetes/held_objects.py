"""What the objects of a run hold, as objects of the same file and unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from scanner.origin import FileOrigin, Origin
from scanner.podspec_shapes import HOLDERS
from scanner.resource import Attrs, Unread
from scanner.sources.kubernetes.assemble import Found
from scanner.unknown import Value


def open_holders(found: Sequence[Found], lines: Callable[[str], Sequence[str]]) -> Iterator[Found | Unread]:
    """Everything inside the objects that hold others; what opens them is loaded where there is one."""
    if not any(holds(one.value) for one in found):
        return
    from scanner.sources.kubernetes.inside import Holder, opened

    outer_of: dict[int, Found] = {}
    every: list[Holder] = []
    for one in found:
        if isinstance(one.value, Attrs):
            outer_of[id(one.value)] = one  # a value stands for its object: a name need not be known
            every.append(Holder(one.path, one.value, one.origin, one.possible))
    for holder, inner in opened(every, lines):
        if isinstance(inner, Unread):
            yield inner
            continue
        outer = outer_of[id(holder.value)]
        yield replace(
            outer, value=inner.value, origin=_place(inner.origin, outer.origin), possible=inner.possible, inside=True
        )


def _place(inner: Origin, outer: FileOrigin) -> FileOrigin:
    return inner if isinstance(inner, FileOrigin) else outer


def holds(value: Value) -> bool:
    """Whether a value is an object of a kind that holds others."""
    if not isinstance(value, Attrs):
        return False
    version, kind = value.get("apiVersion"), value.get("kind")
    return isinstance(version, str) and isinstance(kind, str) and (version.rpartition("/")[0], kind) in HOLDERS
