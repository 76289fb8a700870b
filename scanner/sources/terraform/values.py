"""Values while they are evaluated: collection types that compare apart, refusals, equality, and text of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import TypeGuard

from msgspec.structs import replace

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Encoded, Items
from scanner.sources.terraform.exact import Exact, fraction, shortest
from scanner.unknown import INVALID, PLAIN, Ref, Unknown, Value, merge_unknowns

MAX_TEXT = 1_000_000
"""Characters in one string."""
MAX_ITEMS = 200_000
"""Elements that one function may make, and nodes in one value."""
MAX_DEPTH = 150
"""Collections inside collections."""
MAX_OPTIONS = 8


class Refused(Exception):
    """What Terraform refuses to evaluate; `cause` is a sentence fragment without any value in it."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class TooLarge(Exception):
    """A result beyond a budget: it is left unknown, though Terraform might compute it."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class ListOf(Items):
    """A list whose type is list: Terraform tells it apart from the tuple that `[a, b]` makes."""

    __slots__ = ()


class SetOf(Items):
    """A set: no element twice, strings and numbers in order."""

    __slots__ = ()


class MapOf(Attrs):
    """A mapping whose type is map: Terraform tells it apart from the object that `{a = b}` makes."""

    __slots__ = ()


class BlockOf(Attrs):
    """A nested block as references to its resource see it: what is not written in it is `whole`'s to compute."""

    __slots__ = ("whole",)

    def __init__(self, block: Attrs, whole: Unknown) -> None:
        super().__init__({key: _open(item, whole, key) for key, item in block.items()}, block.marks)
        self.whole = whole

    def computed(self, name: str) -> Unknown:
        """The attribute that the provider adds to the block."""
        return _below(self.whole, name)


def _below(whole: Unknown, name: str) -> Unknown:
    if whole.ref is None:
        return whole
    return replace(whole, ref=Ref(whole.ref.address, f"{whole.ref.attribute}.{name}"))


def _open(value: Value, whole: Unknown, key: str) -> Value:
    if not isinstance(value, Items) or not all(isinstance(item, Attrs) for item in value):
        return value
    return blocks_of(value, _below(whole, key))


def blocks_of(items: Items, whole: Unknown) -> Items:
    """Nested blocks as references see them; `whole` is the Unknown for the list of them."""
    opened = [BlockOf(one, _below(whole, str(i))) if isinstance(one, Attrs) else one for i, one in enumerate(items)]
    return type(items)(opened, items.marks)


def written_block(value: Value, by_name: bool, whole: Unknown) -> Value:
    """An argument as references see it, where it may be nested blocks: a list of objects, in JSON an object as well.

    by_name: whether a single object may be a block, as JSON has it. whole: the Unknown for the argument.
    """
    if isinstance(value, Items) and not isinstance(value, SetOf) and any(isinstance(one, Attrs) for one in value):
        return blocks_of(value, whole)
    return BlockOf(value, whole) if by_name and isinstance(value, Attrs) else value


# Neither another kind of list nor another kind of map: to ask the abstract classes of each costs more than the rest.
_TOLD = PLAIN | {Unknown, Encoded, list, Items, ListOf, SetOf, dict, Attrs, MapOf, BlockOf}


def is_list(value: Value) -> TypeGuard[Sequence[Value]]:
    """Whether a value is a list, tuple or set."""
    if isinstance(value, (list, tuple)):
        return True
    return type(value) not in _TOLD and isinstance(value, Sequence) and not isinstance(value, str)


def is_map(value: Value) -> TypeGuard[Mapping[str, Value]]:
    """Whether a value is a map or an object."""
    return isinstance(value, dict) or (type(value) not in _TOLD and isinstance(value, Mapping))


