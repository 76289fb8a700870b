"""Three-valued matching of policy patterns, where parts of either side may not be known."""

from __future__ import annotations

import re
from enum import Enum, IntEnum
from functools import lru_cache

from msgspec import Struct

from scanner.patterns import lazy
from scanner.unknown import Unknown, Value

ANY = "\ue000"
"""Stands in a Glob for any run of characters."""
ONE = "\ue001"
"""Stands in a Glob for any one character."""

DIGIT = "\ue007"
"""Stands in a Glob for any one digit: twelve are an account that nobody knows."""
WITHIN = "\ue002"
"""Stands in a pattern of ARNs for any run of characters but a colon: what a wildcard within one part reaches over."""
SPECIAL = frozenset({ANY, ONE, DIGIT, WITHIN})
"""What stands for other characters; a text without it is itself alone."""
LITERALS = str.maketrans({"\ue003": "*", "\ue004": "?", "\ue006": "{"})
"""How a value that took the place of a policy variable holds characters that are no wildcards there."""

VARIABLE = lazy(r"\$\{[^}]*\}")
"""A policy variable (`${aws:username}`): each request has its own value for it."""


class Truth(IntEnum):
    """no < possible < yes: `min` is "and", `max` is "or"."""

    NO = 0
    POSSIBLE = 1
    YES = 2

    def negated(self) -> Truth:
        """The opposite; what is possible stays possible."""
        return Truth(2 - self)


class Glob(Struct, frozen=True):
    """A pattern: `text` has ANY and ONE for wildcards; where `partly`, some ANY stands for a part nobody knows."""

    text: str
    partly: bool = False


def glob(value: Value, *, wild: bool = True, fold: bool = False) -> Glob:
    """The pattern that a value of a policy is; with `wild` the characters `*` and `?` are wildcards."""
    if type(value) is str:
        return _written(value, wild, fold)
    text, partly = _spelled(value, wild)
    return Glob(text.lower() if fold else text, partly)


@lru_cache(maxsize=65536)
def _written(value: str, wild: bool, fold: bool) -> Glob:
    """The same for a text: what many policies say is spelled once."""
    text, partly = _spelled(value, wild)
    return Glob(text.lower() if fold else text, partly)


def _spelled(value: Value, wild: bool) -> tuple[str, bool]:
    if isinstance(value, Unknown):
        if not value.pieces:
            return ANY, True
        parts = [_spelled(piece, wild) for piece in value.pieces]
        return "".join(text for text, _ in parts), any(partly for _, partly in parts)
    text = ("true" if value else "false") if isinstance(value, bool) else "" if value is None else str(value)
    partly = VARIABLE.search(text) is not None
    text = VARIABLE.sub(ANY, text)
    text = text.replace("*", ANY).replace("?", ONE) if wild else text
    return text.translate(LITERALS), partly


def covers(pattern: str, text: str) -> bool:
    """Whether every string that `text` stands for is one that `pattern` stands for (sufficient, not necessary)."""
    return pattern in (ANY, text) or _covers(pattern, text)


@lru_cache(maxsize=65536)
def _covers(pattern: str, text: str) -> bool:
    return _regex(pattern).fullmatch(text) is not None


@lru_cache(maxsize=8192)
def _regex(pattern: str) -> re.Pattern[str]:
    parts = {ANY: ".*", ONE: f"[^{ANY}{WITHIN}]", WITHIN: f"[^:{ANY}]*", DIGIT: f"[0-9{DIGIT}]"}
    squeezed = re.sub(f"{ANY}+", ANY, pattern)
    return re.compile("".join(parts.get(char) or re.escape(char) for char in squeezed), re.DOTALL)


RUNS = frozenset({ANY, WITHIN})


def meets(first: str, second: str) -> bool:
    """Whether some string is one that both patterns stand for."""
    return ANY in (first, second) or _meets(first, second)


