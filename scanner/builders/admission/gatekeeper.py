"""Gatekeeper's constraints about images: what they match, what is exempt from all of them, and how they act."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from scanner.builders.admission.native import GATEKEEPER_HOOK, WEBHOOKS
from scanner.builders.admission.rules import first_gap, policy_fails, selected
from scanner.builders.admission.subjects import Subject, picks
from scanner.builders.admission.verifier import Answer, Verifier
from scanner.builders.admission.words import fits_any, negated, speaks_of_images
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, Truth, both, doubt_of, either
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

GROUP = "constraints.gatekeeper.sh"
IGNORE = "admission.gatekeeper.sh/ignore"
POINT = "validation.gatekeeper.sh"
ANY = "*"


def gatekeeper(world: World) -> Iterator[Verifier]:
    """A verifier for each constraint whose kind, name or parameters speak of images."""
    for one in world.inventory.all:
        mine = one.group == GROUP and not one.data
        if mine and speaks_of_images(one.kind, one.name, dig(one.attrs, "spec", "parameters")):
            yield _verifier(world, one)


def _verifier(world: World, constraint: Resource) -> Verifier:
    def covers(subject: Subject) -> Answer:
        return first_gap(*_exempt(world, constraint, subject), *_matches(constraint, subject))

    answer = _denies(constraint)
    return Verifier(constraint, "Gatekeeper", covers, lambda _: answer, _closed(world, constraint))


def _exempt(world: World, constraint: Resource, subject: Subject) -> Iterator[Answer]:
    """What is taken out of every constraint: a label of the namespace, or the Config."""
    space = world.inventory.at(subject.unit, f"Namespace/{subject.namespace}")
    label = picks({"matchExpressions": [{"key": IGNORE, "operator": "Exists"}]}, subject.space, f"label {IGNORE}")
    if label is True:
        line = None if space is None else mark(space.attrs, "metadata", "labels", IGNORE) or space.origin
        yield Answer(False, f"namespace `{subject.namespace}` carries the label `{IGNORE}`", line)
    for config in world.inventory.of("Config", unit=constraint.unit):
        if config.group != "config.gatekeeper.sh":
            continue
        for index, one in enumerate(items_of(dig(config.attrs, "spec", "match"))):
            out = _excluded(one, subject)
            if config.possible is not None and out is True:
                out = doubt_of(config.possible) or False
            line = mark(config.attrs, "spec", "match", index, "excludedNamespaces") or config.origin
            yield Answer(negated(out), f"`{config.address}` excludes namespace `{subject.namespace}`", line)


def _excluded(entry: Value, subject: Subject) -> Truth:
    """Whether an entry of the Config takes the namespace out of what the webhook is asked."""
    if isinstance(entry, Unknown):
        return doubt_of(entry) or False
    processes = items_of(dig(entry, "processes"))
    asked = either(doubt_of(one) or False if isinstance(one, Unknown) else one in (ANY, "webhook") for one in processes)
    return both(asked, fits_any(dig(entry, "excludedNamespaces"), subject.namespace))


def _matches(constraint: Resource, subject: Subject) -> Iterator[Answer]:
    match = dig(constraint.attrs, "spec", "match")
    line = mark(constraint.attrs, "spec", "match") or constraint.origin
    name = constraint.name
    if constraint.possible is not None:
        yield Answer(doubt_of(constraint.possible) or False, f"whether `{name}` exists is not known", line)
    kinds = dig(match, "kinds")
    if kinds is not None:
        yield Answer(either(_kind(one, subject) for one in items_of(kinds)), f"`{name}` does not speak of pods", line)
    spaces = dig(match, "namespaces")
    if spaces is not None and items_of(spaces):
        answer = fits_any(spaces, subject.namespace)
        yield Answer(answer, f"`{name}` does not list namespace `{subject.namespace}`", line)
    out = fits_any(dig(match, "excludedNamespaces"), subject.namespace)
    where = mark(constraint.attrs, "spec", "match", "excludedNamespaces") or line
    yield Answer(negated(out), f"`{name}` excludes namespace `{subject.namespace}`", where)
    called = dig(match, "name")
    if called is not None:
        yield Answer(fits_any(called, subject.name), f"`{name}` speaks of other names", line)
    selectors = {
        "namespaceSelector": dig(match, "namespaceSelector"),
        "objectSelector": dig(match, "labelSelector"),
    }
    yield selected(selectors, subject, name, line)


def _kind(entry: Value, subject: Subject) -> Truth:
    if isinstance(entry, Unknown):
        return doubt_of(entry) or False
    groups, kinds = items_of(dig(entry, "apiGroups")), items_of(dig(entry, "kinds"))
    if any(isinstance(one, Unknown) for one in (*groups, *kinds)):
        return Doubt("value-unknown", ("spec.match.kinds",))
    pairs = (("", "Pod"), (subject.group, subject.kind))
    return any(
        (not groups or ANY in groups or group in groups) and (ANY in kinds or kind in kinds) for group, kind in pairs
    )


def _denies(constraint: Resource) -> Answer:
    spec = constraint.attrs.get("spec")
    action = dig(spec, "enforcementAction")
    line = mark(constraint.attrs, "spec", "enforcementAction") or constraint.origin
    if action is None:
        return Answer(True, "`enforcementAction` is not set: the default is `deny`", line)
    if isinstance(action, Unknown):
        return Answer(doubt_of(action) or False, f"`enforcementAction` is not known: {action.cause}", line)
    if action != "scoped":
        return Answer(action == "deny", f"`enforcementAction` of `{constraint.name}` is `{action}`", line)
    scoped = dig(spec, "scopedEnforcementActions")
    here = mark(constraint.attrs, "spec", "scopedEnforcementActions") or line
    answer = either(_scoped(one) for one in items_of(scoped))
    return Answer(answer, f"no scoped action of `{constraint.name}` denies on admission", here)


def _scoped(entry: Value) -> Truth:
    if isinstance(entry, Unknown) or isinstance(dig(entry, "action"), Unknown):
        return Doubt("value-unknown", ("scopedEnforcementActions",))
    points = [dig(one, "name") for one in items_of(dig(entry, "enforcementPoints"))]
    return dig(entry, "action") == "deny" and (POINT in points or ANY in points)


def _closed(world: World, constraint: Resource) -> Answer:
    """What the webhook says; where the inputs do not show it, it fails open as it is shipped, or was told otherwise."""
    for hooks in world.inventory.of(WEBHOOKS, unit=constraint.unit):
        for index, hook in enumerate(items_of(hooks.attrs.get("webhooks"))):
            if dig(hook, "name") == GATEKEEPER_HOOK:
                line = mark(hooks.attrs, "webhooks", index, "failurePolicy") or hooks.origin
                closed = policy_fails(dig(hook, "failurePolicy"), "Fail", GATEKEEPER_HOOK, line)
                return closed if hooks.possible is None else replace(closed, truth=doubt_of(hooks.possible) or False)
    because = (
        "whether Gatekeeper's webhook fails closed is not known: the inputs do not show it, and as shipped it does not"
    )
    decided = ("ValidatingWebhookConfiguration: validation.gatekeeper.sh",)
    return Answer(Doubt("fail-mode-unknown", decided), because, constraint.origin)
