"""What trails of CloudTrail leave out by their selectors, and which accounts of the profile none of them stands over.

Facts: AWS CloudTrail User Guide, "Logging management events" (basic and advanced event selectors: a trail with advanced
ones records management events only where a selector asks for them) and "Creating a trail for an organization".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.aws_identity.accounts import account_of
from scanner.builders.blocks import Found, at, doubt, text
from scanner.builders.draft import World
from scanner.builders.edges import each as each_of
from scanner.builders.edges import truth
from scanner.graph.facts_audit import Trail
from scanner.resource import Resource, items_of
from scanner.unknown import Unknown, Value

MANAGEMENT = "management-events"


def selected(one: Resource) -> Iterator[Trail]:
    """What the selectors of a trail say of management events; nothing where it has none: the default is all of them."""
    for found in at(one, "event_selector.read_write_type"):
        unknown = found.unknown
        if unknown is not None:
            yield Trail(origin=found.origin, because=unknown.cause, aspect=MANAGEMENT, complete=unknown)
        elif found.text != "All":
            because = f"only events of `{found.text}` are recorded"
            yield Trail(origin=found.origin, because=because, aspect=MANAGEMENT, complete=False)
    blocks = list(_blocks(one))
    if not blocks:
        return
    said = [_advanced(block) for block in blocks]
    wanted = next((each for each in said if each.complete is True), None)
    vague = next((each for each in said if isinstance(each.complete, Unknown)), None)
    yield wanted or vague or said[0]


def _blocks(one: Resource) -> Iterator[Found]:
    for found in at(one, "advanced_event_selector"):
        items = items_of(found.value) if isinstance(found.value, list | tuple) else [found.value]
        for item in items:
            yield Found(item, found.origin, found.possible or doubt(item))


def _advanced(block: Found) -> Trail:
    """One advanced selector: all of the management events, a part of them, or something else."""
    if block.unknown is not None:
        return Trail(origin=block.origin, because=block.unknown.cause, aspect=MANAGEMENT, complete=block.unknown)
    fields = list(_fields(block.value))
    unknown = next((value for value in fields if isinstance(value, Unknown)), None)
    names = {text(value.get("field")): value for value in fields if isinstance(value, Mapping)}
    category = [each.value for each in each_of(names.get("eventCategory"), "equals")]
    unknown = unknown or next((value for value in category if isinstance(value, Unknown)), None)
    if unknown is not None:
        return Trail(origin=block.origin, because=unknown.cause, aspect=MANAGEMENT, complete=unknown)
    if "Management" not in category:
        because = "no advanced selector asks for management events: the default is none of them"
        return Trail(origin=block.origin, because=because, aspect=MANAGEMENT, complete=False)
    rest = sorted(set(names) - {"eventCategory"})
    because = f"management events are recorded in part, by `{rest[0]}`" if rest else "nothing is left out"
    return Trail(origin=block.origin, because=because, aspect=MANAGEMENT, complete=not rest)


def _fields(block: Value) -> Iterator[Value]:
    listed = block.get("field_selector") if isinstance(block, Mapping) else None
    yield from items_of(listed) if isinstance(listed, list | tuple) else [listed]


def accounts(world: World, trails: list[Resource]) -> Iterator[tuple[Resource, Trail]]:
    """For each account of the profile, where there are several: whether a trail of the inputs stands over it."""
    named = sorted({number for place in world.profile.places if place.provider == "aws" for number in place.accounts})
    if len(named) < 2 or not trails:
        return
    over = [truth(one.attrs.get("is_organization_trail"), False) for one in trails]
    stand = {account_of(world, one).number for one in trails}
    whole = any(each is True for each in over)
    for number in named:
        if whole or number in stand:
            because = f"account `{number}` is recorded" + (" by a trail of the organisation" if whole else "")
            yield trails[0], Trail(origin=trails[0].origin, because=because, aspect="accounts", complete=True)
            continue
        cause = f"no trail of the inputs certainly stands over account `{number}`"
        unknown = Unknown(cause, decided_by=(f"aws_cloudtrail in {number}",))
        yield trails[0], Trail(origin=trails[0].origin, because=cause, aspect="accounts", complete=unknown)
