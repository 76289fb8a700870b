"""What work over large values costs of an expression's budget, beyond one step for each expression in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.sources.terraform.budget import Budget
from scanner.sources.terraform.sizes import nodes, size
from scanner.sources.terraform.values import MAX_ITEMS, TooLarge, is_list, is_map
from scanner.unknown import PLAIN, Unknown, Value

CHARACTERS = 64
ELEMENTS = 4
PARSED = 8
MATCHING = 1_000
"""Characters of text, elements of collections, characters that are parsed, and places that a pattern may try: so many
are worked through in the time of one step."""
WALKED = 16
"""Characters of an argument for one step: every builder goes over them, as it does over each of its nodes."""
MEASURED_ONCE = 1_000
"""Nodes of a value from which on its size is kept."""
_AT_ONCE = frozenset({"length", "lookup", "element", "one", "sensitive", "nonsensitive", "issensitive"})
"""Functions that go through nothing, however large their arguments are."""
_DEEP = frozenset({"jsonencode", "yamlencode", "flatten", "distinct", "toset", "contains", "index", "setproduct"})
"""Functions that go through all that is inside of their arguments, unknown or not."""


WEIGHTLESS = PLAIN - {str}


def charge(budget: Budget, steps: int) -> None:
    """Takes steps for work that is about to be done. Raises TooLarge where they are not left."""
    if steps and not budget.spend(steps):
        raise TooLarge("an expression that is too large to evaluate")


def charge_call(budget: Budget, name: str, strict: bool, arguments: Sequence[Value]) -> None:
    """For a function's way through its arguments. Raises TooLarge."""
    if name not in _AT_ONCE:
        deep = strict or name in _DEEP
        charge(budget, sum([weight(one, deep) for one in arguments if type(one) not in WEIGHTLESS]))


def charge_whole(budget: Budget, value: Value) -> bool:
    """For an argument as it is handed over, to all that walk over it; False where it is too large or too deep."""
    if type(value) in PLAIN or not isinstance(value, (list, dict, Unknown, Mapping)):
        return not isinstance(value, str) or len(value) < WALKED or budget.spend(len(value) // WALKED)
    if id(value) in budget.measured:
        found = budget.measured[id(value)][1]
    else:
        found = nodes(value, MAX_ITEMS)
        if found is None or found > MEASURED_ONCE:
            # Many instances may have one and the same: the entry keeps the value, and with it the identity.
            budget.measured[id(value)] = value, found
    return found is not None and (found == 1 or budget.spend(found))


def weight(value: Value, deep: bool = False) -> int:
    """The steps that going through a value takes: its own elements alone, or all that is inside."""
    if isinstance(value, str):
        return len(value) // CHARACTERS
    if isinstance(value, Unknown):
        if not value.pieces and value.document is None and value.known is None:
            return 0
        texts = sum(len(piece) for piece in value.pieces if isinstance(piece, str)) // CHARACTERS
        return texts + sum(weight(one, deep) for one in (value.document, value.known) if one is not None)
    if is_list(value) or is_map(value):
        return (size(value) if deep else len(value)) // ELEMENTS
    return 0
