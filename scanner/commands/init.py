"""Write a commented tether.yaml from what is found: models, places, units, candidates for the safety stack."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from msgspec.structs import replace

from scanner.commands.arguments import add_paths, add_terraform, complain, request_of
from scanner.errors import UsageError

EPILOG = """What describes the deployment (models, stores, guardrails, places, units) is filled in. What is for somebody
to decide (approved models, operators, tenants, an agreement) is proposed behind a `#`, and stays unproven until it is
decided. Settings that are there already are not read.

exit codes: 0 written; 2 wrong use, or a file that is there already."""


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_paths(parser)
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="where the settings go (default: stdout)")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    add_terraform(parser)
    parser.set_defaults(profile=None, lock=None)
    parser.epilog = EPILOG


def run(options: Namespace) -> int:
    """Read, and write the proposal. Raises UsageError for a file that would be overwritten."""
    from scanner.commands.output import emit, write_file
    from scanner.commands.propose import proposal
    from scanner.commands.propose_text import written
    from scanner.scan import read_and_build

    target = options.output
    if target is not None and not options.force and (target.exists() or target.is_symlink()):
        raise UsageError(f"`{target}` is there already: --force writes over it")
    scanned = read_and_build(replace(request_of(options), profile=None, lock=None, lean=False))
    folder = Path() if target is None else target.parent
    text = written(proposal(scanned, folder))
    if target is None:
        emit(text)
    else:
        write_file(target, text)
    for one in () if options.quiet else scanned.reading.unread:
        complain(f"note: not read, so not in the settings: {one.origin}: {one.cause}")
    return 0
