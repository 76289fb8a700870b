"""What Argo CD, Flux, Fleet, OCM, Cluster API and k3s deliver, as the objects that ask for it say: a folder or a chart.

Facts: the CRDs of argoproj/argo-cd (`source`, `sources`, `template` of a set), fluxcd/kustomize-controller (`path`, the
root by default) and helm-controller (`chart`, `chartRef`), rancher/fleet (GitRepo: `paths`, the root by default),
k3s-io/helm-controller (HelmChart), cluster-api-addon-provider-helm (HelmChartProxy), crossplane-contrib/provider-helm.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from scanner.origin import Origin
from scanner.resource import dig, items_of, mark
from scanner.sources.kubernetes.delivery_files import FLEET, FLUX
from scanner.unknown import Unknown, Value

PACKED = "packed in `chartContent`"
"""The name of a chart that an object holds as an archive, which nothing here opens."""
GIT = "apps.open-cluster-management.io/git"
GIT_PATH = f"{GIT}-path"
BRANCH = "master"
"""The branch that Flux and Fleet take where none is written (their CRDs)."""


class Delivery(Struct, frozen=True):
    """One thing that an object brings into a cluster.

    repository: where it comes from, "" where that is not written. folder: in a repository, "" for its root; None for a
    chart, whose name `chart` is. revision: the branch, tag or commit of the repository, "" for its default branch;
    the version of a chart. changes, values: its own fields that change what comes, and those that are a chart's values.
    settings: the name of the files in the repository by which who brings it changes what comes, "" where none do.
    flat: a folder of plain manifests is brought without its subfolders.
    """

    address: str
    origin: Origin
    repository: str
    folder: str | None = None
    chart: str = ""
    revision: str = ""
    changes: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    settings: str = ""
    flat: bool = False


_FLUX_CHANGES = (
    "patches patchesStrategicMerge patchesJson6902 images components postBuild targetNamespace namePrefix nameSuffix "
    "commonMetadata"
)


class Source(Struct, frozen=True):
    """A repository that an object names. changes: fields of the source by which something else comes from there."""

    address: str
    revision: str = ""
    changes: tuple[str, ...] = ()


Urls = Callable[[str, str, str], Source]
"""Kind, namespace and name of a source of Flux -> what it is, `Kind/name` for the address where the inputs lack it."""


def deliveries(value: Value, origin: Origin, urls: Urls) -> Iterator[Delivery]:
    """What an object delivers; nothing for one that delivers nothing, or holds what it does."""
    version, kind = dig(value, "apiVersion"), dig(value, "kind")
    group = version.rpartition("/")[0] if isinstance(version, str) else ""
    way = _WAYS.get((group, kind)) if isinstance(kind, str) else None
    if way is not None:
        yield from way(_Asking(value, origin, urls))


class Own(Struct, frozen=True):
    """What a delivery says of its own about what it brings: fields that change it, and values of a chart."""

    changes: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


def own_of(value: Value, before: str, changes: str, values: str = "") -> Own:
    """The fields that are written, of lists of names with a space between; `before` is where they stand."""
    found = ([one for one in names.split() if _written(value, one)] for names in (changes, values))
    return Own(*(tuple(f"{before}{one}" for one in names) for names in found))


def _written(value: Value, path: str) -> bool:
    found = dig(value, *path.split("."))
    return found is not None and found not in ("", [], {})


class _Asking(Struct, frozen=True):
    """An object that asks for a delivery."""

    value: Value
    origin: Origin
    urls: Urls

    def at(self, *path: str | int) -> Value:
        return dig(self.value, *path)

    @property
    def namespace(self) -> str:
        return text(self.at("metadata", "namespace"))

    def made(
        self,
        place: tuple[str | int, ...],
        repository: Value,
        folder: Value,
        chart: Value,
        revision: Value = None,
        own: Own | None = None,
    ) -> Delivery:
        """The delivery that stands at a place of the object."""
        own = own or Own()
        names = (self.namespace, text(self.at("kind")), text(self.at("metadata", "name")))
        return Delivery(
            "/".join(part for part in names if part),
            mark(self.value, *place) or self.origin,
            text(repository),
            None if chart is not None else clean(text(folder)),
            text(chart),
            asked_revision(revision),
            own.changes,
            own.values,
        )


def text(value: Value) -> str:
    """A text, `*` for what is not known of it."""
    return value.text() if isinstance(value, Unknown) else value if isinstance(value, str) else ""


def asked_revision(value: Value) -> str:
    """The revision or version that is asked for, "" for none; `?` for what is not known, which nothing answers to."""
    if value is None or isinstance(value, str):
        return value or ""
    return value.text().replace("*", "?") if isinstance(value, Unknown) else "?"


def source_of(source: Value, url: Value) -> Source:
    """A source of Flux or OCM: where it is, at which revision, and what it takes out or brings in besides."""
    changes = own_of(source, "", "spec.ignore spec.include").changes
    return Source(text(url), asked_revision(_revision(source)), changes)


def _revision(source: Value) -> Value:
    """The revision of a GitRepository or an OCIRepository of Flux (`ref`): the most exact of those that are written."""
    kind = dig(source, "kind")
    if kind not in ("GitRepository", "OCIRepository"):
        return dig(source, "spec", "version") if kind == "HelmChart" else None
    reference = dig(source, "spec", "ref")
    if isinstance(reference, Unknown):
        return reference
    found = (dig(reference, key) for key in ("digest", "commit", "name", "semver", "tag", "branch"))
    default = BRANCH if kind == "GitRepository" else ""
    return next((each for each in found if each is not None), default)


def clean(folder: str) -> str:
    """A folder of a repository, "" for its root."""
    plain = posixpath.normpath(folder.strip().lstrip("/")) if folder.strip() else ""
    return "" if plain in (".", "..") else plain


def _argo(one: _Asking) -> Iterator[Delivery]:
    before: tuple[str, ...] = ("spec", "template", "spec") if one.at("kind") == "ApplicationSet" else ("spec",)
    patched = ["spec.templatePatch"] if one.at("spec", "templatePatch") is not None else []
    patched += ["spec.generators"] if own_templates(one.at("spec", "generators")) else []
    sourced = False
    for key in (("source",), ("sources",), ("sourceHydrator", "drySource")):
        listed = one.at(*before, *key)
        for index, source in enumerate(items_of(listed)):
            sourced = True
            place = (*before, *key, index) if isinstance(listed, list | tuple) else (*before, *key)
            folder, chart = dig(source, "path"), dig(source, "chart")
            if folder is None and chart is None and dig(source, "ref") is not None:
                continue  # it only lends values to another source
            own = own_of(source, "", "kustomize plugin directory.jsonnet directory.include directory.exclude", "helm")
            own = replace(own, changes=(*own.changes, *patched))
            made = one.made(place, dig(source, "repoURL"), folder, chart, dig(source, "targetRevision"), own)
            yield replace(made, flat=dig(source, "directory", "recurse") is not True)
    if not sourced:
        yield one.made(before, "*", "", None)


def own_templates(generators: Value) -> bool:
    """Whether a generator of a set has a template of its own, which goes before the set's ("Generator templates")."""
    kinds = [each for one in items_of(generators) if isinstance(one, Mapping) for each in one.values()]
    return any(
        dig(one, "template") not in (None, [], ())
        or any(own_templates(dig(one, key)) for key in ("generators", "generator"))
        for each in kinds
        for one in items_of(each)
    )


