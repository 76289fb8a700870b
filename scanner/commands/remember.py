"""Keep a run in the store: from the report to what the store takes, and which places the run looked at."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from scanner.errors import UsageError
from scanner.findings import CommitmentResult, Finding, Report, Verdict
from scanner.origin import ApiOrigin, Origin
from scanner.past import History
from scanner.patterns import lazy
from scanner.profile import Outputs
from scanner.reports.plain import certificate, text
from scanner.resource import Unread

if TYPE_CHECKING:
    from scanner.scan import Scanned
    from scanner.store.connect import Store
    from scanner.store.observed import Committed, Observed, Seen, Tally

EXTRA = "a store of runs needs `pip install 'tether-scanner[store]'`"
NO_SUBJECT = "nothing that it speaks of was read"
"""The note of a rule that had a basis and found no subject."""
_INDEX = lazy(r"\[[^\]]*\]\Z")
"""The instance at the end of an address: `a[0]` and `a[*]` may be one thing."""
_REWRITTEN = ("module", "conflict")
"""Kinds of unread inputs that stand in a file which is read: an edit elsewhere in it leaves them what they are."""


class Remembered(Struct, frozen=True):
    """What became of the findings of a run, and the runs of its series."""

    tally: Tally
    past: History


def store_of(given: str | None, outputs: Outputs, profile: Path | None, environ: Mapping[str, str]) -> Store | None:
    """The store that the command line names, else the settings; None where neither does. Nothing is connected to.

    Raises UsageError for one that cannot be used, a variable that is not set, and where SQLAlchemy is not installed.
    """
    folder = Path()
    if given is None and outputs.store:
        given, folder = outputs.store, (profile or Path()).parent
    elif given is None and outputs.store_from:
        given = environ.get(outputs.store_from, "")
        if not given:
            raise UsageError(f"`outputs.store_from` names the variable {outputs.store_from}, which is not set")
    if given is None:
        return None
    try:
        from scanner.store.connect import locate
    except ModuleNotFoundError as error:
        raise UsageError(f"{EXTRA}: {error.name} is not installed") from error
    return locate(given, folder)


def refuse_below(store: Store, scanned: Scanned) -> None:
    """Raise UsageError for a store inside of what is scanned, which would then tell its own history."""
    paths = [path.resolve() for path in scanned.request.paths]
    if store.file is not None and any(store.file.resolve().is_relative_to(path) for path in paths):
        raise UsageError(f"`{store.file}` lies inside of what is scanned: keep the store elsewhere")


def remember(store: Store, report: Report, scanned: Scanned, series: str, most: int = 90) -> Remembered:
    """Keep a run, and tell what its series comes to. Raises StoreError where the store cannot be used."""
    try:
        from scanner.store.history import history
        from scanner.store.record import record

        run = observed(report, scanned, series)
        tally = record(store, run, _Places(report, scanned).looked)
        return Remembered(tally, history(store, run.series, most))
    except ModuleNotFoundError as error:
        raise UsageError(f"{EXTRA}: {error.name} is not installed") from error


def observed(report: Report, scanned: Scanned, series: str) -> Observed:
    """A run as the store takes it. Runs without a name are of the series of their root."""
    from scanner.store.observed import Observed

    waived = {one.fingerprint for one in report.waived}
    spoke = [one for one in report.rules if not one.crashed]
    return Observed(
        series=series or str(scanned.root),
        started=report.run["started"],
        as_of=report.run["as_of"],
        version=report.run["version"],
        verdict=str(report.verdict),
        basis=report.scope.basis,
        asked=_asked(report),
        ruleset=report.ruleset_sha256,
        profile=report.profile_sha256,
        commitments=tuple(_committed(one, report) for one in report.commitments),
        findings=tuple(_seen(one, waived) for one in report.findings),
        judged=frozenset(one.id for one in spoke if one.verdict is not Verdict.NOT_JUDGED and not _lacks(one.note)),
        idle=frozenset(one.id for one in spoke if one.verdict is Verdict.NOT_JUDGED and one.note == NO_SUBJECT),
        unread=frozenset(_unread(one, report.inputs) for one in report.unread),
        inputs={text(path): digest for path, digest in report.inputs.items()},
    )


def _lacks(note: str) -> bool:
    """Whether a rule was not judged for want of a basis that the profile requires."""
    return note.startswith("the profile requires")


def _asked(report: Report) -> str:
    """The same for runs that were asked for the same files: places below the root mean the same in both."""
    request: dict[str, Any] = json.loads(report.run["request"])
    parts = {key: request[key] for key in ("paths", "plans", "states", "workspace")} | {"root": report.run["root"]}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _committed(one: CommitmentResult, report: Report) -> Committed:
    from scanner.store.observed import Committed

    mine = [finding.verdict for finding in report.findings if finding.commitment == one.id]
    proof = certificate(one.certificates)
    digest = "" if proof is None else hashlib.sha256(json.dumps(proof, sort_keys=True).encode()).hexdigest()
    counts = (mine.count(Verdict.VIOLATED), mine.count(Verdict.UNPROVEN))
    return Committed(one.id, str(one.verdict), one.rules, *counts, digest)


def _seen(one: Finding, waived: set[str]) -> Seen:
    from scanner.store.observed import Seen

    along = [hop.address for hop in one.hops]
    way = "\0".join((one.rule, one.subject.address, *along))
    origins = [one.subject.origin, *(hop.origin for hop in one.hops), *(at for _, at in one.calls)]
    # What is folded in are other instances, other rules, and for a missing setting the other commitments.
    speaks_for = {*one.also, *((one.commitment,) if one.subject.kind == "profile" else ())}
    return Seen(
        fingerprint=one.fingerprint,
        way=hashlib.sha256(way.encode("utf-8", "surrogatepass")).hexdigest(),
        rule=one.rule,
        commitment=one.commitment,
        verdict=str(one.verdict),
        severity=one.severity,
        subject=_kept(one.subject.address),
        message=_kept(one.message),
        places=tuple(dict.fromkeys(place_key(where) for where in origins if where is not None)),
        nodes=frozenset(_INDEX.sub("", _kept(name)) for name in (one.subject.address, *one.also, *along)),
        speaks_for=frozenset(speaks_for),
        waived=one.fingerprint in waived,
    )


def _kept(value: str) -> str:
    """Text that every database takes: PostgreSQL refuses NUL."""
    return text(value).replace("\0", "\\0")


def place_key(where: Origin) -> str:
    """A place as the store keeps it: a file, or the part of an API's world that one set of calls tells of."""
    if isinstance(where, ApiOrigin):
        return f"{where.source} {'/'.join(_kept(value) for _, value in where.scope)}".strip()
    return f"file {_kept(where.path)}"


