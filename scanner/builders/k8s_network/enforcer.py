"""Whether anything enforces the policies of a cluster: without a sign of it they close nothing for certain."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scanner.builders.draft import World
from scanner.builders.inventory import text_of
from scanner.builders.k8s_policy.model import Engine, Policy
from scanner.podspec import command_line, containers, pod_templates
from scanner.resource import Encoded, Resource, dig, items_of
from scanner.unknown import Unknown, Value

CLUSTERS = ("aws_eks_cluster", "azurerm_kubernetes_cluster", "google_container_cluster")
_AGENTS = {
    "cilium": "cilium",
    "calico-node": "calico",
    "canal": "calico",
    "antrea-agent": "antrea",
    "kube-router": "kube-router",
    "ovnkube-node": "ovn",
    "weave-net": "weave",
    "kube-network-policies": "kube-network-policies",
}
"""The DaemonSet of each plug-in, and the word that its image bears: a workload of that name alone enforces nothing."""
_CHART_NAMES = {
    "cilium": "cilium",
    "rke2-cilium": "cilium",
    "calico": "calico",
    "rke2-calico": "calico",
    "rke2-canal": "calico",
    "tigera-operator": "calico",
    "antrea": "antrea",
    "kube-router": "kube-router",
}
_ADMIN = ("antrea", "calico", "ovn", "kube-network-policies")
"""Plug-ins that know the admin policies, by their own documentation; the others ignore them."""
_CHARTS = {
    "HelmChart": ("spec", "chart"),
    "HelmRelease": ("spec", "chart", "spec", "chart"),
    "Application": ("spec", "source", "chart"),
}


@dataclass(frozen=True, slots=True)
class Enforcement:
    """What is known to be enforced; `signs` are the addresses that say so, `unsure` is what might say so if known.

    engines: the plug-ins found. Each enforces NetworkPolicies; policies of an API of its own only where it is named.
    """

    policies: bool
    admin: bool
    signs: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    engines: frozenset[str] = frozenset()

    def stands(self, policy: Policy) -> bool:
        """Whether something is known to enforce policies of the API that this one is of."""
        if policy.engine is Engine.CILIUM:
            names = {*CILIUM, CLUSTERWIDE} if policy.kind == "CiliumClusterwideNetworkPolicy" else set(CILIUM)
            return bool(self.engines & names)
        return bool(self.engines & set(CALICO)) if policy.engine is Engine.CALICO else self.policies


CILIUM = ("cilium", "azure-cilium")
CALICO = ("calico", "azure-calico")
CLUSTERWIDE = "gke-cilium-clusterwide"
"""GKE Dataplane V2 takes of Cilium's own policies the clusterwide ones alone, and those only where it is told to
(cloud.google.com, "Control cluster-wide communication using network policies")."""


def enforcement(world: World, unit: str) -> Enforcement:
    """What is enforced in the cluster of `unit`, by signs in the unit and in the unit of the cluster that it joins."""
    found: list[tuple[str, str]] = []
    unsure: set[str] = set()
    off = {name for one in world.inventory.of("ConfigMap", unit=unit) for name in _switched_off(one)}
    for resource, sign in _signs(world, unit):
        if sign in off:
            continue
        doubt = sign if isinstance(sign, Unknown) else resource.possible
        if doubt is not None:
            unsure.update(doubt.decided_by or (resource.address,))
        elif isinstance(sign, str):
            found.append((resource.address, sign))
    return Enforcement(
        bool(found),
        any(name.startswith(_ADMIN) for _, name in found),
        tuple(sorted({address for address, _ in found})),
        tuple(sorted(unsure)),
        frozenset(name for _, name in found),
    )


def _switched_off(settings: Resource) -> Iterator[str]:
    """A plug-in that is told to enforce nothing."""
    if settings.name == "cilium-config" and dig(settings.attrs, "data", "enable-policy") == "never":
        yield "cilium"


def _signs(world: World, unit: str) -> Iterator[tuple[Resource, str | Unknown]]:
    """Each resource that shows an enforcing plug-in, with the plug-in's name, or the setting that is not known."""
    joined = _joined(world, unit)
    units = {unit} | ({joined.unit} if joined else set())
    for resource in (one for one in world.inventory.all if one.unit in units and not one.data):
        if resource.source != "kubernetes" and resource.kind[:1].islower():
            if _of_cluster(world, resource, joined):
                yield from ((resource, name) for name in _terraform(resource))
        elif resource.unit == unit:
            yield from ((resource, name) for name in _object(resource))


def _joined(world: World, unit: str) -> Resource | None:
    """The managed cluster that the profile joins to the unit, or the only one in it."""
    for entry in world.profile.units:
        if entry.name == unit and entry.cluster:
            here = world.inventory.at(unit, entry.cluster) or world.inventory.by_id.get(entry.cluster)
            return here or next((one for one in world.inventory.all if one.address == entry.cluster), None)
    inside = list(world.inventory.of(*CLUSTERS, unit=unit))
    return inside[0] if len(inside) == 1 else None


