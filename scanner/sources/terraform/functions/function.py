"""What a function is to the evaluator, and how a function takes its arguments apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from scanner.sources.terraform.exact import Exact
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.steps import Evaluate
from scanner.sources.terraform.types import to_bool, to_number, to_text
from scanner.sources.terraform.values import Refused, is_list, is_map, kind
from scanner.unknown import Unknown, Value

Policy: TypeAlias = Literal["strict", "shallow", "members", "raw"]
Run: TypeAlias = Callable[[list[Value], Env, Evaluate], Value]


class Function(Struct, frozen=True):
    """`least` to `most` arguments (None: any number).

    policy: with "strict" it is not called where anything in its arguments is unknown, with "shallow" not where an
    argument itself is (elements may be), with "raw" it is always called. With "members" it is called for the certain
    elements of lists, which are then certain elements of its result.
    """

    run: Run
    least: int
    most: int | None
    policy: Policy = "strict"


def pure(run: Callable[[list[Value]], Value], least: int, most: int | None = -1, policy: Policy = "strict") -> Function:
    """A function of its arguments alone; exactly `least` arguments unless `most` is given."""
    return Function(lambda arguments, _env, _evaluate: run(arguments), least, least if most == -1 else most, policy)


def text(value: Value) -> str:
    """A string argument. Raises Refused."""
    return to_text(_some(value))


def number(value: Value) -> int | float:
    """A number argument. Raises Refused."""
    return to_number(_some(value))


def whole(value: Value) -> int:
    """A whole number argument. Raises Refused."""
    found = number(value)
    if isinstance(found, Exact) or found != int(found):
        raise Refused("a whole number is required")
    return int(found)


def boolean(value: Value) -> bool:
    """A boolean argument. Raises Refused."""
    return to_bool(_some(value))


def items(value: Value) -> Sequence[Value]:
    """A list, tuple or set argument. Raises Refused."""
    if not is_list(_some(value)):
        raise Refused(f"{kind(value)} where a list is required")
    return value  # type: ignore[return-value]  # is_list has seen the same object


def mapping(value: Value) -> Mapping[str, Value]:
    """A map or object argument. Raises Refused."""
    if not is_map(_some(value)):
        raise Refused(f"{kind(value)} where a map is required")
    return value  # type: ignore[return-value]  # is_map has seen the same object


def _some(value: Value) -> Value:
    if value is None:
        raise Refused("null where a value is required")
    if isinstance(value, Unknown):
        # Only a function of policy "raw" or "shallow" can meet one; it has looked for those that it can use.
        raise Refused("an unknown value where a value is required")
    return value
