"""Who may do what in a cluster of AKS: Azure's role assignments, its administrator groups, and local accounts."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.aws_policy.statements import listed_in
from scanner.builders.blocks import first
from scanner.builders.control.clouds import Estate, Given, anything, like
from scanner.builders.control.grants import Grant
from scanner.builders.control.rights import CLUSTER_WIDE, Right
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, Truth, truth
from scanner.builders.k8s_identity import subject_node
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

CLUSTER = "azurerm_kubernetes_cluster"
ASSIGNMENT = "azurerm_role_assignment"
DIRECTORY = "azure_active_directory_role_based_access_control"
IN_CLUSTER = {
    "Azure Kubernetes Service RBAC Cluster Admin": "cluster-admin",
    "Azure Kubernetes Service RBAC Admin": "admin",
    "Azure Kubernetes Service RBAC Writer": "edit",
    "Azure Kubernetes Service RBAC Reader": "view",
}
"""Role of Azure that counts where Azure decides inside the cluster -> the role of Kubernetes that it is like."""
LOCAL = frozenset(
    {"Azure Kubernetes Service Cluster Admin Role", "Azure Kubernetes Service Contributor Role", "Contributor", "Owner"}
)
"""Roles of Azure that hand out the cluster's own administrator credential, where local accounts are left on."""
NOTHING = frozenset(
    {"Reader", "Azure Kubernetes Service Cluster User Role", "Azure Kubernetes Service Cluster Monitoring User"}
)
IDENTITIES = (
    "azurerm_user_assigned_identity", "azuread_group", "azuread_user", "azuread_service_principal",
    "azuread_application",
)  # fmt: skip


def azure_rights(world: World, estate: Estate) -> Iterator[Right]:
    """The rights in each cluster of AKS, over the manifests of its unit."""
    assignments = list(world.inventory.of(ASSIGNMENT))
    for cluster in world.inventory.of(CLUSTER):
        for given in _open_to_all(world, cluster):
            yield from estate.rights(given)
        for given in _administrators(world, cluster):
            yield from estate.rights(given)
        for one in assignments:
            if one.unit == cluster.unit:
                for given in _assigned(world, cluster, one):
                    yield from estate.rights(given)


def _doubt(answer: Truth, cause: str) -> Unknown | None:
    return Unknown(cause, answer.reason, answer.decided_by) if isinstance(answer, Doubt) else None


def _open_to_all(world: World, cluster: Resource) -> Iterator[Given]:
    """Without role based access control whoever signs in may do anything."""
    on = truth(cluster.attrs.get("role_based_access_control_enabled"), True)
    if on is not True:
        who = subject_node(world, cluster.unit, "Group", "system:authenticated", cluster.origin).id
        line = mark(cluster.attrs, "role_based_access_control_enabled") or cluster.origin
        doubt = _doubt(on, "whether role based access control is on is not known")
        yield Given(who, anything("every right"), (CLUSTER_WIDE,), cluster, line, doubt, "no access control is on")


def _administrators(world: World, cluster: Resource) -> Iterator[Given]:
    for block in items_of(cluster.attrs.get(DIRECTORY)):
        line = mark(block, "admin_group_object_ids") or cluster.origin
        for value in listed_in(dig(block, "admin_group_object_ids")):
            who = _principal(world, cluster, value, "Group")
            doubt = value if isinstance(value, Unknown) and value.ref is None else None
            yield Given(who, anything("cluster-admin"), (CLUSTER_WIDE,), cluster, line, doubt)


def _assigned(world: World, cluster: Resource, one: Resource) -> Iterator[Given]:
    scope = _scope(world, cluster, one)
    name = one.attrs.get("role_definition_name")
    if scope is None or (isinstance(name, str) and name in NOTHING):
        return
    namespaces, unsure = scope
    grants, gate = _gives(cluster, name)
    if gate is False or not grants:
        return
    kind = one.attrs.get("principal_type")
    who = _principal(world, one, one.attrs.get("principal_id"), kind if kind in ("User", "Group") else "Principal")
    line = mark(one.attrs, "role_definition_name") or one.origin
    doubt = unsure or (name if isinstance(name, Unknown) else None)
    doubt = doubt or _doubt(gate, "whether Azure decides what its principals may do in the cluster is not known")
    if not isinstance(name, (str, Unknown)) or (isinstance(name, str) and name not in (*IN_CLUSTER, *LOCAL)):
        cause = f"what the role `{name or one.attrs.get('role_definition_id') or '*'}` gives is not known"
        doubt = doubt or Unknown(cause, decided_by=(f"{one.address}.role_definition_id",))
    yield Given(who, grants, namespaces, one, line, doubt)


def _gives(cluster: Resource, name: Value) -> tuple[tuple[Grant, ...], Truth]:
    """The rules that a role of Azure comes to, and whether the cluster lets it count."""
    directory = first(cluster, f"{DIRECTORY}.azure_rbac_enabled")
    inside: Truth = truth(None if directory is None else directory.value, False)
    local: Truth = truth(cluster.attrs.get("local_account_disabled"), False)
    left_on: Truth = local if isinstance(local, Doubt) else not local
    if isinstance(name, str) and name in IN_CLUSTER:
        return like(IN_CLUSTER[name], name), inside
    if isinstance(name, str) and name in LOCAL:
        return anything(name), left_on
    return anything(name if isinstance(name, str) else "a role of Azure"), inside is not False or left_on is not False


def _scope(world: World, cluster: Resource, one: Resource) -> tuple[tuple[str, ...], Unknown | None] | None:
    """The namespaces that an assignment covers in this cluster; None where it is about something else."""
    value = one.attrs.get("scope")
    found = world.inventory.find(value, one)
    if isinstance(found, Resource):
        if found.kind in (CLUSTER, "azurerm_resource_group"):
            mine = found is cluster or found.kind != CLUSTER
            return ((CLUSTER_WIDE,), None) if mine else None
        return None
    parts = value.pieces if isinstance(value, Unknown) else ()
    for piece in parts:
        if isinstance(piece, Unknown) and world.inventory.find(piece, one) is cluster:
            tail = "".join(part for part in parts if isinstance(part, str))
            _, there, space = tail.partition("/namespaces/")
            return ((space,) if there and space else (CLUSTER_WIDE,)), None
    if isinstance(value, Unknown):
        if value.ref is not None and not value.ref.address.startswith("data."):
            return None
        return (CLUSTER_WIDE,), value
    text = str(value or "")
    broad = text.count("/") <= 4 or text.lower().count("/providers/") == 0
    return ((CLUSTER_WIDE,), None) if text.startswith("/") and broad else None


def _principal(world: World, one: Resource, value: Value, kind: str) -> str:
    """The identity that an object id names: a resource of the inputs, or a node of our own by its id."""
    found = world.inventory.find(value, one, *IDENTITIES)
    if isinstance(found, Resource):
        world.set_actor(found.id)
        return found.id
    shown = value.text() if isinstance(value, Unknown) else str(value)
    if isinstance(value, Unknown) and shown == "*":
        shown = ", ".join(value.decided_by) or one.address
    return subject_node(world, one.unit, kind, shown, one.origin).id
