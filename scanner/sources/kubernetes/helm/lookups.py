"""Templates that decide by what they find in the cluster (`lookup`), also by a named template that does.

Facts: helm.sh, "Template Functions and Pipelines": `lookup` answers nothing where a chart is only rendered; "Named
Templates": `define`, `template` and `include`, of any file of the chart, and of two of one name the one that is loaded
last counts; "Template Function List": `set` puts a value into a dictionary.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scanner.patterns import lazy

_DEFINED = lazy(r"\{\{-?\s*define\s+[\"`]([^\"`]+)[\"`]\s*-?\}\}")
_CALLED = lazy(r"(?<![\w.$])(?:include|template)\s+[\"`]([^\"`]+)[\"`]")
_MADE = r"(?<![\w.$])include\s+(?![\s\"`])"
"""A call by a name that is only known once the chart is rendered."""
_INSIDE = r"(?:[^}]|\}(?!\}))*?"
"""What stands in an action: a single brace may be part of a text."""
_DECIDES = r"\{\{-?\s*(?:else\s+)?(?:if|with|range)\b" + _INSIDE
_HOLDS = (r"(\$\w+)\s*:?=", r"\bset\s+(\$\w*|\.[\w.]+)(?!\w)")
"""What gives a variable a value, or puts one into a dictionary."""
_LOOKUP = r"(?<![\w.$])lookup\b"


def asking(templates: Iterable[str]) -> frozenset[str]:
    """The names of the templates, of all that some text defines, whose outcome may depend on a `lookup`."""
    bodies: dict[str, str] = {}
    for text in templates:
        if "define" in text:
            for name, body in _bodies(text):
                bodies[name] = f"{bodies.get(name, '')}\n{body}"  # which of several is loaded last is not told
    found: set[str] = set()
    while True:
        more = {name for name, body in bodies.items() if name not in found and _asks(body, found)}
        if not more:
            return frozenset(found)
        found |= more


def _asks(body: str, found: set[str]) -> bool:
    """Whether a template asks by itself, calls one of those found, or one whose name is not written."""
    if re.search(_LOOKUP, body) or found & set(_CALLED.findall(body)):
        return True
    return bool(found) and re.search(_MADE, body) is not None


def _bodies(text: str) -> Iterator[tuple[str, str]]:
    """Each template that a text defines, up to the next definition: more than its own at most."""
    marks = [*_DEFINED.finditer(text)]
    ends = [*(mark.start() for mark in marks), len(text)][1:]
    for mark, end in zip(marks, ends, strict=True):
        yield mark.group(1), text[mark.end() : end]


def decides(template: str, named: frozenset[str]) -> bool:
    """Whether a template makes an object, or leaves it out, by a `lookup` of its own or of a template that it calls.

    named: those templates, as `asking` has them.
    """
    called = [re.escape(one) for one in set(_CALLED.findall(template)) & named]
    made = [_MADE] if named and re.search(_MADE, template) else []
    if "lookup" not in template and not called and not made:
        return False
    # What a template that asks gives out may be a whole object: one that stands alone decides as well.
    asks = [_LOOKUP, *(rf"(?:include|template)\s+[\"`]{one}[\"`]" for one in called), *made]
    one_of = _kept(template, "|".join(f"(?:{each})" for each in asks))
    alone = "|".join([*(rf"(?:include|template)\s+[\"`]{one}[\"`]" for one in called), *made])
    whole = rf"(?m)^\s*\{{\{{-?\s*(?:{alone}){_INSIDE}\}}\}}"
    return bool(re.search(f"{_DECIDES}(?:{one_of})", template) or (alone and re.search(whole, template)))


def _kept(template: str, one_of: str) -> str:
    """The same pattern with the variables that hold what it finds, or what was made of that."""
    known: set[str] = set()
    while True:
        held = "|".join([one_of, *(rf"{re.escape(name)}(?!\w)" for name in sorted(known))])
        found = {name for by in _HOLDS for name in re.findall(f"{by}{_INSIDE}(?:{held})", template)} - known
        if not found:
            return held
        known |= found
