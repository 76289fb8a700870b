"""Tether beside Checkov and Trivy on the same trees, in one run: CPU, wall time, peak memory, findings, as ratios.

Tether runs cold (nothing kept of earlier runs) and warm. Each peer is a program of the user's own choosing; one that is
not given is left out. Nothing is asserted.

    python benchmarks/peers.py --checkov PATH --trivy PATH [--runs N] TREE [TREE...]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from measured import Run, measured, middle

TETHER = [sys.executable, "-m", "scanner", "scan", "--format", "json"]


def tether_findings(text: str) -> int:
    return sum(one["verdict"] == "violated" for one in json.loads(text)["findings"])


def checkov_findings(text: str) -> int:
    reports = json.loads(text)
    return sum(
        one.get("summary", one).get("failed", 0) for one in (reports if isinstance(reports, list) else [reports])
    )


def trivy_findings(text: str) -> int:
    return sum(len(one.get("Misconfigurations") or ()) for one in json.loads(text).get("Results") or ())


def counted(count: Callable[[str], int], text: str) -> int:
    """The findings of an output; -1 where it cannot be read."""
    try:
        return count(text)
    except (ValueError, KeyError, TypeError, AttributeError):
        return -1


def runs_of(tree: Path, options: argparse.Namespace) -> Iterator[tuple[str, Callable[[str], int], Run]]:
    """Each tool on a tree: its name, how its findings are counted, and its median run."""
    times = range(options.runs)
    yield "tether", tether_findings, middle([measured([*TETHER, "--no-cache", str(tree)]) for _ in times])
    with tempfile.TemporaryDirectory() as cache:
        environ = {"TETHER_CACHE_DIR": cache}
        measured([*TETHER, str(tree)], environ)
        yield "tether, warm", tether_findings, middle([measured([*TETHER, str(tree)], environ) for _ in times])
    if options.checkov:
        command = [options.checkov, "-d", str(tree), "-o", "json", "--quiet", "--compact", "--framework"]
        command += ["terraform", "kubernetes"]
        yield "checkov", checkov_findings, middle([measured(command) for _ in times])
    if options.trivy:
        command = [options.trivy, "config", "--skip-check-update", "-q", "-f", "json", str(tree)]
        yield "trivy", trivy_findings, middle([measured(command) for _ in times])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path)
    parser.add_argument("--checkov")
    parser.add_argument("--trivy")
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    print("| tree | tool | CPU s | wall s | peak MB | exit | findings | CPU ratio to Tether, cold |")
    print("|---|---|---|---|---|---|---|---|")
    for tree in options.trees:
        base = 0.0
        for tool, count, run in runs_of(tree.resolve(), options):
            base = base or run.cpu
            figures = f"{run.cpu:.2f} | {run.wall:.2f} | {run.memory:.0f} | {run.code} | {counted(count, run.output)}"
            print(f"| {tree.name} | {tool} | {figures} | {run.cpu / base:.1f} |", flush=True)


if __name__ == "__main__":
    main()