def _flux(one: _Asking) -> Iterator[Delivery]:
    source = _source(one, "spec", "sourceRef")
    own = own_of(one.at("spec"), "spec.", _FLUX_CHANGES)
    own = replace(own, changes=(*own.changes, *source.changes))
    made = one.made(("spec", "path"), source.address, one.at("spec", "path"), None, source.revision, own)
    yield replace(made, settings=FLUX)


def _source(one: _Asking, *path: str) -> Source:
    kind, name = text(one.at(*path, "kind")), text(one.at(*path, "name"))
    return one.urls(kind, text(one.at(*path, "namespace")) or one.namespace, name)


def _release(one: _Asking) -> Iterator[Delivery]:
    own = own_of(one.at("spec"), "spec.", "postRenderers", "values valuesFrom chart.spec.valuesFiles")
    if one.at("spec", "chartRef") is not None:
        source, name = _source(one, "spec", "chartRef"), one.at("spec", "chartRef", "name")
        yield one.made(("spec", "chartRef"), source.address, None, name, source.revision, own)
        return
    chart = one.at("spec", "chart", "spec", "chart")
    source = _source(one, "spec", "chart", "spec", "sourceRef")
    in_folder = one.at("spec", "chart", "spec", "sourceRef", "kind") in ("GitRepository", "Bucket")
    place = ("spec", "chart", "spec", "chart")
    if in_folder:
        own = replace(own, changes=(*own.changes, *source.changes))
        made = one.made(place, source.address, chart, None, source.revision, own)
        yield replace(made, settings=FLUX)
    else:
        yield one.made(place, source.address, None, chart or "*", one.at("spec", "chart", "spec", "version"), own)


