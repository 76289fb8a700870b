"""What a schedule of EventBridge starts: a scan of Tether, something that may be one, or nothing, for it is not there.

Sources: hashicorp/aws documentation of `aws_scheduler_schedule` (`target`), `aws_cloudwatch_event_target` and
`aws_lambda_alias`; EventBridge Scheduler User Guide, "Using universal targets" (what such a target starts stands in its
input); the ECS API reference, "DeregisterTaskDefinition" (no task starts from one that is not active).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from scanner.builders.aws_identity.by_arn import meant
from scanner.builders.aws_policy.match import Truth
from scanner.builders.blocks import Found, at, text
from scanner.builders.draft import World
from scanner.builders.homes import together
from scanner.builders.recognise.containers import Container
from scanner.builders.recognise.machines import machine_containers
from scanner.patterns import lazy
from scanner.resource import OBSERVED, Attrs, Resource, items_of
from scanner.unknown import Unknown, Value, refs_in

SCHEDULE, RULE, TARGET = "aws_scheduler_schedule", "aws_cloudwatch_event_rule", "aws_cloudwatch_event_target"
TASK, FUNCTION, ALIAS = "aws_ecs_task_definition", "aws_lambda_function", "aws_lambda_alias"
OURS = lazy(r"(?:^|[/:])tether(?:-scanner)?(?:[:@]|$)")
NAMED = lazy(r"(?i)(?:^|[^a-z0-9])tether(?:[^a-z0-9]|$)")
"""A name that speaks of Tether: where nothing else is known of what a schedule starts, it may be a scan."""
RUNS = frozenset({"scan", "collect"})
PATHS = {
    SCHEDULE: ("target.arn", "target.ecs_parameters.task_definition_arn", ("target.input",)),
    TARGET: ("arn", "ecs_target.task_definition_arn", ("input", "input_path", "input_transformer.input_template")),
}
"""By type, where stand: what it calls, the task that it starts there, and what it hands over."""
CALLS = (":aws-sdk:ecs:runTask", ":aws-sdk:lambda:invoke", ":aws-sdk:lambda:invokeAsync")
"""Targets that start the task or the function that their input names."""
KIND = lazy(r"(?:^|\.)(aws_[a-z0-9_]+)\.")
OTHER = lazy(r"arn:[^:]*:(?:(?!(?:ecs|lambda|scheduler):)[^:*]+:|ecs:[^:]*:[^:]*:cluster/)")
CLUSTER = lazy(r"arn:[^:]*:ecs:[^:]*:[^:]*:cluster/|(?:.*\.)?aws_ecs_cluster\.")
"""What a task is started in, by its ARN or its address."""
PROGRAM = lazy(r"arn:[^:]*:(?:ecs:[^:]*:[^:]*:task-definition/|lambda:[^:]*:[^:]*:function:)([^:*]+)(?=:|$)")


class Start(Struct, frozen=True):
    """Something that a schedule starts. one: the schedule or the rule; by: the same, or the target of the rule.

    program, containers: the task or the function that it is, and which of its containers run a scan. doubt: why nobody
    knows whether it runs one. gone: what it is called that is not there.
    """

    one: Resource
    by: Resource
    found: Found
    program: Resource | None = None
    containers: tuple[Container, ...] = ()
    doubt: Unknown | None = None
    gone: str = ""


def starts(world: World) -> list[Start]:
    """What schedules start that is a scan of Tether, or may be: by its name, by its words, or beside another one."""
    found = list(_all(world))
    if all(one.doubt is None and not one.gone for one in found):
        return found
    programs = list(_programs(world))
    return [one for one in found if (one.doubt is None and not one.gone) or _counts(world, one, programs)]


def ours(one: Container) -> bool:
    """Whether a container runs a scan of Tether: its image or its command is called so."""
    words = [word.text for word in one.words]
    called = one.image is not None and OURS.search(one.image.text) is not None
    return (called or any(OURS.search(word) for word in words[:3])) and (
        not words or any(word in RUNS for word in words)
    )


def gone_of(by: Resource) -> frozenset[str]:
    """The ARNs that an API was asked for which a target names, and that are not there."""
    seen = [one for one in items_of(by.attrs.get(OBSERVED)) if isinstance(one, Attrs) and one.get("what") == "gone"]
    return frozenset(str(one.get("of")) for one in seen)


def _all(world: World) -> Iterator[Start]:
    for one in world.inventory.like(SCHEDULE):
        yield from _started(world, one, one)
    for by in world.inventory.like(TARGET):
        rule = world.inventory.find(by.attrs.get("rule"), by, RULE)
        if not isinstance(rule, Resource):
            yield from (_without_rule(each, rule) for each in _started(world, by, by))
        elif rule.attrs.get("schedule_expression") is not None or rule.attrs.get("event_pattern") is None:
            # A rule that waits for events alone is no schedule.
            yield from _started(world, rule, by)


def _without_rule(start: Start, rule: Unknown | None) -> Start:
    name = text(start.by.attrs.get("rule"))
    cause = rule.cause if rule is not None else f"the rule `{name}` is not in the inputs"
    return Start(start.one, start.by, start.found, start.program, start.containers, Unknown(cause, decided_by=(
        rule.decided_by if rule is not None and rule.decided_by else (f"{start.by.address}: its rule",)
    )))  # fmt: skip


def _started(world: World, one: Resource, by: Resource) -> Iterator[Start]:
    called, task, inputs = PATHS[by.kind]
    direct, tasks = at(by, called), at(by, task)
    functions = [each for each in direct if _is_function(world, by, each)]
    for found in functions or tasks or direct:
        if any(found.text.endswith(each) for each in CALLS):
            yield from _in_input(world, one, by, found, [each for path in inputs for each in at(by, path)])
        elif (start := _start(world, one, by, found)) is not None:
            yield start


def _is_function(world: World, by: Resource, found: Found) -> bool:
    named = _named(world, by, found.value)
    return isinstance(named, Resource) and named.kind == FUNCTION


def _named(world: World, by: Resource, value: Value) -> Resource | Unknown | None:
    """The task or function that a value names, also by an alias or a version; None for what is known to be no such."""
    if functions := meant(world, value, by, FUNCTION):
        return functions[0].doubt or functions[0].resource
    named = world.inventory.find(value, by, TASK, ALIAS)
    if isinstance(named, Resource) and named.kind == ALIAS:
        name = named.attrs.get("function_name")
        unseen = Unknown(f"the function of `{named.address}` is not in the inputs", decided_by=(named.address,))
        return next((each.doubt or each.resource for each in meant(world, name, named, FUNCTION)), unseen)
    return None if isinstance(named, Unknown) and _is_other(named) else named


def _is_other(value: Unknown) -> bool:
    """Whether a value that is not known is certainly of no task and no function, by the type or the ARN that it has."""
    kind = KIND.search(value.ref.address) if value.ref is not None else None
    return OTHER.match(value.text()) is not None or (kind is not None and kind[1] not in (TASK, FUNCTION, ALIAS))


def _start(world: World, one: Resource, by: Resource, found: Found) -> Start | None:
    program = _named(world, by, found.value)
    if isinstance(program, Unknown):
        return Start(one, by, found, doubt=program)
    if program is None:
        written = found.value if isinstance(found.value, str) else ""
        if CLUSTER.match(found.text) or any(CLUSTER.match(ref.address) for ref in refs_in(found.value)):
            untold = Unknown("which task it starts is not told", decided_by=(f"{by.address}: its task",))
            return Start(one, by, found, doubt=untold)
        if PROGRAM.match(written) is None:
            return None
        if written in gone_of(by):
            return Start(one, by, found, gone=written)
        unseen = Unknown(f"`{written}` is not in the inputs", decided_by=(written,))
        return Start(one, by, found, doubt=unseen)
    if program.kind == FUNCTION:
        return _function(one, by, found, program)
    containers = machine_containers(world, program)
    scans = tuple(each for each in containers if ours(each))
    doubt = None if scans else _hidden(program, containers)
    return Start(one, by, found, program, scans, doubt) if scans or doubt is not None else None


def _function(one: Resource, by: Resource, found: Found, program: Resource) -> Start | None:
    image = program.attrs.get("image_uri")
    if OURS.search(text(image)):
        return Start(one, by, found, program, (Container(name=program.name, image=None),))
    if isinstance(image, Unknown):
        return Start(one, by, found, program, doubt=image) if _open(text(image)) else None
    if image is not None:
        return None
    cause = f"what `{program.address}` runs is not read"
    return Start(one, by, found, program, doubt=Unknown(cause, decided_by=(f"{program.address}: its code",)))


def _hidden(task: Resource, containers: Sequence[Container]) -> Unknown | None:
    """Why nobody knows whether a task runs a scan: its containers are not read, or the image of one."""
    written = task.attrs.get("container_definitions")
    if not containers and isinstance(written, Unknown):
        return written
    for one in containers:
        image = one.image.unknown if one.image is not None else None
        words = not one.words or any(word.unknown is not None or word.text in RUNS for word in one.words)
        if image is not None and words and one.image is not None and _open(one.image.text):
            return image
    return None


def _open(image: str) -> bool:
    """Whether an image of which not all is known may be called Tether."""
    return "*" in image.rpartition("/")[2].partition("@")[0].partition(":")[0]


def _in_input(world: World, one: Resource, by: Resource, found: Found, inputs: Iterable[Found]) -> Iterator[Start]:
    """What an input names that says what is started; one that is not read may name anything."""
    some = list(inputs)
    named = [world.inventory.at(by.unit, ref.address) for each in some for ref in refs_in(each.value)]
    programs = [each for each in named if each is not None and each.kind in (TASK, FUNCTION) and not each.data]
    for program in programs:
        scans = tuple(each for each in machine_containers(world, program) if ours(each))
        if scans or OURS.search(text(program.attrs.get("image_uri"))):
            yield Start(one, by, found, program, scans or (Container(name=program.name, image=None),))
    if some and not programs:
        cause = Unknown("what its `input` starts is not read", decided_by=(f"{by.address}: its input",))
        yield Start(one, by, found, doubt=cause)


def _programs(world: World) -> Iterator[Resource]:
    """The tasks and functions that run a scan."""
    for one in world.inventory.like(TASK):
        if any(ours(each) for each in machine_containers(world, one)):
            yield one
    for one in world.inventory.like(FUNCTION):
        if OURS.search(text(one.attrs.get("image_uri"))):
            yield one


def _counts(world: World, start: Start, programs: Iterable[Resource]) -> bool:
    """Whether what is not known, or not there, may be a scan."""
    if start.containers or any(NAMED.search(name) for name in _names(world, start)):
        return True
    near = [
        one
        for one in programs
        if one.unit == start.by.unit and together(world.inventory, start.by, one) is not Truth.NO
    ]
    found = PROGRAM.match(start.found.text)
    if start.gone or (found is not None and start.program is None):
        # It is known what it is called: another revision of a task that runs a scan, or something else.
        names = {one.attrs.get(key) for one in near for key in ("family", "function_name")}
        return found is not None and found[1] in names
    if start.program is not None and start.program.kind == FUNCTION and start.program.attrs.get("image_uri") is None:
        # The code of a function is never read, nor is its image told where an API lists it.
        return False
    spoken = start.program is not None and any(
        word.text in RUNS for each in machine_containers(world, start.program) for word in each.words
    )
    return spoken or bool(near)


def _names(world: World, start: Start) -> Iterator[str]:
    """What a schedule and what it starts are called."""
    for one in (start.one, start.by, *((start.program,) if start.program is not None else ())):
        yield from (one.name, *(text(one.attrs.get(key)) for key in ("name", "family", "function_name")))
    yield start.found.text
    yield from (ref.address for ref in refs_in(start.found.value))
    for each in machine_containers(world, start.program) if start.program is not None else ():
        yield each.name
        yield from (ref.address for ref in refs_in(each.image.value if each.image is not None else None))
