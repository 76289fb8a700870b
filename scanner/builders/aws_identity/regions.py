"""Calls to another region than those in which a guardrail is enforced: enforcement ends at the region's border."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.builders.aws_identity.access import Access, Judge
from scanner.builders.aws_identity.arns import speller
from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_models.regions import UNTOLD
from scanner.builders.aws_policy.decide import NOTHING, Answer
from scanner.builders.aws_policy.match import ANY, ONE, Glob, Truth
from scanner.builders.draft import World
from scanner.graph.facts import Enforcement

ELSEWHERE = "another-region-0"
"""Stands for any region that no policy names: only a wildcard admits it."""


def enforced_regions(facts: Iterable[Enforcement]) -> frozenset[str]:
    """The regions in which a guardrail is wholly enforced on calls, as far as they are known by name."""
    whole = (fact.region for fact in facts if fact.complete is True)
    return frozenset(region for region in whole if region and not region.startswith(UNTOLD))


def beyond(judged: Judge, principal: Principal, action: str, arns: tuple[str, ...], regions: frozenset[str]) -> Access:
    """How far `action` is open in regions without enforcement: possible at most, since nothing shows them in use."""
    best = Access(action, NOTHING)
    for region in sorted({ELSEWHERE, *_named(judged.world, principal)} - regions):
        there = tuple(_moved(arn, region) for arn in arns)
        more = {"aws:requestedregion": Glob(region)}
        found = judged.access(principal, action, there, keyed=True, more=more)
        best = found if found.truth > best.truth else best
    known = f"other than {', '.join(sorted(regions))}" if regions else "other than that of the enforcement"
    answer = best.answer
    truth = min(answer.truth, Truth.POSSIBLE)
    names = answer.decided_by | {f"Bedrock in regions {known}"}
    return Access(action, Answer(truth, answer.statement, answer.scope, names), best.source_bound)


def _moved(arn: str, region: str) -> str:
    fields = arn.split(":", 5)
    return ":".join([*fields[:3], region, *fields[4:]]) if len(fields) == 6 else arn


def _named(world: World, principal: Principal) -> Iterator[str]:
    """The regions that the principal's policies name."""
    spell = speller(world.inventory, principal.unit)
    for policy in principal.policies:
        for statement in policy.statements:
            for value in statement.resources:
                fields = spell(value).text.split(":", 5)
                if len(fields) == 6 and fields[3] and not {ANY, ONE} & set(fields[3]):
                    yield fields[3]
            for condition in statement.conditions:
                if isinstance(condition.key, str) and condition.key.lower() == "aws:requestedregion":
                    yield from (value for value in condition.values if isinstance(value, str) and "*" not in value)
