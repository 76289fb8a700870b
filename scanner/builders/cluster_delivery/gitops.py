"""Flux, Fleet, Open Cluster Management and Cluster API: what they deliver, and to which clusters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.blocks import Found, at, first, strings, text
from scanner.builders.cluster_delivery.payload import carries
from scanner.builders.cluster_delivery.targets import (
    Target,
    bears,
    described,
    hidden,
    is_own,
    of_made,
    of_managed,
    resolve,
)
from scanner.builders.draft import World
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown, Value

Delivered = Iterator[tuple[Target, bool | Unknown]]
OCM, CAPI = "delivery-ocm-placement", "delivery-capi"
"""The rows of placement_kubernetes that describe the clusters of Open Cluster Management and of Cluster API."""
GIT_PATH = "apps.open-cluster-management.io/git-path"
_SERVER = lazy(r"server:\s*[\"']?(https?://[^\s\"']+)")


def flux(world: World, one: Resource) -> Delivered:
    """A Kustomization or HelmRelease with a kubeconfig delivers to the cluster of that."""
    blocks = at(one, "spec.kubeConfig")
    if not blocks:
        return
    carried = carries(world, one.unit, at(one, "spec"), at(one, "spec.path"), at(one, "spec.chart.spec.chart"))
    for kind, path in (("Secret", "secretRef.name"), ("ConfigMap", "configMapRef.name")):
        for found in at(one, f"spec.kubeConfig.{path}"):
            holder = world.inventory.at(one.unit, f"{one.namespace}/{kind}/{text(found.value)}")
            servers = [] if holder is None else _servers(holder)
            for server in servers:
                for target in resolve(world, one.unit, server):
                    yield target, carried
            if not servers:
                cause = f"the cluster of the {kind} `{text(found.value) or '*'}` is not in the inputs"
                yield hidden(f"{kind} {text(found.value) or '*'}", found.origin, cause), carried
            return
    yield hidden(one.address, blocks[0].origin, "which cluster its `kubeConfig` names is not known"), carried


def _servers(holder: Resource) -> list[Found]:
    """The API servers that a kubeconfig names."""
    found = [each for key in ("stringData", "data") for each in strings(dig(holder.attrs, key), holder.origin)]
    return [Found(server, each.origin) for each in found for server in _SERVER.findall(each.text)]


def fleet(world: World, one: Resource) -> Delivered:
    """A GitRepo or Bundle delivers to the clusters of its targets; in `fleet-local` to its own cluster."""
    if one.namespace == "fleet-local" or one.kind == "ClusterGroup":
        return
    carried = carries(
        world, one.unit, at(one, "spec"), [each for found in at(one, "spec.paths") for each in _each(found)]
    )
    targets = [each for found in at(one, "spec.targets") for each in _each(found)]
    for each in targets or [Found({}, one.origin)]:
        name = dig(each.value, "clusterName")
        if name is not None:
            for target in resolve(world, one.unit, Found(name, mark(each.value, "clusterName") or each.origin)):
                yield target, carried
            continue
        labels = dig(each.value, "clusterSelector", "matchLabels")
        yield from _selected(world, one, labels, each.origin, carried)


def _each(found: Found) -> Iterator[Found]:
    items = found.value if isinstance(found.value, list | tuple) else [found.value]
    for index, item in enumerate(items):
        yield Found(item, mark(found.value, index) or found.origin, found.possible)


def _selected(
    world: World, one: Resource, labels: Value, origin: Origin | None, carried: bool | Unknown, row: str = ""
) -> Delivered:
    """The clusters of the inputs that a selector takes, of Fleet without a row; a hidden one where there are none."""
    wanted = labels if isinstance(labels, Mapping) else {}
    registered = described(world, row) if row else world.inventory.like("Cluster", "fleet.cattle.io")
    known = [
        one for one in registered if one.kind != "Placement" and bears(dig(one.attrs, "metadata", "labels"), wanted)
    ]
    for each in known:
        if row == OCM:
            yield of_managed(each), carried
        elif row == CAPI:
            yield of_made(each, origin), carried
        else:
            yield hidden(each.name, origin), carried
    if not known:
        cause = f"which clusters `{one.address}` selects is not in the inputs"
        yield hidden(f"clusters of {one.address}", origin, cause), carried


def work(world: World, one: Resource) -> Delivered:
    """A ManifestWork holds what it delivers, to the cluster that its namespace names."""
    if is_own(one.namespace):
        return
    carried = carries(world, one.unit, at(one, "spec.workload"), whole=True)
    origin = mark(one.attrs, "metadata", "namespace") or one.origin
    for target in resolve(world, one.unit, Found(one.namespace, origin)):
        yield target, carried


def subscription(world: World, one: Resource) -> Delivered:
    """A Subscription delivers to the clusters that its placement selects."""
    if dig(one.attrs, "spec", "placement", "local") is True:
        return
    notes = dig(one.attrs, "metadata", "annotations")
    path = dig(notes, GIT_PATH)
    paths = [] if path is None else [Found(path, mark(notes, GIT_PATH) or one.origin)]
    carried = carries(world, one.unit, at(one, "spec"), paths)
    named = first(one, "spec.placement.placementRef.name")
    origin = named.origin if named is not None else one.origin
    placement = None
    if named is not None:
        placement = world.inventory.at(one.unit, f"{one.namespace}/Placement/{named.text}")
    if placement is None:
        cause = f"the placement `{named.text if named else '*'}` is not in the inputs"
        yield hidden(f"placement of {one.address}", origin, cause), carried
        return
    selectors = at(placement, "spec.predicates.requiredClusterSelector.labelSelector.matchLabels") or [
        Found({}, origin)
    ]
    for each in selectors:
        yield from _selected(world, placement, each.value, each.origin, carried, OCM)


def charts(world: World, one: Resource) -> Delivered:
    """A HelmChartProxy or a ClusterResourceSet of Cluster API delivers to the clusters that it selects."""
    carried = carries(world, one.unit, at(one, "spec"), (), at(one, "spec.chartName"))
    for each in at(one, "spec.clusterSelector") or [Found({}, one.origin)]:
        labels = dig(each.value, "matchLabels")
        yield from _selected(world, one, labels, each.origin, carried, CAPI)


def imported(world: World, one: Resource) -> Delivered:
    """An InferencePoolImport stands for a pool of models of other clusters."""
    exporters = [
        each for key in ("exportingClusters", "controllers.exportingClusters") for each in at(one, f"status.{key}.name")
    ]
    for found in exporters:
        for target in resolve(world, one.unit, found):
            yield target, True
    if not exporters:
        cause = f"in which cluster the pool `{one.name}` runs is not in the inputs"
        yield hidden(f"exporter of {one.address}", one.origin, cause), True
