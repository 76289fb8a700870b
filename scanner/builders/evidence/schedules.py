"""Schedules that run Tether itself: is it switched on, does it run again, and is what it says kept.

Sources: hashicorp/aws documentation of `aws_scheduler_schedule` (`state`, `schedule_expression`, `end_date`),
`aws_cloudwatch_event_rule` (`state`, `is_enabled`) and `aws_cloudwatch_event_target`; the ECS API reference,
"LogConfiguration" (`awslogs-group`); the Kubernetes API reference, "CronJobSpec" (`suspend`, `schedule`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from scanner.builders.blocks import Found, at, text
from scanner.builders.draft import World
from scanner.builders.evidence.calendar import comes, crontab_comes
from scanner.builders.recognise.containers import Container, containers_of
from scanner.builders.recognise.machines import machine_containers
from scanner.graph.facts_audit import ScanRun
from scanner.graph.model import Role
from scanner.patterns import lazy
from scanner.resource import Resource, dig
from scanner.unknown import Unknown, Value

SCHEDULE, RULE, TARGET, CRON = (
    "aws_scheduler_schedule",
    "aws_cloudwatch_event_rule",
    "aws_cloudwatch_event_target",
    "CronJob",
)
TASK, FUNCTION, GROUP = "aws_ecs_task_definition", "aws_lambda_function", "aws_cloudwatch_log_group"
OURS = lazy(r"(?:^|[/:])tether(?:-scanner)?(?:[:@]|$)")
RUNS = frozenset({"scan", "collect"})
INPUTS = ("input", "input_path", "input_transformer.input_template")
KEEPS = ("--store", "--store-from", "--output")
CRONTAB = lazy(r"cron\(([^()]*)\)")
EARLIEST = date(1970, 1, 1)
FIELDS = 6
SWITCH = {"true": True, "false": False, "1": True, "0": False}
ENDED = lazy(r"^\d{4}-\d{2}-\d{2}")


def build_schedules(world: World) -> None:
    """ScanRun facts on every schedule, rule and job that runs Tether.

    Nothing else is told of schedules: to whoever looks for kinds that nobody models, they stay such.
    """
    for one in world.inventory.like(SCHEDULE):
        for program in _targets(world, one, "target.ecs_parameters.task_definition_arn", "target.arn"):
            _tell(
                world,
                one,
                [*states(one), *again(world, one), _kept(world, program), *_overridden(one, one, "target.input")],
            )
    for one in world.inventory.like(TARGET):
        rule = world.inventory.find(one.attrs.get("rule"), one, RULE)
        for program in _targets(world, one, "ecs_target.task_definition_arn", "arn"):
            if isinstance(rule, Resource):
                _tell(
                    world,
                    rule,
                    [*states(rule), *again(world, rule), _kept(world, program), *_overridden(one, rule, *INPUTS)],
                )
    for one in world.inventory.like(CRON):
        if any(_ours(each) for each in containers_of(one)):
            _tell(world, one, [flag(one, "spec.suspend", True, "on", "it is suspended"), *crontab(world, one)])


def _overridden(target: Resource, one: Resource, *paths: str) -> Iterator[ScanRun]:
    """What a target hands over may be another command for the task (ECS API reference, "ContainerOverride")."""
    for found in (each for path in paths for each in at(target, path)):
        odd = Unknown("what its `input` changes of the task is not read", decided_by=(f"{one.address}: its input",))
        yield ScanRun(origin=found.origin, because=odd.cause, aspect="kept", good=odd)


def _tell(world: World, one: Resource, facts: list[ScanRun]) -> None:
    for fact in facts:
        world.add_fact(one.id, fact)


def _ours(one: Container) -> bool:
    """Whether a container runs a scan of Tether: its image or its command is called so."""
    words = [word.text for word in one.words]
    called = one.image is not None and OURS.search(one.image.text) is not None
    return (called or any(OURS.search(word) for word in words[:3])) and (
        not words or any(word in RUNS for word in words)
    )


def _targets(world: World, one: Resource, *paths: str) -> Iterator[tuple[Resource, Container]]:
    """The task, or the function with an image, that a schedule starts, where it runs Tether."""
    for found in (each for path in paths for each in at(one, path)):
        program = world.inventory.find(found.value, one, TASK, FUNCTION)
        if isinstance(program, Resource) and program.kind == TASK:
            yield from ((program, each) for each in machine_containers(world, program) if _ours(each))
        elif isinstance(program, Resource) and OURS.search(text(program.attrs.get("image_uri"))):
            yield program, Container(name=program.name, image=None)


def _said(found: Found | None, one: Resource, bad: bool, aspect: str, why: str) -> ScanRun:
    if found is not None and found.unknown is not None:
        return ScanRun(origin=found.origin, because=found.unknown.cause, aspect=aspect, good=found.unknown)
    origin = one.origin if found is None else found.origin
    return ScanRun(origin=origin, because=why if bad else "as it should be", aspect=aspect, good=not bad)


def flag(one: Resource, path: str, bad: object, aspect: str, why: str) -> ScanRun:
    """Whether a switch stands at `bad`; a value that no switch has is not known."""
    found = next(iter(at(one, path)), None)
    off = found is not None and found.unknown is None and _is(found.value, bad)
    if off is None and found is not None:
        odd = Unknown(f"`{path}` has a value that it cannot have", decided_by=(f"{one.address}: {path}",))
        return ScanRun(origin=found.origin, because=odd.cause, aspect=aspect, good=odd)
    return _said(found, one, bool(off), aspect, why)


def _is(value: Value, bad: object) -> bool | None:
    """Whether a switch has the value; None for what is no value of such a switch. Terraform takes "false" for false."""
    if isinstance(bad, bool):
        told = SWITCH.get(str(value).lower())
        return None if told is None else told is bad
    return True if value == bad else False if str(value).startswith("ENABLED") else None


def states(one: Resource) -> Iterator[ScanRun]:
    """Whether a schedule or a rule is on: both are where nothing is said; one that may not exist may run nothing."""
    if one.possible is not None:
        yield ScanRun(origin=one.origin, because=one.possible.cause, aspect="on", good=one.possible)
    yield flag(one, "state", "DISABLED", "on", "it is switched off")
    if one.kind == RULE:
        yield flag(one, "is_enabled", False, "on", "it is switched off")


def again(world: World, one: Resource) -> Iterator[ScanRun]:
    """Whether it runs more than once, and goes on on the day of the scan."""
    found = next(iter(at(one, "schedule_expression")), None)
    once = found is not None and found.text.strip().startswith("at(")
    yield _said(found, one, once, "again", "it runs once, and never again")
    cron = CRONTAB.fullmatch(found.text.strip()) if found is not None and found.unknown is None else None
    if found is not None and cron is not None:
        fields = cron[1].split()
        yield _comes(
            one, found, comes(fields[2], fields[3], fields[5], _today(world)) if len(fields) == FIELDS else None
        )
    ends = next(iter(at(one, "end_date")), None)
    if ends is not None and world.pins is not None:
        over = ENDED.match(ends.text) is not None and ends.text[:10] < world.pins.as_of.isoformat()
        yield _said(ends, one, over, "again", f"it ended on {ends.text[:10]}")


def crontab(world: World, one: Resource) -> Iterator[ScanRun]:
    """Whether a CronJob runs on any day to come."""
    found = next(iter(at(one, "spec.schedule")), None)
    if found is not None:
        yield _comes(one, found, None if found.unknown is not None else crontab_comes(found.text, _today(world)))


def _today(world: World) -> date:
    return EARLIEST if world.pins is None else world.pins.as_of


def _comes(one: Resource, found: Found, more: bool | None) -> ScanRun:
    if more is not None or found.unknown is not None:
        return _said(found, one, more is False, "again", f"no day of `{found.text}` is to come")
    odd = Unknown(f"`{found.text}` is no schedule that is understood", decided_by=(f"{one.address}: its schedule",))
    return ScanRun(origin=found.origin, because=odd.cause, aspect="again", good=odd)


def _kept(world: World, program: tuple[Resource, Container]) -> ScanRun:
    """Whether the result lands in a store of evidence: its output by the log of the task, or where it is told to."""
    task, container = program
    log = dig(container.body, "logConfiguration", "options", "awslogs-group")
    told = [word for word in container.words if word.text.partition("=")[0] in KEEPS]
    origin = container.image.origin if container.image is not None else task.origin
    group = world.inventory.find(log, task, GROUP)
    if isinstance(group, Resource) and Role.SINK in world.nodes[group.id].roles:
        because = f"what it says goes to the store of evidence `{group.address}`"
        return ScanRun(origin=origin, because=because, aspect="kept", good=True)
    name = group.address if isinstance(group, Resource) else text(log)
    if told or task.kind == FUNCTION or (log is not None and not isinstance(group, Resource)):
        because = f"where it keeps what it says is not known: {f'`{told[0].text}`' if told else name or task.address}"
        hidden = Unknown(because, decided_by=(f"where {task.address} keeps its result",))
        return ScanRun(origin=origin, because=because, aspect="kept", good=hidden)
    if name and not world.profile.has("evidence.sinks"):
        because = f"whether `{name}` is a store of evidence is not known: the profile has no `evidence.sinks`"
        return ScanRun(
            origin=origin, because=because, aspect="kept", good=Unknown(because, decided_by=("profile:evidence.sinks",))
        )
    because = f"what it says goes to `{name}`, which is no store of evidence" if name else "nothing keeps what it says"
    return ScanRun(origin=origin, because=because, aspect="kept", good=False)
