"""Units of manifests where the profile names none: each topmost folder that declares no object twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from pathlib import Path

from scanner.sources.units import unit_name


def manifest_units(root: Path, objects: Iterable[tuple[str, Hashable]]) -> dict[str, str]:
    """The unit of each path. `objects` are (path relative to root, identity of an object in it).

    A folder in which one object is declared in two places holds more than one deployment: its own files are a unit,
    and each folder in it is looked at in turn. Two declarations in one file do not split anything.
    """
    declared: dict[str, set[Hashable]] = defaultdict(set)
    for path, identity in objects:
        declared[path].add(identity)
    units: dict[str, str] = {}
    waiting = [("", sorted(declared))]
    while waiting:
        folder, paths = waiting.pop()
        every = [identity for path in paths for identity in declared[path]]
        depth = folder.count("/") + 1 if folder else 0
        own = [path for path in paths if path.count("/") == depth]
        if len(own) == len(paths) or len(set(every)) == len(every):
            units.update(dict.fromkeys(paths, unit_name(root, folder)))
            continue
        units.update(dict.fromkeys(own, unit_name(root, folder)))
        below: dict[str, list[str]] = defaultdict(list)
        for path in paths:
            if path.count("/") > depth:
                below["/".join(path.split("/")[: depth + 1])].append(path)
        waiting.extend(below.items())
    return units
