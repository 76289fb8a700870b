"""The regions of an account, as one of the two operations that know them tells."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.sources.bundle import Call

OPERATIONS = ("ec2:DescribeRegions", "account:ListRegions")
OFF = frozenset({"not-opted-in", "DISABLED"})
"""What says that a region is off; one that is being switched on or off is on. Sources: EC2 API reference `Region`,
Account Management API reference `Region`."""


def told(calls: Iterable[Call]) -> dict[str, bool]:
    """The regions that the calls name, and whether each is on."""
    found: dict[str, bool] = {}
    for call in calls:
        if call.outcome != "read" or call.operation not in OPERATIONS:
            continue
        for page in call.pages:
            named = page.get("Regions") if isinstance(page, dict) else None
            for one in named if isinstance(named, list) else ():
                name = one.get("RegionName") if isinstance(one, dict) else None
                if isinstance(name, str):
                    state = one.get("OptInStatus") or one.get("RegionOptStatus")
                    # What is no text does not say that it is off.
                    found[name] = found.get(name, False) or not isinstance(state, str) or state not in OFF
    return found
