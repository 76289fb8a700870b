"""How Istio compares texts: wildcards at either end, path templates, and paths as its proxies normalise them."""

from __future__ import annotations

import re
from functools import lru_cache

from scanner.builders.k8s_policy.labels import Match
from scanner.unknown import Unknown

TEMPLATE_ONE = "{*}"
TEMPLATE_ANY = "{**}"
NORMALISATIONS = ("NONE", "BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES")
DEFAULT_NORMALISATION = "BASE"
"""What a mesh does with paths where nothing is set (`DEFAULT` means the same)."""
_SEGMENT = r"[-._~%!$&'()+,;:@=a-zA-Z0-9]+"
_SEGMENTS = r"[-._~%!$&'()+,;:@=/a-zA-Z0-9]*"
_ENCODED = re.compile(r"%([0-9a-fA-F]{2})")
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")

Attribute = str | Unknown | None
"""What a request has there: a text, nothing at all, or something that the caller chooses or nobody knows."""


def yes(value: bool) -> Match:
    """A certain answer."""
    return Match.YES if value else Match.NO


def wildcard(pattern: str | Unknown, value: Attribute, *, always: bool = False) -> Match:
    """`*` (anything that is there), `*end`, `start*`, or the whole text.

    always: every request has such an attribute, so that `*` matches also what is not known.
    """
    if value is None:
        return Match.NO
    if isinstance(pattern, Unknown):
        return Match.MAYBE
    if isinstance(value, Unknown):
        return Match.YES if pattern == "*" and always else Match.MAYBE
    if pattern == "*":
        return yes(value != "")
    if pattern.startswith("*"):
        return yes(value.endswith(pattern[1:]))
    if pattern.endswith("*"):
        return yes(value.startswith(pattern[:-1]))
    return yes(value == pattern)


def host(pattern: str | Unknown, value: Attribute) -> Match:
    """As `wildcard`, whatever the case of the letters."""
    left = pattern.lower() if isinstance(pattern, str) else pattern
    return wildcard(left, value.lower() if isinstance(value, str) else value, always=True)


def path(pattern: str | Unknown, value: Attribute) -> Match:
    """A path without its query: a template, or a text with wildcards."""
    if isinstance(pattern, str) and isinstance(value, str) and (TEMPLATE_ONE in pattern or TEMPLATE_ANY in pattern):
        return yes(_template(pattern).fullmatch(value) is not None)
    if isinstance(pattern, str) and pattern.strip("/") == TEMPLATE_ANY and isinstance(value, Unknown):
        return Match.MAYBE
    return wildcard(pattern, value, always=True)


@lru_cache(maxsize=512)
def _template(pattern: str) -> re.Pattern[str]:
    """`{*}` is one segment, `{**}` any number of them; nothing else in a template is special."""
    parts = re.split(r"(\{\*\*?\})", pattern)
    made = (_SEGMENTS if one == TEMPLATE_ANY else _SEGMENT if one == TEMPLATE_ONE else re.escape(one) for one in parts)
    return re.compile("".join(made))


def normalised(raw: str, how: str = DEFAULT_NORMALISATION) -> str | None:
    """The path that policies see, without query and fragment; None where the proxy refuses the request.

    how: one of NORMALISATIONS.
    """
    found = re.split(r"[?#]", raw, maxsplit=1)[0]
    if how == "NONE":
        return found
    if "%00" in found or not found.startswith("/"):
        return None
    if how == "DECODE_AND_MERGE_SLASHES":
        found = re.sub(r"%2[fF]|%5[cC]", "/", found)
    found = _without_dots(_ENCODED.sub(_decoded, found).replace("\\", "/"))
    return found if how == "BASE" else re.sub(r"/+", "/", found)


def _decoded(found: re.Match[str]) -> str:
    """An encoded letter, digit or `-._~` is the character itself; everything else stays encoded, as it is written."""
    text = chr(int(found[1], 16))
    return text if text in _PLAIN else found[0]


def _without_dots(raw: str) -> str:
    """`.` and `..` resolved; empty segments are segments."""
    kept: list[str] = []
    segments = raw.split("/")[1:]
    for index, one in enumerate(segments):
        last = index == len(segments) - 1
        if one == "..":
            if kept:
                kept.pop()
        elif one != ".":
            kept.append(one)
            continue
        if last:
            kept.append("")
    return "/" + "/".join(kept)
