"""Safety switches: every setting of the table that stands, or may stand, in its bad position."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise

from msgspec.structs import replace

from scanner import podspec, tables
from scanner.builders.draft import World
from scanner.builders.recognise.containers import Container, Word, is_kubernetes
from scanner.builders.recognise.objects import object_containers
from scanner.builders.recognise.upstreams import holders_of
from scanner.builders.switches.callers import add_caller_choices, add_one_direction
from scanner.builders.switches.compute import COMPUTE, run_by
from scanner.builders.switches.configs import configs
from scanner.builders.switches.filters import add_filters
from scanner.builders.switches.match import Hit, Spot, answers
from scanner.builders.switches.scope import matters
from scanner.graph.facts import Switch as SwitchFact
from scanner.graph.model import STACK, Role
from scanner.patterns import lazy
from scanner.resource import Attrs, Resource
from scanner.table_rows import Switch, SwitchTest
from scanner.unknown import Unknown, Value

OPTION = lazy(r"--?[A-Za-z][\w.-]*")
OWN = STACK | {Role.MODEL, Role.CANDIDATE}
"""Roles on whose pods and containers a switch matters."""


def build_switches(world: World) -> None:
    """A Switch fact for each hit of the table, one for each row that was looked at and is good, and all Filters."""
    add_filters(world)
    mentioned = frozenset(_of_the_stack(world))
    for resource in world.inventory.all:
        if resource.data:
            continue
        on_cluster = is_kubernetes(resource)
        tests = (
            tables.switch_tests("kubernetes", resource.kind, resource.group)
            if on_cluster
            else _tests_of_types().get(resource.kind, ())
        )
        if tests:
            _scoped(world, resource, tests, Spot(resource.attrs, resource.origin))
        mine = bool(world.nodes[resource.id].roles & OWN)
        if mine and on_cluster:
            _pods(world, resource)
        elif mine and resource.kind in COMPUTE:
            _switches(world, resource, list(run_by(world, resource)))
        found = list(configs(world, resource))
        if resource.id in mentioned:
            # Loaded only where a member of the stack says something.
            from scanner.builders.switches.telling import add_telling_keys

            add_telling_keys(world, resource, [document for kind, document in found if kind in ("", "litellm")])
        for kind, document in found:
            if kind or resource.id in mentioned:
                _judge(world, resource, tables.switch_tests("config", kind), document)
            if kind == "litellm":
                add_one_direction(world, resource, document)


@cache
def _tests_of_types() -> dict[str, list[tuple[Switch, SwitchTest]]]:
    """By Terraform type, the tests of it: a run asks for hundreds of types, nearly all of which have none."""
    found: dict[str, list[tuple[Switch, SwitchTest]]] = {}
    for switch in tables.switches():
        for test in switch.match or ():
            for kind in dict.fromkeys(test.types) if test.on == "terraform" else ():
                found.setdefault(kind, []).append((switch, test))
    return found


def _of_the_stack(world: World) -> Iterator[str]:
    """The ids of the ConfigMaps and Secrets that a member of the stack mounts or reads."""
    for resource in world.resources_with(*STACK):
        if is_kubernetes(resource):
            yield from (holder.id for holder in holders_of(world, resource))


def _pods(world: World, resource: Resource) -> None:
    for template in podspec.pod_templates(resource):
        notes = template.annotations_unknown or template.annotations
        metadata = Attrs({"labels": template.labels, "annotations": notes})
        pod = Spot(Attrs({"metadata": metadata, "spec": template.spec}), template.origin)
        _scoped(world, resource, tables.switch_tests("pod"), pod)
    containers = [one for one in object_containers(world, resource) if not one.init]
    _switches(world, resource, containers)
    # Loaded only where there is a pod to ask.
    from scanner.builders.switches.unseen import add_unseen

    add_unseen(world, resource, containers)


def _switches(world: World, resource: Resource, containers: Iterable[Container]) -> None:
    for container in containers:
        _judge(world, resource, tables.switch_tests("container"), _container(container), container.words)
        if world.nodes[resource.id].roles & STACK:
            from scanner.builders.switches.telling import add_telling_names

            add_caller_choices(world, resource, container)
            add_telling_names(world, resource, container)


def _container(container: Container) -> Spot:
    """A container as the table's tests see it: `{image, env, arguments}`."""
    env = Attrs({name: found.value for name, found in container.env.items()})
    env.marks.update({name: found.origin for name, found in container.env.items() if found.origin is not None})
    unknown = next((word.unknown for word in container.words if word.unknown is not None), None)
    line: Value = container.command_line
    if unknown is not None:
        line = Unknown(unknown.cause, unknown.code, unknown.decided_by, pieces=(container.command_line,))
    body = Attrs({"image": container.image.value if container.image else None, "env": env, "arguments": line})
    where = container.words[0].origin if container.words else None
    if where is not None:
        body.marks["arguments"] = where
    image = container.image.origin if container.image else None
    return Spot(body, image or where)


