"""The tables of AWS held against botocore's models: every operation is a read, and every path is one that there is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.paginate import PaginatorModel

from scanner.sources.aws.answers import ALWAYS, Answer, answers
from scanner.sources.aws.operations import follows, operations
from scanner.sources.aws.paths import VALUES, steps
from scanner.table_rows import AwsOperation
from scanner.tables import aws_operations
from tests.bundle import reference
from tests.bundle import test_same_graph as deployment

READS = ("Describe", "Get", "List", "BatchGet", "Search")
CONTEXT = ("@account", "@region", "@partition", "@row")
LOADER = Loader()


@cache
def service(name: str) -> ServiceModel:
    return ServiceModel(LOADER.load_service_model(name, "service-2"), name)


@cache
def paginators(name: str) -> PaginatorModel | None:
    try:
        return PaginatorModel(LOADER.load_service_model(name, "paginators-1"))
    except Exception:  # noqa: BLE001 - botocore's own, of a service without any
        return None


def model(operation: str) -> OperationModel:
    name, _, what = operation.partition(":")
    return service(name).operation_model(what)


@pytest.mark.parametrize("row", aws_operations(), ids=lambda row: f"{row.id}<{row.after or row.scope}")
def test_an_operation_is_a_read_that_botocore_has(row: AwsOperation) -> None:
    found = model(row.id)
    assert row.operation.startswith(READS)
    assert found.http["method"] in ("GET", "POST")
    paginator = paginators(row.service)
    pages = paginator is not None and row.operation in paginator._paginator_config
    assert row.paginate is pages
    given = {*row.parameters, *row.variants, *row.sent, *(("StartTime", "EndTime") if row.window else ())}
    taken = found.input_shape.members if found.input_shape else {}
    assert given <= set(taken)
    assert not row.batched or row.batched in row.parameters
    assert set(found.input_shape.required_members if found.input_shape else ()) <= given
    for name in row.variants:
        allowed = getattr(taken[name], "enum", None)
        assert not allowed or set(row.variants[name]) <= set(allowed)
    assert all(re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", one) for one in (row.action, *row.also))
    assert all(one.partition(":")[2].startswith(READS) for one in row.also)
    assert row.scope in ("region", "account")
    assert row.tier in ("bootstrap", "absence", "network", "models", "details")


@pytest.mark.parametrize("verb", ["Create", "Delete", "Put", "Update", "Invoke", "Run", "Assume", "Start"])
def test_no_operation_changes_anything(verb: str) -> None:
    assert not [row.id for row in aws_operations() if row.operation.startswith(verb)]


@pytest.mark.parametrize("row", [row for row in aws_operations() if row.after], ids=lambda row: f"{row.id}<{row.after}")
def test_a_call_takes_its_parameters_from_what_is_there(row: AwsOperation) -> None:
    some = 0
    for name in follows(row):
        assert name in operations()
        for path in row.each.split("|"):
            place = Place(model(name).output_shape, model(name))
            items = list(descend(place, path, missing_ok="|" in row.each))
            for item in items:
                some += 1
                for spec in row.parameters.values():
                    check(spec, item)
                if row.only is not None:
                    check(row.only, item)
    assert some


@pytest.mark.parametrize("answers_of", [reference.answers, deployment.answers], ids=["reference", "deployment"])
def test_the_answers_of_these_tests_are_ones_that_the_api_gives(answers_of: Callable[[], dict[Any, Any]]) -> None:
    for (operation, _), page in answers_of().items():
        fits(page, model(operation).output_shape, operation)


def fits(value: Any, shape: Any, where: str) -> None:
    if shape.type_name == "structure":
        assert isinstance(value, dict) and set(value) <= set(shape.members), (where, value)
        for key, item in value.items():
            fits(item, shape.members[key], f"{where}.{key}")
    elif shape.type_name == "list":
        assert isinstance(value, list), where
        for item in value:
            fits(item, shape.member, f"{where}[]")
    elif shape.type_name == "string" and not where.endswith(("Document", "Policy")):
        assert isinstance(value, str), (where, value)
        assert not getattr(shape, "enum", None) or value in shape.enum or where.endswith("[].State"), (where, value)
    elif shape.type_name == "boolean":
        assert isinstance(value, bool), (where, value)


ROWS = [row for rows in answers().values() for row in rows]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.kind}<{row.operation}")
def test_a_row_reads_what_botocore_answers(row: Answer) -> None:
    assert row.operation in operations()
    found = model(row.operation)
    (item,) = descend(Place(found.output_shape, found), row.items)
    check(f"={row.address}", item)
    check(f"={row.name}" if row.name else None, item)
    check(row.region, item)
    check(row.where, item)
    if row.like:
        assert at(item, row.like) is not None
    for spec in row.attrs.values():
        check(spec, item)
    for place in re.findall(r"\{([^{}]+)\}", row.lost):
        assert place.startswith("@")
    assert row.attrs or row.like
    for path in row.told:
        names_something(item.shape, path)


@pytest.mark.parametrize("operation", ALWAYS)
def test_what_is_always_told_is_what_botocore_knows(operation: str) -> None:
    items, told = ALWAYS[operation]
    (item,) = descend(Place(model(operation).output_shape, model(operation)), items)
    for path in told:
        names_something(item.shape, path)


def names_something(shape: Any, path: str) -> None:
    *way, last = path.split(".")
    for step in way:
        shape = shape.members[step.removesuffix("[]").removesuffix("?")]
        shape = shape.member if step.endswith("[]") else shape
    assert {re.sub("=.*", "", name) for name in re.split(r"[&|]", last)} <= set(shape.members)


@dataclass(frozen=True)
class Place:
    shape: Shape | None
    call: OperationModel
    up: Place | None = None


def descend(place: Place, items: str, *, missing_ok: bool = False) -> Iterator[Place]:
    head, _, rest = items.partition(">")
    try:
        shape = walk(place.shape, steps(head)) if head else place.shape
    except KeyError:
        if missing_ok:
            return
        raise
    inner = Place(shape, place.call, place)
    if rest:
        yield from descend(inner, rest)
    else:
        yield inner


def walk(shape: Any, path: tuple[str | int | None, ...]) -> Any:
    for step in path:
        if step == VALUES:
            assert shape.type_name == "map", shape
            shape = shape.value
        elif step is None or isinstance(step, int):
            assert shape.type_name == "list", shape
            shape = shape.member
        else:
            shape = shape.members[step]
    return shape


def at(place: Place, path: str) -> Any:
    if path == ".":
        return place.shape
    if path.startswith("@params."):
        return place.call.input_shape.members[path.removeprefix("@params.")]
    if path.startswith(CONTEXT):
        return place.shape
    if path.startswith("@up."):
        assert place.up is not None
        return walk(place.up.shape, steps(path[4:]))
    if path.startswith("@above."):
        assert place.up is not None and place.up.up is not None
        return walk(place.up.up.shape, steps(path[7:]))
    return walk(place.shape, steps(path))


def check(spec: Any, place: Place) -> None:
    """Every path of a specification leads somewhere."""
    if isinstance(spec, list):
        for one in spec:
            check(one, place)
    if isinstance(spec, str):
        for path in re.findall(r"\{([^{}]+)\}", spec) if spec.startswith("=") else [spec]:
            at(place, path)
    if not isinstance(spec, dict) or "const" in spec:
        return
    if "answer" in spec:
        for one in spec.get("parameters", {}).values():
            check(one, place)
        other = model(spec["answer"])
        check(spec["value"], Place(other.output_shape, other, place))
        return
    inner = place
    for word in ("each", "pick", "of"):
        if word in spec:
            shape = at(place, spec[word])
            inside = Place(shape, place.call, place)
            inner = inside
    if "named" in spec:
        shape = at(place, spec["named"])
        inner = Place(shape.value if shape.type_name == "map" else shape.member, place.call, place)
        assert shape.type_name == "map" or spec["by"] in inner.shape.members
    for word in ("cut", "split", "base64", "tags", "like", "recipe"):
        if word in spec:
            at(place, spec[word])
    if "fill" in spec:
        check(spec["with"], place)
        return
    for word in ("policy", "map", "is", "not", "ref", "text", "lower", "flat", "told"):
        if word in spec and not (word == "not" and spec[word] is True) and not (word == "told" and "like" in spec):
            check(spec[word], place)
    for word in ("first", "both", "same"):
        check(spec.get(word, []), place)
    for word in ("where", "value"):
        if word in spec and word not in ("key",):
            check(spec[word], inner)
    for one in (spec.get("attrs") or spec.get("object") or {}).values():
        check(one, inner)
