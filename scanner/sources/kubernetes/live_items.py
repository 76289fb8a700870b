"""The objects in the answers of an API server, and what of them is no object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scanner.resource import Unread
from scanner.sources.bundle import Call
from scanner.sources.kubernetes.live_prune import depth_of

MAX_DEPTH = 150


class Item(Struct, eq=False):
    """An object: its identity as the call has it, never as the object itself claims."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str
    value: dict[str, Any]
    call: Call

    @property
    def what(self) -> tuple[str, str]:
        """Group and kind."""
        return self.group, self.kind

    @property
    def metadata(self) -> dict[str, Any]:
        """`metadata`, which is a mapping."""
        return self.value["metadata"]  # type: ignore[no-any-return]

    @property
    def uid(self) -> str:
        """What the server tells objects apart by; "" where there is none."""
        uid = self.metadata.get("uid")
        return uid if isinstance(uid, str) else ""

    @property
    def address(self) -> str:
        """`namespace/Kind/name`, or `Kind/name`."""
        return "/".join(part for part in (self.namespace, self.kind, self.name) if part)


class Lost(Struct, frozen=True):
    """A list that did not come to its end. space: the namespace, "" for the whole cluster."""

    call: Call
    space: str = ""

    @property
    def what(self) -> tuple[str, str]:
        """Group and kind."""
        return str(self.call.parameters.get("group", "")), str(self.call.parameters.get("kind", ""))


def items_of(
    calls: Iterable[Call], namespaced: frozenset[tuple[str, str]], unread: list[Unread], lost: list[Lost]
) -> Iterator[Item]:
    """Every object once; what is none is told in `unread`, and the list that it is of in `lost`.

    namespaced: the kinds whose objects have a namespace.
    """
    seen: set[tuple[str, str, str, str]] = set()
    for call in calls:
        group, version, kind, inside = (str(call.parameters.get(key, "")) for key in _KEYS)
        for page in call.pages:
            for value in page if isinstance(page, list) else (page,):
                spaced = (group, kind) in namespaced
                fault = _fault(value, spaced, inside) if kind[:1].isupper() else "the list is of no kind"
                if fault:
                    cause = f"an object in the list of `{resource_name(call)}` cannot be read: {fault}"
                    unread.append(Unread(call.origin(resource_name(call)), cause, "call"))
                    space = dig(value, "metadata", "namespace")
                    lost.append(Lost(replace(call, cause=fault), inside or (space if isinstance(space, str) else "")))
                    continue
                metadata = value["metadata"]
                namespace = metadata["namespace"] if spaced else ""
                key = (group, kind, namespace, metadata["name"])
                if key not in seen:
                    seen.add(key)
                    yield Item(group, version, kind, namespace, metadata["name"], value, call)


_KEYS = ("group", "version", "kind", "namespace")


def resource_name(call: Call) -> str:
    """What a call lists, as kubectl and roles write it: `deployments.apps`."""
    resource, group = (str(call.parameters.get(key, "")) for key in ("resource", "group"))
    return f"{resource}.{group}" if group else resource


def _fault(value: Any, spaced: bool, inside: str) -> str:
    """What keeps `value` from being an object of the list; "" where nothing does."""
    if not isinstance(value, dict):
        return "it is no mapping"
    if depth_of(value) > MAX_DEPTH:
        return "it is too deep"
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        return "it has no `metadata`"
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if not isinstance(name, str) or not name:
        return "it has no `metadata.name`"
    if spaced and (not isinstance(namespace, str) or not namespace):
        return f"`{name}` has no `metadata.namespace`"
    if inside and namespace != inside:
        return f"`{name}` is of another namespace than the one that was asked for"
    return ""


def dig(value: Any, *path: str) -> Any:
    """What stands at `path` of plain JSON; None where a step is missing."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