def _unread(one: Unread, inputs: Mapping[str, str]) -> str:
    """An unread input without its line and time; a file with other content that nobody could read is another one."""
    where = one.origin
    if isinstance(where, ApiOrigin):
        place = f"{place_key(where)} {where.operation} {where.object_id} {where.field}"
        return _kept(f"{one.kind}: {place}: {one.cause}")
    content = "" if one.kind in _REWRITTEN else inputs.get(where.path, "")
    return _kept(f"{one.kind}: {where.path}: {one.cause}: {content}")


class _Places:
    """Which places a run looked at."""

    def __init__(self, report: Report, scanned: Scanned) -> None:
        self._root = scanned.root
        self._asked = [path.resolve() for path in scanned.request.paths]
        self._read = {f"file {_kept(path)}" for path in (*report.inputs, report.profile_path)}
        self._read |= set(self._scopes(scanned))

    @staticmethod
    def _scopes(scanned: Scanned) -> Iterator[str]:
        for one in scanned.reading.resources:
            if isinstance(one.origin, ApiOrigin):
                yield place_key(one.origin)

    def looked(self, place: str, same: bool) -> bool:
        """Whether a place was read, or was looked for and is gone; a path means the same only to a `same` request."""
        kind, _, name = place.partition(" ")
        if kind != "file":
            return place in self._read
        return same and (place in self._read or self._gone(name))

    def _gone(self, name: str) -> bool:
        path = self._root / name
        below = any(path.is_relative_to(one) for one in self._asked)
        return below and not os.path.lexists(path)
