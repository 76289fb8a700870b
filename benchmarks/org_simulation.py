"""What a scan of a whole organisation takes, on paper: calls, time, memory and cost, and what the numbers rest on.

Measured here: the calls of an account in which nothing stands, made by the collector itself; the CPU of a call through
botocore, answered without a network; the bytes of a bundle and the peak memory of judging many of them.
Simulated: one worker's share of the accounts, call by call in virtual time, over the very token buckets of a scan, its
threads, and one core for its CPU. An account in which nothing stands is the least that there is; its answers come
parsed, so that real ones cost more CPU.
Assumed, and given as arguments: the regions, the time of an answer, the calls that
follow from what stands in an account, the price.

    python -m benchmarks.org_simulation [--accounts 5000] [--workers 50] [--regions 17] [--latency 0.08] [...]
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from scanner.sources.aws.live_accounts import session_policies
from scanner.sources.aws.live_calls import Collector
from scanner.sources.aws.live_elsewhere import bundle_of
from scanner.sources.aws.live_rate import BURST, DEFAULT, RATES
from scanner.sources.aws.operations import ACCOUNT
from scanner.sources.read import AwsAsked
from tests.bundle.estate import full, write
from tests.live.aws import HOME, OFF

PRICE = 0.04048 + 2 * 0.004445
"""US dollars an hour of one vCPU and two GB of Fargate on Linux in us-east-1, as published; spot costs less."""
SCAN = """
import re, sys
from scanner.cli import main
main(sys.argv[1:])
print(re.search("VmHWM:[^0-9]+([0-9]+)", open("/proc/self/status").read())[1], file=sys.stderr)
"""


def counted() -> tuple[Counter[str], Counter[str], float, int]:
    """The calls by service that an empty account takes once and in each region, the CPU s of one, bytes of a bundle."""
    from tests.live.seeded import MEMBER, seeded

    with seeded() as organisation:
        organisation.answers[MEMBER] = {
            ("ec2:DescribeRegions", ""): organisation.answers[MEMBER]["ec2:DescribeRegions", ""]
        }
        asked = AwsAsked(accounts=(MEMBER,), role="tether", workers=1)
        list(Collector(asked, lambda: "", "s").calls())  # models are loaded and clients made once
        collector = Collector(asked, lambda: "", "s")
        before, started = len(organisation.made), time.process_time()
        calls = list(collector.calls())
        spent = (time.process_time() - started) / max(len(organisation.made) - before, 1)
    made = [one for one in calls if one.outcome != "region-off" and dict(one.scope)["region"] != OFF]
    scopes = {of: Counter(one.operation.partition(":")[0] for one in made if here(one) == of) for of in (ACCOUNT, HOME)}
    return scopes[ACCOUNT], scopes[HOME], spent, len(bundle_of(iter(calls), ""))


def here(call: object) -> str:
    return dict(call.scope)["region"]  # type: ignore[attr-defined]


def simulated(options: argparse.Namespace, once: Counter[str], each: Counter[str], cpu: float) -> tuple[float, float]:
    """Seconds until one worker is through with its share, and how busy its core is.

    A thread takes a place (an account, or a region of one), asks its calls one after the other, each after a token of
    its service and a turn on the core, and waits for the answer.
    """
    share = -(-options.accounts // options.workers)
    regional = Counter({name: round(number * (1 + options.follow)) for name, number in each.items()})
    places = [
        [(account, region, service) for service, number in some.items() for _ in range(number)]
        for account in range(share)
        for region, some in enumerate([once, *itertools.repeat(regional, options.regions)])
    ]
    waiting, free, buckets, core, busy, end = iter(places), [], {}, 0.0, 0.0, 0.0
    for number, place in enumerate(itertools.islice(waiting, options.threads)):
        heapq.heappush(free, (0.0, number, iter(place)))
    while free:
        at, number, place = heapq.heappop(free)
        call = next(place, None)
        if call is None:
            end = max(end, at)
            following = next(waiting, None)
            if following is not None:
                heapq.heappush(free, (at, number, iter(following)))
            continue
        rate = RATES.get(call[2], DEFAULT) * options.share
        tokens, last = buckets.get(call, (max(1.0, rate * BURST), at))
        tokens = min(max(1.0, rate * BURST), tokens + (at - last) * rate) - 1
        buckets[call] = tokens, at
        ready = at + (-tokens / rate if tokens < 0 else 0.0)
        core = max(core, ready) + cpu
        busy += cpu
        heapq.heappush(free, (core + options.latency, number, place))
    return end, busy / end if end else 0.0


def judged(accounts: int) -> tuple[float, float]:
    """Peak MB and CPU s of a scan of bundles of that many empty accounts, in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        paths = []
        for number in range(accounts):
            calls = full({}, account=f"{111100000000 + number}")
            paths += ["--bundle", str(write(Path(name) / f"{number}.bundle", calls))]
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        # The peak since the program began: what getrusage says has the parent's in it.
        done = subprocess.run(
            [sys.executable, "-c", SCAN, "scan", *paths, "-q", "--format", "json"],
            capture_output=True,
            text=True,
            check=True,
        )
        spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert len(json.loads(done.stdout)["inputs"]) == accounts, "not every bundle was read"
    return int(done.stderr.split()[-1]) / 1024, spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=50, help="processes, each with a core of its own")
    parser.add_argument("--threads", type=int, default=16, help="of a worker")
    parser.add_argument("--regions", type=int, default=17, help="that are on in an account")
    parser.add_argument("--latency", type=float, default=0.08, help="seconds until an answer")
    parser.add_argument(
        "--follow", type=float, default=0.25, help="calls that follow from answers, of those that do not"
    )
    parser.add_argument("--share", type=float, default=0.5, help="of the rates that AWS allows")
    parser.add_argument(
        "--judge", type=int, nargs=2, default=(20, 100), help="accounts of the two scans that are measured"
    )
    options = parser.parse_args()
    once, each, cpu, size = counted()
    calls = sum(once.values()) + options.regions * sum(each.values()) * (1 + options.follow)
    print(f"measured: an empty account: {sum(once.values())} calls once, {sum(each.values())} in each region; "
          f"{1000 * cpu:.1f} ms of CPU a call; a bundle of one region: {size / 1024:.0f} KB")  # fmt: skip
    end, busy = simulated(options, once, each, cpu)
    hours = options.workers * end / 3600
    print(f"simulated: {options.accounts} accounts, {options.regions} regions, {options.workers} workers with "
          f"{options.threads} threads: {options.accounts * calls / 1e6:.1f} million calls, "
          f"{options.accounts * len(session_policies())} sessions, {end / 60:.0f} min, core {busy:.0%} busy, "
          f"{hours:.0f} vCPU hours, {hours * PRICE:.0f} US dollars")  # fmt: skip
    (few, many), (memory, spent) = options.judge, zip(*(judged(one) for one in options.judge), strict=True)
    more = (memory[1] - memory[0]) / (many - few)
    slower = (spent[1] - spent[0]) / (many - few)
    print(f"measured: scans of {few} and {many} empty accounts of one region: {memory[0]:.0f} and {memory[1]:.0f} MB, "
          f"{spent[0]:.1f} and {spent[1]:.1f} s of CPU: {more:.2f} MB and {1000 * slower:.0f} ms each")  # fmt: skip
    places = options.accounts * options.regions
    print(f"extrapolated, and linear at best: judging all of it at once: {(memory[0] + more * places) / 1024:.0f} GB, "
          f"{slower * places / 3600:.1f} h of CPU")  # fmt: skip


if __name__ == "__main__":
    main()
