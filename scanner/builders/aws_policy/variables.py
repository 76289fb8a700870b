"""Policy variables: `${key}` and `${key, 'default'}` in resources and in the values of conditions.

Source: the IAM user guide, "IAM policy elements: Variables and tags". A variable whose key the request does not have
and that has no default matches nothing; `${*}`, `${?}` and `${$}` are the characters themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from scanner.builders.aws_policy.match import Glob
from scanner.patterns import lazy
from scanner.unknown import Unknown, Value

VARIABLE = lazy(r"\$\{\s*(?P<key>[^},\s]*)\s*(?:,\s*'(?P<default>[^']*)'\s*)?\}")
LITERAL = {"*": "\ue003", "?": "\ue004", "$": "$"}
HIDDEN = str.maketrans({"*": "\ue003", "?": "\ue004"})
OTHERS = "*"
"""The entry for every key that has none of its own."""
NOTHING = "\ue005"
"""What a variable without a value becomes: a character that no request holds."""


def literal(value: Value) -> Value:
    """`value` where `${` is text: in a policy of the version that has no variables."""
    if isinstance(value, Unknown):
        return replace(
            value, pieces=tuple(p.replace("${", "$\ue006") if isinstance(p, str) else p for p in value.pieces)
        )
    return value.replace("${", "$\ue006") if isinstance(value, str) else value


def substitute(value: Value, known: Mapping[str, str | Glob | None]) -> Value:
    """`value` with its variables in place.

    known: by key in lower case, the value of a key, or None where the request certainly lacks it; a key that is
    not there stays unknown, and its variable a part that nobody knows.
    """
    if isinstance(value, Unknown):
        if not value.pieces or not any(isinstance(one, str) and "${" in one for one in value.pieces):
            return value
        parts = [part for one in value.pieces for part in _pieces(one, known)]
        return replace(value, pieces=tuple(parts))
    if not isinstance(value, str) or "${" not in value:
        return value
    found = _pieces(value, known)
    if all(isinstance(one, str) for one in found):
        return "".join(str(one) for one in found)
    names = tuple(sorted({name for one in found if isinstance(one, Unknown) for name in one.decided_by}))
    return Unknown("a policy variable has a value that is not known", decided_by=names, pieces=tuple(found))


def _pieces(value: str | Unknown, known: Mapping[str, str | Glob | None]) -> list[str | Unknown]:
    if isinstance(value, Unknown):
        return [value]
    parts: list[str | Unknown] = []
    at = 0
    for found in VARIABLE.finditer(value):
        parts += [value[at : found.start()], _value(found["key"], found["default"], known)]
        at = found.end()
    return [one for one in (*parts, value[at:]) if one != ""]


def _value(key: str, default: str | None, known: Mapping[str, str | Glob | None]) -> str | Unknown:
    if key in LITERAL:
        return LITERAL[key]
    family = f"{key.lower().partition('/')[0]}/{OTHERS}"
    found = next((one for one in (key.lower(), family, OTHERS) if one in known), None)
    if found is None:
        return Unknown(f"the value of `{key}` is not known", decided_by=(key,))
    have = known[found]
    if isinstance(have, str):
        return have.translate(HIDDEN)
    if isinstance(have, Glob):
        return Unknown(f"the value of `{key}` is not wholly known", decided_by=(key,))
    return NOTHING if default is None else default.translate(HIDDEN)
