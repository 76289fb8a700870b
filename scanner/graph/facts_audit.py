"""What is known of the trails that record who changed and called what, beside the logs of inference."""

from __future__ import annotations

from dataclasses import dataclass

from scanner.graph.facts import Fact
from scanner.unknown import Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail(Fact):
    """One statement about the audit trail of an account or a cluster.

    aspect: "on", "regions", "management-events", "global-events", "cluster-audit", "account-audit",
      "data-access", "accounts", "declared".
    complete: it leaves nothing out in this respect.
    """

    aspect: str
    complete: bool | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Durable(Fact):
    """Whether what is written to a store of evidence stays as it was written, whoever asks.

    immutable: nobody, the account's root included, can alter or delete a record before its time.
    """

    immutable: bool | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing(Fact):
    """Where the records of this log or trail go.

    store: what it is called. kept: it is one of the stores of evidence that the profile names.
    """

    store: str
    kept: bool | Unknown
