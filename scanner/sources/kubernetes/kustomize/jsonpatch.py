"""JSON patches (RFC 6902) on values with marks: what an operation writes has the operation's mark.

As in kustomize, `replace` of a key that is not there adds it, and a negative index counts from the end.
"""

from __future__ import annotations

from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.resource import Attrs, Items
from scanner.sources.kubernetes.kustomize.objects import CannotRender, at, copied, text
from scanner.unknown import Value

_INDEX = lazy(r"-?(?:0|[1-9][0-9]{0,6})\Z")


def apply(value: Attrs, operations: Items, origin: FileOrigin) -> None:
    """Apply every operation to an object in place. Raises CannotRender where one does not fit."""
    for index, one in enumerate(operations):
        where = at(operations, index, otherwise=origin)
        if not isinstance(one, Attrs):
            raise CannotRender(where, "an operation of a JSON patch is no mapping")
        _operate(value, one, where)


def _operate(value: Attrs, one: Attrs, where: FileOrigin) -> None:
    name, path = text(one.get("op")), _steps(one, "path", where)
    if name in ("add", "replace"):
        if "value" not in one:
            raise CannotRender(where, f"`{name}` without a value")
        _set(value, path, copied(one["value"]), at(one, "value", otherwise=where), insert=name == "add")
    elif name == "remove":
        _remove(value, path, where)
    elif name in ("move", "copy"):
        source = _steps(one, "from", where)
        moved = copied(_get(value, source, where))
        if name == "move":
            _remove(value, source, where)
        _set(value, path, moved, where, insert=True)
    elif name == "test":
        if _get(value, path, where) != one.get("value"):
            raise CannotRender(where, "a `test` of a JSON patch fails")
    else:
        raise CannotRender(where, f"the operation `{name}` is not understood")


def _steps(one: Attrs, key: str, where: FileOrigin) -> list[str]:
    path = one.get(key)
    if not isinstance(path, str) or not path.startswith("/"):
        raise CannotRender(where, f"`{key}` of an operation is no JSON pointer into the object")
    return [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]


def _get(value: Value, path: list[str], where: FileOrigin) -> Value:
    for step in path:
        if isinstance(value, Attrs) and step in value:
            value = value[step]
        elif isinstance(value, Items):
            value = value[_index(value, step, where)]
        else:
            raise CannotRender(where, f"`/{'/'.join(path)}` is not in the object")
    return value


def _index(items: Items, step: str, where: FileOrigin, *, end: bool = False) -> int:
    """A position in a list; with `end`, also the one after its last."""
    if end and step == "-":
        return len(items)
    if not _INDEX.match(step) or not -len(items) <= (index := int(step)) < len(items) + end:
        raise CannotRender(where, f"the list has no item `{step}`")
    return index + len(items) + end if index < 0 else index


def _set(value: Attrs, path: list[str], new: Value, where: FileOrigin, *, insert: bool) -> None:
    parent = _get(value, path[:-1], where)
    step = path[-1]
    if isinstance(parent, Attrs):
        parent[step] = new
        parent.marks[step] = where
    elif isinstance(parent, Items):
        index = _index(parent, step, where, end=insert)
        parent.marks.extend([where] * (len(parent) - len(parent.marks)))
        if insert:
            parent.insert(index, new)
            parent.marks.insert(index, where)
        else:
            parent[index] = new
            parent.marks[index] = where
    else:
        raise CannotRender(where, f"`/{'/'.join(path)}` leads into a scalar")


def _remove(value: Attrs, path: list[str], where: FileOrigin) -> None:
    parent = _get(value, path[:-1], where)
    step = path[-1]
    if isinstance(parent, Items):
        index = _index(parent, step, where)
        del parent[index]
        del parent.marks[index : index + 1]
    elif isinstance(parent, Attrs) and step in parent:
        del parent[step]
        parent.marks.pop(step, None)
    else:
        raise CannotRender(where, f"`remove` of `{step}`, which is not in the object")
