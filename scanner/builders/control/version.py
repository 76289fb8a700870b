"""The version of a unit's API server, where exactly one cluster of the inputs says it."""

from __future__ import annotations

from scanner.builders.blocks import first
from scanner.builders.draft import World
from scanner.patterns import lazy

PATHS = {
    "aws_eks_cluster": "version",
    "google_container_cluster": "min_master_version",
    "azurerm_kubernetes_cluster": "kubernetes_version",
}
"""Terraform type -> where the version stands."""
_MINOR = lazy(r"1\.(?P<minor>\d{1,3})(\D|$)")


def api_versions(world: World) -> dict[str, int]:
    """Unit -> minor version; a unit with several clusters, or one whose version is not known, is left out."""
    found: dict[str, set[int]] = {}
    for kind, path in PATHS.items():
        for one in world.inventory.of(kind):
            written = first(one, path)
            match = _MINOR.match(written.text) if written is not None and isinstance(written.value, str) else None
            sure = match is not None and one.possible is None and kind != "google_container_cluster"
            found.setdefault(one.unit, set()).add(int(match["minor"]) if match is not None and sure else 0)
    return {unit: next(iter(minors)) for unit, minors in found.items() if len(minors) == 1 and 0 not in minors}
