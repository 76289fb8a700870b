"""One request through every kind of policy that AWS asks: the whole evaluation logic, in three values.

Source: the IAM user guide, "Policy evaluation logic" (explicit deny first; resource and service control policies;
resource-based policies; identity-based policies under a boundary and a session policy; both sides across accounts) and
"Permissions boundaries for IAM entities" (what a resource-based policy grants past a boundary).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scanner.builders.aws_policy.condition import Fact, Values
from scanner.builders.aws_policy.decide import Request, decide
from scanner.builders.aws_policy.match import Shape, Truth, glob, includes
from scanner.builders.aws_policy.statements import Policy, Statement, listed_in
from scanner.unknown import Unknown, Value

Levels = tuple[tuple[Policy, ...], ...]
"""The policies of an organisation over one account, from its root over its units to itself."""
RCP_SERVICES = frozenset(
    {"s3", "sts", "kms", "sqs", "secretsmanager", "ecr", "aoss", "cognito-idp", "cognito-identity", "logs", "dynamodb"}
)
"""Services whose resources a resource control policy speaks of (AWS Organizations user guide)."""
SELF_SUFFICIENT = frozenset({"kms", "sts"})
"""Services whose resource policy must let in the account or the principal, in the same account as well."""
ARN = re.compile(r"arn:[^:]*:(?:iam|sts)::(?P<account>[^:]*):(?P<kind>[^/]*)(?:/(?P<path>.*))?")


@dataclass(frozen=True, slots=True, eq=False)
class Caller:
    """Who asks. arn: of a user, a role, a session (`assumed-role`) or an account's root.

    role: the ARN of the role behind a session. boundary and session: None where there is none. levels: the service
    control policies over its account; () where no organisation is known or it is the management account.
    """

    arn: str
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    levels: Levels = ()
    role: str = ""

    @property
    def account(self) -> str:
        """The number of its account; "" where the ARN does not tell."""
        found = ARN.fullmatch(self.arn)
        return found["account"] if found is not None else ""


@dataclass(frozen=True, slots=True, eq=False)
class Guarded:
    """What is asked for. account: of its owner; policy: its resource-based policy, None where it has none.

    levels: the resource control policies over the owner's account.
    """

    account: str
    policy: Policy | None = None
    levels: Levels = ()


@dataclass(frozen=True, slots=True)
class _Grant:
    """What a resource-based policy allows: to the caller itself past its limits, within them, or to its account."""

    direct: Truth = Truth.NO
    limited: Truth = Truth.NO
    delegated: Truth = Truth.NO


def authorize(caller: Caller, request: Request, guarded: Guarded) -> Truth:
    """Whether the request goes through."""
    request = replace(request, facts={**_caller_facts(caller, guarded), **request.facts})
    service = request.action.partition(":")[0].lower()
    resource_levels = guarded.levels if service in RCP_SERVICES else ()
    over = [*caller.levels, *resource_levels]
    everything = [*caller.policies, *(caller.session or ()), *(one for level in over for one in level)]
    everything += [caller.boundary] if caller.boundary is not None else []
    spoken = () if guarded.policy is None else tuple(_addressed(caller, guarded.policy))
    limit = undenied([*everything, *(policy for policy, _ in spoken)], request)
    for level in over:
        limit = min(limit, _allowed(level, request))
    if limit is Truth.NO:
        return limit
    grant = _grant(caller, spoken, request)
    own = _allowed(caller.policies, request)
    bounds = min(_within(caller.boundary, request), _session(caller, request))
    if caller.account != guarded.account:
        return min(limit, own, bounds, max(grant.direct, grant.limited, grant.delegated))
    if service in SELF_SUFFICIENT:
        # A key policy or a trust policy lets nobody in by silence.
        own = min(own, max(grant.delegated, grant.direct, grant.limited))
    return min(limit, max(grant.direct, min(max(own, grant.limited), bounds)))


def undenied(policies: Iterable[Policy], request: Request) -> Truth:
    """What explicit denies leave of the request: no where one certainly stops it."""
    denies = tuple(one for policy in policies for one in policy.statements if one.denies)
    anything = Statement("Allow", ("*",), ("*",), (), "", None)
    return decide([Policy("", None, (anything, *denies))], request).truth


def _allowed(policies: Iterable[Policy], request: Request) -> Truth:
    """Whether one of the policies allows it, denies aside; a policy that nobody knows may."""
    listed = list(policies)
    found = max((decide([_allows(one)], request).truth for one in listed), default=Truth.NO)
    return max(found, Truth.POSSIBLE) if any(one.unknown is not None for one in listed) else found


def _allows(policy: Policy) -> Policy:
    return replace(policy, statements=tuple(one for one in policy.statements if one.allows))


def _within(boundary: Policy | None, request: Request) -> Truth:
    return Truth.YES if boundary is None else _allowed([boundary], request)


def _session(caller: Caller, request: Request) -> Truth:
    return Truth.YES if caller.session is None else _allowed(caller.session, request)


def _addressed(caller: Caller, policy: Policy) -> Iterable[tuple[Policy, str]]:
    """The statements of a resource policy that speak of the caller, each with how: direct, limited or delegated."""
    for one in policy.statements:
        how, truth = addressed(caller, one)
        if truth is not Truth.NO:
            unsure = one.doubt or Unknown("whether the statement speaks of the caller is not known")
            yield (
                Policy(policy.name, policy.origin, (one if truth is Truth.YES else replace(one, doubt=unsure),)),
                how,
            )


def addressed(caller: Caller, statement: Statement) -> tuple[str, Truth]:
    """How a statement names the caller ("direct", "limited", "delegated"), and whether it does.

    A statement with NotPrincipal names everybody it does not list; one with no Principal names nobody.
    """
    best, how = Truth.NO, "limited"
    for value in _named(statement.principals):
        kind, truth = _names(caller, value)
        if statement.not_principals and kind == "delegated":
            continue
        if truth > best or (truth is best is not Truth.NO and kind == "direct"):
            best, how = truth, kind
    if statement.not_principals:
        return "limited", best.negated()
    return how, best


def _named(principals: Value) -> Iterable[Value]:
    if not isinstance(principals, Mapping):
        return listed_in(principals)
    return [one for kind, listed in principals.items() if kind in ("AWS", "*") for one in listed_in(listed)]


def _names(caller: Caller, value: Value) -> tuple[str, Truth]:
    if isinstance(value, Unknown):
        pattern = glob(value, wild=False)
        return "limited", max(includes(pattern, arn, shape=Shape.TEXT) for arn in (caller.arn, caller.role or "-"))
    text = str(value)
    if text == "*":
        return ("limited" if _is_role(caller) else "direct"), Truth.YES
    if text == caller.arn:
        return ("limited" if ":role/" in text else "direct"), Truth.YES
    if caller.role and text == caller.role:
        return "limited", Truth.YES
    own = text in (caller.account, f"arn:aws:iam::{caller.account}:root") or text.endswith(f"::{caller.account}:root")
    return "delegated", Truth.YES if own and caller.account else Truth.NO


def _is_role(caller: Caller) -> bool:
    return ":role/" in caller.arn or ":assumed-role/" in caller.arn


def _grant(caller: Caller, spoken: Iterable[tuple[Policy, str]], request: Request) -> _Grant:
    found = {"direct": Truth.NO, "limited": Truth.NO, "delegated": Truth.NO}
    for policy, how in spoken:
        found[how] = max(found[how], _allowed([policy], request))
    return _Grant(**found)


def _caller_facts(caller: Caller, guarded: Guarded) -> dict[str, Fact]:
    """The keys that AWS fills in from the caller and the resource themselves."""
    found: dict[str, Fact] = {"aws:principalarn": Values((caller.role or caller.arn,))}
    if caller.account:
        found["aws:principalaccount"] = Values((caller.account,))
    if guarded.account:
        found["aws:resourceaccount"] = Values((guarded.account,))
    parsed = ARN.fullmatch(caller.arn)
    if parsed is not None and parsed["kind"] == "user":
        found["aws:username"] = Values(((parsed["path"] or "").rpartition("/")[2],))
        found["aws:principaltype"] = Values(("User",))
    elif parsed is not None and parsed["kind"] in ("role", "assumed-role"):
        found["aws:principaltype"] = Values(("AssumedRole",))
    return found
