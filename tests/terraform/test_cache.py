"""The cache of syntax trees: the same report with it and without, whatever state it is in."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanner.commands.cache_folder import cache_folder
from scanner.sources.terraform import cache as module
from scanner.sources.terraform import parsed as parsing
from scanner.sources.terraform.cache import DIGEST, SyntaxCache
from scanner.sources.terraform.native.read import parse_parts
from scanner.sources.terraform.syntax import Body
from tests.harness import FIXTURES, run

OPEN = """resource "aws_bedrockagent_agent" "open" {
  agent_name       = "a"
  foundation_model = "anthropic.claude-3-haiku-20240307-v1:0"
}
"""
INERT = 'resource "aws_sns_topic" "inert" {\n  name = "nothing"\n}\n'
CASES = [json.loads(line) for line in (Path(__file__).parent / "fmt.jsonl").read_text().splitlines()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TETHER_CACHE_DIR", str(tmp_path / "cache"))
    yield tmp_path / "cache"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    made.mkdir()
    (made / "main.tf").write_text(OPEN)
    (made / "more.tf").write_text(INERT)
    return made


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def told(tree: Path, *more: str) -> tuple[int, str]:
    code, out, err = run("scan", str(tree), "--as-of", "2026-11-01", "--format", "json", *more)
    assert code in (0, 1, 3), err
    return code, re.sub(r'"started": "[^"]*"', "", out)


def refuse(text: str, path: str, cross_check: bool) -> tuple[Body, list[object]]:
    raise AssertionError("parsed, though it is kept")


def test_a_warm_cache_gives_the_same_report_and_parses_nothing(
    folder: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = told(tree, "--no-cache")
    assert entries(folder) == []
    assert told(tree) == without
    assert len(entries(folder)) == 2
    monkeypatch.setattr(parsing, "parse_file", refuse)
    assert told(tree) == without


@pytest.mark.parametrize("world", ["reference", "broken"])
def test_a_world_is_the_same_from_the_cache(world: str, folder: Path) -> None:
    where = FIXTURES / "worlds" / world
    settings = ("--profile", str(where / "tether.yaml"))
    without = told(where, "--no-cache", *settings)
    assert told(where, *settings) == without
    assert entries(folder)
    assert told(where, *settings) == without


def test_a_changed_file_is_parsed_anew(folder: Path, tree: Path) -> None:
    told(tree)
    (tree / "main.tf").write_text(INERT.replace("inert", "other"))
    assert told(tree) == told(tree, "--no-cache")
    assert len(entries(folder)) == 3


def test_a_moved_file_is_not_told_at_its_old_place(folder: Path, tree: Path) -> None:
    told(tree)
    (tree / "main.tf").rename(tree / "moved.tf")
    assert told(tree) == told(tree, "--no-cache")


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda entry: b"",
    "cut": lambda entry: entry[: len(entry) // 2],
    "one bit": lambda entry: entry[:-1] + bytes([entry[-1] ^ 1]),
    "the sum": lambda entry: bytes(DIGEST) + entry[DIGEST:],
    "noise": lambda entry: b"\xff" * 200,
    "no tree": lambda entry: _summed(b"\xa3abc"),
    "another tree": lambda entry: _summed(b"\x93\xa5Block\x01\x02"),
    "deep": lambda entry: _summed(b"\x91" * 100_000),
}


def _summed(body: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(body).digest() + body


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_is_none(damage: Callable[[bytes], bytes], folder: Path, tree: Path) -> None:
    without = told(tree, "--no-cache")
    told(tree)
    for entry in entries(folder):
        entry.write_bytes(damage(entry.read_bytes()))
    assert told(tree) == without
    # It was written anew.
    assert told(tree) == without


def poison(folder: Path, tree: Path) -> None:
    """Lay the tree of a harmless text where that of the harmful one is looked for."""
    body, _ = parse_parts(INERT, "main.tf")
    SyntaxCache(folder).put(OPEN, "main.tf", body)
    assert entries(folder)


def test_an_entry_that_others_may_write_is_none(folder: Path, tree: Path) -> None:
    without = told(tree, "--no-cache")
    poison(folder, tree)
    assert told(tree) != without, "it is looked for in this place"
    for entry in entries(folder):
        entry.chmod(0o666)
    assert told(tree) == without


def test_what_is_scanned_brings_no_cache(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = told(tree, "--no-cache")
    inside = tree / ".cache" / "tether"
    poison(inside, tree)
    monkeypatch.setenv("TETHER_CACHE_DIR", str(inside))
    assert told(tree) == without
    (tree.parent / "link").symlink_to(inside)
    monkeypatch.setenv("TETHER_CACHE_DIR", str(tree.parent / "link"))
    assert told(tree) == without


def test_the_second_reading_takes_nothing_from_it(folder: Path, tree: Path) -> None:
    without = told(tree, "--no-cache", "--cross-check")
    poison(folder, tree)
    assert told(tree, "--cross-check") == without


def test_neither_values_nor_faults_are_kept(folder: Path, tree: Path) -> None:
    (tree / "terraform.tfvars").write_text('password = "hunter2-hunter2"\n')
    (tree / "main.tf").write_text(OPEN + "= = 1\n")
    without = told(tree, "--no-cache")
    assert told(tree) == without
    assert len(entries(folder)) == 1
    assert not any(b"hunter2" in entry.read_bytes() for entry in entries(folder))
    assert told(tree) == without


def test_entries_are_the_users_own(folder: Path, tree: Path) -> None:
    told(tree)
    assert {path.stat().st_mode & 0o077 for path in folder.rglob("*")} == {0}


def test_a_folder_that_cannot_be_made_costs_nothing(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = told(tree, "--no-cache")
    (tree.parent / "file").write_text("")
    monkeypatch.setenv("TETHER_CACHE_DIR", str(tree.parent / "file" / "cache"))
    assert told(tree) == without


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_nothing_costs_nothing(
    code: int, folder: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = told(tree, "--no-cache")

    def full(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(module.os, "replace", full)
    assert told(tree) == without
    assert entries(folder) == [], "nothing half written is left"


def _write(folder: str, number: int) -> None:
    cache = SyntaxCache(Path(folder))
    for turn in range(40):
        text = f'resource "a" "b" {{\n  x = {(turn * (number + 1)) % 40}\n}}\n'
        kept = cache.get(text, "main.tf")
        body, _ = parse_parts(text, "main.tf")
        assert kept is None or kept == body
        cache.put(text, "main.tf", body)


def test_processes_share_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=_write, args=(str(tmp_path), number)) for number in range(3)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    assert [one.exitcode for one in running] == [0, 0, 0]
    assert not [path for path in entries(tmp_path) if path.name.startswith(".")]
    _write(str(tmp_path), 0)


def test_the_oldest_go_where_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SHARD", 3)
    cache = SyntaxCache(tmp_path)
    for number in range(600):
        cache.put(f"x = {number}\n", "main.tf", parse_parts(f"x = {number}\n", "main.tf")[0])
    shards = [len(list(shard.iterdir())) for shard in tmp_path.iterdir()]
    assert max(shards) <= 3
    assert sum(shards) > 200


def test_every_tree_comes_back_as_it_went(tmp_path: Path) -> None:
    cache = SyntaxCache(tmp_path)
    held = 0
    for number, case in enumerate(CASES):
        body, faults = parse_parts(case["text"], f"{number}.tf")
        if not faults:
            cache.put(case["text"], f"{number}.tf", body)
            # A repr tells 1, 1.0 and True apart, and has the positions.
            assert repr(cache.get(case["text"], f"{number}.tf")) == repr(body)
            held += 1
    assert held > 150


def test_a_number_that_has_no_encoding_is_not_kept(tmp_path: Path) -> None:
    text = f"x = {10**30}\n"
    cache = SyntaxCache(tmp_path)
    cache.put(text, "main.tf", parse_parts(text, "main.tf")[0])
    assert cache.get(text, "main.tf") is None


@pytest.mark.parametrize(
    "environ, platform, expected",
    [
        ({"HOME": "/home/u"}, "linux", "/home/u/.cache/tether"),
        ({"HOME": "/home/u", "XDG_CACHE_HOME": "/c"}, "linux", "/c/tether"),
        ({"HOME": "/Users/u"}, "darwin", "/Users/u/Library/Caches/tether"),
        ({"HOME": "/home/u", "TETHER_CACHE_DIR": "/t"}, "linux", "/t"),
        ({"HOME": "/home/u", "TETHER_CACHE_DIR": "relative"}, "linux", None),
        ({"HOME": "relative"}, "linux", None),
        ({}, "linux", None),
    ],
)
def test_where_it_is(environ: dict[str, str], platform: str, expected: str | None) -> None:
    assert cache_folder(environ, platform) == (None if expected is None else Path(expected))
