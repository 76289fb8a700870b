"""What `terraform console` 1.11.4 answered: an expression, a tab, and its value in JSON, or FAIL.

The answers were recorded with `jsonencode(expression)`, and FAIL where Terraform refuses the expression.
`console.tsv` was written by hand, `console_random.tsv` made from a grammar of typed expressions.
`console_edges.tsv` has what lies at the edges of numbers, formats, YAML, sets and conversions.
`console_differs.tsv` has what is known to differ, with the answer that is given here as a third column: a zero below
zero, and branches of a conditional, or elements of a collection, that Terraform refuses unasked.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from scanner.sources.terraform.functions import find
from scanner.sources.terraform.functions.encoding import json_text
from scanner.unknown import INVALID, Unknown, unknowns_in

HERE = Path(__file__).parent


def rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def answers(tree, expressions: list[str]) -> list[str]:
    lines = "".join(f"  e{place} = {expression}\n" for place, expression in enumerate(expressions))
    attrs = tree(f'resource "probe" "p" {{\n{lines}}}\n').resources()["probe.p"].attrs
    found = []
    for place in range(len(expressions)):
        value = attrs[f"e{place}"]
        unknown = list(unknowns_in(value))
        if any(one.code == INVALID for one in unknown):
            found.append("FAIL")
        else:
            found.append(str(value) if isinstance(value, Unknown) or unknown else json_text(value))
    return found


@pytest.mark.parametrize(
    ("name", "count"), [("console.tsv", 300), ("console_random.tsv", 2_800), ("console_edges.tsv", 400)]
)
def test_every_recorded_answer(tree, name: str, count: int) -> None:
    facts = rows(name)
    found = answers(tree, [expression for expression, _ in facts])
    assert len(facts) > count
    assert [(*fact, one) for fact, one in zip(facts, found, strict=True) if fact[1] != one] == []


def test_what_is_known_to_differ_still_does(tree) -> None:
    facts = rows("console_differs.tsv")
    assert len(facts) < 10
    assert answers(tree, [expression for expression, *_ in facts]) == [ours for *_, ours in facts]
    assert all(theirs != ours for _, theirs, ours in facts)


SPECIAL = {"can", "try", "ephemeralasnull"}
"""Functions of the language that look at the expression itself: `calls.py` has them."""
LEFT = {
    "rsadecrypt": "it needs a private key",
    "bcrypt": "it differs at every run",
    "timestamp": "it differs at every run",
    "plantimestamp": "it differs at every run",
    "uuid": "it differs at every run",
}
OF_TOFU = {"base64gunzip", "cidrcontains", "urldecode"}


def test_every_function_of_the_language_is_there(value_of) -> None:
    # `terraform metadata functions -json` of 1.11.4, and what OpenTofu 1.10 has beside it.
    names = {name.removeprefix("core::") for name in (HERE / "functions.txt").read_text().split()}
    assert len(names) == 118
    for name in sorted((names | OF_TOFU) - SPECIAL - LEFT.keys()):
        assert find(name) is not None, name
    for name in LEFT:
        found = value_of(f"{name}({', '.join(['1'] * {'rsadecrypt': 2, 'bcrypt': 1}.get(name, 0))})")
        assert isinstance(found, Unknown)
        assert found.code != INVALID, name


@pytest.mark.parametrize(
    "expression",
    [
        'yamldecode("a: !!int 3")',
        'cidrhost("::ffff:10.0.0.0/104", 2)',
        'textencodebase64("a", "UTF-32BE")',
        'jsondecode("1e400000")',
        "1 / 0",
        "log(9, 3)",
        "pow(100000, 9)",
        'regexall("a*?", "abc")',
        'can(textencodebase64("a", "x"))',
        'try(regexall("a*?", "abc"), [])',
        'format("%e", 3 * pow(10, 300) * pow(10, 300))',
    ],
)
def test_what_is_not_worked_out_is_not_known(value_of, expression: str) -> None:
    """Terraform has a value for each; here it is left open, and neither wrong nor said to be refused."""
    found = value_of(expression)
    assert isinstance(found, Unknown)
    assert found.code != INVALID


@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no `terraform` on this machine")
def test_terraform_still_gives_the_recorded_answers(tmp_path: Path) -> None:
    facts = [fact for fact in rows("console_random.tsv") if fact[1] != "FAIL"]
    some = random.Random(11).sample(facts, 40)
    asked = "jsonencode([" + ", ".join(f"jsonencode({expression})" for expression, _ in some) + "])\n"
    environ = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
    done = subprocess.run(
        ["terraform", "console"], input=asked, cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert json.loads(json.loads(done.stdout)) == [answer for _, answer in some]
