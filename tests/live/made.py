"""What an API server makes of manifests: defaults filled in, bookkeeping, and the copies that controllers make."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scanner.resource import Resource
from scanner.sources.files import walk
from scanner.sources.kubernetes import read_manifests
from scanner.unknown import Unknown

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job")


def objects_in(folder: Path) -> list[dict[str, Any]]:
    """The objects that the manifests below a folder declare, as plain JSON."""
    reading = read_manifests(folder, walk(folder, [folder]).files)
    return [plain(one) for one in reading.resources]


def plain(resource: Resource) -> dict[str, Any]:
    """A Resource as the JSON that `kubectl apply` would send."""
    value: dict[str, Any] = json.loads(json.dumps(_known(resource.attrs)))
    value["metadata"] = {**(value.get("metadata") or {}), "name": resource.name}
    if resource.namespace:
        value["metadata"]["namespace"] = resource.namespace
    return value


def _known(value: Any) -> Any:
    assert not isinstance(value, Unknown), value
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items()}
    return [_known(item) for item in value] if isinstance(value, list) else value


def applied(objects: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects as a cluster holds them after a while, with what it makes of them."""
    found = [stored(one, index) for index, one in enumerate(objects)]
    for one in list(found):
        if one["kind"] == "Namespace":
            found.extend(_in_namespace(one["metadata"]["name"]))
        found.extend(_copies(one))
    return found


def stored(one: dict[str, Any], index: int) -> dict[str, Any]:
    """One object as the server stores it: defaults, a uid, a status, and who wrote which field."""
    made = copy.deepcopy(one)
    metadata = made["metadata"]
    metadata.update(
        uid=f"uid-{index}", resourceVersion=str(index), creationTimestamp="2026-11-01T00:00:00Z", generation=1
    )
    metadata["managedFields"] = [{"manager": "kubectl", "fieldsV1": {"f:spec": {}}}]
    notes = metadata.setdefault("annotations", {}) or {}
    notes["kubectl.kubernetes.io/last-applied-configuration"] = json.dumps(one)
    metadata["annotations"] = notes
    _defaulted(made)
    return made


def _defaulted(made: dict[str, Any]) -> None:
    kind, spec = made["kind"], made.get("spec")
    group = made["apiVersion"].rpartition("/")[0]
    if kind == "Namespace":
        made["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = made["metadata"]["name"]
        made["spec"] = {"finalizers": ["kubernetes"]}
        made["status"] = {"phase": "Active"}
    elif kind == "Secret":
        text = made.pop("stringData", None) or {}
        data = {key: base64.b64encode(str(value).encode()).decode() for key, value in text.items()}
        made["data"] = {**(made.get("data") or {}), **data}
        made.setdefault("type", "Opaque")
    elif kind in ("RoleBinding", "ClusterRoleBinding"):
        for subject in made.get("subjects") or []:
            if subject.get("kind") in ("User", "Group"):
                subject.setdefault("apiGroup", "rbac.authorization.k8s.io")
    elif kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for hook in made.get("webhooks") or []:
            for key, value in {
                "failurePolicy": "Fail", "matchPolicy": "Equivalent", "timeoutSeconds": 10, "namespaceSelector": {},
                "objectSelector": {},
            }.items():  # fmt: skip
                hook.setdefault(key, value)
    if not isinstance(spec, dict):
        return
    if kind == "Service" and group == "":
        _service(spec)
    elif kind == "NetworkPolicy" and group == "networking.k8s.io":
        spec.setdefault("podSelector", {})
        spec.setdefault("policyTypes", ["Ingress", *(["Egress"] if "egress" in spec else [])])
        for rule in [*(spec.get("ingress") or []), *(spec.get("egress") or [])]:
            for port in rule.get("ports") or []:
                port.setdefault("protocol", "TCP")
    elif kind in WORKLOADS and group in ("apps", "batch"):
        _workload(kind, spec)
        ready = {"numberReady": 1} if kind == "DaemonSet" else {"readyReplicas": spec.get("replicas") or None}
        made["status"] = {"observedGeneration": 1, **{key: value for key, value in ready.items() if value}}
    elif kind == "CronJob":
        for key, value in {"concurrencyPolicy": "Allow", "suspend": False, "successfulJobsHistoryLimit": 3}.items():
            spec.setdefault(key, value)
        _workload("Job", spec["jobTemplate"]["spec"])
    elif kind == "Pod":
        _pod(spec)
        _admitted(spec)
        made["status"] = {"phase": "Running", "podIP": "10.1.2.3", "conditions": [{"type": "Ready", "status": "True"}]}
    elif kind == "HorizontalPodAutoscaler":
        spec.setdefault("minReplicas", 1)


def _service(spec: dict[str, Any]) -> None:
    spec.setdefault("type", "ClusterIP")
    if spec["type"] != "ExternalName":
        spec.setdefault("clusterIP", "10.96.0.9")
        spec["clusterIPs"] = [spec["clusterIP"]]
        spec["ipFamilies"], spec["ipFamilyPolicy"] = ["IPv4"], "SingleStack"
        spec.setdefault("internalTrafficPolicy", "Cluster")
    spec.setdefault("sessionAffinity", "None")
    for index, port in enumerate(spec.get("ports") or []):
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port["port"])
        if spec["type"] == "LoadBalancer":
            spec.setdefault("allocateLoadBalancerNodePorts", True)
        if spec["type"] == "NodePort" or spec.get("allocateLoadBalancerNodePorts"):
            port.setdefault("nodePort", 30_000 + index)
            spec.setdefault("externalTrafficPolicy", "Cluster")


