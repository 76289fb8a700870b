"""What is kept of an object of the API: what was declared, no bookkeeping of the server, no value that is a secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scanner.sources.kubernetes.listed import NAME_ONLY
from scanner.sources.kubernetes.recorded import digest, setting, variable

_BOOKKEEPING = frozenset(
    {"managedFields", "resourceVersion", "selfLink", "creationTimestamp", "generation", "deletionGracePeriodSeconds"}
)
_ANNOTATIONS = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision",
        "objectset.rio.cattle.io/applied", "kapp.k14s.io/original", "control-plane.alpha.kubernetes.io/leader",
    }
)  # fmt: skip
"""Copies of the object, secrets and all, and counters."""
STATUS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "Node"): ("nodeInfo.kubeletVersion", "nodeInfo.osImage", "nodeInfo.kernelVersion"),
    ("", "Pod"): ("phase", "podIP", "containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"),
    ("apps", "Deployment"): ("observedGeneration", "readyReplicas"),
    ("apps", "StatefulSet"): ("observedGeneration", "readyReplicas"),
    ("apps", "DaemonSet"): ("observedGeneration", "numberReady"),
    ("batch", "Job"): ("completionTime",),
    ("batch", "CronJob"): ("lastSuccessfulTime",),
    ("argoproj.io", "Application"): ("sync.status", "reconciledAt", "history"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"): ("history",),
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): ("history",),
    ("inference.networking.x-k8s.io", "InferencePoolImport"): ("exportingClusters", "controllers"),
}
"""The parts of a status that rules look at, or that tell whether a copy still runs; a test holds it to the builders."""
_OF_A_CONTAINER = ("name", "imageID", "ready")
"""What is kept of each entry of the statuses of containers: its messages may say anything."""
_OF_A_RUN = ("lastReconciled", "lastReconciledStatus", "lastDeployed", "status", "deployedAt")
"""What is kept of each entry of a history of Flux or Argo CD."""
_NESTED = (dict, list)
_OF_A_SECRET = frozenset({"kubernetes.io/service-account.name"})


def pruned(value: Any, group: str, kind: str, salt: str) -> Any:
    """The object as it is recorded; what is no object stays as it is, and is told when it is read."""
    if not isinstance(value, dict):
        return value
    metadata = value.get("metadata")
    kept: dict[str, Any] = {"metadata": _metadata(metadata) if isinstance(metadata, dict) else metadata}
    if (group, kind) in NAME_ONLY:
        if isinstance(metadata, dict):
            notes = metadata.get("annotations")
            chosen = {key: notes[key] for key in _OF_A_SECRET if key in notes} if isinstance(notes, dict) else {}
            kept["metadata"] = {**kept["metadata"], "annotations": chosen}
        return kept
    for key, item in value.items():
        if key == "status":
            some = _status(item, STATUS.get((group, kind), ()))
            if some:
                kept["status"] = some
        elif key not in ("apiVersion", "kind", "metadata"):
            kept[key] = item
    if (group, kind) == ("", "ConfigMap"):
        _settings(kept, salt)
    else:
        if (group, kind) == ("fleet.cattle.io", "Bundle"):
            _texts(kept, salt)
        _variables(kept, salt)
    return kept


def _texts(kept: dict[str, Any], salt: str) -> None:
    """The files of a Fleet Bundle, in place: objects without their secrets; what is no object is not recorded."""
    spec = kept.get("spec")
    listed = spec.get("resources") if isinstance(spec, dict) else None
    if not isinstance(listed, list):
        return
    for index, one in enumerate(listed):
        if isinstance(one, dict) and "content" in one:
            content, encoding = one["content"], one.get("encoding")
            body = _objects(content, encoding or "", salt) if isinstance(content, str) else None
            told = {key: value for key, value in one.items() if key != "encoding"}
            listed[index] = {**told, "content": digest(str(content), salt) if body is None else body}


def _objects(content: str, encoding: str, salt: str) -> str | None:
    """The objects of a text as they are recorded; None for a text of anything else."""
    from scanner.sources.kubernetes.inside.held import unpacked
    from scanner.yamltext import Document, documents

    text = unpacked(content, encoding)
    found = list(documents(text, "content")) if text is not None else []
    made = []
    for one in found:
        value = one.value if isinstance(one, Document) else None
        if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
            return None
        group = str(value.get("apiVersion")).rpartition("/")[0]
        plain = json.loads(json.dumps(value, default=str))
        names = {"apiVersion": plain.get("apiVersion"), "kind": plain["kind"]}
        made.append(json.dumps({**names, **pruned(plain, group, plain["kind"], salt)}))
    return "\n---\n".join(made) if made else None


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in metadata.items() if key not in _BOOKKEEPING}
    notes = kept.get("annotations")
    if isinstance(notes, dict):
        kept["annotations"] = {key: value for key, value in notes.items() if key not in _ANNOTATIONS}
        if not kept["annotations"]:
            del kept["annotations"]
    return kept


def _status(status: Any, paths: tuple[str, ...]) -> dict[str, Any]:
    """The parts of a status at `paths`, each one or two steps deep."""
    some: dict[str, Any] = {}
    for path in paths:
        first, _, second = path.partition(".")
        part = status.get(first) if isinstance(status, dict) else None
        if first.endswith("ontainerStatuses"):
            listed = [one for one in part if isinstance(one, dict)] if isinstance(part, list) else []
            kept = [{key: one[key] for key in _OF_A_CONTAINER if key in one} for one in listed]
            some.update({first: kept} if kept else {})
        elif first == "history":
            listed = [one for one in part if isinstance(one, dict)] if isinstance(part, list) else []
            some["history"] = [{key: one[key] for key in _OF_A_RUN if key in one} for one in listed]
        elif not second and part is not None:
            some[first] = part
        elif isinstance(part, dict) and second in part:
            some.setdefault(first, {})[second] = part[second]
    return some


def _settings(kept: dict[str, Any], salt: str) -> None:
    data, binary = kept.get("data"), kept.get("binaryData")
    if isinstance(data, dict):
        kept["data"] = {
            key: setting(key, value, salt) if isinstance(value, str) else value for key, value in data.items()
        }
    if isinstance(binary, dict):
        kept["binaryData"] = {key: digest(str(value), salt) for key, value in binary.items()}


def _variables(kept: dict[str, Any], salt: str) -> None:
    """Replace, in place, the values of variables wherever a list of them stands, and of a Secret inside an object."""
    waiting: list[Any] = [kept]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            if here.get("kind") == "Secret":
                _hide(here, salt)
            elif here.get("kind") == "ConfigMap":
                _settings(here, salt)
            for key, value in here.items():
                if isinstance(value, list) and key.lower().endswith("env"):
                    here[key] = [_entry(one, salt) for one in value]
                    waiting.extend(one for one in here[key] if isinstance(one, dict | list))
                elif isinstance(value, dict) and key.lower().endswith("env"):
                    here[key] = {
                        name: variable(name, one, salt) if isinstance(one, str) else one for name, one in value.items()
                    }
                    waiting.append(here[key])
                elif isinstance(value, dict | list):
                    waiting.append(value)
        elif isinstance(here, list):
            waiting.extend(one for one in here if isinstance(one, dict | list))


def _hide(secret: dict[str, Any], salt: str) -> None:
    for part in ("data", "stringData"):
        if isinstance(secret.get(part), dict):
            secret[part] = {key: digest(str(value), salt) for key, value in secret[part].items()}
        elif part in secret:
            secret[part] = digest(str(secret[part]), salt)


def _entry(one: Any, salt: str) -> Any:
    if not isinstance(one, dict) or not isinstance(one.get("name"), str) or not isinstance(one.get("value"), str):
        return one
    return {**one, "value": variable(one["name"], one["value"], salt)}


def depth_of(value: Any) -> int:
    """How many levels deep a JSON value is."""
    depth, level = 0, [value]
    while level:
        depth += 1
        inside: list[Any] = []
        for here in level:
            if isinstance(here, dict):
                inside += [one for one in here.values() if isinstance(one, _NESTED)]
            elif isinstance(here, list):
                inside += [one for one in here if isinstance(one, _NESTED)]
        level = inside
    return depth
