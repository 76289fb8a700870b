"""What Argo CD leaves in a folder that it brings: without `directory.recurse` the files of its subfolders.

Fact: argo-cd.readthedocs.io, "Directory": the manifests of the folder itself alone, unless `recurse` is true; a folder
with a kustomization or a chart is rendered as such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from scanner.sources.kubernetes.assemble import Found
from scanner.sources.kubernetes.checkouts import HOLES, Checkouts
from scanner.sources.kubernetes.deliveries import Delivery
from scanner.unknown import NOT_RENDERED, Unknown

_RENDERED = frozenset({"kustomization.yaml", "kustomization.yml", "kustomization", "chart.yaml"})


def held_back(
    kept: Sequence[Found], some: Sequence[Delivery], checkouts: Checkouts, paths: Sequence[str]
) -> list[Found]:
    """The objects, possible where they lie below a folder that is brought without its subfolders, and nothing else
    brings theirs."""
    doubt = left_out(some, checkouts, paths)
    if doubt is None:
        return list(kept)
    told = ((one, doubt(one.path)) for one in kept)
    return [one if why is None else replace(one, possible=one.possible or why) for one, why in told]


def left_out(
    some: Sequence[Delivery], checkouts: Checkouts, paths: Iterable[str]
) -> Callable[[str], Unknown | None] | None:
    """Of a file, whether it lies in a subfolder that no delivery brings; None where every folder is brought whole."""
    brought = [one for one in some if one.folder is not None and not any(hole in one.folder for hole in HOLES)]
    if not any(one.flat for one in brought):
        return None
    made = {_folder(path) for path in paths if path.rpartition("/")[2].lower() in _RENDERED}
    places = [(one, place) for one in brought for place in checkouts.places(one.repository, one.folder or "")]
    own = {place for _, place in places}
    whole = {place for one, place in places if not one.flat}
    shallow = {place: one for one, place in places if one.flat and place not in made}
    return lambda path: _settled(path, own, whole, shallow)


def _settled(path: str, own: set[str], whole: set[str], shallow: dict[str, Delivery]) -> Unknown | None:
    folder = _folder(path)
    if folder in own or any(_below(folder, place) for place in whole):
        return None
    found = next((shallow[place] for place in sorted(shallow) if _below(folder, place)), None)
    if found is None:
        return None
    cause = f"`{found.address}` brings a folder without its subfolders, and `{path}` lies in one"
    return Unknown(cause, NOT_RENDERED, (f"{found.address}: directory.recurse",))


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _below(folder: str, place: str) -> bool:
    return not place or folder == place or folder.startswith(f"{place}/")
