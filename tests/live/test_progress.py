"""How far a collection is: a bar on a terminal, plain lines elsewhere, and nothing that stays on the screen."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from scanner.commands import progress
from scanner.commands.progress import Progress
from scanner.sources.bundle import Call
from tests.harness import run
from tests.live.aws import HOME
from tests.live.organisation import Organisation


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def call(outcome: str) -> Call:
    return Call("aws", (), "sts:GetCallerIdentity", {}, outcome)  # type: ignore[arg-type]


def told(stream: io.StringIO, *, quiet: bool = False) -> str:
    """Three calls, each ten seconds after the one before it."""
    times = iter(range(0, 1000, 10))
    made = Progress(quiet, stream, lambda: float(next(times)))
    made.place(3, 12)
    for outcome in ("read", "denied", "absent", "read"):
        made.call(call(outcome))
    made.end()
    return stream.getvalue()


def test_a_terminal_has_a_bar_that_is_taken_away() -> None:
    shown = told(Screen())
    assert "\n" not in shown and shown.endswith("\r\x1b[K")
    assert "[######..................] 3 of 12 accounts and regions, 2 calls, 1 not answered" in shown


def test_elsewhere_there_is_a_plain_line_now_and_then() -> None:
    assert told(io.StringIO()) == "tether: 3 of 12 accounts and regions, 3 calls, 1 not answered\n"


def test_a_quiet_run_says_nothing() -> None:
    assert told(Screen(), quiet=True) == ""


def test_a_collection_tells_how_far_it_is(
    organisation: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SELDOM", 0.0)
    _, _, err = run("collect", "--live", "aws", "--regions", HOME, "-o", str(tmp_path / "x"))
    lines = [line for line in err.splitlines() if "accounts and regions" in line]
    assert lines[-1].startswith("tether: 2 of 2 accounts and regions, ")
