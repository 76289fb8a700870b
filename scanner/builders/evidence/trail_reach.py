"""What trails of CloudTrail leave out by their selectors, and which accounts of the profile none of them stands over.

Facts: AWS CloudTrail User Guide, "Logging management events" (basic and advanced event selectors: a trail with advanced
ones records management events only where a selector asks for them) and "Creating a trail for an organization".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.aws_identity.accounts import account_of
from scanner.builders.aws_models.regions import region_of
from scanner.builders.blocks import Found, at, doubt, text
from scanner.builders.draft import World
from scanner.builders.edges import Truth, truth
from scanner.builders.edges import each as each_of
from scanner.graph.facts_audit import Trail
from scanner.resource import Resource, items_of, mark
from scanner.unknown import Unknown, Value

MANAGEMENT = "management-events"
MULTI_REGION = "is_multi_region_trail"


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


def beside(world: World, one: Resource, facts: list[Trail], whole: list[Resource]) -> list[Trail]:
    """What is said of a trail: gaps are none where a whole trail of every region stands over the same account."""
    if one in whole:
        return facts
    number = account_of(world, one).number
    for other in whole:
        over = _everywhere(other) is True or (number and account_of(world, other).number == number)
        if over and truth(other.attrs.get(MULTI_REGION), False) is True:
            because = f"what it leaves out, `{other.address}` records"
            return [Trail(origin=one.origin, because=because, aspect="beside", complete=True)]
    return facts


def accounts(world: World, trails: list[Resource]) -> Iterator[tuple[Resource, Trail]]:
    """For each account of the profile: whether a trail of the inputs stands over it."""
    named = sorted({number for place in world.profile.places if place.provider == "aws" for number in place.accounts})
    if not trails:
        return
    stand = {account_of(world, one).number for one in trails if one.possible is None}
    whole = any(_everywhere(one) is True and one.possible is None for one in trails)
    for number in named:
        if whole or number in stand:
            because = f"account `{number}` is recorded" + (" by a trail of the organisation" if whole else "")
            yield trails[0], Trail(origin=trails[0].origin, because=because, aspect="accounts", complete=True)
            continue
        cause = f"no trail of the inputs certainly stands over account `{number}`"
        unknown = Unknown(cause, decided_by=(f"aws_cloudtrail in {number}",))
        yield trails[0], Trail(origin=trails[0].origin, because=cause, aspect="accounts", complete=unknown)


def _everywhere(one: Resource) -> Truth:
    return truth(one.attrs.get("is_organization_trail"), False)


def regions_of(world: World, account: str = "") -> list[str]:
    """The regions of AWS in which the profile lets the deployment, or what an account of it has, stand."""
    places = [place for place in world.profile.places if place.provider == "aws"]
    mine = [place for place in places if not account or not place.accounts or account in place.accounts]
    return sorted({region for place in mine for region in place.regions})


def regions(world: World, trails: list[Resource]) -> Iterator[tuple[Resource, Trail]]:
    """For each account that has trails of its own, and each region of the profile: whether one of them records it."""
    by_account: dict[str, list[Resource]] = {}
    for one in trails:
        by_account.setdefault(account_of(world, one).number, []).append(one)
    shared = [one for one in trails if _everywhere(one) is True]
    for number, mine in by_account.items():
        for region in regions_of(world, number):
            yield _recorded(region, [*mine, *(one for one in shared if one not in mine)])


def _recorded(region: str, trails: list[Resource]) -> tuple[Resource, Trail]:
    first, doubt = trails[0], None
    for one in trails:
        every = truth(one.attrs.get(MULTI_REGION), False)
        if one.possible is not None:
            doubt = doubt or one.possible
        elif every is True or region_of(one) == region:
            because = f"events of `{region}` are recorded"
            return one, Trail(origin=one.origin, because=because, aspect="regions", complete=True)
        elif every is not False or not region_of(one):
            cause = f"whether `{one.address}` records events of `{region}` is not known"
            setting = MULTI_REGION if every is not False else "region"
            doubt = doubt or Unknown(cause, decided_by=(f"{one.address}.{setting}",))
    origin = mark(first.attrs, MULTI_REGION) or first.origin
    if doubt is not None:
        return first, Trail(origin=origin, because=doubt.cause, aspect="regions", complete=doubt)
    because = f"`{MULTI_REGION}` is not true: events of `{region}` are left out"
    return first, Trail(origin=origin, because=because, aspect="regions", complete=False)
