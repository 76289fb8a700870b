"""Patterns that are compiled late: every one of the product is valid, and each is as one that was compiled at once."""

from __future__ import annotations

import pkgutil
import re
import shlex
from fnmatch import fnmatchcase
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scanner
from scanner import tables
from scanner.needles import Sieve, needles_of, sought
from scanner.patterns import fits, lazy
from scanner.podspec_containers import shell_words
from tests.drawn import some

REGEXES = sorted(
    {
        value
        for path in tables.tables_dir().glob("*.json")
        for row in tables.load(path.stem).rows
        for name, value in row.items()
        if name.endswith("regex") and isinstance(value, str)
    }
)


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


@pytest.mark.parametrize(
    ("regex", "needles"),
    [
        ("get\\.k3s\\.io|k0s install", ("get.k3s.io", "k0s install")),
        ("(?i)/providers/Micro(A|B)", ("/providers/micro",)),
        ("(^|/)vllm(:|@|$)", ("vllm",)),
        ("abcd?ef", ("abc",)),
        ("abcd*", ("abc",)),
        ("abcd+efgh", ("abcd",)),
        ("abcd{0,3}[xyz)]{2}(wxyz]|(a))?efg", ("abc",)),
        ("ab[]|x]cdef", ("cdef",)),
        ("ab[^]\\]]cdef", ("cdef",)),
        ("\\bshe\\dlls\\b", ("she",)),
        ("(^|/)(?:ollama/(a|b)|x/alpine)", ("ollama/", "x/alpine")),
        ("(long|ab)x", ()),
        ("(long|list)?x", ()),
        ("(?!long)(?P<a>list)x", ()),
        ("(?i)^(Keep|Idle)+", ("keep", "idle")),
        ("long|ab", ()),
        ("long|", ()),
        ("food{|bar}", ()),
        ("\\x41bcde", ()),
        ("(?x)a b c d", ()),
        ("(?is)abcd", ()),
        ("(?i)stra\u00dfe", ()),
    ],
)
def test_needles(regex: str, needles: tuple[str, ...]) -> None:
    assert needles_of(regex) == needles


@given(st.data())
@settings(max_examples=some(6, 3000), deadline=None)
def test_no_needle_hides_what_a_pattern_of_the_tables_finds(data: st.DataObject) -> None:
    regex = data.draw(st.sampled_from([one for one in REGEXES if needles_of(one)]))
    text = data.draw(st.from_regex(regex))
    quick, slow = sought(regex).search(text), re.search(regex, text)
    assert quick is not None and slow is not None and quick.span() == slow.span()


@given(st.data())
@settings(max_examples=some(20, 500), deadline=None)
def test_a_sieve_finds_what_its_expressions_find(data: st.DataObject) -> None:
    some_of_them = data.draw(st.lists(st.sampled_from(REGEXES), min_size=1, max_size=4))
    text = data.draw(st.one_of(st.text(max_size=20), st.from_regex(data.draw(st.sampled_from(some_of_them)))))
    sieve = Sieve([(one, one) for one in some_of_them])
    assert list(sieve.found(text)) == [one for one in some_of_them if re.search(one, text)]


def test_letters_that_are_one_whatever_their_case_are_found() -> None:
    assert sought("(?i)keep").search("\u212aeep") is not None
    assert sought("keep").search("\u212aeep") is None
    assert sought("(?i)keep").search("KEEP") is not None
    assert sought("(?i)keep(er)").sub("x", "Keeper keeps") == "x keeps"


@settings(max_examples=some(200, 5000), deadline=None)
@given(st.text("ab*?[]!.\n", max_size=5), st.text("ab*?[]!.\n", max_size=5))
def test_a_name_fits_a_glob_as_the_library_has_it(name: str, glob: str) -> None:
    assert fits(name, glob) == fnmatchcase(name, glob)


@settings(max_examples=some(200, 5000), deadline=None)
@given(st.text("ab \t\r\n'\"\\#$;\x0b\x1c\xa0\u2003\0=-", max_size=12))
def test_a_line_has_the_words_that_the_library_finds(line: str) -> None:
    joined = line.replace("\\\n", " ")
    try:
        expected = shlex.split(joined)
    except ValueError:
        expected = joined.split()
    assert shell_words(line) == expected
