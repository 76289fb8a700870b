"""Whom a rule of Kyverno speaks of: `match` and `exclude` blocks, of policies and of exceptions."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.admission.subjects import Subject, picks
from scanner.builders.admission.words import all_of, fits_any
from scanner.builders.edges import Doubt, Truth, doubt_of, either
from scanner.resource import dig, items_of
from scanner.unknown import Unknown, Value

WHO = ("subjects", "roles", "clusterRoles")
"""Filters by who asks: a model's controller is none of these for all that is known."""


def block(value: Value, subject: Subject, where: str) -> Truth:
    """Whether a `match` or `exclude` block speaks of the subject; an empty one of nothing."""
    if isinstance(value, Unknown):
        return doubt_of(value) or False
    some, every = dig(value, "any"), dig(value, "all")
    answers: list[Truth] = []
    if some is not None:
        answers.append(either(_filter(one, subject, where) for one in items_of(some)))
    if every is not None:
        answers.append(all_of(_filter(one, subject, where) for one in items_of(every)))
    if dig(value, "resources") is not None or any(dig(value, key) for key in WHO):
        answers.append(_filter(value, subject, where))
    return all_of(answers) if answers else False


def _filter(value: Value, subject: Subject, where: str) -> Truth:
    if isinstance(value, Unknown):
        return doubt_of(value) or False
    resources = dig(value, "resources")
    return all_of([*_parts(resources, subject, where), *_who(value, where)])


def _who(value: Value, where: str) -> Iterator[Truth]:
    if any(dig(value, key) is not None for key in WHO):
        yield Doubt("condition-unevaluable", (f"{where}: who asks",))


def _parts(resources: Value, subject: Subject, where: str) -> Iterator[Truth]:
    if isinstance(resources, Unknown):
        yield doubt_of(resources) or False
        return
    kinds = dig(resources, "kinds")
    if kinds is not None:
        yield either(_kind(one, subject) for one in items_of(kinds))
    for key, have in (("namespaces", subject.namespace), ("names", subject.name), ("name", subject.name)):
        wanted = dig(resources, key)
        if wanted is not None:
            yield _named(wanted, have, key, where)
    operations = dig(resources, "operations")
    if operations is not None:
        yield either(
            doubt_of(one) or False if isinstance(one, Unknown) else one == "CREATE" for one in items_of(operations)
        )
    if dig(resources, "namespaceSelector") is not None:
        yield picks(dig(resources, "namespaceSelector"), subject.space, f"Namespace/{subject.namespace}: labels")
    if dig(resources, "selector") is not None:
        yield picks(dig(resources, "selector"), subject.labels, f"{subject.resource.address}: labels")
    if dig(resources, "annotations") is not None:
        yield Doubt("condition-unevaluable", (f"{where}: annotations",))


def _named(wanted: Value, have: str, key: str, where: str) -> Truth:
    """Pods draw their names from their workload's: what a pattern over names makes of them is not always known."""
    sure = fits_any(wanted, have)
    if key == "namespaces" or sure is True:
        return sure
    drawn = fits_any(wanted, f"{have}-?????")
    return Doubt("value-unknown", (f"{where}: names",)) if sure is False and drawn is not False else sure


def _kind(value: Value, subject: Subject) -> Truth:
    """`Pod`, `v1/Pod`, `apps/v1/Deployment`, `*`; a subresource (`Pod/exec`) is another thing."""
    if isinstance(value, Unknown):
        return doubt_of(value) or False
    parts = str(value).split("/")
    last = parts[-1].partition(".")[0]
    kind = parts[-2] if len(parts) > 1 and parts[-2][:1].isupper() else last
    return kind in ("*", "Pod", subject.kind) and last in (kind, "*")
