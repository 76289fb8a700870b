"""List the rules, by commitment: those that ship, the contracts of the profile, and rules of your own."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.commands.arguments import PROFILE, add_rules, profile_of

if TYPE_CHECKING:
    from scanner.rule import Rule


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--format", choices=("text", "json"), default="text", help="(default: text)")
    add_known(parser)


def add_known(parser: ArgumentParser) -> None:
    """The arguments of the commands that speak of rules: where those are that do not ship."""
    parser.add_argument(
        "--profile", type=Path, metavar="FILE", help=f"settings with contracts (default: {PROFILE}, if there is one)"
    )
    add_rules(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="a traceback for a fault")


def run(options: Namespace) -> int:
    """Print the list."""
    from scanner.commands.output import emit

    known = known_rules(options)
    emit(as_json(known) if options.format == "json" else as_text(known))
    return 0


def known_rules(options: Namespace) -> tuple[Rule, ...]:
    """Every rule that a scan with these arguments would judge. Raises UsageError for rules that cannot be loaded."""
    from scanner.catalogue import rules

    shipped = rules(tuple(options.rules))
    profile = profile_of(options.profile)
    if profile is None:
        return shipped
    from scanner.contracts import contract_rules
    from scanner.profile_file import load_profile

    return (*shipped, *contract_rules(load_profile(profile, str(profile))))


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
