"""Deliveries whose content is not certainly in the inputs: what they add to the cluster is open, and named once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from scanner.origin import Origin
from scanner.resource import Unread, dig
from scanner.sources.kubernetes.checkouts import Checkouts
from scanner.sources.kubernetes.deliveries import PACKED, Delivery, Source, deliveries, revision_of, text
from scanner.unknown import Value

SHOWN = 3
"""How many deliveries of one repository or chart are named."""


class Known(Struct, frozen=True):
    """What is certainly in the inputs. charts: the charts that the profile installs: name -> folder."""

    checkouts: Checkouts
    charts: Mapping[str, str]


def asked(found: Iterable[tuple[Value, Origin]], others: Sequence[Value]) -> Iterator[Delivery]:
    """Every delivery that objects ask for. others: all objects of the run, the sources of deliveries among them."""
    sources = _Sources(others)
    return (each for value, origin in found for each in deliveries(value, origin, sources.address))


def not_shown(some: Sequence[Delivery], known: Known) -> Iterator[Unread | str]:
    """One Unread for each repository or chart of which something is delivered that the inputs may not have.

    A text is an assumption: what is taken for what is scanned, and who says so.
    """
    groups: dict[tuple[str, str, str], list[Delivery]] = {}
    for one in some:
        assumed = _chart(one, known.charts) if one.folder is None else _folder(one, known.checkouts)
        if assumed:
            yield assumed
        else:
            groups.setdefault((one.repository, one.chart, one.revision), []).append(one)
    for group in groups.values():
        yield _unread(group, known.checkouts)


def _folder(one: Delivery, checkouts: Checkouts) -> str:
    if not checkouts.have(one.repository, one.folder or "", one.revision):
        return ""
    at = f" at `{one.revision}`" if one.revision else ""
    return f"`{one.repository}`{at} is taken to be what is scanned, as the profile says"


def _chart(one: Delivery, charts: Mapping[str, str]) -> str:
    name = one.chart.rstrip("/").rpartition("/")[2]
    if name not in charts:
        return ""
    of = f" of `{one.repository}`" if one.repository else ""
    return f"the chart `{one.chart}`{of} is taken to be the one in `{charts[name] or '.'}`, which the profile installs"


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
                    own = text(url), revision_of(one)
                    known = self._addresses.setdefault(key, own)
                    self._addresses[key] = known if known == own else ("", "")
        found = self._addresses.get((kind, namespace, name), ("", ""))
        return found if found[0] else (f"{kind}/{name}", "")


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
        cause = f"what {shown}{more} {bring} from {what} is not certainly in the inputs"
        remedy = "put the chart into what is scanned, and say under `charts` of the profile how it is installed"
    else:
        at = f" at `{revision}`" if revision else ""
        cause = f"what {shown}{more} {bring} from `{repository or '*'}`{at} is not certainly in the inputs"
        remedy = f"scan a checkout of it{at}, and give its unit `repository` and `revisions` in the profile"
        if checkouts.knows(repository) and revision:
            remedy = f"list `{revision}` in the `revisions` of its unit in the profile, if that is what is scanned"
    return Unread(some[0].origin, cause, "module", remedy)


def names_of(charts: Collection[str], root: str) -> dict[str, str]:
    """The charts in folders, by the name of the folder, as `helm` wants a chart to be called."""
    return {folder.rpartition("/")[2] or root: folder for folder in sorted(charts)}
