"""From the objects of all files to Resources: scopes that CRDs declare, units, and objects declared twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from scanner.origin import FileOrigin
from scanner.podspec_shapes import HOLDERS
from scanner.resource import Reading, Resource, Unread, dig
from scanner.sources.kubernetes.objects import Identity, identify, object_to_resource, placeholder
from scanner.sources.kubernetes.units import manifest_units
from scanner.unknown import Unknown, Value

SERVED = "networking.k8s.io/v1"


class Found(Struct, frozen=True, eq=False):
    """An object before its unit is known; `path` is its file, relative to the root.

    unit: where it belongs whatever its folder, "" where the folder decides; possible: what decides whether it exists.
    inside: it stands inside another object of its file, whose unit it shares.
    """

    path: str
    value: Value
    origin: FileOrigin
    unit: str = ""
    possible: Unknown | None = None
    inside: bool = False


def _not_served(resource: Resource) -> Unknown | None:
    """Why a network policy may come to nothing: only one version of its API is served since Kubernetes 1.16."""
    version = resource.attrs.get("apiVersion")
    if (
        resource.kind != "NetworkPolicy"
        or version == SERVED
        or resource.group not in ("networking.k8s.io", "extensions")
    ):
        return None
    cause = f"`{version}` is no version in which network policies are served: that is `{SERVED}`"
    return Unknown(cause, decided_by=(f"{resource.address}: apiVersion",))


def assemble(root: Path, found: Sequence[Found], unit_of: Callable[[str], str], reading: Reading) -> None:
    """Add the Resources of all objects to `reading`, and what is wrong with them."""
    scopes = _scopes(found)
    unit_of = cache(unit_of)  # one answer a file, which may hold thousands of objects
    known: list[tuple[Found, Identity]] = []
    for one in found:
        identity = _identity(one, scopes)
        if isinstance(identity, Unread):
            reading.unread.append(identity)
        else:
            known.append((one, identity))
    loose = [
        (one.path, one if identity.generated else identity)
        for one, identity in known if not unit_of(one.path) and not one.unit and not one.inside
    ]  # fmt: skip
    folders = manifest_units(root, loose)
    seen: dict[tuple[str, Identity], Resource] = {}
    for one, identity in known:
        if one.inside and not unit_of(one.path) and not one.unit and one.path not in folders:
            continue  # what holds it is unread itself
        unit = unit_of(one.path) or one.unit or folders[one.path]
        resource = object_to_resource(one.value, one.origin, unit, "kubernetes", scopes)
        if isinstance(resource, Unread):
            reading.unread.append(resource)
            continue
        possible = one.possible or _not_served(resource)
        resource = replace(resource, possible=possible) if possible is not None else resource
        first = seen.setdefault((unit, identity), resource)
        if first is not resource and not identity.generated:
            if first.attrs == resource.attrs:
                continue
            if not one.inside or one.possible is None:
                reading.unread.append(_twice(resource, first))
        reading.resources.append(resource)
        template = "" if (identity.group, identity.kind) in HOLDERS else placeholder(identity, resource.attrs)
        if template:
            cause = f"`{template}` needs substituting"
            reading.unread.append(Unread(one.origin, cause, "template", "scan the text after substitution"))


def _identity(one: Found, scopes: frozenset[tuple[str, str]]) -> Identity | Unread:
    if not isinstance(one.value, dict):
        return Unread(one.origin, "an item of a list is no object", "document")
    return identify(one.value, one.origin, scopes)


def _scopes(found: Sequence[Found]) -> frozenset[tuple[str, str]]:
    """The (group, kind) that custom resource definitions in the input say are cluster-scoped."""
    scopes = set()
    for one in found:
        if dig(one.value, "kind") == "CustomResourceDefinition" and dig(one.value, "spec", "scope") == "Cluster":
            group, kind = dig(one.value, "spec", "group"), dig(one.value, "spec", "names", "kind")
            if isinstance(group, str) and isinstance(kind, str):
                scopes.add((group, kind))
    return frozenset(scopes)


def _twice(resource: Resource, first: Resource) -> Unread:
    cause = f"`{resource.address}` is declared twice with different content, also at {first.origin}"
    return Unread(resource.origin, cause, "conflict", "keep one, or name the units in the profile")
