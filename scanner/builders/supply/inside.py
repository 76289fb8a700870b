"""Principals that a store's own policy names: those of the inputs, and those of the deployment's own accounts."""

from __future__ import annotations

from scanner.builders.aws_identity.accounts import own_accounts
from scanner.builders.aws_identity.arns import arn_of
from scanner.builders.aws_policy.match import ANY
from scanner.builders.blocks import text
from scanner.builders.draft import World
from scanner.resource import Resource
from scanner.unknown import Unknown, Value, refs_in

PRINCIPALS = ("aws_iam_role", "aws_iam_user")
CALLER = "data.aws_caller_identity."


def inside(world: World, unit: str, who: Value) -> Resource | bool:
    """The principal of the inputs that `who` is; True for the own account as a whole; False for anybody else."""
    named = world.inventory.find(who, unit, *PRINCIPALS)
    if isinstance(named, Resource) and not named.data:
        return named
    written = text(who)
    account, _, path = written.removeprefix("arn:").partition(":")[2].removeprefix("iam::").partition(":")
    own = _own(world, unit, written, account, who)
    if not own:
        return False
    if written.isdecimal() or path == "root":
        return True
    name = path.rpartition("/")[2]
    for one in world.inventory.of(*PRINCIPALS, unit=unit):
        if name and arn_of(one).text.rpartition("/")[2] == name and ANY not in name:
            return one
    return False


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
