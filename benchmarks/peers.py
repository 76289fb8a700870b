"""Tether beside Checkov and Trivy on the same trees, in one run: CPU, wall time, peak memory, findings, as ratios.

Each peer is a program of the user's own choosing; one that is not given is left out. Nothing is asserted.

    python benchmarks/peers.py --checkov PATH --trivy PATH TREE [TREE...]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One finished process: user and system CPU seconds, wall seconds, peak memory in MB, findings (-1: unreadable)."""

    cpu: float
    wall: float
    memory: float
    code: int
    findings: int


def measure(command: list[str], count: Callable[[str], int]) -> Run:
    """Run one command to its end; its output goes to a file, which `count` reads."""
    with tempfile.TemporaryFile("w+") as out:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        try:
            findings = count(out.read())
        except (ValueError, KeyError, TypeError, AttributeError):
            findings = -1
    return Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, process.returncode, findings)


def tether_findings(text: str) -> int:
    return sum(one["verdict"] == "violated" for one in json.loads(text)["findings"])


def checkov_findings(text: str) -> int:
    reports = json.loads(text)
    return sum(
        one.get("summary", one).get("failed", 0) for one in (reports if isinstance(reports, list) else [reports])
    )


def trivy_findings(text: str) -> int:
    return sum(len(one.get("Misconfigurations") or ()) for one in json.loads(text).get("Results") or ())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path)
    parser.add_argument("--checkov")
    parser.add_argument("--trivy")
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    print("| tree | tool | CPU s | wall s | peak MB | exit | findings | CPU ratio to Tether |")
    print("|---|---|---|---|---|---|---|---|")
    for tree in options.trees:
        commands = {
            "tether": ([sys.executable, "-m", "scanner", "scan", str(tree), "--format", "json"], tether_findings)
        }
        if options.checkov:
            arguments = [
                "-d",
                str(tree),
                "-o",
                "json",
                "--quiet",
                "--framework",
                "terraform",
                "kubernetes",
                "--compact",
            ]
            commands["checkov"] = ([options.checkov, *arguments], checkov_findings)
        if options.trivy:
            arguments = ["config", "--skip-check-update", "-q", "-f", "json", str(tree)]
            commands["trivy"] = ([options.trivy, *arguments], trivy_findings)
        base = 0.0
        for tool, (command, count) in commands.items():
            runs = sorted((measure(command, count) for _ in range(options.runs)), key=lambda one: one.cpu)
            run = runs[len(runs) // 2]
            base = base or run.cpu
            figures = f"{run.cpu:.2f} | {run.wall:.2f} | {run.memory:.0f} | {run.code} | {run.findings}"
            print(f"| {tree.name} | {tool} | {figures} | {run.cpu / base:.1f} |", flush=True)


if __name__ == "__main__":
    main()
