"""Fields of objects by path, as the built-in transformers of kustomize name them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from scanner.resource import Attrs, Items
from scanner.sources.kubernetes.kustomize.objects import CannotRender, Id, Obj, at
from scanner.unknown import Value

Leaf = Callable[[Attrs, str], None]
"""What to do with a field: the mapping that holds it (or shall hold it), and its key."""


class Field(Struct, frozen=True):
    """Where a transformer looks: in objects of a group, version and kind ("" is any), at a path.

    create: make what is missing on the way. A step that ends in `[]` is only entered where it is there.
    """

    path: tuple[str, ...]
    kind: str = ""
    group: str = ""
    version: str = ""
    create: bool = False

    def fits(self, one: Id) -> bool:
        """Whether the field is one of an object."""
        return one.is_a(self.group, self.version, self.kind)


def each(obj: Obj, fields: Iterable[Field], leaf: Leaf) -> None:
    """Call `leaf` for each place that a field names. Raises CannotRender where a scalar is in the way."""
    now = obj.id
    for one in fields:
        if one.fits(now):
            _walk(obj, obj.value, one.path, one.create, leaf)


def _walk(obj: Obj, value: Value, path: tuple[str, ...], create: bool, leaf: Leaf) -> None:
    if isinstance(value, Items):
        for item in value:
            _walk(obj, item, path, create, leaf)
        return
    if value is None:
        return
    if not isinstance(value, Attrs):
        raise CannotRender(obj.origin, f"`{path[0]}` is looked for inside a scalar of `{obj.id.kind}/{obj.id.name}`")
    key, deeper = path[0].removesuffix("[]"), path[1:]
    create_here = create and not path[0].endswith("[]")
    if not deeper:
        if key in value or create_here:
            leaf(value, key)
        return
    if value.get(key) is None:
        if not create_here:
            return
        value[key] = Attrs()
        value.marks.setdefault(key, obj.origin)
    _walk(obj, value[key], deeper, create, leaf)


def mapping_at(attrs: Attrs, key: str, obj: Obj) -> Attrs:
    """The mapping of a key, made where there is none. Raises CannotRender where something else is there."""
    found = attrs.get(key)
    if found is None:
        found = attrs[key] = Attrs()
        attrs.marks.setdefault(key, obj.origin)
    if not isinstance(found, Attrs):
        raise CannotRender(at(attrs, key, otherwise=obj.origin), f"`{key}` is no mapping")
    return found
