"""Who may bring a model into an account of AWS that serves models: import, tune, copy, make or enable one, or write
the store that its weights are taken from."""

from __future__ import annotations

from scanner.builders.aws_identity.access import Access, judge
from scanner.builders.aws_identity.arns import arn_of
from scanner.builders.aws_identity.guarded import across, guarded
from scanner.builders.aws_identity.principals import Principal, principals
from scanner.builders.aws_policy.decide import acts_on
from scanner.builders.aws_policy.match import ANY, Truth
from scanner.builders.aws_policy.statements import listed_in
from scanner.builders.blocks import text
from scanner.builders.draft import World
from scanner.builders.supply.inside import inside
from scanner.builders.supply.outside import named
from scanner.builders.supply.public import public_closed
from scanner.graph.facts_access import BringsModel
from scanner.graph.model import Role
from scanner.resource import Resource
from scanner.tables import inference_actions
from scanner.unknown import Unknown

KINDS = frozenset({"creates-model", "enables-model"})
MANAGED = ("aws_", "awscc_", "Bedrock")
"""What the kinds of managed models of AWS begin with."""


WRITES = "s3:PutObject"
BUCKET = "aws_s3_bucket"


def build_bringing(world: World) -> None:
    """A BringsModel fact on each principal of a unit with managed models or stores that may, or may be able to."""
    for one in world.inventory.of(BUCKET):
        if Role.STORE in world.nodes[one.id].roles:
            _writers(world, one)
    models = (node for node in world.with_role(Role.MODEL) if node.kind.startswith(MANAGED))
    units = {node.id.partition(":")[0] for node in models}
    if not units:
        return
    rows = [row for row in inference_actions() if row.kind in KINDS]
    for principal in principals(world):
        if principal.unit not in units:
            continue
        judged = judge(world, principal.unit)
        asked = (
            (row.because, judged.access(principal, row.action, (f"arn:{ANY}:{row.action.partition(':')[0]}:{ANY}",)))
            for row in rows
        )
        found = [one for one in asked if one[1].truth is not Truth.NO]
        if found:
            _brings(world, principal, *max(found, key=lambda one: one[1].truth))


def _writers(world: World, store: Resource) -> None:
    """Who writes a store of weights: principals of its unit, and accounts outside that its own policy lets in."""
    arn, own = arn_of(store), guarded(world, store)
    because = f"it puts weights of its own into the store `{store.address}`"
    for principal in principals(world):
        if principal.unit == store.unit:
            judged = judge(world, store.unit)
            of = across(world, own, store, principal.resource)
            access = judged.access(principal, WRITES, (f"{arn.text}/{ANY}",), partly=arn.partly, of=of)
            if access.truth is not Truth.NO:
                _brings(world, principal, because, access)
    for statement in own.policy.statements if own.policy is not None else ():
        if not statement.allows or acts_on(statement, WRITES) is Truth.NO:
            continue
        whom = statement.principals
        for who in listed_in(whom.get("AWS") if isinstance(whom, dict) else whom):
            name, doubt = named(who)
            if not name or inside(world, store, who) is not False:
                continue
            closed = public_closed(world, store.id) if name == "anyone" else False
            if closed is True:
                continue
            unsure = statement.doubt or (Unknown("a condition decides it") if statement.conditions else None)
            unsure = unsure or (Unknown("who is let in is not known", decided_by=doubt.decided_by) if doubt else None)
            unsure = unsure or (Unknown("what keeps it from being public is not known") if closed else None)
            said = f"`{text(who) or '*'}` may write the store `{store.address}`"
            sure: bool | Unknown = True if unsure is None else unsure
            origin = statement.principal_line()
            fact = BringsModel(origin=origin, because=said, action=WRITES, sure=sure)
            world.add_fact(world.external(name).id, fact)


def _brings(world: World, principal: Principal, because: str, access: Access) -> None:
    statement = access.answer.statement
    policy = "" if statement is None else statement.policy
    unknown: bool | Unknown = True
    if access.truth is Truth.POSSIBLE:
        decided = access.decided_by or (policy,)
        unknown = Unknown(f"whether policy `{policy}` allows it is not known", decided_by=decided)
    fact = BringsModel(
        origin=None if statement is None else statement.origin,
        because=f"policy `{policy}` allows `{access.action}`: {because}",
        action=access.action,
        sure=unknown,
    )
    world.add_fact(principal.node_id, fact)
