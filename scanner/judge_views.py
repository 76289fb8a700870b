"""Rules before several views of one deployment: a promise is kept where every view keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from scanner.findings import Finding, RuleResult, Subject, Verdict
from scanner.judge import Judgement, Ran, concluded
from scanner.patterns import lazy
from scanner.resource import Unread
from scanner.rule import Rule
from scanner.sides.views import DECLARED, IN_PART, LIVE, PLANNED, TOGETHER, Twins

SEEN = {
    TOGETHER: "",
    LIVE: "in what is live",
    DECLARED: "in what is declared",
    PLANNED: "in what is planned",
    IN_PART: "in what is live, with what is declared and not there yet",
}
"""What a finding of a view says of where it was seen."""
_ONLY = {
    DECLARED: "what is live and not declared decides it, and files do not say that it stays",
    PLANNED: "what is live decides it, and that may be what the plan changes",
    IN_PART: "it is so only while a part of what is declared is applied",
    TOGETHER: "it is so only if what is taken for one thing is one",
}
"""Why what one view alone shows is not certain."""
_RANK = (Verdict.VIOLATED, Verdict.UNPROVEN, Verdict.HOLDS)
_LINE = lazy(r":\d+(?::\d+)?\b")


class Judged(Struct, frozen=True):
    """What rules said of a view. sure: whether what it alone shows is certain."""

    name: str
    sure: bool
    ran: Ran


def judge_views(
    views: Sequence[Judged],
    rules: Sequence[Rule],
    twins: Twins,
    doubts: Sequence[str],
    strangers: Mapping[str, str],
    unread: Sequence[Unread],
    basis: Sequence[str],
) -> Judgement:
    """One judgement of what rules said of each view, the first of them the one that shows most.

    doubts: what is not known of whether things are the same that every view takes to be: then nothing holds.
    strangers: by id, what may be something that the profile names, and that thing: of those, nothing is certain.
    """
    found = list(_findings(views, doubts, strangers))
    by_rule: dict[str, list[Finding]] = {}
    for one in found:
        by_rule.setdefault(one.rule, []).append(one)
    results = []
    for index, rule in enumerate(rules):
        result = _result([view.ran.results[index] for view in views], by_rule.get(rule.id, []))
        if result.verdict is Verdict.HOLDS and doubts:
            one = _doubted(rule, doubts)
            found.append(one)
            result = replace(result, verdict=Verdict.UNPROVEN, certificates=())
        results.append(result)
    summaries: dict[str, list[str]] = {}
    for view in views:
        for commitment, said in view.ran.summaries.items():
            summaries.setdefault(commitment, []).extend(one for one in said if one not in summaries.get(commitment, []))
    told = tuple(_with_twins(one, twins) for one in found)
    guarded = any(view.ran.guarded for view in views)
    return concluded(Ran(tuple(results), told, summaries, guarded, views[0].ran.beside), unread, basis)


def _findings(views: Sequence[Judged], doubts: Sequence[str], strangers: Mapping[str, str]) -> Iterator[Finding]:
    """Each finding once, of the first view that is surest of it, and no surer than its view is."""
    told = [
        [(key_of(one), _weighed(one, view, views, doubts, strangers)) for one in view.ran.findings] for view in views
    ]
    best: dict[tuple[str, ...], tuple[int, int]] = {}
    having: dict[tuple[str, ...], set[str]] = {}
    for place, some in enumerate(told):
        for key, one in some:
            rank = (_RANK.index(one.verdict), place)
            best[key] = min(rank, best.get(key, rank))
            having.setdefault(key, set()).add(views[place].name)
    broken = {_ends(one) for some in told for _, one in some if one.verdict is Verdict.VIOLATED and one.plane}
    for place, some in enumerate(told):
        sure = {_ends(one) for _, one in some if one.verdict is Verdict.VIOLATED}
        for key, one in some:
            # A way that one view shows for certain is no news where another has it with a doubt.
            known = one.verdict is Verdict.UNPROVEN and bool(one.plane) and _ends(one) in broken - sure
            if best[key][1] == place and not known:
                everywhere = TOGETHER in having[key] or (
                    LIVE in having[key] and not having[key].isdisjoint({DECLARED, PLANNED})
                )
                yield replace(one, seen="" if everywhere else SEEN[views[place].name])


def _ends(one: Finding) -> tuple[str, ...]:
    """From where to where the way of a finding leads."""
    return one.rule, one.subject.unit, one.subject.address, *(hop.address for hop in one.hops[-1:])


def _weighed(
    one: Finding, view: Judged, views: Sequence[Judged], doubts: Sequence[str], strangers: Mapping[str, str]
) -> Finding:
    """A finding that is a violation only where its view alone makes it one, or views that are sure do."""
    if one.verdict is not Verdict.VIOLATED:
        return one
    sure = view.sure and not (view.name == TOGETHER and doubts)
    if not sure and not _shown(one, view, views, doubts):
        one = unsure(one, _ONLY[view.name])
    doubt = next((strangers[name] for name in _actors(one) if name in strangers), "") if one.plane else ""
    return unsure(one, doubt) if doubt else one


def _shown(one: Finding, view: Judged, views: Sequence[Judged], doubts: Sequence[str]) -> bool:
    """Whether other views show what one that is not sure does.

    What is declared and both together show is no matter of what only one side has, nor of what is the same.
    """
    sure = (other for other in views if other.name == LIVE or (other.name == TOGETHER and not doubts))
    if any(
        key_of(each) == key_of(one) and each.verdict is Verdict.VIOLATED
        for other in sure
        for each in other.ran.findings
    ):
        return True
    both = (other for other in views if other.name == TOGETHER and view.name in (DECLARED, PLANNED))
    return any(not set(_broken(other.ran.findings)).isdisjoint(_broken([one])) for other in both)


def key_of(one: Finding) -> tuple[str, ...]:
    """What a finding is about and says, whatever way it shows: the same of another view is the same."""
    return one.rule, one.subject.unit, one.subject.address, _LINE.sub("", one.message)


def _broken(findings: Iterable[Finding]) -> Iterator[tuple[str, str]]:
    """The rules that are violated, with each thing that violates them."""
    for one in findings:
        if one.verdict is Verdict.VIOLATED:
            yield from ((one.rule, name) for name in (one.subject.address, *one.also))


def _actors(one: Finding) -> Iterator[str]:
    """The ids of what a finding is about, and of who sets out on its way."""
    yield f"{one.subject.unit}:{one.subject.address}"
    for hop in one.hops[:1]:
        yield f"{one.subject.unit}:{hop.address}"


def unsure(one: Finding, why: str) -> Finding:
    """A violation that is none if what `why` names is otherwise."""
    decided = tuple(dict.fromkeys((*one.decided_by, why)))
    return replace(one, verdict=Verdict.UNPROVEN, decided_by=decided)


def _result(results: Sequence[RuleResult], findings: Iterable[Finding]) -> RuleResult:
    """The verdict of a rule over all views that could judge it."""
    verdicts = {one.verdict for one in findings}
    judged = [one for one in results if one.verdict is not Verdict.NOT_JUDGED]
    if not judged:
        return results[0]
    crashed = next((one for one in judged if one.crashed), None)
    open_ = next((one for one in judged if one.verdict is Verdict.UNPROVEN and one.note), None)
    examined = max(one.examined for one in judged)
    told = crashed or open_ or judged[0]
    if verdicts or crashed or open_:
        worst = Verdict.VIOLATED if Verdict.VIOLATED in verdicts else Verdict.UNPROVEN
        note = "" if verdicts and crashed is None else told.note
        return replace(told, verdict=worst, examined=examined, note=note, certificates=())
    certificates = tuple(each for one in judged for each in one.certificates)
    return replace(told, verdict=Verdict.HOLDS, examined=examined, note="", certificates=certificates)


def _doubted(rule: Rule, doubts: Sequence[str]) -> Finding:
    """The one finding for all rules that would hold if what looks the same is: it names the key that would say so."""
    said = " and ".join(doubts[:3]) + (f" and {len(doubts) - 3} more" if len(doubts) > 3 else "")
    return Finding(
        rule=rule.id,
        commitment=rule.commitment,
        verdict=Verdict.UNPROVEN,
        severity=rule.severity,
        message=f"whether what is declared is what was recorded under the same names is not known: {said} is not known",
        subject=Subject("profile:units[].live", "profile", "units[].live", None),
        decided_by=("profile:units[].live",),
        fix="write `allowed_account_ids` and `region` in the provider, or `terraform` and `live` of one unit",
    )


def _with_twins(one: Finding, twins: Twins) -> Finding:
    """A finding that tells where each side has what it speaks of."""
    names = dict.fromkeys((one.subject.address, *(hop.address for hop in one.hops)))
    shown = {one.subject.origin, *(hop.origin for hop in one.hops)}
    found = [
        (name, side, at)
        for name in names
        for side, at in twins.get(f"{one.subject.unit}:{name}", ())
        if at not in shown
    ]
    return replace(one, twins=tuple(found)) if found else one
