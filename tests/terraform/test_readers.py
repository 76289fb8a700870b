"""The native reader against what `terraform fmt` says of 1,200 texts, and against python-hcl2 on what both read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.sources.terraform import Parsed
from scanner.sources.terraform.budget import deep_recursion
from scanner.sources.terraform.native.read import parse as native
from scanner.sources.terraform.native.read import parse_parts
from scanner.sources.terraform.read_hcl2 import parse as second
from scanner.sources.terraform.readers import outline, parse_file
from scanner.sources.terraform.syntax import Body, SyntaxFault

HERE = Path(__file__).parent
FIXTURES = HERE.parent.parent / "fixtures"
# Each line is a text, the line of the first error that Terraform 1.11.4 reports in it (0 for none), and, where the
# error is told in another line, `ours`: Terraform's parser goes on behind an error and tells some where it stopped.
CASES = [json.loads(line) for line in (HERE / "fmt.jsonl").read_text().splitlines()]


def line_of_fault(text: str) -> int:
    try:
        native(text, "main.tf")
    except SyntaxFault as fault:
        return fault.line
    return 0


def test_the_native_reader_accepts_and_refuses_what_terraform_does() -> None:
    wrong = [case for case in CASES if line_of_fault(case["text"]) != case.get("ours", case["line"])]
    assert wrong == []


def test_few_faults_are_told_in_another_line_than_terraform_tells_them_in() -> None:
    refused = [case for case in CASES if case["line"]]
    assert len(refused) > 900
    assert sum("ours" in case for case in refused) < len(refused) * 0.02
    assert all(case["line"] and case["ours"] for case in CASES if "ours" in case)


def both(text: str) -> tuple[Body, Body] | None:
    try:
        with deep_recursion():
            return native(text, "main.tf"), second(text, "main.tf")
    except SyntaxFault:
        return None


def test_both_readers_make_the_same_tree_of_what_both_accept() -> None:
    pairs = [pair for case in CASES if not case["line"] and (pair := both(case["text"]))]
    assert len(pairs) > 150
    # Positions included; a repr tells 1, 1.0 and True apart.
    assert [first for first, other in pairs if repr(first) != repr(other)] == []


@pytest.mark.parametrize("path", sorted(FIXTURES.rglob("*.tf")), ids=lambda path: str(path.relative_to(FIXTURES)))
def test_both_readers_make_the_same_tree_of_a_fixture(path: Path) -> None:
    pair = both(path.read_text())
    if pair is None:
        assert line_of_fault(path.read_text()), "the second reader alone refuses it"
        return
    assert repr(pair[0]) == repr(pair[1])


GOOD = 'resource "a" "one" {\n  x = 1\n}\n'
LATER = 'resource "a" "two" {\n  x = "${var.y}"\n}\n'


@pytest.mark.parametrize(
    "bad",
    ['resource "a" "bad" {\n  x = = 2\n}\n', 'resource "a" "bad" {\n  x = "open\n}\n', "stray words }\n", "¤\n"],
    ids=["sign", "open-text", "words", "character"],
)
def test_a_fault_costs_the_block_that_it_is_in(bad: str) -> None:
    body, faults = parse_parts(GOOD + bad + LATER, "main.tf")
    assert [block.labels[1] for block in body.blocks] == ["one", "two"]
    assert len(faults) == 1
    assert 4 <= faults[0].line <= 6
    assert body.blocks[1].at.line == 4 + bad.count("\n")


def test_after_many_faults_the_rest_is_left() -> None:
    body, faults = parse_parts('resource "a" "b" {\n  =\n}\n' * 50 + GOOD, "main.tf")
    assert len(faults) == 20
    assert body.blocks == ()


def test_a_file_that_the_readers_do_not_read_alike_is_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    import scanner.sources.terraform.read_hcl2 as library

    assert parse_file(GOOD, "main.tf", cross_check=True) == (native(GOOD, "main.tf"), [])
    monkeypatch.setattr(library, "parse", lambda text, path: native(text.replace("1", "true"), path))
    body, faults = parse_file(LATER + GOOD, "main.tf", cross_check=True)
    assert body.blocks == ()
    assert [(fault.line, fault.cause) for fault in faults] == [(4, "two readers do not read this alike")]


def test_a_file_that_only_one_reader_can_read_is_unread() -> None:
    # A name outside ASCII: Terraform takes it, python-hcl2 does not.
    text = "locals {\n  é = 1\n}\n"
    assert parse_file(text, "main.tf", cross_check=False)[1] == []
    body, faults = parse_file(text, "main.tf", cross_check=True)
    assert body.blocks == ()
    assert faults[0].cause.startswith("only one of two readers can read it")


def test_positions_are_no_part_of_an_outline() -> None:
    assert outline(native("a = 1\n", "f")) == outline(native("\n a  =  1\n", "g"))
    assert outline(native("a = 1\n", "f")) != outline(native("a = true\n", "f"))


KNOWN_FAILURES = {
    "an end marker followed by spaces": ("  v = <<EOT\na\nEOT  \n", "a\n"),
    "a name that is not ASCII": ("  v = local.größe\n", 3),
    "a new line behind the start of an interpolation": ('  v = "x${\n    1 + 1}"\n', "x2"),
    "a key of a loop on several lines": ('  v = { for k in [1] : (\n    k == 1 ? "a" : "b"\n  ) => k }\n', {"a": 1}),
    "a name of an argument and of a block": ("  v = 1\n  w = 2\n  w {\n    x = 1\n  }\n", 1),
    "a byte order mark": ("  v = 1\n", 1),
}
"""What python-hcl2 8.1.4 fails on, though Terraform reads it."""


@pytest.mark.parametrize("which", KNOWN_FAILURES)
def test_what_python_hcl2_fails_on_is_read_or_named(tree, which: str) -> None:
    body, expected = KNOWN_FAILURES[which]
    mark = "\ufeff" if which == "a byte order mark" else ""
    local = "locals {\n  größe = 3\n}\n" if which == "a name that is not ASCII" else ""
    text = mark + 'resource "probe" "p" {\n' + body + "}\n" + local
    made = tree(text)
    alone = made.read()
    assert (alone.unread, alone.resources[0].attrs["v"]) == ([], expected)
    both = made.read(syntax=Parsed(cross_check=True))
    told = [one.attrs["v"] for one in both.resources if one.address == "probe.p"]
    # With both readers the same is read, or the file is named: never another value, and never silence.
    assert told == [expected] or [one.origin.path for one in both.unread] == ["main.tf"]
