"""Where a name leads from inside a gateway's pod: its own host file, the cluster's names, aliases, and outside."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct

from scanner.builders.draft import World
from scanner.builders.k8s_network.hosts import service_of, split_url
from scanner.builders.k8s_network.view import own_line
from scanner.builders.stack_ways.ends import Ends
from scanner.builders.stack_ways.outside import is_exposed, outside
from scanner.builders.stack_ways.overlay import Overlay
from scanner.builders.stack_ways.resolver import Proxies, aliased, looked_up, renamed
from scanner.builders.stack_ways.searched import Searches
from scanner.builders.stack_ways.settings import Setting
from scanner.builders.stack_ways.way import Way, after, leg, unknown
from scanner.graph.facts_ways import Leg
from scanner.graph.model import Role
from scanner.patterns import lazy
from scanner.podspec import PodTemplate
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown, Value

_MAX_ALIASES = 5
_OWN = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104  # a host that is called, none listened on
_ADDRESS = lazy(r"^\d{1,3}(\.\d{1,3}){3}$|^[0-9a-f:]*:[0-9a-f:]+$")


class Shared(Struct):
    """What is asked once for all gateways: whether anything leads from outside to what is wanted, by what it is."""

    world: World
    known: dict[str, bool]

    def exposed(self, ends: Ends) -> bool:
        """Whether it does; a gateway that is open to the world is no model that answers there."""
        if ends.what not in self.known:
            self.known[ends.what] = is_exposed(self.world, ends.roles - {Role.GATEWAY})
        return self.known[ends.what]


class Follow(Struct, dict=True):
    """The calls of one gateway: `pods` are its pods, with their templates."""

    gateway: Resource
    pods: tuple[tuple[int, PodTemplate], ...]
    proxies: Proxies
    searches: Searches
    ends: Ends
    shared: Shared

    @cached_property
    def overlay(self) -> Overlay:
        """What meshes and the like do with the calls of this gateway."""
        return Overlay(self.ends, self.pods, self.plain, self.elsewhere)

    def ways(self, setting: Setting) -> Iterator[Way]:
        """Every way of the calls that a setting sends out."""
        first = self._first(setting)
        if setting.unknown is not None:
            yield unknown(first, setting.unknown.cause, *setting.unknown.decided_by)
            return
        host, port = split_url(setting.url)
        yield from dict.fromkeys(after(first, self._looked_up(host.lower(), port, setting.url)))

    def patched(self, setting: Setting) -> list[Way]:
        """What patches of the gateway's own proxy may do to the calls that a setting sends out."""
        return list(after(self._first(setting), self.overlay.patched()))

    def _first(self, setting: Setting) -> Leg:
        named = f"`{setting.name}` is `{setting.url}`" if setting.url != "*" else f"`{setting.name}` is not known"
        return Leg(self.gateway.address, self.gateway.kind, self.gateway.name, setting.origin, named)

    def _looked_up(self, host: str, port: int | None, url: str) -> Iterator[Way]:
        """The name as the pod's own settings have it looked up, then as the cluster does."""
        yield from self.proxies.ways(self.gateway, host, url)
        for _, template in self.pods:
            found = list(aliased(self.gateway, template, host))
            for step, address in found:
                yield from after(step, self._named(address, port, self.gateway.namespace))
            if found:
                continue
            own = bool(_ADDRESS.match(host)) or host in _OWN
            doubt = None if own else self._astray(template, host)
            if doubt is not None:
                yield doubt
            else:
                yield from self._named(host, port, self.gateway.namespace)

    def _astray(self, template: PodTemplate, host: str) -> Way | None:
        """Why a name may be looked up elsewhere, or as another name; None where it is not."""
        found = looked_up(self.gateway, template) or self.searches.doubt(self.gateway, template, host)
        return found or renamed(self.shared.world, self.gateway, host)

    def _named(self, host: Value, port: Value, namespace: str, depth: int = 0, *, bare: bool = False) -> Iterator[Way]:
        """Where a name leads; bare: without what meshes do with it."""
        shown = host if isinstance(host, str) else "*"
        here = Leg(f"`{shown}`", "Host", shown, None, f"`{shown}` is called")
        if shown in _OWN:
            yield from self._own_pod(shown)
            return
        if _ADDRESS.match(shown):
            known = list(self.ends.service_at(shown))
            for service in known:
                yield from self._service(service, port, depth, bare=bare)
            if known:
                return
        entries = [] if bare else list(self.overlay.entries(shown, port))
        yield from entries
        meant = service_of(host, namespace)
        if meant is None:
            if not entries:
                yield from outside(self.shared.world, here, shown, self.ends.what, self.shared.exposed(self.ends))
        elif "*" in "".join(meant):
            yield unknown(here, f"who answers as `{shown}` is not known", f"`{shown}`")
        elif meant in self.ends.services.by_name:
            yield from self._service(self.ends.services.by_name[meant], port, depth, bare=bare)
        else:
            address = f"{meant[0]}/Service/{meant[1]}"
            step = Leg(
                address, "Service", meant[1], None, f"no Service of that name is in the inputs: `{shown}` is called"
            )
            yield unknown(step, f"where `{shown}` leads is not known: `{address}` is not in the inputs", address)

    def _own_pod(self, shown: str) -> Iterator[Way]:
        because = f"`{shown}` is the gateway's own pod"
        here = Leg(self.gateway.address, self.gateway.kind, self.gateway.name, own_line(self.gateway), because)
        ends = tuple(dict.fromkeys(one for pod, _ in self.pods for one in self.ends.nodes(pod)))
        if ends:
            yield Way((here,), True, ends)
        else:
            yield unknown(here, "what answers inside of the gateway's own pod is not known", self.gateway.address)

    def _service(self, service: Resource, port: Value, depth: int = 0, *, bare: bool = False) -> Iterator[Way]:
        """Where a Service leads, by what a mesh makes of it and by itself."""
        if not bare:
            ways, certain = self.overlay.on(service, port)
            yield from ways
            if certain:
                return
        if service.possible is not None:
            yield unknown(leg(service, None, "whether it exists is not known"), service.possible.cause, service.address)
        yield from self.plain(service, port, depth=depth)

    def plain(self, service: Resource, port: Value, labels: Value = None, depth: int = 0) -> Iterator[Way]:
        """Where a Service leads by itself; `labels` narrow its selector."""
        kind, given = dig(service.attrs, "spec", "type"), dig(service.attrs, "spec", "externalName")
        if kind != "ExternalName":
            found: Iterator[Way] = self.ends.behind(service, port, labels)
            if isinstance(kind, Unknown) and given is not None:
                yield unknown(leg(service, None, "of which type it is is not known"), kind.cause, *kind.decided_by)
            yield from found
            return
        shown = given if isinstance(given, str) else "*"
        step = leg(service, mark(service.attrs, "spec", "externalName"), f"it is another name for `{shown}`")
        if isinstance(given, Unknown):
            yield unknown(step, given.cause, *given.decided_by)
        elif depth >= _MAX_ALIASES or not isinstance(given, str):
            yield unknown(step, f"where `{shown}` leads is not known", service.address)
        else:
            host = given.lower().rstrip(".")
            short = service_of(host, service.namespace)
            known = service_of(host) is None and short in self.ends.services.by_name
            space = service.namespace if known else ""
            yield from after(step, self._named(host, port, space, depth + 1, bare=True))

    def elsewhere(self, host: Value, port: Value, namespace: str) -> Iterator[Way]:
        """Where a name leads to which a mesh sends calls: it is not asked again what the mesh does with it."""
        yield from self._named(host, port, namespace, bare=True)
