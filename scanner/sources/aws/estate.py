"""The calls of an estate by what they ask and where, and the answer to any one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.sources.aws.operations import (
    ACCOUNT,
    asked,
    context_of,
    follows,
    is_wanted,
    leads_unseen,
    operations,
    pieces,
)
from scanner.sources.aws.paths import MALFORMED, Here, vague
from scanner.sources.bundle import Call
from scanner.sources.bundle.call import ANSWERED, parameters_key
from scanner.table_rows import AwsOperation
from scanner.tables import aws_operations
from scanner.unknown import Unknown

SOURCE = "aws"
LEFT = "nothing that is known leads to it"
"""The cause of a call that was not made because what it would tell could decide nothing."""
UNCHOSEN = "no rule that was chosen needs it"
UNREADABLE = "an item of what leads to it cannot be read"
"""The cause of a call that was not made because no rule that is judged looks at what it would tell."""
NEEDED = "it was left out when the rest was asked, and something leads to it by what is known now"
"""The cause of one that turned out to be needed."""
Scope = tuple[tuple[str, str], ...]


def why(call: Call) -> Unknown:
    """Why nobody knows what a call would have answered."""
    about = ", ".join(f"{value}" for value in call.parameters.values() if isinstance(value, str))
    said = call.cause or call.outcome.replace("-", " ")
    named = f"{call.operation}({about})" if about else call.operation
    return Unknown(f"`{named}` was not answered: {said}", decided_by=(named,))


def is_left(call: Call) -> bool:
    """Whether a call was left out on purpose, and is one that may be: whoever judges decides anew whether it may."""
    row = operations().get(call.operation) if call.outcome == "not-asked" and call.cause == LEFT else None
    return row is not None and bool(row.about)


class Estate(Struct):
    """Every call, in the order of the table; `lost` are those that nobody answered, also the ones never made.

    left: those that were left out on purpose, where that is for the caller to judge; they count as absent.
    """

    by_scope: dict[Scope, dict[str, dict[str, Call]]] = field(default_factory=dict)
    lost: list[Call] = field(default_factory=list)
    left: list[Call] = field(default_factory=list)
    strange: list[Call] = field(default_factory=list)

    def of(self, scope: Scope, operation: str) -> Iterable[Call]:
        """The calls of an operation in a scope."""
        return self.by_scope.get(scope, {}).get(operation, {}).values()

    def answered(self, operation: str) -> Iterator[Call]:
        """Every call of an operation that was read."""
        for scope in self.by_scope:
            yield from (call for call in self.of(scope, operation) if call.outcome == "read")

    def lookup(self, operation: str, parameters: Mapping[str, Any], here: Here) -> Here | Unknown | None:
        """The answer to a question about the item at hand, asked in the same scope: its lists over all of its pages."""
        unknown = vague(dict(parameters))
        if unknown is not None:
            return unknown
        names = ("account", "partition", "region")
        scope = tuple((name, str(here.context[name])) for name in names)
        call = self.by_scope.get(scope, {}).get(operation, {}).get(parameters_key(parameters))
        if call is None:
            return Unknown(f"`{operation}` was not asked", decided_by=(operation,))
        if call.outcome not in ANSWERED:
            return why(call)
        if call.outcome != "read" or not call.pages:
            return None
        return Here(_joined(call.pages), {**context_of(call), "up": here.item}, here.lookup)


def _joined(pages: Sequence[Any]) -> Any:
    """Pages as one: lists one after the other, and of everything else what the first page says."""
    found = pages[0]
    for page in pages[1:]:
        if not (isinstance(found, dict) and isinstance(page, dict)):
            return MALFORMED
        lists = {
            key: one for key, one in page.items() if isinstance(one, list) and isinstance(found.get(key, []), list)
        }
        found = {**found, **{key: [*found.get(key, []), *one] for key, one in lists.items()}}
    return found


def estate_of(calls: Iterable[Call], *, lean: bool = False) -> Estate:
    """The calls in order, with one that was not made for each that the table would have made.

    lean: what was left out on purpose is absent, and listed; otherwise it counts as not asked.
    """
    found = Estate()
    for call in calls:
        if lean and is_left(call):
            found.left.append(call)
            call = replace(call, outcome="absent", cause="")
        if call.operation not in operations():
            found.strange.append(call)
            continue
        where = found.by_scope.setdefault(call.scope, {})
        key = parameters_key(call.parameters)
        before = where.get(call.operation)
        if before is None:
            where[call.operation] = {key: call}
        else:
            before[key] = call
    for scope in list(found.by_scope):
        _whole(found, scope)
    every = [call for where in found.by_scope.values() for made in where.values() for call in made.values()]
    told = {_question(call) for call in every if call.outcome == "read" and operations()[call.operation].closing}
    # What an organisation has, one of its accounts tells for all; what stands for another is no loss of its own.
    found.lost = [
        call
        for call in every
        if call.outcome not in ANSWERED
        and _question(call) not in told
        and not operations()[call.operation].instead
        and not _told_otherwise(found, call)
        and is_wanted(operations()[call.operation], partial(found.of, call.scope))
    ]
    return found


def _told_otherwise(found: Estate, call: Call) -> bool:
    """Whether another operation was asked instead, and did tell something."""
    others = (row.id for row in aws_operations() if row.instead == call.operation)
    told = (one for other in others for one in found.of(call.scope, other) if one.outcome == "read")
    return any(value for one in told for page in one.pages if isinstance(page, dict) for value in page.values())


def _question(call: Call) -> tuple[str, str]:
    return call.operation, parameters_key(call.parameters)


def _whole(found: Estate, scope: Scope) -> None:
    """Note every call of the table that was not made in a scope."""
    where = dict(scope)
    everything = found.by_scope[scope]
    some = next(call for made in everything.values() for call in made.values())
    for operation in aws_operations():
        if operation.instead or (operation.scope == "account") is not (where.get("region") == ACCOUNT):
            continue
        if not is_wanted(operation, partial(found.of, scope), unsure=False):
            continue
        made = everything.get(operation.id, {})
        earlier = [call for name in follows(operation) for call in found.of(scope, name)]
        told = _pieces(operation, made.values()) if operation.batched else frozenset()
        for parameters in asked(operation, where, earlier):
            key = parameters_key(parameters)
            if key not in made and not (operation.batched and pieces(operation, parameters) <= told):
                made[key] = replace(
                    some, operation=operation.id, parameters=parameters, outcome="not-asked", pages=(), cause=""
                )
        if leads_unseen(operation, earlier):
            made[""] = replace(
                some, operation=operation.id, parameters={}, outcome="failed", pages=(), cause=UNREADABLE
            )
        if made:
            everything[operation.id] = made


def _pieces(operation: AwsOperation, calls: Iterable[Call]) -> frozenset[str]:
    """All that calls of many at once asked about: answers that are lost since lead to other batches of the same."""
    lists = [one for one in calls if isinstance(one.parameters.get(operation.batched), list)]
    return frozenset(piece for one in lists for piece in pieces(operation, one.parameters))
