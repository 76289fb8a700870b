"""Workloads as the policies see them: pods with labels, ports and owners, namespaces with labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.beyond import beyond
from scanner.builders.k8s_network.platforms.registry import pod_labels
from scanner.builders.k8s_policy.labels import SERVICE_ACCOUNT, Labels, doubt_of, labels_of
from scanner.builders.k8s_policy.model import Pod
from scanner.builders.k8s_policy.ports import NamedPort
from scanner.builders.ranges import AddressRange, parse_cidr
from scanner.podspec import Container, PodTemplate, containers, pod_templates
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown

_ADDED: dict[str, frozenset[str]] = {
    "Deployment": frozenset({"pod-template-hash"}),
    "ReplicaSet": frozenset({"pod-template-hash"}),
    "StatefulSet": frozenset(
        {"controller-revision-hash", "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"}
    ),
    "DaemonSet": frozenset({"controller-revision-hash", "pod-template-generation"}),
}
_JOB = frozenset({"job-name", "controller-uid", "batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid"})
_MACHINE = frozenset({"kubevirt.io", "kubevirt.io/created-by", "kubevirt.io/nodeName", "vm.kubevirt.io/name"})
_MACHINES = dict.fromkeys(
    ("VirtualMachine", "VirtualMachineInstance", "VirtualMachineInstanceReplicaSet", "VirtualMachinePool"), _MACHINE
)
ADDED_LABELS = {**_ADDED, "Job": _JOB, "CronJob": _JOB, **_MACHINES}
"""Labels that the built-in controllers put on their pods, with values of their own."""
NOT_RUNNING = frozenset({"PodTemplate", "ServingRuntime", "ClusterServingRuntime"})
"""Objects that hold a template from which nothing runs by itself."""
HELM = "helm_release"
_OWNERS_OF_VERSION = {"apps": "ReplicaSet", "batch": "Job"}
_MAX_OWNERS = 10


class Workload(Struct, frozen=True):
    """A workload by its outermost owner.

    resource: the owner's, or the one that names it where the owner is not in the inputs. members: all its resources.
    """

    address: str
    kind: str
    resource: Resource
    members: tuple[Resource, ...]
    templates: tuple[tuple[Resource, PodTemplate], ...]


def workloads(resources: Iterable[Resource], *, absent_owners: bool = True) -> list[Workload]:
    """The workloads of one unit, by address; pods that say whose they are count as their owner's.

    absent_owners: also as the owner's where the owner itself is not among `resources`.
    """
    every = [one for one in resources if one.kind not in NOT_RUNNING]
    found = {one.address: one for one in every}
    by_name: dict[tuple[str, str], list[Resource]] = {}
    running: list[tuple[Resource, Sequence[PodTemplate]]] = []
    for one in every:
        templates = pod_templates(one)
        if templates:
            running.append((one, templates))
            by_name.setdefault((one.namespace, one.name), []).append(one)
    grouped: dict[str, tuple[str, list[tuple[Resource, Sequence[PodTemplate]]]]] = {}
    for resource, templates in running:
        address, kind = _outermost(resource, found, by_name)
        if address not in found and not absent_owners:
            address, kind = resource.address, resource.kind
        grouped.setdefault(address, (kind, []))[1].append((resource, templates))
    return [_workload(address, kind, some, found) for address, (kind, some) in sorted(grouped.items())]


def _workload(
    address: str, kind: str, some: list[tuple[Resource, Sequence[PodTemplate]]], found: Mapping[str, Resource]
) -> Workload:
    members = tuple(resource for resource, _ in some)
    templates = tuple((resource, one) for resource, templates in some for one in templates)
    return Workload(address, kind, found.get(address, members[0]), members, templates)


def _outermost(
    resource: Resource, found: Mapping[str, Resource], by_name: Mapping[tuple[str, str], list[Resource]]
) -> tuple[str, str]:
    """The address and kind of the outermost owner, which need not be in the inputs."""
    address, kind = resource.address, resource.kind
    here: Resource | None = resource
    for _ in range(_MAX_OWNERS):
        owner = None if here is None else _owner(here, by_name)
        if owner is None or owner[0] == address:
            break
        address, kind = owner
        here = found.get(address)
    return address, kind


def _owner(resource: Resource, by_name: Mapping[tuple[str, str], list[Resource]]) -> tuple[str, str] | None:
    """The controller that `ownerReferences` names; a reference without a kind is looked up by name."""
    references = [one for one in items_of(dig(resource.attrs, "metadata", "ownerReferences")) if dig(one, "name")]
    chosen = next((one for one in references if dig(one, "controller") is True), next(iter(references), None))
    name, kind = dig(chosen, "name"), dig(chosen, "kind")
    if not isinstance(name, str):
        return None
    if not isinstance(kind, str) or not kind:
        known = [one for one in by_name.get((resource.namespace, name), ()) if one is not resource]
        if known:
            return known[0].address, known[0].kind
        version = dig(chosen, "apiVersion")
        # What nothing tells the kind of is called by what it has: pods.
        kind = _OWNERS_OF_VERSION.get(version.partition("/")[0], "Pod") if isinstance(version, str) else "Pod"
    if kind == "Node":
        return None
    place = f"{resource.namespace}/" if resource.namespace else ""
    return f"{place}{kind}/{name}", kind


def pods_of(workload: Workload, machines: frozenset[str] = frozenset()) -> list[Pod]:
    """The distinct kinds of pods of a workload; `machines` are those of Linux that the inputs show, by name."""
    found = {_pod(workload, resource, template, machines): None for resource, template in workload.templates}
    return list(found)


def _pod(workload: Workload, resource: Resource, template: PodTemplate, machines: frozenset[str]) -> Pod:
    labels = labels_of(template.labels, ADDED_LABELS.get(resource.kind, frozenset()))
    if not template.labels_known:
        doubt = labels.doubt or Doubt("value-unknown", (f"the labels of the pods of {workload.address}",))
        known = {**pod_labels(resource, template.path), **labels.known}
        labels = Labels(known, labels.unknown, complete=False, doubt=doubt)
    host = dig(template.spec, "hostNetwork")
    return Pod(
        workload.address,
        resource.namespace or "*",
        _with_account(labels, template),
        tuple(sorted({port for one in containers(template.spec) for port in _ports(one)})),
        None if isinstance(host, Unknown) else host is True,
        _ip(resource),
        beyond(template, machines),
    )


def _with_account(labels: Labels, template: PodTemplate) -> Labels:
    """The labels with the service account, `default` where none is written; an operator may have written another."""
    key = "serviceAccountName" if dig(template.spec, "serviceAccountName") is not None else "serviceAccount"
    account = dig(template.spec, key) or ("default" if template.labels_known else None)
    if isinstance(account, str):
        return Labels({**labels.known, SERVICE_ACCOUNT: account}, labels.unknown, labels.complete, labels.doubt)
    return Labels(labels.known, labels.unknown | {SERVICE_ACCOUNT}, labels.complete, labels.doubt)


def opaque(resource: Resource) -> tuple[Workload, Pod]:
    """A resource whose pods something else makes (an operator, a chart): they run, and have its operator's labels."""
    workload = Workload(resource.address, resource.kind, resource, (resource,), ())
    namespace = resource.attrs.get("namespace", "default") if resource.kind == HELM else resource.namespace
    doubt = Doubt("value-unknown", (f"the pods of {resource.address}",))
    labels = Labels(pod_labels(resource), complete=False, doubt=doubt)
    where = namespace if isinstance(namespace, str) and namespace else "*"
    return workload, Pod(resource.address, where, labels, (NamedPort("", "", 0),))


