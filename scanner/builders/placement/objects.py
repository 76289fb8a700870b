"""What Kubernetes objects say of a place: nodes, edge layers in a cluster, clusters made on the customer's hardware."""

from __future__ import annotations

from collections.abc import Iterator

from scanner import tables
from scanner.builders.blocks import at, first
from scanner.builders.draft import World
from scanner.builders.inventory import HELM
from scanner.builders.placement.clusters import cluster_node
from scanner.builders.placement.conditions import Outcome
from scanner.builders.placement.places import add_place, zone_place
from scanner.builders.placement.scheduling import LAYER_IMAGES, rows_for, rows_of_each_class, value_says
from scanner.builders.recognise.containers import containers_of
from scanner.graph.facts import EdgeLayer, Placement
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.podspec import containers, pod_templates
from scanner.resource import Resource, dig, mark
from scanner.table_rows import PlaceFact
from scanner.unknown import Unknown

LAYERS = {
    "kubeedge": "KubeEdge",
    "sedna": "Sedna",
    "openyurt": "OpenYurt",
    "superedge": "SuperEdge",
    "akri": "Akri",
    "elemental": "Elemental",
    "flightctl": "Flight Control",
    "iot": "Azure IoT Operations",
}
"""The second word of a row's id, and the layer's name."""
NAMESPACES = {"kubeedge": "KubeEdge", "openyurt": "OpenYurt", "azure-iot-operations": "Azure IoT Operations"}
"""Namespaces that exist only where the layer is installed."""
CHARTS = {
    "cloudcore": "KubeEdge", "edgemesh": "KubeEdge", "kubeedge": "KubeEdge", "openyurt": "OpenYurt",
    "yurt-manager": "OpenYurt", "yurthub": "OpenYurt", "raven-agent": "OpenYurt", "superedge": "SuperEdge",
    "akri": "Akri", "sedna": "Sedna", "flightctl": "Flight Control",
}  # fmt: skip
"""Charts of edge layers, by their last word."""
ANY_LAYER = ""
_AWS_NODE = lazy(r"^aws:///(?P<zone>[^/]+)/")
_GCE_NODE = lazy(r"^gce://(?P<project>[^/]+)/(?P<zone>[^/]+)/")


def add_objects(world: World) -> None:
    """Placements of nodes and of cluster objects, and the edge layers of clusters."""
    for release in (one for one in world.inventory.all if one.kind == HELM):
        _chart(world, release)
    for resource in world.inventory.objects:
        if resource.kind in ("HelmChart", "HelmRelease"):
            _chart(world, resource)
        if resource.kind == "Node" and resource.group == "":
            _node(world, resource)
        elif resource.kind == "Namespace":
            _namespace(world, resource)
        for row in tables.kubernetes_facts("crd"):
            if row.group == resource.group and (resource.kind in row.kinds or "*" in row.kinds):
                _custom(world, resource, row)
        for container in containers_of(resource):
            if container.image is not None:
                _image(world, resource, container.image.text, container.image.origin or resource.origin)
        for unknown, origin in _untold(resource):
            _layer_perhaps(world, resource, unknown, f"what `{resource.address}` runs is not known", origin)


def _untold(resource: Resource) -> Iterator[tuple[Unknown, Origin]]:
    """Containers, and images, of which nothing at all is known."""
    for template in pod_templates(resource):
        for one in containers(template.spec):
            image = one.image
            for value in (one.value, image.value):
                if isinstance(value, Unknown) and not value.pieces and not template.synthetic:
                    yield value, image.origin or one.origin or template.origin
                    break


def _layer_perhaps(world: World, resource: Resource, unknown: Unknown, because: str, origin: Origin) -> None:
    """One fact a cluster for all that nobody knows: any of it may be the software of an edge layer."""
    target = cluster_node(world, resource)
    if not any(isinstance(fact, EdgeLayer) and fact.layer == ANY_LAYER for fact in world.nodes[target].facts):
        decided = unknown.decided_by or (resource.address,)
        world.add_fact(target, EdgeLayer(origin=origin, because=because, layer=ANY_LAYER, decided_by=decided))


def _image(world: World, resource: Resource, image: str, origin: Origin) -> None:
    for row in tables.kubernetes_facts("image"):
        if row.id == LAYER_IMAGES and tables.pattern(row.regex).search(image):
            layer = next(name for word, name in LAYERS.items() if word in image)
            _layer(world, resource, layer, f"the image is part of {layer}", origin)


def _layer(world: World, resource: Resource, layer: str, because: str, origin: Origin) -> None:
    """One fact a layer: the first object that certainly exists is enough, or else the first one."""
    target = cluster_node(world, resource)
    decided = resource.possible.decided_by or ("existence",) if resource.possible is not None else ()
    said = [fact for fact in world.nodes[target].facts if isinstance(fact, EdgeLayer) and fact.layer == layer]
    if not said or (not decided and all(fact.decided_by for fact in said)):
        world.add_fact(target, EdgeLayer(origin=origin, because=because, layer=layer, decided_by=decided))


