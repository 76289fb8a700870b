"""How policies of every engine name what they speak of: patterns with `*`, lists, switches; three-valued."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from scanner import tables
from scanner.builders.blocks import strings
from scanner.builders.edges import Doubt, Truth, either
from scanner.builders.edges import doubt_of as doubt_of_unknown
from scanner.resource import items_of
from scanner.unknown import Unknown, Value

IMAGES = r"(?i)image|digest|signature|signed|cosign|sigstore|notation|regist|repo|attest|provenance|connaisseur|ratify"
"""Words of a policy that speaks of what is run."""


def speaks_of_images(*values: Value) -> bool:
    """Whether a text anywhere in the values is about images; what is not known may be."""
    finds = tables.pattern(IMAGES).search
    return any(found.text == "*" or finds(found.text) for value in values for found in strings(value))


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in text), re.S)


def fits(pattern: Value, text: str) -> Truth:
    """Whether a pattern with `*` and `?` covers a name; a `*` in the name stands for what is not known of it."""
    if isinstance(pattern, Unknown):
        return _doubt(pattern)
    if "*" in text and pattern != "*":
        return Doubt("value-unknown", (f"the name `{text}`",))
    return isinstance(pattern, str) and _pattern(pattern).fullmatch(text) is not None


def fits_any(patterns: Value, text: str) -> Truth:
    """Whether one of the patterns covers a text; no list covers nothing."""
    return either(fits(one, text) for one in items_of(patterns))


def image_fits(patterns: Value, image: Value) -> Truth:
    """Whether one of the patterns covers an image, which may not be known."""
    if isinstance(image, Unknown):
        every = any(one in ("*", "**") for one in items_of(patterns))
        return True if every else _doubt(image)
    if not isinstance(image, str):
        return False
    return either(fits(one, form) for one in items_of(patterns) for form in forms(image))


def forms(image: str) -> Iterable[str]:
    """An image as it is written, and with the registry and the repository that a short name stands for."""
    yield image
    first, slash, _ = image.partition("/")
    if not slash:
        yield from (f"docker.io/{image}", f"docker.io/library/{image}", f"index.docker.io/library/{image}")
    elif "." not in first and ":" not in first and first != "localhost":
        yield from (f"docker.io/{image}", f"index.docker.io/{image}")


def _doubt(value: Unknown) -> Doubt:
    return doubt_of_unknown(value) or Doubt("value-unknown", (value.cause,))


def negated(value: Truth) -> Truth:
    """The opposite; what is in doubt stays so."""
    return value if isinstance(value, Doubt) else not value


def all_of(options: Iterable[Truth]) -> Truth:
    """Whether every option holds: false wins, then doubt."""
    return negated(either(negated(one) for one in options))


def condition(value: Value, what: str) -> Truth:
    """A list of expressions that nobody evaluates here: holds where it is empty, in doubt otherwise."""
    return Doubt("condition-unevaluable", (what,)) if value is not None and items_of(value) else True
