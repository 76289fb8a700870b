"""Patches and plug-ins of Istio on the proxy before a member of the stack: what comes in, they may answer.

Sources: istio.io "WasmPlugin" (`match.mode` SERVER is what comes in, CLIENT what goes out; `targetRefs` are Gateways,
classes of them and Services), "TrafficExtension", "EnvoyFilter" (contexts), "Sidecar" (`ingress[].defaultEndpoint`).
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from scanner import tables
from scanner.builders.blocks import strings
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.view import Target, View, own_line
from scanner.builders.k8s_policy.labels import Match, Selector, selector_of_labels
from scanner.builders.k8s_policy.model import Pod
from scanner.builders.mesh.authorizer import Authorizer
from scanner.builders.mesh.installed import installed
from scanner.builders.mesh.membership import Plane
from scanner.builders.mesh.places import GATEWAYS, WAYPOINT_CLASS, Places, templates
from scanner.builders.mesh.policies import refs, within
from scanner.builders.stack_ways.way import leg
from scanner.builders.switches.scope import SAFETY
from scanner.graph.facts_ways import Diverted
from scanner.graph.model import Role
from scanner.podspec import PodTemplate
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value

ISTIO, EXTENSIONS = "networking.istio.io", "extensions.istio.io"
_PLUGINS = frozenset({("WasmPlugin", EXTENSIONS), ("TrafficExtension", EXTENSIONS)})
_PATCHES = frozenset({("EnvoyFilter", ISTIO), ("Sidecar", ISTIO)})
_OUTWARD = ("SIDECAR_OUTBOUND", "GATEWAY")
_HARMLESS = (
    "local_ratelimit", "ratelimit", "cors", "compressor", "decompressor", "buffer", "grpc_stats", "grpc_web",
    "health_check", "header_to_metadata", "bandwidth_limit", "rbac", "csrf", "file_system_buffer", "stateful_session",
)  # fmt: skip
"""HTTP filters of Envoy that limit, count, refuse or label requests, and answer none as a classifier would."""
_TUNING = frozenset({"BOOTSTRAP", "LISTENER"})
_ADDS = ("INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST", "ADD")


def patched(view: View, services: Services) -> Iterator[tuple[str, Diverted]]:
    """A fact for each patch on the proxy of a target that may do anything to what comes in."""
    some = [one for one in view.resources if (one.kind, one.group) in _PLUGINS | _PATCHES and _inward(one)]
    if not some:
        return
    places = Places.of(view, Authorizer.of(view.resources, installed(view.world, view.unit, view.resources)))
    for one in sorted(some, key=lambda each: each.address):
        safety = any(tables.pattern(SAFETY).search(found.text) for found in strings(dig(one.attrs, "spec")))
        for target in view.targets:
            if safety and any(Role.GATEWAY in view.world.nodes[node].roles for node in target.nodes):
                continue  # a filter on the gateway that asks a classifier is part of the stack
            if any(_concerns(places, services, one, target, pod, made) for pod, made in templates(target.workload)):
                yield from _told(view, one, target)


def _told(view: View, one: Resource, target: Target) -> Iterator[tuple[str, Diverted]]:
    because = f"it changes what the proxy before `{target.name}` does with what comes in"
    step = leg(one, own_line(one), because)
    cause = f"what `{one.address}` does to calls that come in is not known"
    away = Unknown(cause, code="kind-unmodelled", decided_by=(one.address,))
    for node in target.nodes[:1]:
        yield node, Diverted(origin=step.origin, because=because, by=one.address, away=away, legs=(step,))


def _inward(one: Resource) -> bool:
    """Whether an object may change what a proxy does with calls that come in."""
    spec = dig(one.attrs, "spec")
    if isinstance(spec, Unknown):
        return True
    if one.kind == "Sidecar":
        listed = dig(spec, "ingress")
        return isinstance(listed, Unknown) or any(_leads_on(each) for each in items_of(listed))
    if one.kind == "EnvoyFilter":
        listed = dig(spec, "configPatches")
        return isinstance(listed, Unknown) or any(_may_answer(each) for each in items_of(listed))
    listed = dig(spec, "match")
    if listed is None or isinstance(listed, Unknown):
        return True
    return any(dig(each, "mode") != "CLIENT" for each in items_of(listed))


def _leads_on(listener: Value) -> bool:
    """Whether a listener of a Sidecar sends what comes in to another port than its own."""
    end, port = dig(listener, "defaultEndpoint"), dig(listener, "port", "number")
    return end is not None and not (isinstance(end, str) and end.rpartition(":")[2] == str(port))


def _may_answer(patch: Value) -> bool:
    if isinstance(patch, Unknown):
        return True
    context, what = dig(patch, "match", "context"), dig(patch, "applyTo")
    if _is_of(context, _OUTWARD) or _is_of(what, _TUNING):
        return False
    name = dig(patch, "patch", "value", "name")
    adds = _is_of(dig(patch, "patch", "operation"), _ADDS)
    known = isinstance(name, str) and name.startswith("envoy.filters.http.") and name.endswith(_HARMLESS)
    return not (what == "HTTP_FILTER" and adds and known)


def _is_of(value: Value, names: Container[str]) -> bool:
    """Whether a value is a text and one of the names; a list or a mapping has no place in a set."""
    return isinstance(value, str) and value in names


def _concerns(
    places: Places, services: Services, one: Resource, target: Target, pod: Pod, template: PodTemplate
) -> bool:
    spec = dig(one.attrs, "spec")
    if within(one.namespace, pod.namespace, places.authorizer.mesh.root) is Match.NO:
        return False
    meshed = places.member(pod, template).plane is not Plane.NONE
    named = refs(spec)
    if named is None or named:
        return named is None or any(_named(places, services, one, each.kind, each.name, target) for each in named)
    picked = _selector(one, spec)
    if picked is None:
        return meshed or one.namespace == pod.namespace
    return picked.match(pod.labels) is not Match.NO and (meshed or one.namespace == pod.namespace)


def _selector(one: Resource, spec: Value) -> Selector | None:
    plugin = (one.kind, one.group) in _PLUGINS
    given = dig(spec, "selector" if plugin else "workloadSelector")
    return None if given is None else selector_of_labels(dig(given, "matchLabels" if plugin else "labels"))


def _named(places: Places, services: Services, one: Resource, kind: str, name: str, target: Target) -> bool:
    """Whether a target reference means a Service of the target, or a waypoint that may stand before it."""
    if kind == "Service":
        service = services.by_name.get((one.namespace, name))
        return service is not None and any(door.target.name == target.name for door in services.doors(service))
    if kind == "GatewayClass":
        return name == WAYPOINT_CLASS
    gateway = places.gateways.get((one.namespace, name))
    if kind != "Gateway" or (gateway is not None and gateway.group != GATEWAYS):
        return False
    return gateway is None or dig(gateway.attrs, "spec", "gatewayClassName") == WAYPOINT_CLASS
