"""Strategic merge patches: mappings are merged, lists by the keys of their type, scalars are replaced.

A value that a patch gives has the patch's mark; all others keep their own. New items of a merged list come first, as
kustomize has it.
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Items
from scanner.sources.kubernetes.kustomize.merge_keys import Merging, field_type
from scanner.sources.kubernetes.kustomize.objects import CannotRender, at, copied, text
from scanner.unknown import Value

_DIRECTIVE = "$patch"
_OTHERS = ("$retainKeys", "$deleteFromPrimitiveList", "$setElementOrder")


class _Gone:
    """What a patch deletes."""


GONE = _Gone()
"""The result of a merge that deletes the value."""
Merged = Value | _Gone


def merge(dest: Value, patch: Attrs, kind: str, origin: FileOrigin) -> Merged:
    """The object that `patch` makes of `dest`, which is not changed. Raises CannotRender for what does not fit."""
    return _map(dest if isinstance(dest, Attrs) else Attrs(), patch, kind, origin)


def _merge(dest: Value, patch: Value, kind: str | Merging, origin: FileOrigin) -> Merged:
    """One value: None in the patch deletes, what has no value in the object is taken over."""
    if patch is None:
        return GONE
    if dest is not None and _shape(dest) != _shape(patch):
        raise CannotRender(origin, f"a patch has {_shape(patch)} where the object has {_shape(dest)}")
    if isinstance(patch, Attrs):
        return _map(dest if isinstance(dest, Attrs) else None, patch, kind if isinstance(kind, str) else "", origin)
    if isinstance(patch, Items) and isinstance(kind, tuple):
        return _list(dest if isinstance(dest, Items) else None, patch, kind, origin)
    return copied(patch)


def _shape(value: Value) -> str:
    if isinstance(value, Attrs):
        return "a mapping"
    return "a list" if isinstance(value, Items) else "a scalar"


def _map(dest: Attrs | None, patch: Attrs, kind: str, origin: FileOrigin) -> Merged:
    directive = _directive(patch, origin)
    if directive == "delete":
        return GONE
    made = Attrs() if dest is None or directive == "replace" else Attrs(dest, dest.marks)
    for key, value in patch.items():
        if key == _DIRECTIVE:
            continue
        if key.startswith(_OTHERS):
            raise CannotRender(at(patch, key, otherwise=origin), f"the directive `{key}` is not understood")
        where = at(patch, key, otherwise=origin)
        merged = _merge(made.get(key), value, field_type(kind, key), where)
        if isinstance(merged, _Gone):
            made.pop(key, None)
            made.marks.pop(key, None)
            continue
        if made.get(key) is None or not _grows(merged, field_type(kind, key)):
            made.marks[key] = where
        made[key] = merged
    return made


def _grows(merged: Merged, kind: str | Merging) -> bool:
    """Whether a value is the object's own with something of the patch in it, not the patch's."""
    return isinstance(merged, Attrs) or (isinstance(merged, Items) and isinstance(kind, tuple))


def _directive(patch: Attrs, origin: FileOrigin) -> str:
    found = patch.get(_DIRECTIVE)
    if found is None:
        return "merge"
    if found not in ("merge", "replace", "delete"):
        raise CannotRender(at(patch, _DIRECTIVE, otherwise=origin), f"`$patch: {text(found)}` is not understood")
    return str(found)


def _list(dest: Items | None, patch: Items, kind: Merging, origin: FileOrigin) -> Merged:
    keys, item_kind = kind
    whole, items = _whole_list(patch)
    if whole == "delete":
        return GONE
    old = _pairs(dest) if dest is not None and whole != "replace" else []
    if not keys:
        return _scalars(items, old)
    return _keyed(items, old, keys, item_kind, origin)


def _whole_list(patch: Items) -> tuple[str, list[tuple[Value, FileOrigin | None]]]:
    """The directive for the list as a whole, which is an item of its own, and the other items."""
    pairs = _pairs(patch)
    for pair in pairs:
        item = pair[0]
        if isinstance(item, Attrs) and set(item) == {_DIRECTIVE}:
            return text(item[_DIRECTIVE]), [other for other in pairs if other is not pair]
    return "merge", pairs


def _pairs(items: Items) -> list[tuple[Value, FileOrigin | None]]:
    marks: list[FileOrigin | None] = [one if isinstance(one, FileOrigin) else None for one in items.marks]
    marks += [None] * (len(items) - len(marks))
    return list(zip(items, marks, strict=False))


def _made(pairs: Sequence[tuple[Value, FileOrigin | None]], origin: FileOrigin) -> Items:
    return Items([value for value, _ in pairs], [where or origin for _, where in pairs])


def _scalars(patch: list[tuple[Value, FileOrigin | None]], old: list[tuple[Value, FileOrigin | None]]) -> Items:
    made: list[tuple[Value, FileOrigin | None]] = []
    for pair in (*patch, *old):
        if pair[0] not in [value for value, _ in made]:
            made.append(pair)
    return Items([value for value, _ in made], [where for _, where in made if where is not None])


def _keyed(
    patch: list[tuple[Value, FileOrigin | None]],
    old: list[tuple[Value, FileOrigin | None]],
    keys: tuple[str, ...],
    kind: str,
    origin: FileOrigin,
) -> Items:
    """Items of the patch first, each merged with the item of the object that has its keys; then the object's others."""
    rest = list(old)
    made: list[tuple[Value, FileOrigin | None]] = []
    for value, where in patch:
        if not isinstance(value, Attrs):
            raise CannotRender(where or origin, "an item of a list that is merged by key is no mapping")
        partner = next((pair for pair in rest if _same(pair[0], value, keys)), None)
        if partner is not None:
            rest.remove(partner)
        elif any(_half(pair[0], value, keys) for pair in rest):
            cause = f"`{keys[-1]}` stands on one side of a merge only, where kustomize loses the patch"
            raise CannotRender(where or origin, cause)
        merged = _map(_attrs(partner), value, kind, where or origin)
        if isinstance(merged, _Gone) or merged == {}:
            continue
        for key in keys:
            if isinstance(merged, Attrs) and key not in merged and (found := _attrs(partner)) and key in found:
                merged[key] = found[key]
        made.append((merged, partner[1] if partner is not None else where))
    return _made([*made, *rest], origin)


def _attrs(pair: tuple[Value, FileOrigin | None] | None) -> Attrs | None:
    return pair[0] if pair is not None and isinstance(pair[0], Attrs) else None


def _same(old: Value, new: Attrs, keys: tuple[str, ...]) -> bool:
    """Whether two items have the same keys."""
    if not isinstance(old, Attrs):
        return False
    mine, theirs = [text(old.get(key)) for key in keys], [text(new.get(key)) for key in keys]
    pairs = list(zip(mine, theirs, strict=True))
    return all(a == b for a, b in pairs)


def _half(old: Value, new: Attrs, keys: tuple[str, ...]) -> bool:
    """Whether two items have the same first key, and one of them leaves out another."""
    if not isinstance(old, Attrs) or len(keys) == 1 or text(old.get(keys[0])) != text(new.get(keys[0])):
        return False
    return any((text(old.get(key)) == "") != (text(new.get(key)) == "") for key in keys[1:])
