"""What a regular expression cannot do without: most texts are ruled out by it, and most expressions never compiled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, cast

_SHORTEST = 3
"""A shorter needle stands in too many texts to rule them out."""
_IGNORES_CASE = "(?i)"
_NO_CHARACTER = frozenset("dDwWsSbBAZ")
"""Escapes that stand for a class or a place. Of any other letter or digit it is not asked what it stands for."""


class _Sought:
    """Has what a pattern has; `search` looks for the needles first."""

    def __init__(self, regex: str, needles: tuple[str, ...]) -> None:
        self._regex = regex
        self.search = _search(regex, needles, folds=regex.startswith(_IGNORES_CASE))

    def __getattr__(self, name: str) -> Any:
        return getattr(re.compile(self._regex), name)


def sought(regex: str) -> re.Pattern[str]:
    """`regex` as a pattern that is compiled at its first use, which a `search` without a needle in the text is not.

    A fault in it (`re.error`) is raised at once where it has no needles, else at its first use. To be used for its
    methods and attributes: the functions of `re` take no such pattern.
    """
    needles = needles_of(regex)
    return cast("re.Pattern[str]", _Sought(regex, needles)) if needles else re.compile(regex)


def _search(regex: str, needles: tuple[str, ...], *, folds: bool) -> Callable[[str], re.Match[str] | None]:
    found: Callable[[str], re.Match[str] | None] | None = None

    def search(text: str) -> re.Match[str] | None:
        nonlocal found
        plain = text.lower() if folds else text
        for one in needles:
            if one in plain:
                break
        else:
            # Case is more than what `lower` knows of: some letters outside of ASCII equal one inside.
            if not folds or text.isascii():
                return None
        if found is None:
            found = re.compile(regex).search
        return found(text)

    return search


def needles_of(regex: str) -> tuple[str, ...]:
    """Texts of which every text in which `regex` finds something has one; () where that cannot be told.

    In lower case where the expression begins with `(?i)`. What is inside of groups and classes is not looked at.
    """
    folds = regex.startswith(_IGNORES_CASE)
    if not folds and regex[:2] == "(?" and regex[2:3].isalpha():
        return ()  # flags that may change what any character means
    found = []
    for runs in _branches(regex.removeprefix(_IGNORES_CASE)):
        longest = max(runs, key=len)
        if len(longest) < _SHORTEST or (folds and not longest.isascii()):
            return ()
        found.append(longest.lower() if folds else longest)
    return tuple(found)


def _branches(regex: str) -> Iterator[list[str]]:
    """For each alternative, the runs of characters that stand in whatever it finds."""
    runs, here = [""], 0
    while here < len(regex):
        char, after = regex[here], here + 1
        if char == "|":
            yield runs
            runs = [""]
        elif char == "\\":
            after += 1
            escaped = regex[here + 1 : after]
            if escaped.isalnum() and escaped not in _NO_CHARACTER:
                runs = [""]
                break
            runs += [""] if escaped.isalnum() else [runs.pop() + escaped]
        elif char in "*?":
            # What stands before may be absent. Behind a group or a class that is nothing.
            runs += [runs.pop()[:-1], ""]
        elif char == "{":
            times, _, rest = regex[after:].partition("}")
            if not times.replace(",", "").isdigit():
                runs = [""]
                break
            runs += [runs.pop()[:-1], ""]
            after = len(regex) - len(rest)
        elif char in "([":
            after = _end(regex, here)
            runs.append("")
        elif char in ".^$+":
            runs.append("")
        else:
            runs[-1] += char
        here = after
    yield runs


def _end(regex: str, start: int) -> int:
    """Behind the group or class that begins at `start`."""
    depth, here = 0, start
    while here < len(regex):
        char = regex[here]
        if char == "\\":
            here += 1
        elif char == "[":
            here = _class_end(regex, here)
            if not depth:
                return here
            continue
        elif char in "()":
            depth += 1 if char == "(" else -1
            if not depth:
                return here + 1
        here += 1
    return here


def _class_end(regex: str, start: int) -> int:
    """Behind the class that begins at `start`: a bracket that stands first in it is one of its characters."""
    here = start + 1
    here += regex[here : here + 1] == "^"
    here += regex[here : here + 1] == "]"
    while here < len(regex) and regex[here] != "]":
        here += 2 if regex[here] == "\\" else 1
    return here + 1
