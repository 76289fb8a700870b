"""The agreement: what its lock pins, what the profile loosened since, and what was accepted beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from scanner.builders.draft import World
from scanner.graph.agreed import Accepted, Loosened, Pinned
from scanner.graph.model import Node
from scanner.origin import FileOrigin
from scanner.unknown import Unknown

if TYPE_CHECKING:
    from scanner.lock import Lock, Pins
    from scanner.loosened import Change

UNIT = "profile"
NAMED = 5
"""How many differing files a sentence names."""


def build_agreement(world: World) -> None:
    """Nodes for the profile, for each key that it loosened, and for each exception, with what is known of them."""
    pins = world.pins
    if pins is None:
        return
    if pins.profile.agreement or pins.lock is not None:
        _pinned(world, pins)
    for waiver in pins.profile.waivers:
        address = f"waivers/{waiver.rule}/{waiver.subject}"
        _accept(world, pins, address, "waiver", waiver.rule, waiver.approver, waiver.expires, waiver.origin)
    for caller in pins.profile.trusted:
        address = f"trusted/{caller.source}/{caller.target}:{caller.port}"
        _accept(world, pins, address, "trusted caller", "", caller.owner, caller.expires, caller.origin)


def _node(world: World, address: str, origin: FileOrigin, name: str = "") -> Node:
    return world.ensure(Node(f"{UNIT}:{address}", "Profile", address, name or address, origin))


def _pinned(world: World, pins: Pins) -> None:
    from scanner.lock import snapshot
    from scanner.loosened import Change, loosened

    profile, lock = pins.profile, pins.lock
    origin = profile.origins.get("agreement", FileOrigin(profile.path, 1))
    node = _node(world, "profile", origin, profile.agreement)
    if lock is None or (profile.agreement and lock.agreement != profile.agreement):
        _not_pinned(world, node, pins)
        return
    for what, agreed, used in (("rules", lock.rules, pins.rules), ("tables", lock.tables, pins.tables)):
        if agreed is not None:
            because, odd = _compared(what, agreed, used, lock)
            fact = Pinned(origin=origin, because=because, what=what, agreement=lock.agreement, differs=odd)
            world.add_fact(node.id, fact)
    same = ", and the profile is that very text" if lock.profile_sha256 == profile.sha256 else ""
    because = f"`{lock.shown}` pins what `{lock.agreement}` promises{same}"
    fact = Pinned(origin=origin, because=because, what="profile", agreement=lock.agreement, differs=())
    world.add_fact(node.id, fact)
    if not profile.agreement:
        because = f"the profile does not name the agreement that `{lock.shown}` pins"
        _loosen(world, lock, Change("agreement", "", because), origin)
    for change in loosened(lock.profile, snapshot(profile)):
        _loosen(world, lock, change, profile.origins.get(change.key, origin))


def _not_pinned(world: World, node: Node, pins: Pins) -> None:
    agreement, lock = pins.profile.agreement, pins.lock
    if lock is None:
        cause = f"nothing pins the agreement `{agreement}`: there is no `{pins.expected}`"
    else:
        cause = f"`{lock.shown}` pins the agreement `{lock.agreement}`, not `{agreement}`"
    unknown = Unknown(cause, decided_by=(pins.expected,))
    for what in ("rules", "tables", "profile"):
        fact = Pinned(origin=node.origin, because=cause, what=what, agreement=agreement, differs=unknown)
        world.add_fact(node.id, fact)


def _compared(what: str, agreed: Mapping[str, str], used: Mapping[str, str], lock: Lock) -> tuple[str, tuple[str, ...]]:
    odd = tuple(sorted(name for name in {*agreed, *used} if agreed.get(name) != used.get(name)))
    if not odd:
        return f"all {len(used)} {what} are those that `{lock.shown}` pins", ()
    words = []
    for name in odd[:NAMED]:
        how = "was not agreed" if name not in agreed else "is not there" if name not in used else "has changed"
        words.append(f"`{name}` {how}")
    more = f" and {len(odd) - NAMED} more" if len(odd) > NAMED else ""
    return f"{', '.join(words)}{more}", odd


def _loosen(world: World, lock: Lock, change: Change, origin: FileOrigin) -> None:
    node = _node(world, "/".join(filter(None, ("profile", change.key, change.entry))), origin, change.key)
    world.add_fact(node.id, Loosened(origin=origin, because=change.what, key=change.key, agreement=lock.agreement))


def _accept(
    world: World, pins: Pins, address: str, what: str, rule: str, approver: str, end: date, origin: FileOrigin
) -> None:
    node = _node(world, address, origin)
    left = (end - pins.as_of).days
    until = f"it ended on {end}" if left < 0 else f"it ends on {end}"
    because = f"`{approver}` answers for it; {until}"
    fact = Accepted(origin=origin, because=because, what=what, rule=rule, approver=approver, days_left=left)
    world.add_fact(node.id, fact)
