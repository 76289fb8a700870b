"""Where weights go: copies, readers from outside, and objects that ship to devices."""

from __future__ import annotations

from scanner.builders.draft import World
from scanner.builders.supply import compiled as supply_compiled
from scanner.builders.supply import copies as supply_copies
from scanner.builders.supply import delivery as supply_delivery
from scanner.builders.supply import readers as supply_readers
from scanner.builders.supply.compiled import build_compilations
from scanner.builders.supply.copied import holders
from scanner.builders.supply.copies import build_copies
from scanner.builders.supply.delivery import build_deliveries
from scanner.builders.supply.formats import build_formats
from scanner.builders.supply.identities import build_identity_readers
from scanner.builders.supply.readers import build_readers
from scanner.builders.supply.sealed import build_key_readers


def handled() -> frozenset[str]:
    """The types that these builders read."""
    found = supply_copies.handled() | supply_readers.HANDLED | supply_delivery.handled()
    return found | supply_compiled.HANDLED


def build_supply(world: World) -> None:
    """Supply edges from every store forwards. Roles must be set: a payload counts by the stores that it names."""
    build_copies(world)
    build_readers(world)
    build_key_readers(world, holders(world))
    build_identity_readers(world)
    build_deliveries(world)
    build_compilations(world)
    build_formats(world)
