"""Argo CD: Applications, sets of them, and the clusters that are registered with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.blocks import Found, at, reach, text
from scanner.builders.cluster_delivery.payload import carries
from scanner.builders.cluster_delivery.targets import Target, hidden, of_registration, registrations, resolve
from scanner.builders.draft import World
from scanner.resource import Resource, dig
from scanner.unknown import Unknown, Value

NAMES = ("server", "url", "cluster", "clusterName", "name")
"""Keys by which the elements of a generator name a cluster; the first that is there counts."""


def applications(world: World, one: Resource) -> Iterator[tuple[Target, bool | Unknown]]:
    """Where an Application, or each that a set makes, delivers, and whether what it delivers is a model."""
    spec = "spec.template.spec" if one.kind == "ApplicationSet" else "spec"
    carried = carried_by(world, one, spec)
    for destination in at(one, f"{spec}.destination"):
        for key in ("server", "name"):
            for found in reach(destination.value, key, destination.origin):
                for target in _targets(world, one, found):
                    yield target, carried


def carried_by(world: World, one: Resource, spec: str) -> bool | Unknown:
    """Whether a source of an Application is a model."""
    values = [*at(one, f"{spec}.source"), *at(one, f"{spec}.sources")]
    paths = [*at(one, f"{spec}.source.path"), *at(one, f"{spec}.sources.path")]
    charts = [*at(one, f"{spec}.source.chart"), *at(one, f"{spec}.sources.chart")]
    return carries(world, one.unit, values, paths, charts)


def _targets(world: World, one: Resource, found: Found) -> Iterator[Target]:
    written = text(found.value)
    if "{{" not in written:
        yield from resolve(world, one.unit, found)
        return
    listed = [value for block in at(one, "spec.generators") for value in _items(block.value)]
    for value in listed:
        yield from _generated(world, one, value, found)
    if not listed:
        yield hidden(written, found.origin, f"which clusters `{written}` stands for is not known")


def _items(value: Value) -> list[Value]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _generated(world: World, one: Resource, generator: Value, found: Found) -> Iterator[Target]:
    """The clusters of one generator: those of a list, those that are registered, or some that nothing shows."""
    elements = [each for block in reach(generator, "list.elements") for each in _items(block.value)]
    for element in elements:
        key = next((key for key in NAMES if dig(element, key) is not None), "")
        for named in reach(element, key, found.origin) if key else ():
            yield from resolve(world, one.unit, named)
    if elements:
        return
    if isinstance(generator, Mapping) and "clusters" in generator:
        labels = dig(generator, "clusters", "selector", "matchLabels")
        known = list(registrations(world, labels if isinstance(labels, Mapping) else {}))
        for each in known:
            yield from of_registration(world, each)
        if known:
            return
        cause = "which clusters are registered with Argo CD is not in the inputs"
        yield hidden("clusters of a generator", found.origin, cause)
        return
    kinds = ", ".join(sorted(generator)) if isinstance(generator, Mapping) else "*"
    yield hidden(f"generator {kinds}", found.origin, f"which clusters the generator `{kinds}` names is not known")
