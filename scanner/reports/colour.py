"""Colour, where the view wants it: the only escape sequences that a report ever holds."""

from __future__ import annotations

from msgspec import Struct

from scanner.findings import Verdict

RED, YELLOW, GREEN, BLUE, BOLD = "31;1", "33;1", "32", "34", "1"


class Paint(Struct, frozen=True):
    """Text in the colours of its meaning; as it is when `on` is false. Give it only text that is safe."""

    on: bool

    def bad(self, text: str) -> str:
        """What is violated or broken, and where to cut."""
        return self._in(RED, text)

    def doubt(self, text: str) -> str:
        """What is not proven."""
        return self._in(YELLOW, text)

    def quiet(self, text: str) -> str:
        """What stands beside."""
        return self._in(BLUE, text)

    def bold(self, text: str) -> str:
        """What to read first."""
        return self._in(BOLD, text)

    def verdict(self, verdict: Verdict, text: str) -> str:
        """A verdict in its colour."""
        colours = {Verdict.HOLDS: GREEN, Verdict.VIOLATED: RED, Verdict.UNPROVEN: YELLOW}
        return self._in(colours.get(verdict, BLUE), text)

    def _in(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.on and text else text
