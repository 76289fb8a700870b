"""Pods on which a plug-in of the cluster enforces nothing: on Windows, on virtual nodes, on a second interface.

Sources: EKS user guide, "Limit Pod traffic with Kubernetes network policies" (Linux machines alone; not on Fargate);
Microsoft Learn, "Create and configure an AKS cluster to use virtual nodes" (no network policies); Multus CNI,
"Quickstart guide" (networks beside that of the cluster, which NetworkPolicies do not speak of).
"""

from __future__ import annotations

from collections.abc import Mapping

from scanner.podspec import PodTemplate
from scanner.resource import dig, items_of
from scanner.unknown import Unknown, Value

_SYSTEMS = ("kubernetes.io/os", "beta.kubernetes.io/os")
_VIRTUAL = {"type": ("virtual-kubelet",), "eks.amazonaws.com/compute-type": ("fargate",)}
_TAINT = "virtual-kubelet.io/"
_NETWORKS = ("k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network")


def beyond(template: PodTemplate) -> str:
    """The setting that puts the pods of a template where no policy is enforced on them; "" where none does."""
    spec = template.spec
    if dig(spec, "os", "name") == "windows":
        return "os.name"
    selector = dig(spec, "nodeSelector")
    for key, value in selector.items() if isinstance(selector, Mapping) else ():
        if (key in _SYSTEMS and value == "windows") or value in _VIRTUAL.get(key, ()):
            return f"nodeSelector {key}"
    for one in items_of(dig(spec, "tolerations")):
        if _virtual(dig(one, "key")):
            return f"tolerations {dig(one, 'key')}"
    return _networks(template)


def _virtual(key: Value) -> bool:
    return isinstance(key, str) and key.startswith(_TAINT)


def _networks(template: PodTemplate) -> str:
    notes = template.annotations
    for key in _NETWORKS:
        value = dig(notes, key)
        if isinstance(value, Unknown) or (value is not None and str(value).strip() not in ("", "[]")):
            return f"annotation {key}"
    return ""