def _workload(kind: str, spec: dict[str, Any]) -> None:
    defaults: dict[str, dict[str, Any]] = {
        "Deployment": {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
                       "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}},
        "StatefulSet": {"replicas": 1, "podManagementPolicy": "OrderedReady"},
        "DaemonSet": {"revisionHistoryLimit": 10, "updateStrategy": {"type": "RollingUpdate"}},
        "ReplicaSet": {"replicas": 1},
        "Job": {"parallelism": 1, "completions": 1, "backoffLimit": 6, "suspend": False},
    }  # fmt: skip
    for key, value in defaults[kind].items():
        spec.setdefault(key, value)
    spec["template"].setdefault("metadata", {})["creationTimestamp"] = None
    _pod(spec["template"]["spec"])


def _pod(spec: dict[str, Any]) -> None:
    for key, value in {
        "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
        "terminationGracePeriodSeconds": 30, "securityContext": {},
    }.items():  # fmt: skip
        spec.setdefault(key, value)
    if "serviceAccountName" in spec:
        spec["serviceAccount"] = spec["serviceAccountName"]
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        container.setdefault("imagePullPolicy", "IfNotPresent")
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        container.setdefault("terminationMessagePolicy", "File")
        container.setdefault("resources", {})
        for port in container.get("ports") or []:
            port.setdefault("protocol", "TCP")
        for entry in container.get("env") or []:
            field = (entry.get("valueFrom") or {}).get("fieldRef")
            if field:
                field.setdefault("apiVersion", "v1")
    for volume in spec.get("volumes") or []:
        for key in ("configMap", "secret", "projected"):
            if isinstance(volume.get(key), dict):
                volume[key].setdefault("defaultMode", 420)


def _admitted(spec: dict[str, Any]) -> None:
    """What admission and the scheduler add to a pod, and to no template."""
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", "default")
    spec["nodeName"] = "node-1"
    spec["enableServiceLinks"], spec["priority"], spec["preemptionPolicy"] = True, 0, "PreemptLowerPriority"
    spec["tolerations"] = [
        *(spec.get("tolerations") or []),
        {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
    ]
    if spec.get("automountServiceAccountToken") is not False:
        spec["volumes"] = [
            *(spec.get("volumes") or []),
            {"name": "kube-api-access-x7k2p", "projected": {"defaultMode": 420, "sources": []}},
        ]
        for container in spec.get("containers") or []:
            mount = {"name": "kube-api-access-x7k2p", "mountPath": "/var/run/secrets", "readOnly": True}
            container["volumeMounts"] = [*(container.get("volumeMounts") or []), mount]


def _in_namespace(name: str) -> list[dict[str, Any]]:
    root = {"name": "kube-root-ca.crt", "namespace": name}
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": root,
            "data": {"ca.crt": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"},
        }
    ]


def _reference(owner: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def _copies(one: dict[str, Any]) -> list[dict[str, Any]]:
    """The ReplicaSet and a pod of a workload."""
    if one["kind"] not in WORKLOADS or one["apiVersion"] not in ("apps/v1", "batch/v1"):
        return []
    if one["kind"] != "Deployment":
        return [pod_of(one)]
    made = copy.deepcopy(one)
    name = f"{one['metadata']['name']}-6d4cf56db6"
    made.update(kind="ReplicaSet", status={"replicas": 1})
    labels = {**((made["spec"]["template"]["metadata"].get("labels")) or {}), "pod-template-hash": "6d4cf56db6"}
    made["metadata"] = {
        "name": name,
        "namespace": one["metadata"]["namespace"],
        "uid": f"{one['metadata']['uid']}-rs",
        "labels": labels,
        "ownerReferences": _reference(one),
    }
    made["spec"]["template"]["metadata"]["labels"] = labels
    old = copy.deepcopy(made)
    old["metadata"].update(name=f"{one['metadata']['name']}-old", uid=f"{one['metadata']['uid']}-old")
    old["spec"]["replicas"] = 0
    old["spec"]["template"]["spec"]["containers"][0]["image"] = "an/older:image"
    return [made, old, pod_of(made)]


def pod_of(owner: dict[str, Any], name: str = "x7k2p") -> dict[str, Any]:
    """A running pod of a workload's template."""
    template = copy.deepcopy(owner["spec"]["template"])
    metadata = {key: value for key, value in (template.get("metadata") or {}).items() if value is not None}
    metadata.update(
        name=f"{owner['metadata']['name']}-{name}",
        namespace=owner["metadata"]["namespace"],
        uid=f"{owner['metadata']['uid']}-{name}",
        ownerReferences=_reference(owner),
    )
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
    _defaulted(made)
    return made
