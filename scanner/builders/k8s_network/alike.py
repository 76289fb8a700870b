"""Pods that the policies of the targets do not tell apart: a relay for many of them, in place of an edge from each."""

from __future__ import annotations

from collections.abc import Sequence

FEW = 16
"""Up to so many pods an edge from each says more than a relay."""


class Alike:
    """The coarsest parts of `pods` of which each set that was added is a union."""

    def __init__(self, pods: frozenset[int]) -> None:
        self._pods = pods
        self._part: dict[int, int] = dict.fromkeys(pods, 0)
        self._members: list[set[int]] = [set(pods)]
        self._seen: set[frozenset[int]] = set()

    def add(self, some: frozenset[int]) -> None:
        """Tell the pods of `some` from the others; the smaller of the two is walked."""
        if some in self._seen:
            return
        self._seen.add(some)
        smaller = some if 2 * len(some) <= len(self._pods) else self._pods - some
        touched: dict[int, list[int]] = {}
        for index in smaller:
            touched.setdefault(self._part[index], []).append(index)
        for number, inside in touched.items():
            if len(inside) == len(self._members[number]):
                continue
            self._members[number].difference_update(inside)
            self._part.update(dict.fromkeys(inside, len(self._members)))
            self._members.append(set(inside))

    def parts(self) -> Sequence[frozenset[int]]:
        """The parts; each set that was added holds all or none of any of them."""
        return [frozenset(one) for one in self._members if one]
