"""Functions over sets."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate, product

from scanner.resource import Items
from scanner.sources.terraform.functions.function import Function, items, pure
from scanner.sources.terraform.identity import identity, set_of
from scanner.sources.terraform.types import unify
from scanner.sources.terraform.values import MAX_ITEMS, ListOf, Refused, SetOf, TooLarge
from scanner.unknown import Value


def _union(arguments: list[Value]) -> Value:
    return set_of(unify([item for argument in arguments for item in items(argument)]))


def _alike(arguments: list[Value]) -> list[list[Value]]:
    """The elements of several sets, all of one type, as Terraform compares them."""
    parts = [list(items(argument)) for argument in arguments]
    whole = unify([item for part in parts for item in part])
    ends = list(accumulate(len(part) for part in parts))
    return [whole[end - len(part) : end] for part, end in zip(parts, ends, strict=True)]


def _intersection(arguments: list[Value]) -> Value:
    first, *rest = _alike(arguments)
    others = [{identity(item) for item in other} for other in rest]
    return set_of(item for item in first if all(identity(item) in other for other in others))


def _subtract(arguments: list[Value]) -> Value:
    first, second = _alike(arguments)
    without = {identity(item) for item in second}
    return set_of(item for item in first if identity(item) not in without)


def _product(arguments: list[Value]) -> Value:
    if len(arguments) < 2:
        raise Refused("at least two arguments are required")
    count = 1
    for argument in arguments:
        count *= len(items(argument))
    if count * len(arguments) > MAX_ITEMS:
        raise TooLarge("a product with too many elements")
    rows = [Items(row) for row in product(*(unify(list(items(argument))) for argument in arguments))]
    return set_of(rows) if any(isinstance(one, SetOf) for one in arguments) and len(rows) < 2000 else ListOf(rows)


TABLE: Mapping[str, Function] = {
    "setunion": pure(_union, 1, None, "members"),
    "setintersection": pure(_intersection, 1, None),
    "setsubtract": pure(_subtract, 2),
    "setproduct": pure(_product, 0, None, "shallow"),
}
