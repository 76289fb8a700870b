"""Updated facts on each update path of the profile that the inputs hold."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import at, first
from scanner.builders.draft import World
from scanner.builders.evidence.schedules import CRON, again, crontab, flag, states
from scanner.builders.evidence.started import RULE, SCHEDULE
from scanner.builders.inventory import names
from scanner.builders.stop_controls.holders import strangers
from scanner.builders.update_paths.last import LIVE, last_success, switched_off
from scanner.builders.update_paths.owned import writers
from scanner.graph.facts_audit import ScanRun, Updated
from scanner.profile import UpdatePath
from scanner.resource import Resource
from scanner.unknown import Unknown

Answer = tuple[bool | Unknown, str]
SUSPENDED = frozenset({"CronJob", "Kustomization", "HelmRelease"})
"""Kinds that `spec.suspend` switches off. Sources: Kubernetes API reference, "CronJobSpec"; Flux API reference."""
SYNCED = {"Application": "spec.syncPolicy.automated", "ApplicationSet": "spec.template.spec.syncPolicy.automated"}
"""Kinds of Argo CD, and where they say that they bring what is new by themselves. Source: argoproj/argo-cd, "Automated
Sync Policy"."""
KINDS = frozenset({*SUSPENDED, *SYNCED, SCHEDULE, RULE, "aws_codepipeline", "aws_codebuild_project"})
"""Kinds of update paths of which it is known how they are switched off."""
CHANGED_BY: dict[str, tuple[str, ...]] = {
    "aws_scheduler_schedule": (
        "scheduler:UpdateSchedule", "scheduler:DeleteSchedule", "scheduler:DeleteScheduleGroup",
    ),
    "aws_cloudwatch_event_rule": (
        "events:PutTargets", "events:RemoveTargets", "events:DisableRule", "events:DeleteRule", "events:PutRule",
    ),
    "aws_codepipeline": (
        "codepipeline:UpdatePipeline", "codepipeline:DeletePipeline", "codepipeline:DisableStageTransition",
    ),
    "aws_codebuild_project": ("codebuild:UpdateProject", "codebuild:DeleteProject"),
}  # fmt: skip
"""By type: the actions that lead it elsewhere or end it."""
SOURCES = ("GitRepository", "OCIRepository", "Bucket", "HelmRepository", "HelmChart")


def build_update_paths(world: World) -> None:
    """What is known of each; that it updates the classifier is the word of the profile, and an assumption."""
    for entry in world.profile.updates:
        said = f"`{entry.by}` brings new versions of `{entry.classifier}` (the profile says so)"
        world.assumptions[said] = None
        for one in world.inventory.all:
            if not one.data and names(entry.by, one.unit, one.address):
                for fact in _facts(world, entry, one):
                    world.add_fact(one.id, fact)


def _facts(world: World, entry: UpdatePath, one: Resource) -> Iterator[Updated]:
    if one.kind not in KINDS:
        cause = f"no table says how a `{one.kind}` brings anything"
        yield _fact(one, entry, "on", Unknown(cause, decided_by=(one.address,)), cause)
    else:
        yield _on(world, entry, one)
    yield _fact(one, entry, "owned", *_owned(world, one))
    if one.source in LIVE:
        yield _fact(one, entry, "recent", *last_success(one, entry.max_age_days))


def _fact(one: Resource, entry: UpdatePath, aspect: str, good: bool | Unknown, because: str) -> Updated:
    said = good.cause if isinstance(good, Unknown) else because
    return Updated(origin=one.origin, because=said, aspect=aspect, good=good, by=entry.by, classifier=entry.classifier)


def _on(world: World, entry: UpdatePath, one: Resource) -> Updated:
    """Whether it and what it is fed by are on; both are where nothing is said."""
    said = list(_switches(world, one))
    odd = next((each for each in said if each.good is False), None)
    odd = odd or next((each for each in said if isinstance(each.good, Unknown)), None)
    if odd is not None:
        origin, good = odd.origin, odd.good
        return Updated(
            origin=origin, because=odd.because, aspect="on", good=good, by=entry.by, classifier=entry.classifier
        )
    return _fact(one, entry, "on", *(switched_off(one) if one.source in LIVE else (True, "it is on")))


def _switches(world: World, one: Resource) -> Iterator[ScanRun]:
    """What is said of each switch of it, and of what it is fed by."""
    if one.kind in SUSPENDED:
        for each in (one, *_sources(world, one)):
            yield flag(each, "spec.suspend", True, "on", f"`{each.address}` is switched off")
        if one.kind == CRON:
            yield from crontab(world, one)
    elif one.kind in SYNCED and one.source not in LIVE:
        # An API tells whether somebody asked for it in time.
        yield _by_itself(one, SYNCED[one.kind])
    elif one.kind in (SCHEDULE, RULE):
        yield from states(one)
        yield from again(world, one)


def _by_itself(one: Resource, path: str) -> ScanRun:
    """Argo CD waits to be asked where nothing else is said."""
    found = first(one, path)
    switch = flag(one, f"{path}.enabled", False, "on", "it waits to be asked")
    if found is not None and switch.good is not False:
        return switch
    cause = f"it brings nothing before somebody asks: `{path}` is not on"
    waits = Unknown(cause, decided_by=(f"{one.address}: {path}",))
    return ScanRun(origin=switch.origin, because=cause, aspect="on", good=waits)


def _sources(world: World, one: Resource) -> Iterator[Resource]:
    """The sources of Flux that it is fed by, where the inputs hold them."""
    for path in ("spec.sourceRef", "spec.chartRef", "spec.chart.spec.sourceRef"):
        for found in at(one, f"{path}.name") if one.kind in ("Kustomization", "HelmRelease") else ():
            space = next((each.text for each in at(one, f"{path}.namespace")), one.namespace)
            for kind in SOURCES:
                source = world.inventory.at(one.unit, f"{space}/{kind}/{found.text}")
                if source is not None:
                    yield source


def _owned(world: World, one: Resource) -> Answer:
    """Whether operators alone may change it; of many that may, the first is told."""
    if one.kind[:1].isupper():
        # Who changes a source of Flux leads all that it feeds elsewhere.
        answers = [answer for each in (one, *_sources(world, one)) for answer in writers(world, each)]
    elif one.kind in CHANGED_BY:
        answers = list(strangers(world, one, CHANGED_BY[one.kind]))
    else:
        return Unknown(f"no table says who changes a `{one.kind}`", decided_by=(one.address,)), ""
    if not world.profile.has("operators") and answers:
        return Unknown("the profile has no `operators`", decided_by=("profile:operators",)), ""
    sure = [because for good, because in answers if good is False]
    if sure:
        more = f", and {len(sure) - 1} more" if len(sure) > 1 else ""
        return False, f"{sure[0]}{more}"
    open_ = next((good for good, _ in answers if isinstance(good, Unknown)), None)
    return open_ if open_ is not None else True, "nobody but operators is seen to be able to change it"
