"""Waivers: what takes a finding out of the exit code, never out of a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from scanner.errors import SettingsError
from scanner.findings import Finding, Waived
from scanner.graph.graph import Graph
from scanner.profile import Profile, Waiver
from scanner.rule import Rule


@dataclass(frozen=True, slots=True)
class Applied:
    """The findings that are waived, and what to tell the user (expired or idle waivers)."""

    waived: tuple[Waived, ...]
    notes: tuple[str, ...]


def apply_waivers(
    findings: Sequence[Finding], profile: Profile, rules: Sequence[Rule], graph: Graph, as_of: date
) -> Applied:
    """Match the profile's waivers with the findings as of a day.

    Raises SettingsError for a waiver of an unknown rule, for one of a critical rule without a second approver,
    and for one that matches nothing although its subject was read (it would hide the next violation unseen).
    """
    by_id = {rule.id: rule for rule in rules}
    waived: list[Waived] = []
    notes: list[str] = []
    for waiver in profile.waivers:
        _check(waiver, by_id)
        if waiver.expires < as_of:
            notes.append(f"{waiver.origin}: the waiver of `{waiver.rule}` ended on {waiver.expires}: not applied")
            continue
        matched = [one for one in findings if one.rule == waiver.rule and _covers(waiver, one)]
        if not matched and any(node.address == waiver.subject for node in graph.nodes.values()):
            raise SettingsError(
                f"{waiver.origin}: the waiver of `{waiver.rule}` for `{waiver.subject}` matches nothing"
            )
        if not matched:
            notes.append(f"{waiver.origin}: the waiver of `{waiver.rule}` speaks of `{waiver.subject}`, not read here")
        waived.extend(_waived(waiver, one) for one in matched)
    return Applied(tuple(waived), tuple(notes))


def _check(waiver: Waiver, rules: dict[str, Rule]) -> None:
    rule = rules.get(waiver.rule)
    if rule is None:
        raise SettingsError(f"{waiver.origin}: there is no rule `{waiver.rule}`")
    if not rule.waivable:
        raise SettingsError(f"{waiver.origin}: `{waiver.rule}` cannot be waived: it judges the profile itself")
    if rule.severity == "critical" and not waiver.second_approver:
        raise SettingsError(f"{waiver.origin}: `{waiver.rule}` is critical: its waiver needs a `second_approver`")


def _covers(waiver: Waiver, finding: Finding) -> bool:
    """A folded finding is waived only where the waiver names its subject and nothing else is folded in."""
    return finding.subject.address == waiver.subject and not finding.also


def _waived(waiver: Waiver, finding: Finding) -> Waived:
    return Waived(
        fingerprint=finding.fingerprint,
        rule=waiver.rule,
        subject=waiver.subject,
        reason=waiver.reason,
        owner=waiver.owner,
        expires=waiver.expires.isoformat(),
    )
