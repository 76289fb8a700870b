"""Kyverno's newer policies (`policies.kyverno.io`) that verify images, and their exceptions."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.admission.kyverno_settings import settings
from scanner.builders.admission.native import denies
from scanner.builders.admission.rules import conditions, first_gap, matched, policy_fails
from scanner.builders.admission.subjects import Subject
from scanner.builders.admission.verifier import Answer, Verifier
from scanner.builders.admission.words import all_of, condition, image_fits, negated, speaks_of_images
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, Truth, both, doubt_of, either, truth
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

GROUP = "policies.kyverno.io"
IMAGES = ("ImageValidatingPolicy", "NamespacedImageValidatingPolicy")
VALIDATING = ("ValidatingPolicy", "NamespacedValidatingPolicy")
EXCEPTION = "PolicyException"


def kyverno_cel(world: World) -> Iterator[Verifier]:
    """A verifier for each policy about images."""
    exceptions = [one for one in world.inventory.of(EXCEPTION) if one.group == GROUP]
    for policy in world.inventory.of(*IMAGES, *VALIDATING):
        spec = policy.attrs.get("spec")
        if policy.group == GROUP and (policy.kind in IMAGES or speaks_of_images(dig(spec, "validations"))):
            yield _verifier(world, policy, [one for one in exceptions if one.unit == policy.unit])


def _verifier(world: World, policy: Resource, exceptions: list[Resource]) -> Verifier:
    spec = policy.attrs.get("spec")

    def covers(subject: Subject) -> Answer:
        every = settings(world, policy.unit, subject)
        return first_gap(*every, *_coverage(policy, subject), *_exceptions(policy, exceptions))

    asked = truth(dig(spec, "evaluation", "admission", "enabled"), True)
    line = mark(policy.attrs, "spec", "evaluation") or policy.origin
    action = denies(policy, dig(spec, "validationActions"), "validationActions", "Deny")
    answer = first_gap(Answer(asked, f"`{policy.name}` is not asked on admission", line), action)
    here = mark(policy.attrs, "spec", "failurePolicy") or policy.origin
    closed = policy_fails(dig(spec, "failurePolicy"), "Fail", policy.name, here)
    return Verifier(policy, "Kyverno", covers, lambda _: answer, closed)


def _coverage(policy: Resource, subject: Subject) -> Iterator[Answer]:
    spec = policy.attrs.get("spec")
    if policy.kind.startswith("Namespaced"):
        yield Answer(policy.namespace == subject.namespace, f"`{policy.name}` is of another namespace", policy.origin)
    if policy.possible is not None:
        unsure = doubt_of(policy.possible) or False
        yield Answer(unsure, f"whether `{policy.name}` exists is not known", policy.origin)
    line = mark(policy.attrs, "spec", "matchConstraints") or policy.origin
    yield matched(dig(spec, "matchConstraints"), "resourceRules", subject, policy.name, line)
    yield conditions(dig(spec, "matchConditions"), policy.name, mark(policy.attrs, "spec", "matchConditions"))
    references = dig(spec, "matchImageReferences")
    if policy.kind in IMAGES and references is not None:
        where = mark(policy.attrs, "spec", "matchImageReferences") or line
        answer = all_of(_image(references, image, policy) for image in subject.images)
        yield Answer(answer, f"`{policy.name}` does not verify all of its images", where)


def _image(references: Value, image: Value, policy: Resource) -> Truth:
    return either(
        Doubt("condition-unevaluable", (f"{policy.address}: matchImageReferences",))
        if dig(one, "expression") is not None or isinstance(one, Unknown)
        else image_fits(dig(one, "glob"), image)
        for one in items_of(references)
    )


def _exceptions(policy: Resource, exceptions: list[Resource]) -> Iterator[Answer]:
    for one in exceptions:
        out = excepts(one, policy)
        if out is not False:
            line = mark(one.attrs, "spec", "policyRefs") or one.origin
            yield Answer(negated(out), f"`{one.address}` takes it out of `{policy.name}`", line)


def excepts(exception: Resource, policy: Resource) -> Truth:
    """Whether an exception takes objects out of the policy; which ones, expressions decide, in doubt here."""
    spec = exception.attrs.get("spec")
    named = either(_named(one, policy) for one in items_of(dig(spec, "policyRefs")))
    limits = (dig(spec, "matchConditions"), dig(spec, "images"), dig(spec, "allowedValues"))
    told = all_of(condition(one, f"{exception.address}: matchConditions") for one in limits)
    sure: Truth = True if exception.possible is None else doubt_of(exception.possible) or False
    return both(both(named, told), sure)


def _named(reference: Value, policy: Resource) -> Truth:
    name, kind = dig(reference, "name"), dig(reference, "kind")
    unknown = next((part for part in (name, kind) if isinstance(part, Unknown)), None)
    if unknown is not None:
        return doubt_of(unknown) or False
    return name == policy.name and kind in (None, policy.kind)
