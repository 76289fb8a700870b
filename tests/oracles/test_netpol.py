"""Outside truth tables of NetworkPolicy and the admin policies, held against `graph --expand`.

TETHER_ORACLES names the folder that holds `cyclonus` and `netpol_random`; TETHER_ORACLES_FULL=1 takes every case.
"""

from __future__ import annotations

import ipaddress
import json
import os
from collections import defaultdict
from pathlib import Path

import pytest

from scanner.commands.graph_expand import expand
from scanner.sources.kubernetes.manifests import read_manifests

FOLDER = os.environ.get("TETHER_ORACLES", "")
FULL = os.environ.get("TETHER_ORACLES_FULL") == "1"
PROTOCOLS = ("TCP", "UDP", "SCTP")
ADDRESSES = 1 << 32

pytestmark = pytest.mark.skipif(
    not FOLDER, reason="TETHER_ORACLES does not name the folder of the outside truth tables"
)


def cases(name: str) -> list[dict]:
    path = Path(FOLDER) / name / "cases.jsonl"
    if not FOLDER or not path.is_file():
        return []
    every = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    return [one for one in every if not one.get("contested")]


def graph_of(name: str, case: dict) -> dict:
    root = Path(FOLDER) / name / case["manifests"]
    reading = read_manifests(root, sorted(root.iterdir()))
    assert reading.unread == []
    return expand(reading.resources)


def open_ways(graph: dict) -> dict[tuple[str, str, str], list[tuple[int, int]]]:
    found = defaultdict(list)
    for edge in graph["edges"]:
        if edge["state"] == "open":
            for one in edge["traffic"]:
                found[edge["source"], edge["target"], one["protocol"]].append((one["from_port"], one["to_port"]))
    return found


@pytest.mark.parametrize("case", cases("cyclonus")[:: 1 if FULL else 4], ids=lambda case: case["id"])
def test_the_truth_tables_of_cyclonus_are_answered_alike(case):
    found = open_ways(graph_of("cyclonus", case))
    blocked = {tuple(row[:4]) for row in case["blocked"]}
    missed, extra = [], []
    for source in case["pods"]:
        for target in case["pods"]:
            if source == target:
                continue
            ends = source.replace("/", "/Pod/"), target.replace("/", "/Pod/")
            for protocol in case["universe"]["protocols"]:
                ranges = found.get((*ends, protocol), [])
                for port in case["universe"]["ports"]:
                    open_here = any(first <= port <= last for first, last in ranges)
                    open_there = (source, target, protocol, port) not in blocked
                    if open_there and not open_here:
                        missed.append((source, target, protocol, port))
                    if open_here and not open_there:
                        extra.append((source, target, protocol, port))
    assert (missed, extra) == ([], [])


def end_of(name: str) -> str | tuple[int, int]:
    if name.endswith("[External]"):
        first, last = name.removesuffix("[External]").split("-")
        return int(ipaddress.ip_address(first)), int(ipaddress.ip_address(last))
    if name.startswith("external/"):
        first, last = name.removeprefix("external/").split("-")
        return int(ipaddress.ip_address(first)), int(ipaddress.ip_address(last))
    if name.endswith("]"):
        place, kind = name[:-1].split("[")
        return place.replace("/", f"/{kind}/")
    return name


def rows_of(expected: list[dict]):
    for row in expected:
        conns = dict.fromkeys(PROTOCOLS, [[1, 65535]]) if row["conns"] == "ALL" else row["conns"]
        for protocol, ranges in conns.items():
            for one in ranges:
                if isinstance(one, list):
                    yield end_of(row["src"]), end_of(row["dst"]), protocol, max(one[0], 1), one[1]


def rows_in(graph: dict):
    for edge in graph["edges"]:
        if edge["state"] == "open":
            for one in edge["traffic"]:
                yield end_of(edge["source"]), end_of(edge["target"]), one["protocol"], one["from_port"], one["to_port"]


def points_of(rows, cuts: list[int]) -> dict[tuple, set[tuple[int, int]]]:
    """Everything admitted, by ends: an address range stands for the first address of each piece between the cuts."""
    found = defaultdict(list)
    for source, target, protocol, first, last in rows:
        for one in pieces(source, cuts):
            for two in pieces(target, cuts):
                if one != two:
                    found[one, two, protocol].append((first, last))
    return {ends: joined(ranges) for ends, ranges in found.items()}


def pieces(end, cuts: list[int]) -> list:
    return [end] if isinstance(end, str) else [cut for cut in cuts if end[0] <= cut <= end[1]]


def joined(ranges: list[tuple[int, int]]) -> set[tuple[int, int]]:
    found: list[list[int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1][1] = max(found[-1][1], last)
        else:
            found.append([first, last])
    return {(first, last) for first, last in found}


@pytest.mark.parametrize("case", cases("netpol_random"), ids=lambda case: case["id"])
def test_the_random_clusters_are_answered_alike(case):
    expected, found = list(rows_of(case["expected"])), list(rows_in(graph_of("netpol_random", case)))
    edges = {0}
    for row in (*expected, *found):
        edges |= {cut for end in row[:2] if isinstance(end, tuple) for cut in (end[0], end[1] + 1) if cut < ADDRESSES}
    cuts = sorted(edges)
    assert points_of(found, cuts) == points_of(expected, cuts)


@pytest.mark.parametrize("case", cases("netpol_random")[::8], ids=lambda case: case["id"])
def test_the_external_ranges_cover_the_whole_space_once(case):
    graph = graph_of("netpol_random", case)
    assert graph["schema"] == "tether.graph/1"
    assert graph["assumed"] == ["policies-enforced", "pods-addressable"]
    ranges = sorted(end_of(node["id"]) for node in graph["nodes"] if node["id"].startswith("external/"))
    assert not ranges or all(left[1] < right[0] for left, right in zip(ranges, ranges[1:], strict=False))
    assert all(edge["source"] != edge["target"] for edge in graph["edges"])