def _scoped(world: World, resource: Resource, tests: Iterable[tuple[Switch, SwitchTest]], root: Spot) -> None:
    """The tests that matter here: a webhook of the stack, a model's namespace, a mesh around a model."""
    asked = [(pair, matters(world, resource, pair[0].id)) for pair in tests]
    _judge(world, resource, [pair for pair, counts in asked if counts is True], root)
    for pair, counts in asked:
        if isinstance(counts, Unknown):
            _judge(world, resource, [pair], root, doubt=counts)


def _judge(
    world: World,
    resource: Resource,
    tests: Iterable[tuple[Switch, SwitchTest]],
    root: Spot,
    words: Sequence[Word] = (),
    doubt: Unknown | None = None,
) -> None:
    """A fact for each row; `doubt` decides whether the rows count here at all."""
    by_row: dict[str, tuple[Switch, list[Hit]]] = {}
    for switch, test in tests:
        placed = (_in_words(test, hit, words) for hit in answers(test, root))
        by_row.setdefault(switch.id, (switch, []))[1].extend(placed)
    for switch, hits in by_row.values():
        wrong = _once([hit for hit in hits if hit.bad is not False])
        good = [hit for hit in hits if not hit.absent and hit.value is not None and hit.setting != "arguments"]
        for hit in wrong or good[:1]:
            hit = replace(hit, bad=doubt) if doubt is not None and hit.bad is True else hit
            world.add_fact(resource.id, _fact(switch, hit, resource))


def _in_words(test: SwitchTest, hit: Hit, words: Sequence[Word]) -> Hit:
    """A hit in the whole command line, at the line of its argument and by the name of its option."""
    if hit.setting != "arguments" or test.op != "regex":
        return hit
    finds = tables.pattern(str(test.value)).search
    pairs = [(word, f"{word.text} {follower.text}") for word, follower in pairwise(words)]
    for word, line in (*((word, word.text) for word in words), *pairs):
        if finds(line):
            option = OPTION.match(word.text)
            named = option[0] if option is not None and hit.bad is True else hit.setting
            return replace(hit, origin=word.origin or hit.origin, setting=named)
    return hit


def _once(hits: list[Hit]) -> list[Hit]:
    """Without what is left out inside something that is left out as a whole."""
    gone = [hit.setting for hit in hits if hit.absent]
    return [hit for hit in hits if not (hit.absent and any(hit.setting.startswith(f"{one}.") for one in gone))]


def _fact(switch: Switch, hit: Hit, resource: Resource) -> SwitchFact:
    return SwitchFact(
        origin=hit.origin or resource.origin,
        because=_because(switch, hit),
        row=switch.id,
        product=switch.product,
        effect=switch.effect,
        setting=hit.setting,
        bad=hit.bad,
        assertion=switch.asserts,
        general=switch.general,
    )


def _because(switch: Switch, hit: Hit) -> str:
    if isinstance(hit.bad, Unknown):
        return hit.bad.cause
    if hit.bad:
        return f"it is not set: {switch.because}" if hit.absent and hit.value is None else switch.because
    shown = hit.value if isinstance(hit.value, (str, int, float, bool)) else "set"
    return f"it is `{str(shown).lower() if isinstance(shown, bool) else shown}`"
