"""Conditions of policy statements, judged against what is known of a request; a key nobody knows decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from ipaddress import ip_network

from msgspec import Struct

from scanner.builders.aws_policy.compare import OPERATORS, matches
from scanner.builders.aws_policy.match import Glob, Truth
from scanner.builders.aws_policy.statements import Condition
from scanner.builders.aws_policy.variables import literal, substitute
from scanner.unknown import Unknown, Value

GUARDRAIL_KEY = "bedrock:guardrailidentifier"
SOURCE_KEYS = ("aws:sourcevpce", "aws:sourcevpc", "aws:sourcevpcarn", "aws:vpcsourceip", "aws:sourceip")
CHOSEN_KEYS = frozenset(
    {
        "aws:requestedregion",
        "aws:securetransport",
        "aws:multifactorauthpresent",
        "aws:multifactorauthage",
        "aws:currenttime",
        "aws:epochtime",
        "aws:tokenissuetime",
        "aws:useragent",
        "aws:referer",
        "aws:requesttag",
        "bedrock:inferenceprofilearn",
        "bedrock:promptrouterarn",
        "bedrock:servicetier",
        "bedrock:inlineagentname",
        "bedrock-mantle:model",
        "bedrock-mantle:servicetier",
        "sagemaker:targetmodel",
        "sts:externalid",
        "sts:rolesessionname",
        "sts:sourceidentity",
    }
)
"""Keys whose value the caller picks with the request: a condition on them keeps nobody out."""


MOMENTS = frozenset({"aws:currenttime", "aws:epochtime", "aws:tokenissuetime"})
LONG_AGO = "2026-01-01T00:00:00Z"
"""A moment before every request that is still to come: the caller waits for a later one, or gets a new token."""


class Given(Enum):
    """What is known of a condition key, where it is not a value."""

    ABSENT = "absent"
    CHOSEN = "chosen"
    """The caller picks the value."""
    UNKNOWN = "unknown"
    OUTSIDE = "outside"
    """An address on the internet: in no range that a policy names, short of everything."""


class Other(Struct, frozen=True, eq=False):
    """The caller picks a value, but none that is approved."""

    approved: Callable[[Value], Truth]


class Only(Struct, frozen=True, eq=False):
    """The caller picks a value among the approved ones."""

    approved: Callable[[Value], Truth]


class Values(Struct, frozen=True):
    """The values that the key has in the request: one, or several where it is multivalued."""

    texts: tuple[str, ...]


Fact = Given | Other | Only | Glob | Values
Facts = Mapping[str, Fact]
ELSE = "*"
"""The entry of Facts that speaks of every key that has none of its own."""
EVERY_TAG = "aws:principaltag/*"
"""The entry that speaks of every tag of the principal that has none of its own."""


class Held(Struct, frozen=True):
    """Whether the conditions hold. chosen: the keys by which the caller makes them hold (or fail). decided_by: keys."""

    truth: Truth
    chosen: frozenset[str] = frozenset()
    decided_by: frozenset[str] = frozenset()


def hold(conditions: tuple[Condition, ...], facts: Facts) -> Held:
    """Whether all of `conditions` hold for a request of which `facts` are known (keys in lower case)."""
    truth, chosen, decided = Truth.YES, set[str](), set[str]()
    for one in conditions:
        held = _one(one, facts)
        truth = min(truth, held.truth)
        chosen |= held.chosen
        decided |= held.decided_by
    return Held(truth, frozenset(chosen), frozenset(decided))


def _one(condition: Condition, facts: Facts) -> Held:
    for part in (condition.operator, condition.key):
        if isinstance(part, Unknown) and not (part is condition.key and part.pieces):
            return Held(Truth.POSSIBLE, decided_by=frozenset(part.decided_by or ("condition",)))
    operator = str(condition.operator).lower()
    key = (condition.key.text() if isinstance(condition.key, Unknown) else condition.key).lower()
    quantifier, _, rest = operator.rpartition(":")
    optional = rest.endswith("ifexists")
    base = rest.removesuffix("ifexists")
    fact = fact_of(key, facts)
    if base not in (*OPERATORS, "null"):
        return Held(Truth.POSSIBLE, decided_by=frozenset({operator or "condition"}))
    if base == "null":
        return _null(condition, fact, key)
    if fact is Given.ABSENT:
        absent = optional or (quantifier != "foranyvalue" and (quantifier == "forallvalues" or _negative(base)))
        return Held(Truth.YES if absent else Truth.NO)
    if not condition.values:
        return Held(Truth.YES if _negative(base) else Truth.NO)
    if fact is Given.CHOSEN and key in MOMENTS and _passed(base, condition.values):
        return Held(Truth.NO)
    if fact is Given.CHOSEN:
        return Held(Truth.YES, chosen=frozenset({key}))
    if fact is Given.UNKNOWN:
        return Held(Truth.POSSIBLE, decided_by=frozenset({key}))
    have = known(facts) if condition.variables else None
    values = tuple(literal(one) if have is None else substitute(one, have) for one in condition.values)
    truth, chosen = _compared(base, quantifier, values, fact)
    names = {name for value in condition.values if isinstance(value, Unknown) for name in value.decided_by}
    decided = frozenset(names or {key}) if truth is Truth.POSSIBLE else frozenset()
    return Held(truth, frozenset({key}) if chosen else frozenset(), decided)


def _passed(base: str, values: tuple[Value, ...]) -> bool:
    """Whether a condition asks for a moment before LONG_AGO."""
    if base not in ("datelessthan", "datelessthanequals", "dateequals", "numericlessthan", "numericlessthanequals"):
        return False
    plain = [str(value) for value in values if not isinstance(value, Unknown)]
    return len(plain) == len(values) and all(
        matches("datelessthanequals", LONG_AGO, Glob(one)) is Truth.YES for one in plain
    )


def known(facts: Facts) -> Mapping[str, str | Glob | None]:
    """What policy variables stand for in a request of which `facts` are known."""
    found: dict[str, str | Glob | None] = {}
    for key, fact in facts.items():
        if fact is Given.ABSENT:
            found[key] = None
        elif isinstance(fact, Values) and len(fact.texts) == 1:
            found[key] = fact.texts[0]
        elif isinstance(fact, Glob):
            found[key] = fact if fact.partly else fact.text
        else:
            found[key] = Glob("", partly=True)  # a value of its own, whatever is said of the keys beside it
    return found


def fact_of(key: str, facts: Facts) -> Fact:
    """What is known of one key (in lower case)."""
    if key.startswith("aws:principaltag/") and key not in facts and EVERY_TAG in facts:
        return facts[EVERY_TAG]
    if key in facts or ELSE in facts:
        return facts.get(key, facts.get(ELSE, Given.UNKNOWN))
    return Given.CHOSEN if key in CHOSEN_KEYS or key.partition("/")[0] in CHOSEN_KEYS else Given.UNKNOWN


def _negative(base: str) -> bool:
    return "not" in base


def _null(condition: Condition, fact: Fact, key: str) -> Held:
    wanted = {str(value).lower() for value in condition.values if not isinstance(value, Unknown)}
    if {"true", "false"} <= wanted:
        return Held(Truth.YES)
    if fact is Given.UNKNOWN or len(wanted) != 1:
        return Held(Truth.POSSIBLE, decided_by=frozenset({key}))
    if fact is Given.CHOSEN:
        return Held(Truth.YES, chosen=frozenset({key}))
    absent = fact is Given.ABSENT
    return Held(Truth.YES if absent == (wanted == {"true"}) else Truth.NO)


def _compared(base: str, quantifier: str, values: tuple[Value, ...], fact: Fact) -> tuple[Truth, bool]:
    """Whether the values admit the fact, and whether it is the caller's choice that makes them."""
    negative = _negative(base)
    if isinstance(fact, Other):
        free = max(fact.approved(value).negated() for value in values)
        if negative:
            return (free.negated(), False) if free is not Truth.YES else (Truth.YES, True)
        return free, free is Truth.YES
    if isinstance(fact, Only):
        approved = [fact.approved(value) for value in values]
        return (min(approved).negated(), False) if negative else (max(approved), False)
    if fact is Given.OUTSIDE:
        inside = max(_everything(value) for value in values)
        return (inside.negated() if negative else inside), False
    if isinstance(fact, Glob):
        return _one_of(base, values, fact), False
    if isinstance(fact, Values):
        held = [_one_of(base, values, Glob(text)) for text in fact.texts]
        return _quantified(quantifier, held, negative), False
    return Truth.POSSIBLE, False


def _quantified(quantifier: str, held: list[Truth], negative: bool) -> Truth:
    """The answers for the several values of a key as one; without a quantifier a negative operator speaks of all."""
    if quantifier == "forallvalues":
        return min(held, default=Truth.YES)
    if quantifier == "foranyvalue" or not negative:
        return max(held, default=Truth.NO)
    return min(held, default=Truth.YES)


def _one_of(base: str, values: tuple[Value, ...], have: Glob) -> Truth:
    """Whether one value of the request meets one of the values (of a negative operator: none of them)."""
    found = max(matches(base, value, have) for value in values)
    return found.negated() if _negative(base) else found


def _everything(value: Value) -> Truth:
    """Whether a range of addresses is so wide that the whole internet is in it."""
    if isinstance(value, Unknown):
        return Truth.POSSIBLE
    try:
        return Truth.YES if ip_network(str(value), strict=False).prefixlen <= 1 else Truth.NO
    except ValueError:
        return Truth.NO
