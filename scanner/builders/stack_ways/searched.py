"""Under which names a pod looks a name up, and where first: `ndots`, search lists, files of names that are mounted.

Facts: resolv.conf(5) (`ndots`, `search`; `LOCALDOMAIN` and `RES_OPTIONS` go before both), hostname(7) (`HOSTALIASES`);
kubernetes.io, "DNS for Services and Pods" (ndots is 5; the searches of `dnsConfig` stand after the cluster's own, so
that a name which the cluster knows is never looked up under them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from scanner.builders.blocks import Found, text
from scanner.builders.k8s_network.hosts import service_of
from scanner.builders.recognise.containers import Container
from scanner.builders.recognise.mounted import Mount, mounts
from scanner.builders.stack_ways.way import Way, leg, unknown
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.podspec import PodTemplate
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown

DOMAIN = "cluster.local"
"""The domain of a cluster, where nobody has set another."""
FILES = frozenset({"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/host.conf", "/etc"})
"""Files by which names are looked up, and the folder that holds them."""
_FULL = lazy(r"\.(?:svc|pod)\.(?P<domain>.+?)\.?$")
_NDOTS = lazy(r"(?:^|\s)ndots:(\S*)")
_DEFAULT = "5"


class Searches(Struct, frozen=True):
    """What the containers of a gateway say of looking names up: their variables, and what is mounted over the files."""

    env: Mapping[str, Found]
    over: Sequence[Mount]

    @classmethod
    def of(cls, containers: Sequence[Container]) -> Searches:
        """Those of all containers."""
        env: dict[str, Found] = {}
        for container in containers:
            for name in ("LOCALDOMAIN", "RES_OPTIONS", "HOSTALIASES"):
                if name in container.env and container.env[name].value not in (None, ""):
                    env.setdefault(name, container.env[name])
        return cls(env, [mount for one in containers for mount in mounts(one) if mount.path in FILES])

    def doubt(self, gateway: Resource, template: PodTemplate, host: str) -> Way | None:
        """Why a name of the cluster may be looked up as another, or elsewhere first; None where it is not."""
        for mount in self.over:
            because = f"{mount.shown} stands over `{mount.path}`, by which names are looked up"
            return unknown(leg(gateway, mount.origin, because), because, f"the files at {mount.path}")
        if service_of(host, gateway.namespace) is None:
            return None
        full = _FULL.search(host)
        if full is not None:
            if full["domain"] == DOMAIN:
                return None
            cause = f"whether `{full['domain']}` is the domain of the cluster is not known"
            return unknown(leg(gateway, None, f"`{host}` is called"), cause, "the domain of the cluster")
        dots = host.rstrip(".").count(".")
        for name in ("LOCALDOMAIN", *(["HOSTALIASES"] if not dots else [])):
            if name in self.env:
                because = f"`{name}` has `{host}` looked up under other names"
                return unknown(leg(gateway, self.env[name].origin, because), because, f"env.{name}")
        written, where = self._ndots(template)
        if written.isdigit() and int(written) > dots and not host.endswith("."):
            return None
        because = f"`ndots` is `{written}`: `{host}` is looked up outside the cluster first"
        return unknown(leg(gateway, where, because), because, "ndots")

    def _ndots(self, template: PodTemplate) -> tuple[str, Origin | None]:
        """How many dots make a name that is looked up as it stands, and the line; `*` where it is not known."""
        given = self.env.get("RES_OPTIONS")
        if given is not None:
            found = _NDOTS.findall(given.text)
            if found or isinstance(given.value, Unknown):
                return found[-1] if found else "*", given.origin
        options = dig(template.spec, "dnsConfig", "options")
        shown, where = _DEFAULT, mark(template.spec, "dnsConfig", "options") or mark(template.spec, "dnsConfig")
        for index, one in enumerate(items_of(options)):
            if isinstance(one, Unknown) or isinstance(dig(one, "name"), Unknown):
                return "*", where
            if dig(one, "name") == "ndots":
                value = dig(one, "value")
                shown = "*" if isinstance(value, Unknown) else text(value) or str(value)
                where = mark(options, index) or where
        return "*" if isinstance(options, Unknown) else shown, where
