"""What is known of what is left of a gateway or a classifier when a part of it fails."""

from __future__ import annotations

from scanner.graph.facts import Fact
from scanner.unknown import Unknown


class Spare(Fact, frozen=True, kw_only=True):
    """Whether one of the stack goes on when a copy, or a zone, is gone.

    aspect: "copies" (one is enough to lose), "zones" (all stand in one). enough: something is left.
    """

    aspect: str
    enough: bool | Unknown
