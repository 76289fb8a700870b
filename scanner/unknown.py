"""Values that nobody knows yet, and what would decide them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from scanner.origin import FileOrigin

VALUE_UNKNOWN = "value-unknown"
"""A variable without a value, a data source, or anything computed from one."""
COMPUTED = "computed"
"""An attribute that the provider computes (an id, an ARN); `ref` says whose."""
MODULE_NOT_LOADED = "module-not-loaded"
FUNCTION_UNKNOWN = "function-unknown"
NOT_RENDERED = "not-rendered"
INVALID = "invalid-expression"
"""An expression that Terraform itself would refuse."""


class Ref(Struct, frozen=True):
    """The attribute of a declared resource: its value is unknown, whose it is is not.

    `address` is the resource's address inside its unit, as Terraform prints it, with instance keys where known;
    `attribute` is a dotted path (`id`, `arn`, `network_interface.0.id`), empty for the whole resource.
    """

    address: str
    attribute: str = ""


class Unknown(Struct, frozen=True):
    """A value that is not known; it survives every operation on it.

    cause: a sentence fragment for people, names in backticks: "`var.vpc_id` has no value".
    code: one of the constants of this module.
    decided_by: the addresses whose values would decide it, sorted: ("var.vpc_id",).
    ref: set where the value is an attribute of a resource that is itself in the input.
    pieces: for a partly known string, its parts in order; known parts are `str`.
    document: for an encoded string (`jsonencode`, `yamlencode`, a policy document), the structure inside.
    options: the possible values, where they are few and all known; empty when they are not.
    known: of a map or object with keys that are not known, those that it has for certain.
    """

    cause: str
    code: str = VALUE_UNKNOWN
    decided_by: tuple[str, ...] = ()
    origin: FileOrigin | None = None
    ref: Ref | None = None
    pieces: tuple[str | Unknown, ...] = ()
    document: Value = None
    options: tuple[Value, ...] = ()
    secret: bool = False
    known: Mapping[str, Value] | None = None

    def __hash__(self) -> int:
        return hash((self.cause, self.code, self.decided_by, self.ref))

    def text(self) -> str:
        """The known pieces of a partly known string, with `*` for each part that is not known."""
        if not self.pieces:
            return "*"
        return "".join(piece if isinstance(piece, str) else piece.text() for piece in self.pieces)


PLAIN = frozenset({str, int, bool, float, type(None)})
"""The types of values with nothing inside."""
Value: TypeAlias = None | bool | int | float | str | Unknown | Sequence["Value"] | Mapping[str, "Value"]


def unknowns_in(value: Value) -> Iterator[Unknown]:
    """Every Unknown inside `value`, depth first; the pieces and the document of an Unknown are not entered."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if type(here) is Unknown:
            yield here
        elif isinstance(here, list):  # asked first: to ask the abstract class of each costs more than the rest
            waiting += [item for item in reversed(here) if type(item) not in PLAIN]
        elif isinstance(here, (dict, Mapping)):
            waiting += [item for item in reversed(list(here.values())) if type(item) not in PLAIN]
        elif isinstance(here, (list, Sequence)) and not isinstance(here, str):
            waiting.extend(item for item in reversed(here) if type(item) not in PLAIN)


def refs_in(value: Value) -> Iterator[Ref]:
    """Every Ref inside `value`, also inside the pieces, document, options and known keys of an Unknown."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        # The abstract classes last: to ask them costs more than the rest.
        if isinstance(here, list):
            waiting += [item for item in reversed(here) if type(item) not in PLAIN]
        elif type(here) is Unknown:
            if here.ref is not None:
                yield here.ref
            waiting += [inside for inside in (here.known, here.options, here.document, here.pieces) if inside]
        elif isinstance(here, (dict, Mapping)):
            waiting += [item for item in reversed(list(here.values())) if type(item) not in PLAIN]
        elif isinstance(here, Sequence) and not isinstance(here, str):
            waiting += [item for item in reversed(here) if type(item) not in PLAIN]


def merge_unknowns(first: Unknown, *rest: Unknown) -> Unknown:
    """One Unknown for a value computed from several: first cause kept, deciders joined, shape and ref dropped."""
    decided = sorted({name for one in (first, *rest) for name in one.decided_by})
    return replace(
        first,
        decided_by=tuple(decided),
        ref=None,
        pieces=(),
        document=None,
        options=(),
        known=None,
        secret=any(one.secret for one in (first, *rest)),
    )
