"""VirtualServices as they are written: where each rule sends, and what it copies, delegates followed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from scanner.builders.k8s_network.view import own_line
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

GROUP = "networking.istio.io"
MESH = "mesh"
"""The word among the gateways of a VirtualService that stands for the sidecars of its callers."""
SECTIONS = ("http", "tcp", "tls")
_MAX_DEPTH = 3


class Sent(Struct, frozen=True):
    """One destination of one rule.

    host: as written, looked up in `namespace`. mirror: requests are copied there. unread: where it sends is out of
    sight.
    """

    namespace: str
    host: Value
    port: Value
    line: Origin | None
    mirror: bool = False
    unread: str = ""

    @property
    def because(self) -> str:
        """The destination in words."""
        what = "it mirrors to" if self.mirror else "it sends to"
        if self.unread:
            return self.unread
        return f"{what} `{self.host}`" if isinstance(self.host, str) else f"{what} a host that is not known"


class Virtuals(Struct):
    """The VirtualServices of one cluster, by namespace and name."""

    by_name: dict[tuple[str, str], Resource] = field(default_factory=dict)

    @classmethod
    def of(cls, resources: Iterable[Resource]) -> Virtuals:
        """All of a cluster."""
        return cls({(one.namespace, one.name): one for one in resources if is_virtual(one)})

    def sent(self, route: Resource, depth: int = 0) -> Iterator[Sent]:
        """Everywhere that a VirtualService sends or copies requests to."""
        spec = dig(route.attrs, "spec")
        for section in SECTIONS:
            rules = dig(spec, section)
            if isinstance(rules, Unknown):
                yield Sent(route.namespace, rules, None, mark(spec, section) or own_line(route), unread=_OUT)
                continue
            for number, rule in enumerate(items_of(rules)):
                line = mark(spec, section, number) or own_line(route)
                if isinstance(rule, Unknown):
                    yield Sent(route.namespace, rule, None, line, unread=_OUT)
                    continue
                yield from _of_rule(route, rule, line)
                if section == "http" and dig(rule, "delegate") is not None:
                    yield from self._delegated(route, rule, line, depth)

    def _delegated(self, route: Resource, rule: Value, line: Origin, depth: int) -> Iterator[Sent]:
        """A VirtualService without hosts of its own that another hands some of its requests to."""
        name, space = dig(rule, "delegate", "name"), dig(rule, "delegate", "namespace") or route.namespace
        known = isinstance(name, str) and isinstance(space, str)
        found = self.by_name.get((str(space), str(name))) if known else None
        where = mark(rule, "delegate", "name") or line
        if found is None:
            shown = f"{space}/{name}" if known else "*"
            unknown = Unknown("the delegate is not shown", decided_by=(f"VirtualService {shown}",))
            yield Sent(route.namespace, unknown, None, where, unread=f"it hands on to `{shown}`, which is not shown")
        elif depth < _MAX_DEPTH:
            yield from self.sent(found, depth + 1)


_OUT = "its rules are not known"


def is_virtual(one: Resource) -> bool:
    """Whether a resource is a VirtualService of Istio."""
    return one.kind == "VirtualService" and one.group.endswith("istio.io")


def _of_rule(route: Resource, rule: Value, line: Origin) -> Iterator[Sent]:
    routes = items_of(dig(rule, "route"))
    for one in routes:
        if dig(one, "weight") != 0 or len(routes) == 1:
            yield _sent(route, one if isinstance(one, Unknown) else dig(one, "destination"), line)
    share = dig(rule, "mirrorPercentage", "value")
    if dig(rule, "mirror") is not None and not _nothing(share) and dig(rule, "mirrorPercent") != 0:
        yield _sent(route, dig(rule, "mirror"), mark(rule, "mirror") or line, mirror=True)
    for one in items_of(dig(rule, "mirrors")):
        if not _nothing(dig(one, "percentage", "value")):
            yield _sent(route, one if isinstance(one, Unknown) else dig(one, "destination"), line, mirror=True)


def _nothing(share: Value) -> bool:
    return isinstance(share, int | float) and not isinstance(share, bool) and share == 0


def _sent(route: Resource, value: Value, line: Origin, *, mirror: bool = False) -> Sent:
    host = value if isinstance(value, Unknown) else dig(value, "host")
    if not isinstance(host, str | Unknown):
        host = Unknown("no host is written", decided_by=(route.address,))
    where = mark(value, "host") or line
    return Sent(route.namespace, host, dig(value, "port", "number"), where, mirror)


def gateways(route: Resource) -> tuple[tuple[str, str], ...] | None:
    """The gateways that a VirtualService is bound to, as namespace and name; none is the mesh alone.

    None where they are not known.
    """
    listed = dig(route.attrs, "spec", "gateways")
    found: list[tuple[str, str]] = []
    for one in items_of(listed):
        if not isinstance(one, str):
            return None
        space, slash, name = one.rpartition("/")
        if one != MESH:
            found.append((space if slash else route.namespace, name))
    return tuple(found)


def in_mesh(route: Resource) -> bool:
    """Whether the sidecars of callers follow a VirtualService: where it names no gateway, or the mesh itself."""
    listed = items_of(dig(route.attrs, "spec", "gateways"))
    return not listed or any(one == MESH or isinstance(one, Unknown) for one in listed)
