"""The tests of the switches table, made on one thing: what they reach, on which line, and whether it is bad."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from scanner import tables
from scanner.builders.blocks import POSSIBLE, doubt
from scanner.builders.placement.conditions import present, same
from scanner.origin import Origin
from scanner.resource import mark
from scanner.table_rows import Condition, SwitchTest
from scanner.unknown import Unknown, Value


class Spot(Struct, frozen=True):
    """A value with its line, its concrete path, and what decides whether the block around it exists."""

    value: Value
    origin: Origin | None
    path: str = ""
    possible: Unknown | None = None

    @property
    def unknown(self) -> Unknown | None:
        """What must be known before the value counts."""
        return self.possible or (self.value if isinstance(self.value, Unknown) else None)


class Hit(Struct, frozen=True):
    """The answer of one test on one base: bad is True, False, or the Unknown that decides.

    absent: the setting is left out. value: what it is, for printing; None where it is absent.
    """

    bad: bool | Unknown
    setting: str
    origin: Origin | None
    absent: bool = False
    value: Value = None


def spots(base: Spot, path: str) -> Iterator[Spot]:
    """Everything at a table's path: keys, `[]`, globs, and `**` for here and every depth below."""
    yield from _spots(base, tables.steps(path.removeprefix("$.")))


def _spots(spot: Spot, steps: tuple[str, ...]) -> Iterator[Spot]:
    value = spot.value
    if not steps or isinstance(value, Unknown):
        yield spot
        return
    step, rest = steps[0], steps[1:]
    if step == "**":
        yield from _spots(spot, rest)
        for inner in _inside(spot):
            key = inner.path.rpartition("\x00")[2]
            yield from _spots(_plain(inner, spot.path, key) if "\x00" in inner.path else inner, steps)
    elif step == "[]":
        listed = isinstance(value, Sequence) and not isinstance(value, str)
        for item in _inside(spot) if listed else (spot,):
            yield from _spots(item, rest)
    elif isinstance(value, Mapping):
        for item in _inside(spot):
            key = item.path.rpartition("\x00")[2]
            if key == step or ("*" in step and fnmatchcase(key, step)):
                yield from _spots(_plain(item, spot.path, key), rest)


def _plain(item: Spot, before: str, key: str) -> Spot:
    return Spot(item.value, item.origin, f"{before}.{key}" if before else key, item.possible)


def _inside(spot: Spot) -> Iterator[Spot]:
    """The values of a mapping (their key after a NUL in `path`), or the items of a list."""
    value = spot.value
    if isinstance(value, Mapping):
        possible = spot.possible or doubt(value)
        for key, item in value.items():
            if key != POSSIBLE:
                yield Spot(item, mark(value, key) or spot.origin, f"{spot.path}\x00{key}", possible)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield Spot(item, mark(value, index) or spot.origin, spot.path, spot.possible or doubt(item))


def answers(test: SwitchTest, root: Spot) -> Iterator[Hit]:
    """One answer for each base and path of a test; none where the test does not apply."""
    for base in spots(root, test.each) if test.each else (root,):
        if base.value is None:
            continue
        if isinstance(base.value, Unknown):
            yield Hit(base.value, f"{base.path}.{test.paths[0]}".strip("."), base.origin)
            continue
        admits = _admits(test, base, root)
        if admits is False:
            continue
        for path in test.paths:
            yield _doubted(_answer(test, base, path), admits, base)


def _doubted(hit: Hit, admits: bool | Unknown, base: Spot) -> Hit:
    """A bad answer that hangs on a condition, or on a block that may not exist, is not known."""
    reason = admits if isinstance(admits, Unknown) else base.possible or doubt(base.value)
    if hit.bad is True and reason is not None:
        return Hit(reason, hit.setting, hit.origin, hit.absent, hit.value)
    return hit


def _admits(test: SwitchTest, base: Spot, root: Spot) -> bool | Unknown:
    unsure: Unknown | None = None
    for condition, wanted in ((test.where, True), (test.unless, False)):
        if condition is None:
            continue
        answer = _condition(condition, root if condition.path.startswith("$.") else base)
        if isinstance(answer, Unknown):
            unsure = unsure or answer
        elif answer is not wanted:
            return False
    return unsure or True


