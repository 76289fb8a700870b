"""Files in a repository by which a controller brings something else than what lies there.

`fleet.yaml` of Fleet of Rancher, for the folder that it lies in. Source: Fleet documentation, "fleet.yaml": charts,
kustomizations, overlays, other namespaces, changes for each target.
`.sourceignore` of Flux, wherever it lies. Source: Flux documentation, GitRepository, "Excluding files".
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from scanner.resource import Unread
from scanner.sources.files import read_text
from scanner.sources.kubernetes.checkouts import folders_of
from scanner.yamltext import BadDocument, documents

FLEET, FLUX = "fleet.yaml", ".sourceignore"
HARMLESS = frozenset(
    {"name", "labels", "annotations", "dependsOn", "paused", "keepResources", "deleteNamespace", "rolloutStrategy",
     "correctDrift", "defaultNamespace"}
)  # fmt: skip
"""What says when and where objects are brought that name no namespace themselves, and nothing else of them."""


def changing(root: Path, paths: Collection[str]) -> dict[str, frozenset[str]]:
    """By the name of a file of settings: the folders, relative to the root, where it changes what is brought.

    paths: every file of the run; a `fleet.yaml` that cannot be read counts as one that changes.
    """
    named = [one for one in paths if one.rpartition("/")[2] == FLEET]
    return {
        FLEET: frozenset(one.rpartition("/")[0] for one in named if not _harmless(root, one)),
        # What it leaves out is not asked: it may be the one policy that closes a way.
        FLUX: frozenset(one for one in folders_of(paths) if os.path.isfile(os.path.join(root, one, FLUX))),
    }


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
