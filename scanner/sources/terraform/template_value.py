"""The value of a template: text, or an Unknown that keeps the pieces that are known."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from scanner.sources.terraform.comprehend import elements
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.steps import Evaluate
from scanner.sources.terraform.syntax import Template, TemplateFor, TemplateIf
from scanner.sources.terraform.types import to_bool, to_text
from scanner.sources.terraform.values import MAX_TEXT, TooLarge, check_text, merged, one_of, over_options
from scanner.unknown import INVALID, Unknown, Value

MAX_PIECES = 1_000


def template_value(template: Template, env: Env, evaluate: Evaluate) -> Value:
    """The text of a template. Raises Refused, TooLarge."""
    values: list[Value] = []
    for part in template.parts:
        if isinstance(part, TemplateIf):
            values.append(_if(part, env, evaluate))
        elif isinstance(part, TemplateFor):
            values.append(_for(part, env, evaluate))
        else:
            values.append(evaluate(part, env))
    env.scope.budget.note(*values)
    return joined(values)


def _if(part: TemplateIf, env: Env, evaluate: Evaluate) -> Value:
    condition = evaluate(part.condition, env)
    env.scope.budget.note(condition)
    if not isinstance(condition, Unknown):
        return template_value(part.then if to_bool(condition) else part.otherwise, env, evaluate)
    if condition.code == INVALID:
        return condition
    branches = [template_value(branch, env, evaluate) for branch in (part.then, part.otherwise)]
    return one_of(branches, condition)


def _for(part: TemplateFor, env: Env, evaluate: Evaluate) -> Value:
    collection = evaluate(part.collection, env)
    if isinstance(collection, Unknown):
        return merged([collection])
    values: list[Value] = []
    length = 0
    for key, item in elements(collection):
        names = {part.value: item} if not part.key else {part.key: key, part.value: item}
        value = template_value(part.body, env.having(names), evaluate)
        if isinstance(value, str):
            length += len(value)
            if length > MAX_TEXT:
                raise TooLarge("a text of more than a million characters")
        values.append(value)
    return joined(values)


def joined(values: Iterable[Value]) -> Value:
    """The values as one text: an Unknown with `pieces` where some are not known. Raises Refused, TooLarge."""
    parts = [value if isinstance(value, Unknown) else to_text(value) for value in values]
    unknown = [part for part in parts if isinstance(part, Unknown)]
    if not unknown:
        return check_text("".join(part for part in parts if isinstance(part, str)))
    spread = over_options(lambda *chosen: joined(chosen), *parts)
    if spread is not None:
        return spread
    return replace(merged(unknown), pieces=_pieces(parts))


def _pieces(parts: Iterable[str | Unknown]) -> tuple[str | Unknown, ...]:
    """The parts flat, with neighbouring text joined. Raises TooLarge."""
    flat: list[str | Unknown] = []
    length = 0
    for part in parts:
        inner = part.pieces if isinstance(part, Unknown) and part.pieces else (part,)
        for piece in inner:
            length += len(piece) if isinstance(piece, str) else 1
            if length > MAX_TEXT or len(flat) > MAX_PIECES:
                raise TooLarge("a partly known text with too many pieces")
            if isinstance(piece, str) and flat and isinstance(flat[-1], str):
                flat[-1] += piece
            elif piece != "":
                flat.append(piece)
    return tuple(flat)
