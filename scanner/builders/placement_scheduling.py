"""Where the scheduler may put a pod: selectors, affinities with their operators, tolerations, images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scanner import podspec, tables
from scanner.builders.blocks import Found, reach
from scanner.builders.draft import World
from scanner.builders.placement_conditions import Outcome
from scanner.builders.placement_places import add_place
from scanner.origin import Origin
from scanner.resource import dig, items_of, mark
from scanner.table_rows import PlaceFact
from scanner.unknown import Unknown, Value

_AFFINITY = "affinity.nodeAffinity"
_REQUIRED = f"{_AFFINITY}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.matchExpressions"
_PREFERRED = f"{_AFFINITY}.preferredDuringSchedulingIgnoredDuringExecution.preference.matchExpressions"
KEEPS_OFF = ("NotIn", "DoesNotExist")


@dataclass(frozen=True, slots=True)
class Hit:
    """A constraint that lets a pod onto nodes of a kind: the row, whether for certain, and how."""

    row: PlaceFact
    outcome: Outcome
    says: str


def add_scheduling(world: World) -> None:
    """A Placement for each constraint that lets a workload onto nodes outside the cloud, and for edge images."""
    for resource in world.inventory.all:
        for template in podspec.pod_templates(resource) if resource.kind[:1].isupper() else ():
            for hit in hits(template.spec, template.origin):
                because = f"{hit.says}: {hit.row.because}"
                add_place(world, resource.id, hit.row.place, hit.row.signal, because, hit.outcome)
            for container in podspec.containers(template.spec):
                image = container.image
                for row in _image_rows(image.value):
                    outcome = Outcome(True, image.origin or template.origin)
                    add_place(world, resource.id, row.place, row.signal, row.because, outcome)


def _image_rows(image: Value) -> Iterator[PlaceFact]:
    if isinstance(image, str):
        for row in tables.kubernetes_facts("image"):
            if tables.pattern(row.regex).search(image):
                yield row


def hits(spec: Value, origin: Origin) -> Iterator[Hit]:
    """Every constraint of a pod specification that leads to nodes of the label table."""
    yield from _selector(spec, origin)
    kept_off = set(_keys_kept_off(spec))
    for path, says in ((_REQUIRED, "its affinity asks for"), (_PREFERRED, "its affinity prefers")):
        for expression in _each(reach(spec, path, origin)):
            yield from _expression(expression, says, origin)
    for toleration in _each(reach(spec, "tolerations", origin)):
        yield from _toleration(toleration, kept_off, origin)


def _each(found: Iterator[Found]) -> Iterator[Found]:
    for one in found:
        if isinstance(one.value, list | tuple):
            for index, item in enumerate(one.value):
                yield Found(item, mark(one.value, index) or one.origin, one.possible)
        else:
            yield one


def rows_for(key: str) -> list[PlaceFact]:
    """The rows of a node label that a fact can be made of."""
    return [row for row in tables.kubernetes_facts("node-label") if row.key == key and row.signal != "weak"]


def value_says(row: PlaceFact, value: Value) -> bool | Unknown:
    """Whether a label with this value is what the row describes."""
    if isinstance(value, Unknown):
        return value if row.value or row.regex or row.zone else True
    written = str(value).lower() if isinstance(value, bool) else str(value if value is not None else "")
    if row.zone:
        return tables.zone_kind(written) == row.zone
    if row.regex:
        return tables.pattern(row.regex).search(written) is not None
    if row.value is not None:
        return written == row.value
    return written != "false"


def _selector(spec: Value, origin: Origin) -> Iterator[Hit]:
    selector = dig(spec, "nodeSelector")
    for key, value in selector.items() if isinstance(selector, dict) else ():
        for row in rows_for(key):
            where = mark(spec, "nodeSelector", key) or origin
            yield Hit(row, Outcome(value_says(row, value), where), f"it selects nodes with `{key}`")


def _expression(found: Found, says: str, origin: Origin) -> Iterator[Hit]:
    key, operator = dig(found.value, "key"), dig(found.value, "operator")
    where = mark(found.value, "values") or mark(found.value, "key") or found.origin or origin
    if not isinstance(key, str):
        return
    for row in rows_for(key):
        if isinstance(operator, Unknown):
            yield Hit(row, Outcome(operator, where), f"{says} `{key}`, with an operator that is not known")
        elif operator == "In":
            answer = _any_value(row, dig(found.value, "values"))
            yield Hit(row, Outcome(answer, where), f"{says} `{key}`")
        elif operator == "Exists":
            yield Hit(row, Outcome(_exists(row), where), f"{says} `{key}` with any value")


def _any_value(row: PlaceFact, values: Value) -> bool | Unknown:
    answers = [value_says(row, value) for value in items_of(values)]
    if True in answers:
        return True
    return next((answer for answer in answers if isinstance(answer, Unknown)), False)


def _exists(row: PlaceFact) -> bool | Unknown:
    if row.value is None and not row.regex and not row.zone:
        return True
    if row.zone:
        return False  # every node of a cloud has a zone
    return Unknown(f"any value of `{row.key}` is admitted", decided_by=(f"node label {row.key}",))


def _keys_kept_off(spec: Value) -> Iterator[str]:
    """Label keys whose edge values a required affinity keeps the pod away from."""
    for found in _each(reach(spec, _REQUIRED)):
        key = dig(found.value, "key")
        if isinstance(key, str) and dig(found.value, "operator") in KEEPS_OFF:
            yield key


def _toleration(found: Found, kept_off: set[str], origin: Origin) -> Iterator[Hit]:
    key = dig(found.value, "key")
    where = mark(found.value, "key") or found.origin or origin
    if not isinstance(key, str) or key in kept_off:
        return
    for row in rows_for(key):
        if row.zone or row.regex:
            continue
        written = dig(found.value, "operator")
        exists = written == "Exists"
        answer: bool | Unknown = True if exists else value_says(row, dig(found.value, "value"))
        if isinstance(written, Unknown):
            answer = written
        yield Hit(row, Outcome(answer, where), f"it tolerates the taint `{key}`")
