"""Who may do what in a cluster of GKE: Google's IAM roles over the project, and access control of the old kind."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.aws_policy.statements import listed_in
from scanner.builders.control.clouds import Estate, Given, anything, like
from scanner.builders.control.grants import Grant
from scanner.builders.control.rights import CLUSTER_WIDE, Right
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, truth
from scanner.builders.k8s_identity import subject_node
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

CLUSTER = "google_container_cluster"
POLICY = "google_project_iam_policy"
CUSTOM = "google_project_iam_custom_role"
GRANTS = (
    "google_project_iam_member", "google_project_iam_binding", "google_folder_iam_member", "google_folder_iam_binding",
    "google_organization_iam_member", "google_organization_iam_binding",
)  # fmt: skip
ROLES = {
    "roles/owner": "cluster-admin",
    "roles/container.admin": "cluster-admin",
    "roles/resourcemanager.projectIamAdmin": "cluster-admin",
    "roles/iam.securityAdmin": "cluster-admin",
    "roles/editor": "edit",
    "roles/container.developer": "edit",
    "roles/viewer": "view",
    "roles/container.viewer": "view",
}
"""Role of Google -> the role of Kubernetes that it is like, in every namespace of every cluster of the project."""
MANAGES = frozenset({"roles/container.clusterAdmin"})
"""Roles over the cluster as a resource of Google."""
PERMISSIONS = {
    "container.pods.exec", "container.pods.attach", "container.pods.portForward", "container.pods.proxy",
    "container.pods.create", "container.pods.update", "container.deployments.create", "container.deployments.update",
    "container.secrets.get", "container.secrets.list", "container.serviceAccounts.createToken",
    "container.roleBindings.create", "container.clusterRoleBindings.create", "container.thirdPartyObjects.update",
    "container.services.proxy", "container.networkPolicies.update", "container.networkPolicies.delete",
    "container.configMaps.update", "container.namespaces.update", "container.namespaces.delete",
}  # fmt: skip
"""Permissions of a role of one's own that touch the stack, if any does."""


def google_rights(world: World, estate: Estate) -> Iterator[Right]:
    """The rights in the clusters of a unit, over its manifests."""
    units: set[str] = set()
    for cluster in world.inventory.of(CLUSTER):
        units.add(cluster.unit)
        for given in _legacy(world, cluster):
            yield from estate.rights(given)
    for one in world.inventory.of(*GRANTS):
        if one.unit in units:
            for given in _granted(world, one, one.attrs):
                yield from estate.rights(given)
    for one in world.inventory.of(POLICY):
        if one.unit in units:
            for given in _policy(world, one):
                yield from estate.rights(given)


def _legacy(world: World, cluster: Resource) -> Iterator[Given]:
    on = truth(cluster.attrs.get("enable_legacy_abac"), False)
    if on is False:
        return
    line = mark(cluster.attrs, "enable_legacy_abac") or cluster.origin
    cause = "whether access control of the old kind is on is not known"
    doubt = Unknown(cause, on.reason, on.decided_by) if isinstance(on, Doubt) else None
    how = "access control of the old kind gives every account of the cluster every right"
    for group in ("system:authenticated", "system:serviceaccounts"):
        who = subject_node(world, cluster.unit, "Group", group, line).id
        yield Given(who, anything("enable_legacy_abac"), (CLUSTER_WIDE,), cluster, line, doubt, how)


def _granted(world: World, one: Resource, body: Value) -> Iterator[Given]:
    """What one role for some members gives. body: the resource itself, or a binding of a policy document."""
    role = dig(body, "role")
    line = mark(body, "role") or one.origin
    found = _gives(world, one, role)
    if found is None:
        return
    grants, doubt = found
    if listed_in(dig(body, "condition")):
        cause = "whether its condition holds is not known"
        doubt = doubt or Unknown(cause, "condition-unevaluable", (f"{one.address}.condition",))
    for value in (*listed_in(dig(body, "member")), *listed_in(dig(body, "members"))):
        who, unsure = _member(world, one, value)
        yield Given(who, grants, (CLUSTER_WIDE,), one, line, doubt or unsure)


def _gives(world: World, one: Resource, role: Value) -> tuple[tuple[Grant, ...], Unknown | None] | None:
    """The rules that a role comes to in the cluster, and what decides them; None where it gives nothing there."""
    if isinstance(role, str) and role in ROLES:
        return like(ROLES[role], role), None
    if isinstance(role, str) and role in MANAGES:
        cause = f"whether `{role}` lets it into the cluster is not known: it may change how the cluster lets people in"
        return anything(role), Unknown(cause, decided_by=(f"{one.address}.role",))
    if isinstance(role, str) and role.startswith("roles/"):
        return None
    custom = world.inventory.find(role, one, CUSTOM)
    if isinstance(custom, Resource) and not _touches(custom):
        return None
    name = custom.address if isinstance(custom, Resource) else _shown(role)
    cause = f"what the role `{name}` gives in the cluster is not known"
    return anything(name), Unknown(cause, decided_by=(f"{one.address}.role",))


def _policy(world: World, one: Resource) -> Iterator[Given]:
    """The whole policy of a project: its document, or anybody where the inputs do not show it."""
    value = one.attrs.get("policy_data")
    ref = value.ref if isinstance(value, Unknown) else None
    document = None if ref is None else world.inventory.at(one.unit, ref.address)
    if document is not None and document.kind == "google_iam_policy":
        for block in items_of(document.attrs.get("binding")):
            yield from _granted(world, one, block)
    elif isinstance(value, Unknown):
        who = subject_node(world, one.unit, "Subject", f"{one.address}.policy_data", one.origin).id
        yield Given(who, anything("policy_data"), (CLUSTER_WIDE,), one, mark(one.attrs, "policy_data"), value)


def _shown(value: Value) -> str:
    return value.text() if isinstance(value, Unknown) else str(value)


def _touches(role: Resource) -> bool:
    listed = listed_in(role.attrs.get("permissions"))
    return any(isinstance(one, Unknown) or one in PERMISSIONS for one in listed)


def _member(world: World, one: Resource, value: Value) -> tuple[str, Unknown | None]:
    """The node of a member, as Kubernetes knows it: by its address of mail."""
    found = world.inventory.find(value, one, "google_service_account")
    parts = [piece for piece in value.pieces if isinstance(piece, Unknown)] if isinstance(value, Unknown) else []
    for piece in parts:
        inner = world.inventory.find(piece, one, "google_service_account")
        found = inner if isinstance(inner, Resource) else found
    if isinstance(found, Resource):
        world.set_actor(found.id)
        return found.id, None
    text = _shown(value)
    unknown = value if isinstance(value, Unknown) else None
    word, _, name = text.partition(":")
    if text in ("allUsers", "allAuthenticatedUsers"):
        return world.external("anyone").id, unknown
    if unknown is not None and text == "*":
        name = ", ".join(unknown.decided_by) or one.address
        return subject_node(world, one.unit, "Subject", name, one.origin).id, unknown
    return subject_node(world, one.unit, "Group" if word == "group" else "User", name or text, one.origin).id, unknown
