"""Updated facts on each update path of the profile that the inputs hold."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found, at
from scanner.builders.draft import World
from scanner.builders.inventory import names
from scanner.builders.stop_controls.holders import strangers
from scanner.builders.update_paths.last import LIVE, last_success, switched_off
from scanner.builders.update_paths.owned import writers
from scanner.graph.facts_audit import Updated
from scanner.profile import UpdatePath
from scanner.resource import Resource
from scanner.unknown import Unknown

Answer = tuple[bool | Unknown, str]
OFF: dict[str, tuple[tuple[str, object], ...]] = {
    "CronJob": (("spec.suspend", True),),
    "Kustomization": (("spec.suspend", True),),
    "HelmRelease": (("spec.suspend", True),),
    "Application": (),
    "ApplicationSet": (),
    "aws_scheduler_schedule": (("state", "DISABLED"),),
    "aws_cloudwatch_event_rule": (("state", "DISABLED"), ("is_enabled", False)),
    "aws_codepipeline": (),
    "aws_codebuild_project": (),
}
"""By kind of an update path: the settings that switch it off. Sources: Kubernetes API reference, "CronJobSpec"; Flux
API reference of each; hashicorp/aws documentation of each type."""
CHANGED_BY: dict[str, tuple[str, ...]] = {
    "aws_scheduler_schedule": ("scheduler:UpdateSchedule", "scheduler:DeleteSchedule"),
    "aws_cloudwatch_event_rule": ("events:PutTargets", "events:DisableRule", "events:DeleteRule", "events:PutRule"),
    "aws_codepipeline": ("codepipeline:UpdatePipeline", "codepipeline:DeletePipeline",
                         "codepipeline:DisableStageTransition"),
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
    if one.kind not in OFF:
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
    asked = [(one, found, bad) for path, bad in OFF[one.kind] for found in at(one, path)]
    for source in _sources(world, one):
        asked += [(source, found, True) for found in at(source, "spec.suspend")]
    for each, found, bad in asked:
        if found.unknown is not None:
            return _at(entry, found, found.unknown, "")
        if found.value == bad:
            return _at(entry, found, False, f"`{each.address}` is switched off")
    ended = _ended(world, one)
    if ended is not None:
        return _at(entry, ended, False, f"it ended on {ended.text[:10]}")
    held = switched_off(one) if one.source in LIVE else ""
    return _fact(one, entry, "on", not held, held or "it is on")


def _at(entry: UpdatePath, found: Found, good: bool | Unknown, because: str) -> Updated:
    said = good.cause if isinstance(good, Unknown) else because
    return Updated(origin=found.origin, because=said, aspect="on", good=good, by=entry.by, classifier=entry.classifier)


def _ended(world: World, one: Resource) -> Found | None:
    """The end of a schedule that is over on the day of the scan."""
    for found in at(one, "end_date") if one.kind == "aws_scheduler_schedule" and world.pins is not None else ():
        if found.text[:4].isdigit() and world.pins is not None and found.text[:10] < world.pins.as_of.isoformat():
            return found
    return None


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
        answers = list(writers(world, one))
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
