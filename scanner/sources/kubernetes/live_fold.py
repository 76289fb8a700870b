"""Copies folded into what makes them: ReplicaSets, Jobs and Pods that are as their owner declares them.

A copy that differs in what a rule looks at stands beside its owner: an owner reference is a claim that anybody who may
create the object can make. So does one that runs on a machine apart from the cloud's. Copies that differ in the same
way count once. A container that only the running pods have (a sidecar put in on admission, a debugging container)
becomes one of the owner's, so that it is seen where the workload is judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from scanner.sources.kubernetes.live_items import Item, dig

FOLDS = {
    ("", "Pod"): {
        ("apps", "ReplicaSet"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("batch", "Job"),
        ("", "ReplicationController"),
    },
    ("apps", "ReplicaSet"): {("apps", "Deployment"), ("argoproj.io", "Rollout")},
    ("batch", "Job"): {("batch", "CronJob")},
}  # fmt: skip
"""By kind of copy: the controllers that make such copies from a template, and from nothing else."""
ENDED = frozenset({"Succeeded", "Failed"})
_TEMPLATES = {("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template")}
_TEMPLATE = ("spec", "template")
_MADE_LABELS = frozenset(
    {
        "pod-template-hash", "rollouts-pod-template-hash", "controller-revision-hash", "pod-template-generation",
        "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "job-name", "controller-uid",
        "batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-completion-index", "security.istio.io/tlsMode",
        "service.istio.io/canonical-name", "service.istio.io/canonical-revision", "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
    }
)  # fmt: skip
"""Labels that controllers and the mesh's injector put on pods."""
_SAME_POD = (
    "hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "securityContext", "runtimeClassName",
    "nodeSelector",
)  # fmt: skip
_SAME_CONTAINER = ("image", "command", "args", "securityContext", "ports", "lifecycle", "envFrom", "restartPolicy")
_HARMLESS_VOLUMES = ("projected", "emptyDir", "downwardAPI", "configMap")
_INJECTED = frozenset(
    {
        "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_REGION", "AWS_DEFAULT_REGION",
        "AWS_STS_REGIONAL_ENDPOINTS", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST",
    }
)  # fmt: skip
"""What the webhooks of cloud identities add, by their documentation."""
_CLOUDS = ("aws:///", "gce://", "azure://")
"""How the provider ids of ordinary cloud machines begin."""
_LISTS = ("containers", "initContainers", "ephemeralContainers")


class Folded(Struct):
    """What stands, and the kind and name of what stands for each pod that was folded away.

    pods: by identity of what stands, the pods that run in its name; those that stand beside it are among them.
    """

    items: list[Item] = field(default_factory=list)
    renamed: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    pods: dict[int, list[Item]] = field(default_factory=dict)


def fold(items: Iterable[Item]) -> Folded:
    """Fold copies into their owners, innermost first; the order of what stands is kept."""
    every = list(items)
    owners = _Owners(every)
    into: dict[int, Item] = {}
    extras: dict[int, list[tuple[str, Any]]] = {}
    odd: dict[tuple[int, str], Item] = {}
    apart = _machines_apart(every)
    for kind in FOLDS:
        for one in every:
            owner = owners.of(one) if one.what == kind else None
            if owner is None:
                continue
            machine = dig(one.value, "spec", "nodeName")
            place = machine if isinstance(machine, str) and machine in apart else ""
            more = None if place else _more(one, owner)
            if more is not None:
                into[id(one)] = owner
                extras.setdefault(id(owner), []).extend([*more, *extras.pop(id(one), [])])
            elif kind == ("", "Pod"):
                alike = odd.setdefault((id(owner), f"{place} {_looks(one.value)}"), one)
                if alike is not one:
                    into[id(one)] = alike
    result = Folded()
    for one in every:
        if one.what == ("", "Pod"):
            _note_pod(result, one, owners, into)
        if id(one) in into:
            if one.what == ("", "Pod"):
                top = _top(one, into)
                result.renamed[(one.namespace, one.name)] = (top.kind, top.name)
            continue
        _name_owner(one, owners, into)
        _add(one, extras.get(id(one), []))
        result.items.append(one)
    return result


