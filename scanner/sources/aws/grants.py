"""Resource policies that Terraform writes statement by statement: who may call a function."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from scanner.sources.aws.operations import context_of
from scanner.sources.aws.paths import Here
from scanner.sources.aws.shape import refer, shape
from scanner.sources.aws.translate import Translation
from scanner.unknown import Unknown

POLICY = "lambda:GetPolicy"
FUNCTION = "=arn:{@partition}:lambda:{@region}:{@account}:function:{@params.FunctionName}"
CONDITIONS = {
    "aws:sourcearn": "source_arn",
    "aws:sourceaccount": "source_account",
    "aws:principalorgid": "principal_org_id",
    "lambda:functionurlauthtype": "function_url_auth_type",
}
"""The condition keys that `aws_lambda_permission` has an argument for (documentation of the resource)."""
NARROWS = frozenset({"StringEquals", "StringLike", "ArnEquals", "ArnLike"})
"""The operators that those arguments stand for; not one that negates, or lets pass what lacks the key."""


def function_permissions(into: Translation) -> Mapping[str, tuple[str, str]]:
    """An `aws_lambda_permission` for each principal of each statement that allows something."""
    for call in into.estate.answered(POLICY):
        function = shape(FUNCTION, Here(None, context_of(call)))
        for page in call.pages:
            text = page.get("Policy") if isinstance(page, dict) else None
            for number, (who, statement) in enumerate(_grants(text)):
                name = refer(str(function), "function_name", str(call.parameters.get("FunctionName")))
                made = {"function_name": name, "principal": who, "action": statement.get("Action")}
                made.update(_conditions(statement))
                into.add(call, "aws_lambda_permission", f"{function}#policy/{number}", made, name=str(function))
    return {}


def _grants(text: object) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Each principal that a policy lets in, with the statement; what is no policy lets in nobody knows whom."""
    try:
        document = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        document = None
    statements = document.get("Statement") if isinstance(document, dict) else None
    if statements is None:
        yield Unknown("the policy of the function is no policy document", decided_by=(POLICY,)), {}
        return
    for one in statements if isinstance(statements, list) else [statements]:
        if not isinstance(one, dict):
            yield Unknown("a statement of the function's policy is no object", decided_by=(POLICY,)), {}
        elif one.get("Effect") != "Deny":
            for who in _principals(one):
                yield who, one


def _principals(statement: Mapping[str, Any]) -> Iterator[Any]:
    value = statement.get("Principal")
    if "NotPrincipal" in statement or value is None:
        yield "*"
        return
    for some in value.values() if isinstance(value, dict) else [value]:
        yield from some if isinstance(some, list) else [some]


def _conditions(statement: Mapping[str, Any]) -> dict[str, Any]:
    """The conditions that narrow a statement; one that no argument says, or several values, are not known."""
    found: dict[str, Any] = {}
    conditions = statement.get("Condition")
    for operator, keys in conditions.items() if isinstance(conditions, dict) else ():
        for key, value in keys.items() if isinstance(keys, dict) else ():
            name = CONDITIONS.get(str(key).lower())
            only = value[0] if isinstance(value, list) and len(value) == 1 else value
            known = name is not None and operator in NARROWS and isinstance(only, str)
            cause = f"the condition `{operator}` on `{key}` is not evaluated"
            found[name or "source_arn"] = only if known else Unknown(cause, decided_by=(POLICY,))
    return found
