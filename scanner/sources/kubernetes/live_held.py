"""What objects of a cluster hold for a controller to apply, as far as the lists do not show it already.

What a controller has made is listed itself, and counts as it is there. What is held and not there may still come: the
holder was applied a moment ago, its controller waits, or the cluster that it writes to is another one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec.structs import replace

from scanner.resource import Attrs, Resource, SourceName, Unread, dig
from scanner.sources.kubernetes.held_objects import holds
from scanner.sources.kubernetes.listed import NAME_ONLY, wanted
from scanner.sources.kubernetes.objects import object_to_resource
from scanner.unknown import Unknown, Value

Space = tuple[str, str, str]
"""Group, kind and namespace."""
_SECRET = next(iter(NAME_ONLY))
_MAKES_NAMES = "capsule.clastix.io"
"""The group whose controller gives names of its own to what it makes."""


def held_in_cluster(
    listed: Sequence[Resource], unit: str, source: SourceName, scopes: Collection[tuple[str, str]]
) -> Iterator[Resource | Unread]:
    """Objects that may come to be; what cannot be opened is unread. scopes: the kinds without a namespace."""
    if not any(holds(one.attrs) for one in listed):
        return
    from scanner.sources.kubernetes.inside import Holder, opened

    there: dict[Space, list[Resource]] = {}
    for one in listed:
        there.setdefault((one.group, one.kind, one.namespace), []).append(one)
    every = [Holder("", one.attrs, one.origin) for one in listed if isinstance(one.attrs, Attrs)]
    for holder, inner in opened(every, live=True):
        if isinstance(inner, Unread):
            yield inner
            continue
        made = object_to_resource(inner.value, inner.origin, unit, source, scopes)
        if isinstance(made, Unread):
            yield made
        elif wanted(made.group, made.kind) and not _shown(made, inner.possible, holder.group, there):
            yield _possible(made, inner.possible, holder.address)


def _possible(made: Resource, doubt: Unknown | None, holder: str) -> Resource:
    cause = f"whether `{made.address}` comes to be, which `{holder}` holds and the cluster does not show, is not known"
    attrs = made.attrs
    if (made.group, made.kind) in NAME_ONLY:
        hidden = Unknown(f"the values of `{made.address}` are not read", decided_by=(made.address,), secret=True)
        kept = {key: attrs[key] for key in ("apiVersion", "kind", "metadata") if key in attrs}
        attrs = Attrs({**kept, "data": hidden}, {"data": made.origin})
    return replace(made, attrs=attrs, possible=doubt or Unknown(cause, decided_by=(holder,)))


def _shown(made: Resource, doubt: Unknown | None, group: str, there: Mapping[Space, Sequence[Resource]]) -> bool:
    """Whether the lists show what is held.

    A holder of the cluster itself is shown by the object of its name, whatever became of it since; one that may be of
    another cluster only by an object that has all that it says.
    """
    alike = there.get((made.group, made.kind, made.namespace), ())
    if doubt is None and any(one.name == made.name for one in alike):
        return True
    named = [one for one in alike if one.name == made.name or group == _MAKES_NAMES]
    return any(_within(made, one) for one in named)


def _within(made: Resource, one: Resource) -> bool:
    """Whether an object has every value that another says, but for what it is called and notes on it."""
    if (made.group, made.kind) == _SECRET:
        return True
    if not _has(dig(one.attrs, "metadata", "labels"), dig(made.attrs, "metadata", "labels")):
        return False
    keys = [key for key in made.attrs if key not in ("apiVersion", "kind", "metadata", "status")]
    return all(_has(one.attrs.get(key), made.attrs.get(key)) for key in keys)


def _has(value: Value, wanted_value: Value) -> bool:
    """Whether a value of the server is what was written, with what the server fills in."""
    if wanted_value is None or isinstance(wanted_value, Mapping) and not wanted_value and value is None:
        return True
    if isinstance(wanted_value, Mapping):
        return isinstance(value, Mapping) and all(_has(value.get(key), item) for key, item in wanted_value.items())
    if isinstance(wanted_value, list | tuple):
        if not isinstance(value, list | tuple) or len(value) != len(wanted_value):
            return False
        return all(_has(one, other) for one, other in zip(value, wanted_value, strict=True))
    return not isinstance(value, Unknown) and value == wanted_value and type(value) is type(wanted_value)
