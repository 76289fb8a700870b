"""Things with labels, found by label: where a selector has a positive term, few of them need to be looked at."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

from scanner.builders.k8s_policy.labels import Labels, Requirement, Selector

T = TypeVar("T", bound=Hashable)


class LabelIndex(Generic[T]):
    """Things by each label and by each key; those whose labels are not all known beside them."""

    def __init__(self, things: Iterable[tuple[T, Labels]]) -> None:
        self._by_label: dict[tuple[str, str], set[T]] = {}
        self._by_key: dict[str, set[T]] = {}
        self._unknown: dict[str, set[T]] = {}
        self._incomplete: set[T] = set()
        self._all: list[T] = []
        for thing, labels in things:
            self._all.append(thing)
            for key, value in labels.known.items():
                self._by_label.setdefault((key, value), set()).add(thing)
                self._by_key.setdefault(key, set()).add(thing)
            for key in labels.unknown:
                self._unknown.setdefault(key, set()).add(thing)
            if not labels.complete:
                self._incomplete.add(thing)

    def candidates(self, selector: Selector) -> Iterable[T]:
        """All that `selector` may match: the smallest set that one term names, which asks for a label to be there.

        Beside it what may have that label: it has the key with a value that is not known, or labels that nobody knows.
        """
        starts = [(self._named(term), self._unknown.get(term.key, set())) for term in selector.terms if term.positive]
        if not starts:
            return self._all
        named, unknown = min(starts, key=lambda one: len(one[0]) + len(one[1]))
        return named.union(unknown, self._incomplete) if unknown or self._incomplete else named

    def _named(self, term: Requirement) -> set[T]:
        if term.operator != "In":
            return self._by_key.get(term.key, set())
        if len(term.values) == 1:
            return self._by_label.get((term.key, term.values[0]), set())
        found: set[T] = set()
        for value in term.values:
            found |= self._by_label.get((term.key, value), set())
        return found
