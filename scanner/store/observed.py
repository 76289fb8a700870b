"""A run as the store takes it: what was found, what was judged, and what was looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from scanner.errors import TetherError


class StoreError(TetherError):
    """The store cannot be reached, read or written; the run that wanted it has its verdict all the same."""

    exit_code = 5


class Seen(Struct, frozen=True):
    """A finding of a run. way: the same for the same way whatever its verdict. places: where it is, `Looked` knows how.
    nodes: the addresses that it speaks of, without the index of an instance.

    speaks_for: the rules and commitments that are silent because this finding says it for them.
    """

    fingerprint: str
    way: str
    rule: str
    commitment: str
    verdict: str
    severity: str
    subject: str
    message: str
    places: tuple[str, ...] = ()
    nodes: frozenset[str] = frozenset()
    speaks_for: frozenset[str] = frozenset()
    waived: bool = False


class Committed(Struct, frozen=True):
    """The verdict of a commitment: how many findings stand against it, and the sha256 of its certificate or ""."""

    id: str
    verdict: str
    rules: int
    violated: int
    unproven: int
    certificate: str = ""


class Observed(Struct, frozen=True):
    """A run. started: RFC 3339 in UTC. asked: the same for runs that were asked for the same files.

    judged: the rules that had a basis and subjects, and did not raise. idle: those that found no subject.
    unread: keys of the inputs that were not read, the same in another run for the same lack. inputs: path to sha256.
    """

    series: str
    started: str
    as_of: str
    version: str
    verdict: str
    basis: tuple[str, ...]
    asked: str
    ruleset: str
    profile: str
    commitments: tuple[Committed, ...]
    findings: tuple[Seen, ...]
    judged: frozenset[str]
    idle: frozenset[str]
    unread: frozenset[str]
    inputs: Mapping[str, str]


Looked = Callable[[str, bool], bool]
"""Whether a run looked at a place; the flag says whether it was asked for the same files as the run that named it."""


class Tally(Struct, frozen=True):
    """What became of the findings: each that is there is one of the first four; the others are not there.

    first: when each finding that is there was first seen, by fingerprint.
    """

    new: int = 0
    open: int = 0
    regressed: int = 0
    waived: int = 0
    fixed: int = 0
    not_seen: int = 0
    first: Mapping[str, str] = {}
