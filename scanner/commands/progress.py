"""How far a collection is: a bar on a terminal, and elsewhere a plain line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from msgspec import Struct, field

from scanner.sources.bundle import Call
from scanner.sources.bundle.call import ANSWERED

WIDTH = 24
OFTEN, SELDOM = 0.2, 30.0
"""Seconds between two states of a bar, and between two lines."""


class Progress(Struct):
    """Counts calls and places, and tells of them on stderr; nothing where it is `quiet`.

    done, all: the places (an account, or a region of one) that are through, and those that are known of so far.
    """

    quiet: bool = False
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    clock: Callable[[], float] = time.monotonic
    done: int = 0
    all: int = 0
    calls: int = 0
    lost: int = 0
    last: float = -1.0
    shown: bool = False

    def place(self, done: int, all_: int) -> None:
        """So many places are through, of so many that are known of."""
        self.done, self.all = done, all_
        self._tell()

    def call(self, call: Call) -> None:
        """A call was made."""
        self.calls += 1
        self.lost += call.outcome not in ANSWERED
        self._tell()

    def end(self) -> None:
        """Take the bar away: what comes next begins on a line of its own."""
        if self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
            self.shown = False

    def _tell(self) -> None:
        now = self.clock()
        if self.last < 0:
            self.last = now  # what takes no time needs no word
        bar = self.stream.isatty()
        if self.quiet or now - self.last < (OFTEN if bar else SELDOM):
            return
        self.last = now
        if bar:
            filled = WIDTH * self.done // max(self.all, 1)
            self.stream.write(f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {self._state()}\x1b[K")
            self.shown = True
        else:
            self.stream.write(f"tether: {self._state()}\n")
        self.stream.flush()

    def _state(self) -> str:
        places = f"{self.done} of {self.all} accounts and regions, " if self.all else ""
        lost = f", {self.lost} not answered" if self.lost else ""
        return f"{places}{self.calls} calls{lost}"
