"""What rules say of the ways of a gateway's calls: each that does not arrive, hop by hop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from scanner.findings import Finding, Hop
from scanner.graph.facts_ways import StackWay
from scanner.graph.model import Node
from scanner.rule import Case
from scanner.unknown import Unknown


def tell(case: Case, ways: Iterable[tuple[Node, StackWay]], message: str, fix: str) -> Iterator[Finding]:
    """A finding for each way that does not arrive, or may not; `message` has `{gateway}` and `{setting}`."""
    for node, fact in ways:
        if fact.arrives is True:
            continue
        said = message.format(gateway=node.address, setting=fact.setting)
        if isinstance(fact.arrives, Unknown):
            whole = f"whether {said.replace(' do not arrive', ' arrive')} is not known: {fact.arrives.cause}"
            made = case.unproven(node, whole, origin=fact.origin, decided_by=fact.arrives.decided_by)
        else:
            made = case.violated(node, f"{said}: {fact.because}", origin=fact.origin, because=fact.because, fix=fix)
        yield replace(made, hops=tuple(_hops(fact)), plane="network")


def _hops(fact: StackWay) -> Iterator[Hop]:
    cut = next(
        (index for index, leg in reversed(list(enumerate(fact.legs))) if leg.origin is not None and not leg.end), 0
    )
    for index, leg in enumerate(fact.legs):
        yield Hop(leg.address, leg.kind, leg.name, leg.origin, leg.because, cut=index == cut)
