"""Accounts and regions of regional settings: a guardrail or a log of one says nothing of another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from scanner.builders.aws_identity.accounts import account_of
from scanner.builders.blocks import first, text
from scanner.builders.draft import World
from scanner.resource import Resource
from scanner.unknown import Unknown

BEDROCK_PREFIXES = ("aws_bedrock", "awscc_bedrock")
UNTOLD = "?"
"""Begins the label of an account or a region that is not known by name: equal labels are one, others may be."""


class Stand(Struct, frozen=True, order=True):
    """Where a setting holds: labels of the account and the region; region: "" for what is of every region."""

    account: str
    region: str


def region_of(resource: Resource) -> str:
    """The region a resource is made in: its own argument, else its provider's; "" where that is not known."""
    own = resource.attrs.get("region")
    if isinstance(own, str) and own:
        return own
    region = None if resource.provider is None else resource.provider.attrs.get("region")
    return region if isinstance(region, str) else ""


def account_label(world: World, resource: Resource | None) -> str:
    """The number of the account that a resource stands in, or a label that tells it from others."""
    if resource is None:
        return UNTOLD + "a principal that is not in the inputs"
    found = account_of(world, resource)
    if found.number or found.declared:
        return found.number or UNTOLD + found.declared
    own = found.credentials.strip("[]") and resource.provider
    return UNTOLD + (own.address if own else "")


def stand_of(world: World, resource: Resource) -> Stand:
    """Where a resource of a region stands."""
    region = region_of(resource)
    if not region:
        own = isinstance(resource.attrs.get("region"), Unknown)
        region = UNTOLD + (resource.address if own or resource.provider is None else resource.provider.address)
    return Stand(account_label(world, resource), region)


def same_label(one: str, other: str) -> bool | None:
    """Whether two labels are of one account or region; None where that is not known."""
    if one == other:
        return True
    return None if UNTOLD in (one[:1], other[:1]) else False


def meet(one: Stand, other: Stand) -> bool | None:
    """Whether a setting of one holds at the other; a caller of any region (`""`) is met in any."""
    regions = True if "" in (one.region, other.region) else same_label(one.region, other.region)
    both = (same_label(one.account, other.account), regions)
    return False if False in both else None if None in both else True


def uncovered(
    world: World, unit: str, settings: Iterable[Stand], callers: Iterable[Resource]
) -> Iterator[tuple[Stand, Resource, bool]]:
    """Where Bedrock is used and no setting certainly holds: the place, what shows the use, whether none can hold."""
    known = set(settings)
    for stand, one in in_use(world, unit, callers).items():
        answers = {meet(setting, stand) for setting in known}
        if True not in answers:
            yield stand, one, None not in answers


def in_use(world: World, unit: str, callers: Iterable[Resource]) -> dict[Stand, Resource]:
    """Each account and region in which something of Bedrock is declared, and accounts of callers without any."""
    found: dict[Stand, Resource] = {}
    for one in world.inventory.all:
        if one.unit == unit and not one.data and _of_bedrock(one):
            found.setdefault(stand_of(world, one), one)
    seen = {stand.account for stand in found}
    for one in callers:
        account = account_label(world, one)
        if account not in seen:
            found.setdefault(Stand(account, ""), one)
    return found


def _of_bedrock(one: Resource) -> bool:
    service = first(one, "service_name") if one.kind == "aws_vpc_endpoint" else None
    return one.kind.startswith(BEDROCK_PREFIXES) or (service is not None and ".bedrock" in text(service.value))


def told(stand: Stand, resource: Resource) -> str:
    """A place in words: the region, and the account where it is known by its number."""
    account = "" if stand.account.startswith(UNTOLD) else f"account {stand.account}"
    if stand.region and not stand.region.startswith(UNTOLD):
        return f"{stand.region} of {account}" if account else stand.region
    return account or f"the place of `{resource.address}`"
