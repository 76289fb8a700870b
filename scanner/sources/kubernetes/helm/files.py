"""The files of a chart, its local dependencies among them, as a copy that leads nowhere else."""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from msgspec import Struct, field

from scanner.origin import FileOrigin
from scanner.patterns import fits
from scanner.resource import Attrs, Unread, dig, items_of, mark
from scanner.sources.files import SKIPPED
from scanner.unknown import Value
from scanner.yamltext import TextError, load_one

MAX_FILES = 5_000
MAX_BYTES = 50_000_000
MAX_DEPTH = 8


class ChartError(Exception):
    """A chart that cannot be taken: the message is a sentence fragment."""


class ChartFiles(Struct):
    """A chart ready to be rendered.

    files: contents by name in the chart; paths: where each stands, relative to the root; digests: of each path;
    missing: dependencies of the chart itself and of those in it that are not on disk, with their entry.
    """

    folder: str
    about: Value = None
    files: dict[str, bytes] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    missing: list[tuple[Attrs, Unread]] = field(default_factory=list)

    @property
    def library(self) -> bool:
        """Whether it is a library: it makes nothing of its own."""
        return dig(self.about, "type") == "library"


def chart_files(root: Path, folder: str) -> ChartFiles:
    """The files of the chart in `folder`, relative to `root`. Raises ChartError."""
    found = ChartFiles(folder)
    _take(root, folder, "", found, 0)
    found.about = about(found, "")
    return found


def dependencies(found: ChartFiles) -> list[Attrs]:
    """What the chart itself depends on."""
    return [entry for entry, _ in _dependencies(found, "")]


def complete(found: ChartFiles) -> dict[str, bytes]:
    """The copy without mention of what is missing, which `helm` would refuse; JSON is YAML."""
    gone = {str(entry.get("name")) for entry, _ in found.missing}
    made = dict(found.files)
    for name in [name for name in made if gone and name.rpartition("/")[2] in ("Chart.yaml", "requirements.yaml")]:
        try:
            value = load_one(made[name].decode("utf-8", "replace"), name).value
        except TextError:
            continue
        if isinstance(value, Attrs) and value.get("dependencies"):
            kept = [one for one in items_of(value["dependencies"]) if str(dig(one, "name")) not in gone]
            made[name] = json.dumps({**value, "dependencies": kept}).encode()
    made.pop("Chart.lock" if gone else "", None)
    return made


def disabled(entry: Attrs, values: Value) -> bool:
    """Whether a dependency is left out by its condition or its tags; where neither is decided it is not."""
    for path in str(entry.get("condition") or "").split(","):
        said = dig(values, *path.strip().split(".")) if path.strip() else None
        if isinstance(said, bool):
            return not said
    tags = [dig(values, "tags", tag) for tag in items_of(entry.get("tags")) if isinstance(tag, str)]
    return bool(tags) and all(said is False for said in tags)


def _take(root: Path, folder: str, into: str, found: ChartFiles, depth: int) -> None:
    """Take a chart's folder in below `into`, and the charts that it depends on from folders nearby."""
    if depth > MAX_DEPTH:
        raise ChartError("its dependencies are nested too deep")
    ignored = _ignored(root / folder)
    for name, path in _walk(root, root / folder, "", ignored, 0):
        inside = posixpath.join(into, name)
        if inside not in found.files:
            _add(root, path, inside, found)
    for entry, place in _dependencies(found, into):
        _dependency(root, folder, into, found, (entry, place, depth))


def _add(root: Path, path: Path, inside: str, found: ChartFiles) -> None:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ChartError(f"`{inside}` cannot be read: {error.strerror or error}") from error
    found.files[inside] = content
    if len(found.files) > MAX_FILES or sum(map(len, found.files.values())) > MAX_BYTES:
        raise ChartError("it is too large")
    relative = path.relative_to(root).as_posix()
    found.paths[inside] = relative
    found.digests[relative] = sha256(content).hexdigest()


