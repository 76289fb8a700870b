"""Policies as a Terraform configuration holds them: attributes, data sources and references to other resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.aws_policy import Condition, Policy, Statement, listed_in, parse
from scanner.builders.blocks import doubt
from scanner.builders.inventory import Inventory
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

DOCUMENT = "aws_iam_policy_document"
MERGED = ("source_policy_documents", "override_policy_documents", "source_json", "override_json")


def policy_at(inventory: Inventory, resource: Resource, *path: str | int, name: str = "") -> Policy:
    """The policy that the attribute of `resource` holds, followed through data sources and policy resources."""
    origin = mark(resource.attrs, *path) or resource.origin
    return policy_of(inventory, dig(resource.attrs, *path), resource.unit, name or resource.address, origin)


def policy_of(
    inventory: Inventory, value: Value, unit: str, name: str, origin: Origin | None, depth: int = 0
) -> Policy:
    """The policy that `value` is or refers to."""
    if isinstance(value, Unknown) and value.ref is not None and depth < 8:
        found = inventory.at(unit, value.ref.address)
        if found is not None and found.kind == DOCUMENT:
            return document(inventory, found, depth + 1)
        if found is not None and value.document is None and found.attrs.get("policy") is not None:
            return policy_of(inventory, found.attrs["policy"], unit, found.address, _line(found, "policy"), depth + 1)
    return parse(value, name, origin)


def document(inventory: Inventory, data: Resource, depth: int = 0) -> Policy:
    """The policy that a data source `aws_iam_policy_document` makes, the documents that it merges included."""
    statements: list[Statement] = []
    unknown: Unknown | None = None
    for key in MERGED:
        for value in listed_in(data.attrs.get(key)):
            part = policy_of(inventory, value, data.unit, data.address, _line(data, key), depth)
            statements += part.statements
            unknown = unknown or part.unknown
    blocks = data.attrs.get("statement")
    for index, block in enumerate(listed_in(blocks)):
        if isinstance(block, Unknown):
            unknown = unknown or block
        elif isinstance(block, Mapping):
            place = mark(data.attrs, "statement", index) or data.origin
            statements.append(_statement(block, data.address, place))
    return Policy(data.address, data.origin, tuple(statements), unknown)


def _line(resource: Resource, *path: str | int) -> Origin:
    return mark(resource.attrs, *path) or resource.origin


def _statement(block: Mapping[str, Value], policy: str, origin: Origin) -> Statement:
    effect = block.get("effect")
    not_actions = block.get("not_actions") is not None
    not_resources = block.get("not_resources") is not None
    not_principals = bool(items_of(block.get("not_principals")))
    action_key = "not_actions" if not_actions else "actions"
    return Statement(
        effect=effect if isinstance(effect, Unknown) else "Deny" if effect == "Deny" else "Allow",
        actions=listed_in(block.get(action_key)),
        resources=listed_in(block.get("not_resources" if not_resources else "resources")),
        conditions=tuple(_conditions(block, origin)),
        policy=policy,
        origin=mark(block, action_key) or origin,
        not_actions=not_actions,
        not_resources=not_resources,
        principals=_principals(block.get("not_principals" if not_principals else "principals")),
        not_principals=not_principals,
        doubt=doubt(block),
    )


def _principals(blocks: Value) -> Value:
    """The `principals` blocks as the JSON element has them: a mapping of type to identifiers."""
    found: dict[str, Value] = {}
    for block in items_of(blocks):
        if isinstance(block, Unknown):
            return block
        kind = dig(block, "type")
        if isinstance(kind, str):
            key = "AWS" if kind == "*" else kind
            found[key] = [*items_of(found.get(key)), *listed_in(dig(block, "identifiers"))]
    return found or None


def _conditions(block: Mapping[str, Value], origin: Origin) -> Iterator[Condition]:
    for index, one in enumerate(listed_in(block.get("condition"))):
        place = mark(block, "condition", index) or origin
        test, variable = dig(one, "test"), dig(one, "variable")
        yield Condition(
            test if isinstance(test, (str, Unknown)) else "",
            variable if isinstance(variable, (str, Unknown)) else "",
            listed_in(dig(one, "values")),
            place,
        )
