"""From calls to Resources: objects as manifests have them, and what no answer came to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scanner.resource import Attrs, Reading, Resource, SourceName, Unread
from scanner.sources.bundle import Call
from scanner.sources.bundle.call import FINAL
from scanner.sources.kubernetes.listed import NAME_ONLY, listed, wanted
from scanner.sources.kubernetes.live_discovery import Kind, entries, served_kinds
from scanner.sources.kubernetes.live_fold import Folded, dig, fold
from scanner.sources.kubernetes.live_items import Item, items_of, resource_name
from scanner.sources.kubernetes.live_marks import marked
from scanner.unknown import Unknown

SOURCE = "kubernetes"
GRANT = "`tether permissions --kubernetes` prints a role that may"
AGAIN = "run it again, or `tether collect --resume`"


_Key = tuple[str, str, str]
"""Group, kind and resource name."""


@dataclass(slots=True)
class _Lists:
    """The list calls of one kind: of the whole cluster, and by namespace."""

    whole: Call | None = None
    parts: dict[str, Call] = field(default_factory=dict)


def read_cluster(calls: Sequence[Call], unit: str, source: SourceName) -> Reading:
    """The objects of one cluster, all calls of which have one scope, and what could not be read of it."""
    reading = Reading()
    found = [call for call in calls if call.source == SOURCE]
    discovered = [call for call in found if call.operation == "discover"]
    lists = _lists(call for call in found if call.operation == "list")
    served = {(kind.group, kind.kind, kind.resource): kind for call in discovered for kind in served_kinds(call)}
    reading.unread += _not_discovered(discovered, found)
    reading.unread += _not_listed(lists, served, found)
    spaced = frozenset(key[:2] for key, kind in served.items() if kind.namespaced)
    ordered = [call for one in lists.values() for call in (one.whole, *one.parts.values()) if call is not None]
    folded = fold(items_of(ordered, spaced, reading.unread))
    reading.resources += [_resource(item, folded, unit, source) for item in folded.items]
    return reading


def _lists(calls: Iterable[Call]) -> dict[_Key, _Lists]:
    found: dict[_Key, _Lists] = {}
    for call in calls:
        group, kind, resource, inside = (
            str(call.parameters.get(key, "")) for key in ("group", "kind", "resource", "namespace")
        )
        one = found.setdefault((group, kind, resource), _Lists())
        if inside:
            one.parts[inside] = call
        else:
            one.whole = call
    return found


def _not_discovered(calls: Sequence[Call], everything: Sequence[Call]) -> Iterator[Unread]:
    """What the server did not say of what it serves: nothing is known to be absent then."""
    asked = {str(call.parameters.get("path", "")): call for call in calls}
    announced = [
        Kind(one["group"], one["version"], "", "", False).base
        for path in ("/api", "/apis")
        if path in asked
        for one in entries(asked[path], "group", "version")
    ]
    for path in dict.fromkeys(("/api", "/apis", *announced)):
        call = asked.get(path)
        if call is None and everything:
            cause = f"what the server serves below `{path}` was not asked"
            yield Unread(replace(everything[0], operation="discover").origin(path), cause, "call", AGAIN)
        elif call is not None and call.outcome not in FINAL:
            cause = f"what the server serves below `{path}` is not known: {call.cause or call.outcome}"
            remedy = "sign in again, or let the scan read it: `system:discovery` does"
            denied = call.outcome == "denied"
            yield Unread(call.origin(path), cause, "denied" if denied else "call", remedy if denied else AGAIN)


def _not_listed(
    lists: Mapping[_Key, _Lists], served: Mapping[_Key, Kind], everything: Sequence[Call]
) -> Iterator[Unread]:
    """Every list that a rule would look at and that did not come to its end."""
    spaces = _spaces(lists.get(("", "Namespace", "namespaces")))
    strange: list[Call] = []
    for key in sorted({*served, *lists}):
        one = lists.get(key, _Lists())
        if one.whole is None:
            if wanted(*key[:2]) and key in served:
                where = replace(everything[0], operation="list", parameters=served[key].parameters())
                cause = f"`{resource_name(where)}` was not asked for"
                yield Unread(where.origin(resource_name(where)), cause, "call", "make the bundle again")
        elif (
            one.whole.outcome == "denied"
            and not listed(*key[:2])
            and not any(part.outcome == "read" for part in one.parts.values())
        ):
            strange.append(one.whole)
        elif one.whole.outcome not in FINAL:
            yield from _missing(one.whole, one.parts, spaces)
    if strange:
        yield _strange(strange)


def _spaces(one: _Lists | None) -> list[str] | None:
    """The namespaces of the cluster; None where the server does not tell all of them."""
    if one is None or one.whole is None or one.whole.outcome != "read":
        return None
    names = (dig(item, "metadata", "name") for page in one.whole.pages if isinstance(page, list) for item in page)
    return [name for name in names if isinstance(name, str)]


def _missing(whole: Call, parts: Mapping[str, Call], spaces: list[str] | None) -> Iterator[Unread]:
    """What is not known of one kind: the namespaces that were refused, or the whole cluster."""
    if whole.outcome != "denied" or not parts or spaces is None:
        yield _unread(whole)
        return
    lost = [space for space in spaces if space not in parts or parts[space].outcome not in FINAL]
    if len(lost) == len(spaces):
        yield _unread(whole)
        return
    for space in lost:
        yield _unread(parts.get(space, whole), space)


def _unread(call: Call, space: str = "") -> Unread:
    name = resource_name(call)
    where = f"namespace `{space}`" if space else "the whole cluster"
    cause = f"what there is of `{name}` in {where} is not known: {call.cause or call.outcome}"
    if call.outcome == "denied":
        return Unread(call.origin(name), cause, "denied", f"let the scan `list` `{name}` in {where}: {GRANT}")
    return Unread(call.origin(name), cause, "call", AGAIN)


def _strange(calls: Sequence[Call]) -> Unread:
    """One Unread for the kinds that no table knows and that the credential may not list."""
    names = [f"`{resource_name(call)}`" for call in calls]
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    cause = f"the cluster serves kinds that no table knows, and the scan may not list them: {shown}"
    remedy = "`tether permissions --kubernetes --live` adds what this cluster serves"
    return Unread(calls[0].origin("custom resources"), cause, "denied", remedy)


def _resource(item: Item, folded: Folded, unit: str, source: SourceName) -> Resource:
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
                here["targetRef"] = {**target, "name": owner}
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
