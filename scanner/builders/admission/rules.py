"""What webhooks and admission policies of Kubernetes itself match: resource rules, selectors, conditions."""

from __future__ import annotations

from scanner.builders.admission.subjects import Subject, picks
from scanner.builders.admission.verifier import Answer
from scanner.builders.admission.words import all_of, condition, negated
from scanner.builders.edges import Truth, doubt_of, either
from scanner.origin import Origin
from scanner.resource import dig, items_of, mark
from scanner.unknown import Unknown, Value

ANY = "*"


def resource_rule(rule: Value, subject: Subject) -> Truth:
    """Whether a rule speaks of the creation of the pods, or of the workload that makes them."""
    if isinstance(rule, Unknown):
        return doubt_of(rule) or False
    named = dig(rule, "resourceNames")
    return all_of(
        (
            _listed(dig(rule, "operations"), "CREATE"),
            _listed(dig(rule, "scope") or ANY, "Namespaced"),
            either((_target(rule, "", "pods"), _target(rule, subject.group, subject.plural))),
            named is None or not items_of(named),
        )
    )


def _target(rule: Value, group: str, resource: str) -> Truth:
    return all_of(
        (
            _listed(dig(rule, "apiGroups"), group),
            either(
                _one(item, resource) if not isinstance(item, Unknown) else doubt_of(item) or False
                for item in items_of(dig(rule, "resources"))
            ),
        )
    )


def _one(item: Value, resource: str) -> bool:
    return item in (ANY, "*/*", resource, f"{resource}/*")


def _listed(values: Value, wanted: str) -> Truth:
    return either(
        item in (ANY, wanted) if not isinstance(item, Unknown) else doubt_of(item) or False for item in items_of(values)
    )


def matched(match: Value, rules_key: str, subject: Subject, name: str, origin: Origin | None) -> Answer:
    """Whether `match` (a webhook, or a policy's `matchConstraints`) speaks of the subject, and what keeps it out."""
    spoken = either(resource_rule(rule, subject) for rule in items_of(dig(match, rules_key)))
    if spoken is False:
        return Answer(False, f"`{name}` does not speak of pods", mark(match, rules_key) or origin)
    out = either(resource_rule(rule, subject) for rule in items_of(dig(match, "excludeResourceRules")))
    if out is not False:
        because = f"`{name}` leaves its kind out (`excludeResourceRules`)"
        return Answer(negated(out), because, mark(match, "excludeResourceRules") or origin)
    answer = selected(match, subject, name, origin)
    return Answer(all_of((spoken, answer.truth)), answer.because, answer.origin)


def selected(match: Value, subject: Subject, name: str, origin: Origin | None) -> Answer:
    """The selectors of a webhook or policy, over the namespace and over the labels of the pods."""
    space = picks(dig(match, "namespaceSelector"), subject.space, f"Namespace/{subject.namespace}: labels")
    if space is not True:
        because = f"the `namespaceSelector` of `{name}` leaves namespace `{subject.namespace}` out"
        return Answer(space, because, mark(match, "namespaceSelector") or origin)
    labels = picks(dig(match, "objectSelector"), subject.labels, f"{subject.resource.address}: labels")
    if labels is not True:
        because = f"the `objectSelector` of `{name}` leaves pods with these labels out"
        return Answer(labels, because, mark(match, "objectSelector") or origin)
    return Answer(True, f"`{name}` speaks of it", origin)


def conditions(value: Value, name: str, origin: Origin | None) -> Answer:
    """`matchConditions`: expressions that may leave anything out."""
    because = f"whether the `matchConditions` of `{name}` hold for it is not known"
    return Answer(condition(value, f"{name}: matchConditions"), because, origin)


def first_gap(*answers: Answer) -> Answer:
    """The answer that counts where all must hold: a certain no, else a doubt, else the last yes."""
    no = next((one for one in answers if one.truth is False), None)
    return no or next((one for one in answers if one.truth is not True), answers[-1])


def policy_fails(value: Value, default: str, name: str, origin: Origin | None) -> Answer:
    """`failurePolicy`: whether what cannot be asked is turned away."""
    if value is None:
        because = f"`failurePolicy` of `{name}` is not set: the default is `{default}`"
        return Answer(default == "Fail", because, origin)
    if isinstance(value, Unknown):
        return Answer(doubt_of(value) or False, f"`failurePolicy` of `{name}` is not known: {value.cause}", origin)
    return Answer(value == "Fail", f"`failurePolicy` of `{name}` is `{value}`", origin)
