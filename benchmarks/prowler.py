"""Tether beside Prowler on one moto server, in one run: calls, CPU, wall time and peak memory of a scan of one estate.

The estate has two regions and the proportions of an ordinary account: `benchmarks/prowler_estate.py` says which, and
why. Both programs ask the same server, one after the other, and what the server logs is what is counted, retries and
refusals of what moto lacks included. Answered are the calls that it did not fail with 5xx, which is how moto says that
it lacks an operation. Prowler is a program of the user's own choosing. Nothing is asserted: the ratios are printed
beside what is aimed at, a tenth of the calls and a fifth of the CPU.

    python -m benchmarks.prowler --prowler PATH [--server PATH] [--services NAME...] [--scale 1 3]
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measured import Run, measured
from benchmarks.prowler_estate import PROFILE, REGIONS, seed

COLOUR = rb"(?:\x1b\[[0-9;]*m)*"
LINE = re.compile(rb'"' + COLOUR + rb"[A-Z]+ \S+ HTTP/1\.[01]" + COLOUR + rb'" (\d+)')
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true"}


@contextmanager
def server(program: str, log: Path) -> Iterator[str]:
    """A moto server on a free port of this machine, whose access log goes to a file."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    with log.open("wb") as out:
        command = [program, "-H", "127.0.0.1", "-p", str(port)]
        # Without its thousand snapshots of public images, which moto gives to every account as its own.
        environ = {**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environ)
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(200):
                try:
                    urllib.request.urlopen(f"{address}/moto-api/data.json", timeout=5).read()
                    break
                except OSError:
                    time.sleep(0.1)
            yield address
        finally:
            process.terminate()
            process.wait()


def asked(log: Path, start: int) -> Counter[str]:
    """The calls since an offset of the log, by the first digit of their status."""
    return Counter(found.decode()[0] + "xx" for found in LINE.findall(log.read_bytes()[start:]))


def answered(calls: Counter[str]) -> int:
    """Those that the server has."""
    return calls.total() - calls["5xx"]


def beside(options: argparse.Namespace, scale: int) -> dict[str, tuple[Run, Counter[str]]]:
    """What each of the two took for an estate of a size."""
    told: dict[str, tuple[Run, Counter[str]]] = {}
    with tempfile.TemporaryDirectory() as name:
        profile = Path(name) / "tether.yaml"
        profile.write_text(PROFILE)
        scan = [sys.executable, "-m", "scanner", "scan", "--live", "aws", "--regions", ",".join(REGIONS), "-q"]
        scan += ["--format", "json", "--profile", str(profile)]
        other = [options.prowler, "aws", "--region", *REGIONS, "--output-directory", name, "--no-banner"]
        other += ["--services", *options.services] if options.services else []
        log = Path(name) / "server.log"
        with server(options.server, log) as address:
            seed(address, scale)
            environ = {**KEYS, "AWS_ENDPOINT_URL": address, "AWS_REGION": REGIONS[0], "AWS_DEFAULT_REGION": REGIONS[0]}
            for tool, command in (("tether", scan), ("prowler", other)):
                start = log.stat().st_size
                run = measured(command, {**environ, "PYTHONPATH": os.getcwd() if tool == "tether" else ""})
                told[tool] = run, asked(log, start)
                calls = told[tool][1]
                print(f"| {scale} | {tool} | {calls.total()} | {answered(calls)} | {run.cpu:.1f} s | {run.wall:.0f} s "
                      f"| {run.memory:.0f} MB | {run.code} |", flush=True)  # fmt: skip
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prowler", required=True, help="the program")
    parser.add_argument("--server", default="moto_server", help="the program of moto[server]")
    parser.add_argument("--services", nargs="*", default=[], help="of Prowler alone: fewer than all of its services")
    parser.add_argument("--scale", type=int, nargs="*", default=[1])
    options = parser.parse_args()
    print("| scale | | calls | answered | CPU | wall | peak memory | exit code |\n|---|---|---|---|---|---|---|---|")
    for scale in options.scale:
        told = beside(options, scale)
        (ours, mine), (theirs, others) = told["tether"], told["prowler"]
        print(f"| {scale} | ratio | {mine.total() / max(others.total(), 1):.2f} (aim 0.10) "
              f"| {answered(mine) / max(answered(others), 1):.2f} "
              f"| {ours.cpu / max(theirs.cpu, 1e-9):.2f} (aim 0.20) | {ours.wall / theirs.wall:.2f} "
              f"| {ours.memory / theirs.memory:.2f} | |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
