"""How CPU time and memory grow with an organisation on AWS: read its bundle, then build and judge.

    python -m benchmarks.aws_bundle_scale [--accounts 25 50 100 200] [--steps]

`aws_estate.py` makes the bundle: for 200 accounts 100,000 interfaces, 50,000 security groups and 20,000 roles. Each
size is scanned in a process of its own; nothing is asserted.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.aws_estate import size, write


def peak() -> int:
    """The greatest memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measured(bundle: Path, steps: bool) -> dict[str, Any]:
    """Scan a bundle, and say what each part took in CPU seconds."""
    from scanner import scan as story
    from scanner.builders import build as builders

    taken: dict[str, float] = {}

    def timed(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **more: Any) -> Any:
            started = time.process_time()
            try:
                return call(*args, **more)
            finally:
                taken[name] = taken.get(name, 0) + time.process_time() - started
                if steps:
                    print(f"    {name:32} {taken[name]:7.2f} s  {peak():6} MiB", file=sys.stderr, flush=True)

        return run

    step = builders.Step.__call__
    builders.Step.__call__ = lambda self, world: timed(self.module, step)(self, world)  # type: ignore[method-assign]
    story.build = timed("build", story.build)
    story.judge = timed("judge", story.judge)
    story.read_all = timed("read", story.read_all)
    gc.disable()  # as the command does
    report, _ = timed("scan", story.scan)(story.Request(paths=(), as_of=date(2026, 11, 1), bundles=(bundle,)))
    return {
        "read": taken["read"], "judge": taken["scan"] - taken["read"], "peak": peak(),
        "nodes": report.counts["nodes"], "edges": report.counts["edges"], "findings": len(report.findings),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, nargs="+", default=[25, 50, 100, 200])
    parser.add_argument("--steps", action="store_true", help="say on stderr what each builder takes")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.one, options.steps)))
        return
    columns = ("accounts", "interfaces", "groups", "roles", "MB", "read s", "build and judge s", "peak MiB")
    print(f"| {' | '.join((*columns, 'nodes', 'edges', 'findings'))} |")
    print("|---" * (len(columns) + 3) + "|")
    for accounts in options.accounts:
        with tempfile.TemporaryDirectory() as name:
            bundle = Path(name, "estate.bundle")
            written = write(bundle, accounts) / 1e6
            command = [sys.executable, "-m", "benchmarks.aws_bundle_scale", "--one", str(bundle)]
            command += ["--steps"] if options.steps else []
            run = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        cells = [accounts, *size(accounts).values(), f"{written:.1f}", f"{run['read']:.1f}", f"{run['judge']:.1f}"]
        cells += [run[one] for one in ("peak", "nodes", "edges", "findings")]
        print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
