"""From calls to Resources: objects as manifests have them, and what no answer came to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from scanner.resource import OBSERVED, Asked, Attrs, Items, Reading, Resource, SourceName, Unread
from scanner.sources.bundle import Call
from scanner.sources.kubernetes.listed import NAME_ONLY
from scanner.sources.kubernetes.live_discovery import served_kinds
from scanner.sources.kubernetes.live_doubts import stand_ins
from scanner.sources.kubernetes.live_fold import Folded, fold
from scanner.sources.kubernetes.live_held import held_in_cluster
from scanner.sources.kubernetes.live_items import Item, Lost, dig, items_of
from scanner.sources.kubernetes.live_lost import guards_of, lists_of, not_discovered, not_listed, spaces_of, unread_of
from scanner.sources.kubernetes.live_marks import marked
from scanner.sources.kubernetes.live_seen import seen
from scanner.unknown import Unknown

SOURCE = "kubernetes"
OBJECTS = frozenset({"Kubernetes"})
"""What an answer of a cluster can tell of: its objects, which may hold one another."""


def read_cluster(calls: Sequence[Call], unit: str, source: SourceName) -> Reading:
    """The objects of one cluster, all calls of which have one scope, and what could not be read of it."""
    reading = Reading()
    found = [call for call in calls if call.source == SOURCE]
    discovered = [call for call in found if call.operation == "discover"]
    lists = lists_of(call for call in found if call.operation == "list")
    served = {(kind.group, kind.kind, kind.resource): kind for call in discovered for kind in served_kinds(call)}
    undiscovered = list(not_discovered(discovered, found))
    lost = list(not_listed(lists, served, found))
    reading.unread += unread_of([*undiscovered, *lost])
    spaced = frozenset(key[:2] for key, kind in served.items() if kind.namespaced)
    ordered = [call for one in lists.values() for call in (one.whole, *one.parts.values()) if call is not None]
    folded = fold(items_of(ordered, spaced, reading.unread, lost))
    reading.resources += [_resource(item, folded, unit, source, lost) for item in folded.items]
    whole = frozenset(key[:2] for key, kind in served.items() if not kind.namespaced)
    for one in held_in_cluster(list(reading.resources), unit, source, whole):
        if isinstance(one, Unread):
            reading.unread.append(one)
        else:
            reading.resources.append(one)
    spaces = {one.namespace for one in reading.resources if one.namespace} | set(spaces_of(lists) or ())
    for call in found[:1]:
        answered = any(one.operation == "list" and one.outcome == "read" for one in found)
        reading.asked.append(Asked(call.scope, unit, call.origin(), answered))
    reading.resources += stand_ins([*lost, *guards_of(undiscovered)], spaces, unit, source)
    reading.unread = [replace(one, tells=OBJECTS) for one in reading.unread]
    return reading


def _resource(item: Item, folded: Folded, unit: str, source: SourceName, lost: Sequence[Lost]) -> Resource:
    """An object as a Resource; its identity is that of the call that listed it."""
    origin = item.call.origin(item.address)
    group = f"{item.group}/" if item.group else ""
    metadata = {key: value for key, value in item.metadata.items() if key != "uid"}
    body = {**item.value, "apiVersion": f"{group}{item.version}", "kind": item.kind, "metadata": metadata}
    if item.what in (("", "Endpoints"), ("discovery.k8s.io", "EndpointSlice")):
        _point_at_owners(body, item.namespace, folded)
    attrs = marked(body, origin)
    if not isinstance(attrs, Attrs):
        raise TypeError("an object is a mapping")
    told = seen(item, folded.pods.get(id(item), ()), lost)
    if told:
        # Inside the status, of which no builder believes that it is a setting.
        before = attrs.get("status")
        items = Items(marked(one, origin, "status") for one in told)
        attrs["status"] = Attrs({**(before if isinstance(before, Attrs) else {}), OBSERVED: items})
    if item.what in NAME_ONLY:
        cause = f"the values of `{item.address}` are not read"
        attrs["data"] = Unknown(cause, decided_by=(item.address,), secret=True)
    return Resource(
        address=item.address,
        unit=unit,
        kind=item.kind,
        name=item.name,
        attrs=attrs,
        origin=origin,
        source=source,
        group=item.group,
        namespace=item.namespace,
    )


def _point_at_owners(body: dict[str, object], namespace: str, folded: Folded) -> None:
    """Let the addresses of pods that were folded away name the workload that stands for them."""
    waiting: list[object] = [body]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            target = here.get("targetRef")
            name = dig(target, "name")
            owner = folded.renamed.get((namespace, name)) if isinstance(name, str) else None
            if owner is not None and isinstance(target, dict):
                here["targetRef"] = {"kind": owner[0], "name": owner[1]}
            waiting.extend(here.values())
        elif isinstance(here, list):
            waiting.extend(here)


def clusters_of(calls: Iterable[Call]) -> dict[str, list[Call]]:
    """The Kubernetes calls by the name of their cluster."""
    found: dict[str, list[Call]] = {}
    for call in calls:
        if call.source == SOURCE:
            found.setdefault(dict(call.scope).get("cluster", ""), []).append(call)
    return found