def _condition(condition: Condition, start: Spot) -> bool | Unknown:
    return _holds(condition.op, condition.value, list(spots(start, condition.path)))[0]


def _answer(test: SwitchTest, base: Spot, path: str) -> Hit:
    found = list(spots(base, path))
    wanted = path.replace("[]", "").replace(".**", "").removeprefix("**.")
    setting = f"{base.path}.{wanted}" if base.path else wanted
    bad, spot = _holds(test.op, test.value, found)
    gone = _holds("absent", None, found)[0]
    absent = gone is True
    if test.or_absent and gone is not False and bad is not True:
        bad = gone
    if spot is None:
        return Hit(bad, setting, base.origin, absent)
    return Hit(bad, spot.path or setting, spot.origin, absent, spot.value)


def _holds(op: str, wanted: object, found: list[Spot]) -> tuple[bool | Unknown, Spot | None]:
    """The answer of an op over everything reached, and the value that decides it."""
    full = [spot for spot in found if isinstance(spot.value, Unknown) or present(spot.value)]
    known = [spot for spot in full if not isinstance(spot.value, Unknown)]
    unsure = next((spot for spot in full if spot.unknown is not None), None)
    if op in ("present", "absent"):
        certain = next((spot for spot in known if spot.possible is None), None)
        if certain is not None:
            return op == "present", certain
        if unsure is not None and unsure.unknown is not None:
            return unsure.unknown, unsure
        return op == "absent", next(iter(found), None)
    if op == "lacks":
        return _lacks(wanted, known, unsure, found)
    for spot in full:
        answer = _single(op, wanted, spot)
        if answer is True:
            return (True if spot.possible is None else spot.possible), spot
    if unsure is not None and unsure.unknown is not None and not _ruled_out(op, wanted, unsure):
        return unsure.unknown, unsure
    return False, next(iter(full), None)


def _lacks(
    wanted: object, known: list[Spot], unsure: Spot | None, found: list[Spot]
) -> tuple[bool | Unknown, Spot | None]:
    kinds = wanted if isinstance(wanted, tuple) else (wanted,)
    missing = [kind for kind in kinds if not any(same(spot.value, kind) for spot in known if spot.possible is None)]
    if not missing:
        return False, next(iter(known), None)
    if unsure is not None and unsure.unknown is not None:
        return unsure.unknown, unsure
    return True, next(iter(found), None)


def _single(op: str, wanted: object, spot: Spot) -> bool:
    """Whether a scalar, or the known part of a string, is what the op looks for."""
    value = spot.value
    if isinstance(value, Unknown):
        shown = value.text() if value.pieces else ""
        return op == "regex" and bool(shown) and tables.pattern(str(wanted)).search(shown) is not None
    if isinstance(value, (Mapping, list, tuple)):
        return False
    if op == "regex":
        return isinstance(value, str) and tables.pattern(str(wanted)).search(value) is not None
    if op == "lt":
        shown = "" if isinstance(value, bool) else str(value)
        number = float(shown) if shown.replace(".", "", 1).isdigit() else None
        return number is not None and isinstance(wanted, (int, float)) and number < wanted
    among = any(same(value, one) for one in (wanted if isinstance(wanted, tuple) else (wanted,)))
    return among == (op in ("eq", "in"))


def _ruled_out(op: str, wanted: object, spot: Spot) -> bool:
    """An Unknown none of whose few possible values is bad, or a version that is published and so no draft."""
    value = spot.value
    if not isinstance(value, Unknown):
        return False
    if value.ref is not None and op == "eq" and wanted == "DRAFT":
        kind = f".{value.ref.address}".split(".")[-2]
        return kind.endswith("guardrail_version") and value.ref.attribute == "version"
    return bool(value.options) and not any(_single(op, wanted, Spot(one, spot.origin)) for one in value.options)
