"""`regex`, `regexall` and `replace`: Terraform's RE2 patterns on Python's engine, which unlike RE2 can explode.

A pattern that could take long on the text at hand is not run: the result is unknown. What RE2 has and Python has
not (or the other way round) is unknown or refused, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from scanner.patterns import lazy
from scanner.resource import Attrs, Items
from scanner.sources.terraform.budget import Budget
from scanner.sources.terraform.charge import MATCHING, charge
from scanner.sources.terraform.functions.function import Function, text
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.steps import Evaluate
from scanner.sources.terraform.values import MAX_TEXT, ListOf, Refused, TooLarge
from scanner.unknown import Value

MAX_SUBJECT = 10_000
MAX_WORK = 100_000_000

_TOKEN = lazy(
    r"\\(?P<escape>.)|(?P<class>\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\])|(?P<open>\((?:\?(?:P?<\w+>|[a-zA-Z-]*:?))?)"
    r"|(?P<close>\))|(?P<repeat>[*+?]|\{\d+(?:,\d*)?\})\??|(?P<dollar>\$)|(?P<bar>\|)|(?P<plain>.)",
    re.DOTALL,
)
_POSIX = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\t\n\v\f\r ",
    "blank": r"\t ",
    "punct": r"!-/:-@\[-`{-~",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}


class _Translator:
    """One pattern, token by token: the same for Python's engine, and how much it can repeat."""

    def __init__(self) -> None:
        self.output: list[str] = []
        self.repeats = 0
        self.multiline = False
        # For each open group: whether something in it repeats or alternates.
        self._open: list[bool] = [False]
        self._closed = False
        self._negated = ""

    def feed(self, found: re.Match[str], following: str) -> None:
        """One token; `following` is what comes behind it."""
        kind, whole = found.lastgroup, found.group()
        was_group, self._closed = self._closed, False
        negated, self._negated = self._negated, ""
        if kind == "repeat":
            self._repeat(found["repeat"], was_group, negated, following)
            self.output.append(whole)
            return
        if kind == "escape":
            whole = self._escape(found["escape"])
        elif kind == "class":
            whole = re.sub(r"\[:(\w+):\]", lambda one: _POSIX.get(one.group(1), ""), whole)
            self._negated = whole if whole.startswith("[^") else ""
        elif kind == "open":
            whole = self._group(whole)
        elif kind == "close":
            if len(self._open) == 1:
                raise Refused("a pattern that is not valid")
            self._closed = self._open.pop()
            self._open[-1] = self._open[-1] or self._closed
        elif kind == "dollar":
            whole = "$" if self.multiline else r"\Z"
        elif kind == "bar":
            self._open[-1] = True
        self.output.append(whole)

    def _escape(self, letter: str) -> str:
        if letter in "123456789":
            raise Refused("a pattern with a reference to one of its groups")
        if letter in "pPCQE0":
            raise TooLarge("a pattern that uses what is not evaluated here")
        return r"\Z" if letter == "z" else "\\" + letter

    def _group(self, opening: str) -> str:
        if opening.startswith("(?") and not opening.startswith(("(?P<", "(?<")):
            flags = opening[2:].rstrip(":")
            if not opening[2:]:
                raise Refused("a pattern that looks ahead or behind")
            if not opening.endswith(":"):
                if self.output or set(flags) - set("ims"):
                    raise TooLarge("a pattern with flags that are not evaluated here")
                self.multiline = "m" in flags
            elif set(flags) - set("ims"):
                raise Refused("a pattern that is not valid")
        self._open.append(False)
        return opening.replace("(?<", "(?P<")

    def _repeat(self, sign: str, was_group: bool, negated: str, following: str) -> None:
        if was_group and sign != "?":
            raise TooLarge("a pattern with a repetition inside a repetition")
        self._open[-1] = True
        # `[^:]+:` can match in one way only: the class excludes what comes next.
        if sign != "?" and not (negated and following and following[0] in negated[2:-1]):
            self.repeats += 1