def _walk(root: Path, folder: Path, before: str, ignored: list[str], depth: int) -> Iterator[tuple[str, Path]]:
    """The regular files of a folder; links are followed inside the root. Raises ChartError."""
    if depth > 20:
        raise ChartError("its folders are nested too deep")
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise ChartError(f"`{before or '.'}` cannot be read: {error.strerror or error}") from error
    for entry in entries:
        name = posixpath.join(before, entry.name)
        if entry.name in SKIPPED or _matches(name, ignored):
            continue
        path = Path(entry.path)
        if entry.is_symlink():
            path = _followed(root, path, name)
        if path.is_dir():
            yield from _walk(root, path, name, ignored, depth + 1)
        elif path.is_file():
            yield name, path
        else:
            raise ChartError(f"`{name}` is no regular file")


def _followed(root: Path, link: Path, name: str) -> Path:
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise ChartError(f"the link `{name}` leads nowhere") from error
    if not target.is_relative_to(root):
        raise ChartError(f"the link `{name}` leads out of the root")
    return target


def _ignored(folder: Path) -> list[str]:
    """The patterns of `.helmignore`. Raises ChartError for one that takes things back in."""
    path = folder / ".helmignore"
    if path.is_symlink() or not path.is_file():
        return []
    lines = [line.strip() for line in path.read_text("utf-8", "replace").splitlines()[:1_000]]
    patterns = [line for line in lines if line and not line.startswith("#")]
    if any(line.startswith("!") for line in patterns):
        raise ChartError("a pattern with `!` in `.helmignore` is not understood")
    return patterns


def _matches(name: str, patterns: list[str]) -> bool:
    for pattern in patterns:
        bare = pattern.rstrip("/")
        if "/" in bare.lstrip("/") or bare.startswith("/"):
            if fits(name, bare.lstrip("/")):
                return True
        elif fits(name.rpartition("/")[2], bare):
            return True
    return False


def about(found: ChartFiles, into: str) -> Value:
    """The `Chart.yaml` of a chart in the copy. Raises ChartError where it does not parse."""
    name = posixpath.join(into, "Chart.yaml")
    try:
        return load_one(found.files[name].decode("utf-8", "replace"), found.paths[name]).value
    except (KeyError, TextError) as error:
        raise ChartError(f"`{name}` cannot be read") from error


def _dependencies(found: ChartFiles, into: str) -> Iterator[tuple[Attrs, FileOrigin]]:
    """What a chart depends on, by `Chart.yaml` or, in the first format, by `requirements.yaml`."""
    values = [(about(found, into), posixpath.join(into, "Chart.yaml"))]
    old = posixpath.join(into, "requirements.yaml")
    if old in found.files:
        try:
            values.append((load_one(found.files[old].decode("utf-8", "replace"), found.paths[old]).value, old))
        except TextError as error:
            raise ChartError(f"`{old}` cannot be read") from error
    for value, name in values:
        for index, entry in enumerate(items_of(dig(value, "dependencies"))):
            where = mark(value, "dependencies", index)
            if isinstance(entry, Attrs):
                yield entry, where if isinstance(where, FileOrigin) else FileOrigin(found.paths[name], 1)


def _dependency(root: Path, folder: str, into: str, found: ChartFiles, what: tuple[Attrs, FileOrigin, int]) -> None:
    """Take in a dependency from a folder of the tree, unless `charts/` has it; note one that is nowhere."""
    entry, place, depth = what
    name, repository = str(entry.get("name") or ""), str(entry.get("repository") or "")
    inside = posixpath.join(into, "charts", name)
    archives = f"{inside}-"
    there = any(one.startswith((f"{inside}/", archives)) for one in found.files)
    if there or not name or "/" in name:
        return
    if repository.startswith("file://"):
        target = (root / folder / repository.removeprefix("file://")).resolve()
        if target.is_relative_to(root) and (target / "Chart.yaml").is_file():
            _take(root, target.relative_to(root).as_posix(), inside, found, depth + 1)
            return
    remedy = f"run `helm dependency build {found.folder or '.'}` before"
    unread = Unread(place, f"the chart's dependency `{name}` is not on disk", "module", remedy)
    found.missing.append((entry, unread))
