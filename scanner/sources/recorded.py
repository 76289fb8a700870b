"""APIs as inputs: live, or as bundles recorded them. Both go one way, so that both give the same Resources."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from scanner.errors import UsageError
from scanner.origin import FileOrigin
from scanner.resource import Reading, SourceName, Unread
from scanner.sources.bundle import Bundle, BundleWriter, Call, merged, read_bundle
from scanner.sources.bundle.call import FINAL
from scanner.sources.kubernetes.live_read import clusters_of, read_cluster
from scanner.sources.read import Live

if TYPE_CHECKING:
    from threading import Event

UNDERSTOOD = ("aws", "kubernetes")
"""What a bundle can hold."""


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
    from secrets import token_hex
    from threading import Event

    from scanner.sources.aws.live_calls import Collector

    salt = token_hex(16) if writer is None else writer.salt
    done = None if writer is None else writer.done
    return Collector(live.aws, now, salt, done, stop or Event(), told or (lambda *_: None)).calls()


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


def unanswered(path: Path) -> list[Unread]:
    """What a bundle says was not answered."""
    return read_bundles([(path, path.name)], str).unread


def read_bundles(paths: Iterable[tuple[Path, str]], unit_of: Callable[[str], str]) -> Reading:
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
    _take(reading, merged(calls), unit_of, "bundle")
    return reading


def read_live(lives: Sequence[Live], unit_of: Callable[[str], str]) -> Reading:
    """What the APIs answer now. Raises UsageError where one cannot be connected to."""
    reading = Reading()
    for live in lives:
        reading.bases.add("live")
        # A record is plain JSON: what a live scan sees is what a bundle of the same moment would say.
        _take(reading, [replace(call, pages=json.loads(json.dumps(call.pages))) for call in ask(live)], unit_of, "live")
    return reading


def _take(reading: Reading, calls: Sequence[Call], unit_of: Callable[[str], str], source: SourceName) -> None:
    for cluster, some in clusters_of(calls).items():
        part = read_cluster(some, unit_of(cluster), source)
        reading.resources += part.resources
        reading.asked += part.asked
        reading.unread += [one for one in part.unread if one not in reading.unread]
    for partition, some in _aws(calls).items():
        from scanner.sources.aws import read_estate

        part = read_estate(some, unit_of(f"aws:{partition}"), source)
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
