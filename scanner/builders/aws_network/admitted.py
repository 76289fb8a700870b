"""What gets through a guard, in three values, and how guards one after the other or side by side add up."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from scanner.builders.edges import Doubt, Truth, first_doubt
from scanner.builders.ranges import Traffics, common_traffic, join_traffic, traffic_without
from scanner.graph.model import ALL_TRAFFIC


class Admitted(Struct, frozen=True):
    """Traffic that is let through: `sure` certainly, `maybe` beyond that, for the `doubt`."""

    sure: Traffics = ()
    maybe: Traffics = ()
    doubt: Doubt | None = None

    @property
    def some(self) -> Traffics:
        """What is let through, certainly or possibly."""
        return join_traffic(self.sure, self.maybe) if self.maybe else self.sure


WHOLE = Admitted(ALL_TRAFFIC)
NOTHING = Admitted()


def admitted(sure: Traffics, some: Traffics, doubt: Doubt | None) -> Admitted:
    """`sure` for certain, and of `some` the rest possibly; without a doubt there is nothing that is only possible."""
    maybe = traffic_without(some, sure) if doubt is not None else ()
    return Admitted(sure, maybe, doubt if maybe else None)


def through(*guards: Admitted) -> Admitted:
    """What gets through all of `guards`."""
    some = [one for one in guards if one is not WHOLE]
    if not some:
        return WHOLE
    sure, anything = some[0].sure, some[0].some
    for one in some[1:]:
        sure, anything = common_traffic(sure, one.sure), common_traffic(anything, one.some)
    return admitted(sure, anything, first_doubt(*(one.doubt for one in some)))


def any_of(*ways: Admitted) -> Admitted:
    """What gets through at least one of `ways`, which are all there."""
    sure = join_traffic(*(one.sure for one in ways))
    some = join_traffic(*(one.some for one in ways))
    return admitted(sure, some, first_doubt(*(one.doubt for one in ways)))


def one_of(some: Iterable[Admitted], doubt: Doubt) -> Admitted:
    """What gets through a guard that is one of `some`, nobody knows which: `doubt` says what would decide."""
    ways = list(some)
    if not ways:
        return NOTHING
    sure = ways[0].sure
    for one in ways[1:]:
        sure = common_traffic(sure, one.sure)
    anything = join_traffic(*(one.some for one in ways))
    return admitted(sure, anything, first_doubt(*(one.doubt for one in ways)) or doubt)


def under(one: Admitted, holds: Truth) -> Admitted:
    """`one` on a condition: nothing where it is false, possible where it is not known."""
    if holds is True:
        return one
    if holds is False:
        return NOTHING
    return admitted((), one.some, first_doubt(holds, one.doubt))
