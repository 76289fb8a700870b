"""Protocols and destination ports of a rule of Calico.

Facts: reference of NetworkPolicy, "Rule" and "Ports": numbers, ranges `first:last`, names of the destination's ports;
`notPorts` and `notProtocol` negate; ports ask for a protocol that has some.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.k8s_policy.ports import PROTOCOLS, PortSpec
from scanner.builders.ranges import Interval, difference
from scanner.resource import dig, items_of
from scanner.unknown import Unknown, Value

_NUMBERS = {6: "TCP", 17: "UDP", 132: "SCTP"}


def ports_of(rule: Mapping[str, Value]) -> tuple[PortSpec, ...] | None:
    """The ports that a rule means; None is every port, () none of the protocols that are judged."""
    names, unsure = _protocols(rule)
    ports, others = dig(rule, "destination", "ports"), dig(rule, "destination", "notPorts")
    if ports is None and others is None:
        if names == PROTOCOLS and not unsure:
            return None
        return tuple(PortSpec(name, unsure=unsure) for name in names)
    # Without a protocol Calico takes no ports: nothing is certain of such a rule.
    unsure = unsure or rule.get("protocol") is None
    found: list[PortSpec] = []
    for name in names:
        found += _of_protocol(name, ports, others, unsure)
    return tuple(found)


def _protocols(rule: Mapping[str, Value]) -> tuple[tuple[str, ...], bool]:
    """The protocols of a rule, and whether they are not all known."""
    wanted, unwanted = rule.get("protocol"), rule.get("notProtocol")
    unsure = any(isinstance(one, Unknown | Mapping | bool) for one in (wanted, unwanted))
    names = PROTOCOLS if wanted is None or _odd(wanted) else tuple(one for one in PROTOCOLS if one == _name(wanted))
    if unwanted is not None and not _odd(unwanted):
        names = tuple(one for one in names if one != _name(unwanted))
    return names, unsure


def _odd(value: Value) -> bool:
    return not isinstance(value, str | int) or isinstance(value, bool)


def _name(value: Value) -> str:
    """A protocol by name or number; "" for one without ports that are judged (ICMP, UDPLite)."""
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    return _NUMBERS.get(value, "") if isinstance(value, int) else str(value).upper()


def _of_protocol(name: str, ports: Value, others: Value, unsure: bool) -> Iterator[PortSpec]:
    holes = [_interval(one) for one in items_of(others)]
    out = [one for one in holes if one is not None]
    vague = unsure or len(out) < len(holes)
    if ports is None:
        yield from (PortSpec(name, first, last, unsure=vague) for first, last in difference([(1, 65535)], out))
        return
    for one in items_of(ports):
        span = _interval(one)
        if span is not None:
            yield from (PortSpec(name, first, last, unsure=vague) for first, last in difference([span], out))
        elif isinstance(one, str) and ":" not in one and one:
            yield PortSpec(name, name=one, unsure=unsure or bool(holes))
        else:
            yield PortSpec(name, unsure=True)


def _interval(value: Value) -> Interval | None:
    """A number, or a range `first:last`; None for a name, and for what is not known."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    if not isinstance(value, str):
        return None
    first, colon, last = value.partition(":")
    if not first.isdigit() or (colon and not last.isdigit()):
        return None
    return (int(first), int(last if colon else first))
