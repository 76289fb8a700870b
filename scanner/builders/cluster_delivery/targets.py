"""Which cluster a delivery names: one of the inputs, one whose address says where it is, or one that nothing shows."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from msgspec import Struct

from scanner import tables
from scanner.builders.blocks import Found, first, strings, text
from scanner.builders.draft import World
from scanner.builders.placement.clusters import CLUSTERS
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown, Value

OWN = ("", "in-cluster", "local-cluster", "local")
"""Names by which Argo CD, OCM and Fleet mean the cluster that they run in."""
OWN_HOST = lazy(r"^https?://kubernetes\.default(\.svc(\.cluster\.local)?)?(:\d+)?/?$")
HOSTS = (
    ("aws", lazy(r"https?://[^/\s\"']*\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.eks\.amazonaws\.com(?:\.cn)?")),
    ("azure", lazy(r"https?://[^/\s\"']*\.hcp\.(?P<region>[a-z0-9]+)\.(?:azmk8s\.io|cx\.aks\.containerservice\.azure\.us)")),
)  # fmt: skip
"""API server addresses that bear their region: EKS's and AKS's."""
LINKS = (
    ("gcp", lazy(r"projects/[^/]+/locations/(?P<region>[a-z]+-[a-z]+\d+)(?:-[a-z])?/clusters/[^/\"'\s]+")),
    ("aws", lazy(r"^arn:[^:]+:eks:(?P<region>[^:]+):\d*:cluster/")),
)
"""Names of clusters that bear their region: GKE's resource names and EKS's ARNs."""
ARC = lazy(r"Microsoft\.Kubernetes/connectedClusters/", re.IGNORECASE)
VENDORS = {"amazon": "aws", "azure": "azure", "google": "gcp"}
"""Values of the label `cloud` that a managed cluster of OCM has, and the profile's word."""
SITES = ("baremetal", "vmware", "vsphere", "openstack", "nutanix", "hybrid", "other")


class Target(Struct, frozen=True):
    """Where a delivery goes; the fields are those of ClusterDelivery. origin: the line that names it."""

    cluster: str
    place_class: str | Unknown
    because: str
    origin: Origin | None
    provider: str = ""
    region: str = ""


def is_own(value: Value) -> bool:
    """Whether a destination is the cluster of the delivery itself, whose place is judged with its objects."""
    return isinstance(value, str) and (value in OWN or OWN_HOST.match(value) is not None)


def hidden(name: str, origin: Origin | None, cause: str = "") -> Target:
    """A cluster that nothing shows."""
    cause = cause or f"the cluster `{name}` is in none of the inputs"
    return Target(name, Unknown(cause, decided_by=(name,)), cause, origin)


def resolve(world: World, unit: str, found: Found, *, registered: bool = True) -> Iterator[Target]:
    """The cluster that a value names; registered: it may be the name of one that is registered with Argo CD."""
    if found.possible is None and is_own(found.value):
        yield Target("its own cluster", "own", "it delivers to its own cluster", found.origin)
        return
    named = world.inventory.find(found.value, unit, *CLUSTERS)
    if isinstance(named, Resource):
        because = f"it delivers to the cluster `{named.address}`"
        yield Target(named.id, found.possible or "", because, found.origin)
    elif isinstance(found.value, Unknown) and not _address(text(found.value)):
        yield Target("*", found.value, found.value.cause, found.origin)
    else:
        yield from _by_name(world, text(found.value), found.origin, registered=registered)


def _by_name(world: World, name: str, origin: Origin | None, *, registered: bool = True) -> Iterator[Target]:
    known = _address(name)
    if known is not None:
        place, provider, region = known
        where = f"it delivers to `{name}`, {'in ' + region if region else 'a cluster that Azure Arc connects'}"
        yield Target(name, place, where, origin, provider, region)
        return
    for one in world.inventory.of(*CLUSTERS):
        if name in (one.attrs.get("name"), one.attrs.get("arn")):
            yield Target(one.id, "", f"it delivers to the cluster `{one.address}`", origin)
            return
    for way in (_registered, _managed, _made) if registered else (_managed, _made):
        target = next(way(world, name, origin), None)
        if target is not None:
            yield target
            return
    yield hidden(name, origin)


def _address(name: str) -> tuple[str, str, str] | None:
    """Class, provider and region that an address says by itself."""
    for provider, pattern in (*HOSTS, *LINKS):
        found = pattern.search(name)
        if found is not None:
            return "cloud", provider, found["region"]
    return ("hybrid-compute", "", "") if ARC.search(name) else None


