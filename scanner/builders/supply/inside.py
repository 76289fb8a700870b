"""Principals that a store's own policy names: those of the inputs, and those of the deployment's own accounts."""

from __future__ import annotations

from scanner.builders.aws_identity.accounts import own_accounts
from scanner.builders.aws_identity.by_arn import PRINCIPALS, Meant, meant
from scanner.builders.blocks import text
from scanner.builders.draft import World
from scanner.resource import Resource
from scanner.unknown import Unknown, Value, refs_in

CALLER = "data.aws_caller_identity."


def inside(world: World, where: Resource, who: Value) -> list[Meant] | bool:
    """The principals of the inputs that `who` is or may be; True for the own account as a whole; False for others."""
    named = meant(world, who, where, *PRINCIPALS)
    if named:
        return named
    written = text(who)
    account, _, path = written.removeprefix("arn:").partition(":")[2].removeprefix("iam::").partition(":")
    own = _own(world, where.unit, written, account, who)
    if not own:
        return False
    return written.isdecimal() or path == "root"


def _own(world: World, unit: str, written: str, account: str, who: Value) -> bool:
    known = own_accounts(world, unit)
    if written in known or account in known:
        return True
    if isinstance(who, Unknown):
        parts = (who, *(piece for piece in who.pieces if isinstance(piece, Unknown)))
        names = {f".{name}" for part in parts for name in part.decided_by}
        names |= {f".{ref.address}" for part in parts for ref in refs_in(part)}
        return any(CALLER in name for name in names)
    return False
