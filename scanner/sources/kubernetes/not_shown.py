"""Deliveries whose content is in none of the inputs: what they add to the cluster is open, and named once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from scanner.resource import Unread, dig
from scanner.sources.kubernetes.assemble import Found
from scanner.sources.kubernetes.deliveries import Delivery, deliveries, text

SHOWN = 3
"""How many deliveries of one repository or chart are named."""
HOLES = ("{{", "${", "*")
"""What begins a part of a name that is filled in later."""


def not_shown(found: Sequence[Found], paths: Sequence[str], charts: Sequence[str], root: str) -> Iterator[Unread | str]:
    """One Unread for each repository or chart of which something is delivered that the inputs do not have.

    paths: every file of the run. charts: the folders of charts in it. root: the name of the folder that is scanned.
    A text is an assumption: which repository is taken for what is scanned.
    """
    sources = _Sources(found)
    asked = [each for one in found for each in deliveries(one, sources.address)]
    if not asked:
        return
    names = {folder.rpartition("/")[2] or root for folder in charts}
    inputs = _Inputs(paths, root, [one for one in asked if one.folder is not None])
    groups: dict[tuple[str, str], list[Delivery]] = {}
    for one in asked:
        if one.folder is None:
            given = _chart(one) in names
        else:
            given = inputs.have(one)
            if given and not inputs.named(one):
                taken = f"`{one.repository or '*'}` is taken to be what is scanned"
                yield f"{taken}, which has the folders that it delivers"
        if not given:
            groups.setdefault((one.repository, one.chart), []).append(one)
    for (repository, chart), some in groups.items():
        yield _unread(repository, chart, some)


class _Sources:
    """The sources of Flux, by kind, namespace and name; looked up only where one is asked for."""

    def __init__(self, found: Sequence[Found]) -> None:
        self._found = found
        self._addresses: dict[tuple[str, str, str], str] | None = None

    def address(self, kind: str, namespace: str, name: str) -> str:
        """The address of a source, or how it is called where the inputs do not have it."""
        if self._addresses is None:
            self._addresses = {}
            for one in self._found:
                url = dig(one.value, "spec", "url") or dig(one.value, "spec", "endpoint")
                if url is not None:
                    metadata = dig(one.value, "metadata")
                    key = (dig(one.value, "kind"), dig(metadata, "namespace"), dig(metadata, "name"))
                    self._addresses[text(key[0]), text(key[1]), text(key[2])] = text(url)
        return self._addresses.get((kind, namespace, name)) or f"{kind}/{name}"


def _chart(one: Delivery) -> str:
    return one.chart.rstrip("/").rpartition("/")[2]


def _unread(repository: str, chart: str, some: Sequence[Delivery]) -> Unread:
    names = list(dict.fromkeys(one.address for one in some))
    shown = ", ".join(f"`{one}`" for one in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    bring = "bring" if len(names) > 1 else "brings"
    if some[0].folder is None:
        what = f"the chart `{chart or '*'}`" + (f" of `{repository}`" if repository else "")
        remedy = "put the chart into what is scanned, and say under `charts` of the profile how it is installed"
    else:
        what, remedy = f"`{repository or '*'}`", f"scan a checkout of `{repository or '*'}` beside it"
    return Unread(some[0].origin, f"what {shown}{more} {bring} from {what} is not in the inputs", "module", remedy)


class _Inputs:
    """Which folders of which repositories are among the files of a run.

    Nothing in a folder says of which repository it is. A repository is taken to be there where its folders are; of two
    that would be at one place, the one that is called as the place is, or else that most deliveries name.
    """

    def __init__(self, paths: Sequence[str], root: str, asked: Sequence[Delivery]) -> None:
        self._root = root
        self._folders = sorted({folder for path in paths for folder in _folders(path)})
        self._ends: dict[str, frozenset[str]] = {}
        self._places: dict[str, set[str]] = {}
        count: Counter[str] = Counter()
        for one in asked:
            repository = _short(one.repository)
            count[repository] += 1
            self._places.setdefault(repository, set()).update(self._bases(one))
        self._lost = set(self._losers(count))

    def have(self, one: Delivery) -> bool:
        """Whether the inputs hold what is delivered."""
        repository = _short(one.repository)
        if repository in self._lost:
            return False
        if _known_part(one.folder or ""):
            return bool(self._bases(one))
        return bool(self._places[repository]) or self._named(repository) is not None

    def named(self, one: Delivery) -> bool:
        """Whether a folder of the inputs, or the whole, is called as the repository is."""
        return self._named(_short(one.repository)) is not None

    def _bases(self, one: Delivery) -> frozenset[str]:
        """Where a repository would begin that has the folder where the inputs have it."""
        wanted = _known_part(one.folder or "")
        if wanted not in self._ends:
            ends = [folder for folder in self._folders if wanted and f"/{folder}".endswith(f"/{wanted}")]
            self._ends[wanted] = frozenset(folder[: len(folder) - len(wanted)].rstrip("/") for folder in ends)
        return self._ends[wanted]

    def _named(self, repository: str) -> str | None:
        """The place that is called as the repository is."""
        name = repository.rpartition("/")[2]
        if name == self._root.lower():
            return ""
        return next((folder for folder in self._folders if folder.rpartition("/")[2].lower() == name), None)

    def _losers(self, count: Counter[str]) -> Iterator[str]:
        """Repositories that would be where another one is."""
        for repository, places in self._places.items():
            rivals = [one for one, others in self._places.items() if one != repository and others & places]
            if not places or not rivals or self._named(repository) in places:
                continue
            named = any(self._named(one) in places for one in rivals)
            if named or any(count[one] >= count[repository] for one in rivals):
                yield repository


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


def _short(repository: str) -> str:
    """The owner and the name of a repository, however its address is written."""
    plain = repository.lower().rstrip("/").removesuffix(".git").replace(":", "/")
    return "/".join(plain.split("/")[-2:])