def described(world: World, row_id: str) -> Iterator[Resource]:
    """The objects that describe a cluster, by a row of placement_kubernetes."""
    for row in tables.kubernetes_facts("delivery"):
        for kind in row.kinds if row.id == row_id else ():
            yield from world.inventory.like(kind, row.group)


def registrations(world: World, labels: Mapping[str, Value]) -> Iterator[Resource]:
    """The Secrets that register a cluster with Argo CD and bear all of `labels`."""
    for one in described(world, "delivery-argo-cluster"):
        own = dig(one.attrs, "metadata", "labels")
        if dig(own, "argocd.argoproj.io/secret-type") == "cluster" and bears(own, labels):
            yield one


def bears(own: Value, labels: Mapping[str, Value]) -> bool:
    """Whether an object may bear all of `labels`."""
    return all(isinstance(dig(own, key), Unknown) or dig(own, key) == value for key, value in labels.items())


def of_registration(world: World, one: Resource) -> Iterator[Target]:
    """The cluster that a Secret registers: by its server, or by the name in its AWS settings."""
    for key in ("server", "config"):
        for value, origin in _data(one, key):
            if key == "server":
                yield from resolve(world, one.unit, Found(value, origin), registered=False)
                return
            for found in strings(value):
                named = re.search(r'"clusterName"\s*:\s*"([^"]+)"', found.text)
                if named is not None:
                    yield from _by_name(world, named[1], origin, registered=False)
                    return
    yield hidden(one.name, one.origin, f"what `{one.address}` registers is not known")


def _data(one: Resource, key: str) -> Iterator[tuple[Value, Origin | None]]:
    for part in ("stringData", "data"):
        value = dig(one.attrs, part, key)
        if value is not None:
            where = mark(one.attrs, part, key) or one.origin
            yield (_decoded(value) if part == "data" else value), where


def _decoded(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return value


def _registered(world: World, name: str, _origin: Origin | None) -> Iterator[Target]:
    for one in registrations(world, {}):
        names = [value for key in ("name", "server") for value, _ in _data(one, key)]
        if name in (one.name, *names):
            for target in of_registration(world, one):
                if target.cluster != name or not isinstance(target.place_class, Unknown):
                    yield target


def _managed(world: World, name: str, _origin: Origin | None) -> Iterator[Target]:
    """A ManagedCluster of OCM: its labels say on which cloud it stands, and in which region."""
    for one in described(world, "delivery-ocm-placement"):
        if one.name == name and one.kind == "ManagedCluster":
            yield of_managed(one)


def of_managed(one: Resource) -> Target:
    """What the labels of a ManagedCluster say of its place."""
    labels = dig(one.attrs, "metadata", "labels")
    cloud, region = dig(labels, "cloud"), dig(labels, "region")
    origin = mark(one.attrs, "metadata", "labels", "cloud") or one.origin
    word = cloud.lower() if isinstance(cloud, str) else ""
    if word in SITES:
        return Target(one.name, "on-prem", f"`{one.address}` bears the label `cloud: {cloud}`", origin)
    if word in VENDORS and isinstance(region, str):
        because = f"`{one.address}` bears the labels `cloud: {cloud}` and `region: {region}`"
        return Target(one.name, "cloud", because, origin, VENDORS[word], region)
    return hidden(one.name, origin, f"no label of `{one.address}` says where it stands")


def _made(world: World, name: str, origin: Origin | None) -> Iterator[Target]:
    """A Cluster of Cluster API: the kind of its infrastructure says where it stands."""
    for one in described(world, "delivery-capi"):
        if one.name == name:
            yield of_made(one, origin)


def of_made(one: Resource, origin: Origin | None) -> Target:
    """What the infrastructure of a Cluster API cluster says of its place."""
    found = first(one, "spec.infrastructureRef.kind")
    kind = found.text if found is not None else ""
    rows = tables.kubernetes_facts("crd")
    group = "infrastructure.cluster.x-k8s.io"
    row = next((row for row in rows if row.group == group and any(fnmatchcase(kind, each) for each in row.kinds)), None)
    if row is None or row.place == "cloud":
        return hidden(one.name, origin, f"in which region the `{kind or '*'}` of `{one.address}` is, is not known")
    return Target(one.name, row.place, f"`{one.address}` is made of a `{kind}`: {row.because}", origin)
