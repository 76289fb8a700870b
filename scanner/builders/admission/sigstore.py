"""sigstore's policy-controller: namespaces opt in by a label, images are held against every policy that names them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from scanner.builders.admission.native import WEBHOOKS
from scanner.builders.admission.rules import first_gap, policy_fails
from scanner.builders.admission.subjects import Subject, picks
from scanner.builders.admission.verifier import Answer, Verifier
from scanner.builders.admission.words import all_of, image_fits
from scanner.builders.draft import World
from scanner.builders.edges import Truth, doubt_of, either
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

KIND, GROUP = "ClusterImagePolicy", "policy.sigstore.dev"
INCLUDE = "policy.sigstore.dev/include"
SETTINGS, NO_MATCH = "config-policy-controller", "no-match-policy"


def sigstore(world: World) -> Iterator[Verifier]:
    """One verifier for each policy; what no policy names is told by the one whose images come nearest."""
    for policy in world.inventory.of(KIND):
        if policy.group == GROUP:
            yield _verifier(world, policy)


def _verifier(world: World, policy: Resource) -> Verifier:
    def covers(subject: Subject) -> Answer:
        return first_gap(_included(world, subject), *_named(world, policy, subject))

    answer = _enforces(policy)
    return Verifier(policy, "sigstore policy-controller", covers, lambda _: answer, _closed(world, policy))


def _included(world: World, subject: Subject) -> Answer:
    """The label that the webhook asks a namespace for, unless the inputs show a webhook that asks for none."""
    space = world.inventory.at(subject.unit, f"Namespace/{subject.namespace}")
    line = None if space is None else mark(space.attrs, "metadata", "labels", INCLUDE) or space.origin
    where = f"Namespace/{subject.namespace}: label {INCLUDE}"
    for hook, _ in _hooks(world, subject.unit):
        answer = picks(dig(hook, "namespaceSelector"), subject.space, where)
        return Answer(answer, f"the webhook's `namespaceSelector` leaves namespace `{subject.namespace}` out", line)
    answer = picks({"matchLabels": {INCLUDE: "true"}}, subject.space, where)
    return Answer(answer, f'namespace `{subject.namespace}` does not carry the label `{INCLUDE}: "true"`', line)


def _named(world: World, policy: Resource, subject: Subject) -> Iterator[Answer]:
    line = mark(policy.attrs, "spec", "images") or policy.origin
    if policy.possible is not None:
        yield Answer(doubt_of(policy.possible) or False, f"whether `{policy.name}` exists is not known", line)
    globs = [dig(one, "glob") for one in items_of(dig(policy.attrs, "spec", "images"))]
    mine = all_of(image_fits(globs, image) for image in subject.images)
    refused = _refused(world, policy.unit)
    yield Answer(either((mine, refused.truth)), f"`{policy.name}` does not name all of its images", line)
    match = items_of(dig(policy.attrs, "spec", "match"))
    if match:
        where = mark(policy.attrs, "spec", "match") or line
        answer = either(_resource(one, subject) for one in match)
        yield Answer(answer, f"the `match` of `{policy.name}` leaves it out", where)


def _refused(world: World, unit: str) -> Answer:
    """Whether an image that no policy names is turned away, which is the default."""
    for one in world.inventory.of("ConfigMap", unit=unit):
        if one.name == SETTINGS:
            value = dig(one.attrs, "data", NO_MATCH)
            line = mark(one.attrs, "data", NO_MATCH) or one.origin
            if isinstance(value, Unknown):
                return Answer(doubt_of(value) or False, f"`{NO_MATCH}` is not known", line)
            return Answer(value in (None, "deny"), f"`{NO_MATCH}` is `{value}`", line)
    return Answer(True, f"`{NO_MATCH}` is not set: the default is `deny`", None)


def _resource(entry: Value, subject: Subject) -> Truth:
    if isinstance(entry, Unknown):
        return doubt_of(entry) or False
    pairs = (("", "pods"), (subject.group, subject.plural))
    named = any(
        dig(entry, "group") in (None, group) and dig(entry, "resource") == resource for group, resource in pairs
    )
    where = f"{subject.resource.address}: labels"
    return all_of((named, picks(dig(entry, "selector"), subject.labels, where)))


def _enforces(policy: Resource) -> Answer:
    mode = dig(policy.attrs, "spec", "mode")
    line = mark(policy.attrs, "spec", "mode") or policy.origin
    if isinstance(mode, Unknown):
        return Answer(doubt_of(mode) or False, f"`mode` of `{policy.name}` is not known: {mode.cause}", line)
    if mode == "warn":
        return Answer(False, f"`mode` of `{policy.name}` is `warn`", line)
    for index, authority in enumerate(items_of(dig(policy.attrs, "spec", "authorities"))):
        if dig(authority, "static", "action") == "pass":
            where = mark(policy.attrs, "spec", "authorities", index, "static") or line
            return Answer(False, f"an authority of `{policy.name}` passes every image", where)
    return Answer(True, f"`mode` of `{policy.name}` is `enforce`, which is the default", line)


def _hooks(world: World, unit: str) -> Iterator[tuple[Value, Answer]]:
    for hooks in world.inventory.of(WEBHOOKS, unit=unit):
        for index, hook in enumerate(items_of(hooks.attrs.get("webhooks"))):
            name = dig(hook, "name")
            if isinstance(name, str) and name.startswith("policy.sigstore.dev"):
                line = mark(hooks.attrs, "webhooks", index, "failurePolicy") or hooks.origin
                closed = policy_fails(dig(hook, "failurePolicy"), "Fail", name, line)
                unsure = None if hooks.possible is None else doubt_of(hooks.possible)
                yield hook, closed if unsure is None else replace(closed, truth=unsure)


def _closed(world: World, policy: Resource) -> Answer:
    for _, answer in _hooks(world, policy.unit):
        return answer
    return Answer(True, "its webhook is not in the inputs: as shipped it fails closed", policy.origin)
