"""Patterns that are compiled late: every one of the product is valid, and each is as one that was compiled at once."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module

import pytest

import scanner
from scanner.patterns import lazy


def test_every_pattern_of_the_product_compiles() -> None:
    (wanted,) = type(lazy("")).__bases__  # those that were used already are of it
    found = set()
    for module in pkgutil.walk_packages(scanner.__path__, "scanner."):
        if "._rules" in module.name or module.name.endswith("__main__"):
            continue
        values = vars(import_module(module.name)).values()
        for value in [inner for one in values for inner in (one.values() if isinstance(one, dict) else [one])]:
            if isinstance(value, wanted):
                found.add(value.pattern)
    assert len(found) > 280


def test_a_late_pattern_is_as_one_compiled_at_once() -> None:
    late, once = lazy(r"(?P<a>x+)", re.IGNORECASE), re.compile(r"(?P<a>x+)", re.IGNORECASE)
    assert (late.pattern, late.flags, dict(late.groupindex)) == (once.pattern, once.flags, dict(once.groupindex))
    assert late.findall("axXa") == once.findall("axXa") == ["xX"]
    assert late.sub("-", "axa") == "a-a"
    assert late.fullmatch("XX") and not late.fullmatch("XXb")


def test_a_fault_is_raised_at_the_first_use() -> None:
    broken = lazy("(")
    with pytest.raises(re.error):
        broken.search("x")
    with pytest.raises(AttributeError):
        lazy("x").serch  # type: ignore[attr-defined]  # noqa: B018 - the name is wrong on purpose
