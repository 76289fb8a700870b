"""What the profile names and no input shows: accounts, regions, clusters, units; and what the scan itself may do.

Source: AWS Security Token Service API reference, "GetCallerIdentity": the ARN of an assumed role has its name and the
session's, and not its path.
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import normpath

from scanner.builders.draft import World
from scanner.graph.facts_audit import Coverage
from scanner.graph.model import Node
from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.profile import Unit
from scanner.resource import Asked, Resource
from scanner.unknown import Unknown

SHOWN = 5
WHOLE = "global"
"""What calls have for the region of a whole account."""
CLOUD = "aws"
"""The provider whose accounts are asked."""
LIVE = ("bundle", "live")
TOLD = {"terraform": ("terraform", "plan", "state"), "manifests": ("kubernetes",)}
"""By key of a unit: the sources that show its folders."""
CALLER = lazy(r"arn:[^:]+:(?:iam|sts)::\d{12}:(?P<kind>root|user|assumed-role|federated-user)(?:/(?P<name>.+))?\Z")


def build_coverage(world: World) -> None:
    """Coverage facts on nodes for what the profile names."""
    # A view of what is live alone shows no folder: that of all, or of what is declared, does.
    if any(one.source not in LIVE for one in world.inventory.all):
        for unit in world.profile.units:
            _unit(world, unit)
    if not world.asked and not world.profile.strict:
        return
    # Files may stand for the account of a cluster that is asked; where accounts are asked, each of them is.
    accounts = any(_of_aws(one) for one in world.asked) or bool(world.profile.strict)
    for place in world.profile.places:
        for account in place.accounts if place.provider == CLOUD and accounts else ():
            _account(world, account, place.regions, place.origin)
    for unit in world.profile.units:
        for name in unit.live:
            _cluster(world, name, unit)
    _organisation(world)
    # One account may be asked by several roles, in shares of a scan.
    asked = {(dict(one.scope)["account"], one.caller): one for one in world.asked if _of_aws(one) and one.answered}
    for (account, _), one in sorted(asked.items(), key=lambda pair: pair[0]):
        _caller(world, account, one)


def _of_aws(one: Asked) -> bool:
    return "account" in dict(one.scope)


def _add(world: World, address: str, origin: FileOrigin, what: str, seen: bool | Unknown, because: str) -> None:
    node = world.ensure(Node(f"profile:{address}", "Profile", address, address.rpartition("/")[2], origin))
    said = seen.cause if isinstance(seen, Unknown) else because
    world.add_fact(node.id, Coverage(origin=origin, because=said, what=what, seen=seen))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _unit(world: World, unit: Unit) -> None:
    """Whether the folders of a unit are among what was read; a plan or a state stands for all of its Terraform."""
    mine = [one for one in world.inventory.all if one.unit == unit.name]
    sources = {one.source for one in mine}
    for key, told in TOLD.items():
        folders = getattr(unit, key)
        if folders and not sources & set(LIVE):
            # Who is of the unit stands in its only folder, also where the scan began inside of it.
            all_of_it = sources & set(told[1:]) or (len(folders) == 1 and told[0] in sources)
            lacking = [] if all_of_it else [one for one in folders if not _shown(one, mine, told[0])]
            because = f"{_listed(list(folders))}: read"
            if lacking:
                because = f"{_listed(lacking)}: nothing of it was read"
            _add(world, f"units/{unit.name}", unit.origin, "unit", not lacking, because)


def _shown(folder: str, mine: list[Resource], source: str) -> bool:
    """Whether something stands in a folder, or in a module that it calls."""
    base = normpath(folder)
    for one in mine:
        for origin in (one.origin, *(called for _, called in one.calls[:1])) if one.source == source else ():
            if isinstance(origin, FileOrigin) and (base == "." or f"/{origin.path}".find(f"/{base}/") >= 0):
                return True
    return False


def _account(world: World, account: str, regions: tuple[str, ...], origin: FileOrigin) -> None:
    """One statement an account: which of its regions an API answered for."""
    asked = {dict(one.scope)["region"] for one in world.asked if _is(one, account) and one.answered}
    lacking = sorted(set(regions) - asked)
    if not asked:
        because = "no API was asked about it, or none answered"
    elif lacking:
        because = f"nothing was answered in {_listed(lacking)}"
    else:
        because = f"asked in {_listed(sorted(asked - {WHOLE}))}"
    _add(world, f"places/{account}", origin, "account", bool(asked) and not lacking, because)


def _is(one: Asked, account: str) -> bool:
    return dict(one.scope).get("account") == account


def _cluster(world: World, name: str, unit: Unit) -> None:
    """A cluster that a unit names, or the partition of AWS."""
    keys = ("cluster", "partition")
    seen = any(one.answered and name in (dict(one.scope).get(key) for key in keys) for one in world.asked)
    because = "it was asked" if seen else "no API of that name was asked, or it answered nothing"
    _add(world, f"units/{unit.name}/live/{name}", unit.origin, "cluster", seen, because)


def _organisation(world: World) -> None:
    """The accounts of the organisation that were not asked, where the profile wants everything to be."""
    members = {one for asked in world.asked for one in asked.members}
    others = sorted(members - {dict(one.scope).get("account") for one in world.asked if one.answered})
    if members and world.profile.strict:
        because = f"the scan has no way into {_listed(others)}" if others else "each of its accounts was asked"
        origin = world.profile.origins.get("require", FileOrigin(world.profile.path, 1))
        _add(world, "organisation", origin, "organisation", not others, because)


def _caller(world: World, account: str, one: Asked) -> None:
    """Whether who asks may only read, by the policies that were read of it."""
    node = world.ensure(Node(f"{one.unit}:scan/{account}", "Scan", f"scan/{account}", account, one.origin))
    seen, because = _reads(world, account, one.caller)
    said = seen.cause if isinstance(seen, Unknown) else because
    world.add_fact(node.id, Coverage(origin=one.origin, because=said, what="caller", seen=seen))


def _reads(world: World, account: str, arn: str) -> tuple[bool | Unknown, str]:
    found = CALLER.match(arn)
    if found is None:
        decided = (f"sts:GetCallerIdentity in {account}",)
        return Unknown("as whom the scan asked is not told", decided_by=decided), ""
    if found["kind"] == "federated-user":
        return Unknown(f"what `{arn}` may do is told by no policy of that name", decided_by=(arn,)), ""
    if found["kind"] == "root":
        return False, f"the scan asked as the root of account {account}, which may do anything"
    name = (found["name"] or "").partition("/")[0] if found["kind"] == "assumed-role" else found["name"] or ""
    mine = next(_principals(world, account, found["kind"], name), None)
    if mine is None:
        cause = f"what `{arn}` may do was not read"
        return Unknown(cause, decided_by=(f"the policies of {name}",)), ""
    return _writes(world, mine)


def _principals(world: World, account: str, kind: str, name: str) -> Iterator[Resource]:
    """The role or the user of a name, wherever its path puts it."""
    wanted = "aws_iam_role" if kind == "assumed-role" else "aws_iam_user"
    word = "role" if kind == "assumed-role" else "user"
    for one in world.inventory.like(wanted):
        arn = one.attrs.get("arn")
        if isinstance(arn, str) and f"::{account}:{word}/" in arn and arn.endswith(f"/{name}"):
            yield one


def _writes(world: World, one: Resource) -> tuple[bool | Unknown, str]:
    # The evaluator of policies is loaded where an account was asked, and for no file.
    from scanner.builders.aws_identity.access import judge
    from scanner.builders.aws_identity.principals import principals
    from scanner.builders.aws_policy.match import ANY, Truth
    from scanner.tables import control_actions

    doubt: Unknown | None = None
    for principal in principals(world):
        if principal.node_id != one.id:
            continue
        if principal.unknown_policy is not None:
            doubt = principal.unknown_policy.unknown
        judged = judge(world, one.unit)
        for row in control_actions(CLOUD):
            service = row.action.partition(":")[0]
            access = judged.access(principal, row.action, (f"arn:{ANY}:{service}:{ANY}",))
            if access.truth is Truth.YES:
                return False, f"`{one.address}`, as which the scan asked, may do `{row.action}`: {row.because}"
            if access.truth is Truth.POSSIBLE and doubt is None:
                cause = f"whether `{one.address}`, as which the scan asked, may do `{row.action}` is not known"
                doubt = Unknown(cause, decided_by=access.decided_by or (one.address,))
    return (doubt, "") if doubt is not None else (True, f"`{one.address}`, as which the scan asked, may change nothing")
