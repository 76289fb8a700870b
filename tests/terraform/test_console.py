"""What `terraform console` 1.11.4 answered: an expression, a tab, and its value in JSON, or FAIL.

The answers were recorded with `jsonencode(expression)`, and FAIL where Terraform refuses the expression.
`console.tsv` was written by hand, `console_random.tsv` made from a grammar of typed expressions.
`console_differs.tsv` has what is known to differ, with the answer that is given here as a third column: fractions in
decimals of any length, and branches of a conditional, or elements of a collection, that Terraform refuses unasked.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(("name", "count"), [("console.tsv", 300), ("console_random.tsv", 2_800)])
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
