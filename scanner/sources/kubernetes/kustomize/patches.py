"""The patches of a kustomization: which kind each is, what it is for, and the objects after it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Items, items_of
from scanner.sources.kubernetes.kustomize import jsonpatch
from scanner.sources.kubernetes.kustomize.load import Loaded, Loader
from scanner.sources.kubernetes.kustomize.merge import GONE, merge
from scanner.sources.kubernetes.kustomize.merge_keys import type_of
from scanner.sources.kubernetes.kustomize.objects import CannotRender, Obj, at, id_of, named, put, text
from scanner.sources.kubernetes.kustomize.selectors import selected
from scanner.unknown import Value


def _is_json(written: str) -> bool:
    try:
        json.loads(written)
    except ValueError:
        return False
    return True


class Patcher:
    """The patches of one kustomization. lenient: something it builds on is unread, so a patch may find no target."""

    def __init__(self, loader: Loader, folder: str, *, lenient: bool) -> None:
        self._loader = loader
        self._folder = folder
        self._lenient = lenient

    def strategic(self, objects: list[Obj], listed: Value, where: FileOrigin) -> list[Obj]:
        """`patchesStrategicMerge`: each entry is a file, or the patch itself."""
        for index, item in enumerate(items_of(listed)):
            place = at(listed, index, otherwise=where)
            found = self._documents(item, place, inline_first=True)
            for patch in found:
                objects = self._by_id(objects, patch)
        return objects

    def patches(self, objects: list[Obj], listed: Value, where: FileOrigin) -> list[Obj]:
        """`patches`: a strategic merge or a JSON patch, with a target or without."""
        for index, item in enumerate(items_of(listed)):
            place = at(listed, index, otherwise=where)
            entry = self._entry(item, place, ("path", "patch", "target", "options"))
            found, target = self._content(entry, place), entry.get("target")
            if len(found) == 1 and isinstance(found[0].value, Items):
                objects = self._json(objects, found[0], target, place, remember=True)
            elif target is None:
                for patch in found:
                    objects = self._by_id(objects, patch, entry.get("options"))
            else:
                objects = self._by_target(objects, found, target, entry.get("options"), place)
        return objects

    def json_patches(self, objects: list[Obj], listed: Value, where: FileOrigin) -> list[Obj]:
        """`patchesJson6902`: JSON patches with a target each."""
        for index, item in enumerate(items_of(listed)):
            place = at(listed, index, otherwise=where)
            entry = self._entry(item, place, ("path", "patch", "target"))
            found = self._content(entry, place)
            if len(found) != 1:
                raise CannotRender(place, "a JSON patch is one document")
            objects = self._json(objects, found[0], entry.get("target"), place, remember=False)
        return objects

    def _entry(self, item: Value, place: FileOrigin, keys: Sequence[str]) -> Attrs:
        if not isinstance(item, Attrs):
            raise CannotRender(place, "a patch is no mapping")
        for key in item:
            if key not in keys:
                raise CannotRender(at(item, key, otherwise=place), f"`{key}` in a patch is not understood")
        return item

    def _content(self, entry: Attrs, place: FileOrigin) -> list[Loaded]:
        path, patch = text(entry.get("path")), text(entry.get("patch"))
        if bool(path) == bool(patch.strip()):
            raise CannotRender(place, "a patch needs one of `path` and `patch`")
        where = at(entry, "path" if path else "patch", otherwise=place)
        # What begins with a bracket is read as JSON alone, and what says nothing is refused (api/internal/builtins).
        written = self._loader.text(self._folder, path, where)[1] if path else patch
        if written.startswith("[") and not _is_json(written):
            raise CannotRender(where, "a JSON patch that begins with `[` is no JSON")
        found = self._loader.documents(self._folder, path, where) if path else self._loader.inline(patch, where)
        if not found:
            raise CannotRender(where, "a patch is empty")
        return found

    def _documents(self, item: Value, place: FileOrigin, *, inline_first: bool) -> list[Loaded]:
        content = text(item)
        if inline_first and "\n" in content.strip() or content.lstrip().startswith("{"):
            return self._loader.inline(content, place)
        return self._loader.documents(self._folder, content, place)

    def _by_id(self, objects: list[Obj], patch: Loaded, options: Value = None) -> list[Obj]:
        """Apply a patch to the one object that has, or had, its kind, name and namespace."""
        if not isinstance(patch.value, Attrs):
            raise CannotRender(patch.origin, "a strategic merge patch is no mapping")
        wanted = id_of(patch.value)
        found = list(named(objects, wanted))
        if not found and self._lenient:
            return objects
        if len(found) != 1:
            many = "several objects" if found else "no object"
            raise CannotRender(patch.origin, f"a patch of `{wanted.kind}/{wanted.name}` fits {many}")
        return self._merged(objects, found, patch.value, options, patch.origin)

    def _by_target(
        self, objects: list[Obj], found: list[Loaded], target: Value, options: Value, place: FileOrigin
    ) -> list[Obj]:
        if len(found) != 1 or not isinstance(found[0].value, Attrs):
            raise CannotRender(place, "a patch with a target is one mapping")
        chosen = selected(objects, self._target(target, place), place)
        return self._merged(objects, chosen, found[0].value, options, found[0].origin)

    def _merged(
        self, objects: list[Obj], chosen: Sequence[Obj], patch: Attrs, options: Value, where: FileOrigin
    ) -> list[Obj]:
        allowed = options if isinstance(options, Attrs) else Attrs()
        gone = []
        for one in chosen:
            before = one.id
            if allowed.get("allowNameChange") is True or allowed.get("allowKindChange") is True:
                one.remember()
            # A patch for several objects says nothing of what each is called, and a namespace is never its to change.
            merged = merge(one.value, _without_names(patch, allowed), type_of(before), where)
            if merged is GONE or not merged:
                gone.append(one)
            elif isinstance(merged, Attrs):
                one.value = merged
        return [one for one in objects if one not in gone]

    def _json(
        self, objects: list[Obj], patch: Loaded, target: Value, place: FileOrigin, *, remember: bool
    ) -> list[Obj]:
        if not isinstance(patch.value, Items):
            raise CannotRender(patch.origin, "a JSON patch is no list of operations")
        for one in selected(objects, self._target(target, place), place):
            if remember:
                one.remember()
            jsonpatch.apply(one.value, patch.value, patch.origin)
        return objects

    @staticmethod
    def _target(target: Value, place: FileOrigin) -> Attrs:
        if not isinstance(target, Attrs):
            raise CannotRender(place, "a patch needs a `target`")
        return target


def _without_names(patch: Attrs, allowed: Attrs) -> Attrs:
    """The patch without what it may not change: the namespace, and the kind and name unless `options` say so."""
    made = Attrs(patch, patch.marks)
    # A patch that deletes the object is nothing but its directive.
    for key in ("apiVersion", *(() if allowed.get("allowKindChange") is True else ("kind",))):
        made.pop(key, None)
    metadata = made.get("metadata")
    if isinstance(metadata, Attrs):
        kept = Attrs(metadata, metadata.marks)
        kept.pop("namespace", None)
        if allowed.get("allowNameChange") is not True:
            kept.pop("name", None)
        put(made, "metadata", kept, None)
    return made
