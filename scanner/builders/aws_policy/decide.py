"""What a set of policies lets a request do: Allow and Deny together, in three values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.aws_policy.condition import Facts, hold, known
from scanner.builders.aws_policy.match import ANY, DIGIT, SPECIAL, Glob, Truth, allows, covers, glob, includes, meets
from scanner.builders.aws_policy.statements import Policy, Statement
from scanner.builders.aws_policy.variables import literal, substitute
from scanner.unknown import Unknown, Value

Spell = Callable[[Value], Glob]
"""How a value of Resource is spelled as a pattern of ARNs; a builder spells references to declared resources."""


class Request(Struct, frozen=True, eq=False):
    """One action on anything that one of `targets` (Glob texts of ARNs) stands for.

    partly: the targets are one thing whose whole ARN nobody knows, not any of many.
    """

    action: str
    targets: tuple[str, ...]
    facts: Facts
    spell: Spell = glob
    partly: bool = False


class Answer(Struct, frozen=True, eq=False):
    """Whether a request is allowed. statement: the Allow that decides; scope: its resource pattern, as written."""

    truth: Truth
    statement: Statement | None = None
    scope: str = ""
    decided_by: frozenset[str] = frozenset()


NOTHING = Answer(Truth.NO)


Limit = Sequence[Policy]
"""Policies one of which must allow a request as well: a level of an organisation, a boundary, a resource's own."""


class _Part(Struct, frozen=True, eq=False):
    """What is left of an Allow so far: where it holds, how certainly, by which choices of the caller, what decides."""

    scope: str
    truth: Truth
    chosen: frozenset[str]
    decided_by: frozenset[str]


def decide(policies: Iterable[Policy], request: Request, limits: Iterable[Limit] = ()) -> Answer:
    """The widest Allow for the request, within every limit, that no Deny of the policies certainly stops.

    Policies that nobody knows are not counted among those that allow; among limits they make it possible.
    """
    statements = [one for policy in policies for one in policy.statements if _acts(one, request) is not Truth.NO]
    return widest((one for one in statements if one.allows), [one for one in statements if one.denies], request, limits)


def widest(
    allows: Iterable[Statement], denies: Sequence[Statement], request: Request, limits: Iterable[Limit] = ()
) -> Answer:
    """The same, where what allows and what denies come from different policies."""
    best, listed = NOTHING, tuple(limits)
    for one in allows:
        answer = _allowed(one, denies, request, listed)
        best = answer if answer.truth > best.truth else best
        if best.truth is Truth.YES:
            break
    return best


def acts_on(statement: Statement, action: str) -> Truth:
    """Whether the statement speaks of `action` (a Glob text, any case)."""
    if statement.written:
        found = _written(statement.actions, action)
    else:
        found = max((_action(value, action.lower()) for value in statement.actions), default=Truth.NO)
    return found.negated() if statement.not_actions else found


def spoken_of(statement: Statement, actions: Iterable[str]) -> frozenset[str]:
    """Those of `actions` (Glob texts, any case) of which the statement speaks, or may."""
    if not statement.written or statement.not_actions:
        return frozenset(one for one in actions if acts_on(statement, one) is not Truth.NO)
    # All actions are known, as in nearly every policy: they are taken apart once for all that are asked for.
    plain, others = _listed(statement.actions)
    patterns = [glob(value, fold=True).text for value in others]
    return frozenset(
        one for one in actions if (asked := one.lower()) in plain or any(meets(pattern, asked) for pattern in patterns)
    )


@lru_cache(maxsize=65536)
def _written(actions: tuple[Value, ...], action: str) -> Truth:
    """The same for actions that are all known: the many policies that list the same are read once."""
    asked = action.lower()
    plain, others = _listed(actions)
    if SPECIAL.isdisjoint(asked):
        return Truth.YES if asked in plain else max([_action(value, asked) for value in others], default=Truth.NO)
    return max((_action(value, asked) for value in actions), default=Truth.NO)


@lru_cache(maxsize=65536)
def _listed(actions: tuple[Value, ...]) -> tuple[frozenset[str], tuple[Value, ...]]:
    """The names among the actions, in lower case; and the patterns."""
    spelled = [(value, glob(value, fold=True)) for value in actions]
    plain = frozenset(one.text for _, one in spelled if SPECIAL.isdisjoint(one.text))
    return plain, tuple(value for value, one in spelled if one.text not in plain)


def _action(value: Value, action: str) -> Truth:
    pattern = glob(value, fold=True)
    if not meets(pattern.text, action):
        return Truth.NO
    return Truth.POSSIBLE if pattern.partly else Truth.YES


def _acts(statement: Statement, request: Request) -> Truth:
    return acts_on(statement, request.action)


