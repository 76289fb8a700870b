"""Every call of a scan of a seeded organisation fails, one after the other, in each of eight ways; in each account.

The faults come over botocore's own wire. What may never be is printed and counts for exit code 1: a fall, a commitment
that holds though a call that it needs failed, a violation that is gone though it did not need it.

    python -m benchmarks.faults [--every N] [--from I]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.live.injected import Trial
from tests.live.seeded import FAULTS, MEMBER, NUMBER, seeded


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth operation")
    parser.add_argument("--from", type=int, default=0, dest="start", metavar="I", help="beginning with the Ith")
    options = parser.parse_args()
    started, counts = time.monotonic(), Counter[str]()
    with seeded() as organisation, tempfile.TemporaryDirectory() as folder:
        trial = Trial(organisation, Path(folder) / "scan")
        trial.begin()
        violated = sum(one["verdict"] == "violated" for one in trial.before["findings"])
        print(f"{len(trial.clean)} calls, {violated} violations", flush=True)
        names = [(name, one) for one in (NUMBER, MEMBER) for name in trial.names(one)]
        every = [(name, kind, one) for name, one in names[options.start :: options.every] for kind in FAULTS]
        for name, kind, account in every:
            before = len(trial.wrong)
            trial.inject(name, kind, account)
            for one in trial.wrong[before:]:
                print(one, flush=True)
            counts[kind] += 1
            if sys.stderr.isatty() or not sum(counts.values()) % 50:
                print(f"{sum(counts.values())} faults, {len(trial.wrong)} wrong", file=sys.stderr, flush=True)
        took = time.monotonic() - started
        print(f"{sum(counts.values())} faults ({', '.join(f'{n} {kind}' for kind, n in counts.items())})")
        print(f"{organisation.injected} answers broken, {organisation.checked} values held against botocore's shapes")
        print(f"{trial.scans} scans judged, {len(trial.wrong)} wrong, {took:.0f} s")
    return 1 if trial.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
