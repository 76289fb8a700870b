"""Calico's language of selectors, as alternatives of plain requirements.

Facts: projectcalico/calico `libcalico-go/lib/selector` (tokenizer, parser, evaluation) and the reference of
NetworkPolicy, "Selectors": `!=` and `not in` hold where the label is absent, the empty selector is `all()`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.k8s_policy.labels import Requirement
from scanner.patterns import lazy

Terms: TypeAlias = frozenset[Requirement]
"""All of them must hold."""
Alternatives: TypeAlias = tuple[Terms, ...]
"""One of them must hold; none of them means that nothing is selected."""

EVERYTHING: Alternatives = (frozenset(),)
NAMESPACE = "projectcalico.org/namespace"
"""The label that Calico gives to what is in a namespace."""
_WIDEST = 64
_DEEPEST = 40
_TOKEN = lazy(
    r"""[ \t]*(?:(?P<text>"[^"]*"|'[^']*')|(?P<sign>==|!=|&&|\|\||[!(){},])"""
    r"""|(?P<call>(?:has|all|global)\()|(?P<word>[a-zA-Z0-9_./-]+))"""
)
_OPERATORS = lazy(r"[ \t]*(contains|starts[ \t]*with|ends[ \t]*with|not[ \t]*in|in)")
_PARTS = {"contains": "Contains", "startswith": "StartsWith", "endswith": "EndsWith"}
_OPPOSITE = {"In": "NotIn", "Exists": "DoesNotExist", **{one: f"Not{one}" for one in _PARTS.values()}}
_OPPOSITE |= {after: before for before, after in _OPPOSITE.items()}


class BadSelector(ValueError):
    """A selector that Calico would refuse, or one that is too large to be worked out."""


def alternatives_of(text: str, *, negated: bool = False) -> Alternatives:
    """What a selector selects, or with `negated` what it does not; raises BadSelector."""
    tokens = _tokens(text)
    if not tokens:
        return () if negated else EVERYTHING
    parser = _Parser(tokens)
    found = parser.either(negated, 0)
    if parser.at < len(tokens):
        raise BadSelector(f"`{text}` goes on after its end")
    return found


def both(left: Alternatives, right: Alternatives) -> Alternatives:
    """What is selected by both; raises BadSelector where that is too wide."""
    found = tuple(dict.fromkeys(one | two for one, two in product(left, right)))
    if len(found) > _WIDEST:
        raise BadSelector("a selector of too many alternatives")
    return found


def on_namespaces(some: Alternatives) -> Alternatives:
    """A `namespaceSelector` as a selector of what is inside: keys are those of namespaces, `all()` is any namespace."""
    inside = frozenset({Requirement(NAMESPACE, "Exists")})
    return tuple(frozenset(_of_space(one) for one in terms) or inside for terms in some)


def _of_space(term: Requirement) -> Requirement:
    return term if term.key == NAMESPACE else replace(term, key=f"pcns.{term.key}")


class _Token(Struct, frozen=True):
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while text[at:].strip(" \t"):
        if found and found[-1].kind == "word":
            # After a label only an operator can follow, whatever the letters are.
            operator = _OPERATORS.match(text, at)
            if operator is not None:
                found.append(_Token("operator", re.sub(r"[ \t]", "", operator[1])))
                at = operator.end()
                continue
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadSelector(f"`{text[at:]}` is no selector")
        kind = match.lastgroup or ""
        found.append(_Token(kind, match[kind]))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0

    def _next(self, *wanted: str) -> _Token | None:
        """The next token, taken, where its text is one of `wanted`."""
        if self.at < len(self.tokens) and self.tokens[self.at].text in wanted and self.tokens[self.at].kind != "text":
            self.at += 1
            return self.tokens[self.at - 1]
        return None

    def _take(self, kind: str) -> str:
        if self.at >= len(self.tokens) or self.tokens[self.at].kind != kind:
            raise BadSelector(f"a selector that lacks a {kind}")
        self.at += 1
        return self.tokens[self.at - 1].text

    def either(self, negated: bool, depth: int) -> Alternatives:
        """Terms joined by `||`; negated they must all fail."""
        return self._joined("||", self._every, _any if not negated else both, negated, depth)

    def _every(self, negated: bool, depth: int) -> Alternatives:
        return self._joined("&&", self._one, both if not negated else _any, negated, depth)

    def _joined(
        self,
        sign: str,
        read: Callable[[bool, int], Alternatives],
        join: Callable[[Alternatives, Alternatives], Alternatives],
        negated: bool,
        depth: int,
    ) -> Alternatives:
        found = read(negated, depth)
        while self._next(sign):
            found = join(found, read(negated, depth))
        return found

    def _one(self, negated: bool, depth: int) -> Alternatives:
        if depth > _DEEPEST:
            raise BadSelector("a selector that is nested too deep")
        while self._next("!"):
            negated = not negated
        if self._next("("):
            found = self.either(negated, depth + 1)
            self._end()
            return found
        if self._next("all("):
            self._end()
            return () if negated else EVERYTHING
        if self._next("global("):
            self._end()
            return (frozenset({Requirement(NAMESPACE, "Exists" if negated else "DoesNotExist")}),)
        term = self._term()
        return (frozenset({replace(term, operator=_OPPOSITE[term.operator]) if negated else term}),)

    def _end(self) -> None:
        if not self._next(")"):
            raise BadSelector("a selector that lacks a `)`")

    def _term(self) -> Requirement:
        if self._next("has("):
            key = self._take("word")
            self._end()
            return Requirement(key, "Exists")
        key = self._take("word")
        for sign, operator in (("==", "In"), ("!=", "NotIn")):
            if self._next(sign):
                return Requirement(key, operator, (self._text(),))
        operator = self._take("operator")
        if operator in _PARTS:
            return Requirement(key, _PARTS[operator], (self._text(),))
        return Requirement(key, "In" if operator == "in" else "NotIn", self._set())

    def _text(self) -> str:
        return self._take("text")[1:-1]

    def _set(self) -> tuple[str, ...]:
        if not self._next("{"):
            raise BadSelector("a selector that lacks a set")
        found: set[str] = set()
        while self.at < len(self.tokens) and self.tokens[self.at].kind == "text":
            found.add(self._text())
            if not self._next(","):
                break
        if not self._next("}"):
            raise BadSelector("a selector that lacks a `}`")
        return tuple(sorted(found))


def _any(left: Alternatives, right: Alternatives) -> Alternatives:
    found = tuple(dict.fromkeys((*left, *right)))
    if len(found) > _WIDEST:
        raise BadSelector("a selector of too many alternatives")
    return found
