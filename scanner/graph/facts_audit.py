"""What is known of the trails that record who changed and called what, beside the logs of inference."""

from __future__ import annotations

from scanner.graph.facts import Fact
from scanner.unknown import Unknown


class Trail(Fact, frozen=True, kw_only=True):
    """One statement about the audit trail of an account or a cluster.

    aspect: "on", "regions", "management-events", "global-events", "cluster-audit", "account-audit",
      "data-access", "accounts", "declared".
    complete: it leaves nothing out in this respect.
    """

    aspect: str
    complete: bool | Unknown


class Durable(Fact, frozen=True, kw_only=True):
    """Whether what is written to a store of evidence stays as it was written, whoever asks.

    immutable: nobody, the account's root included, can alter or delete a record before its time.
    """

    immutable: bool | Unknown


class Landing(Fact, frozen=True, kw_only=True):
    """Where the records of this log or trail go.

    store: what it is called. kept: it is one of the stores of evidence that the profile names.
    """

    store: str
    kept: bool | Unknown


class ScanRun(Fact, frozen=True, kw_only=True):
    """One statement about a schedule by which Tether itself is run.

    aspect: "on", "again" (it runs more than once), "there" (what it starts), "kept" (what it says is kept). good: as it
    should be.
    """

    aspect: str
    good: bool | Unknown


class Coverage(Fact, frozen=True, kw_only=True):
    """Whether something that the profile names was looked at, and by whom.

    what: "account", "cluster", "unit" or "organisation" (seen: it was), or "caller" (seen: who asks may only read).
    """

    what: str
    seen: bool | Unknown


class Updated(Fact, frozen=True, kw_only=True):
    """One statement about what brings new versions of a classifier.

    aspect: "on", "owned" (operators alone may change it), "recent" (its last success is inside the window). good: as
    it should be. by, classifier: the entry of the profile.
    """

    aspect: str
    good: bool | Unknown
    by: str
    classifier: str


class Stop(Fact, frozen=True, kw_only=True):
    """One statement about a stop control that the profile names.

    aspect: "effect" (using it stops a model), "held" (who may use it), "tested" (inside its window). good: as it
    should be. subject: the entry of the profile.
    """

    aspect: str
    good: bool | Unknown
    subject: str
