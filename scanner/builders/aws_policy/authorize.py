"""One request through every kind of policy that AWS asks: the whole evaluation logic, in three values.

Source: the IAM user guide, "Policy evaluation logic" (explicit deny first; resource and service control policies;
resource-based policies; identity-based policies under a boundary and a session policy; both sides across accounts) and
"Permissions boundaries for IAM entities" (what a resource-based policy grants past a boundary).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.aws_policy.condition import Fact, Values
from scanner.builders.aws_policy.decide import Answer, Limit, Request, acts_on, widest
from scanner.builders.aws_policy.match import ANY, DIGIT, Glob, Truth
from scanner.builders.aws_policy.named import ARN, DELEGATED, DIRECT, LIMITED, OWN_ACCOUNT, Named, addressed
from scanner.builders.aws_policy.statements import Policy, Statement
from scanner.unknown import Unknown

Levels = tuple[Limit, ...]
"""Policies of an organisation over one account, from its root over its units to itself: each level must allow."""
RCP_SERVICES = frozenset(
    {"s3", "sts", "kms", "sqs", "secretsmanager", "ecr", "aoss", "cognito-idp", "cognito-identity", "logs", "dynamodb"}
)
"""Services whose resources a resource control policy speaks of (AWS Organizations user guide)."""
SELF_SUFFICIENT = frozenset({"kms", "sts"})
"""Services whose resource policy must let in the account or the principal, in the same account as well."""
UNSURE = Unknown("whether the statement speaks of the caller is not known", decided_by=("principal",))


class Caller(Struct, frozen=True, eq=False):
    """Who asks, and the policies over it.

    boundary and session: None where there is none. levels: the service control policies that must allow; () where no
    organisation is known, or it is the management account. denies: Deny statements over it that come on top.
    """

    who: Named
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    levels: Levels = ()
    denies: tuple[Statement, ...] = ()


class Guarded(Struct, frozen=True, eq=False):
    """What is asked for. account: of its owner, "" for that of the caller; policy: its own, None where it has none.

    levels and denies: those of the resource control policies over the owner's account.
    """

    account: str = ""
    policy: Policy | None = None
    levels: Levels = ()
    denies: tuple[Statement, ...] = ()


def authorize(caller: Caller, request: Request, guarded: Guarded) -> Answer:
    """Whether the request goes through, and by which statement: one of the caller's own before one of the resource."""
    service = request.action.partition(":")[0].lower()
    controlled = service in RCP_SERVICES
    facts = {**_facts(caller.who, guarded.account), **request.facts}
    request = Request(request.action, request.targets, facts, request.spell, request.partly)
    foreign = bool(guarded.account) and caller.who.account != guarded.account
    spoken = _spoken(caller.who, guarded, request, foreign=foreign)
    denies = list(_denies(caller, spoken, request))
    over = caller.levels
    if controlled:
        denies += _acting(guarded.denies, request)
        denies += [one for level in guarded.levels for policy in level for one in _acting(policy.statements, request)]
        over = (*over, *guarded.levels)
    own = _limits(caller, over)
    both = [one for ones in spoken.values() for one in ones if one.allows]
    entry: Limit = (Policy("", None, tuple(both), None if guarded.policy is None else guarded.policy.unknown),)
    asked = (*own, entry) if foreign or service in SELF_SUFFICIENT else own
    best = widest(_allowing(caller.policies, request), denies, request, asked)
    if foreign or best.truth is Truth.YES:
        return best
    for how, limits in ((DIRECT, over), (LIMITED, own)):
        found = widest((one for one in spoken[how] if one.allows), denies, request, limits)
        best = found if found.truth > best.truth else best
    return best


def _limits(caller: Caller, over: Levels) -> Levels:
    found = over if caller.boundary is None else (*over, (caller.boundary,))
    return found if caller.session is None else (*found, caller.session)


def _denies(caller: Caller, spoken: Mapping[str, list[Statement]], request: Request) -> Iterator[Statement]:
    for policy in caller.policies:
        yield from _acting(policy.statements, request)
    for level in _limits(caller, caller.levels):
        for policy in level:
            yield from _acting(policy.statements, request)
    yield from _acting(caller.denies, request)
    for ones in spoken.values():
        yield from (one for one in ones if one.denies)


def _acting(statements: tuple[Statement, ...], request: Request) -> list[Statement]:
    return [one for one in statements if one.denies and acts_on(one, request.action) is not Truth.NO]


def _allowing(policies: tuple[Policy, ...], request: Request) -> Iterator[Statement]:
    for policy in policies:
        for one in policy.statements:
            if one.allows and acts_on(one, request.action) is not Truth.NO:
                yield one


def _spoken(who: Named, guarded: Guarded, request: Request, *, foreign: bool) -> dict[str, list[Statement]]:
    """The statements of the resource's policy that speak of the caller and the action, by how they name it."""
    found: dict[str, list[Statement]] = {DIRECT: [], LIMITED: [], DELEGATED: []}
    for one in () if guarded.policy is None else guarded.policy.statements:
        if acts_on(one, request.action) is Truth.NO or (foreign and one.principals == OWN_ACCOUNT):
            continue
        how, truth = addressed(who, one)
        if truth is Truth.NO:
            continue
        said = one if one.resources or one.not_resources else replace(one, resources=("*",))
        found[how].append(said if truth is Truth.YES else replace(said, doubt=one.doubt or UNSURE))
    return found


@lru_cache(maxsize=1024)
def _facts(who: Named, owner: str) -> Mapping[str, Fact]:
    """The keys that AWS fills in from the caller and the resource themselves."""
    arn = who.role or who.arn
    found: dict[str, Fact] = {"aws:principalarn": Glob(arn, not who.sure or ANY in arn or DIGIT in arn)}
    found["aws:principalisawsservice"] = Values(("false",))
    if who.account:
        found["aws:principalaccount"] = Values((who.account,))
    if owner or who.account:
        found["aws:resourceaccount"] = Values((owner or who.account,))
    parsed = ARN.fullmatch(who.arn)
    kind = "" if parsed is None else parsed["kind"]
    if parsed is not None and kind == "user" and who.sure:
        found["aws:username"] = Values(((parsed["path"] or "").rpartition("/")[2],))
    if kind:
        found["aws:principaltype"] = Values(("User" if kind == "user" else "AssumedRole",))
    return found
