"""What a principal's policies say of one declared resource: statements that refer to others by name are not about it.

The ARN of a resource that does not exist yet is a pattern, and so is that of its neighbour: by their texts nobody tells
two keys apart, by what the configuration refers to anybody does.
"""

from __future__ import annotations

from msgspec.structs import replace

from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_policy.statements import Policy, Statement
from scanner.builders.inventory import Inventory
from scanner.resource import Resource
from scanner.unknown import Ref, Unknown, Value


def about(inventory: Inventory, principal: Principal, owner: Resource) -> Principal | None:
    """The principal without what its Allow statements give on other resources of the kind; None where that is none."""
    changed = False
    policies = []
    for policy in principal.policies:
        kept = _policy(inventory, policy, owner)
        changed = changed or kept is not policy
        policies.append(kept)
    return replace(principal, policies=policies) if changed else None


def _policy(inventory: Inventory, policy: Policy, owner: Resource) -> Policy:
    statements = tuple(_statement(inventory, one, owner) for one in policy.statements)
    if all(new is old for new, old in zip(statements, policy.statements, strict=True)):
        return policy
    return replace(policy, statements=tuple(one for one in statements if one is not None))


def _statement(inventory: Inventory, statement: Statement, owner: Resource) -> Statement | None:
    if not statement.allows or statement.not_resources:
        return statement
    left = tuple(value for value in statement.resources if not _another(inventory, value, owner))
    if len(left) == len(statement.resources):
        return statement
    return replace(statement, resources=left) if left else None


def _another(inventory: Inventory, value: Value, owner: Resource) -> bool:
    """Whether a value is the ARN of another declared resource, or begins with that of another of the kind."""
    ref = _ref(value)
    if ref is None or not ref.attribute.endswith("arn"):
        return False
    found = inventory.at(owner.unit, ref.address)
    if found is None or found.data or found.id == owner.id:
        return False
    return found.kind == owner.kind or (isinstance(value, Unknown) and value.ref is not None)


def _ref(value: Value) -> Ref | None:
    if not isinstance(value, Unknown):
        return None
    if value.ref is not None or not value.pieces:
        return value.ref
    return _ref(value.pieces[0])
