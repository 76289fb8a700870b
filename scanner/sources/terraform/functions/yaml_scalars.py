"""Plain scalars as `yamldecode` reads them: not as kubectl does, but as go-cty-yaml 1.1 has it."""

from __future__ import annotations

from scanner.patterns import lazy
from scanner.sources.terraform.exact import parsed
from scanner.unknown import Value
from scanner.yamltext_scalars import ScalarError, word

_DECIMAL = lazy(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASED = lazy(r"0x([0-9a-fA-F]+)|0o([0-7]+)")
_DATE = lazy(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?(Z|[+-]\d\d:\d\d)?)?")
_KEPT = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:binary")


def terraform_scalar(text: str) -> Value:
    """The value of an unquoted scalar. Raises ScalarError for what has no value, and for numbers that are too long."""
    found = word(text)
    if found is not text:
        return found
    if text[0] not in "+-.0123456789":
        return text
    based = _BASED.fullmatch(text)
    if based:
        return int(based[1], 16) if based[1] else int(based[2], 8)
    if _DECIMAL.fullmatch(text):
        try:
            return parsed(text)
        except (ValueError, OverflowError) as error:
            raise ScalarError("a number with more than a thousand digits") from error
    return _moment(text)


def _moment(text: str) -> str:
    """A date or a time as RFC 3339 has it, as `yamldecode` gives it; any other text as it is."""
    found = _DATE.fullmatch(text)
    if found is None:
        return text
    year, month, day, *time = found.groups()
    hour, minute, second, zone = (*(one or "0" for one in time[:3]), time[3])
    if time[0] is not None and (" " in text) is (zone is not None):
        return text  # with a zone there is a T, without one a space
    whole = (int(month), int(day), int(hour), int(minute), int(second))
    if not (1 <= whole[0] <= 12 and 1 <= whole[1] <= 31 and whole[2] < 24 and whole[3] < 60 and whole[4] < 60):
        return text
    if whole[1] > 28:
        raise ScalarError("a date at the end of a month")
    return f"{year}-{whole[0]:02}-{whole[1]:02}T{whole[2]:02}:{whole[3]:02}:{whole[4]:02}{zone or 'Z'}"


def terraform_tagged(tag: str, text: str) -> Value:
    """The value of a scalar with a tag. Raises ScalarError where the tag does not leave the text as it is."""
    if tag in _KEPT:
        return text
    raise ScalarError("a tag that is not evaluated")
