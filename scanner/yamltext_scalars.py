"""Plain scalars and keys as kubectl reads them (YAML 1.1 as go-yaml v2 has it, then JSON)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import NamedTuple

from scanner.patterns import lazy
from scanner.unknown import Value

Scalar = None | bool | int | float | str

_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_NULL = ("", "~", "null", "Null", "NULL")
_ENDLESS = frozenset(
    [".nan", ".NaN", ".NAN", *(sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF"))]
)
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(_TRUE, True),
    **dict.fromkeys(_FALSE, False),
    **dict.fromkeys(_NULL, None),
}
_NUMERIC_START = frozenset("+-.0123456789")
_INTEGER = lazy(r"([-+]?)(?:0[bB]([01]+)|0[oO]([0-7]+)|0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9][0-9]*))\Z")
_FLOAT = lazy(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_BASES = (2, 8, 16, 8, 10)
_INT64 = 1 << 63
_PREFIX = "tag:yaml.org,2002:"


class ScalarError(ValueError):
    """A scalar that kubectl refuses; the message is a sentence fragment."""


def word(text: str) -> Scalar:
    """The value of a word that stands for one, else the text itself. Raises ScalarError for NaN and infinities."""
    if text in _ENDLESS:
        raise ScalarError(f"`{text}` has no JSON form")
    return _WORDS.get(text, text)


def plain(text: str) -> Scalar:
    """The value of an unquoted scalar. Raises ScalarError for NaN and infinities, which JSON cannot hold."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC_START:
        return text
    if text in _ENDLESS:
        raise ScalarError(f"`{text}` has no JSON form")
    return _number(text)


def _number(text: str) -> Scalar:
    """`text` as a number where go-yaml takes it for one, else itself."""
    # Underscores separate digits, but not in a number that starts with its point.
    digits = text if text[0] == "." else text.replace("_", "")
    whole = _INTEGER.match(digits)
    if whole:
        sign, *groups = whole.groups()
        found = next((index for index, group in enumerate(groups) if group is not None), 0)
        number = int(groups[found] or "0", _BASES[found])
        number = -number if sign == "-" else number
        if -_INT64 <= number < _INT64:
            return number
        if not sign and number < 2 * _INT64:
            return float(number)
    if _FLOAT.match(digits):
        return _json_number(float(digits), text)
    return text


def _json_number(number: float, text: str) -> Scalar:
    """A float as it comes back from JSON: whole ones are integers; what overflows stays text."""
    if number in (float("inf"), float("-inf")):
        return text
    if number.is_integer() and -_INT64 <= number < _INT64:
        return int(number)
    return number


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit core tag. Raises ScalarError for other tags and for misfits."""
    name = tag.removeprefix(_PREFIX)
    if tag == "!" or name in ("str", "timestamp"):
        return text
    if name == "binary":
        try:
            return base64.b64decode(text).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ScalarError("`!!binary` does not hold base64 of UTF-8 text") from error
    value = plain(text)
    fits = {
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "bool": isinstance(value, bool),
        "null": value is None,
    }.get(name)
    if fits is None:
        raise ScalarError(f"the tag `{shown(tag)}` is not known")
    if not fits:
        raise ScalarError(f"`{text}` is no `!!{name}`")
    return value


class Scalars(NamedTuple):
    """How scalars are read: those without quotes, and those with a tag; each raises ScalarError."""

    plain: Callable[[str], Value]
    tagged: Callable[[str, str], Value]


KUBECTL = Scalars(plain, tagged)


def collection_tag(tag: str | None, mapping: bool) -> bool:
    """Whether a mapping or a sequence may carry `tag`: the core tags, as go-yaml takes them."""
    if tag in (None, "!"):
        return True
    return tag in ([f"{_PREFIX}map", f"{_PREFIX}set"] if mapping else [f"{_PREFIX}seq", f"{_PREFIX}omap"])


def shown(tag: str) -> str:
    """A tag as it was written: `!!int`, `!Ref`."""
    return "!!" + tag.removeprefix(_PREFIX) if tag.startswith(_PREFIX) else tag


def key_text(value: Value) -> str:
    """A mapping key as JSON has it. Raises ScalarError for null and for structures."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format(value, ".9g")
    raise ScalarError("a key must be text, a number or a boolean")
