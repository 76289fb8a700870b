"""Whether a trust policy lets in somebody whom the inputs do not show, or a service, or tokens of another issuer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from scanner.builders.aws_identity.access import Judge
from scanner.builders.aws_identity.arns import arn_of
from scanner.builders.aws_identity.organisation import RESOURCE
from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_policy.condition import Fact, Given, Values
from scanner.builders.aws_policy.decide import NOTHING, Answer, Request, acts_on, widest
from scanner.builders.aws_policy.match import ANY, DIGIT, Truth, glob, meets
from scanner.builders.aws_policy.named import ROOT, Named, addressed
from scanner.builders.aws_policy.statements import Condition, Statement, listed_in
from scanner.unknown import Unknown, Value

ASSUME = {"Federated": ("sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML")}
"""Kind of principal -> the actions by which it takes a role; the others use `sts:AssumeRole`."""
TOKEN = ("aws:", "sts:")
"""What begins a condition key that is not a claim of the token: the claims say who, and are read apart."""
WHOM = Unknown("whether the Deny speaks of it is not known", decided_by=("principal",))


def entrusted(
    judged: Judge, role: Principal, statement: Statement, denies: tuple[Statement, ...], kind: str, value: Value
) -> Answer:
    """What a statement of a trust policy, the denies beside it and the organisation leave of one principal's call."""
    assert role.resource is not None
    best = NOTHING
    for action in ASSUME.get(kind, ("sts:AssumeRole",)):
        if acts_on(statement, action) is Truth.NO:
            continue
        ruled = judged.over(role, RESOURCE, action)
        stops = [*_stopping(denies, kind, value), *ruled.denies]
        said = of_role(statement)
        if kind == "Federated":
            said = replace(said, conditions=tuple(one for one in said.conditions if not _claim(one)))
        request = Request(action, (arn_of(role.resource).text,), _facts(kind, value))
        found = widest([said], [one for one in stops if acts_on(one, action) is not Truth.NO], request, ruled.levels)
        best = found if found.truth > best.truth else best
    return best


def of_role(statement: Statement) -> Statement:
    """A trust policy names no resource: it is that of its role."""
    named = bool(statement.resources) or statement.not_resources
    return statement if named else replace(statement, resources=("*",))


def _claim(condition: Condition) -> bool:
    key = condition.key.text() if isinstance(condition.key, Unknown) else condition.key
    return not key.lower().startswith(TOKEN)


def _facts(kind: str, value: Value) -> Mapping[str, Fact]:
    if kind == "Service":
        chosen = dict.fromkeys(("aws:sourceaccount", "aws:sourcearn"), Given.CHOSEN)
        return {**chosen, "aws:principalisawsservice": Values(("true",))}
    facts: dict[str, Fact] = {"aws:principalisawsservice": Values(("false",))}
    found = ROOT.fullmatch(str(value)) if isinstance(value, str) else None
    if found is not None:
        facts["aws:principalaccount"] = Values((found["account"] or found["number"],))
    elif isinstance(value, str) and value.startswith("arn:") and kind == "AWS":
        facts["aws:principalarn"] = Values((value,))
        facts["aws:principalaccount"] = Values((value.split(":")[4] if value.count(":") > 4 else "",))
    return facts


def _stopping(denies: tuple[Statement, ...], kind: str, value: Value) -> Iterator[Statement]:
    """The Deny statements of the trust policy that speak of a principal, in doubt where they may not."""
    for one in denies:
        truth = _speaks(one, kind, value)
        if truth is not Truth.NO:
            said = of_role(one)
            yield said if truth is Truth.YES else replace(said, doubt=one.doubt or WHOM)


def _speaks(deny: Statement, kind: str, value: Value) -> Truth:
    if kind == "AWS":
        text = glob(value, wild=False).text
        if text == "*":
            # Everybody: a Deny that speaks of some leaves the rest.
            return Truth.YES if not deny.not_principals and deny.principals in ("*", {"AWS": "*"}) else Truth.NO
        root = ROOT.fullmatch(text)
        number = "" if root is None else root["account"] or root["number"]
        arn = f"arn:{ANY}:iam::{number or DIGIT * 12}:root" if root is not None else text
        return addressed(Named(arn, account=number, sure=ANY not in text), deny)[1]
    if deny.principals == "*":
        return Truth.NO if deny.not_principals else Truth.YES
    mine = listed_in(deny.principals.get(kind)) if isinstance(deny.principals, Mapping) else ()
    found = max((_equal(one, value) for one in mine), default=Truth.NO)
    return found.negated() if deny.not_principals else found


def _equal(first: Value, second: Value) -> Truth:
    ours, theirs = glob(first, wild=False), glob(second, wild=False)
    if ours == theirs and not ours.partly:
        return Truth.YES
    return Truth.POSSIBLE if (ours.partly or theirs.partly) and meets(ours.text, theirs.text) else Truth.NO
