"""What Terraform resources have a controller deliver: Argo CD's, Flux's bootstrap, Flux on AKS and Arc, Config Sync.

Facts: the documentation of the providers argoproj-labs/argocd (`argocd_application`, its `directory.recurse`),
fluxcd/flux (`flux_bootstrap_git`; the repository is the provider's `git.url`), azurerm and google.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.sources.kubernetes.deliveries import BRANCH, Delivery, asked_revision, clean, own_of, own_templates, text
from scanner.sources.kubernetes.delivery_files import FLUX
from scanner.unknown import Value


def of_terraform(one: Resource) -> Iterator[Delivery]:
    """The deliveries of a Terraform resource; nothing for one of another kind."""
    way = _WAYS.get(one.kind)
    if way is not None and not one.data:
        yield from way(one)


def _blocks(value: Value, *keys: str) -> list[Value]:
    """The blocks at a path of blocks, each of which may be there several times."""
    found = [value]
    for key in keys:
        found = [each for one in found for each in items_of(dig(one, key))]
    return found


def _argo(one: Resource) -> Iterator[Delivery]:
    before = ("spec", "template", "spec") if one.kind == "argocd_application_set" else ("spec",)
    sources = [each for key in ("source", "sources") for each in _blocks(one.attrs, *before, key)]
    sets = _blocks(one.attrs, "spec")
    patched = ["spec.template_patch"] if any(dig(each, "template_patch") is not None for each in sets) else []
    patched += ["spec.generator"] if any(own_templates(dig(each, "generator")) for each in sets) else []
    for source in sources:
        folder, chart = dig(source, "path"), text(dig(source, "chart"))
        if folder is None and not chart and dig(source, "ref") is not None:
            continue  # it only lends values to another source
        where = mark(source, "repo_url") or one.origin
        made = _made(one, where, dig(source, "repo_url"), folder, chart, dig(source, "target_revision"))
        own = own_of(source, "source.", "kustomize plugin", "helm")
        listed = any(own_of(each, "", "jsonnet include exclude").changes for each in _blocks(source, "directory"))
        changes = (*own.changes, *patched, *(("source.directory",) if listed else ()))
        whole = any(dig(each, "recurse") is True for each in _blocks(source, "directory"))
        yield replace(made, changes=changes, values=own.values, flat=not chart and not whole)
    if not sources:
        yield _made(one, one.origin, "*", "")


def _made(
    one: Resource, where: Origin, repository: Value, folder: Value, chart: str = "", revision: Value = None
) -> Delivery:
    place = None if chart else clean(text(folder))
    return Delivery(one.address, where, text(repository), place, chart, asked_revision(revision))


def _flux(one: Resource) -> Iterator[Delivery]:
    git = _blocks(one.provider.attrs, "git") if one.provider is not None else []
    url = dig(git[0], "url") if git else "*"
    branch = dig(git[0], "branch") if git else None
    where = mark(one.attrs, "path") or one.origin
    made = _made(one, where, url, one.attrs.get("path"), revision="main" if branch is None else branch)
    yield replace(made, changes=own_of(one.attrs, "", "kustomization_override").changes, settings=FLUX)


def _azure(one: Resource) -> Iterator[Delivery]:
    sources = [
        (
            dig(each, "url") or dig(each, "container_id") or "*",
            mark(each, "url") or one.origin,
            dig(each, "reference_value"),
        )
        for key in ("git_repository", "bucket", "blob_storage")
        for each in _blocks(one.attrs, key)
    ]
    for repository, where, revision in sources or [("*", one.origin, None)]:
        for folder in _blocks(one.attrs, "kustomizations") or [None]:
            made = _made(one, where, repository, dig(folder, "path"), revision=revision)
            yield replace(made, changes=own_of(folder, "kustomizations.", "post_build").changes, settings=FLUX)


def _google(one: Resource) -> Iterator[Delivery]:
    before = ("fleet_default_member_config",) if one.kind == "google_gke_hub_feature" else ()
    for key in ("git", "oci"):
        for each in _blocks(one.attrs, *before, "configmanagement", "config_sync", key):
            where = mark(each, "sync_repo") or one.origin
            revision = dig(each, "sync_rev") or dig(each, "sync_branch") or (BRANCH if key == "git" else None)
            yield _made(one, where, dig(each, "sync_repo"), dig(each, "policy_dir"), revision=revision)


_WAYS: dict[str, Callable[[Resource], Iterator[Delivery]]] = {
    "argocd_application": _argo,
    "argocd_application_set": _argo,
    "flux_bootstrap_git": _flux,
    "azurerm_kubernetes_flux_configuration": _azure,
    "azurerm_arc_kubernetes_flux_configuration": _azure,
    "google_gke_hub_feature": _google,
    "google_gke_hub_feature_membership": _google,
}
