"""What settings do to the names that a pod calls: its own (`hostAliases`, DNS, proxy variables), and the cluster's.

Facts: coredns.io, the plug-ins `rewrite`, `template`, `hosts`, `file`, `alternate`; Azure documentation, "Customize
CoreDNS with Azure Kubernetes Service" (`coredns-custom`); kubernetes.io, "Using NodeLocal DNSCache".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from scanner.builders.blocks import Found, text
from scanner.builders.draft import World
from scanner.builders.recognise.containers import Container
from scanner.builders.stack_ways.way import Way, leg, unknown
from scanner.graph.facts_ways import Leg
from scanner.patterns import lazy
from scanner.podspec import PodTemplate
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown

SERVERS = frozenset({"coredns", "coredns-custom", "node-local-dns", "kube-dns"})
"""The ConfigMaps in `kube-system` by which the cluster's server of names goes."""
_ANSWERS = lazy(r"(?m)(?:^|[{;])\s*(?:rewrite|template|hosts|file|alternate)\s+(?!stop\s*$)\S")
_INSIDE = ("ClusterFirst", "ClusterFirstWithHostNet")
"""DNS policies by which the cluster's own server is asked first."""


def aliased(gateway: Resource, template: PodTemplate, host: str) -> Iterator[tuple[Leg, str | Unknown]]:
    """The addresses that `hostAliases` give a name: the file of hosts goes before every server of names."""
    listed = dig(template.spec, "hostAliases")
    for index, one in enumerate(items_of(listed)):
        where = mark(template.spec, "hostAliases", index) or gateway.origin
        names, address = dig(one, "hostnames"), dig(one, "ip")
        if isinstance(one, Unknown) or isinstance(names, Unknown):
            doubt = one if isinstance(one, Unknown) else names
            if isinstance(doubt, Unknown):
                yield leg(gateway, where, "which names its `hostAliases` give an address is not known"), doubt
        elif any(isinstance(name, str) and name.lower().rstrip(".") == host.rstrip(".") for name in items_of(names)):
            shown = address if isinstance(address, str) else "*"
            because = f"its `hostAliases` give `{host}` the address `{shown}`, before any server of names is asked"
            yield leg(gateway, where, because), address if isinstance(address, str | Unknown) else ""


def looked_up(gateway: Resource, template: PodTemplate) -> Way | None:
    """Why a name is not looked up at the cluster's own server, or not there alone; None where it is."""
    spec = template.spec
    policy, servers = dig(spec, "dnsPolicy"), dig(spec, "dnsConfig", "nameservers")
    config = dig(spec, "dnsConfig")
    where = mark(spec, "dnsPolicy") or gateway.origin
    if isinstance(policy, Unknown):
        return unknown(leg(gateway, where, "its `dnsPolicy` is not known"), policy.cause, *policy.decided_by)
    if isinstance(config, Unknown) or isinstance(servers, Unknown):
        doubt = config if isinstance(config, Unknown) else servers
        line = mark(spec, "dnsConfig") or gateway.origin
        if isinstance(doubt, Unknown):
            return unknown(leg(gateway, line, "its `dnsConfig` is not known"), doubt.cause, *doubt.decided_by)
    if items_of(servers):
        line = mark(spec, "dnsConfig", "nameservers") or where
        shown = ", ".join(f"`{one}`" for one in items_of(servers) if isinstance(one, str))
        cause = f"what {shown} answers is not in the inputs"
        return unknown(leg(gateway, line, f"its `dnsConfig` looks names up at {shown}"), cause, f"nameserver {shown}")
    host = dig(spec, "hostNetwork")
    if policy in ("Default", "None") or (host is True and policy in (None, _INSIDE[0])):
        said = f"its `dnsPolicy` is `{policy}`" if policy in ("Default", "None") else "it uses the network of its node"
        line = where if policy in ("Default", "None") else mark(spec, "hostNetwork") or where
        cause = "what the name servers of its node answer is not in the inputs"
        return unknown(leg(gateway, line, f"{said}: the cluster's own names are not looked up"), cause, "dnsPolicy")
    return None


def renamed(world: World, gateway: Resource, host: str) -> Way | None:
    """Why the cluster's own server may answer a name by something else than its Service; None where it does not."""
    for one in world.inventory.of("ConfigMap", unit=gateway.unit):
        if one.namespace != "kube-system" or one.name not in SERVERS:
            continue
        data = dig(one.attrs, "data")
        texts = data.values() if isinstance(data, Mapping) else () if data is None else (data,)
        for text_of_server in texts:
            if not isinstance(text_of_server, str) or _answers(text_of_server, host):
                where = mark(one.attrs, "data") or one.origin
                because = f"`{one.address}` may have the cluster's server of names answer `{host}` itself"
                return unknown(leg(gateway, where, because), because, one.address)
    return None


def _answers(settings: str, host: str) -> bool:
    """Whether settings of CoreDNS hold a plug-in that answers names by itself, or speak of this very name."""
    plain = "\n".join(line.partition("#")[0] for line in settings.splitlines())
    return _ANSWERS.search(plain) is not None or host.rstrip(".") in plain


class Proxies(Struct, frozen=True):
    """The proxy variables of a gateway's containers, by their names in small letters."""

    given: Mapping[str, Found]

    @classmethod
    def of(cls, containers: Sequence[Container]) -> Proxies:
        """Those of all containers; one that is empty is none."""
        found: dict[str, Found] = {}
        for container in containers:
            for name, value in container.env.items():
                if name.lower() in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
                    found.setdefault(name.lower(), value)
        return cls(found)

    def ways(self, gateway: Resource, host: str, url: str) -> Iterator[Way]:
        """The way through a proxy that most clients take by these variables: whether this one does is not known."""
        scheme = "https" if url.lower().startswith(("https", "wss")) else "http"
        found = self.given.get(f"{scheme}_proxy") or self.given.get("all_proxy")
        if found is None or found.value == "" or self._spared(host):
            return
        name = f"{scheme.upper()}_PROXY" if f"{scheme}_proxy" in self.given else "ALL_PROXY"
        shown = text(found.value) or "*"
        because = f"`{name}` is `{shown}`, and `NO_PROXY` does not spare `{host}`"
        cause = f"whether calls to `{host}` go through the proxy `{shown}`, and where that sends them, is not known"
        yield unknown(leg(gateway, found.origin, because), cause, name)

    def _spared(self, host: str) -> bool:
        """Whether NO_PROXY names the host: itself, the end of its name, or everything."""
        if host in ("localhost", "127.0.0.1", "::1"):
            return True
        spared = self.given.get("no_proxy")
        for part in text(spared.value).replace(" ", ",").split(",") if spared is not None else ():
            end = part.strip().lower().removeprefix("*").partition(":")[0]
            bare = end.removeprefix(".")
            if part.strip() == "*" or (bare and "*" not in bare and (host == bare or host.endswith(f".{bare}"))):
                return True
        return False
