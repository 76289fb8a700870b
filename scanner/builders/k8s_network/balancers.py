"""Load balancers of Services: whether one faces the internet or the cloud network, and which ranges it admits."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.entry import CLOUD_NETWORK, INTERNET, Caller
from scanner.builders.k8s_network.view import View, unknown_doubt
from scanner.builders.ranges import AddressRange, parse_cidr
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

_AWS = "service.beta.kubernetes.io/aws-load-balancer-"
_SCHEME = f"{_AWS}scheme"
_INTERNAL = {
    _SCHEME: ("internal",),
    f"{_AWS}internal": ("true", "0.0.0.0/0"),
    "service.beta.kubernetes.io/azure-load-balancer-internal": ("true",),
    "service.beta.kubernetes.io/openstack-internal-load-balancer": ("true",),
    "service.beta.kubernetes.io/oci-load-balancer-internal": ("true",),
    "networking.gke.io/load-balancer-type": ("internal",),
    "cloud.google.com/load-balancer-type": ("internal",),
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type": ("intranet",),
    "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type": ("private",),
}
"""Each provider's annotation, and the values that make its load balancer internal (their own documentation)."""
_CLOUDS = {"aws_eks_cluster": "aws", "azurerm_kubernetes_cluster": "azure", "google_container_cluster": "gke"}
_FOREIGN = {
    "aws": ("azure-", "gke.io/", "cloud.google.com/", "openstack-", "oci-", "alibaba-", "ibm-"),
    "azure": ("aws-", "gke.io/", "cloud.google.com/", "openstack-", "oci-", "alibaba-", "ibm-"),
    "gke": ("aws-", "azure-", "openstack-", "oci-", "alibaba-", "ibm-"),
}
"""By cloud: what the annotations of the others have in their names; it takes no notice of them."""
_FACING = ("false", "internet-facing", "external", "internet", "public")
_RANGES = (
    "service.beta.kubernetes.io/load-balancer-source-ranges",
    f"{_AWS}source-ranges",
    "service.beta.kubernetes.io/azure-allowed-ip-ranges",
)
_INTERNAL_CLASSES = ("service.k8s.aws/nlb",)
"""Classes whose balancers are internal unless they are told otherwise (AWS Load Balancer Controller, "NLB")."""
Facing = tuple[bool | Doubt, Origin, str]
"""Whether it is internal, the line that says so, and the words for it."""


def balancer(view: View, service: Resource, line: Origin) -> Iterator[Caller]:
    """The callers of a load balancer: ranges where they are written, else the internet or the cloud network."""
    world = view.world
    internal, where, said = facing(service, line, _cloud(view))
    unsure = internal if isinstance(internal, Doubt) else None
    written, at = _ranges(service)
    blocks: list[AddressRange | None] = []
    for text in written or ():
        block = parse_cidr(text) if isinstance(text, str) else None
        blocks.append(block)
        if not isinstance(text, str) or block is None:
            doubt = unknown_doubt(text) if isinstance(text, Unknown) else Doubt("value-unknown", (str(text),))
            yield Caller(world.external(INTERNET), "a source range of the load balancer is not known", at, doubt)
        elif not block.everything:
            yield Caller(world.external(text, "AddressRange"), f"the load balancer admits `{text}`", at, unsure)
    if written is not None and not any(block is not None and block.everything for block in blocks):
        return
    if internal is True:
        yield Caller(world.external(CLOUD_NETWORK), said, where)
    else:
        yield Caller(world.external(INTERNET), said, where, unsure)


def _cloud(view: View) -> str:
    """The cloud of the cluster, where the inputs or the profile show one kind of cluster for the unit."""
    found = {_CLOUDS[one.kind] for one in view.world.inventory.of(*_CLOUDS, unit=view.unit)}
    for unit in view.world.profile.units:
        if unit.name == view.unit:
            kind = unit.cluster.rpartition(":")[2].split(".")
            found |= {cloud for name, cloud in _CLOUDS.items() if name in kind}
    return found.pop() if len(found) == 1 else ""


def facing(service: Resource, line: Origin, cloud: str = "") -> Facing:
    """Whether a load balancer is internal: by the annotations of its provider, then by its class."""
    found = [one for one in _noted(service, line) if not any(word in one[2] for word in _FOREIGN.get(cloud, ()))]
    verdicts = {one[0] for one in found}
    if len(verdicts) > 1 and not any(isinstance(one, Doubt) for one in verdicts):
        keys = ", ".join(f"`{one[2]}`" for one in found)
        doubt = Doubt("value-unknown", (f"{service.address}: annotations that contradict each other",))
        return doubt, found[0][1], f"{keys} contradict each other: the load balancer may face the internet"
    for verdict, where, key in found:
        if isinstance(verdict, Doubt):
            return verdict, where, f"`{key}` is not known: the load balancer may face the internet"
        value = dig(service.attrs, "metadata", "annotations", key)
        if verdict:
            return True, where, f"`{key}: {value}` makes the load balancer an internal one"
        return False, where, f"`{key}: {value}` makes the load balancer face the internet"
    given = dig(service.attrs, "spec", "loadBalancerClass")
    if given in _INTERNAL_CLASSES:
        return True, line, f"`{given}` makes internal load balancers, which is its default"
    if given is not None:
        where = mark(service.attrs, "spec", "loadBalancerClass") or line
        doubt = Doubt("load-balancer-class-unknown", (f"{service.address}: loadBalancerClass",))
        return doubt, where, "`type: LoadBalancer` with a class of its own: it may face the internet"
    return False, line, "`type: LoadBalancer` faces the internet, which is the default"


def _noted(service: Resource, line: Origin) -> Iterator[tuple[bool | Doubt, Origin, str]]:
    """What each annotation that speaks of it says, with its line and its key."""
    annotations = dig(service.attrs, "metadata", "annotations")
    if isinstance(annotations, Unknown):
        yield unknown_doubt(annotations), mark(service.attrs, "metadata", "annotations") or line, "annotations"
        return
    for key, values in _INTERNAL.items():
        value = dig(annotations, key)
        where = mark(service.attrs, "metadata", "annotations", key) or line
        if isinstance(value, Unknown):
            yield unknown_doubt(value), where, key
        elif value is True or (isinstance(value, str) and value.lower() in values):
            yield True, where, key
        elif value is False or (isinstance(value, str) and value.lower() in _FACING):
            yield False, where, key
        elif value not in (None, ""):
            yield Doubt("value-unknown", (f"{service.address}: {key}",)), where, key


def _ranges(service: Resource) -> tuple[list[Value] | None, Origin | None]:
    """The source ranges that are written, and their line; None where none are."""
    value = dig(service.attrs, "spec", "loadBalancerSourceRanges")
    if items_of(value):
        return list(items_of(value)), mark(service.attrs, "spec", "loadBalancerSourceRanges")
    for key in _RANGES:
        noted = dig(service.attrs, "metadata", "annotations", key)
        line = mark(service.attrs, "metadata", "annotations", key)
        if isinstance(noted, str) and noted.strip():
            return [one.strip() for one in noted.split(",")], line
        if isinstance(noted, Unknown):
            return [noted], line
    return None, None
