"""Templates that decide by what they find in the cluster (`lookup`), also by a named template that does.

Fact: helm.sh, "Template Functions and Pipelines": `lookup` answers nothing where a chart is only rendered; "Named
Templates": `define`, `template` and `include`, of any file of the chart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scanner.patterns import lazy

_DEFINED = lazy(r"\{\{-?\s*define\s+[\"`]([^\"`]+)[\"`]\s*-?\}\}")
_CALLED = lazy(r"(?<![\w.$])(?:include|template)\s+[\"`]([^\"`]+)[\"`]")
_DECIDES = r"\{\{-?\s*(?:else\s+)?(?:if|with|range)\b[^}]*?"
_LOOKUP = r"(?<![\w.$])lookup\b"


def asking(templates: Iterable[str]) -> frozenset[str]:
    """The names of the templates, of all that some text defines, whose outcome may depend on a `lookup`."""
    bodies: dict[str, str] = {}
    for text in templates:
        if "define" in text:
            bodies.update(_bodies(text))
    found: set[str] = set()
    while True:
        more = {
            name
            for name, body in bodies.items()
            if name not in found and (re.search(_LOOKUP, body) or found & set(_CALLED.findall(body)))
        }
        if not more:
            return frozenset(found)
        found |= more


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
    if "lookup" not in template and not called:
        return False
    # What a template that asks gives out may be a whole object: one that stands alone decides as well.
    asks = [_LOOKUP, *(rf"(?:include|template)\s+[\"`]{one}[\"`]" for one in called)]
    one_of = "|".join(f"(?:{each})" for each in asks)
    kept = [re.escape(name) for name in re.findall(rf"(\$\w+)\s*:?=[^}}]*?(?:{one_of})", template)]
    if kept:
        one_of += rf"|(?:{'|'.join(kept)})(?!\w)"
    alone = rf"(?m)^\s*\{{\{{-?\s*(?:include|template)\s+[\"`](?:{'|'.join(called)})[\"`][^}}]*\}}\}}" if called else ""
    return bool(re.search(f"{_DECIDES}(?:{one_of})", template) or (alone and re.search(alone, template)))
