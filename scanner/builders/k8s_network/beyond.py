"""Pods on which a plug-in of the cluster enforces nothing: on Windows, on virtual nodes, on a second interface.

A machine that a pod names, and that no input shows, may be any of these.

Sources: EKS user guide, "Limit Pod traffic with Kubernetes network policies" (Linux machines alone; not on Fargate);
Microsoft Learn, "Create and configure an AKS cluster to use virtual nodes" (no network policies); Multus CNI,
"Quickstart guide", Google Cloud, "Set up multi-network support for Pods", KubeVirt user guide, "Interfaces and
networks" (networks beside that of the cluster, which NetworkPolicies do not speak of); Confidential
Containers, "Cloud API Adaptor" (pods of the class `kata-remote` run in virtual machines beside their node).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scanner.podspec import PodTemplate
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value

_SYSTEMS = ("kubernetes.io/os", "beta.kubernetes.io/os")
_VIRTUAL = {"type": ("virtual-kubelet",), "eks.amazonaws.com/compute-type": ("fargate",)}
_TAINT = "virtual-kubelet.io/"
_COMPUTE = "eks.amazonaws.com/compute-type"
_REMOTE = ("kata-remote", "kata-remote-cc", "peerpods", "peer-pods")
_NETWORKS = (
    "k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network", "networking.gke.io/interfaces",
    "danm.io/interfaces", "network.v1alpha1.isovalent.com/pod-networks",
)  # fmt: skip


def beyond(template: PodTemplate, machines: frozenset[str]) -> str:
    """The setting that puts the pods of a template where no policy is enforced on them; "" where none does.

    machines: those of Linux that the inputs show.
    """
    spec = template.spec
    if dig(spec, "os", "name") == "windows":
        return "os.name"
    selector = dig(spec, "nodeSelector")
    for key, value in selector.items() if isinstance(selector, Mapping) else ():
        if (key in _SYSTEMS and value == "windows") or value in _VIRTUAL.get(key, ()):
            return f"nodeSelector {key}"
    for one in items_of(dig(spec, "tolerations")):
        if _virtual(dig(one, "key")) or (dig(one, "key") == _COMPUTE and _perhaps_fargate(dig(one, "value"))):
            return f"tolerations {dig(one, 'key')}"
    if _class(spec) in _REMOTE:
        return f"runtimeClassName {_class(spec)}"
    return _networks(template) or _named(dig(spec, "nodeName"), machines)


def _perhaps_fargate(value: Value) -> bool:
    return value in (None, "fargate") or isinstance(value, Unknown)


def _named(node: Value, machines: frozenset[str]) -> str:
    if isinstance(node, Unknown):
        return f"nodeName {node.text()}"
    return f"nodeName {node}" if isinstance(node, str) and node and node not in machines else ""


def machines_of(resources: Iterable[Resource]) -> frozenset[str]:
    """The names of the machines that are seen to be of Linux, and no virtual ones."""
    nodes = (one for one in resources if one.kind == "Node" and not one.group and one.possible is None)
    return frozenset(one.name for one in nodes if _of_linux(dig(one.attrs, "metadata", "labels")))


def _of_linux(labels: Value) -> bool:
    return not isinstance(labels, Unknown) and not any(
        (key in _SYSTEMS and value != "linux") or value in _VIRTUAL.get(key, ())
        for key, value in (labels.items() if isinstance(labels, Mapping) else ())
    )


def _class(spec: Value) -> str:
    name = dig(spec, "runtimeClassName")
    return name if isinstance(name, str) else ""


def _virtual(key: Value) -> bool:
    return isinstance(key, str) and key.startswith(_TAINT)


def _networks(template: PodTemplate) -> str:
    if template.annotations_unknown is not None:
        return "the annotations of its pods"
    notes = template.annotations
    for key in _NETWORKS:
        value = dig(notes, key)
        if isinstance(value, Unknown) or (value is not None and str(value).strip() not in ("", "[]")):
            return f"annotation {key}"
    for one in items_of(dig(template.spec, "networks")):  # of a virtual machine
        if isinstance(one, Unknown) or dig(one, "multus") is not None:
            return "networks"
    return ""
