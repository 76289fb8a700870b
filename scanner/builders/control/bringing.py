"""Who may bring a model into an account of AWS that serves models: import, tune, copy, make or enable one."""

from __future__ import annotations

from scanner.builders.aws_identity.access import Access, judge
from scanner.builders.aws_identity.principals import Principal, principals
from scanner.builders.aws_policy.match import ANY, Truth
from scanner.builders.draft import World
from scanner.graph.facts_access import BringsModel
from scanner.graph.model import Role
from scanner.tables import inference_actions
from scanner.unknown import Unknown

KINDS = frozenset({"creates-model", "enables-model"})
MANAGED = ("aws_", "awscc_", "Bedrock")
"""What the kinds of managed models of AWS begin with."""


def build_bringing(world: World) -> None:
    """A BringsModel fact on each principal of a unit with managed models that may, or may be able to."""
    models = (node for node in world.nodes.values() if Role.MODEL in node.roles and node.kind.startswith(MANAGED))
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