@lru_cache(maxsize=65536)
def _meets(first: str, second: str) -> bool:
    if first[:1].isalnum() and second[:1].isalnum() and first[0] != second[0]:
        return False  # wildcards are neither letters nor digits
    states = {(0, 0)}
    seen: set[tuple[int, int]] = set()
    while states:
        i, j = states.pop()
        if (i, j) in seen:
            continue
        seen.add((i, j))
        if i == len(first) and j == len(second):
            return True
        a, b = first[i : i + 1], second[j : j + 1]
        if a in RUNS:
            states.add((i + 1, j))
        if b in RUNS:
            states.add((i, j + 1))
        if a and b:
            if a in RUNS and b not in RUNS:
                states |= {(i, j + 1)} if a == ANY or b != ":" else set()
            elif b in RUNS and a not in RUNS:
                states |= {(i + 1, j)} if b == ANY or a != ":" else set()
            elif a == b or ONE in (a, b) or (a == DIGIT and b.isdigit()) or (b == DIGIT and a.isdigit()):
                states.add((i + 1, j + 1))
    return False


class Shape(Enum):
    """What a pattern is compared as."""

    RESOURCE = "resource"
    """The element Resource: a wildcard that ends a part of an ARN reaches over the colons that follow it."""
    ARN = "arn"
    """The operators ArnLike and ArnEquals: each of the six parts of an ARN is compared on its own."""
    TEXT = "text"
    """The string operators: a wildcard reaches over everything."""


def _fields(pattern: str, text: str) -> list[tuple[str, str]]:
    """The six fields of two ARNs side by side. Anything else is one field."""
    ours, theirs = (one.split(":", 5) for one in (pattern, text))
    if len(ours) == len(theirs) == 6 and ours[0] == theirs[0] == "arn":
        return list(zip(ours, theirs, strict=True))
    return [(pattern, text)]


@lru_cache(maxsize=65536)
def _resource(pattern: str) -> str:
    """A value of Resource: parts that it leaves out are wildcards, and a wildcard inside a part stays inside it."""
    parts = pattern.split(":", 5)
    if parts[0] != "arn":
        return pattern
    if len(parts) < 6 and not pattern.endswith(ANY):
        parts.append(ANY)
    head = [_inside(part) for part in parts[:5]]
    return ":".join([*head, *parts[5:]])


def _inside(part: str) -> str:
    return part[:-1].replace(ANY, WITHIN) + part[-1] if part else part


@lru_cache(maxsize=65536)
def _target(text: str) -> str:
    """An ARN of a request: none of its first five parts has a colon."""
    parts = text.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return text
    return ":".join([*(part.replace(ANY, WITHIN) for part in parts[:5]), parts[5]])


def _pairs(pattern: str, text: str, shape: Shape) -> list[tuple[str, str]]:
    if shape is Shape.ARN:
        return _fields(pattern, text)
    return [(_resource(pattern), _target(text))] if shape is Shape.RESOURCE else [(pattern, text)]


def _meet(pattern: str, text: str, shape: Shape) -> bool:
    return all(meets(ours, theirs) for ours, theirs in _pairs(pattern, text, shape))


def _cover(pattern: str, text: str, shape: Shape) -> bool:
    return all(covers(ours, theirs) for ours, theirs in _pairs(pattern, text, shape))


def allows(pattern: Glob, target: str) -> Truth:
    """Whether a value of Resource admits something of what `target` is, whatever its unknown parts turn out to be."""
    if not _meet(pattern.text, target, Shape.RESOURCE):
        return Truth.NO
    return Truth.YES if not pattern.partly or _cover(target, pattern.text, Shape.ARN) else Truth.POSSIBLE


def includes(pattern: Glob, target: str, partly: bool = False, shape: Shape = Shape.RESOURCE) -> Truth:
    """Whether `pattern` admits all of what `target` stands for; `partly` where the target is not fully known."""
    if not _meet(pattern.text, target, shape):
        return Truth.NO
    if shape is Shape.ARN and pattern.text != ANY and pattern.text.count(":") < 5:
        return Truth.POSSIBLE  # parts are left out: the guide says that each is compared, and not what becomes of this
    if not pattern.partly and _cover(pattern.text, target, shape):
        return Truth.YES
    return Truth.POSSIBLE if pattern.partly or partly else Truth.NO
