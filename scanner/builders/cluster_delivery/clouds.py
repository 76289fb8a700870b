"""Deliveries of the clouds in Terraform: Flux and extensions of AKS and Arc, Cloud Deploy, Config Sync, Argo CD."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found, at, first, text
from scanner.builders.cluster_delivery.argo import carried_by
from scanner.builders.cluster_delivery.payload import carries
from scanner.builders.cluster_delivery.targets import Target, hidden, resolve
from scanner.builders.draft import World
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

Delivered = Iterator[tuple[Target, bool | Unknown]]
ML_EXTENSION = "microsoft.azureml.kubernetes"
"""The extension by which Azure Machine Learning serves models on any cluster (its documentation)."""
AZURE = {
    "azurerm_kubernetes_flux_configuration": "cluster_id",
    "azurerm_arc_kubernetes_flux_configuration": "cluster_id",
    "azurerm_kubernetes_cluster_extension": "cluster_id",
    "azurerm_arc_kubernetes_cluster_extension": "cluster_id",
}
AZAPI = ("microsoft.kubernetesconfiguration/fluxconfigurations", "microsoft.kubernetesconfiguration/extensions")
KINDS = (*AZURE, "azapi_resource", "google_clouddeploy_target", "google_gke_hub_feature_membership",
         "google_gke_hub_feature", "argocd_application", "argocd_application_set")  # fmt: skip
"""Terraform types that deliver to clusters."""


def delivered(world: World, one: Resource) -> Delivered:
    """Where a Terraform resource delivers to, and whether what it delivers is a model."""
    if one.kind in AZURE:
        yield from _azure(world, one, AZURE[one.kind], "")
    elif one.kind == "azapi_resource":
        named = first(one, "type")
        if named is not None and named.text.partition("@")[0].lower() in AZAPI:
            yield from _azure(world, one, "parent_id", "body.properties.")
    elif one.kind in ("argocd_application", "argocd_application_set"):
        spec = "spec.template.spec" if one.kind == "argocd_application_set" else "spec"
        carried = carried_by(world, one, spec)
        for key in ("server", "name"):
            for found in at(one, f"{spec}.destination.{key}"):
                for target in resolve(world, one.unit, found):
                    yield target, carried
    else:
        yield from _google(world, one)


def _azure(world: World, one: Resource, key: str, inside: str) -> Delivered:
    kind = first(one, f"{inside}extension_type") or first(one, f"{inside}extensionType")
    if kind is not None and kind.text and kind.text.lower() != ML_EXTENSION:
        return  # an extension of another kind brings no workload of the operator's
    carried: bool | Unknown = kind is not None and kind.text.lower() == ML_EXTENSION
    if kind is not None and kind.unknown is not None:
        carried = kind.unknown
    elif kind is None:
        paths = [*at(one, f"{inside}kustomizations.path"), *at(one, f"{inside}kustomizations.*.path")]
        carried = carries(world, one.unit, [Found(one.attrs, one.origin)], paths)
    for found in at(one, key):
        target = _arc(world, one, found)
        for each in [target] if target is not None else resolve(world, one.unit, found):
            yield each, carried


def _arc(world: World, one: Resource, found: Found) -> Target | None:
    """A cluster that is connected by Arc is outside Azure, whichever it is."""
    named = world.inventory.find(found.value, one)
    written = found.value.ref.address if isinstance(found.value, Unknown) and found.value.ref else text(found.value)
    outside = "arc_kubernetes" in one.kind or "connectedclusters/" in written.lower()
    outside = outside or (isinstance(named, Resource) and "connectedclusters" in text(named.attrs.get("type")).lower())
    if not outside:
        return None
    because = "it delivers to a cluster that Azure Arc connects, which stands outside Azure"
    return Target(named.id if isinstance(named, Resource) else written, "hybrid-compute", because, found.origin)


def _google(world: World, one: Resource) -> Delivered:
    if one.kind == "google_clouddeploy_target":
        carried = carries(world, one.unit, ())
        for found in at(one, "gke.cluster"):
            for target in resolve(world, one.unit, found):
                yield target, carried
        for found in at(one, "anthos_cluster.membership"):
            yield from _member(world, one, found, carried)
        return
    config = "configmanagement.config_sync.git"
    if one.kind == "google_gke_hub_feature":
        config = f"fleet_default_member_config.{config}"
    for source in at(one, config):
        carried = carries(world, one.unit, [source], [*at(one, f"{config}.policy_dir")])
        members = at(one, "membership")
        for found in members:
            yield from _member(world, one, found, carried)
        if not members:
            cause = "which clusters are members of the fleet is not in the inputs"
            yield hidden(f"members of {one.address}", source.origin, cause), carried


def _member(world: World, one: Resource, found: Found, carried: bool | Unknown) -> Delivered:
    """A membership of a fleet: a GKE cluster by its link, anything else may stand anywhere."""
    member = world.inventory.find(found.value, one, "google_gke_hub_membership")
    links = at(member, "endpoint.gke_cluster.resource_link") if isinstance(member, Resource) else []
    for link in links:
        for target in resolve(world, one.unit, Found(_bare(link), link.origin, link.possible)):
            yield target, carried
    if not links:
        name = text(found.value) or "*"
        yield hidden(name, found.origin, f"which cluster the membership `{name}` is, is not known"), carried


def _bare(link: Found) -> Value:
    """A link to a cluster without the name of its API: what it refers to counts."""
    value = link.value
    if isinstance(value, Unknown) and value.ref is None:
        inside = next((piece for piece in value.pieces if isinstance(piece, Unknown) and piece.ref is not None), None)
        return inside or value
    return value
