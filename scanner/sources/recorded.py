"""APIs as inputs: live, or as bundles recorded them. Both go one way, so that both give the same Resources."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.errors import UsageError
from scanner.origin import FileOrigin
from scanner.resource import Asked as AskedOf
from scanner.resource import Reading, SourceName, Unread
from scanner.sources.bundle import Bundle, BundleWriter, Call, merged, read_bundle
from scanner.sources.bundle.call import FINAL, Key
from scanner.sources.kubernetes.live_read import clusters_of, read_cluster
from scanner.sources.read import Live

if TYPE_CHECKING:
    from threading import Event

    from scanner.sources.aws.live_calls import Collector

UNDERSTOOD = ("aws", "kubernetes")
"""What a bundle can hold."""
CALLER = "sts:GetCallerIdentity"


def now() -> str:
    """The time as bundles and origins have it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def ask(
    live: Live,
    writer: BundleWriter | None = None,
    stop: Event | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Iterator[Call]:
    """Every call of a live scan, as it is made; of a bundle that is resumed, those that it lacks.

    stop: once it is set, nothing more is asked of AWS, and what is left is recorded as not answered. told: of how many
    places are through, of how many. Raises UsageError where nothing can be connected to. Clients are imported here,
    once one is asked for.
    """
    from secrets import token_hex

    if live.name == "aws":
        return _ask_aws(live, writer, stop, told)
    from scanner.sources.kubernetes.live_calls import Collector
    from scanner.sources.kubernetes.live_client import Asked, connect

    api = connect(Asked(live.context, live.kubeconfig, live.cluster))
    salt = token_hex(16) if writer is None else writer.salt
    done = None if writer is None else writer.done
    return Collector(api, api.cluster, now, salt, api.namespace, done).calls()


def _ask_aws(
    live: Live, writer: BundleWriter | None, stop: Event | None, told: Callable[[int, int], None] | None
) -> Iterator[Call]:
    return collector_of(live, writer, stop, told).calls()


def collector_of(
    live: Live,
    writer: BundleWriter | None = None,
    stop: Event | None = None,
    told: Callable[[int, int], None] | None = None,
    *,
    lean: bool = False,
) -> Collector:
    """What asks AWS. lean: without what may be left out; workers of a cluster ask everything. Raises UsageError."""
    from secrets import token_hex
    from threading import Event

    from scanner.sources.aws.live_calls import Collector

    salt = token_hex(16) if writer is None else writer.salt
    done = None if writer is None else writer.done
    lean = lean and not live.aws.executor
    return Collector(live.aws, now, salt, done, stop or Event(), told or (lambda *_: None), lean=lean)


def served(live: Live) -> Iterator[tuple[str, str]]:
    """The (group, resource name) that a scan would list in a cluster. Raises UsageError where it does not tell all."""
    from scanner.sources.kubernetes.live_discovery import one_version, served_kinds

    discovered: list[Call] = []
    for call in ask(live):
        if call.operation != "discover":
            break
        discovered.append(call)
        if call.outcome not in FINAL:
            raise UsageError(f"what the cluster serves is not known: {call.cause or call.outcome}")
    for kind in one_version(kind for call in discovered for kind in served_kinds(call)):
        yield kind.group, kind.resource


class Lean(Struct):
    """What is left out of AWS, and what of it turned out to count: `led`. asked: by API, who asks, and all answers."""

    led: set[Key] = field(default_factory=set)
    asked: dict[Live, tuple[Collector, dict[Key, Call]]] = field(default_factory=dict)

    def calls(self, live: Live) -> list[Call]:
        """Every call to AWS so far, with those that count now and were left out before."""
        from scanner.sources.aws.estate import is_left

        if live not in self.asked:
            collector = collector_of(live, lean=True)
            self.asked[live] = collector, {call.key: call for call in collector.calls()}
        collector, known = self.asked[live]
        wanted = frozenset(key for key in self.led if key in known and is_left(known[key]))
        if wanted:
            known.update((call.key, call) for call in collector.more(wanted, known))
        return [self.judged(call) for call in known.values()]

    def judged(self, call: Call) -> Call:
        """A call as it counts: one that was left out and was needed is one that nobody made."""
        from scanner.sources.aws.estate import NEEDED, is_left

        return replace(call, cause=NEEDED) if call.key in self.led and is_left(call) else call


def unanswered(path: Path, *, lean: bool = False) -> list[Unread]:
    """What a bundle says was not answered. lean: what was left out on purpose was not to be."""
    return read_bundles([(path, path.name)], str, Lean() if lean else None).unread


def read_bundles(paths: Iterable[tuple[Path, str]], unit_of: Callable[[str], str], lean: Lean | None = None) -> Reading:
    """What all bundles hold together; each path comes with the one to show. Raises UsageError for one not there."""
    reading = Reading()
    calls: list[Call] = []
    for path, shown in paths:
        reading.bases.add("recorded")
        found = read_bundle(path, shown)
        if isinstance(found, Bundle):
            reading.inputs[shown] = found.sha256
            reading.unread += found.unread
            calls += found.calls
            if not found.calls and not found.unread:
                reading.unread.append(Unread(FileOrigin(shown, 1), "the bundle holds no call", "file"))
        else:
            reading.unread.append(found)
    every = merged(calls)
    take(reading, every if lean is None else map(lean.judged, every), unit_of, "bundle", lean=lean is not None)
    reading.asked += _others(calls, reading.asked)
    return reading


def _others(calls: Sequence[Call], asked: Sequence[AskedOf]) -> Iterator[AskedOf]:
    """Whoever else asked the same accounts, in shards of which one answer alone counts."""
    told = {(dict(one.scope).get("account"), one.caller): one for one in asked if one.answered}
    for call in calls:
        if call.operation != CALLER:
            continue
        account = dict(call.scope).get("account")
        first = next((one for (of, _), one in told.items() if of == account), None)
        arn = next((page.get("Arn") for page in call.pages if isinstance(page, dict)), None)
        if isinstance(arn, str) and first is not None and (account, arn) not in told:
            told[account, arn] = replace(first, caller=arn, origin=call.origin())
            yield told[account, arn]


def read_live(lives: Sequence[Live], unit_of: Callable[[str], str], lean: Lean | None = None) -> Reading:
    """What the APIs answer now. Raises UsageError where one cannot be connected to."""
    reading = Reading()
    for live in lives:
        reading.bases.add("live")
        calls = ask(live) if lean is None or live.name != "aws" else lean.calls(live)
        # A record is plain JSON: what a live scan sees is what a bundle of the same moment would say.
        plain = (replace(call, pages=json.loads(json.dumps(call.pages))) for call in calls)
        take(reading, plain, unit_of, "live", lean=lean is not None)
    return reading


def take(
    reading: Reading, made: Iterable[Call], unit_of: Callable[[str], str], source: SourceName, *, lean: bool = False
) -> None:
    """Add what calls say. lean: what was left out on purpose is listed, and is for the caller to judge."""
    calls = list(made)
    for cluster, some in clusters_of(calls).items():
        part = read_cluster(some, unit_of(cluster), source)
        reading.resources += part.resources
        reading.asked += part.asked
        reading.unread += [one for one in part.unread if one not in reading.unread]
    for partition, some in _aws(calls).items():
        from scanner.sources.aws import read_estate

        part = read_estate(some, unit_of(f"aws:{partition}"), source, lean=lean)
        reading.left += part.left
        reading.resources += part.resources
        reading.asked += part.asked
        reading.unread += [one for one in part.unread if one not in reading.unread]
        reading.assumptions |= part.assumptions
    for call in calls:
        if call.source not in UNDERSTOOD:
            cause = f"calls to `{call.source}` are not understood by this version"
            one = Unread(replace(call, operation="").origin(), cause, "call", "use a newer one")
            if one not in reading.unread:
                reading.unread.append(one)


def _aws(calls: Sequence[Call]) -> dict[str, list[Call]]:
    """The calls to AWS by partition; its reader is loaded only where there are any."""
    if not any(call.source == "aws" for call in calls):
        return {}
    from scanner.sources.aws.read import partitions_of

    return partitions_of(calls)
