"""What Argo CD, Flux and Terraform's Helm provider bring: where from, at which revision, and who vouches for it.

Sources: argoproj/argo-cd, "Tracking and Deployment Strategies" (`targetRevision`) and "GnuPG signature verification"
(`signatureKeys` of a project, for git alone); Flux API reference, "GitRepository", "OCIRepository", "HelmChart" (`ref`,
`verify`, `version`; the branch is `master` where none is written); hashicorp/helm documentation of `helm_release`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from msgspec import Struct

from scanner.builders.blocks import at, first, text
from scanner.builders.draft import World
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

ARGO, FLUX, HELM = "argoproj.io", "kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"
KINDS = (("Application", ARGO), ("ApplicationSet", ARGO), ("Kustomization", FLUX), ("HelmRelease", HELM),
         ("argocd_application", None), ("argocd_application_set", None), ("helm_release", None))  # fmt: skip
"""Kind and API group of what delivers."""
COMMIT = lazy(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
DIGEST = lazy(r"sha256:[0-9a-f]{64}\Z")
VERSION = lazy(r"v?\d+(?:\.\d+){0,3}(?:[-+][0-9A-Za-z.+-]+)?\Z")
"""What is written like one release: a tag, or the version of a chart."""
MOVES = "is a name that moves"


class Brought(Struct, frozen=True):
    """One source of a delivery. namespace, folder: "" where none is written.

    signed: None where what delivers it cannot verify. whole_chart: it is no folder of a repository. carries: whether it
    is a part of the stack; None where its folder and its namespace tell.
    """

    repository: str | Unknown
    folder: str
    namespace: str
    origin: Origin | None
    pinned: bool | Unknown
    revision_said: str
    signed: bool | Unknown | None = None
    signed_said: str = ""
    whole_chart: bool = False
    carries: bool | Unknown | None = None


def brought(world: World, one: Resource) -> Iterator[Brought]:
    """Everything that an object brings."""
    yield from _WAYS[one.kind](world, one)


def _argo(world: World, one: Resource) -> Iterator[Brought]:
    terraform = one.kind.startswith("argocd_")
    before = "spec.template.spec" if one.kind in ("ApplicationSet", "argocd_application_set") else "spec"
    repo, revision = ("repo_url", "target_revision") if terraform else ("repoURL", "targetRevision")
    space = next((each.text for each in at(one, f"{before}.destination.namespace")), "")
    keys = _signature_keys(world, one, before, terraform)
    for key in ("source", "sources"):
        for source in at(one, f"{before}.{key}"):
            for item in items_of(source.value):
                url, chart = dig(item, repo), dig(item, "chart")
                if url is None:
                    continue
                wanted = dig(item, revision)
                pinned = _version(wanted) if chart else _git(wanted)
                yield Brought(
                    _address(url), text(dig(item, "path")).strip("/").removeprefix("./"), space,
                    mark(item, revision) or mark(item, repo) or source.origin, *pinned,
                    *((None, "") if chart else keys), whole_chart=bool(chart),
                )  # fmt: skip


def _signature_keys(world: World, one: Resource, before: str, terraform: bool) -> tuple[bool | Unknown | None, str]:
    """Whether the project lets in signed commits alone, and by keys of the operator where the profile names keys."""
    if terraform:
        return Unknown("whether its project asks for signatures is not looked at", decided_by=(one.address,)), ""
    name = next((each.text for each in at(one, f"{before}.project")), "default") or "default"
    projects = [
        each for each in world.inventory.like("AppProject", ARGO) if each.unit == one.unit and each.name == name
    ]
    # One of its own namespace is meant; applications in any namespace have theirs where Argo CD stands.
    projects = [each for each in projects if each.namespace == one.namespace] or projects
    if not projects:
        cause = f"the project `{name}` is not in the inputs"
        return Unknown(cause, decided_by=(f"AppProject/{name}",)), ""
    answers = [_asked_by(world, each) for each in projects]
    worst = next((answer for answer in answers if answer[0] is False), None)
    if worst is not None and len(answers) > 1:
        cause = f"which of {len(answers)} projects `{name}` it is of is not known"
        return Unknown(cause, decided_by=(f"AppProject/{name}",)), ""
    return worst or next((answer for answer in answers if isinstance(answer[0], Unknown)), answers[0])


def _asked_by(world: World, project: Resource) -> tuple[bool | Unknown, str]:
    """Whether a project asks for signatures."""
    if dig(project.attrs, "spec", "sourceIntegrity") is not None:
        cause = f"`spec.sourceIntegrity` of `{project.address}` is not evaluated"
        return Unknown(cause, decided_by=(f"{project.address}: spec.sourceIntegrity",)), ""
    listed: list[Value] = [dig(each, "keyID") for each in items_of(dig(project.attrs, "spec", "signatureKeys"))]
    unknown = next((each for each in listed if isinstance(each, Unknown)), None)
    if unknown is not None:
        return unknown, ""
    if not listed:
        return False, f"its project `{project.address}` has no `signatureKeys`"
    if any(not each for each in listed):
        nothing = Unknown(f"a key of `{project.address}` has no `keyID`", decided_by=(project.address,))
        return nothing, ""
    strange = [each for each in listed if not is_own(world, str(each))]
    if strange:
        return (
            False,
            f"its project `{project.address}` takes signatures of `{strange[0]}`, which the profile does not name",
        )
    return True, f"its project `{project.address}` asks for a signature"


def is_own(world: World, key: str) -> bool:
    """Whether a key is one of `delivery.keys`; any is where the profile names none."""
    return not world.profile.has("delivery.keys") or any(fnmatchcase(key, entry) for entry in world.profile.keys)


def _kustomization(world: World, one: Resource) -> Iterator[Brought]:
    space = next((each.text for each in at(one, "spec.targetNamespace")), "")
    folder = next((each.text for each in at(one, "spec.path")), "").removeprefix("./").strip("/")
    for source in _source(world, one, "spec.sourceRef"):
        yield _from(source, folder, space, one)


def _helm_release(world: World, one: Resource) -> Iterator[Brought]:
    space = next((each.text for each in at(one, "spec.targetNamespace")), "") or one.namespace
    for source in _source(world, one, "spec.chartRef"):
        yield _from(source, "", space, one)
    for source in _source(world, one, "spec.chart.spec.sourceRef"):
        wanted = first(one, "spec.chart.spec.version")
        verified = first(one, "spec.chart.spec.verify")
        if isinstance(source, Unknown) or source.kind != "HelmRepository":
            # Of a folder in git the version and `verify` of the chart are not looked at: those of the source are.
            folder = next((each.text for each in at(one, "spec.chart.spec.chart")), "").removeprefix("./").strip("/")
            yield _from(source, folder, space, one)
            continue
        pinned = _version(wanted.value if wanted is not None else None)
        origin = wanted.origin if wanted is not None else one.origin
        signed, says = _verified(verified.value if verified is not None else None, "its chart")
        url = _address(dig(source.attrs, "spec", "url"))
        yield Brought(url, "", space, origin, *pinned, signed, says, True)


def _verified(verify: Value, what: str) -> tuple[bool | Unknown, str]:
    if isinstance(verify, Unknown):
        return verify, ""
    if verify in (None, {}, ""):
        return False, f"{what} has no `verify`"
    if all(dig(verify, key) is None for key in ("secretRef", "matchOIDCIdentity")):
        return Unknown(f"{what} is verified, and whose signatures count is not written", decided_by=(what,)), ""
    return True, f"{what} is verified"


def _source(world: World, one: Resource, path: str) -> Iterator[Resource | Unknown]:
    """The source of Flux that a reference names."""
    for reference in at(one, path):
        kind, name = text(dig(reference.value, "kind")), text(dig(reference.value, "name"))
        space = text(dig(reference.value, "namespace")) or one.namespace
        found = world.inventory.at(one.unit, f"{space}/{kind}/{name}")
        cause = f"its source `{space}/{kind}/{name}` is not in the inputs"
        yield found if found is not None else Unknown(cause, decided_by=(f"{space}/{kind}/{name}",))


def _from(source: Resource | Unknown, folder: str, space: str, one: Resource) -> Brought:
    if isinstance(source, Unknown):
        return Brought(source, folder, space, one.origin, source, "", source, "")
    spec = source.attrs.get("spec")
    reference = dig(spec, "ref")
    origin = mark(source.attrs, "spec", "ref") or mark(source.attrs, "spec", "url") or source.origin
    signed: tuple[bool | Unknown | None, str] = _verified(dig(spec, "verify"), f"`{source.address}`")
    if source.kind == "Bucket":
        signed = None, ""
    return Brought(_address(_url(spec)), folder, space, origin, *_reference(source.kind, reference), *signed)


def _url(spec: Value) -> Value:
    url = dig(spec, "url")
    return url if url is not None else dig(spec, "bucketName")


def _reference(kind: str, reference: Value) -> tuple[bool | Unknown, str]:
    """What a `ref` asks for: the most exact of its keys counts."""
    if isinstance(reference, Unknown):
        return reference, ""
    for key in ("digest", "commit", "name", "semver", "tag", "branch"):
        value = dig(reference, key)
        if value in (None, ""):
            continue
        if isinstance(value, Unknown):
            return value, ""
        if key in ("digest", "commit") and not (COMMIT.match(str(value)) or DIGEST.match(str(value))):
            return Unknown(f"`{value}` is no whole {key}", decided_by=(f"{key} {value}",)), ""
        if key in ("digest", "commit"):
            return True, f"it is at `{value}`"
        if key == "tag" or (key == "name" and str(value).startswith("refs/tags/")):
            return _tag(str(value))
        return False, f"`{value}` {MOVES}"
    named = "the branch `master`" if kind == "GitRepository" else "`latest`"
    return False, f"it asks for no revision: {named} {MOVES}"


def _git(wanted: Value) -> tuple[bool | Unknown, str]:
    if isinstance(wanted, Unknown):
        return wanted, ""
    name = str(wanted or "HEAD")
    if COMMIT.match(name) or DIGEST.match(name):
        return True, f"it is at `{name}`"
    return _tag(name) if VERSION.match(name) else (False, f"`{name}` {MOVES}")


def _tag(name: str) -> tuple[Unknown, str]:
    cause = f"`{name}` is a tag, and who may write the repository can move it"
    return Unknown(cause, decided_by=(f"tag {name}",)), ""


def _version(wanted: Value) -> tuple[bool | Unknown, str]:
    """The version of a chart: a range, or none, takes what comes."""
    if isinstance(wanted, Unknown):
        return wanted, ""
    name = str(wanted or "")
    if DIGEST.search(name):
        return True, f"it is at `{name}`"
    if VERSION.match(name) and name.count(".") >= 2:
        cause = f"version `{name}` of a chart is what the registry gives for it"
        return Unknown(cause, decided_by=(f"version {name}",)), ""
    return False, f"`{name}` is no single version of the chart" if name else "it asks for no version of the chart"


def _address(value: Value) -> str | Unknown:
    if isinstance(value, Unknown):
        return value
    return value if isinstance(value, str) and value else Unknown("where it comes from is not written")


def _terraform_helm(_world: World, one: Resource) -> Iterator[Brought]:
    space, chart = text(one.attrs.get("namespace")) or "default", one.attrs.get("chart")
    repository = one.attrs.get("repository")
    whole = repository if repository is not None else chart
    if isinstance(whole, str) and repository is None and "://" not in whole:
        return  # a chart on the disk: it is read with the files
    origin = mark(one.attrs, "version") or mark(one.attrs, "repository") or one.origin
    yield Brought(_address(whole), "", space, origin, *_version(one.attrs.get("version")), whole_chart=True)


_WAYS: dict[str, Callable[[World, Resource], Iterator[Brought]]] = {
    "Application": _argo,
    "ApplicationSet": _argo,
    "argocd_application": _argo,
    "argocd_application_set": _argo,
    "Kustomization": _kustomization,
    "HelmRelease": _helm_release,
    "helm_release": _terraform_helm,
}
