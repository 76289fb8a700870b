"""Replacements: a value of one object written into fields of others; the mark is the value's own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.resource import Attrs, Items, dig, items_of
from scanner.sources.kubernetes.kustomize.load import Loader
from scanner.sources.kubernetes.kustomize.objects import CannotRender, Id, Obj, at, copied, text
from scanner.sources.kubernetes.kustomize.selectors import label_selector
from scanner.unknown import Unknown, Value
from scanner.yamltext_scalars import ScalarError, plain

Place = tuple[Attrs | Items, str | int]
"""A mapping or a list, and the key or index in it."""

MAX_PATH = 1_000
_ITEM = lazy(r"\[([^=\]]*)=([^\]]*)\]\Z")
_LITERAL = lazy(r"[A-Za-z0-9_./:@ -]*\Z")
_IDS = ("group", "version", "kind", "name", "namespace")
_INDEX = lazy(r"[0-9]{1,7}\Z")


def replace_values(objects: Sequence[Obj], listed: Value, loader: Loader, folder: str, where: FileOrigin) -> None:
    """Apply every replacement in turn. Raises CannotRender where one cannot be applied as it is written."""
    for index, item in enumerate(items_of(listed)):
        place = at(listed, index, otherwise=where)
        path = item.get("path") if isinstance(item, Attrs) else None
        if isinstance(path, str):
            for loaded in loader.documents(folder, path, place):
                for number, inner in enumerate(items_of(loaded.value)):
                    _replace(objects, inner, at(loaded.value, number, otherwise=loaded.origin))
        else:
            _replace(objects, item, place)


def _replace(objects: Sequence[Obj], item: Value, where: FileOrigin) -> None:
    if not isinstance(item, Attrs) or not item.get("targets"):
        raise CannotRender(where, "a replacement needs a source and targets")
    _known(item, ("source", "sourceValue", "targets"), where)
    if "sourceValue" in item:
        value, mark = item["sourceValue"], at(item, "sourceValue", otherwise=where)
    else:
        value, mark = _source(objects, item.get("source"), where)
    targets = item["targets"]
    for index, target in enumerate(items_of(targets)):
        place = at(targets, index, otherwise=where)
        if not isinstance(target, Attrs) or not isinstance(target.get("select"), Attrs):
            raise CannotRender(place, "a target of a replacement needs `select`")
        _known(target, ("select", "reject", "fieldPaths", "options"), place)
        for one in objects:
            if _targeted(one, target, place):
                _write(one, target, value, mark, place)


def _known(item: Attrs, keys: Sequence[str], where: FileOrigin) -> None:
    for key in item:
        if key not in keys:
            raise CannotRender(at(item, key, otherwise=where), f"`{key}` in a replacement is not understood")


def _source(objects: Sequence[Obj], source: Value, where: FileOrigin) -> tuple[Value, FileOrigin]:
    if not isinstance(source, Attrs):
        raise CannotRender(where, "a replacement without a source")
    _known(source, (*_IDS, "fieldPath", "options"), where)
    found = [one for one in objects if any(_selected(known, source, where) for known in one.ids)]
    if len(found) != 1:
        raise CannotRender(where, "the source of a replacement is " + ("several objects" if found else "no object"))
    steps = _steps(text(source.get("fieldPath")) or "metadata.name", where)
    if isinstance(lost := dig(found[0].value, *steps), Unknown):
        return lost, at(found[0].value, *steps, otherwise=found[0].origin)
    places = _places(found[0].value, steps, False, where, exact=True)
    if len(places) != 1 or _value(places[0]) in (None, ""):
        raise CannotRender(where, f"`{'.'.join(steps)}` is not in the source of a replacement")
    value = _value(places[0])
    options = source.get("options")
    if isinstance(options, Attrs):
        _known(options, ("delimiter", "index", "create"), where)
        value = _part(value, options, where)
    return value, at(*places[0], otherwise=found[0].origin)


def _part(value: Value, options: Attrs, where: FileOrigin) -> Value:
    delimiter, index = text(options.get("delimiter")), options.get("index", 0)
    if not delimiter:
        return value
    parts = text(value).split(delimiter)
    if isinstance(value, Attrs | Items) or not isinstance(index, int) or not 0 <= index < len(parts):
        raise CannotRender(where, f"the value has no part {index}")
    return parts[index]


def _selected(one: Id, select: Attrs, where: FileOrigin) -> bool:
    """Whether an id is meant; releases of kustomize differ in whether the names are patterns, so none may be one."""
    wanted = {key: text(select.get(key)) for key in _IDS}
    for key, value in wanted.items():
        if not _LITERAL.match(value):
            raise CannotRender(at(select, key, otherwise=where), f"the pattern `{value}` is not understood")
    return (
        one.is_a(wanted["group"], wanted["version"], wanted["kind"])
        and wanted["name"] in ("", one.name)
        and wanted["namespace"] in ("", one.place)
    )


def _targeted(one: Obj, target: Attrs, where: FileOrigin) -> bool:
    select = target["select"]
    assert isinstance(select, Attrs)
    if not _labelled(one, select, where) or not any(_selected(known, select, where) for known in one.ids):
        return False
    for reject in items_of(target.get("reject")):
        if not isinstance(reject, Attrs):
            raise CannotRender(where, "`reject` of a replacement is no list of mappings")
        ids = any(reject.get(key) for key in _IDS) and any(_selected(known, reject, where) for known in one.ids)
        labels = bool(reject.get("labelSelector") or reject.get("annotationSelector"))
        if ids or (labels and _labelled(one, reject, where)):
            return False
    return True


def _labelled(one: Obj, select: Attrs, where: FileOrigin) -> bool:
    _known(select, (*_IDS, "labelSelector", "annotationSelector"), where)
    metadata = one.value.get("metadata")
    holder = metadata if isinstance(metadata, Attrs) else Attrs()
    return all(
        label_selector(text(select.get(key)), where)(holder.get(field))
        for key, field in (("labelSelector", "labels"), ("annotationSelector", "annotations"))
    )


def _write(one: Obj, target: Attrs, value: Value, mark: FileOrigin, where: FileOrigin) -> None:
    options = target.get("options")
    asked = options if isinstance(options, Attrs) else Attrs()
    _known(asked, ("delimiter", "index", "create"), where)
    create = asked.get("create") is True
    for path in items_of(target.get("fieldPaths")) or ("metadata.name",):
        places = _places(one.value, _steps(text(path), where), create, where, exact=False)
        if not places:
            raise CannotRender(where, f"`{text(path)}` is not in `{one.id.kind}/{one.id.name}`")
        for place in places:
            _assign(place, _joined(_value(place), value, asked, where), mark)


def _joined(old: Value, value: Value, options: Attrs, where: FileOrigin) -> Value:
    delimiter, index = text(options.get("delimiter")), options.get("index", 0)
    if isinstance(value, Unknown) or isinstance(old, Unknown):
        return value if isinstance(value, Unknown) else old
    if not delimiter:
        return copied(value) if isinstance(value, Attrs | Items) else _typed(old, value)
    if isinstance(old, Attrs | Items) or not isinstance(index, int):
        raise CannotRender(where, "a delimiter is for scalars")
    parts = text(old).split(delimiter)
    if index < 0:
        parts.insert(0, text(value))
    elif index >= len(parts):
        parts.append(text(value))
    else:
        parts[index] = text(value)
    return _typed(old, delimiter.join(parts))


def _typed(old: Value, value: Value) -> Value:
    """A scalar takes the type of the one whose place it takes, where it can."""
    if isinstance(old, str):
        return text(value)
    if isinstance(old, bool | int | float) and isinstance(value, str):
        try:
            return plain(value)
        except ScalarError:
            return value
    return value


def _steps(path: str, where: FileOrigin) -> list[str]:
    """`a.[b.c].[name=x]` in steps: brackets keep their dots, and stay where they choose an item of a list."""
    if len(path) > MAX_PATH:
        raise CannotRender(where, "the path of a field is too long")
    steps: list[str] = []
    for part in re.split(r"(?<!\\)\.(?![^\[]*\])", path):
        bare = part.replace("\\.", ".")
        steps.append(bare.strip("[]") if bare.startswith("[") and "." in bare and "=" not in bare else bare)
    return steps


def _value(place: Place) -> Value:
    container, key = place
    if isinstance(container, Attrs):
        return container.get(str(key))
    return container[int(key)]


def _assign(place: Place, value: Value, mark: FileOrigin) -> None:
    container, key = place
    if isinstance(container, Attrs):
        container[str(key)] = value
        container.marks[str(key)] = mark
    else:
        container[int(key)] = value
        container.marks.extend([mark] * (int(key) + 1 - len(container.marks)))
        container.marks[int(key)] = mark


def _places(value: Value, steps: list[str], create: bool, where: FileOrigin, *, exact: bool) -> list[Place]:
    """Every place at a path; with `create`, what is missing is made. Raises CannotRender for what is no path."""
    step, rest = steps[0], steps[1:]
    if isinstance(value, Items):
        indexes = _chosen(value, step, where, exact=exact)
        if not indexes and create and (found := _ITEM.match(step)):
            value.append(Attrs({found[1]: found[2]}) if found[1] else found[2])
            indexes = [len(value) - 1]
        if not rest:
            return [(value, index) for index in indexes]
        return [one for index in indexes for one in _places(value[index], rest, create, where, exact=exact)]
    if not isinstance(value, Attrs):
        if isinstance(value, str):
            raise CannotRender(where, "a replacement inside a text is not understood")
        return []
    if step not in value:
        if not create or step.startswith("["):
            return []
        value[step] = (Items() if rest and (_ITEM.match(rest[0]) or rest[0].isdigit()) else Attrs()) if rest else ""
    return _places(value[step], rest, create, where, exact=exact) if rest else [(value, step)]


def _chosen(items: Items, step: str, where: FileOrigin, *, exact: bool) -> list[int]:
    if _INDEX.match(step):
        return [int(step)] if int(step) < len(items) else []
    if step == "*":
        return list(range(len(items)))
    found = _ITEM.match(step)
    if found is None:
        raise CannotRender(where, f"`{step}` chooses no item of a list")
    key, wanted = found.groups()
    if not _LITERAL.match(wanted):
        raise CannotRender(where, f"the pattern `{wanted}` is not understood")
    # A target is searched for the text, as a pattern in which a dot is any sign; a source is compared.
    looks = re.compile(re.escape(wanted).replace(r"\.", "."))
    chosen = []
    for index, item in enumerate(items):
        said = item.get(key) if isinstance(item, Attrs) and key else item
        if isinstance(said, str | int | float) and (text(said) == wanted if exact else looks.search(text(said))):
            chosen.append(index)
    return chosen
