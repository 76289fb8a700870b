"""Capsule: what a tenant puts into each of its namespaces.

Facts: projectcapsule/capsule `api/v1beta2` (Tenant: `networkPolicies.items`, `additionalRoleBindings`,
`forceTenantPrefix`; TenantResource and GlobalTenantResource: `resources[].rawItems`) and its documentation: a namespace
of a tenant bears the label `capsule.clastix.io/tenant`, which the webhook sets when an owner creates it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.origin import Origin
from scanner.resource import Attrs, Unread, dig
from scanner.sources.kubernetes.inside.held import Holder, Inner, each, text
from scanner.sources.kubernetes.inside.others import TENANT
from scanner.sources.kubernetes.objects import looks_like_object
from scanner.unknown import Unknown, Value

MOST = 2_000
"""How many objects one tenant may make here."""
REMEDY = "scan what Capsule makes in the namespaces"
Item = tuple[Value, Origin]


def tenant(holder: Holder, spaces: Sequence[Attrs]) -> Iterator[Inner | Unread]:
    """NetworkPolicies and RoleBindings in every namespace of a Tenant."""
    policies = [
        (_object(value, "networking.k8s.io/v1", "NetworkPolicy", f"capsule-{holder.name}-{index}"), where)
        for index, (value, where) in enumerate(each(holder, "spec", "networkPolicies", "items"))
    ]
    bindings = [
        (_binding(value, f"capsule-{holder.name}-{index}"), where)
        for index, (value, where) in enumerate(each(holder, "spec", "additionalRoleBindings"))
    ]
    prefix = f"{holder.name}-" if dig(holder.value, "spec", "forceTenantPrefix") is True else ""
    yield from _spread(holder, [*policies, *bindings], spaces, holder.name, prefix)
    for key in ("additionalMetadata", "additionalMetadataList"):
        if dig(holder.value, "spec", "namespaceOptions", key) is not None:
            where = holder.place("spec", "namespaceOptions", key)
            yield holder.unread(where, "the labels that it gives to its namespaces", "write them in the namespaces")


def resource(holder: Holder, spaces: Sequence[Attrs]) -> Iterator[Inner | Unread]:
    """The items of a TenantResource or GlobalTenantResource, in every namespace that may be meant."""
    items = []
    for index, (one, _) in enumerate(each(holder, "spec", "resources")):
        items += list(each(holder, "spec", "resources", index, "rawItems"))
        for key in ("namespacedItems", "generators", "templates"):
            if dig(one, key):
                where = holder.place("spec", "resources", index, key)
                yield holder.unread(where, f"`{key}` is not followed", REMEDY)
    yield from _spread(holder, items, spaces, "", "")


def _object(value: Value, version: str, kind: str, name: str) -> Value:
    if not isinstance(value, Attrs):
        return value
    return Attrs({"apiVersion": version, "kind": kind, "metadata": Attrs({"name": name}), "spec": value})


def _binding(value: Value, name: str) -> Value:
    if not isinstance(value, Attrs):
        return value
    role = Attrs({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": value.get("clusterRoleName")})
    made = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": Attrs({"name": name}),
            "roleRef": role, "subjects": value.get("subjects")}  # fmt: skip
    return Attrs(made, {"subjects": value.marks["subjects"]} if "subjects" in value.marks else None)


def _spread(
    holder: Holder, items: Sequence[Item], spaces: Sequence[Attrs], owner: str, prefix: str
) -> Iterator[Inner | Unread]:
    """Each item in each namespace that is, or may be, one of the tenant's (of any tenant's, where `owner` is "")."""
    names = {text(dig(one, "metadata", "name")): dig(one, "metadata", "labels", TENANT) for one in spaces}
    if len(names) * len(items) > MOST:
        yield holder.unread(holder.origin, f"{len(items)} objects in {len(names)} namespaces are too many", REMEDY)
        return
    for value, where in items:
        if not isinstance(value, Attrs) or not looks_like_object(value):
            cause = value.cause if isinstance(value, Unknown) else "it is no object"
            yield holder.unread(where, cause, REMEDY)
            continue
        for name, label in sorted(names.items()):
            if owner and isinstance(label, str) and label != owner:
                continue
            if label is None and not name.startswith(prefix):
                continue
            sure = bool(owner) and label == owner
            cause = f"whether `{name}` is a namespace that `{holder.address}` writes to is not known"
            doubt = None if sure else Unknown(cause, decided_by=(f"Namespace/{name}: {TENANT}",))
            yield Inner(_in(value, name), where, doubt)


def _in(value: Attrs, namespace: str) -> Attrs:
    metadata = value.get("metadata")
    known = metadata if isinstance(metadata, Attrs) else Attrs()
    inside = Attrs({**known, "namespace": namespace}, known.marks)
    return Attrs({**value, "metadata": inside}, value.marks)
