"""ConfigMaps and Secrets that a kustomization generates, and the hash that ends their names."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping

from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.resource import Attrs, Items, items_of
from scanner.sources.kubernetes.kustomize.load import Loader
from scanner.sources.kubernetes.kustomize.objects import CannotRender, NotThere, Obj, at, id_of, named, put, text
from scanner.unknown import NOT_RENDERED, Unknown, Value

_KEYS = frozenset(["name", "namespace", "behavior", "literals", "files", "envs", "env", "options", "type", "kvSources"])
_OPTIONS = frozenset(["labels", "annotations", "disableNameSuffixHash", "immutable"])
_VARIABLE = lazy(r"[-._a-zA-Z][-._a-zA-Z0-9]*\Z")
_LETTERS = str.maketrans("013ae", "ghkmt")
Pair = tuple[str, str, FileOrigin]


def generate(kind: str, args: Value, common: Value, loader: Loader, folder: str, where: FileOrigin) -> tuple[Obj, str]:
    """The object of one entry of a generator, and its behavior. Raises CannotRender."""
    if not isinstance(args, Attrs):
        raise CannotRender(where, "a generator is no mapping")
    for key in args:
        if key not in _KEYS or key == "kvSources":
            raise CannotRender(at(args, key, otherwise=where), f"`{key}` in a generator is not understood")
    name = text(args.get("name"))
    if not name:
        raise CannotRender(where, "a generator without a name")
    secret = kind == "Secret"
    data, metadata = Attrs(), Attrs({"name": name}, {"name": at(args, "name", otherwise=where)})
    lost = None
    try:
        for key, value, place in _pairs(args, loader, folder, where):
            if key in data:
                raise CannotRender(place, f"the generator repeats the key `{key}`")
            put(data, key, _encoded(value) if secret else value, place)
    except NotThere as error:
        # Made by whoever deploys: the object exists, and nobody knows what is in it.
        lost = Unknown(error.cause, NOT_RENDERED, (error.cause.split("`")[1],))
    if args.get("namespace"):
        put(metadata, "namespace", text(args["namespace"]), at(args, "namespace", otherwise=where))
    made = Attrs({"apiVersion": "v1", "kind": kind, "metadata": metadata})
    if data or secret or lost:
        made["data"] = lost or data
    if secret:
        made["type"] = text(args.get("type")) or "Opaque"
    made.marks.update(dict.fromkeys(made, where))
    obj = Obj(made, where, hashed=_options(made, metadata, args, common, where))
    return obj, text(args.get("behavior")) or "create"


def _options(value: Attrs, metadata: Attrs, args: Attrs, common: Value, where: FileOrigin) -> bool:
    """Apply the options of a generator over those of all; the answer is whether its name gets a hash."""
    hashed = True
    for options in (common, args.get("options")):
        if not isinstance(options, Attrs):
            continue
        for key in options:
            if key not in _OPTIONS:
                raise CannotRender(at(options, key, otherwise=where), f"the generator option `{key}` is not understood")
        for key in ("labels", "annotations"):
            if isinstance(entries := options.get(key), Attrs):
                into = metadata.setdefault(key, Attrs())
                assert isinstance(into, Attrs)
                for name, entry in entries.items():
                    put(into, name, text(entry), at(entries, name, otherwise=where))
        hashed = hashed and options.get("disableNameSuffixHash") is not True
        if options.get("immutable") is True:
            put(value, "immutable", True, at(options, "immutable", otherwise=where))
    return hashed


def _pairs(args: Attrs, loader: Loader, folder: str, where: FileOrigin) -> Iterator[Pair]:
    envs = [*_named(args, "envs", where), *_named(args, "env", where)]
    for name, place in envs:
        path, content = loader.text(folder, name, place)
        yield from _variables(content, path)
    for literal, place in _named(args, "literals", where):
        key, sign, value = literal.partition("=")
        if not sign or not key:
            raise CannotRender(place, f"`{literal}` is no `key=value`")
        yield key, _unquoted(value), place
    for source, place in _named(args, "files", where):
        key, sign, name = source.rpartition("=")
        if "=" in key or (sign and not (key and name)):
            raise CannotRender(place, f"`{source}` is no file")
        path, content = loader.text(folder, name, place)
        yield key or name.rpartition("/")[2], content, FileOrigin(path, 1)


def _named(args: Attrs, key: str, where: FileOrigin) -> Iterator[tuple[str, FileOrigin]]:
    listed = args.get(key)
    for index, item in enumerate(items_of(listed)):
        place = at(args, *((key, index) if isinstance(listed, Items) else (key,)), otherwise=where)
        if not isinstance(item, str) or not item:
            raise CannotRender(place, f"an entry of `{key}` is no text")
        yield item, place


def _variables(content: str, path: str) -> Iterator[Pair]:
    """The lines of an env file: comments and empty lines say nothing, a name alone is the empty string."""
    for number, line in enumerate(content.split("\n"), 1):
        bare = line.removesuffix("\r").lstrip()
        if not bare or bare.startswith("#"):
            continue
        key, _, value = bare.partition("=")
        if not _VARIABLE.match(key):
            raise CannotRender(FileOrigin(path, number), f"`{key}` is no name of a variable")
        yield key, value, FileOrigin(path, number)


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _encoded(value: str) -> str:
    """Base64 as kustomize writes it: in lines of 70 characters once it is longer."""
    whole = base64.b64encode(value.encode()).decode()
    if len(whole) < 70:
        return whole
    return "".join(f"{whole[start : start + 70]}\n" for start in range(0, len(whole), 70))


def absorb(objects: list[Obj], new: Obj, behavior: str, where: FileOrigin) -> None:
    """Add a generated object, or merge it into the one that it extends. Raises CannotRender."""
    found = list(named(objects, id_of(new.value)))
    if behavior not in ("create", "merge", "replace"):
        raise CannotRender(where, f"the behavior `{behavior}` is not known")
    if behavior == "create" and not found:
        objects.append(new)
        return
    if behavior == "create" or len(found) != 1:
        called = f"`{new.id.kind}/{new.id.name}`"
        raise CannotRender(where, f"{called} is there already" if found else f"there is no {called} to {behavior}")
    old = found[0]
    _inherit(new, old, where)
    if behavior == "merge":
        for key in ("data", "binaryData"):
            before, now = old.value.get(key), new.value.get(key)
            if isinstance(before, Unknown):
                put(new.value, key, before, where)
            elif isinstance(before, Attrs) and not isinstance(now, Unknown):
                merged = Attrs(before, before.marks)
                if isinstance(now, Attrs):
                    merged.update(now)
                    merged.marks.update(now.marks)
                put(new.value, key, merged, None)
                new.value.marks.setdefault(key, where)
    objects[objects.index(old)] = new


def _inherit(new: Obj, old: Obj, where: FileOrigin) -> None:
    """Give a generated object the name, labels and history of the one that it replaces."""
    before, metadata = old.value.get("metadata"), new.value["metadata"]
    assert isinstance(metadata, Attrs)
    if isinstance(before, Attrs):
        for key in ("labels", "annotations"):
            if isinstance(entries := before.get(key), Attrs):
                own = metadata.get(key)
                joined = Attrs(entries, entries.marks)
                if isinstance(own, Attrs):
                    joined.update(own)
                    joined.marks.update(own.marks)
                put(metadata, key, joined, where)
        for key in ("name", "namespace"):
            if key in before:
                put(metadata, key, before[key], at(before, key, otherwise=where))
    new.previous, new.prefixes, new.suffixes = list(old.previous), list(old.prefixes), list(old.suffixes)
    new.hashed = new.hashed and old.hashed


def add_hashes(objects: list[Obj]) -> None:
    """End the names of what was generated with the hash of its content."""
    for one in objects:
        if one.hashed:
            name, data = one.id.name, one.value.get("data")
            one.remember()
            metadata = one.value["metadata"]
            assert isinstance(metadata, Attrs)
            if isinstance(data, Unknown):
                metadata["name"] = Unknown(data.cause, data.code, data.decided_by, pieces=(f"{name}-", data))
            else:
                metadata["name"] = f"{name}-{content_hash(one.value)}"


def content_hash(value: Mapping[str, Value]) -> str:
    """The ten characters that kustomize makes of a ConfigMap or a Secret."""
    secret = value.get("kind") == "Secret"
    # kustomize means to take the name in, and looks it up where it is not: it is always empty.
    content: dict[str, Value] = {"kind": value.get("kind"), "name": ""}
    content["data"] = value.get("data", "")
    if secret:
        content["type"] = value.get("type", "")
    for key in ("stringData",) if secret else ("binaryData",):
        if isinstance(value.get(key), Mapping):
            content[key] = value[key]
    encoded = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        encoded = encoded.replace(sign, f"\\u{ord(sign):04x}")
    return hashlib.sha256(encoded.encode()).hexdigest()[:10].translate(_LETTERS)
