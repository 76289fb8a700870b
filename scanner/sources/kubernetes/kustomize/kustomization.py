"""Kustomizations: which documents are some, what they list, and which files are their patches and settings."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from msgspec import Struct

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Items, dig, items_of
from scanner.sources.kubernetes.kustomize.objects import at
from scanner.unknown import Value

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

LISTING = frozenset(
    ["apiVersion", "kind", "metadata", "resources", "bases", "crds", "sortOptions", "openapi", "configurations",
     "buildMetadata", "helmGlobals", "generatorOptions"]
)  # fmt: skip
"""Keys that change no object; whatever else a kustomization has is taken to change some."""

UNRENDERED = {
    "helmCharts": "is not rendered: it takes a Helm chart in",
    "helmChartInflationGenerator": "is not rendered: it takes a Helm chart in",
    "generators": "is not rendered: it runs a plugin",
}
"""Keys that only add objects, with why those are not known."""

_PATCH_LISTS = ("patches", "patchesJson6902", "patchesStrategicMerge", "replacements")
_SETTING_LISTS = ("generators", "transformers", "validators", "configurations")


class Kustomization(Struct):
    """One kustomization, in a folder ("" is the root). problem: why it can never be rendered, "" where it may be."""

    path: str
    value: Attrs
    origin: FileOrigin
    problem: str = ""
    folder: str = ""

    def __post_init__(self) -> None:
        self.folder = posixpath.dirname(self.path)

    @property
    def component(self) -> bool:
        """Whether it is a component: one that only works on the objects of who names it."""
        return self.value.get("kind") == "Component"

    def at(self, key: str) -> FileOrigin:
        """Where the value of a key stands."""
        return at(self.value, key, otherwise=self.origin)

    def listed(self, *keys: str) -> Iterator[tuple[str, FileOrigin]]:
        """The names in its lists, each with its place."""
        for key in keys:
            listed = self.value.get(key)
            for index, item in enumerate(items_of(listed)):
                where = at(self.value, *((key, index) if isinstance(listed, Items) else (key,)), otherwise=self.origin)
                if isinstance(item, str) and item:
                    yield item, where

    def sources(self) -> Iterator[str]:
        """The files out of which it generates ConfigMaps and Secrets."""
        for key in ("configMapGenerator", "secretGenerator"):
            for entry in items_of(self.value.get(key)):
                for each in ("files", "envs", "env"):
                    names = [one for one in items_of(dig(entry, each)) if isinstance(one, str)]
                    yield from (name.rpartition("=")[2] for name in names)

    def fragments(self) -> Iterator[tuple[str, str]]:
        """The files of patches and settings that it names, with their role."""
        for keys, role in ((_PATCH_LISTS, "a patch of"), (_SETTING_LISTS, "settings of")):
            for key in keys:
                for item in items_of(self.value.get(key)):
                    name = item if isinstance(item, str) else dig(item, "path")
                    if isinstance(name, str) and "\n" not in name:
                        yield joined(self.folder, name), f"{role} {self.path}"


def is_kustomization(path: str, value: Value) -> bool:
    """Whether a document is a kustomization: by its kind, or by its file's name where it has none."""
    group = dig(value, "apiVersion")
    if isinstance(group, str) and dig(value, "kind") in ("Kustomization", "Component"):
        return group.startswith("kustomize.config.k8s.io/")
    named = posixpath.basename(path) in NAMES
    return named and isinstance(value, Attrs) and (dig(value, "kind") is None or group is None)


def is_named_as_one(path: str) -> bool:
    """Whether kustomize reads a file as a kustomization, whatever stands in it."""
    return posixpath.basename(path) in NAMES


def joined(folder: str, name: str) -> str:
    """The path of a name in a folder."""
    return posixpath.normpath(posixpath.join(folder, name))


def named_folders(values: Iterable[Value]) -> set[str]:
    """The folders that Argo CD applications and Flux kustomizations deploy from, as paths below the root."""
    found: set[str] = set()
    for value in values:
        kind, group = dig(value, "kind"), str(dig(value, "apiVersion")).partition("/")[0]
        if (kind, group) == ("Application", "argoproj.io"):
            sources = (dig(value, "spec", "source"), *items_of(dig(value, "spec", "sources")))
            paths = [dig(one, "path") for one in sources]
        elif (kind, group) == ("Kustomization", "kustomize.toolkit.fluxcd.io"):
            paths = [dig(value, "spec", "path")]
        else:
            continue
        found.update(joined("", one).removeprefix("/") for one in paths if isinstance(one, str) and one)
    return {"" if one == "." else one for one in found}
