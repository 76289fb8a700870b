"""Admission policies and webhooks of Kubernetes itself that speak of images."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.admission.rules import conditions, first_gap, matched, policy_fails, selected
from scanner.builders.admission.subjects import Subject
from scanner.builders.admission.verifier import Answer, Verifier
from scanner.builders.admission.words import speaks_of_images
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, Truth, doubt_of, either
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

POLICY, BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
WEBHOOKS = "ValidatingWebhookConfiguration"
GATEKEEPER_HOOK = "validation.gatekeeper.sh"


def native(world: World) -> Iterator[Verifier]:
    """A verifier for each binding of a policy about images, for such a policy without one, and for such a webhook."""
    bindings: dict[tuple[str, str], list[Resource]] = {}
    for binding in world.inventory.of(BINDING):
        name = dig(binding.attrs, "spec", "policyName")
        bindings.setdefault((binding.unit, name if isinstance(name, str) else "?"), []).append(binding)
    for policy in world.inventory.of(POLICY):
        spec = policy.attrs.get("spec")
        if not speaks_of_images(dig(spec, "validations"), dig(spec, "variables")):
            continue
        bound = [*bindings.get((policy.unit, policy.name), ()), *bindings.get((policy.unit, "?"), ())]
        for one in bound:
            yield _bound(world, policy, one)
        if not bound:
            yield _unbound(policy)
    for hooks in world.inventory.of(WEBHOOKS):
        yield from _hooks(hooks)


def _unbound(policy: Resource) -> Verifier:
    why = Answer(False, f"no binding puts `{policy.name}` into force", policy.origin)
    return Verifier(policy, POLICY, lambda subject: _constraints(policy, subject), lambda _: why, why)


def _constraints(policy: Resource, subject: Subject) -> Answer:
    spec = policy.attrs.get("spec")
    here = mark(policy.attrs, "spec", "matchConstraints") or policy.origin
    return first_gap(
        matched(dig(spec, "matchConstraints"), "resourceRules", subject, policy.name, here),
        conditions(dig(spec, "matchConditions"), policy.name, mark(policy.attrs, "spec", "matchConditions")),
    )


def _bound(world: World, policy: Resource, binding: Resource) -> Verifier:
    def covers(subject: Subject) -> Answer:
        limits = dig(binding.attrs, "spec", "matchResources")
        here = mark(binding.attrs, "spec", "matchResources") or binding.origin
        more = selected(limits, subject, binding.name, here)
        if dig(limits, "resourceRules") is not None or dig(limits, "excludeResourceRules") is not None:
            more = first_gap(more, matched(limits, "resourceRules", subject, binding.name, here))
        return first_gap(
            _constraints(policy, subject), more, _named(policy, binding), _parameter(world, policy, binding)
        )

    answer = denies(binding, dig(binding.attrs, "spec", "validationActions"), "validationActions", "")
    closed = policy_fails(
        dig(policy.attrs, "spec", "failurePolicy"), "Fail", policy.name,
        mark(policy.attrs, "spec", "failurePolicy") or policy.origin,
    )  # fmt: skip
    return Verifier(binding, POLICY, covers, lambda _: answer, closed)


def _named(policy: Resource, binding: Resource) -> Answer:
    """Whether the binding is this policy's, and both certainly exist."""
    named = dig(binding.attrs, "spec", "policyName")
    unknown = named if isinstance(named, Unknown) else binding.possible or policy.possible
    truth: Truth = True if unknown is None else doubt_of(unknown) or False
    because = f"`{binding.name}` binds `{policy.name}`"
    return Answer(truth, because if unknown is None else f"whether {because} is not known", binding.origin)


def _parameter(world: World, policy: Resource, binding: Resource) -> Answer:
    """A policy with parameters: where none is found, `parameterNotFoundAction` may let everything through."""
    reference = dig(binding.attrs, "spec", "paramRef")
    here = mark(binding.attrs, "spec", "paramRef") or binding.origin
    if dig(policy.attrs, "spec", "paramKind") is None or reference is None:
        return Answer(True, "it takes no parameter", here)
    kind, name = dig(policy.attrs, "spec", "paramKind", "kind"), dig(reference, "name")
    there = isinstance(kind, str) and any(one.name == name for one in world.inventory.of(kind, unit=binding.unit))
    if there or dig(reference, "parameterNotFoundAction") == "Deny":
        return Answer(True, "its parameter is there, or its absence denies", here)
    because = f"whether the parameter of `{binding.name}` is there is not known, and without it everything is admitted"
    return Answer(Doubt("selector-target-not-in-input", (f"{binding.address}: paramRef",)), because, here)


def denies(resource: Resource, actions: Value, key: str, default: str) -> Answer:
    """Whether a list of actions has Deny; `default` is what counts where there is none."""
    here = mark(resource.attrs, "spec", key) or resource.origin
    if actions is None:
        return Answer(default == "Deny", f"`{key}` is not set: the default is `{default or 'none'}`", here)
    truth = either(doubt_of(one) or False if isinstance(one, Unknown) else one == "Deny" for one in items_of(actions))
    listed = ", ".join(str(one) for one in items_of(actions) if isinstance(one, str)) or "not known"
    return Answer(truth, f"`{key}` of `{resource.name}` is `{listed}`", here)


def _hooks(hooks: Resource) -> Iterator[Verifier]:
    for index, hook in enumerate(items_of(hooks.attrs.get("webhooks"))):
        service = dig(hook, "clientConfig")
        if dig(hook, "name") == GATEKEEPER_HOOK or not speaks_of_images(dig(hook, "name"), service, hooks.name):
            continue
        yield _hook(hooks, hook, index)


def _hook(hooks: Resource, hook: Value, index: int) -> Verifier:
    called = dig(hook, "name")
    name = called if isinstance(called, str) else hooks.name
    here = mark(hooks.attrs, "webhooks", index, "name") or hooks.origin

    def covers(subject: Subject) -> Answer:
        line = mark(hooks.attrs, "webhooks", index, "matchConditions") or here
        return first_gap(
            matched(hook, "rules", subject, name, here), conditions(dig(hook, "matchConditions"), name, line)
        )

    sure: Truth = True if hooks.possible is None else doubt_of(hooks.possible) or False
    enforces = Answer(sure, f"what `{name}` turns away is not admitted", here)
    line = mark(hooks.attrs, "webhooks", index, "failurePolicy") or here
    closed = policy_fails(dig(hook, "failurePolicy"), "Fail", name, line)
    return Verifier(hooks, "admission webhook", covers, lambda _: enforces, closed)
