"""What a regular expression cannot do without: most texts are ruled out by it, and most expressions never compiled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar, cast

from scanner.patterns import lazy

_SHORTEST = 3
"""A shorter needle stands in too many texts to rule them out."""
_IGNORES_CASE = "(?i)"
_ORDINARY = lazy(r"[^|\\*?{(\[.^$+]+")
_BRACKET = lazy(r"\\.|[\[()]", re.DOTALL)
_NO_CHARACTER = frozenset("dDwWsSbBAZ")
"""Escapes that stand for a class or a place. Of any other letter or digit it is not asked what it stands for."""


T = TypeVar("T")


class _Sought:
    """Has what a pattern has; `search` looks for the needles first."""

    def __init__(self, regex: str, needles: tuple[str, ...]) -> None:
        self._regex = regex
        self.search = _search(regex, needles, folds=regex.startswith(_IGNORES_CASE))

    def __getattr__(self, name: str) -> Any:
        return getattr(re.compile(self._regex), name)


class Sieve(Generic[T]):
    """Many expressions, each with what it stands for: of most texts one look tells that none of them finds anything."""

    def __init__(self, every: Sequence[tuple[str, T]]) -> None:
        self._every = tuple((sought(regex).search, what) for regex, what in every)
        needles = [needles_of(regex) for regex, _ in every]
        # In lower case they rule out less than as they are written, and never more.
        self._needles = tuple(dict.fromkeys(one.lower() for some in needles for one in some))
        self._rules_out = all(needles)

    def found(self, text: str) -> Iterator[T]:
        """What those stand for that find something in `text`, in their order."""
        return iter(()) if self.rules_out(text) else (what for search, what in self._every if search(text))

    def rules_out(self, *texts: str) -> bool:
        """Whether one look tells that nothing is found in any of `texts`; of many it costs little more than of one."""
        joined = "\n".join(texts)
        if not self._rules_out or not joined.isascii():
            return False
        plain = joined.lower()
        return not any(map(plain.__contains__, self._needles))


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

    In lower case where the expression begins with `(?i)`. What is inside of classes is not looked at.
    """
    folds = regex.startswith(_IGNORES_CASE)
    if not folds and regex[:2] == "(?" and regex[2:3].isalpha():
        return ()  # flags that may change what any character means
    found = _needles(regex.removeprefix(_IGNORES_CASE))
    if not folds:
        return found
    return tuple(one.lower() for one in found) if all(one.isascii() for one in found) else ()


def _needles(regex: str) -> tuple[str, ...]:
    found: list[str] = []
    for runs, groups in _branches(regex):
        longest = max(runs, key=len)
        some = (
            (longest,)
            if len(longest) >= _SHORTEST
            else next(filter(None, (_needles(one) for one in groups if one)), ())
        )
        if not some:
            return ()
        found += some
    return tuple(found)


def _branches(regex: str) -> Iterator[tuple[list[str], list[str]]]:
    """For each alternative, the runs of characters that stand in whatever it finds, and the groups that it needs."""
    runs, groups, here = [""], [""], 0
    while here < len(regex):
        char, after = regex[here], here + 1
        if char == "|":
            yield runs, groups
            runs, groups = [""], [""]
        elif char == "\\":
            after += 1
            escaped = regex[here + 1 : after]
            if escaped.isalnum() and escaped not in _NO_CHARACTER:
                runs, groups = [""], [""]
                break
            runs += [""] if escaped.isalnum() else [runs.pop() + escaped]
        elif char in "*?{":
            # What stands before may be absent: a character, a class or a group.
            after = _times_end(regex, here)
            if not after:
                runs, groups = [""], [""]
                break
            runs += [runs.pop()[:-1], ""]
            groups[-1] = "" if regex[here - 1] == ")" else groups[-1]
        elif char in "([":
            after = _end(regex, here)
            runs.append("")
            inner = regex[here + 1 : after - 1].removeprefix("?:") if char == "(" else ""
            groups.append("" if inner.startswith("?") else inner)
        elif char in ".^$+":
            runs.append("")
        elif ordinary := _ORDINARY.match(regex, here):
            after = ordinary.end()
            runs[-1] += ordinary.group()
        here = after
    yield runs, groups


def _times_end(regex: str, start: int) -> int:
    """Behind the `*`, `?` or `{n,m}` at `start`; 0 where its brace is something else."""
    if regex[start] != "{":
        return start + 1
    times, _, rest = regex[start + 1 :].partition("}")
    return len(regex) - len(rest) if times.replace(",", "").isdigit() else 0


def _end(regex: str, start: int) -> int:
    """Behind the group or class that begins at `start`."""
    depth, here = 0, start
    while found := _BRACKET.search(regex, here):
        sign, here = found.group(), found.end()
        if sign == "[":
            here = _class_end(regex, found.start())
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        if not depth:
            return here
    return len(regex)


def _class_end(regex: str, start: int) -> int:
    """Behind the class that begins at `start`: a bracket that stands first in it is one of its characters."""
    here = start + 1
    here += regex[here : here + 1] == "^"
    here += regex[here : here + 1] == "]"
    while here < len(regex) and regex[here] != "]":
        here += 2 if regex[here] == "\\" else 1
    return here + 1
