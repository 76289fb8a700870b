"""Strings that give a place away wherever they stand: ARNs, ids, commands, inputs of modules that are not on disk."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from scanner import tables
from scanner.builders.blocks import Found, at, strings
from scanner.builders.draft import World
from scanner.builders.placement_conditions import Outcome, present
from scanner.builders.placement_places import SIGNALS, add_capacity, add_place
from scanner.builders.recognise_containers import containers_of, is_kubernetes
from scanner.builders.recognise_machines import decoded
from scanner.resource import Resource
from scanner.table_rows import PlaceFact
from scanner.unknown import Unknown

ENCODED = frozenset({"user_data", "user_data_base64", "custom_data", "UserData"})
"""Arguments whose text is base64, as a rule."""
SPEAKS_OF_OTHERS = frozenset({"CustomResourceDefinition"})
"""Kinds whose texts describe things, and do none."""


def build_literals(world: World) -> None:
    """A fact on each node one of whose strings is an ARN, an id or a command of the table; one a row."""
    rows = [row for fact in ("id", "command") for row in tables.literals(fact) if row.signal in SIGNALS]
    for resource in world.inventory.all:
        if resource.kind in SPEAKS_OF_OTHERS:
            continue
        if resource.kind == "module":
            _module(world, resource)
        seen: set[str] = set()
        for found in _texts(resource):
            for row in rows:
                if row.id not in seen and tables.pattern(row.regex).search(found.text):
                    seen.add(row.id)
                    outcome = Outcome(found.possible or True, found.origin or resource.origin)
                    _add(world, resource, row, row.because, outcome)


def _texts(resource: Resource) -> Iterator[Found]:
    yield from strings(resource.attrs, resource.origin)
    for container in containers_of(resource) if is_kubernetes(resource) else ():
        if container.words:  # a command written word by word is one command all the same
            yield Found(container.command_line, container.words[0].origin)
    for key in ENCODED & resource.attrs.keys():
        for found in strings(resource.attrs[key], resource.attrs.marks.get(key)):
            plain = decoded(found.text)
            if plain != found.text:
                yield Found(plain, found.origin, found.possible)


def _add(world: World, resource: Resource, row: PlaceFact, because: str, outcome: Outcome) -> None:
    if row.place == "hybrid-compute":
        add_capacity(world, resource.id, row.place, because, outcome)
    else:
        add_place(world, resource.id, row.place, row.signal, because, outcome)


def _module(world: World, resource: Resource) -> None:
    """A call of a module that is not on disk: its inputs are all that can be judged."""
    source = resource.attrs.get("source")
    name = source.removeprefix("registry.terraform.io/") if isinstance(source, str) else ""
    for row in tables.literals("module"):
        if row.module != name:
            continue
        outcome = _called(resource, row)
        if outcome.holds is not False:
            _add(world, resource, row, row.because, outcome)


def _called(resource: Resource, row: PlaceFact) -> Outcome:
    if "*" in row.inputs:
        return Outcome(True, resource.origin)
    doubt: Outcome | None = None
    tests = [(path, None) for path in row.inputs] + list(row.values.items())
    for path, wanted in tests:
        for found in at(resource, path):
            answer = found.unknown or (present(found.value) if wanted is None else fnmatchcase(found.text, str(wanted)))
            if answer is True:
                return Outcome(True, found.origin or resource.origin)
            if isinstance(answer, Unknown):
                doubt = doubt or Outcome(answer, found.origin or resource.origin)
    return doubt or Outcome(False, resource.origin)
