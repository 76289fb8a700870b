"""Read what a store remembers of one series, as plain data."""

from __future__ import annotations

from sqlalchemy import Connection, select

from scanner.errors import UsageError
from scanner.past import History, PastFinding, PastRun, PastVerdict
from scanner.store.connect import Store, reading
from scanner.store.tables import COUNTS, EVENTS, FINDINGS, RUNS, SERIES, VERDICTS


def history(store: Store, series: str | None, most: int) -> History:
    """The latest `most` runs of a series and all its findings.

    Without a name the store must hold one series. Raises UsageError where it holds none or several, and StoreError.
    """
    with reading(store) as connection:
        number, name = _series(connection, store, series)
        runs = _runs(connection, number, most)
        return History(name, runs, _findings(connection, number))


def _series(connection: Connection, store: Store, wanted: str | None) -> tuple[int, str]:
    found = {row.name: row.id for row in connection.execute(select(SERIES.c.id, SERIES.c.name).order_by(SERIES.c.id))}
    if wanted is None and len(found) == 1:
        name, number = next(iter(found.items()))
        return number, name
    if wanted in found and wanted is not None:
        return found[wanted], wanted
    names = ", ".join(f"`{name}`" for name in list(found)[:20])
    if not found:
        raise UsageError(f"no run is in the store `{store.shown}`")
    if wanted is None:
        raise UsageError(f"the store holds several series: --series with one of {names}")
    raise UsageError(f"the store has no series `{wanted}`: it has {names}")


def _runs(connection: Connection, series: int, most: int) -> tuple[PastRun, ...]:
    wanted = select(RUNS).where(RUNS.c.series_id == series).order_by(RUNS.c.id.desc()).limit(most)
    rows = list(connection.execute(wanted))[::-1]
    verdicts: dict[int, list[PastVerdict]] = {}
    if rows:
        said = select(VERDICTS).where(VERDICTS.c.run_id >= rows[0].id).where(VERDICTS.c.run_id <= rows[-1].id)
        for row in connection.execute(said):
            one = PastVerdict(
                row.commitment, row.verdict, row.rules, row.violated, row.unproven, row.unread, row.certificate_sha256
            )
            verdicts.setdefault(row.run_id, []).append(one)
    return tuple(
        PastRun(
            number=row.id,
            started=row.started,
            as_of=row.as_of,
            version=row.version,
            verdict=row.verdict,
            basis=tuple(row.basis.split()),
            inputs=row.inputs,
            inputs_sha256=row.inputs_sha256,
            unread=row.unread,
            ruleset=row.ruleset_sha256,
            profile=row.profile_sha256,
            counts={name: row._mapping[name] for name in COUNTS},
            verdicts=tuple(verdicts.get(row.id, ())),
        )
        for row in rows
    )


def _findings(connection: Connection, series: int) -> tuple[PastFinding, ...]:
    again = select(EVENTS.c.finding_id).where(EVENTS.c.event == "regressed")
    regressed: dict[int, int] = {}
    for row in connection.execute(again):
        regressed[row.finding_id] = regressed.get(row.finding_id, 0) + 1
    wanted = select(FINDINGS).where(FINDINGS.c.series_id == series).order_by(FINDINGS.c.id)
    return tuple(
        PastFinding(
            fingerprint=row.fingerprint,
            rule=row.rule,
            commitment=row.commitment,
            verdict=row.verdict,
            severity=row.severity,
            subject=row.subject,
            message=row.message,
            status=row.status,
            because=row.because,
            first_seen=row.first_seen,
            last_seen=row.last_seen,
            changed=row.moved,
            regressed=regressed.get(row.id, 0),
        )
        for row in connection.execute(wanted)
    )
