"""`toPorts` of a rule of Cilium: ports by number, range and name, and what a rule for Layer 7 leaves open.

Facts: docs.cilium.io "Layer 4 Policies" (a port of 0 is every port, a protocol left out is any, a name ends a range),
"Layer 7 Policies" (a rule narrows its ports); cilium/cilium `pkg/policy/api/l4.go`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy.labels import doubt_of
from scanner.builders.k8s_policy.model import UNMODELLED
from scanner.builders.k8s_policy.ports import PROTOCOLS, PortSpec
from scanner.resource import dig, items_of
from scanner.unknown import Unknown, Value

_NARROWING = ("rules", "serverNames", "terminatingTLS", "originatingTLS", "listener")


class Ports(Struct, frozen=True):
    """Ports of one rule: `specs` None is every port; `doubt` is set where more than the port decides."""

    specs: tuple[PortSpec, ...] | None
    doubt: Doubt | None = None

    @property
    def open(self) -> bool:
        """True where ports decide nothing."""
        return self.specs is None


def ports_of(rule: Mapping[str, Value], address: str) -> list[Ports]:
    """What a rule says of ports: those that only the port decides, and each narrowed set by itself."""
    written = rule.get("toPorts")
    if isinstance(written, Unknown):
        return [Ports((PortSpec("", unsure=True),), doubt_of(written))]
    if not items_of(written):
        # ICMP alone: no port of the protocols that are judged.
        return [Ports(())] if items_of(rule.get("icmps")) else [Ports(None)]
    plain: list[PortSpec] = []
    found: list[Ports] = []
    for item in items_of(written):
        specs = list(_specs(item))
        narrowed = [one for one in _NARROWING if dig(item, one) is not None]
        if narrowed and not _admits_all(dig(item, "rules"), narrowed):
            doubt = Doubt(UNMODELLED, tuple(f"{address}: {one}" for one in narrowed))
            found.append(Ports(tuple(specs), doubt))
        else:
            plain += specs
    return [Ports(tuple(plain)), *found] if plain or not found else found


def _admits_all(rules: Value, narrowed: list[str]) -> bool:
    """Whether rules for Layer 7 narrow nothing: none is written, or one for HTTP that asks for nothing."""
    if narrowed != ["rules"] or not isinstance(rules, Mapping):
        return False
    given = [key for key, one in rules.items() if one is not None]
    return not given or (given == ["http"] and any(one == {} for one in items_of(rules["http"])))


def _specs(item: Value) -> Iterator[PortSpec]:
    ports = dig(item, "ports")
    if not isinstance(item, Mapping) or isinstance(ports, Unknown) or not items_of(ports):
        yield PortSpec("", unsure=True)
        return
    for one in items_of(ports):
        yield from _spec(one)


def _spec(item: Value) -> Iterator[PortSpec]:
    protocol = dig(item, "protocol")
    if protocol in (None, "", "ANY", "any"):
        names: tuple[str, ...] = ("",)
    elif isinstance(protocol, str):
        # ICMP and the like have no port of the protocols that are judged.
        names = (protocol.upper(),) if protocol.upper() in PROTOCOLS else ()
    else:
        names = PROTOCOLS
    unsure = not isinstance(item, Mapping) or isinstance(protocol, Unknown)
    for name in names:
        yield _one(name, dig(item, "port"), dig(item, "endPort"), unsure)


def _one(protocol: str, port: Value, end: Value, unsure: bool) -> PortSpec:
    text = str(port) if isinstance(port, int) and not isinstance(port, bool) else port
    if not isinstance(text, str) or not text:
        return PortSpec(protocol, unsure=True)
    if not text.isdigit():
        plain = text.isascii() and text.replace("-", "").isalnum()
        return PortSpec(protocol, name=text.lower(), unsure=unsure or not plain)
    first = int(text)
    if first == 0 or text[0] == "0":
        # A leading zero makes the number an octal one to Cilium.
        return PortSpec(protocol, unsure=unsure or first != 0)
    if end in (None, 0):
        return PortSpec(protocol, first, first, unsure=unsure)
    if isinstance(end, int) and not isinstance(end, bool) and end >= first:
        return PortSpec(protocol, first, end, unsure=unsure)
    return PortSpec(protocol, first, 65535, unsure=True)
