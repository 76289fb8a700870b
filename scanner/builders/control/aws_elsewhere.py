"""Keys, images and settings that the stack hangs on in AWS and no input declares: they are known by their ARN alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from scanner.builders.aws_identity.accounts import own_accounts
from scanner.builders.aws_policy.match import ANY
from scanner.builders.blocks import Found, strings
from scanner.builders.control.aws_behind import ON_FIXED
from scanner.builders.control.aws_holds import Hold
from scanner.builders.control.aws_keys import ALIAS, KEY, sealed
from scanner.builders.draft import World
from scanner.builders.edges import connect, doubt_of
from scanner.graph.model import Node, Plane
from scanner.patterns import lazy
from scanner.resource import Resource

ARN = lazy(
    r"arn:(?P<partition>[^:\s\"]+):(?P<service>secretsmanager|ssm):(?P<region>[^:\s\"]*):(?P<account>[0-9]{12}):"
    r"(?P<rest>(?:secret:|parameter/)[^\s\"',:*]+)"
)
IMAGE = lazy(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<rest>[a-z0-9][a-z0-9._/-]*)(?P<pin>@sha256:)?"
)
WORDS = {"secretsmanager": "secret", "ssm": "parameter"}


class Elsewhere(Struct, eq=False):
    """Something known by its ARN. changes: the rows of the control table that change it; only: as of a Behind."""

    node_id: str
    unit: str
    changes: str
    arn: str
    doubt: tuple[str, ...] = ()
    only: frozenset[str] | None = None
    holds: list[Hold] = field(default_factory=list)


def elsewhere(
    world: World, stack: Iterable[tuple[Resource, list[Resource]]], units: Iterable[str]
) -> Iterator[Elsewhere]:
    """Each such thing of `units`, which have principals, its onward edges made."""
    asked = frozenset(units)
    found: dict[tuple[str, str], Elsewhere] = {}
    declared = _declared(world)
    for member, parts in stack:
        for part in parts if member.unit in asked else ():
            for each in strings(part.attrs, part.origin):
                for changes, arn, account, only in _named(each.text):
                    if not any(name in arn for name in declared.get(changes, ())):
                        hold = Hold(member.id, f"`{part.address}` names it", each.origin, doubt_of(each.possible))
                        _note(world, found, member.unit, changes, arn, account, only, hold)
    for one, ids, named in sealed(world, frozenset()):
        arn = _key(world, one, named)
        for node_id in ids if arn and one.unit in asked else ():
            hold = Hold(node_id, f"it seals `{one.address}`", named.origin, doubt_of(named.possible))
            _note(world, found, one.unit, "key", arn, arn.split(":")[4], None, hold)
    for made in found.values():
        for hold in made.holds:
            connect(
                world, made.node_id, hold.node_id, hold.because, hold.origin,
                plane=Plane.CONTROL, verb="write", doubt=hold.doubt,
            )  # fmt: skip
        yield made


def _named(text: str) -> Iterator[tuple[str, str, str, frozenset[str] | None]]:
    """What a text names: the rows, the ARN, the account, and which rows count."""
    for match in ARN.finditer(text):
        yield WORDS[match["service"]], match.group(), match["account"], None
    for match in IMAGE.finditer(text):
        name = match["rest"].rstrip("/.")
        arn = f"arn:{ANY}:ecr:{match['region']}:{match['account']}:repository/{name}"
        yield "image", arn, match["account"], ON_FIXED if match["pin"] else None


def _declared(world: World) -> dict[str, list[str]]:
    """The names of what the inputs declare, by the rows that change it: these are followed by themselves."""
    kinds = {"secret": "aws_secretsmanager_secret", "parameter": "aws_ssm_parameter", "image": "aws_ecr_repository"}
    found: dict[str, list[str]] = {}
    for changes, kind in kinds.items():
        names = (one.attrs.get("name") for one in world.inventory.of(kind))
        found[changes] = [name.lstrip("/") for name in names if isinstance(name, str) and name.strip("/")]
    return found


def _key(world: World, one: Resource, named: Found) -> str:
    """The ARN of a key that no input declares; "" for one that an input does, for AWS's own, and for no ARN."""
    text = named.text
    if not text.startswith("arn:") or ":key/" not in text or "*" in text:
        return ""
    declared = world.inventory.find(named.value, one, KEY, ALIAS)
    return "" if isinstance(declared, Resource) else text


def _note(
    world: World,
    found: dict[tuple[str, str], Elsewhere],
    unit: str,
    changes: str,
    arn: str,
    account: str,
    only: frozenset[str] | None,
    hold: Hold,
) -> None:
    shown = arn.replace(ANY, "*")
    node = world.ensure(Node(f"{unit}:{shown}", changes.capitalize(), shown, shown))
    own = own_accounts(world, unit)
    doubt = () if account in own else (f"whether the principals of `{unit}` are of account {account}",)
    if changes == "key":
        doubt = (*doubt, f"the policy of {shown}")
    made = found.setdefault((unit, arn), Elsewhere(node.id, unit, changes, arn, doubt, only))
    made.only = None if only is None else made.only
    made.holds.append(hold)
