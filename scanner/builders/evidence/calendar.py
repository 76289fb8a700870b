"""Whether a schedule that is written as cron writes them has a day to come.

Sources: the EventBridge user guide, "Cron expressions" (day of the month, month, day of the week, year; `L` and `W` in
days; one of the two days is `?`); Kubernetes, "CronJob", "Schedule syntax", which is read by robfig/cron: five fields,
and where both days are narrowed either is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from scanner.patterns import lazy

MONTHS = {
    "JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6, "JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11,
    "DEC": 12,
}  # fmt: skip
WEEK = {"SUN": 0, "MON": 1, "TUE": 2, "WED": 3, "THU": 4, "FRI": 5, "SAT": 6}
YEARS = (1970, 2199)
FIELDS = 5
AHEAD = 9
"""How many years are looked at: between two days of 29 February there are eight at most."""
EVERY = frozenset({"*", "?"})
NEAREST = lazy(r"[0-9LW,-]+")
"""Days of EventBridge that are no numbers: the last one, the working day next to one."""
WORDS = lazy(r"@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every \S+)")


def comes(day: str, month: str, years: str, since: date) -> bool | None:
    """Whether such a day of such months and years is there on or after a day; None where a field is not understood."""
    days = _numbers(day, (1, 31), {})
    if days is None and NEAREST.fullmatch(day.upper()):
        days = frozenset(range(1, 32))
    months, known = _numbers(month, (1, 12), MONTHS), _numbers(years, YEARS, {})
    if days is None or months is None or known is None:
        return None
    ahead = sorted(year for year in known if year >= since.year)[:AHEAD]
    return any(_is(year, one, each, since) for year in ahead for one in months for each in days)


def crontab_comes(text: str, since: date) -> bool | None:
    """The same of the schedule of a CronJob."""
    fields = text.split()
    if WORDS.fullmatch(text.strip()):
        return True
    if len(fields) != FIELDS:
        return None
    minute, hour, day, month, week = fields
    read = (_numbers(minute, (0, 59), {}), _numbers(hour, (0, 23), {}), _numbers(week, (0, 7), WEEK))
    if any(one is None for one in read):
        return None
    both = not any(EVERY & set(field.split(",")) for field in (day, week))
    found = comes(day, month, "*", since)
    return comes("*", month, "*", since) if both and found is False else found


def _is(year: int, month: int, day: int, since: date) -> bool:
    try:
        return date(year, month, day) >= since
    except ValueError:
        return False


def _numbers(text: str, bounds: tuple[int, int], names: Mapping[str, int]) -> frozenset[int] | None:
    """The numbers that a field means: `1,3-5,*/2`, `6/3` from six on; None for what is no such field."""
    found: set[int] = set()
    for part in text.upper().split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        low = bounds[0] if span in EVERY else _number(first, names)
        high = bounds[1] if span in EVERY or (slash and not dash) else _number(last if dash else first, names)
        by = _number(step, {}) if slash else 1
        if low is None or high is None or not by or not bounds[0] <= low <= high <= bounds[1]:
            return None
        found.update(range(low, high + 1, by))
    return frozenset(found)


def _number(text: str, names: Mapping[str, int]) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 5 else names.get(text)
