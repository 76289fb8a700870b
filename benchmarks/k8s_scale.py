"""How time and memory grow with a cluster: read, then build and judge, then write, each size in a process of its own.

`k8s_cluster.py` makes the cluster; each variant turns one screw further. Nothing is asserted.

    python benchmarks/k8s_scale.py [--workloads 5000 10000 20000] [--variant NAME...] [--steps]
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from k8s_cluster import VARIANTS, write

DAY = date(2026, 11, 1)


def peak() -> int:
    """The greatest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measure(folder: Path, steps: bool) -> dict:
    """Scan a folder, and say what each part took."""
    from scanner import scan as story
    from scanner.builders import build as builders
    from scanner.reports.formats import render
    from scanner.reports.view import View

    taken: dict[str, float] = {}

    def timed(name: str, call):
        def run(*args, **more):
            started = time.process_time()
            try:
                return call(*args, **more)
            finally:
                taken[name] = taken.get(name, 0) + time.process_time() - started
                if steps:
                    print(f"    {name:28} {taken[name]:7.2f} s  {peak():6} MB", file=sys.stderr)

        return run

    story.read_all = timed("read", story.read_all)
    if steps:
        plain = builders.Step.__call__
        builders.Step.__call__ = lambda step, world: timed(step.name, plain)(step, world)
    request = story.Request(paths=(folder,), as_of=DAY, profile=folder / "tether.yaml")
    gc.disable()  # as the command does
    report, scanned = timed("scan", story.scan)(request)
    after = peak()
    for name in ("json", "text"):
        timed(f"write {name}", render)(name, report, View(root=scanned.root))
    return {
        "read": taken["read"],
        "judge": taken["scan"] - taken["read"],
        "write": sum(value for name, value in taken.items() if name.startswith("write")),
        "peak": after,
        "nodes": report.counts["nodes"],
        "edges": report.counts["edges"],
        "verdict": str(report.verdict),
        "findings": len(report.findings),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", type=int, nargs="+", default=[5_000, 10_000, 20_000])
    parser.add_argument("--variant", nargs="+", choices=(*VARIANTS, "all"), default=["base"])
    parser.add_argument("--steps", action="store_true", help="say on stderr what each builder takes")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.steps)))
        return
    columns = ("variant", "workloads", "objects", "MB of text", "read s", "MB/s", "build and judge s", "write s")
    print(f"| {' | '.join((*columns, 'peak MB', 'nodes', 'edges', 'findings'))} |")
    print("|---" * (len(columns) + 4) + "|")
    for variant in VARIANTS if "all" in options.variant else options.variant:
        for workloads in options.workloads:
            with tempfile.TemporaryDirectory() as name:
                objects, size = write(Path(name), workloads, variant)
                command = [sys.executable, __file__, "--one", name, *(["--steps"] if options.steps else [])]
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ})
            run = json.loads(done.stdout)
            row = (
                f"{size / 1e6:.1f} | {run['read']:.1f} | {size / 1e6 / run['read']:.1f} | {run['judge']:.1f} | "
                f"{run['write']:.1f} | {run['peak']} | {run['nodes']} | {run['edges']} | {run['findings']}"
            )
            print(f"| {variant} | {workloads} | {objects} | {row} |", flush=True)


if __name__ == "__main__":
    main()
