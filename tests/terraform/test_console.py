"""What `terraform console` 1.11.4 answered: an expression, a tab, and its value in JSON, or FAIL.

The answers were recorded with `jsonencode(expression)`, and FAIL where Terraform refuses the expression.
"""

from __future__ import annotations

from pathlib import Path

from scanner.sources.terraform.functions.encoding import json_text
from scanner.unknown import INVALID, Unknown

FACTS = Path(__file__).parent / "console.tsv"


def test_every_recorded_answer(tree) -> None:
    facts = [line.rsplit("\t", 1) for line in FACTS.read_text(encoding="utf-8").splitlines()]
    lines = "".join(f"  e{place} = {expression}\n" for place, (expression, _) in enumerate(facts))
    attrs = tree(f'resource "probe" "p" {{\n{lines}}}\n').resources()["probe.p"].attrs
    wrong = []
    for place, (expression, answer) in enumerate(facts):
        value = attrs[f"e{place}"]
        refused = isinstance(value, Unknown) and value.code == INVALID
        found = "FAIL" if refused else str(value) if isinstance(value, Unknown) else json_text(value)
        if found != answer:
            wrong.append((expression, answer, found))
    assert len(facts) > 300
    assert wrong == []
