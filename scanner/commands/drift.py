"""Hold what is declared (files, plans) against what is live (a bundle, an API): things, facts and ways."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from msgspec.structs import replace

from scanner.commands.arguments import add_inputs, note_foreign_profiles, request_of
from scanner.errors import UsageError

EPILOG = """PATH is what is declared, --bundle and --live are what is live; one profile tells the units of both apart.
Things are the same by address in a cluster, and by name, account and region in AWS. Where that cannot be told, or an
input of either side was not read, nothing is taken to be without drift.

exit codes: 0 no drift; 1 drift; 2 wrong use or settings; 3 not proven; 4 a fault in Tether"""


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_inputs(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="(default: text)")
    parser.epilog = EPILOG


def run(options: Namespace) -> int:
    """Compare; the exit code says whether the sides agree."""
    from scanner.commands.drift_names import with_names_of_both
    from scanner.commands.output import emit
    from scanner.reports.drift_formats import Told, as_json, as_text
    from scanner.scan import read_and_build
    from scanner.sides.compare import compare

    if not (options.bundle or options.live):
        raise UsageError("what is live is missing: --bundle FILE or --live")
    if options.state:
        raise UsageError("--state is neither side: a state says what was applied, not what is there")
    if not options.paths and not options.plan:
        raise UsageError("what is declared is missing: a PATH")
    request = request_of(options)
    note_foreign_profiles(request, options)
    declared = read_and_build(replace(request, bundles=(), live=()))
    live = read_and_build(replace(request, paths=(), plans=(), lean=False))
    ours, theirs, both = with_names_of_both(declared, live)
    found = compare(ours, theirs, both)
    unread = [(name, one) for name, side in (("declared", declared), ("live", live)) for one in side.reading.unread]
    reasons = [
        f"nothing {name} was read"
        for name, side in (("declared", declared), ("live", live))
        if not side.reading.resources
    ]
    verdict = "drift" if found.certain else "unproven" if found.undecided or unread or reasons else "none"
    counts = (len(declared.reading.resources), len(live.reading.resources))
    told = Told(verdict, found.certain, found.undecided, unread, reasons, counts)
    emit(as_json(told) if options.format == "json" else as_text(told))
    return {"none": 0, "drift": 1, "unproven": 3}[verdict]
