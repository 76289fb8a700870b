"""How a finding inside a module came about: the calls that lead there, and where a module's own default decides."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from scanner.findings import Finding, Hop
from scanner.resource import Resource


def with_calls(findings: Iterable[Finding], resources: Iterable[Resource]) -> tuple[Finding, ...]:
    """The findings with the module calls that lead to their subject and to each hop, outermost first."""
    inside = {one.id: one for one in resources if one.calls}
    if not inside:
        return tuple(findings)
    by_address = {one.address: one for one in inside.values()}
    return tuple(_called(one, inside, by_address) for one in findings)


def _called(one: Finding, inside: dict[str, Resource], by_address: dict[str, Resource]) -> Finding:
    """A hop names no unit: it is looked for in that of the subject first."""
    unit = one.subject.unit
    addresses = (one.subject.address, *(hop.address for hop in one.hops))
    found = {address: inside.get(f"{unit}:{address}") or by_address.get(address) for address in addresses}
    calls = {call: None for resource in found.values() if resource is not None for call in resource.calls}
    if not calls:
        return one
    return replace(one, calls=tuple(calls), hops=tuple(_defaulted(hop, found[hop.address]) for hop in one.hops))


def _defaulted(hop: Hop, resource: Resource | None) -> Hop:
    """A hop that stands at the call alone: nothing in the call sets it, so the module's default decides."""
    if resource is None or not resource.default_of or hop.origin not in [at for _, at in resource.calls]:
        return hop
    return replace(hop, because=f"{hop.because} (no input of the call sets it: so `{resource.default_of}` has it)")
