"""Policies as a Terraform configuration holds them: attributes, data sources and references to other resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from scanner.builders.aws_policy.statements import Condition, Policy, Statement, listed_in, parse
from scanner.builders.blocks import doubt
from scanner.builders.inventory import Inventory
from scanner.origin import Origin
from scanner.resource import Attrs, Encoded, Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

DOCUMENT = "aws_iam_policy_document"
_Shape: TypeAlias = tuple[object, ...]
MAX_DEPTH = 8
"""Documents that name each other in a circle end here."""
MERGED = ("source_policy_documents", "override_policy_documents", "source_json", "override_json")


def policy_at(inventory: Inventory, resource: Resource, *path: str | int, name: str = "") -> Policy:
    """The policy that the attribute of `resource` holds, followed through data sources and policy resources."""
    key = ("policy", *map(str, path), name)
    known = resource.memo.get(repr(key))
    if isinstance(known, tuple) and known[0] is inventory and isinstance(known[1], Policy):
        return known[1]
    origin = mark(resource.attrs, *path) or resource.origin
    found = policy_of(inventory, dig(resource.attrs, *path), resource.unit, name or resource.address, origin)
    resource.memo[repr(key)] = inventory, found
    return found


def given_at(inventory: Inventory, resource: Resource, key: str, *, name: str = "") -> Policy:
    """The policy of something that is nothing without one: where no answer has its text, nobody knows what it says."""
    if resource.attrs.get(key) is None:
        unknown = Unknown(f"the text of `{resource.address}` was not read", decided_by=(resource.address,))
        return Policy(name or resource.address, resource.origin, unknown=unknown)
    return policy_at(inventory, resource, key, name=name)


def policy_of(inventory: Inventory, value: Value, unit: str, name: str, origin: Origin | None) -> Policy:
    """The policy that `value` is or refers to."""
    policy = _resolved(inventory, value, unit, name, origin, 0)
    if isinstance(value, str) and not isinstance(value, Encoded) and policy.statements:
        # A document that is wholly known reaches us as text; the data source that wrote it has the lines.
        return _written(inventory, unit).get(_shape(policy), policy)
    return policy


def _resolved(inventory: Inventory, value: Value, unit: str, name: str, origin: Origin | None, depth: int) -> Policy:
    if isinstance(value, Unknown) and value.ref is not None and depth < MAX_DEPTH:
        found = inventory.at(unit, value.ref.address)
        if found is not None and found.kind == DOCUMENT:
            return document(inventory, found, depth + 1)
        if found is not None and value.document is None and found.attrs.get("policy") is not None:
            line = _line(found, "policy")
            return _resolved(inventory, found.attrs["policy"], unit, found.address, line, depth + 1)
    return parse(value, name, origin)


def _written(inventory: Inventory, unit: str) -> dict[_Shape, Policy]:
    """The documents that the data sources of a unit write, by what they say."""
    known = inventory.memo.get(("documents", unit))
    if not isinstance(known, dict):
        found = [document(inventory, one) for one in inventory.data(DOCUMENT, unit=unit)]
        known = {_shape(policy): policy for policy in reversed(found) if policy.statements and policy.unknown is None}
        inventory.memo["documents", unit] = known
    return known


def _shape(policy: Policy) -> _Shape:
    """What a policy says, whatever its order and wherever it stands."""
    return tuple(map(_said, policy.statements))


def _said(one: Statement) -> _Shape:
    conditions = sorted((f"{each.operator} {each.key}", *_many(each.values)) for each in one.conditions)
    flags = (repr(one.effect), one.not_actions, one.not_resources, one.not_principals)
    return (*flags, _many(one.actions), _many(one.resources), tuple(conditions), _who(one.principals))


def _many(values: tuple[Value, ...]) -> tuple[str, ...]:
    """Values in an order of their own; texts, which nearly all are, as they stand."""
    return tuple(sorted([one if isinstance(one, str) else f"\0{one!r}" for one in values]))


def _who(value: Value) -> _Shape:
    if value is not None and isinstance(value, (dict, Mapping)):
        return tuple(sorted((kind, *_many(listed_in(each))) for kind, each in value.items()))
    return (f"\0{value!r}",)


def document(inventory: Inventory, data: Resource, depth: int = 0) -> Policy:
    """The policy that a data source `aws_iam_policy_document` makes, the documents that it merges included."""
    if any(listed_in(data.attrs.get(key)) for key in MERGED):
        return _document(inventory, data, depth)
    # What merges no other is told by itself alone.
    known = data.memo.get("document")
    if not isinstance(known, Policy):
        known = data.memo["document"] = _document(inventory, data, depth)
    return known


def _document(inventory: Inventory, data: Resource, depth: int) -> Policy:
    statements: list[Statement] = []
    unknown: Unknown | None = None
    for key in MERGED:
        for value in listed_in(data.attrs.get(key)):
            part = _resolved(inventory, value, data.unit, data.address, _line(data, key), depth)
            statements += part.statements
            unknown = unknown or part.unknown
    blocks = data.attrs.get("statement")
    for index, block in enumerate(listed_in(blocks)):
        if isinstance(block, Unknown):
            unknown = unknown or block
        elif isinstance(block, (dict, Mapping)):
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
    found = Attrs()
    for block in items_of(blocks):
        if isinstance(block, Unknown):
            return block
        kind = dig(block, "type")
        if isinstance(kind, str):
            key = "AWS" if kind == "*" else kind
            found[key] = [*items_of(found.get(key)), *listed_in(dig(block, "identifiers"))]
            line = mark(block, "identifiers")
            if line is not None:
                found.marks.setdefault(key, line)
    return found or None


def _conditions(block: Mapping[str, Value], origin: Origin) -> Iterator[Condition]:
    for index, one in enumerate(listed_in(block.get("condition"))):
        test, variable = dig(one, "test"), dig(one, "variable")
        # A test that holds without the key is itself what decides, else the values do.
        decides = "values" if test in ("StringEquals", "StringLike", "ArnEquals", "ArnLike") else "test"
        place = mark(one, decides) or mark(block, "condition", index) or origin
        yield Condition(
            test if isinstance(test, (str, Unknown)) else "",
            variable if isinstance(variable, (str, Unknown)) else "",
            listed_in(dig(one, "values")),
            place,
        )
