"""One command in a process of its own: CPU and wall seconds, peak memory, exit code, and what it printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# A process counts the memory of the one that it was forked from until it starts another program: so a small one forks.
_LAUNCHER = """
import json, resource, subprocess, sys, time
with open(sys.argv[2], "wb") as out:
    began = time.monotonic()
    code = subprocess.call(sys.argv[3:], stdout=out, stderr=subprocess.DEVNULL)
    wall = time.monotonic() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as told:
    json.dump([used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024, code], told)
"""


@dataclass(frozen=True)
class Run:
    """One finished process: user and system CPU seconds, wall seconds, peak memory in MB, exit code, its output."""

    cpu: float
    wall: float
    memory: float
    code: int
    output: str


def measured(command: Sequence[str], environ: Mapping[str, str] | None = None) -> Run:
    """Run one command to its end."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        told, out = Path(folder) / "told", Path(folder) / "out"
        launcher = [sys.executable, "-S", "-c", _LAUNCHER, str(told), str(out), *command]
        subprocess.run(launcher, check=True, env={**own, **(environ or {})})
        cpu, wall, memory, code = json.loads(told.read_text())
        return Run(cpu, wall, memory, code, out.read_text(errors="replace"))


def middle(runs: Sequence[Run]) -> Run:
    """The run of median CPU time."""
    return sorted(runs, key=lambda one: one.cpu)[len(runs) // 2]
