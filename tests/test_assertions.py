"""Every assertion has a rule and, where AWS decides it, a case in AWS, or the page says why not."""

from __future__ import annotations

from scanner.tables import assertions
from tests.assertions_page import ELSEWHERE, PAGE, render, settled


def test_the_page_is_what_the_rules_and_the_fixtures_say() -> None:
    assert PAGE.read_text() == render(), "python -m tests.assertions_page > docs/assertions.md"


def test_what_no_rule_or_no_case_of_aws_decides_has_a_reason_and_nothing_else_has() -> None:
    open_ones = {row.id for row in assertions() if not settled(row)}
    assert open_ones == set(ELSEWHERE)
