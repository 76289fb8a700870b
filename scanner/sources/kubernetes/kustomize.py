"""Kustomizations: what they list is read as it stands, what they change needs rendering."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from scanner.origin import FileOrigin
from scanner.resource import Unread, dig, items_of, mark
from scanner.unknown import Value

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

_LISTING = frozenset(
    ["apiVersion", "kind", "metadata", "resources", "bases", "crds", "sortOptions", "openapi", "configurations",
     "buildMetadata", "helmGlobals", "generatorOptions"]
)  # fmt: skip
"""Keys that change no object; whatever else a kustomization has is taken to change some."""

_PATCH_LISTS = ("patches", "patchesJson6902", "patchesStrategicMerge", "replacements")
_SETTING_LISTS = ("generators", "transformers", "validators", "configurations")


@dataclass(slots=True)
class Kustomization:
    """What one kustomization says.

    fragments: paths of patches and settings, which are no objects, with their role; listed: paths of its resources.
    """

    unread: list[Unread] = field(default_factory=list)
    listed: set[str] = field(default_factory=set)
    fragments: dict[str, str] = field(default_factory=dict)


def is_kustomization(path: str, value: Value) -> bool:
    """Whether a document is a kustomization: by its kind, or by its file's name where it has none."""
    group = dig(value, "apiVersion")
    if isinstance(group, str) and dig(value, "kind") in ("Kustomization", "Component"):
        return group.startswith("kustomize.config.k8s.io/")
    named = posixpath.basename(path) in NAMES
    return named and isinstance(value, Mapping) and (dig(value, "kind") is None or group is None)


def read_kustomization(path: str, value: Value, origin: FileOrigin) -> Kustomization:
    """Read one kustomization; `path` is relative to the root."""
    found = Kustomization()
    if not isinstance(value, Mapping):
        return found
    folder = posixpath.dirname(path)
    changes = [key for key in value if key not in _LISTING and value[key] not in (None, "", [], {})]
    if changes:
        keys = ", ".join(f"`{key}`" for key in sorted(changes)[:6])
        remedy = f"scan the output of `kubectl kustomize {folder or '.'}`"
        found.unread.append(Unread(origin, f"a kustomize overlay is not rendered: it has {keys}", "template", remedy))
    for key in ("resources", "bases", "components"):
        for index, item in enumerate(items_of(value.get(key))):
            if isinstance(item, str) and _remote(item):
                place = mark(value, key, index) or origin
                found.unread.append(Unread(place, f"`{item}` is not on disk", "module", "render it with kustomize"))
            elif isinstance(item, str):
                found.listed.add(_join(folder, item))
    found.fragments.update(_fragments(path, folder, value))
    return found


def _fragments(path: str, folder: str, value: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """The files of patches and settings that a kustomization names."""
    for keys, role in ((_PATCH_LISTS, "a patch of"), (_SETTING_LISTS, "settings of")):
        for key in keys:
            for item in items_of(value.get(key)):
                name = item if isinstance(item, str) else dig(item, "path")
                if isinstance(name, str) and "\n" not in name:
                    yield _join(folder, name), f"{role} {path}"


def _remote(item: str) -> bool:
    """Whether a resource is fetched: `https://...`, `github.com/...?ref=`, `git@...`, `git::...`."""
    return "://" in item or item.startswith(("git@", "git::", "github.com/")) or "?ref=" in item


def _join(folder: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(folder, name))
