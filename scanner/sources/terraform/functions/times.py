"""Functions over points in time, in RFC 3339."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from scanner.patterns import lazy
from scanner.sources.terraform.functions.function import Function, pure, text
from scanner.sources.terraform.values import Refused
from scanner.unknown import Unknown, Value

_RFC3339 = lazy(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION = lazy(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)")
_TOKEN = lazy(r"'(?:[^']|'')*'|Y+|M+|D+|E+|h+|H+|A+|a+|m+|s+|Z+|[^A-Za-z']+|.")


def _time(value: Value) -> datetime:
    source = text(value)
    if not _RFC3339.fullmatch(source):
        raise Refused("a text that is no time stamp")
    try:
        return datetime.fromisoformat(source)
    except ValueError as error:
        raise Refused("a text that is no time stamp") from error


def _shown(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _timeadd(arguments: list[Value]) -> Value:
    duration = text(arguments[1])
    bare = duration.lstrip("+-")
    if bare == "0":
        bare = "0s"
    if _DURATION.sub("", bare) or not bare or len(duration) - len(bare) > 1 or len(bare) > 100:
        raise Refused("a text that is no duration")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(bare))
    try:
        moved = _time(arguments[0]) + timedelta(seconds=-seconds if duration.startswith("-") else seconds)
    except OverflowError as error:
        raise Refused("a time that is out of range") from error
    return _shown(moved.replace(microsecond=0))


def _timecmp(arguments: list[Value]) -> Value:
    first, second = _time(arguments[0]), _time(arguments[1])
    return (first > second) - (first < second)


def _formatdate(arguments: list[Value]) -> Value:
    moment = _time(arguments[1])
    return "".join(_part(token, moment) for token in _TOKEN.findall(text(arguments[0])))


def _part(token: str, moment: datetime) -> str:
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    hour = moment.hour % 12 or 12
    offset = moment.strftime("%z")
    colon = f"{offset[:3]}:{offset[3:5]}"
    known = {
        "YYYY": f"{moment.year:04}",
        "YY": f"{moment.year % 100:02}",
        "MMMM": f"{moment:%B}",
        "MMM": f"{moment:%b}",
        "MM": f"{moment.month:02}",
        "M": str(moment.month),
        "DD": f"{moment.day:02}",
        "D": str(moment.day),
        "EEEE": f"{moment:%A}",
        "EEE": f"{moment:%a}",
        "hh": f"{moment.hour:02}",
        "h": str(moment.hour),
        "HH": f"{hour:02}",
        "H": str(hour),
        "AA": f"{moment:%p}".upper(),
        "aa": f"{moment:%p}".lower(),
        "mm": f"{moment.minute:02}",
        "m": str(moment.minute),
        "ss": f"{moment.second:02}",
        "s": str(moment.second),
        "ZZZZZ": colon,
        "ZZZZ": offset[:5],
        "ZZZ": "UTC" if offset[:5] == "+0000" else offset[:5],
        "Z": "Z" if offset[:5] == "+0000" else colon,
    }
    if token in known:
        return known[token]
    if token[0].isascii() and token[0].isalpha():
        raise Refused("a date format that is not known")
    return token


def _now(name: str) -> Function:
    return pure(lambda _arguments: Unknown(f"`{name}()` differs at every run"), 0)


TABLE: Mapping[str, Function] = {
    "timestamp": _now("timestamp"),
    "plantimestamp": _now("plantimestamp"),
    "timeadd": pure(_timeadd, 2),
    "timecmp": pure(_timecmp, 2),
    "formatdate": pure(_formatdate, 2),
}
