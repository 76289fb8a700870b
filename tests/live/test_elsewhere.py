"""The accounts of an organisation that workers ask, and shards that merge: the same calls, and the same verdicts."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from scanner.sources.aws import live_calls, live_elsewhere
from scanner.sources.read import AwsAsked
from tests.harness import run
from tests.live.aws import HOME, NUMBER
from tests.live.organisation import BARRED, MEMBER, Organisation

SOME = ("--role", "tether", "--regions", HOME)
BOTH = ("--accounts", f"{NUMBER},{MEMBER}", *SOME)


def asked_of(path: Path) -> dict[str, str]:
    """Each question in a bundle, and what became of it."""
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()][1:-1]
    return {json.dumps([one["scope"], one["operation"], one["parameters"]]): one["outcome"] for one in lines}


def collect(path: Path, *more: str) -> tuple[int, str]:
    code, _, err = run("collect", "--live", "aws", *more, "-o", str(path))
    return code, err


@pytest.fixture(scope="module")
def whole(organisation: Organisation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "aws.bundle"
    code, err = collect(path, *BOTH)
    assert code in (0, 3), err
    return path


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster that is a thread."""

    @contextlib.contextmanager
    def thread(address: str) -> Iterator[Executor]:
        assert address == "dask://scheduler:8786"
        with ThreadPoolExecutor(1) as made:
            yield made

    monkeypatch.setattr(live_calls, "cluster", thread)
    monkeypatch.setattr(live_calls, "check_cluster", lambda address: None)


ELSEWHERE = ("--executor", "dask://scheduler:8786")


def test_workers_ask_what_threads_ask(pool: None, whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "aws.bundle"
    collect(path, *BOTH, *ELSEWHERE)
    assert asked_of(path) == asked_of(whole)


def test_a_cluster_of_dask_asks_the_same(whole: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    path = tmp_path / "aws.bundle"
    settings: dict[str, Any] = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(protocol="tcp://", host="127.0.0.1", **settings) as cluster:
        address = cluster.scheduler_address.replace("tcp://", "dask://")
        collect(path, *BOTH, "--executor", address)
    assert asked_of(path) == asked_of(whole)


def test_an_account_whose_worker_ends_is_lost_and_no_other(
    pool: None, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = live_elsewhere.account_bundle

    def cut(asked: AwsAsked, salt: str, at: str, done: bytes) -> bytes:
        made = ask(asked, salt, at, done)
        return made[:-40] if asked.accounts == (MEMBER,) else made

    def killed(asked: AwsAsked, *more: Any) -> bytes:
        if asked.accounts == (MEMBER,):
            raise MemoryError
        return ask(asked, *more)

    for number, worker, why in ((1, cut, "ValueError"), (2, killed, "MemoryError")):
        monkeypatch.setattr(live_elsewhere, "account_bundle", worker)
        path = tmp_path / f"{number}.bundle"
        code, err = collect(path, *BOTH, *ELSEWHERE)
        assert code == 3
        said = [line for line in err.splitlines() if MEMBER in line]
        assert len(said) == 1 and f"the worker that asked ended with {why}" in said[0]
        mine, theirs = (
            {key for key in asked_of(one) if json.loads(key)[0]["account"] == NUMBER} for one in (path, whole)
        )
        assert mine == theirs
    monkeypatch.setattr(live_elsewhere, "account_bundle", ask)
    collect(path, *BOTH, *ELSEWHERE, "--resume", "-q")
    assert asked_of(path) == asked_of(whole)


def test_after_the_deadline_no_worker_is_asked(
    pool: None, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0])
    asked = AwsAsked(accounts=(NUMBER, BARRED), role="r", deadline=5, executor=ELSEWHERE[1])
    late = live_calls.Collector(asked, lambda: "", "s", clock=lambda: next(times, 9.0))
    before = len(organisation.made)
    made = list(late.calls())
    assert len(organisation.made) == before
    assert {dict(one.scope)["account"] for one in made} == {NUMBER, BARRED}
    assert all("deadline of 5 s" in one.cause for one in made)


def test_where_no_cluster_answers_it_is_2_and_no_file(organisation: Organisation, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"dask://127.0.0.1:{free.getsockname()[1]}"
    code, err = collect(tmp_path / "x", *BOTH, "--executor", address)
    assert code == 2 and "no cluster answers" in err and not (tmp_path / "x").exists()
    assert collect(tmp_path / "x", "--executor", "http://a:1")[0] == 2


def test_shards_merge_into_what_one_bundle_says(whole: Path, tmp_path: Path) -> None:
    """As many jobs, each with some of the accounts, need no cluster."""
    shards = []
    for number in (MEMBER, NUMBER):
        shards += ["--bundle", str(tmp_path / number)]
        collect(tmp_path / number, "--accounts", number, *SOME)
    (_, one, _), (_, many, _) = (
        run("scan", *given, "--format", "json") for given in (["--bundle", str(whole)], shards)
    )
    first, second = json.loads(one), json.loads(many)
    assert [found["rule"] for found in first["findings"]] == [found["rule"] for found in second["findings"]]
    for name in ("verdict", "unread", "assumptions", "commitments"):
        assert strip(first[name]) == strip(second[name]), name


def strip(value: Any) -> Any:
    """Without the times of the calls, and in one order."""
    if isinstance(value, dict):
        return {key: strip(one) for key, one in value.items() if key != "at"}
    return sorted((strip(one) for one in value), key=str) if isinstance(value, list) else value