def is_number(value: Value) -> TypeGuard[int | float]:
    """Whether a value is a number: a boolean is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def invalid(cause: str, at: FileOrigin | None, decided_by: tuple[str, ...] = ()) -> Unknown:
    """The value of an expression that Terraform refuses."""
    return Unknown(cause, INVALID, decided_by, at)


def unknowns_of(value: Value) -> list[Unknown]:
    """Every Unknown inside a value, each shared part entered once."""
    found: list[Unknown] = []
    if type(value) in PLAIN:
        return found
    if type(value) is Unknown:
        return [value]
    seen: set[int] = set()
    stack: list[Value] = [value]
    while stack:
        item = stack.pop()
        if type(item) is Unknown:
            found.append(item)
            continue
        if type(item) in PLAIN or id(item) in seen:
            continue
        inner: Collection[Value]
        if isinstance(item, dict) or is_map(item):
            inner = item.values()
        elif is_list(item):
            inner = item
        else:
            continue
        seen.add(id(item))
        stack.extend([one for one in inner if type(one) not in PLAIN][::-1])
    return found


def is_known(value: Value) -> bool:
    """Whether nothing in a value is unknown."""
    return not unknowns_of(value)


def merged(unknowns: Sequence[Unknown]) -> Unknown:
    """One Unknown of several; one alone loses its shape, as it stands for something computed from it."""
    invalids = [one for one in unknowns if one.code == INVALID]
    first = (invalids or list(unknowns))[0]
    return merge_unknowns(first, *(one for one in unknowns if one is not first))


def plain(value: Value) -> bool:
    """Whether a value is a scalar: it has no line of its own."""
    return type(value) in PLAIN or isinstance(value, str)


def check_text(text: str) -> str:
    """The text itself. Raises TooLarge."""
    if len(text) > MAX_TEXT:
        raise TooLarge("a text of more than a million characters")
    return text


def over_options(compute: Callable[..., Value], *arguments: Value) -> Value | None:
    """The result where an argument is one of few known values: the results for each, or None to go on otherwise.

    A result that is the same for all of them is known.
    """
    choices = [one.options if isinstance(one, Unknown) and one.options else (one,) for one in arguments]
    open_ = [one for one in arguments if isinstance(one, Unknown)]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count == 1 or count > MAX_OPTIONS or any(not one.options for one in open_):
        return None
    try:
        results = [compute(*chosen) for chosen in product(*choices)]
    except (Refused, TooLarge):
        return None
    return one_of(results, merged(open_))


def one_of(results: Sequence[Value], because: Unknown) -> Value:
    """A value that is one of `results`, decided by `because`; known where all are the same."""
    flat: list[Value] = []
    for result in results:
        if isinstance(result, Unknown) and result.options:
            flat.extend(one for one in result.options if not any(same(one, other) for other in flat))
        elif not any(same(result, other) for other in flat):
            flat.append(result)
    unknown = [one for result in flat for one in unknowns_of(result)]
    if len(flat) == 1 and not isinstance(flat[0], Unknown):
        return flat[0]
    if unknown or len(flat) > MAX_OPTIONS:
        return merge_unknowns(because, *unknown)
    return replace(because, ref=None, pieces=(), document=None, known=None, options=tuple(flat))


def same(left: Value, right: Value) -> bool:
    """Whether two values are the same, types included: `true` is not 1, an Unknown is only itself."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return left is right
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if is_map(left) and is_map(right):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if is_list(left) and is_list(right):
        return len(left) == len(right) and all(same(one, other) for one, other in zip(left, right, strict=True))
    if is_number(left) and is_number(right):
        exact = isinstance(left, Exact) or isinstance(right, Exact)
        return fraction(left) == fraction(right) if exact else left == right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return type(left) is type(right) and left == right


def kind(value: Value) -> str:
    """The kind of a value, for people."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a string"
    if is_number(value):
        return "a number"
    return "an object" if is_map(value) else "a list"


def number_text(value: int | float) -> str:
    """A number as Terraform writes it: never with an exponent below 10 to the power of 100."""
    if isinstance(value, int):
        return str(value) if value.bit_length() < 12_000 else "Inf"
    if isinstance(value, Exact):
        return shortest(value)
    text = repr(value)
    if "e" not in text:
        return text.removesuffix(".0")
    return format(Decimal(text), "f") if math.isfinite(value) else text


def ordered(value: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
    """The items of a mapping in the order that Terraform goes through them."""
    for key in sorted(value):
        yield key, value[key]
