"""Write a run: its verdicts, and what becomes of each finding, in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from scanner.store.connect import Store, writing
from scanner.store.lifecycle import Before, Change, Event, Status, changes
from scanner.store.observed import Looked, Observed, Tally
from scanner.store.tables import EVENTS, FINDINGS, RUNS, SERIES, TEXTS, VERDICTS

Row = dict[str, Any]


def record(store: Store, run: Observed, looked: Looked) -> Tally:
    """Hold `run` against its series and keep it. Raises StoreError where the store cannot be written."""
    with writing(store) as connection:
        series = _series(connection, run.series)
        made = changes(_stored(connection, series), run, looked)
        tally = _tally(made, run)
        number = _run(connection, series, run, tally)
        _verdicts(connection, number, run)
        _findings(connection, series, number, run, made)
    return tally


def _series(connection: Connection, name: str) -> int:
    found = connection.execute(select(SERIES.c.id).where(SERIES.c.name == name)).scalar()
    return int(found if found is not None else _inserted(connection, SERIES, {"name": name}))


def _inserted(connection: Connection, table: Any, row: Row) -> int:
    return int(connection.execute(insert(table).returning(table.c.id), row).scalar_one())


def _stored(connection: Connection, series: int) -> list[Before]:
    found = FINDINGS.c
    columns = (
        *(found.id, found.fingerprint, found.way, found.rule, found.commitment, found.places, found.nodes),
        *(found.status, found.opened_run, found.last_run, RUNS.c.asked, TEXTS.c.body, found.moved),
        *(found.first_seen, found.last_seen),
    )
    wanted = (
        select(*columns)
        .join(RUNS, RUNS.c.id == found.last_run)
        .join(TEXTS, TEXTS.c.sha256 == RUNS.c.unread_sha256)
        .where(found.series_id == series)
        .order_by(found.id)
    )
    lacks: dict[str, frozenset[str]] = {}
    rows = []
    for row in connection.execute(wanted):
        if row.body not in lacks:
            lacks[row.body] = frozenset(json.loads(row.body))
        rows.append(
            Before(
                id=row.id,
                fingerprint=row.fingerprint,
                way=row.way,
                rule=row.rule,
                commitment=row.commitment,
                places=tuple(json.loads(row.places)),
                nodes=frozenset(json.loads(row.nodes)),
                status=Status(row.status),
                opened=row.opened_run,
                last_run=row.last_run,
                asked=row.asked,
                unread=lacks[row.body],
                moved=row.moved,
                first=row.first_seen,
                last=row.last_seen,
            )
        )
    return rows


def _tally(made: Sequence[Change], run: Observed) -> Tally:
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for one in made:
        if one.seen is not None:
            new = one.before is None
            word = "waived" if one.seen.waived else "new" if new else "open"
            counts["regressed" if one.event is Event.REGRESSED and not one.seen.waived else word] += 1
            first[one.seen.fingerprint] = run.started if one.before is None else min(one.before.first, run.started)
        elif one.event is Event.FIXED:
            counts["fixed"] += 1
        elif one.status is Status.NOT_SEEN:
            counts["not_seen"] += 1
    return Tally(**counts, first=first)


def _run(connection: Connection, series: int, run: Observed, tally: Tally) -> int:
    row: Row = {
        "series_id": series,
        "started": run.started,
        "as_of": run.as_of,
        "version": run.version,
        "verdict": run.verdict,
        "basis": " ".join(run.basis),
        "asked": run.asked,
        "ruleset_sha256": run.ruleset,
        "profile_sha256": run.profile,
        "inputs_sha256": _text(connection, dict(run.inputs)),
        "inputs": len(run.inputs),
        "unread_sha256": _text(connection, sorted(run.unread)),
        "unread": len(run.unread),
    }
    counts = {name: getattr(tally, name) for name in ("new", "open", "regressed", "waived", "fixed", "not_seen")}
    return _inserted(connection, RUNS, row | counts)


def _text(connection: Connection, value: object) -> str:
    """Keep a long text once, however many runs have it; the result is its sha256."""
    body = json.dumps(value, sort_keys=True)
    digest = hashlib.sha256(body.encode()).hexdigest()
    if connection.execute(select(TEXTS.c.sha256).where(TEXTS.c.sha256 == digest)).scalar() is None:
        connection.execute(insert(TEXTS), {"sha256": digest, "body": body})
    return digest


def _verdicts(connection: Connection, number: int, run: Observed) -> None:
    rows = [
        {
            "run_id": number,
            "commitment": one.id,
            "verdict": one.verdict,
            "rules": one.rules,
            "violated": one.violated,
            "unproven": one.unproven,
            "unread": len(run.unread),
            "certificate_sha256": one.certificate,
        }
        for one in run.commitments
    ]
    if rows:
        connection.execute(insert(VERDICTS), rows)


def _findings(connection: Connection, series: int, number: int, run: Observed, made: Sequence[Change]) -> None:
    fresh = [_fresh(series, number, run, one) for one in made if one.before is None]
    if fresh:
        connection.execute(insert(FINDINGS), fresh)
    moved = [_moved(number, run, one) for one in made if one.before is not None]
    if moved:
        names = [name for name in moved[0] if name != "key"]
        change = update(FINDINGS).where(FINDINGS.c.id == bindparam("key"))
        connection.execute(change.values({name: bindparam(f"to_{name}") for name in names}), [_bound(r) for r in moved])
    numbers = _numbers(connection, series) if fresh else {}
    events = [
        {"run_id": number, "finding_id": _id(one, numbers), "event": str(one.event), "because": one.because}
        for one in made
        if one.event is not None
    ]
    if events:
        connection.execute(insert(EVENTS), events)


def _id(one: Change, numbers: Mapping[str, int]) -> int:
    if one.before is not None:
        return one.before.id
    assert one.seen is not None
    return numbers[one.seen.fingerprint]


def _numbers(connection: Connection, series: int) -> Mapping[str, int]:
    wanted = select(FINDINGS.c.fingerprint, FINDINGS.c.id).where(FINDINGS.c.series_id == series)
    return {row.fingerprint: row.id for row in connection.execute(wanted)}


def _fresh(series: int, number: int, run: Observed, one: Change) -> Row:
    assert one.seen is not None
    seen = one.seen
    return {
        "series_id": series,
        "fingerprint": seen.fingerprint,
        "way": seen.way,
        "rule": seen.rule,
        "commitment": seen.commitment,
        "verdict": seen.verdict,
        "severity": seen.severity,
        "subject": seen.subject,
        "message": seen.message,
        "places": json.dumps(seen.places),
        "nodes": json.dumps(sorted(seen.nodes)),
        "status": str(one.status),
        "because": "",
        "first_run": number,
        "opened_run": number,
        "last_run": number,
        "first_seen": run.started,
        "last_seen": run.started,
        "moved": run.started,
    }


def _moved(number: int, run: Observed, one: Change) -> Row:
    """What of a known finding may change; every row has every key, so that one statement does for all."""
    before = one.before
    assert before is not None
    late = before.moved > run.started
    now = one.seen if one.seen is not None and not late else before
    return {
        "key": before.id,
        "status": str(one.status),
        "because": one.because,
        "first_seen": min(before.first, run.started) if one.seen is not None else before.first,
        "last_seen": max(before.last, run.started) if one.seen is not None else before.last,
        "moved": before.moved if late else run.started,
        "opened_run": number if one.event in (Event.REGRESSED, Event.SEEN_AGAIN) else before.opened,
        "last_run": number if one.seen is not None and not late else before.last_run,
        "places": json.dumps(now.places),
        "nodes": json.dumps(sorted(now.nodes)),
    }


def _bound(row: Row) -> Row:
    return {"key" if name == "key" else f"to_{name}": value for name, value in row.items()}
