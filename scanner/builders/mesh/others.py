"""Authorizers of other meshes: not evaluated, but what they may guard is not certainly open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.pods import Workload
from scanner.builders.k8s_network.view import Target, View
from scanner.builders.k8s_policy.labels import Match, selector_of, selector_of_labels
from scanner.builders.k8s_policy.model import Pod
from scanner.graph.model import Edge, Plane, State
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value

REASON = "policy-engine-unmodelled"
LINKERD = "policy.linkerd.io"
CONSUL = "consul.hashicorp.com"
SMI = "access.smi-spec.io"
KUMA = "kuma.io"
_DEFAULT = "config.linkerd.io/default-inbound-policy"
_OPEN = frozenset({"all-unauthenticated", "audit"})
KINDS = {
    ("Server", LINKERD): "Linkerd",
    ("AuthorizationPolicy", LINKERD): "Linkerd",
    ("ServiceIntentions", CONSUL): "Consul",
    ("TrafficTarget", SMI): "Service Mesh Interface",
    ("MeshTrafficPermission", KUMA): "Kuma",
}
"""Kinds that say who may call, and whose they are."""


class Elsewhere(Struct, frozen=True):
    """What may guard a target: a sentence fragment and the doubt that it casts."""

    because: str
    doubt: Doubt


def elsewhere(view: View, some: Sequence[Resource], target: Target) -> Elsewhere | None:
    """The first authorizer of another mesh among `some` that may guard a target, and all of them as its doubt."""
    pods = [view.cluster.pods[index] for index in target.pods]
    found = sorted({one for pod in pods for one in _guards(view, some, target.workload, pod)})
    if not found:
        return None
    because = f"{found[0][0]} `{found[0][1]}` may guard it, and is not evaluated"
    return Elsewhere(because, Doubt(REASON, tuple(address for _, address in found)))


def _guards(view: View, some: Sequence[Resource], workload: Workload, pod: Pod) -> Iterator[tuple[str, str]]:
    for one in some:
        whose = KINDS.get((one.kind, one.group))
        if whose is not None and _may_guard(view, one, workload, pod):
            yield f"{one.kind} of {whose}", one.address
    for one in (*workload.members, *(each for each in some if _space(each, pod))):
        for note in _notes(one, workload):
            if note is not None and note not in _OPEN:
                yield f"`{_DEFAULT}` of Linkerd at", one.address


def _space(one: Resource, pod: Pod) -> bool:
    return one.kind == "Namespace" and one.group == "" and one.name == pod.namespace


def _notes(one: Resource, workload: Workload) -> Iterator[Value]:
    yield dig(one.attrs, "metadata", "annotations", _DEFAULT)
    yield from (
        template.annotations_unknown or template.annotations.get(_DEFAULT)
        for owner, template in workload.templates
        if owner is one
    )


def _may_guard(view: View, one: Resource, workload: Workload, pod: Pod) -> bool:
    spec = dig(one.attrs, "spec")
    if isinstance(spec, Unknown):
        return True
    if one.kind == "Server":
        picked = selector_of(dig(spec, "podSelector")).match(pod.labels)
        return one.namespace == pod.namespace and picked is not Match.NO
    if one.kind == "AuthorizationPolicy":
        # One that is attached to a Server guards what that selects.
        return one.namespace == pod.namespace and dig(spec, "targetRef", "kind") != "Server"
    if one.kind == "ServiceIntentions":
        return dig(spec, "destination", "name") in ("*", workload.resource.name, *_services(view, pod))
    if one.kind == "TrafficTarget":
        given = dig(spec, "destination")
        accounts = {dig(each.spec, "serviceAccountName") for _, each in workload.templates}
        return dig(given, "namespace") in (None, pod.namespace) and dig(given, "name") in (accounts or {None})
    return True


def _services(view: View, pod: Pod) -> Iterator[str]:
    for one in view.resources:
        selector = dig(one.attrs, "spec", "selector") if one.kind == "Service" and one.group == "" else None
        if selector and one.namespace == pod.namespace and selector_of_labels(selector).match(pod.labels):
            yield one.name


def doubted(view: View) -> None:
    """Make every open way into a target possible that an authorizer of another mesh may close."""
    found: dict[str, Elsewhere] = {}
    some = [one for one in view.resources if speaks(one) or one.kind == "Namespace"]
    for target in view.targets:
        guard = elsewhere(view, some, target)
        if guard is not None:
            found.update(dict.fromkeys(target.nodes, guard))
    if found:
        view.world.edges = [_doubted(view, one, found.get(one.target)) for one in view.world.edges]


def _doubted(view: View, edge: Edge, guard: Elsewhere | None) -> Edge:
    if guard is None or edge.plane is not Plane.NETWORK or edge.verb != "reach" or edge.state is State.POSSIBLE:
        return edge
    if view.world.nodes[edge.source].kind == "Container":
        return edge  # localhost passes no proxy
    because = f"{edge.because}; {guard.because}"
    doubt = guard.doubt
    return replace(edge, state=State.POSSIBLE, because=because, reason=doubt.reason, decided_by=doubt.decided_by)


def speaks(one: Resource) -> bool:
    """Whether a resource is an authorizer of another mesh, or asks for one."""
    if (one.kind, one.group) in KINDS:
        return True
    return any(_DEFAULT in str(key) for key in items_of(_keys(one)))


def _keys(one: Resource) -> list[Value]:
    notes = (
        dig(one.attrs, "metadata", "annotations"),
        dig(one.attrs, "spec", "template", "metadata", "annotations"),
    )
    return [key for note in notes if isinstance(note, dict) for key in note]
