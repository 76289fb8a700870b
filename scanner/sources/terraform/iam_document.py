"""`data.aws_iam_policy_document`: the policy that it writes, which needs no call to anyone.

Partly known, it is an Unknown whose `document` is the policy with Unknowns in it. A statement, a `Principal` or a
`Condition` with a `__possible__` key is, or has, one that a `dynamic` block or an unknown name may or may not add.
"""

from __future__ import annotations

import json

import msgspec
from msgspec.structs import replace

from scanner.resource import Attrs, Items, items_of
from scanner.sources.terraform.functions.encoding import json_value
from scanner.sources.terraform.types import to_text
from scanner.sources.terraform.values import Refused, is_list, is_map, merged, unknowns_of
from scanner.unknown import INVALID, Unknown, Value

POSSIBLE_KEY = "__possible__"
TYPE = "aws_iam_policy_document"
JSON_ATTRIBUTES = ("json", "minified_json")


def policy_json(attrs: Attrs, minified: bool = False) -> Value:
    """The `json` attribute of a policy document with these arguments."""
    document = policy(attrs)
    unknown = unknowns_of(document)
    if unknown:
        return replace(merged(unknown), document=document)
    # The module's own writer of indented JSON is in Python: what it writes in one line is set out by another.
    line = json.dumps(document, separators=(",", ":"))
    try:
        return line if minified else msgspec.json.format(line, indent=2)
    except msgspec.DecodeError:  # half of a character, which only the module's own writer sets out
        return json.dumps(document, indent=2)


def policy(attrs: Attrs) -> Attrs:
    """The policy as a structure: sources first, then its own statements, then the overrides."""
    statements = Items()
    for source in (*items_of(attrs.get("source_json")), *_documents(attrs.get("source_policy_documents"))):
        _append(statements, _statements(source), replacing=False)
    own = [_statement(item) for item in items_of(attrs.get("statement"))]
    _append(statements, own, replacing=True)
    for source in (*items_of(attrs.get("override_json")), *_documents(attrs.get("override_policy_documents"))):
        _append(statements, _statements(source), replacing=True)
    document = Attrs({"Version": attrs.get("version") or "2012-10-17"})
    if attrs.get("policy_id") is not None:
        document["Id"] = attrs["policy_id"]
    document["Statement"] = statements
    return document


def _documents(value: Value) -> list[Value]:
    if isinstance(value, Unknown) and is_list(value.document):
        return list(value.document)
    return list(items_of(value))


def _statements(source: Value) -> list[Value]:
    """The statements of a policy given as text; what is not known stands as one Unknown among them."""
    if isinstance(source, Unknown):
        if not is_map(source.document):
            return [source]
        source = source.document
    elif isinstance(source, str):
        if not source:
            return []
        try:
            source = json_value(source)
        except Refused as error:
            return [Unknown(error.cause, INVALID)]
    if not is_map(source):
        return []
    return list(items_of(source.get("Statement")))


def _append(into: Items, statements: list[Value], replacing: bool) -> None:
    """Adds statements; one with the id of an earlier one takes its place."""
    for statement in statements:
        if replacing and isinstance(statement, Unknown):
            # It may have the id of any that is here, which it then replaces.
            into[:] = [_doubted(one, statement) for one in into]
        sid = statement.get("Sid") if is_map(statement) else None
        place = next((i for i, other in enumerate(into) if sid and is_map(other) and other.get("Sid") == sid), None)
        if place is not None and replacing:
            into[place] = statement
        else:
            into.append(statement)


def _doubted(statement: Value, by: Unknown) -> Value:
    """A statement that another may replace: it is not certain that it is there. One without an id stays."""
    if not is_map(statement) or not statement.get("Sid") or POSSIBLE_KEY in statement:
        return statement
    marks = statement.marks if isinstance(statement, Attrs) else None
    return Attrs({**statement, POSSIBLE_KEY: merged([by])}, marks)


def _statement(block: Value) -> Value:
    if not is_map(block):
        return block
    result = Attrs()
    if block.get("sid"):
        result["Sid"] = block["sid"]
    result["Effect"] = block.get("effect") or "Allow"
    for argument, name in (
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ):
        if block.get(argument) is not None:
            result[name] = _one_or_more(block[argument])
    for argument, name in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        if items_of(block.get(argument)):
            result[name] = _principals(block[argument])
    if items_of(block.get("condition")):
        result["Condition"] = _conditions(block["condition"])
    if POSSIBLE_KEY in block:
        result[POSSIBLE_KEY] = block[POSSIBLE_KEY]
    return _variables(result)


def _one_or_more(value: Value) -> Value:
    """One text alone, several as a list, as the provider writes them."""
    if not is_list(value):
        return value
    return value[0] if len(value) == 1 and not isinstance(value[0], Unknown) else Items(value)


def _principals(blocks: Value) -> Value:
    result = Attrs()
    for block in items_of(blocks):
        if not is_map(block):
            return block
        kind, identifiers = block.get("type"), block.get("identifiers")
        if isinstance(kind, Unknown) or POSSIBLE_KEY in block:
            result[POSSIBLE_KEY] = merged(unknowns_of(Items([block.get(POSSIBLE_KEY), kind])))
            continue
        name = to_text(kind) if kind is not None else ""
        if name == "*" and _one_or_more(identifiers) == "*":
            return "*"
        before = items_of(result.get(name))
        result[name] = _one_or_more(Items([*before, *items_of(identifiers)]))
    return result


def _conditions(blocks: Value) -> Value:
    result = Attrs()
    for block in items_of(blocks):
        if not is_map(block):
            return block
        test, variable, values = block.get("test"), block.get("variable"), block.get("values")
        if isinstance(test, Unknown) or isinstance(variable, Unknown) or POSSIBLE_KEY in block:
            result[POSSIBLE_KEY] = merged(unknowns_of(Items([block.get(POSSIBLE_KEY), test, variable])))
            continue
        operator = result.setdefault(str(test), Attrs())
        if isinstance(operator, Attrs):
            before = items_of(operator.get(str(variable)))
            operator[str(variable)] = _one_or_more(Items([*before, *items_of(values)]))
    return result


def _variables(value: Value) -> Value:
    """`&{aws:username}` is how a policy variable is written here."""
    if isinstance(value, str):
        return value.replace("&{", "${")
    if is_map(value):
        return Attrs((key, _variables(item)) for key, item in value.items())
    if is_list(value):
        return Items(_variables(item) for item in value)
    if isinstance(value, Unknown) and value.pieces:
        return replace(value, pieces=tuple(p.replace("&{", "${") if isinstance(p, str) else p for p in value.pieces))
    return value
