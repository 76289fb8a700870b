"""Templates of OpenShift: their objects with the default values of their parameters.

Facts: OpenShift documentation, "Using templates" and the API reference of Template: `${NAME}` stands for a string,
`${{NAME}}` for a value that is no string; `generate` makes a value by chance; `labels` are given to every object; a
template creates nothing before it is processed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.patterns import lazy
from scanner.resource import Attrs, Items, Unread, dig
from scanner.sources.kubernetes.inside.held import Holder, Inner, each, text, values
from scanner.unknown import NOT_RENDERED, Unknown, Value
from scanner.yamltext_scalars import ScalarError, plain

REMEDY = "scan the output of `oc process`"
_STRING = lazy(r"\$\{([a-zA-Z0-9_]+)\}")
_WHOLE = lazy(r"\$\{\{([a-zA-Z0-9_]+)\}\}\Z")


def template(holder: Holder) -> Iterator[Inner | Unread]:
    """The objects of a Template; whether it is processed, and with what values, the inputs do not say."""
    parameters = _parameters(holder)
    labels = holder.value.get("labels")
    cause = f"whether `{holder.address}` is processed, and with which parameters, is not known"
    possible = Unknown(cause, NOT_RENDERED, (holder.address,))
    for value, where in each(holder, "objects"):
        made = _labelled(_filled(value, parameters), labels)
        yield from values(holder, iter([(made, where)]), possible, REMEDY)


def _parameters(holder: Holder) -> dict[str, str | Unknown]:
    found: dict[str, str | Unknown] = {}
    for item, _ in each(holder, "parameters"):
        name, value = text(dig(item, "name")), dig(item, "value")
        if isinstance(value, str) and not dig(item, "generate"):
            found[name] = value
        elif isinstance(value, bool):
            found[name] = "true" if value else "false"
        elif isinstance(value, int | float):
            found[name] = str(value)
        elif name:
            cause = f"the parameter `{name}` of `{holder.address}` has no value"
            found[name] = Unknown(cause, NOT_RENDERED, (f"{holder.address}: {name}",))
    return found


def _filled(value: Value, parameters: Mapping[str, str | Unknown]) -> Value:
    """The value with every reference to a parameter replaced; what no parameter is stays as it is written."""
    if isinstance(value, Attrs):
        return Attrs({key: _filled(item, parameters) for key, item in value.items()}, value.marks)
    if isinstance(value, Items):
        return Items([_filled(item, parameters) for item in value], value.marks)
    if not isinstance(value, str) or "${" not in value:
        return value
    whole = _WHOLE.match(value)
    if whole is not None and whole[1] in parameters:
        return _scalar(parameters[whole[1]])
    pieces: list[str | Unknown] = []
    for index, part in enumerate(_STRING.split(value)):
        pieces.append(parameters.get(part, f"${{{part}}}") if index % 2 else part)
    unknown = next((piece for piece in pieces if isinstance(piece, Unknown)), None)
    if unknown is None:
        return "".join(str(piece) for piece in pieces)
    kept = tuple(piece for piece in pieces if piece != "")
    return Unknown(unknown.cause, unknown.code, unknown.decided_by, pieces=kept)


def _scalar(value: str | Unknown) -> Value:
    """What a parameter is as a value of its own type; one that is no scalar is not known."""
    if isinstance(value, Unknown):
        return value
    try:
        found = plain(value)
    except ScalarError:
        found = value
    if isinstance(found, str) and found[:1] in "[{":
        return Unknown(f"the parameter `{value}` is a structure", NOT_RENDERED)
    return found


def _labelled(value: Value, labels: Value) -> Value:
    """The object with the labels that the template gives to all of its objects."""
    if not isinstance(value, Attrs) or not isinstance(labels, Mapping) or not labels:
        return value
    metadata = value.get("metadata")
    if not isinstance(metadata, Attrs):
        return value
    own = metadata.get("labels")
    merged = Attrs(own if isinstance(own, Mapping) else {}, own.marks if isinstance(own, Attrs) else None)
    merged.update(labels)
    inside = Attrs({**metadata, "labels": merged}, metadata.marks)
    return Attrs({**value, "metadata": inside}, value.marks)
