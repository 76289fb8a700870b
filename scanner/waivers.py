"""Waivers: what takes a finding out of the exit code, never out of a verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date

from msgspec import Struct

from scanner.errors import SettingsError
from scanner.findings import Finding, Waived
from scanner.graph.graph import Graph
from scanner.judge import fold, in_order
from scanner.profile import Profile, Waiver
from scanner.rule import Rule


class Applied(Struct, frozen=True):
    """findings: folded anew, so that nothing waived is folded with what is not. notes: what to tell the user."""

    findings: tuple[Finding, ...]
    waived: tuple[Waived, ...]
    notes: tuple[str, ...]


def apply_waivers(
    findings: Sequence[Finding],
    profile: Profile,
    rules: Sequence[Rule],
    graph: Graph,
    as_of: date,
    unjudged: Collection[str] = (),
    idle: bool = False,
    notice: int = 0,
) -> Applied:
    """Match the profile's waivers with the findings, before any are folded, as of a day.

    A finding is waived where everything that it speaks of is: its subject, and those that come the same way.
    unjudged: the rules that said nothing (no basis, or they raised); their waivers may match nothing.
    idle: every waiver may match nothing, as where one profile judges what was and what is.
    notice: in days, how long before its end a waiver is announced.

    Raises SettingsError for a waiver of an unknown rule, of one that cannot be waived, or of a critical one without a
    second approver, and for one that matches nothing although its subject was read (it would hide the next violation).
    """
    by_id = {rule.id: rule for rule in rules}
    for waiver in profile.waivers:
        _check(waiver, by_id)
    current = [waiver for waiver in profile.waivers if waiver.expires >= as_of]
    notes = [
        f"{waiver.origin}: the waiver of `{waiver.rule}` ended on {waiver.expires}: not applied"
        for waiver in profile.waivers
        if waiver.expires < as_of
    ]
    notes.extend(_ending(current, as_of, notice))
    for waiver in current:
        if not any(_names(waiver, one) for one in findings):
            notes.append(_idle(waiver, graph, unjudged, allowed=idle))
    gone = [one for one in findings if not _open(current, one)]
    kept = [one for one in findings if _open(current, one)]
    for one in kept:
        notes.extend(_partial(current, one))
    # Two units can hold the same address; what is told by the same fingerprint is waived together or not at all.
    open_, closed = fold(kept), fold(gone)
    counting = {one.fingerprint for one in open_}
    waived = [made for one in closed if one.fingerprint not in counting for made in _waived(current, one)]
    return Applied(in_order([*open_, *closed]), tuple(waived), tuple(dict.fromkeys(notes)))


def _ending(waivers: Sequence[Waiver], as_of: date, notice: int) -> Iterator[str]:
    """Notes for waivers that end soon, the first one first: on the day after, what they cover counts again."""
    for waiver in sorted(waivers, key=lambda one: one.expires):
        left = (waiver.expires - as_of).days
        if notice and left <= notice:
            when = "today" if left == 0 else f"in {left} day{'s' * (left > 1)}, on {waiver.expires}"
            yield f"{waiver.origin}: the waiver of `{waiver.rule}` for `{waiver.subject}` ends {when}"


def _check(waiver: Waiver, rules: dict[str, Rule]) -> None:
    rule = rules.get(waiver.rule)
    if rule is None:
        raise SettingsError(f"{waiver.origin}: there is no rule `{waiver.rule}`")
    if not rule.waivable:
        raise SettingsError(f"{waiver.origin}: `{waiver.rule}` cannot be waived: it judges the profile itself")
    if rule.severity == "critical" and not waiver.second_approver:
        raise SettingsError(f"{waiver.origin}: `{waiver.rule}` is critical: its waiver needs a `second_approver`")


def _idle(waiver: Waiver, graph: Graph, unjudged: Collection[str], *, allowed: bool) -> str:
    """The note for a waiver that matches nothing. Raises SettingsError where it should have."""
    read = any(waiver.subject in (node.address, node.id) for node in graph.nodes.values())
    if waiver.rule in unjudged:
        return f"{waiver.origin}: the waiver of `{waiver.rule}` was not needed: the rule was not judged"
    if not allowed and (read or waiver.subject.startswith("profile:")):
        raise SettingsError(
            f"{waiver.origin}: the waiver of `{waiver.rule}` for `{waiver.subject}` matches nothing: take it out"
        )
    return f"{waiver.origin}: the waiver of `{waiver.rule}` speaks of `{waiver.subject}`, not read here"


def _subjects(one: Finding) -> tuple[str, ...]:
    return (one.subject.address, *one.also)


def _is(waiver: Waiver, one: Finding, subject: str) -> bool:
    """Whether a waiver names a subject of a finding: by address, or by address and unit where there are several."""
    return waiver.subject == subject or (
        subject == one.subject.address and bool(one.subject.unit) and waiver.subject == f"{one.subject.unit}:{subject}"
    )


def _names(waiver: Waiver, one: Finding) -> bool:
    return waiver.rule == one.rule and (
        _names_shared(waiver, one) or any(_is(waiver, one, subject) for subject in _subjects(one))
    )


def _names_shared(waiver: Waiver, one: Finding) -> bool:
    """Whether a waiver names the thing that decides a finding for all that use it."""
    thing = None if one.shared is None else one.shared.subject
    return thing is not None and waiver.subject in (thing.address, f"{thing.unit}:{thing.address}")


def _open(waivers: Sequence[Waiver], one: Finding) -> list[str]:
    """The subjects of a finding that no waiver names."""
    mine = [waiver for waiver in waivers if waiver.rule == one.rule]
    if any(_names_shared(waiver, one) for waiver in mine):
        return []
    return [subject for subject in _subjects(one) if not any(_is(waiver, one, subject) for waiver in mine)]


def _partial(waivers: Sequence[Waiver], one: Finding) -> Iterator[str]:
    """Notes for waivers of some of those who come the same way: one cut closes it for all, so all must be accepted."""
    for waiver in waivers:
        if _names(waiver, one):
            others = ", ".join(f"`{name}`" for name in _open(waivers, one))
            yield (
                f"{waiver.origin}: the waiver of `{waiver.rule}` for `{waiver.subject}` is not enough: "
                f"the same way is open to {others}"
            )


def _waived(waivers: Sequence[Waiver], one: Finding) -> list[Waived]:
    """The waivers of a folded finding, the one that ends first last: readers by fingerprint get that one."""
    named = {one.rule, *one.also}
    mine = [
        waiver
        for waiver in waivers
        if waiver.rule in named
        and (_names_shared(waiver, one) or any(_is(waiver, one, subject) for subject in _subjects(one)))
    ]
    return [
        Waived(
            fingerprint=one.fingerprint,
            rule=waiver.rule,
            subject=waiver.subject,
            reason=waiver.reason,
            owner=waiver.owner,
            expires=waiver.expires.isoformat(),
        )
        for waiver in sorted(mine, key=lambda each: each.expires, reverse=True)
    ]
