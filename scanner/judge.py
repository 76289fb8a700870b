"""Rules before a graph: a verdict for each rule, for each commitment, and for the whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from scanner.findings import COMMITMENTS, NOT_CHOSEN, SEVERITIES, CommitmentResult, Finding, RuleResult, Verdict
from scanner.graph.certificate import Examined
from scanner.graph.graph import Graph
from scanner.graph.model import CHOSEN_MACHINE, Role
from scanner.profile import Profile
from scanner.resource import Unread
from scanner.rule import Case, Rule

BASIS_NOTE = " scan"
"""How the note ends of a rule that lacks a basis."""


class Judgement(Struct, frozen=True):
    """What the rules said. findings: folded, worst first. said: before they were folded."""

    verdict: Verdict
    commitments: tuple[CommitmentResult, ...]
    rules: tuple[RuleResult, ...]
    findings: tuple[Finding, ...]
    not_judged: tuple[tuple[str, str], ...]
    said: tuple[Finding, ...] = ()

    @property
    def silent(self) -> frozenset[str]:
        """The rules that said nothing for want of a basis, or because they raised."""
        lacks = (BASIS_NOTE, NOT_CHOSEN)
        return frozenset(one.id for one in self.rules if one.crashed or one.note.endswith(lacks))


class Ran(Struct, frozen=True):
    """What rules said of one graph, before it is a verdict. summaries: by commitment. guarded: it has a model.

    beside: the rules that carry no promise by themselves.
    """

    results: tuple[RuleResult, ...]
    findings: tuple[Finding, ...]
    summaries: dict[str, list[str]]
    guarded: bool
    beside: frozenset[str] = frozenset()


def judge(
    graph: Graph,
    profile: Profile,
    rules: Sequence[Rule],
    unread: Sequence[Unread],
    basis: Sequence[str],
    chosen: frozenset[str] | None = None,
) -> Judgement:
    """Run `rules` over `graph`; what was not read, or not given as a basis, never becomes `holds`.

    chosen: the ids of those that are judged; None for all.
    """
    return concluded(ran(graph, profile, rules, unread, basis, chosen), unread, basis)


def ran(
    graph: Graph,
    profile: Profile,
    rules: Sequence[Rule],
    unread: Sequence[Unread],
    basis: Sequence[str],
    chosen: frozenset[str] | None = None,
) -> Ran:
    """What each of `rules` says of `graph`. chosen: the ids of those that are asked; None for all."""
    results: list[RuleResult] = []
    found: list[Finding] = []
    summaries: dict[str, list[str]] = {}
    for rule in rules:
        if chosen is not None and rule.id not in chosen:
            results.append(_result(rule, Verdict.NOT_JUDGED, 0, NOT_CHOSEN))
            continue
        result, findings, summary = _one(rule, graph, profile, unread, basis)
        results.append(result)
        found.extend(findings)
        if summary and result.verdict is Verdict.HOLDS:
            summaries.setdefault(rule.commitment, []).append(summary)
    beside = frozenset(rule.id for rule in rules if not rule.carries)
    return Ran(tuple(results), tuple(found), summaries, bool(graph.with_role(Role.MODEL, Role.CANDIDATE)), beside)


def concluded(said: Ran, unread: Sequence[Unread], basis: Sequence[str]) -> Judgement:
    """A verdict for each commitment, and for the whole, of what rules said."""
    results, found, told = said.results, said.findings, said.summaries
    commitments = tuple(
        _commitment(name, [one for one in results if one.commitment == name], said.beside, found, unread, basis, told)
        for name in COMMITMENTS
    )
    if not said.guarded:
        commitments = tuple(_without_model(one) for one in commitments)
    not_judged = tuple((one.id, one.note) for one in results if one.verdict is Verdict.NOT_JUDGED)
    verdict = _worst(one.verdict for one in commitments)
    return Judgement(verdict, commitments, results, fold(found), not_judged, found)


def _one(
    rule: Rule, graph: Graph, profile: Profile, unread: Sequence[Unread], basis: Sequence[str]
) -> tuple[RuleResult, list[Finding], str]:
    if not set(rule.bases) & set(basis) or not set(rule.beside) <= set(basis):
        needs = " and a ".join([*rule.beside, " or ".join(rule.bases)])
        if set(rule.bases) & set(profile.require):
            return _result(rule, Verdict.UNPROVEN, 0, f"the profile requires a {needs}{BASIS_NOTE}"), [], ""
        return _result(rule, Verdict.NOT_JUDGED, 0, f"needs a {needs}{BASIS_NOTE}"), [], ""
    case = Case(rule, graph, profile)
    try:
        findings = list(rule.check(case))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a rule that raises is an answer: unproven, and said so
        note = f"the rule raised {type(error).__name__}: {error}"
        return _result(rule, Verdict.UNPROVEN, len(case.looked_at), note, crashed=True), [], ""
    verdict, note = _verdict(findings, case, [one for one in unread if rule.waits_for(one)])
    lacking = [one for one in profile.require if one not in basis]
    if verdict is Verdict.HOLDS and lacking:
        verdict, note = Verdict.UNPROVEN, f"the profile requires a {' and a '.join(lacking)}{BASIS_NOTE}"
    certificates = list(case.certificates)
    if verdict is Verdict.HOLDS:
        looked = tuple(sorted(case.looked_at.items()))
        certificates.append(Examined(rule.title, looked, graph.digest))
    result = _result(rule, verdict, len(case.looked_at), note)
    kept = tuple(certificates) if verdict is Verdict.HOLDS else ()
    return replace(result, certificates=kept), findings, case.summary


def _verdict(findings: Sequence[Finding], case: Case, unread: Sequence[Unread]) -> tuple[Verdict, str]:
    if any(one.verdict is Verdict.VIOLATED for one in findings):
        return Verdict.VIOLATED, ""
    if findings:
        return Verdict.UNPROVEN, ""
    if not case.looked_at and case.lacking:
        return Verdict.NOT_JUDGED, f"the profile has no `{case.lacking}`"
    if not case.looked_at:
        return Verdict.NOT_JUDGED, "nothing that it speaks of was read"
    if unread:
        return Verdict.UNPROVEN, f"{len(unread)} input{'s' * (len(unread) > 1)} could not be read"
    return Verdict.HOLDS, ""


def _result(rule: Rule, verdict: Verdict, examined: int, note: str, *, crashed: bool = False) -> RuleResult:
    return RuleResult(rule.id, rule.commitment, verdict, examined, note, crashed)


def _commitment(
    name: str,
    results: Sequence[RuleResult],
    beside: frozenset[str],
    findings: Sequence[Finding],
    unread: Sequence[Unread],
    basis: Sequence[str],
    summaries: dict[str, list[str]],
) -> CommitmentResult:
    """`violated` if any rule is; else `unproven` if any is, none had a subject or something was not read; else `holds`.

    beside: rules that carry no commitment alone. A rule that found nothing to speak of where not all was read, and one
    that was not chosen, say nothing that a commitment could rest on.
    """
    verdicts = {one.verdict for one in results}
    judged = [one for one in results if one.verdict is not Verdict.NOT_JUDGED]
    mine = [one for one in findings if one.commitment == name]
    if Verdict.VIOLATED in verdicts:
        verdict = Verdict.VIOLATED
    elif Verdict.UNPROVEN in verdicts or all(one.id in beside for one in judged) or unread or _left(results):
        verdict = Verdict.UNPROVEN
    else:
        verdict = Verdict.HOLDS
    summary = _summary(verdict, results, mine, unread, summaries.get(name, []))
    certificates = tuple(one for result in results for one in result.certificates) if verdict is Verdict.HOLDS else ()
    return CommitmentResult(name, verdict, tuple(basis), len(judged), summary, certificates)


def _without_model(result: CommitmentResult) -> CommitmentResult:
    """No model found: that every call to one is guarded is then no proof, whatever was looked at beside."""
    if result.id != "safety-path" or result.verdict is not Verdict.HOLDS:
        return result
    return replace(result, verdict=Verdict.UNPROVEN, summary="no model was found", certificates=())


def _summary(
    verdict: Verdict,
    results: Sequence[RuleResult],
    findings: Sequence[Finding],
    unread: Sequence[Unread],
    said: Sequence[str],
) -> str:
    violated = sum(one.verdict is Verdict.VIOLATED for one in findings)
    unproven = len(findings) - violated
    parts = [f"{violated} violation{'s' * (violated != 1)}"] if violated else []
    parts += [f"{unproven} not proven"] if unproven else []
    if verdict is Verdict.UNPROVEN and unread:
        parts.append(f"{len(unread)} input{'s' * (len(unread) > 1)} not read")
    parts += [f"`{one.id}` raised" for one in results if one.crashed]
    parts += [one.note for one in results if one.verdict is Verdict.UNPROVEN and one.note.startswith("the profile")]
    if _left(results):
        parts.append(f"{_left(results)} of {len(results)} rules not chosen")
    if verdict is Verdict.UNPROVEN and not parts:
        parts.append("nothing that it speaks of was found")
    if verdict is Verdict.HOLDS:
        parts.extend(said or [f"{sum(one.examined for one in results)} facts examined"])
    return "; ".join(parts)


def _left(results: Sequence[RuleResult]) -> int:
    return sum(one.note == NOT_CHOSEN for one in results)


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    seen = set(verdicts)
    return next((one for one in (Verdict.VIOLATED, Verdict.UNPROVEN) if one in seen), Verdict.HOLDS)


def fold(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding for those that differ only in the instance: same rule, verdict, place and reasons.

    A missing key of the profile is one finding, whichever rules asked for it; so is what one thing decides for all that
    use it, at that thing where it was read. `also` names what was folded in.
    """
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for one in findings:
        groups.setdefault(_fold_key(one), []).append(one)
    folded = []
    for group in groups.values():
        first = min(group, key=lambda one: (len(one.hops), one.subject.address))
        if first.shared is not None and first.shared.subject.origin is not None and len(group) > 1:
            first = first.at_shared(first.shared)
        if first.subject.kind == "profile":
            others = sorted({one.commitment for one in group} - {first.commitment})
        else:
            others = sorted({one.subject.address for one in group} - {first.subject.address})
            others += sorted({one.rule for one in group} - {first.rule})
        along = sorted({name for one in group if one is not first for name in one.also} - {first.subject.address})
        folded.append(replace(first, also=tuple(dict.fromkeys((*first.also, *others, *along)))))
    return in_order(folded)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in the order of a report: worst first."""
    return tuple(sorted(findings, key=_order))


def _fold_key(one: Finding) -> tuple[object, ...]:
    if one.subject.kind == "profile":
        return ("profile", one.subject.address)
    if one.shared is not None:
        return ("shared", one.rule, one.verdict, one.shared, one.decided_by)
    reasons = tuple((hop.origin, _declared(hop.because)) for hop in one.hops)
    decided = tuple(_declared(name) for name in one.decided_by)
    past = next((index for index, hop in enumerate(one.hops) if hop.address == CHOSEN_MACHINE), None)
    if past is not None and one.verdict is Verdict.UNPROVEN:
        # Whoever comes there comes by the same doubt: one finding for all of them, however they come.
        return (one.rule, one.verdict, reasons[past:], decided)
    if one.place is None:
        return (one.rule, one.verdict, one.message, reasons, decided, one.subject.address)
    if one.verdict is Verdict.UNPROVEN and len(one.hops) == 1:
        # Two rules that wait for the same value say the same: one finding.
        return (one.verdict, _declared(one.message), one.place, reasons, decided)
    return (one.rule, one.verdict, _declared(one.message), one.place, reasons, decided)


def _declared(text: str) -> str:
    """`text` without module paths and instance keys: one declaration has one text, however often it is instantiated."""
    if "[" not in text and "module." not in text:
        return text
    return re.sub(r"\[[^\]`]*\]", "", re.sub(r"\bmodule\.[\w-]+(\[[^\]`]*\])?\.", "", text))


def _order(one: Finding) -> tuple[object, ...]:
    place = str(one.place or "")
    known = list(COMMITMENTS)
    return (
        one.verdict is not Verdict.VIOLATED,
        SEVERITIES.index(one.severity),
        known.index(one.commitment),
        one.rule,
        place,
        one.subject.address,
        one.message,
    )
