"""All kustomizations of a run: which of them are deployed, what each puts out, and which files that makes up for."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from scanner.resource import Unread
from scanner.sources.kubernetes.kustomize.kustomization import NAMES, Kustomization, joined
from scanner.sources.kubernetes.kustomize.load import Loader, is_remote
from scanner.sources.kubernetes.kustomize.objects import CannotRender

if TYPE_CHECKING:
    from scanner.sources.kubernetes.kustomize.build import Rendering


class Rendered(Struct):
    """What the kustomizations of a run come to.

    renderings: those whose objects stand for the files in `replaced`; apart: the folders of those that share files
    with another, so that they are deployments of their own; passed: kustomizations that add nothing, with why.
    """

    renderings: list[Rendering] = field(default_factory=list)
    replaced: set[str] = field(default_factory=set)
    apart: set[str] = field(default_factory=set)
    unread: list[Unread] = field(default_factory=list)
    passed: dict[str, str] = field(default_factory=dict)


class Forest:
    """The kustomizations that a run met."""

    def __init__(self) -> None:
        self._every: dict[str, Kustomization] = {}
        self._odd: list[Kustomization] = []

    def add(self, one: Kustomization) -> None:
        """Take a kustomization; a second one in a folder, or one with a name of its own, can never be rendered."""
        if one.path.rpartition("/")[2] not in NAMES:
            self._odd.append(one)
        elif one.folder in self._every:
            first = self._every[one.folder]
            first.problem = f"there is a second kustomization in its folder, `{one.path}`"
            self._odd.append(one)
        else:
            self._every[one.folder] = one

    def listed(self) -> set[str]:
        """The paths that some kustomization lists as resources."""
        every = (*self._every.values(), *self._odd)
        return {
            joined(one.folder, item)
            for one in every
            for item, _ in one.listed("resources", "bases", "components")
            if not is_remote(item)
        }

    def beside(self) -> dict[str, str]:
        """The folders of kustomizations that are rendered, each with the path of its kustomization."""
        return {folder: one.path for folder, one in self._every.items() if not one.problem}

    def named_files(self) -> set[str]:
        """The files that some kustomization takes in by any of its keys: a resource, a patch, or what it generates."""
        every = (*self._every.values(), *self._odd)
        made = {joined(one.folder, name) for one in every for name in one.sources()}
        return self.listed() | set(self.fragments()) | made

    def fragments(self) -> dict[str, str]:
        """The files of patches and settings, which are no objects, with their role."""
        return {path: role for one in (*self._every.values(), *self._odd) for path, role in one.fragments()}

    def render(self, loader: Loader, named: Iterable[str] = ()) -> Rendered:
        """Render every kustomization that is deployed: those that none other takes in, and the folders in `named`."""
        found = Rendered()
        if not self._every:
            self._rest(found, set())
            return found
        from scanner.sources.kubernetes.kustomize.build import Spent, render  # what a tree without any does not need

        spent = Spent()
        below = {folder: set(self._below(one)) for folder, one in self._every.items()}
        made = [render(one, self._every, loader, spent) for one in self._tops(set(named), below)]
        whole = [one for one in made if one.changes and not one.failed]
        plain = [one for one in made if one not in whole]
        standing = {path for one in plain for path in one.used}
        standing |= {path for one in made if one.failed for path in self._named(one.top, loader, below)}
        uses = Counter(path for one in made for path in one.used)
        said: dict[tuple[str, str], Unread] = {}
        for one in made:
            for each in one.unread:
                said.setdefault((str(each.origin), each.cause), each)
            if not one.changes and not one.unread:
                found.passed[one.top.path] = "a kustomization that only lists files"
        found.unread.extend(said.values())
        for one in whole:
            found.renderings.append(one)
            found.replaced.update(one.used - standing)
            if any(uses[path] > 1 for path in one.used) or one.used & standing:
                found.apart.add(one.top.folder)
        self._rest(found, {folder for one in made for folder in one.folders})
        return found

    def _named(self, top: Kustomization, loader: Loader, below: dict[str, set[str]]) -> Iterator[str]:
        """Every file that a kustomization or a part of it lists: one that failed did not come to all of them."""
        for folder in _reach([top.folder], below):
            one = self._every[folder]
            for item, where in one.listed("resources", "bases"):
                with contextlib.suppress(CannotRender):
                    yield loader.path(folder, item, where)

    def _rest(self, found: Rendered, rendered: set[str]) -> None:
        """Say what became of the kustomizations that are part of nothing."""
        for folder, one in sorted(self._every.items()):
            if folder not in rendered and one.component:
                found.passed[one.path] = "a kustomize component that no kustomization here takes in"
        for one in self._odd:
            cause = f"a kustomize overlay is not rendered: kustomize looks for `{NAMES[0]}`"
            found.unread.append(Unread(one.origin, cause, "template", "rename it, or scan its output"))

    def _tops(self, named: set[str], below: dict[str, set[str]]) -> Iterator[Kustomization]:
        """The kustomizations that are deployed: whatever is part of no other, and one of each circle."""
        inside = {part for folder, parts in below.items() for part in parts if part != folder}
        tops = {folder for folder, one in self._every.items() if folder not in inside and not one.component}
        tops |= {folder for folder in named if folder in self._every and not self._every[folder].component}
        unused = {folder for folder, one in self._every.items() if one.component and folder not in inside}
        reached = _reach(sorted(tops | unused), below)
        for folder in sorted(self._every):
            if folder not in reached:
                tops.add(folder)
                reached |= _reach([folder], below)
        yield from (self._every[folder] for folder in sorted(tops))

    def _below(self, one: Kustomization) -> Iterator[str]:
        for item, _ in one.listed("resources", "bases", "components"):
            folder = joined(one.folder, item)
            folder = "" if folder == "." else folder
            if not is_remote(item) and folder in self._every:
                yield folder


def _reach(starts: Sequence[str], below: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(starts)
    while waiting:
        here = waiting.pop()
        if here not in seen:
            seen.add(here)
            waiting.extend(below[here])
    return seen