def _note_pod(result: Folded, pod: Item, owners: _Owners, into: Mapping[int, Item]) -> None:
    """A pod that has not ended counts for itself, and for each controller above it that stands."""
    if dig(pod.value, "status", "phase") in ENDED:
        return
    above: Item | None = pod
    for _ in range(4):  # a pod, its ReplicaSet or Job, and what made that
        if above is None:
            return
        if id(above) not in into:
            result.pods.setdefault(id(above), []).append(pod)
        above = owners.of(above) if above.what in FOLDS else None


def _machines_apart(every: Iterable[Item]) -> frozenset[str]:
    """The machines that no cloud vouches for, in a cluster where most are a cloud's; none where all are alike."""
    nodes = {one.name: dig(one.value, "spec", "providerID") for one in every if one.what == ("", "Node")}
    apart = {name for name, made in nodes.items() if not isinstance(made, str) or not made.startswith(_CLOUDS)}
    return frozenset(apart) if len(apart) < len(nodes) else frozenset()


def _top(one: Item, into: Mapping[int, Item]) -> Item:
    while id(one) in into:
        one = into[id(one)]
    return one


def _looks(pod: Mapping[str, Any]) -> str:
    """All that a rule looks at in a pod, but for what each copy has of its own: copies that look alike count once."""
    spec = dig(pod, "spec")
    if not isinstance(spec, dict):
        return json.dumps(pod, sort_keys=True, default=str)
    told: dict[str, Any] = {key: spec.get(key) for key in (*_SAME_POD, "serviceAccountName", "affinity")}
    told["labels"] = _labels(pod)
    volumes = spec.get("volumes")
    told["volumes"] = [one for one in volumes if "projected" not in one] if isinstance(volumes, list) else volumes
    for name in _LISTS:
        containers = _containers(spec, name)
        told[name] = (
            spec.get(name)
            if containers is None
            else [
                [key, *(one.get(field) for field in (*_SAME_CONTAINER, "env"))]
                for key, one in sorted(containers.items())
            ]
        )
    return json.dumps(told, sort_keys=True, default=str)


class _Owners:
    """The controllers among the objects, as their copies name them."""

    def __init__(self, every: Iterable[Item]) -> None:
        self._by_uid: dict[str, Item] = {}
        self._by_name: dict[tuple[str, str], Item] = {}
        for one in every:
            self._by_uid[one.uid] = one
            if one.what == ("apps", "Deployment"):
                self._by_name[one.namespace, one.name] = one

    def of(self, one: Item) -> Item | None:
        """The controller that made `one`, where it is in the inputs and of a kind that makes such copies."""
        references = one.metadata.get("ownerReferences")
        for reference in references if isinstance(references, list) else ():
            if isinstance(reference, dict) and reference.get("controller") is True:
                uid = reference.get("uid")
                owner = self._by_uid.get(uid) if isinstance(uid, str) and uid else None
                if owner is None:
                    return self._behind(one, reference)
                good = owner.namespace == one.namespace and owner.what in FOLDS[one.what]
                return owner if good else None
        return None

    def _behind(self, one: Item, reference: Mapping[str, Any]) -> Item | None:
        """The Deployment behind a ReplicaSet that could not be read, by the name that it gave the ReplicaSet."""
        mark = dig(one.metadata, "labels", "pod-template-hash")
        name = reference.get("name")
        if reference.get("kind") != "ReplicaSet" or not isinstance(name, str) or not isinstance(mark, str):
            return None
        return self._by_name.get((one.namespace, name.removesuffix(f"-{mark}")))


def _more(one: Item, owner: Item) -> list[tuple[str, Any]] | None:
    """The containers that the copy has beside its owner's template; None where it differs in anything else."""
    template = dig(owner.value, *_TEMPLATES.get(owner.what, _TEMPLATE))
    status = dig(one.value, "status")
    if one.what == ("", "Pod"):
        if dig(status, "phase") in ENDED:
            return []
        return _differs(one.value, template, owner)
    if one.what == ("apps", "ReplicaSet") and dig(one.value, "spec", "replicas") == 0:
        return []
    if one.what == ("batch", "Job") and dig(status, "completionTime"):
        return []
    return _differs(dig(one.value, *_TEMPLATE), template, owner)


