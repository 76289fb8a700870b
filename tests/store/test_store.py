"""The store itself: where it may be, migrations, two runs at once, runs that come late, and what goes wrong."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import inspect, text

from scanner.errors import UsageError
from scanner.store import migrations
from scanner.store.connect import locate, reading, writing
from scanner.store.history import history
from scanner.store.observed import Observed, Seen, StoreError
from scanner.store.record import record
from scanner.store.tables import METADATA
from tests.harness import ROOT, run
from tests.store.small import Small

NOTHING = frozenset[str]()


def seen(name: str, **more: object) -> Seen:
    return replace(Seen(name * 32, name, "rule", "no-edge", "violated", "high", f"x.{name}", "m"), **more)


def observed(started: str, *findings: Seen, **more: object) -> Observed:
    made = Observed(
        series="s",
        started=f"2026-11-01T{started}:00+00:00",
        as_of="2026-11-01",
        version="0",
        verdict="violated",
        basis=("declared",),
        asked="a",
        ruleset="",
        profile="",
        commitments=(),
        findings=findings,
        judged=frozenset({"rule", "other"}),
        idle=NOTHING,
        unread=NOTHING,
        inputs={},
    )
    return replace(made, **more)


def everywhere(_place: str, _same: bool) -> bool:
    return True


def statuses(address: str) -> dict[str, str]:
    return {one.fingerprint[0]: one.status for one in history(locate(address), "s", 99).findings}


def test_the_tables_are_those_of_the_newest_migration(store: str) -> None:
    with writing(locate(store)) as connection:
        there = inspect(connection)
        for table in METADATA.tables.values():
            assert {one["name"] for one in there.get_columns(table.name)} == set(table.columns.keys()), table.name


def test_a_later_version_migrates_and_an_earlier_program_keeps_its_hands_off(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(locate(store), observed("10:00", seen("a")), everywhere)
    later = (*migrations.MIGRATIONS, ("ALTER TABLE tether_runs ADD COLUMN more TEXT",))
    with monkeypatch.context() as newer:
        newer.setattr(migrations, "MIGRATIONS", later)
        newer.setattr("scanner.store.connect.MIGRATIONS", later)
        with pytest.raises(StoreError, match="the next `tether scan` changes that"), reading(locate(store)):
            pass
        record(locate(store), observed("10:01", seen("a")), everywhere)
        assert statuses(store) == {"a": "open"}
        with reading(locate(store)) as connection:
            applied = connection.execute(text("SELECT version FROM tether_migrations ORDER BY version")).scalars().all()
            assert applied == [1, 2]
    for read_or_write in (lambda: statuses(store), lambda: record(locate(store), observed("10:02"), everywhere)):
        with pytest.raises(StoreError, match="newer"):
            read_or_write()


def test_a_migration_that_fails_leaves_nothing(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    half = (("CREATE TABLE tether_half (a INTEGER)", "CREATE TABLE nonsense ("),)
    with monkeypatch.context() as broken:
        broken.setattr(migrations, "MIGRATIONS", half)
        with pytest.raises(StoreError):
            record(locate(store), observed("10:00"), everywhere)
    record(locate(store), observed("10:00", seen("a")), everywhere)
    with reading(locate(store)) as connection:
        assert not inspect(connection).has_table("tether_half")


def test_runs_at_once_are_one_after_the_other(store: str) -> None:
    """Eight runs make the tables, the series and the findings at the same moment; nothing is lost or doubled."""
    runs = [observed(f"10:{minute:02}", seen("a"), seen("b")) for minute in range(8)]
    with ThreadPoolExecutor(8) as pool:
        tallies = list(pool.map(lambda one: record(locate(store), one, everywhere), runs))
    assert sorted(one.new for one in tallies) == [0] * 7 + [2]
    told = history(locate(store), "s", 99)
    assert len(told.runs) == 8
    assert [one.fingerprint[0] for one in told.findings] == ["a", "b"]
    assert {(one.first_seen, one.last_seen) for one in told.findings} == {(runs[0].started, runs[-1].started)}


def test_a_run_that_began_earlier_and_comes_later_undoes_nothing(store: str) -> None:
    record(locate(store), observed("09:00", seen("a"), seen("b")), everywhere)
    record(locate(store), observed("10:30", seen("a"), seen("c")), everywhere)
    assert statuses(store) == {"a": "open", "b": "fixed", "c": "open"}
    record(locate(store), observed("10:00", seen("a"), seen("b")), everywhere)
    assert statuses(store) == {"a": "open", "b": "fixed", "c": "open"}
    record(locate(store), observed("11:00", seen("a"), seen("b")), everywhere)
    assert statuses(store) == {"a": "open", "b": "open", "c": "fixed"}


DOUBTS = {
    "the same way, judged otherwise": seen("u", verdict="unproven", way="a", commitment="other"),
    "a doubt of the same promise": seen("u", verdict="unproven", rule="other"),
    "a doubt about what it leads to": seen("u", verdict="unproven", commitment="other", nodes=frozenset({"x.model"})),
    "another violation of the same rule there": seen("u", nodes=frozenset({"x.model"})),
    "a setting that is missing": seen("u", verdict="unproven", commitment="other", speaks_for=frozenset({"no-edge"})),
}


@pytest.mark.parametrize("doubt", DOUBTS)
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_doubt_that_came_up_since_keeps_it_from_being_fixed(store: str, doubt: str) -> None:
    mine = seen("a", nodes=frozenset({"x.model"}))
    record(locate(store), observed("09:00", mine), everywhere)
    for hour in ("10:00", "11:00"):
        record(locate(store), observed(hour, DOUBTS[doubt]), everywhere)
        assert statuses(store)["a"] == "not-seen"
    record(locate(store), observed("12:00"), everywhere)
    assert statuses(store) == {"a": "fixed", "u": "fixed"}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_doubt_that_was_there_already_does_not(store: str) -> None:
    doubt = seen("u", verdict="unproven", rule="other")
    record(locate(store), observed("09:00", seen("a"), doubt), everywhere)
    record(locate(store), observed("10:00", doubt), everywhere)
    assert statuses(store) == {"a": "fixed", "u": "open"}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_two_processes_at_once(tmp_path: Path, store: str) -> None:
    small = Small(tmp_path, store)
    command = [sys.executable, "-m", "scanner", "scan", str(small.root), "--store", store, "-q", "--format", "short"]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [one.wait() for one in running] == [1, 1]
    told = small.history()
    assert len(told["runs"]) == 2
    assert sorted(one["findings"]["new"] > 0 for one in told["runs"]) == [False, True]


def test_a_store_inside_of_what_is_scanned_is_refused(tmp_path: Path) -> None:
    small = Small(tmp_path, str(tmp_path / "deployment" / "runs.db"))
    code, _, err = small.scan()
    assert code == 2
    assert "inside of what is scanned" in err
    assert not (small.root / "runs.db").exists()


def test_a_store_that_cannot_be_used_is_told_and_changes_no_verdict(tmp_path: Path) -> None:
    bad = tmp_path / "bad.db"
    bad.write_bytes(b"no database, " * 100)
    small = Small(tmp_path, str(bad))
    code, out, err = small.scan("--format", "short")
    assert (code, "hybrid-node-joins-model-cluster" in out) == (1, True)
    assert "the run is not remembered" in err
    assert bad.read_bytes() == b"no database, " * 100
    world = ROOT / "fixtures" / "worlds" / "reference"
    good = ("scan", str(world), "--profile", str(world / "tether.yaml"), "--as-of", "2026-11-01", "-q")
    assert run(*good, "--store", str(bad))[0] == 5, "every commitment holds, and nobody will remember it"
    assert run(*good, "--store", str(tmp_path / "good.db"))[0] == 0
    with sqlite3.connect(tmp_path / "good.db") as connection:
        rows = connection.execute("SELECT verdict, unread, certificate_sha256 FROM tether_verdicts").fetchall()
    assert len(rows) == 9
    assert all(verdict == "holds" and unread == 0 and len(digest) == 64 for verdict, unread, digest in rows)
    assert (tmp_path / "good.db").stat().st_mode & 0o777 == 0o600
    assert run("history", "--store", str(bad))[0] == 5
    assert run("history", "--store", str(tmp_path / "none.db"))[0] == 2
    assert not (tmp_path / "none.db").exists()


def test_no_message_shows_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = f"host={tmp_path}/none&password=hush2"
    for url in (f"postgresql://tether:hush1@/db?{where}", "postgresql://tether:hush1@[", "mysql://tether:hush1@h/d"):
        folder = tmp_path / f"f{abs(hash(url))}"
        folder.mkdir()
        code, out, err = Small(folder, url).scan("--format", "json")
        assert code in (1, 2)
        assert err
        assert "hush" not in out + err
        code, out, err = run("history", "--store", url)
        assert code in (2, 5)
        assert "hush" not in out + err
    monkeypatch.setenv("RUNS", f"postgresql://tether:hush1@/db?{where}")
    folder = tmp_path / "settings"
    folder.mkdir()
    small = Small(folder, "")
    small.profile.write_text("outputs: {store_from: RUNS}\n")
    code, out, err = run("scan", str(small.root), "--profile", str(small.profile))
    assert (code, "not remembered" in err, "hush" in out + err) == (1, True, False)
    monkeypatch.delenv("RUNS")
    assert run("scan", str(small.root), "--profile", str(small.profile))[0] == 2


def test_the_settings_name_a_store_beside_them(tmp_path: Path) -> None:
    small = Small(tmp_path, "")
    small.profile.write_text("outputs: {store: runs.db, series: prod}\n")
    assert run("scan", str(small.root), "--profile", str(small.profile))[0] == 1
    assert (tmp_path / "runs.db").is_file()
    code, out, _ = run("history", "--profile", str(small.profile))
    assert (code, out.startswith("series prod\n")) == (0, True)


@pytest.mark.parametrize("given", ["oracle://x/y", "sqlite://", "://"])
def test_what_is_no_store(given: str) -> None:
    with pytest.raises(UsageError):
        locate(given)


def test_nothing_of_it_is_loaded_unless_asked_for(tmp_path: Path) -> None:
    small = Small(tmp_path, "")
    probe = "import sys; from scanner.cli import main; main(sys.argv[1:]); print([*sys.modules], file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", probe, "scan", str(small.root), "-q"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    for name in ("sqlalchemy", "sqlite3", "urllib.request", "psycopg", "scanner.store", "scanner.commands.telling"):
        assert f"'{name}'" not in done.stderr


def test_without_the_extra_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = Small(tmp_path, str(tmp_path / "runs.db"))
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    for name in [one for one in sys.modules if one.startswith("scanner.store")]:
        monkeypatch.delitem(sys.modules, name)
    code, _, err = small.scan()
    assert code == 2
    assert "tether-scanner[store]" in err
