"""Version constraints of module calls: whether every version that one allows lies in a range."""

from __future__ import annotations

from typing import TypeAlias

from scanner.patterns import lazy

_Point: TypeAlias = tuple[int, int, int, int]
_PART = lazy(r"\s*(=|!=|>=|<=|>|<|~>)?\s*v?(\d+(?:\.\d+){0,2})\s*")
_END: _Point = (1 << 30, 0, 0, 0)
_START: _Point = (0, 0, 0, 0)


def within(constraint: str, covered: str) -> bool:
    """Whether `covered` allows every release that `constraint` allows; False where either is not understood.

    Pre-releases are asked for by their exact name, and are in no range.
    """
    asked, known = _span(constraint), _span(covered)
    if asked is None or known is None:
        return False
    return known[0] <= asked[0] < asked[1] <= known[1]


def _span(constraint: str) -> tuple[_Point, _Point] | None:
    """The first version, and the point behind the last; None for an empty, contradicting or unreadable constraint."""
    low, high = _START, _END
    for text in constraint.split(","):
        found = _PART.fullmatch(text)
        if found is None:
            return None
        first, behind = _one(found.group(1) or "=", [int(one) for one in found.group(2).split(".")])
        low, high = max(low, first), min(high, behind)
    return (low, high) if low < high else None


def _one(operator: str, numbers: list[int]) -> tuple[_Point, _Point]:
    whole = (*numbers, 0, 0)[:3]
    point: _Point = (*whole, 0)  # type: ignore[assignment]  # three numbers and the zero
    after: _Point = (*whole, 1)  # type: ignore[assignment]
    match operator:
        case "=":
            return point, after
        case "~>" if len(numbers) > 1:
            last = len(numbers) - 2
            raised = (*numbers[:last], numbers[last] + 1, 0, 0)[:3]
            return point, (*raised, 0)  # type: ignore[return-value]
        case ">=" | "~>":
            return point, _END
        case ">":
            return after, _END
        case "<=":
            return _START, after
        case "<":
            return _START, point
        case _:  # `!=` only takes away
            return _START, _END
