"""List the rules, by commitment."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.rule import Rule


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--format", choices=("text", "json"), default="text", help="(default: text)")
    parser.add_argument("-v", "--verbose", action="store_true", help="a traceback for a fault")


def run(options: Namespace) -> int:
    """Print the list."""
    from scanner.catalogue import rules
    from scanner.commands.output import emit

    emit(as_json(rules()) if options.format == "json" else as_text(rules()))
    return 0


def as_text(rules: Iterable[Rule]) -> str:
    """A line a rule below each commitment's line."""
    from scanner.findings import COMMITMENTS
    from scanner.reports.safe import safe

    known = list(rules)
    wide = max((len(rule.id) for rule in known), default=0)
    parts = []
    for commitment, promise in COMMITMENTS.items():
        mine = [rule for rule in known if rule.commitment == commitment]
        lines = [f"  {safe(rule.id):<{wide}}  {rule.severity:<8}  {safe(rule.title)}" for rule in mine]
        parts.append("\n".join([f"{commitment}: {promise}", *(lines or ["  no rule yet"])]))
    return "\n\n".join(parts) + "\n"


def as_json(rules: Iterable[Rule]) -> str:
    """The rules as JSON, schema `tether.rules/1`."""
    from scanner.reports.plain import dumped

    listed = [
        {
            "id": rule.id,
            "commitment": rule.commitment,
            "severity": rule.severity,
            "assertion": rule.assertion,
            "bases": list(rule.bases),
            "title": rule.title,
            "why": rule.why,
            "fix": rule.fix,
            "blind": rule.blind,
        }
        for rule in rules
    ]
    return dumped({"schema": "tether.rules/1", "rules": listed})
