"""Findings that a person reads once: those that say the same of the same lines, or in the same words."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from scanner.findings import Finding
from scanner.patterns import lazy
from scanner.reports.words import worst_last

OBJECT = lazy(r"`[^`/]+/[A-Z][^`/]*/[^`]+`")
"""The address of an object of Kubernetes in a sentence."""


def told_once(findings: Iterable[Finding], state: Callable[[Finding], object]) -> list[list[Finding]]:
    """The findings in groups, the severe last: one line that many overlays take in, one sentence of many lines.

    state: what keeps two apart beside what they say, as that one is waived.
    """
    by_lines: dict[object, list[Finding]] = {}
    for one in sorted(findings, key=worst_last):
        by_lines.setdefault((state(one), _lines(one)), []).append(one)
    groups: dict[object, list[Finding]] = {}
    for key, same in by_lines.items():
        first = same[0]
        told = (first.rule, first.verdict, first.message, first.decided_by, first.also, first.calls, first.fix)
        alone = len(same) > 1 or has_way(first) or first.place is None
        groups.setdefault(key if alone else (told, state(first)), []).extend(same)
    return list(groups.values())


def has_way(one: Finding) -> bool:
    """Whether a finding shows a way, and no single place."""
    return len(one.hops) > 1 or bool(one.plane)


def _lines(one: Finding) -> object:
    """What findings share that say the same of the same lines, but for names; an identity where one is not known."""
    lines = tuple(hop.origin for hop in one.hops)
    if not lines or None in lines or one.place is None:
        return id(one)
    said = "\n".join((one.message, *(f"`{name}`" for name in one.decided_by), *(hop.because for hop in one.hops)))
    names = {one.subject.unit, one.subject.address, one.subject.name}
    names |= {name for hop in one.hops for name in (hop.address, hop.name)}
    for name in names:
        said = said.replace(f"`{name}`", "")
    return one.rule, one.verdict, one.place, lines, one.plane, one.fix, one.calls, OBJECT.sub("", said)
