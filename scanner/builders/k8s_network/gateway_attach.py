"""Which listeners let a route attach: by name, port, namespace, kind and host (Gateway API, "Attaching Routes")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.builders.edges import Doubt, Truth, both, either
from scanner.builders.k8s_network.view import View, unknown_doubt
from scanner.builders.k8s_policy.labels import Match, selector_of
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value

_BY_PROTOCOL = {
    "HTTP": ("HTTPRoute", "GRPCRoute"),
    "HTTPS": ("HTTPRoute", "GRPCRoute"),
    "TLS": ("TLSRoute", "TCPRoute"),
    "TCP": ("TCPRoute",),
    "UDP": ("UDPRoute",),
}
"""The routes that a listener takes where it does not say which: by its protocol."""
_HOSTLESS = frozenset({"TCPRoute", "UDPRoute"})
MADE_OF = {"AIGatewayRoute": "HTTPRoute", "AgentgatewayModel": "HTTPRoute"}
"""Routes of which a controller makes others: what attaches is a route of this kind."""


def allows(view: View, holder: Resource, route: Resource, parent: Value) -> Truth:
    """Whether any listener of a Gateway, or of a set of listeners, lets the route attach by this parent reference."""
    listeners = dig(holder.attrs, "spec", "listeners")
    if isinstance(listeners, Unknown):
        return unknown_doubt(listeners)
    return either(_listener(view, holder, one, route, parent) for one in items_of(listeners))


def _listener(view: View, holder: Resource, listener: Value, route: Resource, parent: Value) -> Truth:
    if isinstance(listener, Unknown):
        return unknown_doubt(listener)
    found: Truth = True
    for one in (
        _equal(dig(parent, "sectionName"), dig(listener, "name")),
        _equal(dig(parent, "port"), dig(listener, "port")),
        space_allowed(view, holder, dig(listener, "allowedRoutes", "namespaces"), route.namespace),
        _kind(listener, MADE_OF.get(route.kind, route.kind)),
        _hosts(listener, route),
    ):
        found = both(found, one)
    return found


def _equal(wanted: Value, own: Value) -> Truth:
    """Whether a listener is the one that is asked for; nothing asked for is any."""
    if wanted is None:
        return True
    unknown = next((one for one in (wanted, own) if isinstance(one, Unknown)), None)
    return unknown_doubt(unknown) if unknown is not None else wanted == own


def space_allowed(view: View, holder: Resource, spaces: Value, namespace: str, default: str = "Same") -> Truth:
    """Whether routes of a namespace may attach; without a word only those of the holder's own may."""
    origin = dig(spaces, "from")
    if isinstance(origin, Unknown):
        return unknown_doubt(origin)
    origin = default if origin is None else origin
    if origin == "Selector":
        match = selector_of(dig(spaces, "selector")).match(view.space(namespace))
        if match is Match.MAYBE:
            return Doubt("selector-target-not-in-input", (f"Namespace/{namespace}",))
        return match is Match.YES
    if origin in ("All", "Same", "None"):
        return origin == "All" or (origin == "Same" and namespace == holder.namespace)
    return Doubt("value-unknown", (f"{holder.address}: allowedRoutes",))


def _kind(listener: Value, kind: str) -> Truth:
    given = dig(listener, "allowedRoutes", "kinds")
    if isinstance(given, Unknown):
        return unknown_doubt(given)
    if items_of(given):
        return either(_named(one, kind) for one in items_of(given))
    protocol = dig(listener, "protocol")
    if isinstance(protocol, str) and protocol in _BY_PROTOCOL:
        return kind in _BY_PROTOCOL[protocol]
    return unknown_doubt(protocol) if isinstance(protocol, Unknown) else Doubt("value-unknown", (f"`{protocol}`",))


def _named(one: Value, kind: str) -> Truth:
    written = dig(one, "kind")
    return unknown_doubt(written) if isinstance(written, Unknown) else written == kind


def _hosts(listener: Value, route: Resource) -> Truth:
    """Whether any host name of the route is one of the listener's; either of them empty is every host."""
    own, wanted = dig(listener, "hostname"), dig(route.attrs, "spec", "hostnames")
    if own in (None, "") or not items_of(wanted) or route.kind in _HOSTLESS:
        return True
    return either(_host(own, one) for one in items_of(wanted))


def _host(own: Value, wanted: Value) -> Truth:
    unknown = next((one for one in (own, wanted) if isinstance(one, Unknown)), None)
    if unknown is not None:
        return unknown_doubt(unknown)
    return isinstance(own, str) and isinstance(wanted, str) and hosts_meet(own.lower(), wanted.lower())


def hosts_meet(left: str, right: str) -> bool:
    """Whether two host names, each with `*` as its first label or not, have a host in common."""
    if left == right or "*" in (left, right):
        return True
    for wild, other in ((left, right), (right, left)):
        if wild.startswith("*.") and other.endswith(wild[1:]) and other != wild[1:]:
            return True
    return False


def parents(route: Resource) -> Iterator[tuple[Value, str, int]]:
    """Each parent reference of a route, with the key and the index where it stands."""
    for key in ("parentRefs", "targetRefs"):
        for index, one in enumerate(items_of(dig(route.attrs, "spec", key))):
            yield one, key, index


def granted(
    resources: Iterable[Resource], referrer: Resource, group: Value, kind: Value, name: Value, space: str
) -> Truth:
    """Whether a ReferenceGrant of another namespace lets an object refer to one there; without one nothing may."""
    return either(
        _grants(one, referrer, group, kind, name)
        for one in resources
        if one.kind == "ReferenceGrant" and one.namespace == space
    )


def no_grant(referrer: Resource, space: str) -> str:
    """What is then assumed to be absent."""
    return f"ReferenceGrant in `{space}` for {referrer.kind} of `{referrer.namespace}`"


def _grants(one: Resource, referrer: Resource, group: Value, kind: Value, name: Value) -> Truth:
    came = either(
        _all((each, "kind", own), (each, "namespace", referrer.namespace))
        for each in items_of(dig(one.attrs, "spec", "from"))
        for own in (referrer.kind, MADE_OF.get(referrer.kind, referrer.kind))
    )
    goes = either(
        _all((each, "group", group or ""), (each, "kind", kind), (each, "name", name))
        for each in items_of(dig(one.attrs, "spec", "to"))
    )
    exists: Truth = True if one.possible is None else unknown_doubt(one.possible)
    return both(exists, both(came, goes))


def _all(*wanted: tuple[Value, str, Value]) -> Truth:
    return _both_of(_field(holder, key, value) for holder, key, value in wanted)


def _both_of(some: Iterable[Truth]) -> Truth:
    found: Truth = True
    for one in some:
        found = both(found, one)
    return found


def _field(holder: Value, key: str, value: Value) -> Truth:
    """Whether a field of a grant names `value`; a name left out is any name, and a group left out the core's."""
    written = dig(holder, key)
    unknown = next((one for one in (holder, written, value) if isinstance(one, Unknown)), None)
    if unknown is not None:
        return unknown_doubt(unknown)
    if key == "name":
        return written is None or written == value
    return (written or "") == (value or "") if key == "group" else written == value
