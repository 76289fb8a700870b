"""Kyverno's policies that verify images, and the exceptions that take objects out of them."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from scanner.builders.admission.kyverno_match import block
from scanner.builders.admission.kyverno_settings import settings
from scanner.builders.admission.rules import conditions, first_gap, policy_fails
from scanner.builders.admission.subjects import Subject, picks
from scanner.builders.admission.verifier import Answer, Verifier
from scanner.builders.admission.words import all_of, condition, fits_any, image_fits, negated, speaks_of_images
from scanner.builders.draft import World
from scanner.builders.edges import Truth, both, doubt_of, either, truth
from scanner.resource import Key, Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

GROUP = "kyverno.io"
CLUSTER, NAMESPACED, EXCEPTION = "ClusterPolicy", "Policy", "PolicyException"


def kyverno(world: World) -> Iterator[Verifier]:
    """A verifier for each rule that verifies images, or speaks of them."""
    exceptions = [one for one in world.inventory.of(EXCEPTION) if one.group == GROUP]
    for policy in world.inventory.of(CLUSTER, NAMESPACED):
        if policy.group != GROUP:
            continue
        mine = [one for one in exceptions if one.unit == policy.unit]
        for index, rule in enumerate(items_of(dig(policy.attrs, "spec", "rules"))):
            if about_images(rule):
                yield _verifier(world, policy, rule, index, mine)


def about_images(rule: Value) -> bool:
    """Whether a rule verifies images, or validates something that speaks of them."""
    return bool(dig(rule, "verifyImages")) or speaks_of_images(dig(rule, "validate"))


def _verifier(world: World, policy: Resource, rule: Value, index: int, exceptions: list[Resource]) -> Verifier:
    def covers(subject: Subject) -> Answer:
        out = _exceptions(policy, rule, subject, exceptions)
        return first_gap(*settings(world, policy.unit, subject), *_coverage(policy, rule, index, subject), *out)

    def enforces(subject: Subject) -> Answer:
        return _enforced(policy, rule, index, subject)

    spec = policy.attrs.get("spec")
    path = ("webhookConfiguration", "failurePolicy") if dig(spec, "failurePolicy") is None else ("failurePolicy",)
    here = mark(policy.attrs, "spec", *path) or policy.origin
    return Verifier(policy, "Kyverno", covers, enforces, policy_fails(dig(spec, *path), "Fail", policy.name, here))


def _coverage(policy: Resource, rule: Value, index: int, subject: Subject) -> Iterator[Answer]:
    here: tuple[Key, ...] = ("spec", "rules", index)
    line = mark(policy.attrs, *here) or policy.origin
    if policy.kind == NAMESPACED:
        yield Answer(policy.namespace == subject.namespace, f"`{policy.name}` is of another namespace", line)
    yield Answer(_exists(policy), f"whether `{policy.name}` exists is not known", policy.origin)
    where = mark(policy.attrs, *here, "match") or line
    yield Answer(
        block(dig(rule, "match"), subject, policy.address), f"the `match` of `{policy.name}` leaves it out", where
    )
    out = block(dig(rule, "exclude"), subject, policy.address)
    yield Answer(negated(out), f"the `exclude` of `{policy.name}` takes it out", mark(policy.attrs, *here, "exclude"))
    hook = ("spec", "webhookConfiguration", "matchConditions")
    yield conditions(dig(policy.attrs, *hook), policy.name, mark(policy.attrs, *hook) or line)
    # Kyverno takes conditions in CEL beside CEL alone, and refuses the policy otherwise.
    cel = (*here, "celPreconditions")
    yield conditions(dig(policy.attrs, *cel), policy.name, mark(policy.attrs, *cel) or line)
    told = condition(dig(rule, "preconditions"), f"{policy.address}: preconditions")
    yield Answer(told, f"whether the preconditions of `{policy.name}` hold for it is not known", line)
    if dig(rule, "verifyImages"):
        yield _images(policy, rule, index, subject)
    else:
        yield Answer(True, f"`{policy.name}` speaks of it", line)


def _images(policy: Resource, rule: Value, index: int, subject: Subject) -> Answer:
    """Whether every image of the pods is among those that the rule verifies."""
    line = mark(policy.attrs, "spec", "rules", index, "verifyImages") or policy.origin
    checks = items_of(dig(rule, "verifyImages"))

    def verified(image: Value) -> Truth:
        return either(
            both(
                image_fits(dig(one, "imageReferences") or dig(one, "image"), image),
                negated(image_fits(dig(one, "skipImageReferences"), image)),
            )
            for one in checks
        )

    answer = all_of(verified(image) for image in subject.images)
    return Answer(answer, f"`{policy.name}` does not verify all of its images", line)


def _exists(resource: Resource) -> Truth:
    return True if resource.possible is None else doubt_of(resource.possible) or False


def _exceptions(policy: Resource, rule: Value, subject: Subject, exceptions: list[Resource]) -> Iterator[Answer]:
    for one in exceptions:
        out = both(excepts(one, policy, dig(rule, "name")), taken_out(one, subject))
        if out is not False:
            line = mark(one.attrs, "spec", "match") or one.origin
            yield Answer(negated(out), f"`{one.address}` takes it out of `{policy.name}`", line)


def excepts(exception: Resource, policy: Resource, rule: Value) -> Truth:
    """Whether an exception names this rule of this policy."""
    return either(_entry(one, policy, rule) for one in items_of(dig(exception.attrs, "spec", "exceptions")))


def _entry(entry: Value, policy: Resource, rule: Value) -> Truth:
    name = dig(entry, "policyName")
    if isinstance(name, Unknown):
        return doubt_of(name) or False
    # A namespaced policy is named with its namespace before it.
    called = policy.name if policy.kind == CLUSTER else f"{policy.namespace}/{policy.name}"
    if not isinstance(name, str) or not (fnmatchcase(called, name) or fnmatchcase(policy.name, name)):
        return False
    rules = dig(entry, "ruleNames")
    if rules is None or isinstance(rule, Unknown):
        return True
    made = (f"autogen-{rule}", f"autogen-cronjob-{rule}")
    return either(fits_any(rules, name) for name in (str(rule), *made))


def taken_out(exception: Resource, subject: Subject) -> Truth:
    """Whether an exception speaks of the subject, as far as it is certain that it stands."""
    told = condition(dig(exception.attrs, "spec", "conditions"), f"{exception.address}: conditions")
    spoken = block(dig(exception.attrs, "spec", "match"), subject, exception.address)
    return both(both(spoken, told), _exists(exception))


def _enforced(policy: Resource, rule: Value, index: int, subject: Subject) -> Answer:
    """Enforce, by the rule's own action, by an override for the namespace, or by the policy's."""
    base: tuple[Key, ...] = ("spec", "rules", index)
    listed = enumerate(items_of(dig(rule, "verifyImages")))
    checks: list[tuple[tuple[Key, ...], Value]] = [(("verifyImages", number), one) for number, one in listed]
    parts = checks or [(("validate",), dig(rule, "validate"))]
    answers = [_action(policy, (*base, *path), part, subject) for path, part in parts]
    loose = [_required(policy, (*base, *path), part) for path, part in checks]
    admission = truth(dig(policy.attrs, "spec", "admission"), True)
    line = mark(policy.attrs, "spec", "admission") or policy.origin
    return first_gap(*loose, Answer(admission, f"`{policy.name}` is not asked on admission", line), *answers)


def _required(policy: Resource, path: tuple[Key, ...], check: Value) -> Answer:
    line = mark(policy.attrs, *path, "required") or mark(policy.attrs, *path)
    return Answer(truth(dig(check, "required"), True), f"`required` of `{policy.name}` is false", line)


def _action(policy: Resource, path: tuple[Key, ...], part: Value, subject: Subject) -> Answer:
    spec = policy.attrs.get("spec")
    own = dig(part, "failureAction")
    overrides = dig(part, "failureActionOverrides") if own is not None else None
    found = (own, (*path, "failureAction"), "failureAction")
    if own is None:
        overrides = dig(spec, "validationFailureActionOverrides")
        found = (dig(spec, "validationFailureAction"), ("spec", "validationFailureAction"), "validationFailureAction")
    line = mark(policy.attrs, *found[1]) or policy.origin
    if found[0] is None:
        return Answer(False, f"`{found[2]}` of `{policy.name}` is not set: the default is `Audit`", line)
    answer = Answer(_enforce(found[0]), f"`{found[2]}` of `{policy.name}` is `{_shown(found[0])}`", line)
    for one in items_of(overrides):
        there = _space(one, subject)
        other = _enforce(dig(one, "action"))
        if there is not False and other is not answer.truth:
            because = f"an override of `{policy.name}` sets `{_shown(dig(one, 'action'))}` for its namespace"
            kept = other if there is True else there
            answer = Answer(kept, because, mark(policy.attrs, "spec", "validationFailureActionOverrides") or line)
    return answer


def _space(override: Value, subject: Subject) -> Truth:
    if dig(override, "namespaceSelector") is not None:
        return picks(dig(override, "namespaceSelector"), subject.space, f"Namespace/{subject.namespace}: labels")
    return fits_any(dig(override, "namespaces"), subject.namespace)


def _enforce(value: Value) -> Truth:
    if isinstance(value, Unknown):
        return doubt_of(value) or False
    return isinstance(value, str) and value.lower() == "enforce"


def _shown(value: Value) -> str:
    return str(value) if isinstance(value, str) else "not known"
