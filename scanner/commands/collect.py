"""Record what an API answers, call by call, so that it can be judged elsewhere and later; nothing is written to it."""

from __future__ import annotations

import contextlib
import signal
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from scanner.commands.arguments import add_judged, add_live, complain, narrowed_lives
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.commands.progress import Progress
    from scanner.profile import Profile
    from scanner.sources.bundle import BundleWriter, Call
    from scanner.sources.read import Live

EPILOG = """The bundle holds what the rules look at: no value of a Secret, of variables and ConfigMaps only those
that a table names (`tether scan --bundle` gives the verdicts that a live scan would), the others as salted digests.
It is written call by call with mode 0600: a run that was cut short goes on with --resume, which asks again for what
was not answered.

exit codes: 0 every call was answered; 2 wrong use, or the API cannot be connected to; 3 some calls were not answered:
the bundle says which, and a scan of it proves nothing that they could touch."""


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_live(parser, required=True)
    add_judged(parser)
    parser.add_argument(*("--output", "-o"), type=Path, required=True, metavar="BUNDLE", help="the file to write")
    parser.add_argument(
        "--profile",
        type=Path,
        default=None,
        metavar="FILE",
        help="of AWS, leave out what nothing leads to by this profile and by what it answers (default: ask everything)",
    )
    parser.add_argument("--resume", action="store_true", help="go on with a bundle, asking for what it lacks")
    parser.add_argument("-q", "--quiet", action="store_true", help="no notes on stderr")
    parser.add_argument("-v", "--verbose", action="store_true", help="say more; a traceback for a fault")
    parser.epilog = EPILOG


def run(options: Namespace) -> int:
    """Collect; the exit code says whether everything was answered."""
    from scanner import __version__
    from scanner.choice import waited_for
    from scanner.commands.progress import Progress
    from scanner.sources.bundle import BundleWriter
    from scanner.sources.recorded import ask, now, unanswered

    lives, profile = narrowed_lives(options), _profile(options)
    stop = Event()
    progress = Progress(options.quiet or options.verbose)
    for live in lives:
        ask(live)  # who cannot be reached leaves no empty file behind
    with BundleWriter(options.output, resume=options.resume, version=__version__, at=now()) as writer:
        before = len(writer.done)
        counts: dict[str, int] = {}
        for live in lives:
            with _interruptible(live.name == "aws") as stop:
                for call in _calls(live, writer, stop, progress, profile):
                    writer.add(call)
                    progress.call(call)
                    counts[call.outcome] = counts.get(call.outcome, 0) + 1
                    if options.verbose:
                        complain(f"{call.outcome}: {call.operation} {_about(call.parameters)}")
            if stop.is_set():
                break
        if not stop.is_set() or live is lives[-1]:
            writer.finish()  # an API that was never come to is not to go unnoticed
    progress.end()
    if not options.quiet:
        said = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items())) or "no new call"
        complain(f"note: {said}" + (f"; {before} calls were there already" if before else ""))
    lost = waited_for(options.judge, unanswered(options.output, lean=profile is not None))
    for one in lost if not options.quiet else ():
        complain(f"{one.cause}" + (f"; {one.remedy}" if one.remedy else ""))
    if stop.is_set():
        raise KeyboardInterrupt
    return 3 if lost else 0


def _profile(options: Namespace) -> Profile | None:
    from scanner.profile_file import load_profile

    if options.judge and options.profile is not None:
        raise UsageError("--judge asks everything that some rules need: nothing of it is left out by a profile")
    return None if options.profile is None else load_profile(options.profile, str(options.profile))


def _calls(
    live: Live, writer: BundleWriter, stop: Event, progress: Progress, profile: Profile | None
) -> Iterator[Call]:
    """Every call, as it is made; with a profile, of AWS those that count by it, and in the end what was left out."""
    from scanner.sources.recorded import ask, collector_of

    if profile is None or live.name != "aws":
        return ask(live, writer, stop, progress.place)
    from scanner.settled import leanly

    return leanly(collector_of(live, writer, stop, progress.place, lean=True), writer.done, profile)


@contextlib.contextmanager
def _interruptible(wanted: bool) -> Iterator[Event]:
    """An Event that Ctrl-C sets: what is left is then recorded as not asked, and the file is whole.

    A second Ctrl-C ends the run at once, and leaves a file without its last line.
    """
    stop = Event()

    def first(number: int, frame: object) -> None:
        del number, frame
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    if not wanted or threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGINT, first)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _about(parameters: object) -> str:
    values = parameters if isinstance(parameters, dict) else {}
    words = [str(values[key]) for key in ("path", "resource", "kind", "group", "namespace") if values.get(key)]
    return " ".join(words)
