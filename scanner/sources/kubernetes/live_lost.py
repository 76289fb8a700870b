"""What the calls to a cluster did not answer: discovery that failed, lists that were refused, kinds never asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.resource import Unread
from scanner.sources.bundle import Call
from scanner.sources.bundle.call import FINAL
from scanner.sources.kubernetes.listed import listed, plural, wanted
from scanner.sources.kubernetes.live_discovery import Kind, entries
from scanner.sources.kubernetes.live_doubts import GUARDS
from scanner.sources.kubernetes.live_items import Lost, dig, resource_name

GRANT = "`tether permissions --kubernetes` prints a role that may"
AGAIN = "run it again, or `tether collect --resume`"

Key = tuple[str, str, str]
"""Group, kind and resource name."""


class Lists(Struct):
    """The list calls of one kind: of the whole cluster, and by namespace."""

    whole: Call | None = None
    parts: dict[str, Call] = field(default_factory=dict)


def lists_of(calls: Iterable[Call]) -> dict[Key, Lists]:
    """The list calls by kind."""
    found: dict[Key, Lists] = {}
    for call in calls:
        group, kind, resource, inside = (
            str(call.parameters.get(key, "")) for key in ("group", "kind", "resource", "namespace")
        )
        one = found.setdefault((group, kind, resource), Lists())
        if inside:
            one.parts[inside] = call
        else:
            one.whole = call
    return found


def spaces_of(lists: Mapping[Key, Lists]) -> list[str] | None:
    """The namespaces of the cluster; None where the server does not tell all of them."""
    whole = lists.get(("", "Namespace", "namespaces"), Lists()).whole
    if whole is None or whole.outcome != "read":
        return None
    names = (dig(item, "metadata", "name") for page in whole.pages if isinstance(page, list) for item in page)
    return [name for name in names if isinstance(name, str)]


def not_discovered(calls: Sequence[Call], everything: Sequence[Call]) -> Iterator[Lost]:
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
            yield Lost(_unasked(everything[0], "discover", {"path": path}))
        elif call is not None and call.outcome not in FINAL:
            yield Lost(call)


def not_listed(lists: Mapping[Key, Lists], served: Mapping[Key, Kind], everything: Sequence[Call]) -> Iterator[Lost]:
    """Every list that a rule would look at and that did not come to its end."""
    spaces = spaces_of(lists)
    for key in sorted({*served, *lists}):
        one = lists.get(key, Lists())
        if one.whole is None:
            if wanted(*key[:2]) and key in served:
                yield Lost(_unasked(everything[0], "list", served[key].parameters()))
        elif one.whole.outcome not in FINAL:
            yield from _parts(one.whole, one.parts, spaces)


def guards_of(undiscovered: Iterable[Lost]) -> Iterator[Lost]:
    """The kinds of policies of the groups of which nobody knows what is in them."""
    for one in undiscovered:
        path = str(one.call.parameters.get("path", ""))
        for group, kind in GUARDS:
            if path.startswith(f"/apis/{group}/"):
                parameters = {"group": group, "kind": kind, "resource": plural(kind)}
                yield Lost(replace(one.call, operation="list", parameters=parameters))


def unread_of(lost: Iterable[Lost]) -> Iterator[Unread]:
    """What is lost, in words, each with what to do; kinds that no table knows are told of together."""
    strange: list[Call] = []
    for one in lost:
        if one.call.operation == "discover":
            yield _discovery(one.call)
        elif one.call.outcome == "denied" and not listed(*one.what):
            strange.append(one.call)
        else:
            yield _list(one.call, one.space)
    if strange:
        yield _strange(strange)


def _unasked(like: Call, operation: str, parameters: Mapping[str, object]) -> Call:
    return Call(like.source, like.scope, operation, parameters, "not-asked", at=like.at, cause="it was not asked for")


def _parts(whole: Call, parts: Mapping[str, Call], spaces: list[str] | None) -> Iterator[Lost]:
    """What is not known of one kind: the namespaces that were refused, or the whole cluster."""
    if whole.outcome != "denied" or not parts or spaces is None:
        yield Lost(whole)
        return
    lost = [space for space in spaces if space not in parts or parts[space].outcome not in FINAL]
    if len(lost) == len(spaces):
        yield Lost(whole)
        return
    for space in lost:
        yield Lost(parts.get(space, whole), space)


def _discovery(call: Call) -> Unread:
    path = str(call.parameters.get("path", ""))
    cause = f"what the server serves below `{path}` is not known: {call.cause or call.outcome}"
    if call.outcome == "denied":
        remedy = "sign in again, or let the scan read it: `system:discovery` does"
        return Unread(call.origin(path), cause, "denied", remedy)
    return Unread(call.origin(path), cause, "call", AGAIN)


def _list(call: Call, space: str) -> Unread:
    name = resource_name(call)
    where = f"namespace `{space}`" if space else "the whole cluster"
    cause = f"what there is of `{name}` in {where} is not known: {call.cause or call.outcome}"
    if call.outcome == "denied":
        return Unread(call.origin(name), cause, "denied", f"let the scan `list` `{name}` in {where}: {GRANT}")
    return Unread(call.origin(name), cause, "call", AGAIN)


def _strange(calls: Sequence[Call]) -> Unread:
    names = list(dict.fromkeys(f"`{resource_name(call)}`" for call in calls))
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    cause = f"the cluster serves kinds that no table knows, and the scan may not list them: {shown}"
    remedy = "`tether permissions --kubernetes --live kubernetes` adds what this cluster serves"
    return Unread(calls[0].origin("custom resources"), cause, "denied", remedy)