def _ip(resource: Resource) -> AddressRange | None:
    address = dig(resource.attrs, "status", "podIP")
    return parse_cidr(address) if isinstance(address, str) else None


def _ports(container: Container) -> Iterable[NamedPort]:
    """What a container declares; one of no known number where the list, or an item of it, is not known."""
    if container.role == "init":
        return
    if isinstance(container.value, Unknown):
        yield NamedPort("", "", 0)
        return
    for item in items_of(dig(container.value, "ports")):
        number, name, protocol = dig(item, "containerPort"), dig(item, "name"), dig(item, "protocol")
        if isinstance(item, Unknown):
            yield NamedPort("", "", 0)
            continue
        yield NamedPort(
            name if isinstance(name, str) else ("" if isinstance(name, Unknown) else " "),
            protocol if isinstance(protocol, str) else ("" if isinstance(protocol, Unknown) else "TCP"),
            number if isinstance(number, int) else 0,
        )


def namespaces(resources: Iterable[Resource]) -> dict[str, Labels]:
    """The labels of the namespaces that are declared."""
    return {one.name: _labels_of_space(one) for one in resources if one.kind == "Namespace" and one.group == ""}


def _labels_of_space(one: Resource) -> Labels:
    """The labels of a namespace; none is certain where its declaration may not be applied."""
    found = labels_of(dig(one.attrs, "metadata", "labels"))
    if one.possible is None:
        return found
    return Labels({}, found.unknown | found.known.keys(), found.complete, found.doubt or doubt_of(one.possible))


def undeclared(name: str) -> Labels:
    """The labels of a namespace that the inputs only refer to."""
    return Labels({}, complete=False, doubt=Doubt("selector-target-not-in-input", (f"Namespace/{name}",)))
