"""Where the calls of the safety stack go by its own settings, and what its members run."""

from __future__ import annotations

from msgspec import Struct

from scanner.graph.facts import Fact
from scanner.origin import Origin
from scanner.unknown import Unknown


class Leg(Struct, frozen=True):
    """One step of a way, as a hop shows it: what is passed, the line that decides, and what it does with the call.

    end: the call is answered here: the line to change is that of a leg before.
    """

    address: str
    kind: str
    name: str
    origin: Origin | None
    because: str
    end: bool = False


class StackWay(Fact, frozen=True, kw_only=True):
    """One way that the calls of a gateway take by one of its settings.

    purpose: "classifier" or "model", what the setting is for; judged: that is certain, and not only what its name
    suggests. setting: its name. host: as written, `*` for what is not known.
    arrives: at a declared one; ends: the ids of the nodes where it does.
    """

    purpose: str
    judged: bool
    setting: str
    host: str
    arrives: bool | Unknown
    ends: tuple[str, ...] = ()
    legs: tuple[Leg, ...] = ()


class Program(Fact, frozen=True, kw_only=True):
    """A container of a classifier runs another command than its image's own. serves: whether that can answer calls."""

    container: str
    serves: bool | Unknown


class Diverted(Fact, frozen=True, kw_only=True):
    """Something copies what comes to this member of the stack or model, or may answer in its stead.

    by: the address of the object that does. away: to a place that is no declared member of the deployment.
    """

    by: str
    away: bool | Unknown
    legs: tuple[Leg, ...] = ()