def compiled(pattern: str, subject: str, budget: Budget) -> re.Pattern[str]:
    """The pattern, fit to be run on the subject; what it may try is taken from the budget. Raises Refused, TooLarge."""
    if len(subject) > MAX_SUBJECT or len(pattern) > 2000:
        raise TooLarge("a text that is too long to be matched")
    translator = _Translator()
    place = 0
    while place < len(pattern):
        found = _TOKEN.match(pattern, place)
        if not found:
            raise Refused("a pattern that is not valid")
        place = found.end()
        translator.feed(found, pattern[place : place + 1])
    # A search starts at every place of the text, unless the pattern is tied to its start.
    power = translator.repeats + (0 if pattern.startswith("^") else 1)
    work = max(len(subject), 2) ** power if translator.repeats else len(subject)
    if translator.repeats and work > MAX_WORK:
        raise TooLarge("a pattern that could take too long on this text")
    charge(budget, work // MATCHING)
    try:
        return re.compile("".join(translator.output), re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise Refused("a pattern that is not valid") from error


def _matches(pattern: str, subject: str, budget: Budget) -> Iterator[re.Match[str]]:
    """All matches; unlike Python, Go finds no empty one right behind another."""
    end = -1
    lazy = re.search(r"[*+?}]\?", pattern) is not None
    for found in compiled(pattern, subject, budget).finditer(subject):
        if lazy and found.end() == found.start():
            raise TooLarge("a pattern that is content with nothing")  # Python then looks again at the same place
        if found.end() > found.start() or found.start() != end:
            yield found
        end = found.end()


def _captures(found: re.Match[str]) -> Value:
    if found.re.groupindex and len(found.re.groupindex) < found.re.groups:
        raise Refused("a pattern with both named and unnamed groups")
    if found.re.groupindex:
        return Attrs({name: found.group(name) for name in found.re.groupindex})
    return Items(found.groups()) if found.re.groups else found.group()


def _regex(arguments: list[Value], env: Env, evaluate: Evaluate) -> Value:
    pattern, subject = text(arguments[0]), text(arguments[1])
    found = compiled(pattern, subject, env.scope.budget).search(subject)
    if not found:
        raise Refused("the pattern does not match")
    return _captures(found)


def _regexall(arguments: list[Value], env: Env, evaluate: Evaluate) -> Value:
    pattern, subject = text(arguments[0]), text(arguments[1])
    return ListOf([_captures(found) for found in _matches(pattern, subject, env.scope.budget)])


def _replace(arguments: list[Value], env: Env, evaluate: Evaluate) -> Value:
    subject, pattern, replacement = (text(one) for one in arguments)
    if len(pattern) < 2 or not (pattern.startswith("/") and pattern.endswith("/")):
        if (subject.count(pattern) if pattern else len(subject) + 1) * len(replacement) > MAX_TEXT:
            raise TooLarge("a text of more than a million characters")
        return subject.replace(pattern, replacement)
    parts: list[str] = []
    place = 0
    if len(subject) * len(replacement) > MAX_TEXT * 10:
        raise TooLarge("a text of more than a million characters")
    for found in _matches(pattern[1:-1], subject, env.scope.budget):
        parts.extend((subject[place : found.start()], _expanded(replacement, found)))
        place = found.end()
    return "".join((*parts, subject[place:]))


def _expanded(replacement: str, found: re.Match[str]) -> str:
    """The replacement with `$1`, `${1}` and `${name}` filled in; a group that is not there is empty."""

    def one(reference: re.Match[str]) -> str:
        name = reference.group(1) or reference.group(2)
        if name is None:
            return "$"
        try:
            return found.group(int(name) if name.isdigit() else name) or ""
        except IndexError:
            return ""

    return re.sub(r"\$(?:\$|\{(\w+)\}|(\w+))", one, replacement)


TABLE: Mapping[str, Function] = {
    "regex": Function(_regex, 2, 2),
    "regexall": Function(_regexall, 2, 2),
    "replace": Function(_replace, 3, 3),
}
