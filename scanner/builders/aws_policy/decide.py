"""What a set of policies lets a request do: Allow and Deny together, in three values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from scanner.builders.aws_policy.condition import Facts, Held, hold, known
from scanner.builders.aws_policy.match import ANY, DIGIT, Glob, Truth, allows, covers, glob, includes, meets
from scanner.builders.aws_policy.statements import Policy, Statement
from scanner.builders.aws_policy.variables import literal, substitute
from scanner.unknown import Unknown, Value

Spell = Callable[[Value], Glob]
"""How a value of Resource is spelled as a pattern of ARNs; a builder spells references to declared resources."""


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One action on anything that one of `targets` (Glob texts of ARNs) stands for.

    partly: the targets are one thing whose whole ARN nobody knows, not any of many.
    """

    action: str
    targets: tuple[str, ...]
    facts: Facts
    spell: Spell = glob
    partly: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Whether a request is allowed. statement: the Allow that decides; scope: its resource pattern, as written."""

    truth: Truth
    statement: Statement | None = None
    scope: str = ""
    decided_by: frozenset[str] = frozenset()


NOTHING = Answer(Truth.NO)


def decide(policies: Iterable[Policy], request: Request) -> Answer:
    """The widest Allow for the request that no Deny certainly stops. Policies that nobody knows are not counted."""
    statements = [one for policy in policies for one in policy.statements if _acts(one, request) is not Truth.NO]
    denies = [one for one in statements if one.denies]
    best = NOTHING
    for one in statements:
        if one.allows:
            answer = _allowed(one, denies, request)
            best = answer if answer.truth > best.truth else best
        if best.truth is Truth.YES:
            break
    return best


def acts_on(statement: Statement, action: str) -> Truth:
    """Whether the statement speaks of `action` (a Glob text, any case)."""
    if all(type(value) is str for value in statement.actions):
        found = _written(statement.actions, action)
    else:
        found = max((_action(value, action.lower()) for value in statement.actions), default=Truth.NO)
    return found.negated() if statement.not_actions else found


@lru_cache(maxsize=65536)
def _written(actions: tuple[Value, ...], action: str) -> Truth:
    """The same for actions that are all known: the many policies that list the same are read once."""
    return max((_action(value, action.lower()) for value in actions), default=Truth.NO)


def _action(value: Value, action: str) -> Truth:
    pattern = glob(value, fold=True)
    if not meets(pattern.text, action):
        return Truth.NO
    return Truth.POSSIBLE if pattern.partly else Truth.YES


def _acts(statement: Statement, request: Request) -> Truth:
    return acts_on(statement, request.action)


def _allowed(statement: Statement, denies: list[Statement], request: Request) -> Answer:
    held = hold(statement.conditions, request.facts)
    certain = min(_acts(statement, request), held.truth, _existence(statement))
    decided = set(held.decided_by) | _names(statement.doubt, statement.effect, *statement.actions)
    best = NOTHING
    for scope, written, truth in _scopes(statement, request):
        left, blocked_by = _left(scope, denies, held, request)
        whole = min(certain, truth, left)
        if whole > best.truth:
            why = decided | blocked_by | _names(*statement.resources) if whole is Truth.POSSIBLE else set()
            best = Answer(whole, statement, written, frozenset(why))
    return best


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


def _left(scope: str, denies: list[Statement], held: Held, request: Request) -> tuple[Truth, set[str]]:
    """What the Deny statements leave of an Allow: no where one certainly stops it all."""
    left, decided = Truth.YES, set[str]()
    for deny in denies:
        fires = hold(deny.conditions, request.facts)
        certain = Truth.YES if deny.doubt is None else Truth.POSSIBLE
        avoidable = bool(fires.chosen) and not (fires.chosen & held.chosen)
        stops = min(fires.truth, certain, _acts(deny, request), _denied(deny, scope, request))
        if stops is Truth.NO or avoidable:
            continue
        if stops is Truth.YES and not fires.chosen:
            return Truth.NO, set()
        left = Truth.POSSIBLE
        decided |= fires.decided_by | _names(deny.doubt, *deny.actions, *deny.resources) or {"condition"}
    return left, decided


def _denied(deny: Statement, scope: str, request: Request) -> Truth:
    patterns = [_spelled(value, request, deny) for value in deny.resources]
    if deny.not_resources:
        hit = max((allows(one, scope) for one in patterns), default=Truth.NO)
        return hit.negated()
    return max((includes(one, scope) for one in patterns), default=Truth.NO)


def _names(*values: Value) -> set[str]:
    return {name for value in values if isinstance(value, Unknown) for name in value.decided_by}


def shown(pattern: Glob) -> str:
    """A pattern as a policy writes it."""
    return pattern.text.replace(DIGIT * 12, "*").replace(ANY, "*").replace("\ue001", "?")
