"""Deliveries whose content is not certainly in the inputs: what they add to the cluster is open, and named once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Unread, dig
from scanner.sources.kubernetes.checkouts import DEFAULT, HOLES, Checkouts
from scanner.sources.kubernetes.deliveries import PACKED, Delivery, Source, deliveries, source_of, text
from scanner.sources.kubernetes.delivery_files import FLUX
from scanner.unknown import Value

if TYPE_CHECKING:
    from scanner.sources.kubernetes.helm import ChartEntry

_COMMIT = lazy(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
SHOWN = 3
"""How many deliveries of one repository or chart are named."""


class Installed(Struct, frozen=True):
    """A chart that the profile installs, by its name and folder, with where it comes from and at which versions."""

    name: str
    folder: str
    repository: str = ""
    versions: tuple[str, ...] = ()

    def brings(self, one: Delivery) -> bool:
        """Whether a delivery brings this chart, by the word of the profile alone."""
        same = self.name == one.chart.rstrip("/").rpartition("/")[2] and _same(self.repository, one.repository)
        return same and (one.revision in self.versions or (not self.versions and one.revision in (*DEFAULT, "*")))


def _same(said: str, asked: str) -> bool:
    plain = [one.strip().rstrip("/").removesuffix(".git").lower() for one in (said, asked)]
    return plain[0] == plain[1] and not any(hole in plain[1] for hole in HOLES)


class Known(Struct, frozen=True):
    """What is certainly in the inputs. charts: those that the profile installs."""

    checkouts: Checkouts
    charts: Sequence[Installed]


def asked(found: Iterable[tuple[Value, Origin]], others: Sequence[Value]) -> Iterator[Delivery]:
    """Every delivery that objects ask for. others: all objects of the run, the sources of deliveries among them."""
    sources = _Sources(others)
    return (each for value, origin in found for each in deliveries(value, origin, sources.address))


def not_shown(some: Sequence[Delivery], known: Known) -> Iterator[Unread | str]:
    """One Unread for each repository or chart of which something is delivered that the inputs may not have.

    A text is an assumption: what is taken for what is scanned, and who says so.
    """
    groups: dict[tuple[str, str, str], list[Delivery]] = {}
    folders = {one.folder for one in known.charts}
    for one in some:
        assumed = _chart(one, known.charts) if one.folder is None else _folder(one, known.checkouts)
        # What Flux leaves out may be said above the folder as well.
        folder = "" if one.settings == FLUX else one.folder or ""
        if one.settings and known.checkouts.changes(one.repository, folder, one.settings):
            one = replace(one, changes=(*one.changes, one.settings))
        own = one.changes if one.folder is None or one.folder in folders else (*one.changes, *one.values)
        if assumed and own:
            yield _changed(one, own)
        elif assumed:
            yield assumed
        else:
            groups.setdefault((one.repository, one.chart, one.revision), []).append(one)
    for group in groups.values():
        yield _unread(group, known.checkouts)


def _folder(one: Delivery, checkouts: Checkouts) -> str:
    if not checkouts.have(one.repository, one.folder or "", one.revision):
        return ""
    at = f" at `{one.revision}`" if one.revision else ""
    # A branch and a tag are where they are today; what is merged later is brought without another word.
    moves = "" if _COMMIT.match(one.revision) else "; it may move, and what it is moved to is for the next scan"
    return f"`{one.repository}`{at} is taken to be what is scanned, as the profile says{moves}"


def _changed(one: Delivery, own: Sequence[str]) -> Unread:
    """What comes is not what is scanned, since the delivery itself changes it."""
    shown = ", ".join(f"`{each}`" for each in own)
    cause = f"what `{one.address}` brings is not what is scanned: its own {shown} may change it"
    values = [each for each in own if each in one.values]
    remedy = "say under `charts` of the profile how the chart is installed" if values else "scan what it renders to"
    return Unread(one.origin, cause, "template", remedy)


def _chart(one: Delivery, charts: Sequence[Installed]) -> str:
    chart = next((each for each in charts if each.brings(one)), None)
    if chart is None:
        return ""
    of = f" of `{one.repository}`" if one.repository else ""
    values = ", with the values that the profile gives and not its own" if one.values else ""
    folder = chart.folder or "."
    return f"the chart `{one.chart}`{of} is taken to be the one in `{folder}`, which the profile installs{values}"


class _Sources:
    """The sources of Flux and OCM, by kind, namespace and name; looked up only where one is asked for."""

    def __init__(self, found: Sequence[Value]) -> None:
        self._found = found
        self._addresses: dict[tuple[str, str, str], Source] | None = None

    def address(self, kind: str, namespace: str, name: str) -> Source:
        """What a source is, or how it is called where the inputs do not have it, or have several."""
        if self._addresses is None:
            self._addresses = {}
            for one in self._found:
                spec = dig(one, "spec")
                url = dig(spec, "url") or dig(spec, "endpoint") or dig(spec, "pathname")
                if url is not None:
                    metadata = dig(one, "metadata")
                    words = (dig(one, "kind"), dig(metadata, "namespace"), dig(metadata, "name"))
                    key = (text(words[0]), text(words[1]), text(words[2]))
                    own = source_of(one, url)
                    known = self._addresses.setdefault(key, own)
                    self._addresses[key] = known if known == own else Source("")
        found = self._addresses.get((kind, namespace, name), Source(""))
        return found if found.address else Source(f"{kind}/{name}")


def _unread(some: Sequence[Delivery], checkouts: Checkouts) -> Unread:
    """What the deliveries of one repository, at one revision, or of one chart bring is open."""
    repository, chart, revision = some[0].repository, some[0].chart, some[0].revision
    names = list(dict.fromkeys(one.address for one in some))
    shown = ", ".join(f"`{one}`" for one in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    bring = "bring" if len(names) > 1 else "brings"
    if chart == PACKED:
        cause, remedy = f"what {shown}{more} {bring} is {PACKED}", "scan the chart that it is made of"
    elif some[0].folder is None:
        what = f"the chart `{chart or '*'}`" + (f" of `{repository}`" if repository else "")
        at = f" at version `{revision}`" if revision else ""
        cause = f"what {shown}{more} {bring} from {what}{at} is not certainly in the inputs"
        remedy = "put the chart into what is scanned, and give it in `charts` of the profile with its `repository`"
        remedy += f" and `{revision}` in `versions`" if revision else ""
    else:
        at = f" at `{revision}`" if revision else ""
        cause = f"what {shown}{more} {bring} from `{repository or '*'}`{at} is not certainly in the inputs"
        remedy = f"scan a checkout of it{at}, and give its unit `repository` and `revisions` in the profile"
        if checkouts.knows(repository) and revision:
            remedy = f"list `{revision}` in the `revisions` of its unit in the profile, if that is what is scanned"
    return Unread(some[0].origin, cause, "module", remedy)


def installed(charts: Collection[ChartEntry], root: str) -> list[Installed]:
    """The charts that the profile installs, by the name of the folder, as `helm` wants a chart to be called."""
    return [
        Installed(one.folder.rpartition("/")[2] or root, one.folder, one.repository, one.versions) for one in charts
    ]
