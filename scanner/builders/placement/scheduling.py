"""Where the scheduler may put a pod: selectors, affinities with their operators, tolerations, images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, structs

from scanner import podspec, tables
from scanner.builders.blocks import Found, reach
from scanner.builders.draft import World
from scanner.builders.placement.conditions import Outcome
from scanner.builders.placement.nodes import Machine, keeps_off
from scanner.builders.placement.places import add_place, as_class, bad_class, perhaps, tells
from scanner.graph.facts import Scheduling
from scanner.graph.model import Role
from scanner.origin import Origin
from scanner.podspec_shapes import BUILT_IN_GROUPS, PATTERN_GROUPS
from scanner.resource import Key, Resource, dig, items_of, mark
from scanner.table_rows import PlaceFact
from scanner.unknown import Unknown, Value

_AFFINITY = "affinity.nodeAffinity"
_REQUIRED = f"{_AFFINITY}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.matchExpressions"
_PREFERRED = f"{_AFFINITY}.preferredDuringSchedulingIgnoredDuringExecution.preference.matchExpressions"
LEADS_TO = {"hybrid-compute": "machines outside the cloud", "edge-device": "devices"}
"""The classes of nodes that a constraint can lead to, in words."""
KEYS = frozenset({"nodeSelector", "affinity", "tolerations"})
HOLD_PODS = frozenset(
    {"spec", "template", "podSpec", "podTemplate", "podTemplateSpec", "predictor", "rayClusterConfig",
     "workerGroupSpecs", "headGroupSpec", "workerSpec", "leaderTemplate", "workerTemplate", "leaderWorkerTemplate",
     "scheduling"}
)  # fmt: skip
"""Keys of custom resources under which constraints lie: one of which nothing is known may hold any."""
MAX_DEPTH = 20
LAYER_IMAGES = "image-edge-layers"
"""The row of the images of an edge layer itself: told of its cluster, and not of the pod."""


RUNS = frozenset({Role.MODEL, Role.CANDIDATE, Role.GATEWAY, Role.CLASSIFIER})
"""Whose pods are judged by where they may land."""


class Hit(Struct, frozen=True):
    """A constraint that lets a pod onto nodes of a kind: the row, whether for certain, by what words, and how."""

    row: PlaceFact
    outcome: Outcome
    says: str
    how: str


def add_scheduling(world: World) -> None:
    """A Scheduling for each constraint that lets a model or the stack onto nodes outside the cloud.

    What asks for a zone is a Placement, and so is what any other workload demands; what such a workload merely
    tolerates or prefers says nothing.
    """
    for resource in world.inventory.objects:
        for spec, origin in (*specifications(resource), *runtime_classes(world, resource)):
            for hit in hits(spec, origin):
                _note(world, resource, hit)
        for template in podspec.pod_templates(resource):
            for container in podspec.containers(template.spec):
                image = container.image
                for row in _image_rows(image.value):
                    _note(world, resource, Hit(row, Outcome(True, image.origin or template.origin), "", "selects"))


def runtime_classes(world: World, resource: Resource) -> Iterator[tuple[Value, Origin]]:
    """The constraints that the runtime class of a pod adds to its own (`scheduling`), where the inputs declare it."""
    for template in podspec.pod_templates(resource):
        name = dig(template.spec, "runtimeClassName")
        for one in world.inventory.of("RuntimeClass", unit=resource.unit) if isinstance(name, str) else ():
            scheduling = one.attrs.get("scheduling")
            if one.name == name and scheduling is not None:
                yield scheduling, mark(one.attrs, "scheduling") or one.origin


def specifications(resource: Resource) -> Iterator[tuple[Value, Origin]]:
    """Every mapping that may hold constraints: pod templates, and in a custom resource whatever has their keys."""
    templates = podspec.pod_templates(resource)
    for template in templates:
        if not template.synthetic:
            yield template.spec, template.origin
    if resource.group in BUILT_IN_GROUPS or f".{resource.group}".endswith(PATTERN_GROUPS):
        return
    seen = [template.path for template in templates if not template.synthetic]
    waiting: list[tuple[tuple[Key, ...], Value]] = [((), resource.attrs)]
    while waiting:
        path, value = waiting.pop()
        if path in seen or len(path) > MAX_DEPTH or path[:1] in (("metadata",), ("status",)):
            continue
        if isinstance(value, Mapping):
            if KEYS & value.keys():
                yield value, mark(resource.attrs, *path) or resource.origin
            waiting += [((*path, key), item) for key, item in reversed(list(value.items())) if key not in KEYS]
        elif isinstance(value, list | tuple):
            waiting += [((*path, index), item) for index, item in reversed(list(enumerate(value)))]
        elif isinstance(value, Unknown) and any(step in HOLD_PODS for step in path[-2:]):
            yield value, mark(resource.attrs, *path) or resource.origin


def _note(world: World, resource: Resource, hit: Hit) -> None:
    row, outcome = hit.row, hit.outcome
    if outcome.holds is False or not tells(row.place, row.signal):
        return
    because = f"{hit.says}: {row.because}" if hit.says else row.because
    if row.zone or not world.nodes[resource.id].roles & RUNS:
        if hit.how == "selects" or row.zone:
            add_place(world, resource.id, row.place, row.signal, because, outcome)
        return
    kind = as_class(row.place, row.signal, because, resource.address)
    bad = ""
    if isinstance(outcome.holds, Unknown):
        kind, bad, because = outcome.holds, bad_class(row.place), perhaps(because, outcome.holds)
    world.add_fact(
        resource.id, Scheduling(origin=outcome.origin, because=because, place_class=kind, how=hit.how, perhaps=bad)
    )


def _image_rows(image: Value) -> Iterator[PlaceFact]:
    if isinstance(image, str):
        for row in tables.kubernetes_facts("image"):
            if row.id != LAYER_IMAGES and tables.pattern(row.regex).search(image):
                yield row


def hits(spec: Value, origin: Origin) -> Iterator[Hit]:
    """Every constraint of a pod specification that leads to nodes of the label table."""
    yield from _unread(spec, origin)
    yield from _selector(spec, origin)
    for path, says, how in (
        (_REQUIRED, "its affinity asks for", "selects"),
        (_PREFERRED, "its affinity prefers", "prefers"),
    ):
        for expression in _each(reach(spec, path, origin)):
            yield from _expression(expression, says, how, origin)
    for toleration in _each(reach(spec, "tolerations", origin)):
        yield from _toleration(toleration, spec, origin)


def _unread(spec: Value, origin: Origin) -> Iterator[Hit]:
    """Constraints of which nothing is known: each may lead to any class of nodes that the label table has."""
    for path, says, how in (
        ("nodeSelector", "its `nodeSelector` leads", "selects"),
        (_REQUIRED, "its affinity leads", "selects"),
        ("tolerations", "its tolerations lead", "tolerates"),
    ):
        for one in reach(spec, path, origin):
            if isinstance(one.value, Unknown):
                outcome = Outcome(one.value, one.origin or origin)
                for row in rows_of_each_class():
                    yield Hit(structs.replace(row, because=f"{says} to {LEADS_TO[row.place]}"), outcome, "", how)


def rows_of_each_class() -> list[PlaceFact]:
    """One row of the label table for each class that a pod can be led to."""
    rows = {row.place: row for row in tables.kubernetes_facts("node-label") if row.signal == "strong" and not row.zone}
    return [rows[place] for place in LEADS_TO if place in rows]


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
            outcome = _outcome(row, value, value_says(row, value), where)
            yield Hit(row, outcome, f"it selects nodes with `{key}`", "selects")


def _expression(found: Found, says: str, how: str, origin: Origin) -> Iterator[Hit]:
    key, operator = dig(found.value, "key"), dig(found.value, "operator")
    where = mark(found.value, "values") or mark(found.value, "key") or found.origin or origin
    if isinstance(key, Unknown) and operator not in ("NotIn", "DoesNotExist"):
        yield from (
            Hit(row, Outcome(key, where), f"{says} a label that is not known", how) for row in rows_of_each_class()
        )
    for row in rows_for(key) if isinstance(key, str) else ():
        if isinstance(operator, Unknown):
            yield Hit(row, Outcome(operator, where), f"{says} `{key}`, with an operator that is not known", how)
        elif operator == "In":
            values = dig(found.value, "values")
            yield Hit(row, _outcome(row, values, _any_value(row, values), where), f"{says} `{key}`", how)
        elif operator == "Exists":
            yield Hit(row, Outcome(_exists(row), where), f"{says} `{key}` with any value", how)


def _outcome(row: PlaceFact, value: Value, holds: bool | Unknown, where: Origin) -> Outcome:
    """With the name of the zone, for a row that speaks of zones."""
    names = [item for item in items_of(value) if isinstance(item, str) and row.zone]
    zone = next((name for name in names if tables.zone_kind(name) == row.zone), "")
    return Outcome(holds, where, zone, bool(row.zone))


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


def _kept_off(spec: Value, row: PlaceFact) -> bool | Unknown:
    """Whether the pod's selector or its required affinity, by each of its terms, refuses the nodes of the row."""
    return keeps_off(spec, Machine({row.key: row.value if isinstance(row.value, str) else ""}))


def _toleration(found: Found, spec: Value, origin: Origin) -> Iterator[Hit]:
    key = dig(found.value, "key")
    where = mark(found.value, "key") or found.origin or origin
    if isinstance(key, Unknown):
        for row in rows_of_each_class():
            if _kept_off(spec, row) is not True:
                yield Hit(row, Outcome(key, where), "it tolerates a taint that is not known", "tolerates")
    for row in rows_for(key) if isinstance(key, str) else ():
        kept_off = False if row.zone or row.regex else _kept_off(spec, row)
        if row.zone or row.regex or kept_off is True:
            continue
        written = dig(found.value, "operator")
        exists = written == "Exists"
        answer: bool | Unknown = True if exists else value_says(row, dig(found.value, "value"))
        if isinstance(written, Unknown):
            answer = written
        if answer is True and isinstance(kept_off, Unknown):
            answer = kept_off
        yield Hit(row, Outcome(answer, where), f"it tolerates the taint `{key}`", "tolerates")
