"""What Kyverno as a whole leaves out, whatever its policies say: filters of resources, selectors of its webhooks."""

from __future__ import annotations

import json
from collections.abc import Iterator

from scanner.builders.admission.subjects import Subject, picks
from scanner.builders.admission.verifier import Answer
from scanner.builders.admission.words import all_of, fits, negated
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, Truth, doubt_of, either
from scanner.patterns import lazy
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

NAME = "kyverno"
FILTERS, WEBHOOKS = "resourceFilters", "webhooks"
_FILTER = lazy(r"\[([^\]]*)\]")


def settings(world: World, unit: str, subject: Subject) -> Iterator[Answer]:
    """An answer for each setting of the ConfigMap `kyverno` that may leave the pods out."""
    for one in world.inventory.of("ConfigMap", unit=unit):
        if one.name != NAME:
            continue
        line = mark(one.attrs, "data", FILTERS) or one.origin
        out = _filtered(dig(one.attrs, "data", FILTERS), subject)
        yield Answer(negated(out), f"`{FILTERS}` of `{one.address}` leaves it out", line)
        selected = _selected(one, dig(one.attrs, "data", WEBHOOKS), subject)
        where = mark(one.attrs, "data", WEBHOOKS) or one.origin
        yield Answer(selected, f"`{WEBHOOKS}` of `{one.address}` leaves namespace `{subject.namespace}` out", where)


def _filtered(value: Value, subject: Subject) -> Truth:
    """Whether one of the filters, `[kind,namespace,name]` with wildcards, covers the pods."""
    if isinstance(value, Unknown):
        return doubt_of(value) or False
    entries = [entry.split(",") for entry in _FILTER.findall(value)] if isinstance(value, str) else []
    return either(_covers([part.strip() for part in entry], subject) for entry in entries)


def _covers(entry: list[str], subject: Subject) -> Truth:
    """A filter over names may mean pods of the workload, whose names nobody knows in advance."""
    kind, namespace, name = (entry + ["*", "*"])[:3] if entry else ("", "", "")
    kinds = either((fits(kind.split("/")[-1], "Pod"), kind == "*/*"))
    named: Truth = True if name in ("*", "") else Doubt("value-unknown", (f"{FILTERS}: `{name}`",))
    return all_of((kinds, fits(namespace or "*", subject.namespace), named))


def _selected(one: Resource, value: Value, subject: Subject) -> Truth:
    """Whether the selectors that its webhooks are given pick the namespace."""
    if isinstance(value, Unknown):
        return doubt_of(value) or False
    if not isinstance(value, str):
        return True
    unread = Doubt("value-unknown", (f"{one.address}: {WEBHOOKS}",))
    try:
        read = json.loads(value)
    except ValueError:
        return unread
    where = f"Namespace/{subject.namespace}: labels"
    return all_of(
        picks(dig(entry, key), labels, where)
        for entry in items_of(read)
        for key, labels in (("namespaceSelector", subject.space), ("objectSelector", subject.labels))
        if dig(entry, key) is not None
    )
