"""Examples made from the tables themselves: a text for a regex, a document for a test of a switch."""

from __future__ import annotations

import re
import re._constants as codes
import re._parser as parser
from typing import Any

from scanner import tables
from scanner.table_rows import Condition, SwitchTest


def example(regex: str) -> str:
    """A text that `regex` finds; raises AssertionError where none was made."""
    found = "".join(_of(parser.parse(regex)))
    for text in (found, found.strip(), f"x {found} x", f"x{found}x"):
        if re.search(regex, text):
            return text
    raise AssertionError(f"no example for {regex}: {found!r}")


def _of(parts: Any) -> list[str]:
    made: list[str] = []
    for code, value in parts:
        if code is codes.LITERAL:
            made.append(chr(value))
        elif code is codes.ANY:
            made.append("a")
        elif code is codes.IN:
            made.append(_member(value))
        elif code is codes.BRANCH:
            made.extend(_of(min(value[1], key=lambda one: len(one) == 0)))
        elif code is codes.SUBPATTERN:
            made.extend(_of(value[3]))
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            made.extend(_of(value[2]) * value[0])
        elif code is codes.NOT_LITERAL:
            made.append("a" if value != ord("a") else "b")
    return made


def _member(choices: Any) -> str:
    code, value = choices[0]
    if code is codes.NEGATE:
        return "a"
    if code is codes.LITERAL:
        return chr(value)
    if code is codes.RANGE:
        return chr(value[0])
    return {codes.CATEGORY_DIGIT: "1", codes.CATEGORY_SPACE: " ", codes.CATEGORY_WORD: "a"}.get(value, "a")


def bad_value(op: str, value: Any) -> Any:
    """A value that an op of the switches table calls bad; None stands for one that is left out."""
    first = value[0] if isinstance(value, tuple) else value
    return {
        "eq": first,
        "in": first,
        "not_eq": "something else",
        "not_in": "something else",
        "lt": (first or 0) - 1 if isinstance(first, int) else None,
        "present": {"here": "x"},
        "lacks": "something else",
        "regex": example(str(value)) if op == "regex" else None,
    }.get(op)


def good_value(op: str, value: Any) -> Any:
    """A value that an op of the switches table finds nothing wrong with."""
    listed = list(value) if isinstance(value, tuple) else value
    return {
        "not_eq": listed,
        "not_in": listed,
        "lt": listed,
        "absent": {"here": "x"},
        "lacks": listed,
    }.get(op, None if op == "present" else not value if isinstance(value, bool) else "harmless")


def document(test: SwitchTest, path: str, *, bad: bool = True, instead: Any = None) -> dict[str, Any]:
    """A document in which a test hits by `path`; not bad: its repaired twin. instead: a value to put."""
    root: dict[str, Any] = {}
    base = put(root, test.each, {"sure": "there"}) if test.each else root
    for condition in (test.where,):
        if condition is not None:
            _satisfy(root, base, condition)
    value = instead or (bad_value if bad else good_value)(test.op, test.value)
    if test.op == "lacks" and isinstance(value, list) and "[]." in path:
        before, after = path.split("[].", 1)
        put(base, before, [_made(after, one) for one in value])
    elif value is not None:
        put(base, path, value)
    return root


def _made(path: str, value: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    put(made, path, value)
    return made


def _satisfy(root: dict[str, Any], base: dict[str, Any], condition: Condition) -> None:
    start = root if condition.path.startswith("$.") else base
    put(start, condition.path.removeprefix("$."), bad_value(condition.op, condition.value))


def put(root: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Put `value` at a table's path; lists get one item, globs a name that fits. Returns what now stands there."""
    here: Any = root
    words = [word for word in tables.steps(path) if word != "**"]
    for index, word in enumerate(words):
        if word == "[]":
            continue
        name = word.replace("*", "any") if "*" in word else word
        listed = words[index + 1 : index + 2] == ["[]"]
        last = all(one == "[]" for one in words[index + 1 :])
        if last:
            here[name] = [value] if listed and not isinstance(value, list) else value
            return value if isinstance(value, dict) else here
        inner = here.setdefault(name, [{}] if listed else {})
        here = inner[0] if isinstance(inner, list) else inner
    return here if isinstance(here, dict) else root
