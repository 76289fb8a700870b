"""What an organisation keeps an account's own administrators from: asked as one who may do everything in the account.

Sources: the AWS Organizations user guide, "Service control policies" (they bind every principal of a member account,
its root as well, and none of the management account); the service authorization reference for the actions, which are
those of the table of control actions. Only where the inputs show something of the organisation: nobody asks an account
alone what stands above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.builders.aws_identity.access import Access, Judge, judge
from scanner.builders.aws_identity.accounts import ROOT, account_of
from scanner.builders.aws_identity.arns import arn_of
from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_identity.entrusting import of_role
from scanner.builders.aws_identity.organisation import LISTING, POLICY, SERVICE
from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_models.enforcement import ENFORCED
from scanner.builders.aws_models.logs import LOGGING
from scanner.builders.aws_policy.authorize import Guarded
from scanner.builders.aws_policy.match import Truth, glob, meets
from scanner.builders.aws_policy.statements import Policy, Statement
from scanner.builders.control.aws_assets import KINDS, LOG_GROUP, Asset
from scanner.builders.control.guards import TRAIL
from scanner.builders.draft import World
from scanner.graph.facts_access import Above
from scanner.resource import Attrs, Resource, dig
from scanner.unknown import Unknown

KEPT = frozenset({*KINDS["guardrail"], *ENFORCED, LOGGING, LOG_GROUP, TRAIL})
"""The kinds of safety, enforcement and logging objects that the denies must keep."""
LEAVE = "organizations:LeaveOrganization"
NAME = "any-administrator"
EVERYTHING = Policy("AdministratorAccess", None, (Statement("Allow", ("*",), ("*",), (), "AdministratorAccess", None),))
BECOME = ("iam:UpdateAssumeRolePolicy", "iam:CreateRole")
"""What an administrator takes a role with that the denies spare, or makes one of its name."""
SPARING = "aws:principalarn"
SPARED = {"notequals", "notlike"}


def tell_above(world: World, assets: Sequence[Asset]) -> None:
    """An Above fact on every safety object of an account over which the inputs show an organisation."""
    shown = [*world.inventory.of(POLICY, ROOT), *world.inventory.data(LISTING)]
    told = {one.unit for one in shown if _hidden(one) is None}
    hidden = {one.unit: why for one in shown if (why := _hidden(one)) is not None and one.unit not in told}
    left: set[object] = set()
    for asset in assets:
        if asset.owner is None or asset.kind not in KEPT:
            continue
        if asset.unit in hidden:
            world.add_fact(asset.owner.id, _untold(asset.owner, hidden[asset.unit]))
        if asset.unit not in told:
            continue
        account = (asset.unit, account_of(world, asset.owner))
        rows = [(action, asset.targets(action)) for action, _ in asset.rows]
        if account not in left:
            left.add(account)
            rows.append((LEAVE, ("*",)))
        world.add_fact(asset.owner.id, _above(world, asset.owner, asset.partly, rows))


def _hidden(one: Resource) -> Unknown | None:
    """Why it does not tell what the organisation denies, as what stands for policies that nobody may read."""
    types = one.attrs.get("enabled_policy_types")
    return one.possible or (types if isinstance(types, Unknown) else None)


def _untold(owner: Resource, why: Unknown) -> Above:
    """An organisation of which nothing is known but that it is there."""
    cause = f"what the organisation denies to an administrator of the account is not known: {why.cause}"
    decided = why.decided_by or (f"{ROOT}: enabled_policy_types",)
    return Above(origin=owner.origin, because=cause, kept=Unknown(cause, decided_by=decided))


def _administrator(owner: Resource) -> Principal:
    """Somebody who may do everything in the account of a resource, and choose the tags of the session."""
    made = Resource(
        address=f"aws_iam_role.{NAME}",
        unit=owner.unit,
        kind="aws_iam_role",
        name=NAME,
        attrs=Attrs({"name": NAME}),
        origin=owner.origin,
        source=owner.source,
        provider=owner.provider,
    )
    return Principal(f"{owner.id}#{NAME}", owner.unit, NAME, made, [EVERYTHING], tagged=True)


def _above(world: World, owner: Resource, partly: bool, rows: list[tuple[str, tuple[str, ...]]]) -> Above:
    judged, who = judge(world, owner.unit), _administrator(owner)
    asked = [judged.access(who, action, targets, partly=partly) for action, targets in rows]
    able = tuple(one.action for one in asked if one.truth is Truth.YES)
    perhaps = [one for one in asked if one.truth is Truth.POSSIBLE]
    if able:
        because = f"no policy of the organisation keeps an administrator of the account from `{able[0]}`{_more(able)}"
        return Above(origin=owner.origin, because=because, kept=False, actions=able)
    if perhaps:
        return _unsure(owner, perhaps)
    for spared in _spared(judged, who, [action for action, _ in rows]):
        if not isinstance(spared, str):
            cause = "whom the organisation's denies spare is not known"
            hidden = Unknown(cause, decided_by=spared.decided_by or (ROOT,))
            return Above(origin=owner.origin, because=f"{cause}: {spared.cause}", kept=hidden)
        taken = [judged.access(who, action, (spared,)) for action in BECOME]
        taken += _let_in(world, judged, who, spared)
        sure = [one.action for one in taken if one.truth is Truth.YES]
        if sure:
            because = (
                f"the organisation's denies spare `{spared}`, and none keeps an administrator from `{sure[0]}` on it"
            )
            return Above(origin=owner.origin, because=because, kept=False, actions=tuple(sure), spared=spared)
        if any(one.truth is Truth.POSSIBLE for one in taken):
            return _unsure(owner, [one for one in taken if one.truth is Truth.POSSIBLE])
    because = f"the organisation denies {len(rows)} actions on it to every administrator of the account"
    return Above(origin=owner.origin, because=because, kept=True)


def _let_in(world: World, judged: Judge, who: Principal, spared: str) -> Iterator[Access]:
    """Whether the administrator may become a spared role of the inputs as it stands, or hand it to a service."""
    for role in world.inventory.of("aws_iam_role", unit=who.unit):
        arn = arn_of(role)
        if not meets(glob(spared).text, glob(arn.text).text):
            continue
        trust = policy_at(world.inventory, role, "assume_role_policy")
        own = Policy(trust.name, trust.origin, tuple(map(of_role, trust.statements)), trust.unknown)
        yield judged.access(who, "sts:AssumeRole", (arn.text,), partly=arn.partly, of=Guarded("", own))
        if any(one.allows and dig(one.principals, "Service") is not None for one in trust.statements):
            yield judged.access(who, "iam:PassRole", (arn.text,), partly=arn.partly)


def _unsure(owner: Resource, perhaps: list[Access]) -> Above:
    actions = tuple(one.action for one in perhaps)
    cause = f"whether the organisation keeps an administrator of the account from `{actions[0]}` is not known"
    decided = tuple(sorted({name for one in perhaps for name in one.decided_by})) or (ROOT,)
    return Above(
        origin=owner.origin, because=cause + _more(actions), kept=Unknown(cause, decided_by=decided), actions=actions
    )


def _more(actions: tuple[str, ...]) -> str:
    return f" and {len(actions) - 1} more such actions" if len(actions) > 1 else ""


def _spared(judged: Judge, who: Principal, actions: list[str]) -> list[str | Unknown]:
    """The roles that the denies of the actions leave out, or that alone a level allows them to."""
    found: dict[str, str | Unknown] = {}
    for action in actions:
        over = judged.over(who, SERVICE, action)
        allows = [one for level in over.levels for policy in level for one in policy.statements if one.allows]
        for statement in (*over.denies, *allows):
            for condition in statement.conditions:
                if str(condition.key).lower() == SPARING and _excepts(str(condition.operator).lower(), statement):
                    found.update({repr(value): value for value in condition.values if isinstance(value, str | Unknown)})
    return [found[key] for key in sorted(found)]


def _excepts(operator: str, statement: Statement) -> bool:
    """Whether a condition on the caller is one of exceptions: negated in a Deny, plain in an Allow."""
    return any(word in operator for word in SPARED) is statement.denies
