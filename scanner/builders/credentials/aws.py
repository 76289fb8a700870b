"""Principals that may call Bedrock with a bearer key: whoever has the key is the principal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from scanner.builders.aws_identity.access import Access, Judge
from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_policy.match import ANY, Truth, glob
from scanner.builders.aws_policy.statements import Statement
from scanner.builders.draft import World
from scanner.graph.facts_access import Credential
from scanner.table_rows import InferenceAction
from scanner.tables import inference_actions
from scanner.unknown import Unknown

WORD = "callwithbearertoken"


def add_bearers(world: World, everyone: Iterable[Principal], judges: Mapping[str, Judge]) -> None:
    """A Credential for each principal of which a policy names the action of bearer keys; a wildcard names it not."""
    rows = [row for row in inference_actions() if row.kind == "credential" and WORD in row.action.lower()]
    for principal in everyone:
        for statement in _naming(principal):
            for row in rows:
                if not any(row.action.lower() == glob(one, fold=True).text for one in statement.actions):
                    continue
                service = row.action.partition(":")[0]
                access = judges[principal.unit].access(principal, row.action, (f"arn:{ANY}:{service}:{ANY}",))
                world.add_fact(principal.node_id, _bearer(row, statement, access))


def _bearer(row: InferenceAction, statement: Statement, access: Access) -> Credential:
    because = f"policy `{statement.policy}` allows `{row.action}`: {row.because}"
    reaches: bool | Unknown = access.truth is Truth.YES
    if access.truth is Truth.POSSIBLE:
        reaches = Unknown(f"{because}, under a condition", decided_by=access.decided_by or (statement.policy,))
    elif access.truth is Truth.NO:
        because = f"policy `{statement.policy}` allows `{row.action}`, and another statement denies it"
    return Credential(origin=statement.origin, because=because, what="a bearer key", reaches=reaches)


def _naming(principal: Principal) -> Iterator[Statement]:
    for policy in principal.policies:
        for statement in policy.statements:
            if statement.allows and not statement.not_actions:
                yield statement
