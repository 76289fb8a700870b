"""What is known of the admission of a workload's pods."""

from __future__ import annotations

from scanner.graph.facts import Fact
from scanner.unknown import Unknown


class Verification(Fact, frozen=True, kw_only=True):
    """A policy of the cluster that verifies images, asked about this workload's pods.

    policy: its address. covers: it looks at them, exemptions counted. enforces: what it finds wrong is turned away.
    closed: they are turned away where it cannot be asked. because, origin: the first of these that does not hold, or
    that nobody knows; where all hold, that it covers them.
    """

    policy: str
    engine: str
    covers: bool | Unknown
    enforces: bool | Unknown
    closed: bool | Unknown

    @property
    def holds(self) -> bool:
        """Whether no pod of the workload is certain to get past it."""
        return self.covers is True and self.enforces is True and self.closed is True

    @property
    def broken(self) -> bool:
        """Whether pods of the workload certainly can."""
        return self.covers is False or self.enforces is False or self.closed is False

    @property
    def unknown(self) -> Unknown | None:
        """What decides, where it is neither."""
        parts = (self.covers, self.enforces, self.closed)
        return None if self.broken else next((one for one in parts if isinstance(one, Unknown)), None)
