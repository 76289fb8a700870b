"""Policies by namespace: only those are asked that may speak of a workload."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from scanner.unknown import Unknown


class Placed(Protocol):
    """What stands in a namespace under an address."""

    @property
    def address(self) -> str:
        """Where it is declared."""

    @property
    def namespace(self) -> str:
        """The namespace that it stands in."""


T = TypeVar("T", bound=Placed)


class Spaced(Generic[T]):
    """Policies by the namespace that they stand in, so that only those are asked that may speak of a workload."""

    def __init__(self, policies: Iterable[T], root: str | Unknown) -> None:
        self.every = tuple(policies)
        self.root = root
        self._by_space: dict[str, list[T]] = {}
        for one in self.every:
            self._by_space.setdefault(one.namespace, []).append(one)
        self._vague = [name for name in self._by_space if "*" in name]

    def about(self, namespace: str) -> Iterator[T]:
        """Those of the namespace, of the root and of namespaces of which the name is not known, in their order."""
        if isinstance(self.root, Unknown) or "*" in namespace:
            yield from self.every
            return
        spaces = dict.fromkeys((self.root, namespace, *self._vague))
        found = [one for space in spaces for one in self._by_space.get(space, ())]
        yield from sorted(found, key=lambda one: one.address)
