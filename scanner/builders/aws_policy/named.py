"""Whom a statement of a resource-based policy names, and in which of the ways that AWS tells apart.

Source: the IAM user guide, "AWS JSON policy elements: Principal" and "NotPrincipal"; "Permissions boundaries for IAM
entities" (what a resource-based policy grants past a boundary).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from scanner.builders.aws_policy.match import Glob, Truth, covers, glob, meets
from scanner.builders.aws_policy.statements import Statement, listed_in
from scanner.patterns import lazy
from scanner.unknown import Unknown, Value

ARN = lazy(r"arn:[^:]*:(?:iam|sts)::(?P<account>[^:]*):(?P<kind>[^/]*)(?:/(?P<path>.*))?")
ROOT = lazy(r"arn:[^:]*:iam::(?P<account>[^:]*):root|(?P<number>[0-9]{12})")
DIRECT, LIMITED, DELEGATED = "direct", "limited", "delegated"
"""How a statement names a caller: itself, past its boundary and session; within them; or only its account."""

OWN_ACCOUNT = "the account"
"""Stands for the account of the resource in a policy that no input writes."""


def plainly(value: Value) -> Glob:
    """A principal as it is written: a star is a wildcard on its own only."""
    return glob(value, wild=False)


class Named(Struct, frozen=True, eq=False):
    """What a policy may call a caller.

    arn: of a user, a role or a session, or of an account's root; where `sure` is False, parts of it are not known.
    role: the ARN of the role behind a session. account: its number, "" where it is not known.
    spell: how a value of Principal is spelled. owns: whether a value that is spelled is the account of the caller, for
    what the numbers do not tell.
    """

    arn: str
    role: str = ""
    account: str = ""
    sure: bool = True
    spell: Callable[[Value], Glob] = plainly
    owns: Callable[[Value], Truth] = lambda _: Truth.NO


def addressed(who: Named, statement: Statement) -> tuple[str, Truth]:
    """How a statement names the caller (DIRECT, LIMITED or DELEGATED), and whether it does.

    A statement with NotPrincipal names everybody it does not list; one with no Principal names nobody.
    """
    best, how = Truth.NO, LIMITED
    for value in _listed(statement.principals):
        kind, truth = _names(who, value)
        if statement.not_principals and kind == DELEGATED:
            continue
        if truth > best or (truth is best is not Truth.NO and kind == DIRECT):
            best, how = truth, kind
    return (LIMITED, best.negated()) if statement.not_principals else (how, best)


def _listed(principals: Value) -> Iterable[Value]:
    if not isinstance(principals, Mapping):
        return listed_in(principals)
    return [one for kind, listed in principals.items() if kind in ("AWS", "*") for one in listed_in(listed)]


def _names(who: Named, value: Value) -> tuple[str, Truth]:
    if value == OWN_ACCOUNT:
        return DELEGATED, Truth.YES
    if value == "*":
        return (LIMITED if _is_role(who) else DIRECT), Truth.YES
    pattern = who.spell(value)
    by_itself = max(_same(who, pattern, who.arn), _same(who, pattern, who.role) if who.role else Truth.NO)
    account = _account(who, value, pattern)
    if by_itself is not Truth.NO and by_itself >= account:
        user = not _is_role(who)
        session = bool(who.role) and _same(who, pattern, who.arn) is not Truth.NO
        return (DIRECT if user or session else LIMITED), by_itself
    return DELEGATED, account


def _same(who: Named, pattern: Glob, arn: str) -> Truth:
    if pattern.text == arn:
        return Truth.YES
    if not meets(pattern.text, arn):
        return Truth.NO
    return Truth.YES if who.sure and not pattern.partly and covers(arn, pattern.text) else Truth.POSSIBLE


def _account(who: Named, value: Value, pattern: Glob) -> Truth:
    """Whether it is the account of the caller: its number, or the ARN of its root."""
    found = ROOT.fullmatch(pattern.text)
    if found is None:
        whole = isinstance(value, Unknown) and not value.pieces and pattern.partly
        return max(who.owns(value), Truth.POSSIBLE) if whole else Truth.NO
    number = found["account"] or found["number"]
    if who.account and not pattern.partly:
        return Truth.YES if number == who.account else Truth.NO
    return who.owns(value)


def _is_role(who: Named) -> bool:
    return ":role/" in who.arn or ":assumed-role/" in who.arn
