"""Principals whose policies demand a guardrail of the caller, by a condition on an Allow or on a Deny."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_policy.decide import acts_on
from scanner.builders.aws_policy.guard import demand
from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.statements import Condition, Statement
from scanner.builders.draft import World
from scanner.graph.facts_access import GuardrailDemand
from scanner.tables import inference_actions


def add_demands(world: World, everyone: Iterable[Principal]) -> None:
    """A GuardrailDemand for each condition on the guardrail that speaks of an inference action."""
    keyed = [row.action for row in inference_actions() if row.guardrail_condition_key]
    for principal in everyone:
        for policy in principal.policies:
            for statement in policy.statements:
                condition = demand(statement)
                if condition is None or all(acts_on(statement, action) is Truth.NO for action in keyed):
                    continue
                world.add_fact(principal.node_id, _fact(statement, condition))


def _fact(statement: Statement, condition: Condition) -> GuardrailDemand:
    verb = "denies" if statement.denies else "allows"
    which = "without" if statement.denies else "with"
    because = f"policy `{statement.policy}` {verb} inference {which} the guardrail of its condition"
    return GuardrailDemand(origin=condition.origin or statement.origin, because=because)
