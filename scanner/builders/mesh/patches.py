"""What changes the proxies themselves: EnvoyFilters, which can take a filter out, and listeners of a Sidecar's own."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy.labels import EVERY, Labels, Match, selector_of_labels
from scanner.builders.mesh.policies import within
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value

GROUP = "networking.istio.io"
REASON = "policy-engine-unmodelled"
_ELSEWHERE = frozenset({"SIDECAR_OUTBOUND", "GATEWAY"})
_ADDING = frozenset({"INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST", "ADD"})
_HARMLESS = frozenset({"CLUSTER", "BOOTSTRAP", "EXTENSION_CONFIG"})


def altered(resources: Iterable[Resource], namespace: str, labels: Labels, root: str | Unknown) -> Doubt | None:
    """Why the policies of a workload may not be all that its proxy does; None where no patch concerns them."""
    found = [one.address for one in resources if _concerns(one, namespace, labels, root)]
    return Doubt(REASON, tuple(sorted(found))) if found else None


def is_patch(one: Resource) -> bool:
    """Whether a resource is an EnvoyFilter."""
    return one.kind == "EnvoyFilter" and one.group == GROUP


def changes(one: Resource) -> bool:
    """Whether a resource may change what a proxy does with calls that come in; the egress of a Sidecar does not."""
    own = one.kind == "Sidecar" and one.group == GROUP and dig(one.attrs, "spec", "ingress") is not None
    return is_patch(one) or own


def _concerns(one: Resource, namespace: str, labels: Labels, root: str | Unknown) -> bool:
    if within(one.namespace, namespace, root) is Match.NO:
        return False
    spec = dig(one.attrs, "spec")
    if dig(spec, "targetRefs") and not isinstance(spec, Unknown):
        return False
    selector = dig(spec, "workloadSelector")
    picked = EVERY if selector is None else selector_of_labels(dig(selector, "labels"))
    if picked.match(labels) is Match.NO:
        return False
    if one.kind == "Sidecar":
        return True
    patches = dig(spec, "configPatches")
    return isinstance(patches, Unknown) or any(_harms(each) for each in items_of(patches))


def _harms(patch: Value) -> bool:
    """Whether a patch can weaken what comes in; a filter that is added before the others cannot take them out."""
    context, what, how = dig(patch, "match", "context"), dig(patch, "applyTo"), dig(patch, "patch", "operation")
    if (isinstance(context, str) and context in _ELSEWHERE) or (isinstance(what, str) and what in _HARMLESS):
        return False
    return not (what == "HTTP_FILTER" and isinstance(how, str) and how in _ADDING)
