"""Who is given rights by kinds of other makers: Rancher's bindings of role templates, and OpenShift's groups.

Sources: Rancher Manager documentation, "Cluster and Project Roles" (a ProjectRoleTemplateBinding counts in the
namespaces whose `field.cattle.io/projectId` names the project); OpenShift, "Using RBAC", `user.openshift.io/v1` Group.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.control.rights import CLUSTER_WIDE, Right, named_subject, unseen
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect
from scanner.graph.model import Plane
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

CLUSTER, PROJECT = "ClusterRoleTemplateBinding", "ProjectRoleTemplateBinding"
GLOBAL = "GlobalRoleBinding"
"""It gives rights in the cluster of Rancher itself, and by `inheritedClusterRoles` in every other."""
RANCHER, OPENSHIFT = "management.cattle.io", "user.openshift.io"
PROJECT_OF = "field.cattle.io/projectId"
_HARMLESS = {
    "RoleTemplate": frozenset(
        {"read-only", "view", "cluster-member", "monitoring-ui-view", "services-view", "workloads-view"}
    ),
    "GlobalRole": frozenset({"user", "user-base"}),
}
"""Roles of Rancher that change nothing in a cluster and read no Secret."""
_SUBJECTS = (
    ("groupPrincipalName", "Group"), ("groupName", "Group"), ("userPrincipalName", "User"), ("userName", "User"),
)  # fmt: skip


def template_rights(world: World) -> Iterator[Right]:
    """What bindings of Rancher may give: the rules of a role template are not evaluated, so nothing for certain."""
    for one in world.inventory.of(CLUSTER, PROJECT, GLOBAL):
        key, kind = ("globalRoleName", "GlobalRole") if one.kind == GLOBAL else ("roleTemplateName", "RoleTemplate")
        template = dig(one.attrs, key)
        if one.group != RANCHER or template is None or _harmless(world, one.unit, kind, template):
            continue
        shown = template if isinstance(template, str) else "*"
        origin = mark(one.attrs, key) or one.origin
        scopes = tuple(_namespaces(world, one)) if one.kind == PROJECT else (CLUSTER_WIDE,)
        for subject, place, who in _subjects(world, one):
            for grant in unseen(f"{kind}/{shown}", origin):
                for scope in scopes:
                    doubt = one.possible or who or grant.unknown
                    yield Right(subject, one.unit, scope, grant, origin, one.address, place, doubt)


def _harmless(world: World, unit: str, kind: str, name: Value) -> bool:
    """Whether a role is one of Rancher's own that changes nothing: the inputs declare none of that name themselves."""
    if not isinstance(name, str) or name not in _HARMLESS[kind]:
        return False
    return not any(one.name == name and one.group == RANCHER for one in world.inventory.of(kind, unit=unit))


def _subjects(world: World, one: Resource) -> Iterator[tuple[str, Origin, Unknown | None]]:
    for key, kind in _SUBJECTS:
        name = dig(one.attrs, key)
        place = mark(one.attrs, key) or one.origin
        if isinstance(name, Unknown):
            yield named_subject(world, one.unit, "Subject", name.text(), place), place, name
        elif isinstance(name, str) and name:
            yield named_subject(world, one.unit, kind, name.rpartition("://")[2], place), place, None


def _namespaces(world: World, one: Resource) -> Iterator[str]:
    """The namespaces that are, or may be, of the binding's project; Rancher writes that on them in the cluster."""
    project = dig(one.attrs, "projectName")
    declared = list(world.inventory.of("Namespace", unit=one.unit))
    for space in declared:
        said = dig(space.attrs, "metadata", "annotations", PROJECT_OF)
        if not isinstance(said, str) or not isinstance(project, str) or said == project:
            yield space.name
    if not declared:
        yield CLUSTER_WIDE


def add_members(world: World) -> None:
    """User -> Group, "become", for each user that an object of OpenShift puts in a group which rights speak of."""
    for one in world.inventory.like("Group", OPENSHIFT):
        group = f"{one.unit}:Group/{one.name}"
        users = one.attrs.get("users")
        if group not in world.nodes:
            continue
        for index, user in enumerate(items_of(users)):
            place = mark(one.attrs, "users", index) or one.origin
            name = user if isinstance(user, str) else user.text() if isinstance(user, Unknown) else ""
            if name:
                member = named_subject(world, one.unit, "User", name, place)
                because = f"`{one.address}` lists it: whoever is in the group has its rights"
                doubt = Doubt("value-unknown", (f"{one.address}: users",))
                connect(world, member, group, because, place, plane=Plane.IDENTITY, verb="become", doubt=doubt)
