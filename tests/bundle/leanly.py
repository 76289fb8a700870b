"""A bundle without what nothing leads to, as a collector that has all these answers at hand would have made it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from scanner.lean import led_to
from scanner.profile import Profile
from scanner.profile_file import load_profile
from scanner.resource import Reading
from scanner.scan import Request, built_of
from scanner.sources.aws.estate import LEFT
from scanner.sources.aws.operations import operations
from scanner.sources.bundle import Call
from scanner.sources.bundle.call import Key
from scanner.sources.read import ReadRequest, merge, read_files
from scanner.sources.recorded import take
from scanner.sources.units import live_units
from tests.bundle.estate import write
from tests.changed import replace
from tests.harness import run


def left(call: Call) -> Call:
    """The call as one that was left out."""
    return replace(call, outcome="not-asked", pages=(), cause=LEFT)


def bare(calls: Iterable[Call]) -> list[Call]:
    """Every call that may be left out is, whether anything leads to it or not."""
    return [left(one) if operations()[one.operation].about and one.outcome != "region-off" else one for one in calls]


def led(calls: Iterable[Call], profile: Profile | None = None, folder: Path | None = None) -> frozenset[Key]:
    """What counts of the calls that are left out, by one look at what is known."""
    profile, whole = profile or Profile(), Reading()
    paths = () if folder is None else (folder,)
    if folder is not None:
        request = ReadRequest(root=folder, paths=paths, units=profile.units, profile_dir=folder)
        merge(whole, read_files(request))
    take(whole, calls, live_units(profile.units), "bundle", lean=True)
    whole.bases.add("recorded")
    asked = Request(paths=paths, as_of=date(2026, 11, 1))
    scanned = built_of(folder or Path.cwd(), whole, profile, None, asked)
    return led_to([scanned.built.graph, *(graph for graph, _ in scanned.graphs)], whole, profile)


def leanly(calls: list[Call], folder: Path) -> list[Call]:
    """The calls with all left out that nothing leads to, by the profile and the files of a folder."""
    profile = load_profile(folder / "tether.yaml", "tether.yaml")
    answers = {one.key: one for one in calls}
    made = bare(calls)
    while found := led(made, profile, folder):
        made = [answers[one.key] if one.key in found else one for one in made]
    return made


def judged(folder: Path, calls: list[Call]) -> dict[str, Any]:
    """The report of the folder with a bundle of the calls, without what only counts things."""
    path = folder / "aws.bundle"
    path.unlink(missing_ok=True)
    write(path, calls)
    given = ("--profile", str(folder / "tether.yaml"), "--as-of", "2026-11-01", "--format", "json")
    code, out, err = run("scan", str(folder), *given, "--bundle", str(path))
    assert code in (0, 1, 3), err
    report = json.loads(out)
    return {
        "code": code,
        "unread": report["unread"],
        "findings": report["findings"],
        "wrong": {one["id"]: one["verdict"] for one in report["rules"] if one["verdict"] in ("violated", "unproven")},
        "commitments": {one["id"]: one["verdict"] for one in report["commitments"]},
    }
