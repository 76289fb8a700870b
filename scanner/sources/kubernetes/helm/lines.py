"""From a line of what a template renders to, back to the line of the template that made it."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict

from scanner.patterns import lazy

MAX_STARTS = 300
_ACTION = lazy(r"\{\{.*?(?:\}\}|\Z)")
_KEY = lazy(r"(?:- )*[\"']?([\w./-]+)[\"']?:(?=\s|\Z)")


class LineMap:
    """The lines of one template. A rendered line that the template has as it stands is that line; one that an action
    fills in is the line with its literal beginning or its key; any other is next to the line before it."""

    def __init__(self, template: str, rendered: str) -> None:
        self._exact: dict[str, list[int]] = defaultdict(list)
        self._begun: dict[str, list[int]] = defaultdict(list)
        self._starts: list[tuple[str, int]] = []
        for number, line in enumerate(template.split("\n"), 1):
            bare = line.strip()
            if "{{" not in bare:
                if bare:
                    self._exact[bare].append(number)
                continue
            literal = _ACTION.sub("\0", bare)
            key = _KEY.match(literal)
            if key:
                self._begun[key.group()].append(number)
            elif len(start := literal.partition("\0")[0].strip()) > 2 and len(self._starts) < MAX_STARTS:
                self._starts.append((start, number))
        self._indent = {number: len(line) - len(line.lstrip()) for number, line in enumerate(template.split("\n"), 1)}
        self._places = self._follow(rendered.split("\n"))

    def place(self, line: int, column: int) -> tuple[int, int]:
        """Line and column in the template of a place in the rendered text; both count from 1."""
        index = min(max(line, 1), len(self._places)) - 1
        number, shift, known = self._places[index]
        return number, max(column + shift, 1) if known else 1

    def _follow(self, lines: list[str]) -> list[tuple[int, int, bool]]:
        """For each rendered line its line in the template, the shift of its columns, and whether that is known."""
        places, here = [], 0
        for line in lines:
            bare = line.strip()
            found = self._near(self._candidates(bare), here) if bare else 0
            here = found or here
            shift = self._indent.get(here, 0) - (len(line) - len(line.lstrip()))
            places.append((max(here, 1), shift, bool(found)))
        return places

    def _candidates(self, bare: str) -> list[int]:
        if bare in self._exact:
            return self._exact[bare]
        key = _KEY.match(bare)
        if key and key.group() in self._begun:
            return self._begun[key.group()]
        return [number for start, number in self._starts if bare.startswith(start)]

    @staticmethod
    def _near(candidates: list[int], here: int) -> int:
        """The next candidate; an earlier one where it is much nearer, as at the start of a loop's next turn."""
        if not candidates:
            return 0
        index = bisect_left(candidates, here + 1)
        after = candidates[index] if index < len(candidates) else 0
        before = candidates[index - 1] if index else 0
        if not after or not before:
            return after or before
        return after if after - here <= 3 * (here - before) + 10 else before
