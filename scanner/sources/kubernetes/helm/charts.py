"""Every chart of a run, rendered as the profile says it is installed, or with default values, which prove nothing."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from scanner.origin import FileOrigin
from scanner.resource import Unread, mark
from scanner.sources.kubernetes.helm.files import ChartError, ChartFiles, chart_files, complete, dependencies, disabled
from scanner.sources.kubernetes.helm.lookups import asking
from scanner.sources.kubernetes.helm.objects import HelmObject, objects_of
from scanner.sources.kubernetes.helm.process import FIRST, LEFT, Made, Release, renderer, run_together
from scanner.sources.kubernetes.helm.variants import variants
from scanner.sources.units import unit_name
from scanner.unknown import Value
from scanner.yamltext import TextError, load_one

TOGETHER = 8
"""So many charts are rendered by one process."""
INSTALL = "install `tether-scanner[helm]`, or scan the output of `helm template`"


class ChartEntry(Struct, frozen=True):
    """A chart as it is installed: its folder relative to the root, and the digests of its files of values, by path.

    repository, versions: where deliveries bring it from, and the versions that the folder stands for.
    """

    folder: str
    release: Release
    values: Mapping[str, str] = field(default_factory=dict)
    repository: str = ""
    versions: tuple[str, ...] = ()


class RenderedCharts(Struct):
    """What the charts come to.

    objects: each with its `Chart.yaml` and its unit ("" where the folder decides); inputs: what was read for them;
    assumptions: what was taken for granted; rendered: the files of those charts that were.
    """

    objects: list[tuple[HelmObject, str, str]] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    assumptions: list[str] = field(default_factory=list)
    rendered: list[ChartFiles] = field(default_factory=list)

    def unused(self, path: str) -> bool:
        """Whether a file of a rendered chart has no part in it: no template names it or takes files by pattern."""
        mine = [files for files in self.rendered if path in files.digests]
        name = path.rpartition("/")[2].encode()
        return bool(mine) and not any(
            name in content or b".Files.Glob" in content
            for files in mine
            for inside, content in files.files.items()
            if "templates/" in inside
        )


def render_charts(
    root: Path, folders: Sequence[str], entries: Sequence[ChartEntry], count: Callable[[str], str]
) -> RenderedCharts:
    """Render each chart in `folders`, once for each entry that names it, or with its default values.

    count: how many templates a chart has, in words.
    """
    found = RenderedCharts()
    taken: list[ChartFiles] = []
    for folder in folders:
        if not renderer():
            found.unread.append(_unread(folder, f"a Helm chart needs rendering ({count(folder)})", INSTALL))
            continue
        try:
            taken.append(chart_files(root, folder))
        except ChartError as error:
            found.unread.append(_unread(folder, f"a Helm chart is not rendered: {error}"))
    uses = Counter(path for files in taken for path in files.digests)
    jobs: list[_Job] = []
    for files in taken:
        mine = [one for one in entries if one.folder == files.folder]
        shared = any(uses[path] > 1 for path in files.digests)
        for entry in [] if files.library else mine or [ChartEntry(files.folder, Release())]:
            unit = unit_name(root, files.folder) if shared else ""
            unit = f"{files.folder or 'root'}/{entry.release.name}" if len(mine) > 1 else unit
            jobs.append(_Job(files, entry, unit, bool(mine)))
    for job, made in zip(jobs, _made(jobs), strict=True):
        _chart(found, job, made)
    return found


def _made(jobs: Sequence[_Job]) -> Iterator[Made]:
    """What Helm makes of each; a tree of charts that explode is left after a few of them."""
    if len(jobs) <= TOGETHER:
        yield from _rendered(jobs)
        return
    from concurrent.futures import ThreadPoolExecutor  # what a tree of few charts does not need

    exploded = done = 0
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(max_workers=workers) as pool:
        while done < len(jobs):
            few = done == 0 and len(jobs) > TOGETHER
            batch = jobs[done : done + (FIRST if few else workers * TOGETHER)]
            done += len(batch)
            if exploded >= FIRST:
                yield from [LEFT] * len(batch)
                continue
            processes = -(-len(batch) // TOGETHER)  # one takes longer to start than a chart to render
            share = -(-len(batch) // processes)
            parts = [batch[start : start + share] for start in range(0, len(batch), share)]
            for made in pool.map(_rendered, parts):
                exploded += sum(one.exploded for one in made)
                yield from made


def _rendered(jobs: Sequence[_Job]) -> list[Made]:
    return run_together([(variants(complete(job.files)), job.entry.release) for job in jobs])


class _Job(Struct, frozen=True):
    """One rendering. given: whether the profile says how the chart is installed."""

    files: ChartFiles
    entry: ChartEntry
    unit: str
    given: bool


def _chart(found: RenderedCharts, job: _Job, made: Made) -> None:
    files, folder = job.files, job.files.folder
    if made.error:
        cause = f"a Helm chart is not rendered: {_words(made.error)}"
        found.unread.append(_unread(folder, cause, "fix it, or name its values under `charts` in the profile"))
        return
    found.inputs.update({**files.digests, **job.entry.values})
    found.rendered.append(files)
    _left_out(found, files, job.entry, made)
    if any(b"Capabilities.KubeVersion" in content for content in files.files.values()):
        found.assumptions.append(
            f"the chart in `{folder or '.'}` is installed in the newest Kubernetes that Helm knows"
        )
    if not job.given:
        found.assumptions.append(f"the chart in `{folder or '.'}` is installed with its default values")
        cause = "a Helm chart is rendered with its default values: those of the deployment are not known"
        found.unread.append(_unread(folder, cause, f"name them in the profile: `charts: [{{chart: {folder or '.'}}}]`"))
    named = asking(each.decode(errors="replace") for each in files.files.values() if b"define" in each)
    for name in sorted({name for texts in made.renderings for name in texts}):
        inside = name.partition("/")[2]
        if inside.endswith("NOTES.txt"):
            continue
        path, template = _template(files, inside)
        texts = [texts.get(name, "") for texts in made.renderings]
        if not any(text.strip() for text in texts):
            continue
        for one in objects_of(path, template, texts, named):
            if isinstance(one, Unread):
                found.unread.append(one)
            else:
                found.objects.append((one, f"{folder}/Chart.yaml".removeprefix("/"), job.unit))


def _left_out(found: RenderedCharts, files: ChartFiles, entry: ChartEntry, made: Made) -> None:
    """Name each dependency that should have made something and did not: missing, or of a version that does not fit."""
    values = _values(files, entry)
    gone = [unread for one, unread in files.missing if not disabled(one, values)]
    folders = {name.partition("/")[2] for texts in made.renderings for name in texts}
    for one in dependencies(files):
        name, alias = str(one.get("name") or ""), str(one.get("alias") or one.get("name") or "")
        makes = any(_makes(path, f"charts/{name}") for path in files.files)
        if makes and not disabled(one, values) and not any(path.startswith(f"charts/{alias}/") for path in folders):
            where = mark(one, "version") or mark(one, "name")
            place = where if isinstance(where, FileOrigin) else FileOrigin(f"{files.folder}/Chart.yaml", 1)
            cause = f"the chart's dependency `{name}` makes nothing: is its version another?"
            gone.append(Unread(place, cause, "template", "give its values under `charts` in the profile"))
    known = {(one.origin, one.cause) for one in found.unread}
    found.unread.extend(one for one in gone if (one.origin, one.cause) not in known)


def _makes(path: str, folder: str) -> bool:
    """Whether a file of a dependency, packed or not, can make an object."""
    inside = path.startswith(f"{folder}/templates/") and not path.rpartition("/")[2].startswith("_")
    return (inside and path.endswith((".yaml", ".yml"))) or path.startswith(f"{folder}-")


def _values(files: ChartFiles, entry: ChartEntry) -> Value:
    """The values of a release, for the conditions of dependencies alone; what does not parse decides nothing."""
    merged: dict[str, Value] = {}
    texts = [files.files.get("values.yaml", b"").decode("utf-8", "replace"), *entry.release.values]
    for text in texts:
        with contextlib.suppress(TextError):
            _lay(merged, load_one(text, "values.yaml").value)
    return merged


def _lay(into: dict[str, Value], more: Value) -> None:
    for key, value in more.items() if isinstance(more, Mapping) else ():
        old = into.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            into[key] = joined = dict(old)
            _lay(joined, value)
        else:
            into[key] = value


def _template(files: ChartFiles, inside: str) -> tuple[str, str]:
    """Where a template stands, and its text; a packed dependency is one place."""
    if inside in files.files:
        return files.paths[inside], files.files[inside].decode("utf-8", "replace")
    before, _, rest = inside.partition("charts/")
    packed = f"{before}charts/{rest.partition('/')[0]}-"
    found = next((path for name, path in sorted(files.paths.items()) if name.startswith(packed)), None)
    return found or f"{files.folder}/Chart.yaml".removeprefix("/"), ""


def _unread(folder: str, cause: str, remedy: str = "scan the output of `helm template`") -> Unread:
    return Unread(FileOrigin(f"{folder}/Chart.yaml".removeprefix("/"), 1), cause, "template", remedy)


def _words(error: str) -> str:
    """The last and most telling part of what Helm says, on one line."""
    return " ".join(error.split())[-300:]