def _differs(pod: Any, template: Any, owner: Item) -> list[tuple[str, Any]] | None:
    spec, wanted = dig(pod, "spec"), dig(template, "spec")
    if not isinstance(spec, dict) or not isinstance(wanted, dict):
        return None
    labels, expected = _labels(pod), _labels(template)
    if labels is None or labels != expected or not _same_pod(spec, wanted, owner):
        return None
    extras: list[tuple[str, Any]] = []
    for name in _LISTS:
        mine, theirs = _containers(spec, name), _containers(wanted, name)
        if mine is None or theirs is None:
            return None
        for key, container in mine.items():
            if key not in theirs:
                extras.append((name, container))
            elif not _same_container(container, theirs[key]):
                return None
    return extras


def _labels(pod: Any) -> dict[str, Any] | None:
    labels = dig(pod, "metadata", "labels")
    if labels is None:
        return {}
    return (
        {key: value for key, value in labels.items() if key not in _MADE_LABELS} if isinstance(labels, dict) else None
    )


def _same_pod(spec: Mapping[str, Any], wanted: Mapping[str, Any], owner: Item) -> bool:
    if any((spec.get(key) or None) != (wanted.get(key) or None) for key in _SAME_POD):
        return False
    accounts = [one.get("serviceAccountName") or one.get("serviceAccount") or "default" for one in (spec, wanted)]
    if accounts[0] != accounts[1] or _unlike(spec, wanted, "automountServiceAccountToken"):
        return False
    if owner.kind != "DaemonSet" and (spec.get("affinity") or None) != (wanted.get("affinity") or None):
        return False  # a DaemonSet ties each of its pods to a machine by an affinity of its own
    claims = dig(owner.value, "spec", "volumeClaimTemplates")
    made = {dig(one, "metadata", "name") for one in claims} if isinstance(claims, list) else set()
    mine, theirs = spec.get("volumes") or [], wanted.get("volumes") or []
    if not isinstance(mine, list) or not isinstance(theirs, list):
        return False
    return all(one in theirs or dig(one, "name") in made or _harmless(one, theirs) for one in mine)


def _unlike(spec: Mapping[str, Any], wanted: Mapping[str, Any], key: str) -> bool:
    """Whether a setting differs; the service account admission fills in what is not written."""
    return key in wanted and spec.get(key) != wanted.get(key)


def _harmless(volume: Any, theirs: list[Any]) -> bool:
    """A volume that admission adds and that holds nothing of the node."""
    if not isinstance(volume, dict) or any(dig(one, "name") == volume.get("name") for one in theirs):
        return False
    return any(key in volume for key in _HARMLESS_VOLUMES) and len(volume) == 2


def _containers(spec: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    listed = spec.get(name) or []
    if not isinstance(listed, list) or not all(isinstance(one, dict) and one.get("name") for one in listed):
        return None
    return {str(one["name"]): one for one in listed}


def _same_container(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    if any((mine.get(key) or None) != (theirs.get(key) or None) for key in _SAME_CONTAINER):
        return False
    own, wanted = mine.get("env") or [], theirs.get("env") or []
    if not isinstance(own, list) or not isinstance(wanted, list) or any(one not in own for one in wanted):
        return False
    return all(one in wanted or dig(one, "name") in _INJECTED for one in own)


def _name_owner(one: Item, owners: _Owners, into: Mapping[int, Item]) -> None:
    """Let what stands beside its owner name the owner that stands, not a copy in between that does not."""
    owner = owners.of(one) if one.what in FOLDS else None
    if owner is not None and id(owner) in into:
        top = _top(owner, into)
        group = f"{top.group}/" if top.group else ""
        version = f"{group}{top.version}"
        reference = {"apiVersion": version, "kind": top.kind, "name": top.name, "uid": top.uid, "controller": True}
        one.metadata["ownerReferences"] = [reference]


def _add(one: Item, extras: list[tuple[str, Any]]) -> None:
    """Add containers that only the pods have to the template, each image once."""
    spec = dig(one.value, *_TEMPLATES.get(one.what, _TEMPLATE), "spec")
    if not isinstance(spec, dict):
        return
    seen: list[tuple[str, Any, Any]] = []
    for name, container in extras:
        told = (name, container.get("name"), container.get("image"))
        if told not in seen:
            seen.append(told)
            spec[name] = [*(spec.get(name) or []), container]
