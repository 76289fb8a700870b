"""Which repositories are certainly among the inputs: by the settings of their checkouts, or by the profile.

No file that is scanned has a say in it: git refuses to record anything called `.git`, so that what `origin` is comes
from whoever made the checkout. A folder that is called as a repository, or has folders of the same names, is no sign.
Facts: git-config, gitrepository-layout (`.git` as a file with `gitdir:`, `commondir`), "GIT URLS" in git-fetch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

MAX_BYTES = 200_000
NEAR = 2
"""How deep below the root a checkout is looked for."""
HOLES = ("{{", "${", "*")
"""What begins a part of a name that is filled in later."""
_SCHEMES = frozenset({"https", "http", "ssh", "git", "git+ssh"})
_SHORT = re.compile(r"(?:[^@/:\s]+@)?(?P<host>[^@/:\s]+):(?!//)(?P<path>[^\s]+)\Z")
_SECTION = re.compile(r"\s*\[\s*(?P<name>[^\]]*?)\s*\]")
_URL = re.compile(r"\s*url\s*=\s*(?P<url>.*?)\s*\Z", re.IGNORECASE)


class Checkouts:
    """The checkouts in and around what is scanned.

    paths: every file of the run, relative to `root`. said: by repository, the folders, relative to the root, that the
    profile says are of its checkout.
    """

    def __init__(self, root: Path, paths: Iterable[str], said: Mapping[str, Sequence[str]]) -> None:
        self._root = root.resolve()
        self._folders = {folder for path in paths for folder in _folders(path)} | {""}
        self._said = {name: folders for url, folders in said.items() if (name := repository_name(url))}

    def have(self, repository: str, folder: str) -> str:
        """What says that a folder of a repository ("" for its root) is among the inputs; "" where nothing does."""
        name = repository_name(repository)
        if not name:
            return ""
        wanted = _known_part(folder)
        if any(self._below(top, wanted) for top, url in self._tops if url == name):
            return "its checkout"
        if any(self._beside(one, wanted) for one in self._said.get(name, ())):
            return "the profile"
        return ""

    @cached_property
    def _tops(self) -> list[tuple[Path, str]]:
        """The tops of checkouts, with what they are checkouts of."""
        above = next((one for one in (self._root, *self._root.parents) if (one / ".git").exists()), None)
        near = [self._root / one for one in sorted(self._folders) if one and one.count("/") < NEAR]
        tops = [*([above] if above is not None else []), *(one for one in near if (one / ".git").exists())]
        return [(one, name) for one in tops if (name := repository_name(origin_of(one)))]

    def _below(self, top: Path, folder: str) -> bool:
        """Whether a folder of a checkout is wholly among what is scanned."""
        place = top / folder
        return place.is_relative_to(self._root) and place.relative_to(self._root).as_posix() in self._shown

    @cached_property
    def _shown(self) -> set[str]:
        return self._folders | {"."}

    def _beside(self, unit: str, folder: str) -> bool:
        """Whether a folder is there where the repository may begin: at the unit's own folder, or around it."""
        parts = [part for part in unit.split("/") if part not in ("", ".")]
        starts = ("/".join(parts[:count]) for count in range(len(parts) + 1))
        return any("/".join(part for part in (start, folder) if part) in self._folders for start in starts)


def origin_of(top: Path) -> str:
    """The address of `origin` in the settings of a checkout; "" where there is none, or no checkout."""
    place = top / ".git"
    try:
        if place.is_file():
            written = _text(place)
            place = top / written.removeprefix("gitdir:").strip() if written.startswith("gitdir:") else place
        common = place / "commondir"
        place = place / _text(common).strip() if common.is_file() else place
        return _origin(_text(place / "config"))
    except (OSError, ValueError):
        return ""


def _text(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(MAX_BYTES).decode("utf-8", "replace")


def _origin(config: str) -> str:
    inside = False
    for line in config.splitlines():
        section = _SECTION.match(line)
        if section is not None:
            inside = re.fullmatch(r'remote\s+"origin"', section["name"], re.IGNORECASE) is not None
            line = line[section.end() :]
        found = _URL.match(line) if inside else None
        if found is not None:
            return found["url"].strip('"')
    return ""


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


def _folders(path: str) -> Iterator[str]:
    """Every folder that a path is in."""
    return (path[:index] for index, letter in enumerate(path) if letter == "/")


def _known_part(folder: str) -> str:
    """The folder as far as it is written: the parts before one that is filled in later."""
    parts = []
    for part in folder.split("/"):
        if any(hole in part for hole in HOLES):
            break
        parts.append(part)
    return "/".join(part for part in parts if part)
