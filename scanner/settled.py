"""Read and build until it is settled what of AWS counts: what turns out to count is asked, or is unread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from scanner.builders.build import build
from scanner.lean import led_to, may_leave
from scanner.profile import Profile
from scanner.resource import Reading
from scanner.sources.aws.estate import is_left
from scanner.sources.bundle import Call
from scanner.sources.bundle.call import Key
from scanner.sources.read import ReadRequest, read_files, with_apis
from scanner.sources.recorded import Lean, take
from scanner.sources.units import live_units

if TYPE_CHECKING:
    from scanner.scan import Scanned
    from scanner.sources.aws.live_calls import Collector


def settled(
    request: ReadRequest, profile: Profile, rules: Sequence[object], built_of: Callable[[Reading], Scanned]
) -> Scanned:
    """All that was read, and the graph of it. Of an API, what counts is asked; of a bundle, it is unread.

    Each round finds more that counts, or is the last: what was found once is not left out again.
    """
    files = read_files(request)
    lean = Lean() if may_leave(profile, rules) else None
    while True:
        scanned = built_of(with_apis(request, files, lean))
        graphs = [scanned.built.graph, *(graph for graph, _ in scanned.graphs)]
        led = led_to(graphs, scanned.reading, profile) if lean is not None and scanned.reading.left else frozenset()
        if lean is None or not led:
            return scanned
        lean.led |= led


def leanly(collector: Collector, done: dict[Key, Call], profile: Profile) -> Iterator[Call]:
    """Every call that counts by the profile and by what AWS answers, as it is made; then those that were left out.

    done: calls of a bundle that is resumed. Where the run is over, nothing more is asked: whoever reads it judges anew.
    """
    known = dict(done)
    collector.lean = collector.lean and may_leave(profile, ())
    yield from _noted(collector.calls(), known)
    unit_of = live_units(profile.units)
    while collector.lean and not collector.ended():
        led = _led(known, profile, unit_of)
        if not led:
            break
        yield from _noted(collector.more(led, known), known)
    yield from (call for call in known.values() if is_left(call))


def _noted(calls: Iterator[Call], known: dict[Key, Call]) -> Iterator[Call]:
    for call in calls:
        known[call.key] = call
        if not is_left(call):
            yield call


def _led(known: dict[Key, Call], profile: Profile, unit_of: Callable[[str], str]) -> frozenset[Key]:
    reading = Reading()
    take(reading, known.values(), unit_of, "bundle", lean=True)
    if not reading.left:
        return frozenset()
    return led_to([build(reading.resources, profile, asked=reading.asked).graph], reading, profile)
