"""Print a rule's page: what it finds, why it matters, how to fix it, and what it cannot see."""

from __future__ import annotations

import textwrap
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from scanner.commands.rules import add_known, known_rules
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.rule import Rule

WIDTH = 100


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("rule", metavar="RULE", help="the rule's name, as findings print it")
    add_known(parser)


def run(options: Namespace) -> int:
    """Print the page. Raises UsageError for an unknown rule."""
    from difflib import get_close_matches

    from scanner.commands.output import emit

    known = {rule.id: rule for rule in known_rules(options)}
    if options.rule not in known:
        near = get_close_matches(options.rule, known, 1)
        hint = f"; did you mean `{near[0]}`?" if near else "; `tether rules` lists them"
        raise UsageError(f"there is no rule `{options.rule}`{hint}")
    emit(page(known[options.rule]))
    return 0


def page(rule: Rule) -> str:
    """A rule's page as text."""
    from scanner.findings import COMMITMENTS
    from scanner.reports.safe import safe

    facts = [
        ("commitment", f"{rule.commitment}: {COMMITMENTS[rule.commitment]}"),
        ("severity", rule.severity),
        ("assertion", rule.assertion),
        ("decided by", ", ".join(rule.bases)),
    ]
    if rule.needs is not None:
        facts.append(("needs", ", ".join(sorted(rule.needs)) or "the profile alone"))
    parts = [safe(rule.id), _prose(rule.title), "\n".join(f"  {name:<12}{safe(value)}" for name, value in facts)]
    sections = (("Why it matters", rule.why), ("How to fix", rule.fix), ("What it cannot see", rule.blind))
    parts += [f"{heading}\n\n{_prose(body)}" for heading, body in sections]
    return "\n\n".join(parts) + "\n"


def _prose(text: str) -> str:
    """Paragraphs filled to the width; lists and indented blocks as they are."""
    from scanner.reports.safe import safe

    blocks = []
    for block in text.strip().split("\n\n"):
        lines = block.splitlines()
        if any(line.startswith(("- ", "* ", "  ", "\t")) for line in lines):
            blocks.append("\n".join(safe(line) for line in lines))
        else:
            blocks.append(textwrap.fill(safe(" ".join(lines)), WIDTH, break_on_hyphens=False))
    return "\n\n".join(blocks)
