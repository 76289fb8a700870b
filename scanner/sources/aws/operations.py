"""The operations that are asked of AWS, as the table `aws_operations` has them, and the calls that answers lead to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from typing import Any

from scanner.sources.aws.paths import Here, at, steps, vague
from scanner.sources.aws.shape import shape
from scanner.sources.bundle import Call
from scanner.sources.bundle.call import ANSWERED
from scanner.sources.kubernetes.recorded import DIGEST
from scanner.table_rows import AwsOperation
from scanner.tables import aws_operations
from scanner.unknown import PLAIN

ACCOUNT = "global"
"""The region in the scope of a call that is asked once an account."""


@cache
def operations() -> Mapping[str, AwsOperation]:
    """The operations by `service:Operation`; of one that is asked in several ways the first row."""
    found: dict[str, AwsOperation] = {}
    for one in aws_operations():
        found.setdefault(one.id, one)
    return found


def asked(operation: AwsOperation, scope: Mapping[str, str], earlier: Iterable[Call]) -> Iterator[Mapping[str, Any]]:
    """The parameters of every call that a row of the table makes in a scope.

    earlier: the calls of the same scope whose operations the row comes `after`.
    """
    here = Here(None, scope)
    own = [{name: shape(spec, here) for name, spec in operation.parameters.items()}]
    names = list(operation.variants)
    for given in follow(operation, earlier) if operation.after else own:
        for values in product(*operation.variants.values()):
            yield {**given, **dict(zip(names, values, strict=True))}


def timed(operation: AwsOperation, parameters: Mapping[str, Any], now: str) -> Mapping[str, Any]:
    """The parameters as they are sent: those of an operation that asks of a time say until when (RFC 3339) and since.

    They are not recorded with the others, so that the same question is the same call whenever it is asked: the record
    has the moment beside it.
    """
    if not operation.window:
        return parameters
    since = datetime.fromisoformat(now) - timedelta(hours=operation.window)
    return {**parameters, "StartTime": since.isoformat(), "EndTime": now}


def follows(operation: AwsOperation) -> tuple[str, ...]:
    """The operations whose answers a row waits for."""
    return tuple(operation.after.split("|")) if operation.after else ()


def above(operation: AwsOperation) -> tuple[str, ...]:
    """The operations that must have been asked before a row: those it follows, and those that say whether it may."""
    return (*follows(operation), *(operation.beside.split("|") if operation.beside else ()))


def is_wanted(operation: AwsOperation, made: Callable[[str], Iterable[Call]], *, unsure: bool = True) -> bool:
    """Whether there can be anything that a row asks for. made: the calls of an operation in the same scope.

    unsure: what is said where one of those that it stands beside was not answered, for then it may be anything.
    """
    some = {name: list(made(name)) for name in operation.beside.split("|")} if operation.beside else {}
    if any(_names_any(call) for calls in some.values() for call in calls):
        return True
    told = all(
        (calls and all(call.outcome in ANSWERED for call in calls)) or _is_nowhere(name, made)
        for name, calls in some.items()
    )
    return not some or (unsure and not told)


def _is_nowhere(name: str, made: Callable[[str], Iterable[Call]]) -> bool:
    """Whether there is certainly nothing that an operation would name, so that it need not be asked."""
    row = operations()[name]
    return bool(row.beside) and not is_wanted(row, made)


def _names_any(call: Call) -> bool:
    """Whether a page has a list that is not empty, at its top or in a structure there."""
    pages = [page if isinstance(page, dict) else {"": [page]} for page in call.pages]
    inside = [one for page in pages for one in page.values() if isinstance(one, dict)]
    return any(isinstance(one, list) and one for some in (*pages, *inside) for one in some.values())


def context_of(call: Call) -> dict[str, Any]:
    """What the specifications of a table may ask of the call around an item."""
    return {**dict(call.scope), "params": dict(call.parameters)}


def items_of(page: Any, path: str, here: Here) -> Iterator[Here]:
    """Every item at a path of a page; `>` steps into each, which is the `@up` of what is inside."""
    head, _, rest = path.partition(">")
    found = at(page, steps(head)) if head else page
    for number, one in enumerate(found if isinstance(found, list) else () if found is None else (found,)):
        inner = here.numbered(one, number)
        yield from items_of(one, rest, inner) if rest else (inner,)


def follow(operation: AwsOperation, earlier: Iterable[Call]) -> Iterator[Mapping[str, Any]]:
    """The parameters of every call of an operation that the answers to the one before it lead to, each once."""
    seen: set[str] = set()
    pending: dict[str, list[Any]] = {}
    for call in earlier:
        for page in call.pages:
            for here in _items(page, operation.each, Here(page, context_of(call))):
                made = {name: shape(spec, here) for name, spec in operation.parameters.items()}
                if any(value is None or value == [] or vague(value) for value in made.values()):
                    continue
                if operation.only is not None and not shape(operation.only, here):
                    continue
                if operation.batch:
                    pending.setdefault(_rest(made, operation), []).append(made)
                elif (key := repr(sorted(made.items()))) not in seen:
                    seen.add(key)
                    yield made
    yield from _batches(operation, pending)


def leads_unseen(operation: AwsOperation, earlier: Iterable[Call]) -> bool:
    """Whether an item of the answers before an operation cannot be read: what else it asks about nobody knows."""
    for call in earlier:
        for page in call.pages if operation.each else ():
            for here in _items(page, operation.each, Here(page, context_of(call))):
                if isinstance(here.item, dict) and not _holds_more(here.item):
                    continue  # as most are
                made = {name: shape(spec, here) for name, spec in operation.parameters.items()}
                if vague(made) is not None and (operation.only is None or shape(operation.only, here)):
                    return True
    return False


def _holds_more(item: Mapping[str, Any]) -> bool:
    return DIGEST in item or not PLAIN.issuperset(map(type, item.values()))


def _items(page: Any, paths: str, here: Here) -> Iterator[Here]:
    for path in paths.split("|"):
        yield from items_of(page, path, here)


@cache
def leading(operation: str) -> tuple[tuple[str | int | None, ...], ...]:
    """The first steps into an answer that other operations follow."""
    rows = (row for row in aws_operations() if operation in follows(row))
    return tuple(dict.fromkeys(steps(path.partition(">")[0]) for row in rows for path in row.each.split("|")))


def _rest(made: Mapping[str, Any], operation: AwsOperation) -> str:
    return repr(sorted((name, value) for name, value in made.items() if name != operation.batched))


def _batches(
    operation: AwsOperation, pending: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterator[Mapping[str, Any]]:
    """Calls that take many names or objects at once, so many as one may take; objects get an Id, each in its call.

    Objects are sorted: that a call is the same must not hang on which answer came first.
    """
    name = operation.batched
    for some in pending.values():
        objects = {json.dumps(one[name], sort_keys=True): one[name] for one in some if isinstance(one[name], dict)}
        every: list[Any] = [value for _, value in sorted(objects.items())]
        every += dict.fromkeys(str(one[name]) for one in some if not isinstance(one[name], dict))
        for start in range(0, len(every), operation.batch):
            part = every[start : start + operation.batch]
            yield {**some[0], name: [_with_id(one, number) for number, one in enumerate(part)]}


def pieces(operation: AwsOperation, parameters: Mapping[str, Any]) -> frozenset[str]:
    """What a call of many names or objects asks about, one by one: however they are shared out over calls."""
    rest = _rest(parameters, operation)
    return frozenset(rest + json.dumps(_without_id(one), sort_keys=True) for one in parameters[operation.batched])


def _without_id(one: Any) -> Any:
    return {name: value for name, value in one.items() if name != "Id"} if isinstance(one, dict) else one


def _with_id(one: Any, number: int) -> Any:
    return {**one, "Id": f"m{number}"} if isinstance(one, dict) else one


@cache
def in_order(of_account: bool) -> tuple[tuple[AwsOperation, ...], ...]:
    """The rows of the table by operation, each after those whose answers it waits for; those of accounts or regions."""
    rows: dict[str, list[AwsOperation]] = {}
    for row in aws_operations():
        if (row.scope == "account") is of_account:
            rows.setdefault(row.id, []).append(row)
    found: dict[str, tuple[AwsOperation, ...]] = {}

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in found or name in way or name not in rows:
            return
        for row in rows[name]:
            for before in above(row):
                visit(before, (*way, name))
        found[name] = tuple(rows[name])

    for name in rows:
        visit(name, ())
    return tuple(found.values())
