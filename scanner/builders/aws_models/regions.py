"""Regions of regional settings: a guardrail or a log that is set in one region says nothing of another."""

from __future__ import annotations

from scanner.builders.blocks import first, text
from scanner.builders.draft import World
from scanner.resource import Resource

BEDROCK_PREFIXES = ("aws_bedrock", "awscc_bedrock")


def region_of(resource: Resource) -> str:
    """The region a resource is made in: its own argument, else its provider's; "" where that is not known."""
    own = resource.attrs.get("region")
    if isinstance(own, str) and own:
        return own
    region = None if resource.provider is None else resource.provider.attrs.get("region")
    return region if isinstance(region, str) else ""


def bedrock_regions(world: World, unit: str) -> dict[str, Resource]:
    """Each region in which something of Bedrock is declared in the unit, with the first such resource."""
    found: dict[str, Resource] = {}
    for one in world.inventory.all:
        if one.unit != unit or one.data:
            continue
        service = first(one, "service_name") if one.kind == "aws_vpc_endpoint" else None
        if one.kind.startswith(BEDROCK_PREFIXES) or (service is not None and ".bedrock" in text(service.value)):
            region = region_of(one)
            if region:
                found.setdefault(region, one)
    return found


def elsewhere(world: World, unit: str, resource: Resource) -> Resource | None:
    """Something of Bedrock in another region than `resource` is in; None where there is none, or nobody can tell."""
    region = region_of(resource)
    others = {name: one for name, one in bedrock_regions(world, unit).items() if name != region}
    return others[min(others)] if region and others else None
