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
        self._unclear: set[T] = set()
        self._all: list[T] = []
        for thing, labels in things:
            self._all.append(thing)
            for key, value in labels.known.items():
                self._by_label.setdefault((key, value), set()).add(thing)
                self._by_key.setdefault(key, set()).add(thing)
            if not labels.clear:
                self._unclear.add(thing)

    def candidates(self, selector: Selector) -> Iterable[T]:
        """All that `selector` may match: the smallest set that one positive term names, and what is not clear."""
        starts = [self._named(term) for term in selector.terms if term.operator in ("In", "Exists")]
        if not starts:
            return self._all
        smallest = min(starts, key=len)
        return smallest | self._unclear if self._unclear else smallest

    def _named(self, term: Requirement) -> set[T]:
        if term.operator == "Exists":
            return self._by_key.get(term.key, set())
        if len(term.values) == 1:
            return self._by_label.get((term.key, term.values[0]), set())
        found: set[T] = set()
        for value in term.values:
            found |= self._by_label.get((term.key, value), set())
        return found
