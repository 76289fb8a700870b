"""What an API server says that it serves: groups, versions, and the kinds in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from scanner.sources.bundle import Call
from scanner.sources.kubernetes.listed import wanted


class Kind(Struct, frozen=True, order=True):
    """A kind as a server serves it."""

    group: str
    version: str
    kind: str
    resource: str
    namespaced: bool

    @property
    def base(self) -> str:
        """The path that its lists stand below."""
        return f"/apis/{quote(self.group)}/{quote(self.version)}" if self.group else f"/api/{quote(self.version)}"

    def parameters(self, namespace: str = "") -> dict[str, Any]:
        """What a list call of it is recorded under."""
        plain = {"group": self.group, "kind": self.kind, "resource": self.resource, "version": self.version}
        return {**plain, "namespace": namespace} if namespace else plain


def versions_in(root: str, body: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The groups and versions of `/api` or `/apis`, the preferred version of each group first."""
    if root == "/api":
        versions = body.get("versions")
        if not isinstance(versions, list) or not all(isinstance(one, str) for one in versions):
            return None
        return [{"group": "", "version": one} for one in versions]
    groups = body.get("groups")
    if not isinstance(groups, list):
        return None
    found: list[dict[str, Any]] = []
    for group in groups:
        versions = group.get("versions") if isinstance(group, dict) else None
        if not isinstance(versions, list) or not isinstance(group.get("name"), str):
            return None
        names = [one.get("version") if isinstance(one, dict) else None for one in versions]
        preferred = group.get("preferredVersion")
        best = preferred.get("version") if isinstance(preferred, dict) else None
        if not all(isinstance(one, str) for one in names):
            return None
        found += [{"group": group["name"], "version": one} for one in sorted(names, key=lambda name: str(name) != best)]
    return found


def resources_in(group: str, version: str, body: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The kinds of one group and version that can be listed; subresources are none."""
    resources = body.get("resources")
    if not isinstance(resources, list):
        return None
    found = []
    for one in resources:
        name, kind, verbs = (
            (one.get(key) for key in ("name", "kind", "verbs")) if isinstance(one, dict) else (None,) * 3
        )
        if not isinstance(name, str) or not isinstance(kind, str) or not name or not kind:
            return None
        if "/" not in name and isinstance(verbs, list) and "list" in verbs:
            spaced = one.get("namespaced") is True
            found.append({"group": group, "version": version, "kind": kind, "resource": name, "namespaced": spaced})
    return found


def entries(call: Call, *names: str) -> list[dict[str, Any]]:
    """The entries of a discovery call that have a text for each of `names`."""
    return [
        one
        for page in call.pages
        for one in (page if isinstance(page, list) else ())
        if isinstance(one, dict) and all(isinstance(one.get(name), str) for name in names)
    ]


def served_kinds(call: Call) -> list[Kind]:
    """The kinds that a discovery call found; none of the calls that name groups and versions only."""
    return [
        Kind(one["group"], one["version"], one["kind"], one["resource"], one.get("namespaced") is True)
        for one in entries(call, "group", "version", "kind", "resource")
    ]


def one_version(served: Iterable[Kind]) -> list[Kind]:
    """Each kind that is looked at, once: in the version that its group prefers, where that serves it."""
    best: dict[tuple[str, str, str], Kind] = {}
    for one in served:
        if wanted(one.group, one.kind):
            best.setdefault((one.group, one.kind, one.resource), one)
    return list(best.values())
