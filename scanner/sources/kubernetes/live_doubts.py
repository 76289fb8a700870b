"""Guards that could not be read: what they might close or let in is possible there, neither open nor closed.

An empty list of policies says that nothing is closed; a list that was refused says nothing. So a policy that admits
and denies everything stands in its place, of which nobody knows whether it exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scanner.resource import Attrs, Resource, SourceName
from scanner.sources.kubernetes.live_items import Lost, resource_name
from scanner.sources.kubernetes.live_marks import marked
from scanner.unknown import Unknown

NAME = "not-readable"
_CALICO = {
    # A tier of which nothing is known: it may come before every other.
    "tier": NAME,
    "selector": "all()",
    "types": ["Ingress", "Egress"],
    "ingress": [{"action": "Allow"}, {"action": "Deny"}],
    "egress": [{"action": "Allow"}, {"action": "Deny"}],
}
_CILIUM = {
    "endpointSelector": {},
    "ingress": [{"fromEntities": ["all"]}],
    "ingressDeny": [{"fromEntities": ["all"]}],
    "egress": [{"toEntities": ["all"]}],
    "egressDeny": [{"toEntities": ["all"]}],
}
_PLAIN = {
    "podSelector": {},
    "policyTypes": ["Ingress", "Egress"],
    # A peer of a field that nobody knows may be anyone.
    "ingress": [{"from": [{"notRead": {}}]}],
    "egress": [{"to": [{"notRead": {}}]}],
}


def _admin(allow: str) -> dict[str, Any]:
    found: dict[str, Any] = {"priority": 0, "subject": {"namespaces": {}}}
    for section, who in (("ingress", "from"), ("egress", "to")):
        found[section] = [{"action": action, who: [{"namespaces": {}}]} for action in (allow, "Deny")]
    return found


GUARDS: Mapping[tuple[str, str], tuple[bool, Mapping[str, Any]]] = {
    ("networking.k8s.io", "NetworkPolicy"): (True, _PLAIN),
    ("cilium.io", "CiliumNetworkPolicy"): (True, _CILIUM),
    ("cilium.io", "CiliumClusterwideNetworkPolicy"): (False, _CILIUM),
    ("crd.projectcalico.org", "NetworkPolicy"): (True, _CALICO),
    ("crd.projectcalico.org", "GlobalNetworkPolicy"): (False, _CALICO),
    ("projectcalico.org", "NetworkPolicy"): (True, _CALICO),
    ("projectcalico.org", "GlobalNetworkPolicy"): (False, _CALICO),
    ("policy.networking.k8s.io", "AdminNetworkPolicy"): (False, _admin("Allow")),
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"): (False, _admin("Allow")),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"): (False, {**_admin("Accept"), "tier": "Admin"}),
    # It may deny, and it may be one more that allows: an action that no mesh knows stands for both.
    ("security.istio.io", "AuthorizationPolicy"): (True, {"action": "NOT-READ", "rules": [{}]}),
    ("security.istio.io", "PeerAuthentication"): (True, {"mtls": {"mode": "NOT-READ"}}),
    ("networking.istio.io", "EnvoyFilter"): (True, {"configPatches": [{"applyTo": "LISTENER"}]}),
    ("networking.istio.io", "Sidecar"): (True, {"ingress": [{}]}),
}
"""By kind: whether it has a namespace, and the specification that may do everything."""


def stand_ins(lost: Iterable[Lost], spaces: Iterable[str], unit: str, source: SourceName) -> Iterator[Resource]:
    """A policy that may exist for each list of policies that is not known, in each namespace that it is of."""
    every = sorted(set(spaces))
    for one in lost:
        if one.what in GUARDS:
            spaced, spec = GUARDS[one.what]
            for space in ([one.space] if one.space else every) if spaced else [""]:
                yield _policy(one, space, spec, unit, source)


def _policy(one: Lost, space: str, spec: Mapping[str, Any], unit: str, source: SourceName) -> Resource:
    group, kind = one.what
    where = f"namespace `{space}`" if space else "the cluster"
    name = resource_name(one.call)
    cause = f"which `{name}` there are in {where} is not known: {one.call.cause or one.call.outcome}"
    address = "/".join(part for part in (space, kind, NAME) if part)
    origin = one.call.origin(name)
    version = "/".join(part for part in (group, str(one.call.parameters.get("version", ""))) if part)
    metadata = {"name": NAME, **({"namespace": space} if space else {})}
    attrs = marked({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": dict(spec)}, origin)
    return Resource(
        address=address,
        unit=unit,
        kind=kind,
        name=NAME,
        attrs=attrs if isinstance(attrs, Attrs) else Attrs(),
        origin=origin,
        source=source,
        group=group,
        namespace=space,
        possible=Unknown(cause, decided_by=(f"{name} in {space}" if space else name,)),
    )
