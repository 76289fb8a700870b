"""The charts that the profile names, as folders and values of this run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scanner.errors import UsageError
from scanner.profile import ChartRelease
from scanner.resource import Unread
from scanner.sources.files import read_text
from scanner.sources.kubernetes.helm.charts import ChartEntry
from scanner.sources.kubernetes.helm.process import Release


def chart_entries(root: Path, profile_dir: Path, charts: Sequence[ChartRelease]) -> list[ChartEntry]:
    """The entries of `charts`, whose paths are relative to the profile or to the root.

    Raises UsageError for a chart or a file of values that is not there, or lies outside the root.
    """
    found = []
    for one in charts:
        folder = _inside(root, profile_dir, one, f"{one.chart}/Chart.yaml").rpartition("/")[0]
        paths = [_inside(root, profile_dir, one, name) for name in one.values]
        texts = {}
        for path in paths:
            read = read_text(root, Path(path))
            if isinstance(read, Unread):
                raise UsageError(f"{one.origin}: `{path}` cannot be read: {read.cause}")
            texts[path] = read
        release = Release(one.release, one.namespace, tuple(texts[path].text for path in paths))
        digests = {path: read.sha256 for path, read in texts.items()}
        found.append(ChartEntry(folder, release, digests, one.repository, one.versions))
    return found


def _inside(root: Path, profile_dir: Path, one: ChartRelease, name: str) -> str:
    """A path of an entry, relative to the root."""
    root = root.resolve()
    for base in (profile_dir, root):
        place = (base / name).resolve()
        if place.is_file() and place.is_relative_to(root):
            return place.relative_to(root).as_posix()
    raise UsageError(f"{one.origin}: `charts` names `{name}`, which is not in what is scanned")