def _of_cluster(world: World, resource: Resource, joined: Resource | None) -> bool:
    """Whether a Terraform resource belongs to the unit's cluster."""
    if resource.kind in CLUSTERS:
        return joined is resource
    named = resource.attrs.get("cluster_name")
    if named is None:
        return True
    whose = world.inventory.find(named, resource.unit, *CLUSTERS)
    if isinstance(whose, Resource):
        return joined is whose
    return joined is not None or not list(world.inventory.of(*CLUSTERS, unit=resource.unit))


def _terraform(resource: Resource) -> Iterator[str | Unknown]:
    attrs = resource.attrs
    if resource.kind == "aws_eks_addon" and attrs.get("addon_name") == "vpc-cni":
        yield from _if_true(_setting(attrs.get("configuration_values"), "enableNetworkPolicy"), "vpc-cni")
    elif resource.kind == "azurerm_kubernetes_cluster":
        for profile in items_of(attrs.get("network_profile")):
            policy, plane = dig(profile, "network_policy"), dig(profile, "network_data_plane")
            if policy in ("calico", "cilium", "azure"):
                yield f"azure-{policy}"
            elif plane == "cilium":
                yield "azure-cilium"
            else:
                yield from (one for one in (policy, plane) if isinstance(one, Unknown))
    elif resource.kind == "google_container_cluster":
        path = attrs.get("datapath_provider")
        yield from _if_true(path if isinstance(path, Unknown) else path == "ADVANCED_DATAPATH", "gke")
        if path == "ADVANCED_DATAPATH" or _true(attrs.get("enable_autopilot")):
            yield from _if_true(attrs.get("enable_cilium_clusterwide_network_policy"), CLUSTERWIDE)
        for value in (
            *(dig(one, "enabled") for one in items_of(attrs.get("network_policy"))),
            attrs.get("enable_autopilot"),
        ):
            yield from _if_true(value, "gke")
    elif resource.kind == "helm_release":
        yield from _named(text_of(resource, "chart").rpartition("/")[2])


def _if_true(value: Value, name: str) -> Iterator[str | Unknown]:
    """The plug-in where the setting that switches it on is true; the setting where it is not known."""
    if isinstance(value, Unknown):
        yield value
    elif _true(value):
        yield name


def _object(resource: Resource) -> Iterator[str | Unknown]:
    if resource.kind == "DaemonSet" and resource.name in _AGENTS:
        yield from _agent(resource, _AGENTS[resource.name])
    elif resource.kind == "DaemonSet" and resource.name == "aws-node":
        if _argument(resource, "--enable-network-policy=true"):
            yield "vpc-cni"
    elif resource.kind in _CHARTS:
        yield from _named(text_of(resource, *_CHARTS[resource.kind]))
    elif resource.kind == "ConfigMap" and resource.name == "amazon-vpc-cni":
        yield from _if_true(dig(resource.attrs, "data", "enable-network-policy-controller"), "vpc-cni")
    elif resource.kind == "Installation" and resource.group == "operator.tigera.io":
        yield "calico"
    elif resource.kind == "Network" and text_of(resource, "spec", "networkType") == "OVNKubernetes":
        yield "ovn-kubernetes"


def _named(chart: str) -> Iterator[str]:
    if chart in _CHART_NAMES:
        yield _CHART_NAMES[chart]


def _agent(resource: Resource, word: str) -> Iterator[str | Unknown]:
    """The plug-in whose agent a DaemonSet runs, by the image of any of its containers."""
    images = [one.image.value for template in pod_templates(resource) for one in containers(template.spec)]
    if any(isinstance(image, str) and word in image for image in images):
        yield word
        return
    yield from (image for image in images if isinstance(image, Unknown))


def _argument(resource: Resource, wanted: str) -> bool:
    every = (one for template in pod_templates(resource) for one in containers(template.spec))
    return any(token.value == wanted for one in every for token in command_line(one))


def _setting(value: Value, key: str) -> Value:
    """A key of an encoded document, also where only the document inside is known."""
    if isinstance(value, Unknown | Encoded):
        whole = value if isinstance(value, Unknown) else None
        return whole if value.document is None else dig(value.document, key)
    if not isinstance(value, str):
        return dig(value, key)
    try:
        document = json.loads(value)
    except ValueError:
        # YAML is allowed as well: one line is enough to be sure of.
        found = re.search(rf"^{key}:\s*[\"']?true[\"']?\s*$", value, re.MULTILINE)
        return "true" if found else None
    return document.get(key) if isinstance(document, Mapping) else None


def _true(value: Value) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")
