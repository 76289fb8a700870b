"""Schedules that run Tether itself: is it switched on, does it run again, is it there, and is what it says kept.

Sources: hashicorp/aws documentation of `aws_scheduler_schedule` (`state`, `schedule_expression`, `start_date`,
`end_date`, `schedule_expression_timezone`), `aws_cloudwatch_event_rule` (`state`, `is_enabled`) and
`aws_cloudwatch_event_target`; the ECS API reference, "LogConfiguration" (`awslogs-group`) and "TaskDefinition"
(`status`); the Kubernetes API reference, "CronJobSpec" (`suspend`, `schedule`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from scanner.builders.blocks import Found, at, text
from scanner.builders.draft import World
from scanner.builders.evidence.calendar import comes, crontab_comes
from scanner.builders.evidence.started import FUNCTION, PATHS, RULE, Start, gone_of, ours, starts
from scanner.builders.recognise.containers import Container, containers_of
from scanner.graph.facts_audit import ScanRun
from scanner.graph.model import Role
from scanner.patterns import lazy
from scanner.resource import Resource, dig
from scanner.unknown import Unknown, Value

CRON, GROUP = "CronJob", "aws_cloudwatch_log_group"
KEEPS = ("--store", "--store-from", "--output")
CRONTAB = lazy(r"cron\(([^()]*)\)")
EXPRESSION = lazy(r"\s*(?:at|cron|rate)\(")
EARLIEST = date(1970, 1, 1)
FIELDS = 6
SWITCH = {"true": True, "false": False, "1": True, "0": False}
DAY = lazy(r"^\d{4}-\d{2}-\d{2}(?:$|T)")
ACTIVE = "ACTIVE"


def build_schedules(world: World) -> None:
    """ScanRun facts on every schedule, rule and job that runs Tether, or of which nobody knows whether it does.

    Nothing else is told of schedules: to whoever looks for kinds that nobody models, they stay such.
    """
    for start in starts(world):
        _tell(world, start.one, list(_of(world, start)))
    for one in world.inventory.like(CRON):
        if any(ours(each) for each in containers_of(one)):
            _tell(world, one, [flag(one, "spec.suspend", True, "on", "it is suspended"), *crontab(world, one)])


def _of(world: World, start: Start) -> Iterator[ScanRun]:
    """What is known of a scan that a schedule starts."""
    one, by = start.one, start.by
    if start.gone:
        because = f"what it starts is not there: `{start.gone}`"
        yield ScanRun(origin=start.found.origin or by.origin, because=because, aspect="there", good=False)
    elif start.doubt is not None:
        origin, cause = start.found.origin or by.origin, start.doubt.cause
        yield ScanRun(origin=origin, because=cause, aspect="there", good=start.doubt)
    elif start.program is not None:
        yield from (*states(one), *again(world, one), *_there(by, start.program))
        yield from (_kept(world, (start.program, each)) for each in start.containers)
        yield from _overridden(by, one)


def _there(by: Resource, program: Resource) -> Iterator[ScanRun]:
    """Whether a task can start: an API says that its definition is none to start from, or that its cluster is gone."""
    status = program.attrs.get("status")
    if isinstance(status, Unknown):
        yield ScanRun(origin=program.origin, because=status.cause, aspect="there", good=status)
    elif isinstance(status, str) and status != ACTIVE:
        because = f"no task starts from `{program.address}`, which is `{status}`"
        yield ScanRun(origin=program.origin, because=because, aspect="there", good=False)
    for found in at(by, PATHS[by.kind][0]):
        if found.text in gone_of(by):
            because = f"what it starts the task in is not there: `{found.text}`"
            yield ScanRun(origin=found.origin, because=because, aspect="there", good=False)


def _overridden(target: Resource, one: Resource) -> Iterator[ScanRun]:
    """What a target hands over may be another command for the task (ECS API reference, "ContainerOverride")."""
    for found in (each for path in PATHS[target.kind][2] for each in at(target, path)):
        odd = Unknown("what its `input` changes of the task is not read", decided_by=(f"{one.address}: its input",))
        yield ScanRun(origin=found.origin, because=odd.cause, aspect="kept", good=odd)


def _tell(world: World, one: Resource, facts: list[ScanRun]) -> None:
    for fact in facts:
        world.add_fact(one.id, fact)


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
    if found is None or (found.unknown is None and EXPRESSION.match(found.text) is None):
        yield _unscheduled(one, found)
    else:
        once = found.text.strip().startswith("at(")
        yield _said(found, one, once, "again", "it runs once, and never again")
        cron = CRONTAB.fullmatch(found.text.strip()) if found.unknown is None else None
        if cron is not None:
            yield _by_cron(world, one, found, cron[1].split())
    if world.pins is not None:
        today = world.pins.as_of.isoformat()
        yield from _bounded(one, "end_date", "it ended on", before=today)
        yield from _bounded(one, "start_date", "it does not begin before", after=today)


def _bounded(one: Resource, path: str, why: str, *, before: str = "", after: str = "~") -> Iterator[ScanRun]:
    """Whether a schedule has ended before a day, or begins after it."""
    for day in at(one, path):
        if day.unknown is None and DAY.match(day.text) is None:
            yield _odd(one, day, f"`{path}` is no date that is understood")
        else:
            written = day.text[:10]
            yield _said(day, one, written < before or written > after, "again", f"{why} {written}")


def _unscheduled(one: Resource, found: Found | None) -> ScanRun:
    """A rule may wait for events and have no schedule at all; anything else without one is not understood."""
    if found is None and one.kind == RULE and one.attrs.get("event_pattern") is not None:
        return _said(None, one, False, "again", "")
    named = "it has no schedule that is read" if found is None else f"`{found.text}` is no schedule that is understood"
    return _odd(one, found, named)


def _by_cron(world: World, one: Resource, found: Found, fields: list[str]) -> ScanRun:
    """Whether a day is to come; in another time zone the last one may not be over."""
    if len(fields) != FIELDS:
        return _comes(one, found, None)
    more = comes(fields[2], fields[3], fields[5], _today(world))
    zone = one.attrs.get("schedule_expression_timezone")
    if more is False and zone not in (None, "UTC") and _today(world) > EARLIEST:
        before = comes(fields[2], fields[3], fields[5], _today(world) - timedelta(days=1))
        if before is not False:
            return _odd(one, found, f"whether the last day of `{found.text}` is over hangs on its time zone")
    return _comes(one, found, more)


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
    return _odd(one, found, f"`{found.text}` is no schedule that is understood")


def _odd(one: Resource, found: Found | None, cause: str) -> ScanRun:
    unknown = Unknown(cause, decided_by=(f"{one.address}: its schedule",))
    return ScanRun(origin=one.origin if found is None else found.origin, because=cause, aspect="again", good=unknown)


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
