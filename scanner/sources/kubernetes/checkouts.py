"""Which repositories, and which revisions of them, are certainly among the inputs: those that the profile names.

Nothing that is scanned has a say in it, a `.git` in or around it included: an archive can bring one. A folder that is
called as a repository, or has folders of the same names, is no sign. Facts: "GIT URLS" in git-fetch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from msgspec import Struct

from scanner.patterns import lazy

DEFAULT = frozenset({"", "HEAD"})
"""What a delivery asks for that leaves the revision to the repository."""
HOLES = ("{{", "${", "*")
"""What begins a part of a name that is filled in later."""
_SCHEMES = frozenset({"https", "http", "ssh", "git", "git+ssh"})
_SHORT = lazy(r"(?:[^@/:\s]+@)?(?P<host>[^@/:\s]+):(?!//)(?P<path>[^\s]+)\Z")


class Said(Struct, frozen=True):
    """What the profile says of a checkout: its folders, relative to the root, and the revisions that it stands for."""

    folders: tuple[str, ...]
    revisions: frozenset[str]


class Checkouts:
    """The checkouts that are scanned. paths: every file of the run, relative to the root. said: by repository.

    changed: by the name of a file of settings, the folders where it makes a controller bring something else.
    """

    def __init__(
        self,
        paths: Iterable[str],
        said: Mapping[str, Sequence[Said]],
        changed: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self._changed = changed or {}
        self._folders = folders_of(paths)
        self._said: dict[str, list[Said]] = {}
        for url, some in said.items():
            if name := repository_name(url):
                self._said.setdefault(name, []).extend(some)

    def have(self, repository: str, folder: str, revision: str) -> bool:
        """Whether a folder of a repository ("" for its root) is among the inputs, at the revision that is asked for."""
        wanted = _known_part(folder)
        return any(
            self._beside(place, wanted)
            for one in self._said.get(repository_name(repository), ())
            for place in one.folders
            if revision in one.revisions or (revision in DEFAULT and not one.revisions)
        )

    def places(self, repository: str, folder: str) -> set[str]:
        """Where a folder of a repository may be among the inputs: in a unit, or around it."""
        said = [place for one in self._said.get(repository_name(repository), ()) for place in one.folders]
        return {
            start
            for unit in (place if place != "." else "" for place in said)
            for start in _starts(unit, folder)
            if start in self._folders
            and (not unit or start == unit or start.startswith(f"{unit}/") or (start and unit.startswith(f"{start}/")))
        }

    def changes(self, repository: str, folder: str, settings: str) -> bool:
        """Whether files of settings of this name, in a folder of a repository or below, change what is brought."""
        changed = self._changed.get(settings, ())
        wanted = _known_part(folder)
        places = [place for one in self._said.get(repository_name(repository), ()) for place in one.folders]
        found = [start for place in places for start in _starts(place, wanted)]
        return any(not one or each == one or each.startswith(f"{one}/") for one in found for each in changed)

    def knows(self, repository: str) -> bool:
        """Whether the profile says of a folder that it is of a checkout of this repository, at whatever revision."""
        return repository_name(repository) in self._said

    def _beside(self, unit: str, folder: str) -> bool:
        """Whether a folder is there where the repository may begin: at the unit's own folder, or around it."""
        return any(one in self._folders for one in _starts(unit, folder))


def _starts(unit: str, folder: str) -> Iterator[str]:
    """Where a folder of the repository may be."""
    parts = [part for part in unit.split("/") if part not in ("", ".")]
    for count in range(len(parts) + 1):
        yield "/".join(part for part in (*parts[:count], folder) if part)


def repository_name(address: str) -> str:
    """Host and path of a repository, however its address is written; "" for what names no git server."""
    plain = address.strip()
    if "://" in plain:
        try:
            parts = urlsplit(plain)
            host, path = parts.hostname or "", parts.path
        except ValueError:
            return ""
        host = host if parts.scheme.lower() in _SCHEMES else ""
    else:
        short = _SHORT.match(plain)
        host, path = (short["host"], short["path"]) if short is not None else ("", "")
    path = path.strip("/").removesuffix(".git").rstrip("/")
    if not host or not path or any(hole in plain for hole in HOLES):
        return ""
    return f"{host}/{path}".lower()


def folders_of(paths: Iterable[str]) -> set[str]:
    """Every folder that a path is in, and the root, which is ""."""
    found = {""}
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _known_part(folder: str) -> str:
    """The folder as far as it is written: the parts before one that is filled in later."""
    parts = []
    for part in folder.split("/"):
        if any(hole in part for hole in HOLES):
            break
        parts.append(part)
    return "/".join(part for part in parts if part)
