"""Policies of Cilium and Calico: not evaluated yet, but what they may touch is known to be touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy.cluster import Cluster
from scanner.builders.k8s_policy.labels import EVERY, Requirement, Selector
from scanner.builders.k8s_policy.model import Direction, Peer, PeerKind
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value

REASON = "policy-engine-unmodelled"
_CALICO = ("crd.projectcalico.org", "projectcalico.org")
_PLAIN = ("k8s:", "any:")


@dataclass(frozen=True, slots=True)
class Touched:
    """What an engine's policies do to the pods: by direction, which pods, and by which policy."""

    by: Mapping[Direction, Mapping[int, tuple[str, ...]]]
    widened: Mapping[Direction, Mapping[int, tuple[str, ...]]]

    def doubt(self, pod: int, direction: Direction) -> Doubt | None:
        """Why an open way is only possible; None where no such policy selects the pod."""
        names = self.by[direction].get(pod)
        return Doubt(REASON, names) if names else None

    def widens(self, pod: int, direction: Direction) -> Doubt | None:
        """Why a way that the evaluated policies close may be open; None where no such policy admits anything."""
        names = self.widened[direction].get(pod)
        return Doubt(REASON, names) if names else None


def touched(cluster: Cluster, resources: list[Resource]) -> Touched:
    """The pods that policies of other engines select."""
    by: dict[Direction, dict[int, tuple[str, ...]]] = {one: {} for one in Direction}
    widened: dict[Direction, dict[int, tuple[str, ...]]] = {one: {} for one in Direction}
    for resource in resources:
        for subject, spec in _subjects(resource):
            selected = cluster.select(subject).maybe
            for direction in Direction:
                speaks, admits = _speaks(resource, spec, direction)
                for index in selected if speaks else ():
                    by[direction][index] = (*by[direction].get(index, ()), resource.address)
                    if admits:
                        widened[direction][index] = (*widened[direction].get(index, ()), resource.address)
    return Touched(by, widened)


def _subjects(resource: Resource) -> Iterator[tuple[Peer, Value]]:
    if resource.group in _CALICO and resource.kind in ("NetworkPolicy", "GlobalNetworkPolicy"):
        # Calico's selectors are a language of their own: every pod of the scope may be meant.
        yield Peer(PeerKind.PODS, resource.namespace), dig(resource.attrs, "spec")


def _cilium(value: Value) -> tuple[Selector, Selector]:
    """A Cilium endpoint selector where all of it are plain labels; the selector of everything otherwise."""
    labels = dig(value, "matchLabels")
    expressions = dig(value, "matchExpressions")
    if not isinstance(labels, Mapping) or expressions or isinstance(expressions, Unknown):
        return EVERY, EVERY
    terms: list[Requirement] = []
    for key, one in labels.items():
        for prefix in _PLAIN:
            key = key.removeprefix(prefix)
        if key.startswith(("io.kubernetes.", "io.cilium.", "reserved:")) or not isinstance(one, str):
            continue
        terms.append(Requirement(key, "In", (one,)))
    return Selector(tuple(sorted(terms))), EVERY


def _speaks(resource: Resource, spec: Value, direction: Direction) -> tuple[bool, bool]:
    """Whether a policy speaks of a direction, and whether it admits anything in it."""
    if isinstance(spec, Unknown):
        return True, True
    name = direction.value
    if resource.group == "cilium.io":
        admits = dig(spec, name) is not None
        return admits or dig(spec, f"{name}Deny") is not None, admits
    rules = items_of(dig(spec, name))
    types = items_of(dig(spec, "types"))
    speaks = bool(rules) or name.capitalize() in types or (not types and direction is Direction.INGRESS)
    return speaks, any(dig(one, "action") not in ("Deny", "Log") for one in rules)