def _allowed(statement: Statement, denies: Sequence[Statement], request: Request, limits: tuple[Limit, ...]) -> Answer:
    held = hold(statement.conditions, request.facts)
    certain = min(_acts(statement, request), held.truth, _existence(statement))
    best = NOTHING
    if certain is Truth.NO:
        return best
    decided = held.decided_by | _names(statement.doubt, statement.effect, *statement.actions)
    for scope, written, truth in _scopes(statement, request):
        for part in _within(_Part(scope, min(certain, truth), held.chosen, decided), limits, request):
            left, blocked_by = _left(part, denies, request)
            whole = min(part.truth, left)
            if whole > best.truth:
                possible = whole is Truth.POSSIBLE
                why = part.decided_by | blocked_by | _names(*statement.resources) if possible else frozenset[str]()
                best = Answer(whole, statement, written, why)
    return best


def _within(part: _Part, limits: tuple[Limit, ...], request: Request) -> Iterator[_Part]:
    """The parts of what an Allow admits that every limit admits as well."""
    if not limits:
        yield part
        return
    for one in _limited(part, limits[0], request):
        yield from _within(one, limits[1:], request)


def _limited(part: _Part, limit: Limit, request: Request) -> Iterator[_Part]:
    within = Request(request.action, (part.scope,), request.facts, request.spell, request.partly)
    unknown = [_names(one.unknown) or frozenset({one.name}) for one in limit if one.unknown is not None]
    # What nobody knows of a limit may allow the rest, and may deny what the known part allows.
    cap = Truth.POSSIBLE if unknown else Truth.YES
    names = frozenset(name for one in unknown for name in one)
    if unknown:
        yield replace(part, truth=min(part.truth, cap), decided_by=part.decided_by | names)
    for statement in (each for policy in limit for each in policy.statements if each.allows):
        acts = _acts(statement, request)
        held = hold(statement.conditions, request.facts) if acts is not Truth.NO else None
        certain = Truth.NO if held is None else min(acts, held.truth, _existence(statement), part.truth, cap)
        if held is None or certain is Truth.NO:
            continue
        decided = part.decided_by | held.decided_by | names
        decided |= _names(statement.doubt, statement.effect, *statement.actions)
        for scope, _, truth in _scopes(statement, within):
            yield _Part(scope, min(certain, truth), part.chosen | held.chosen, decided | _names(*statement.resources))


def _existence(statement: Statement) -> Truth:
    return Truth.POSSIBLE if statement.doubt is not None or isinstance(statement.effect, Unknown) else Truth.YES


def _scopes(statement: Statement, request: Request) -> Iterable[tuple[str, str, Truth]]:
    """What the statement lets the action at: (Glob text, as written, how certain)."""
    if statement.not_resources:
        listed = [_spelled(value, request, statement) for value in statement.resources]
        for target in request.targets:
            excluded = max((includes(one, target) for one in listed), default=Truth.NO)
            yield target, "everything but what NotResource lists", excluded.negated()
        return
    for value in statement.resources:
        pattern = _spelled(value, request, statement)
        for target in request.targets:
            truth = allows(pattern, target)
            if request.partly and not covers(pattern.text, target):
                truth = min(truth, Truth.POSSIBLE)
            if truth is not Truth.NO:
                yield (target if covers(pattern.text, target) else pattern.text), shown(pattern), truth


def _spelled(value: Value, request: Request, statement: Statement) -> Glob:
    """A value of Resource as a pattern, its policy variables in place."""
    if isinstance(value, str) and "${" not in value:
        return request.spell(value)
    if not statement.variables:
        return request.spell(literal(value))
    return request.spell(substitute(value, known(request.facts)))


def _left(part: _Part, denies: Sequence[Statement], request: Request) -> tuple[Truth, frozenset[str]]:
    """What the Deny statements leave of an Allow: no where one certainly stops it all."""
    left, decided = Truth.YES, frozenset[str]()
    for deny in denies:
        fires = hold(deny.conditions, request.facts)
        certain = Truth.YES if deny.doubt is None else Truth.POSSIBLE
        avoidable = bool(fires.chosen) and not (fires.chosen & part.chosen)
        stops = min(fires.truth, certain, _acts(deny, request), _denied(deny, part.scope, request))
        if stops is Truth.NO or avoidable:
            continue
        if stops is Truth.YES and not fires.chosen:
            return Truth.NO, decided
        left = Truth.POSSIBLE
        decided |= fires.decided_by | _names(deny.doubt, *deny.actions, *deny.resources) or frozenset({"condition"})
    return left, decided


def _denied(deny: Statement, scope: str, request: Request) -> Truth:
    patterns = [_spelled(value, request, deny) for value in deny.resources]
    if deny.not_resources:
        hit = max((allows(one, scope) for one in patterns), default=Truth.NO)
        return hit.negated()
    return max((includes(one, scope) for one in patterns), default=Truth.NO)


def _names(*values: Value) -> frozenset[str]:
    return frozenset(name for value in values if isinstance(value, Unknown) for name in value.decided_by)


def shown(pattern: Glob) -> str:
    """A pattern as a policy writes it."""
    return pattern.text.replace(DIGIT * 12, "*").replace(ANY, "*").replace("\ue001", "?")
