"""Which things of the inputs an ARN means: those of its name in its account, and those that may stand there.

Fact: the IAM user guide, "IAM identifiers": names of roles, users and policies are unique within an account; the ARN of
a session of a role holds the role's name without its path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from scanner.builders.aws_identity.accounts import account_of
from scanner.builders.aws_policy.match import Truth
from scanner.builders.blocks import text
from scanner.builders.draft import World
from scanner.builders.homes import region, together
from scanner.patterns import lazy
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

PRINCIPALS = ("aws_iam_role", "aws_iam_user")
ARN = lazy(
    r"arn:[^:]*:(?P<service>iam|sts|lambda):(?P<region>[^:]*):(?P<account>[^:]*):"
    r"(?P<type>assumed-role|role|user|policy|function)[/:](?P<path>.+)"
)
KINDS = {
    "role": ("aws_iam_role", "name"), "assumed-role": ("aws_iam_role", "name"), "user": ("aws_iam_user", "name"),
    "policy": ("aws_iam_policy", "name"), "function": ("aws_lambda_function", "function_name"),
}  # fmt: skip
"""By the word of an ARN: the kind of the thing, and the argument that holds its name."""
CALLER = "data.aws_caller_identity."
NUMBER = lazy("[0-9]{12}")
MEMO = "by_arn"


class Meant(Struct, frozen=True):
    """A thing that an ARN means. doubt: what decides whether it does; None where it certainly does."""

    resource: Resource
    doubt: Unknown | None = None


def meant(world: World, value: Value, where: str | Resource, *kinds: str) -> list[Meant]:
    """The things of `kinds` that a reference, an ARN or a name means, or may mean, said at `where`.

    One that is certain stands alone. An ARN of a known account finds the thing in whatever unit that account is in; one
    of an account that is not known, those of the unit of `where`.
    """
    found = world.inventory.find(value, where, *kinds)
    if isinstance(found, Resource):
        return [] if found.data else [Meant(found)]
    written = ARN.fullmatch(text(value))
    kind, _ = KINDS[written["type"]] if written is not None else ("", "")
    if written is None:
        name = value if isinstance(value, str) else ""
        fits = [(one, _beside(world, where, one)) for kind in kinds for one in _called(world).get((kind, name), ())]
    elif kind in kinds:
        name = _name(written)
        some = [] if "*" in name else _called(world).get((kind, name), [])
        fits = [(one, _fits(world, written, value, where, one)) for one in some]
    else:
        return []
    sure = [Meant(one) for one, truth in fits if truth is Truth.YES]
    return sure or [Meant(one, _whose(name, one, value)) for one, truth in fits if truth is Truth.POSSIBLE]


def is_certain(found: list[Meant]) -> bool:
    """Whether what is meant is certainly among the inputs."""
    return any(one.doubt is None for one in found)


def _name(written: re.Match[str]) -> str:
    parts = written["path"].split("/")
    return written["path"].partition(":")[0] if written["type"] == "function" else (
        parts[0] if written["type"] == "assumed-role" else parts[-1]
    )  # fmt: skip


def _called(world: World) -> dict[tuple[str, str], list[Resource]]:
    """The resources that an ARN may mean, by kind and name."""
    found = world.memo.get(MEMO)
    if found is None:
        found = world.memo[MEMO] = dict[tuple[str, str], list[Resource]]()
        for kind, key in sorted(set(KINDS.values())):
            for one in world.inventory.of(kind):
                name = one.attrs.get(key)
                if isinstance(name, str):
                    found.setdefault((kind, name), []).append(one)
    assert isinstance(found, dict)
    return found


def _beside(world: World, where: str | Resource, one: Resource) -> Truth:
    """Whether a thing of a unit is the one that its name alone means there."""
    if isinstance(where, str):
        return Truth.YES if one.unit == where else Truth.NO
    return together(world.inventory, where, one) if one.unit == where.unit else Truth.NO


def _fits(world: World, written: re.Match[str], value: Value, where: str | Resource, one: Resource) -> Truth:
    """Whether a thing of the right name stands in the account (and region) of an ARN."""
    unit = where if isinstance(where, str) else where.unit
    there = region(one)
    if "*" not in written["region"] and written["region"] and there and written["region"] != there:
        return Truth.NO
    vague = Truth.POSSIBLE if written["region"] and not there else Truth.YES
    if NUMBER.fullmatch(written["account"]):
        number = account_of(world, one).number
        if number:
            return vague if number == written["account"] else Truth.NO
        return Truth.POSSIBLE
    if one.unit != unit:
        return Truth.NO
    if CALLER in " ".join(f".{name}" for name in _named_in(value)) and isinstance(where, Resource):
        return min(vague, together(world.inventory, where, one))
    return Truth.POSSIBLE


def _named_in(value: Value) -> Iterator[str]:
    if isinstance(value, Unknown):
        for part in (value, *(piece for piece in value.pieces if isinstance(piece, Unknown))):
            yield from part.decided_by
            if part.ref is not None:
                yield part.ref.address


def _whose(name: str, one: Resource, value: Value) -> Unknown:
    cause = f"whether `{name}` is `{one.address}` depends on the account of `{one.unit}`, which is not known"
    decided = value.decided_by if isinstance(value, Unknown) else ()
    return Unknown(cause, decided_by=decided or (f"the account of `{one.unit}`",))