def _custom(world: World, resource: Resource, row: PlaceFact) -> None:
    layer = LAYERS.get(row.id.split("-")[1], "")
    if layer and row.place == "edge-device" and row.signal != "weak":
        because = f"`{resource.address}` is an object of {layer}: {row.because}"
        _layer(world, resource, layer, because, resource.origin)
    elif row.place != "cloud":
        add_place(world, resource.id, row.place, row.signal, row.because, Outcome(True, resource.origin))


def _namespace(world: World, resource: Resource) -> None:
    layer = NAMESPACES.get(resource.name)
    if layer is not None:
        _layer(world, resource, layer, f"the namespace `{resource.name}` is that of {layer}", resource.origin)
    elif resource.name == "azure-arc":
        because = "the namespace `azure-arc` is made where a cluster outside Azure is connected to it"
        target = cluster_node(world, resource)
        world.add_fact(target, Placement(origin=resource.origin, because=because, place_class="hybrid-compute"))


def _chart(world: World, resource: Resource) -> None:
    for path in ("chart", "spec.chart", "spec.chart.spec.chart", "repository"):
        found = first(resource, path)
        name = found.text.rstrip("/").rpartition("/")[2] if found is not None else ""
        if found is not None and name in CHARTS:
            because = f"the chart `{name}` installs {CHARTS[name]}"
            if path == "repository":
                because = f"the chart comes from `{name}`, a repository of {CHARTS[name]}"
            _layer(world, resource, CHARTS[name], because, found.origin or resource.origin)
            return


def _node(world: World, resource: Resource) -> None:
    """A Node object: the provider id is the best evidence; its absence decides nothing."""
    for fact in _provider_id(resource):
        world.add_fact(resource.id, fact)
    labels = dig(resource.attrs, "metadata", "labels")
    if isinstance(labels, Unknown):
        where = mark(resource.attrs, "metadata", "labels") or resource.origin
        for row in rows_of_each_class():
            add_place(world, resource.id, row.place, row.signal, row.because, Outcome(labels, where))
    for key, value in labels.items() if isinstance(labels, dict) else ():
        where = mark(resource.attrs, "metadata", "labels", key) or resource.origin
        for row in rows_for(key):
            add_place(world, resource.id, row.place, row.signal, row.because, Outcome(value_says(row, value), where))
    for fact_name, key in (
        ("kubelet-version", "kubeletVersion"),
        ("os-image", "osImage"),
        ("kernel-version", "kernelVersion"),
    ):
        for found in at(resource, f"status.nodeInfo.{key}"):
            for row in tables.kubernetes_facts(fact_name):
                if row.signal in ("strong", "medium") and tables.pattern(row.regex).search(found.text):
                    outcome = Outcome(True, found.origin or resource.origin)
                    add_place(world, resource.id, row.place, row.signal, row.because, outcome)


def _provider_id(resource: Resource) -> Iterator[Placement]:
    found = first(resource, "spec.providerID")
    if found is None or found.value == "":
        cause = "the node has no provider id: no cloud vouches for it"
        unknown = Unknown(cause, decided_by=(f"{resource.address} spec.providerID",))
        yield Placement(origin=resource.origin, because=cause, place_class=unknown)
        return
    if found.unknown is not None:
        yield Placement(origin=found.origin, because="its provider id is not known", place_class=found.unknown)
        return
    row = next(
        (row for row in tables.kubernetes_facts("provider-id") if tables.pattern(row.regex).search(found.text)), None
    )
    if row is None:
        cause = f"no table knows the provider id `{found.text}`"
        unknown = Unknown(cause, decided_by=(f"{resource.address} spec.providerID",))
        yield Placement(origin=found.origin, because=cause, place_class=unknown)
    elif row.place == "cloud":
        yield _cloud(found.text, found.origin, row)
    elif row.place in ("other-cloud", "private-or-public-cloud"):
        unknown = Unknown(row.because, decided_by=(f"{resource.address} spec.providerID",))
        yield Placement(origin=found.origin, because=row.because, place_class=unknown)
    else:
        yield Placement(origin=found.origin, because=row.because, place_class=row.place)


def _cloud(provider_id: str, origin: Origin | None, row: PlaceFact) -> Placement:
    aws, gce = _AWS_NODE.match(provider_id), _GCE_NODE.match(provider_id)
    if aws is not None:
        return zone_place(aws["zone"], origin, because=f"{row.because} in zone `{aws['zone']}`")
    if gce is not None:
        return zone_place(gce["zone"], origin, "gcp", f"{row.because} in zone `{gce['zone']}`", gce["project"])
    return Placement(origin=origin, because=row.because, place_class="cloud", provider="azure")
