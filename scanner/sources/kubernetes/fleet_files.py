"""The files `fleet.yaml`, by which Fleet of Rancher changes what it brings from the folder that they lie in.

Source: Fleet documentation, "fleet.yaml": charts, kustomizations, overlays, other namespaces, changes for each target.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from scanner.resource import Unread
from scanner.sources.files import read_text
from scanner.yamltext import BadDocument, documents

NAME = "fleet.yaml"
HARMLESS = frozenset(
    {"name", "labels", "annotations", "dependsOn", "paused", "keepResources", "deleteNamespace", "rolloutStrategy",
     "correctDrift", "defaultNamespace"}
)  # fmt: skip
"""What says when and where objects are brought that name no namespace themselves, and nothing else of them."""


def changing(root: Path, paths: Iterable[str]) -> frozenset[str]:
    """The folders, relative to the root, whose `fleet.yaml` changes what is brought, or cannot be read."""
    named = [one for one in paths if one.rpartition("/")[2] == NAME]
    return frozenset(one.rpartition("/")[0] for one in named if not _harmless(root, one))


def _harmless(root: Path, path: str) -> bool:
    read = read_text(root, Path(path))
    if isinstance(read, Unread):
        return False
    found = list(documents(read.text, path))
    return all(
        not isinstance(one, BadDocument)
        and (one.value is None or (isinstance(one.value, Mapping) and HARMLESS.issuperset(one.value)))
        for one in found
    )