def _k3s(one: _Asking) -> Iterator[Delivery]:
    if one.at("spec", "chartContent") is not None:
        yield one.made(("spec", "chartContent"), "", None, PACKED)
        return
    own = own_of(one.at("spec"), "spec.", "", "valuesContent valuesSecrets set")
    chart = one.at("spec", "chart") or "*"
    yield one.made(("spec", "chart"), one.at("spec", "repo"), None, chart, one.at("spec", "version"), own)


def _proxy(one: _Asking) -> Iterator[Delivery]:
    own, chart = own_of(one.at("spec"), "spec.", "", "valuesTemplate"), one.at("spec", "chartName") or "*"
    yield one.made(("spec", "chartName"), one.at("spec", "repoURL"), None, chart, one.at("spec", "version"), own)


def _crossplane(one: _Asking) -> Iterator[Delivery]:
    chart = one.at("spec", "forProvider", "chart")
    own = own_of(one.at("spec", "forProvider"), "spec.forProvider.", "patchesFrom", "values valuesFrom set")
    place, name = ("spec", "forProvider", "chart"), dig(chart, "name") or "*"
    yield one.made(place, dig(chart, "repository"), None, name, dig(chart, "version"), own)


def _fleet(one: _Asking) -> Iterator[Delivery]:
    listed = items_of(one.at("spec", "paths"))
    revision = one.at("spec", "revision") or one.at("spec", "branch") or BRANCH
    for index, folder in enumerate(listed):
        made = one.made(("spec", "paths", index), one.at("spec", "repo"), folder, None, revision)
        yield replace(made, settings=FLEET)
    if not listed:
        yield replace(one.made(("spec", "repo"), one.at("spec", "repo"), "", None, revision), settings=FLEET)


def _subscription(one: _Asking) -> Iterator[Delivery]:
    folder = one.at("metadata", "annotations", GIT_PATH)
    space, _, name = text(one.at("spec", "channel")).rpartition("/")
    channel = one.urls("Channel", space or one.namespace, name).address
    asked = [one.at("metadata", "annotations", f"{GIT}-{word}") for word in ("desired-commit", "tag", "branch")]
    revision = next((each for each in asked if each is not None), None)
    own = own_of(one.at("spec"), "spec.", "packageOverrides packageFilter overrides")
    yield one.made(("metadata", "annotations", GIT_PATH), channel, folder, None, revision, own)


_WAYS: dict[tuple[str, str], Callable[[_Asking], Iterator[Delivery]]] = {
    ("argoproj.io", "Application"): _argo,
    ("argoproj.io", "ApplicationSet"): _argo,
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): _flux,
    ("helm.toolkit.fluxcd.io", "HelmRelease"): _release,
    ("helm.cattle.io", "HelmChart"): _k3s,
    ("addons.cluster.x-k8s.io", "HelmChartProxy"): _proxy,
    ("helm.crossplane.io", "Release"): _crossplane,
    ("fleet.cattle.io", "GitRepo"): _fleet,
    ("apps.open-cluster-management.io", "Subscription"): _subscription,
}
