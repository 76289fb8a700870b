"""The tables as the newest migration leaves them, for the statements of the store."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, Table, Text

METADATA = MetaData()


def _table(name: str, *, texts: tuple[str, ...], numbers: tuple[str, ...] = (), key: bool = True) -> Table:
    columns = [Column("id", Integer, primary_key=True)] if key else []
    columns += [Column(one, Integer) for one in numbers]
    return Table(name, METADATA, *columns, *(Column(one, Text) for one in texts))


COUNTS = ("new", "open", "regressed", "waived", "fixed", "not_seen")
SERIES = _table("tether_series", texts=("name",))
TEXTS = _table("tether_texts", texts=("sha256", "body"), key=False)
RUNS = _table(
    "tether_runs",
    numbers=("series_id", "inputs", "unread", *COUNTS),
    texts=(
        *("started", "as_of", "version", "verdict", "basis", "asked"),
        *("ruleset_sha256", "profile_sha256", "inputs_sha256", "unread_sha256"),
    ),
)
VERDICTS = _table(
    "tether_verdicts",
    numbers=("run_id", "rules", "violated", "unproven", "unread"),
    texts=("commitment", "verdict", "certificate_sha256"),
    key=False,
)
FINDINGS = _table(
    "tether_findings",
    numbers=("series_id", "first_run", "opened_run", "last_run"),
    texts=(
        *("fingerprint", "way", "rule", "commitment", "verdict", "severity", "subject", "message", "places", "nodes"),
        *("status", "because", "first_seen", "last_seen", "moved"),
    ),
)
EVENTS = _table("tether_events", numbers=("run_id", "finding_id"), texts=("event", "because"))
