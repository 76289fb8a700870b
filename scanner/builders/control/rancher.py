"""Who is given rights by Rancher: bindings of role templates and of global roles, by the rules that those have.

Sources: Rancher Manager documentation, "Cluster and Project Roles", "Custom Roles" and "Global Permissions" (a
ProjectRoleTemplateBinding counts in the namespaces whose `field.cattle.io/projectId` names the project; a template has
the rules of those in `roleTemplateNames`, an external one those of the ClusterRole of its name; a global role has its
rules in the cluster of Rancher, which is called `local`, and `inheritedClusterRoles` in every other one).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.builders.control.grants import Grant
from scanner.builders.control.rancher_roles import RANCHER, Templates
from scanner.builders.control.rbac_rules import RoleBook
from scanner.builders.control.rights import CLUSTER_WIDE, Right, named_subject
from scanner.builders.draft import World
from scanner.origin import Origin
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown

CLUSTER, PROJECT, GLOBAL = "ClusterRoleTemplateBinding", "ProjectRoleTemplateBinding", "GlobalRoleBinding"
PROJECT_OF = "field.cattle.io/projectId"
LOCAL = "local"
_SUBJECTS = (
    ("groupPrincipalName", "Group"), ("groupName", "Group"), ("userPrincipalName", "User"), ("userName", "User"),
)  # fmt: skip


def template_rights(world: World, book: RoleBook) -> Iterator[Right]:
    """What the bindings of Rancher give: certain in the cluster of Rancher itself, possible in any other of the run."""
    bindings = [one for one in world.inventory.of(CLUSTER, PROJECT, GLOBAL) if one.group == RANCHER]
    if not bindings:
        return
    roles = Templates(world, book)
    units = sorted({one.unit for one in world.inventory.objects if not one.data})
    for one in bindings:
        if one.kind == GLOBAL:
            yield from _global(world, one, roles, units)
        else:
            yield from _template(world, one, roles, units)


def _template(world: World, one: Resource, roles: Templates, units: Iterable[str]) -> Iterator[Right]:
    place = mark(one.attrs, "roleTemplateName") or one.origin
    found = roles.template(one.unit, dig(one.attrs, "roleTemplateName"), place)
    cluster = dig(one.attrs, "clusterName" if one.kind == CLUSTER else "projectName")
    local = isinstance(cluster, str) and cluster.partition(":")[0] == LOCAL
    for unit in [one.unit] if local else units:
        for scope, of in _scopes(world, one, unit):
            yield from _held(world, one, unit, scope, found, of or (None if local else _elsewhere(one)))


def _scopes(world: World, one: Resource, unit: str) -> Iterator[tuple[str, Unknown | None]]:
    """Where a binding counts: everywhere, or in each namespace that is, or may be, of its project."""
    if one.kind == CLUSTER:
        yield CLUSTER_WIDE, None
        return
    project = dig(one.attrs, "projectName")
    cause = f"which namespaces are of the project of `{one.address}` is not known: Rancher writes it on them"
    unsure = Unknown(cause, decided_by=(f"{one.address}: projectName",))
    declared = list(world.inventory.of("Namespace", unit=unit))
    for space in declared:
        said = dig(space.attrs, "metadata", "annotations", PROJECT_OF)
        if not isinstance(said, str) or not isinstance(project, str) or said == project:
            yield space.name, None if said == project else unsure
    if not declared:
        yield CLUSTER_WIDE, unsure


def _global(world: World, one: Resource, roles: Templates, units: Iterable[str]) -> Iterator[Right]:
    name, place = dig(one.attrs, "globalRoleName"), mark(one.attrs, "globalRoleName") or one.origin
    for scope, grants in roles.of_rancher(one.unit, name, place):
        yield from _held(world, one, one.unit, scope, grants, None)
    inherited = roles.inherited(one.unit, name, place)
    for unit in units if inherited else ():
        yield from _held(world, one, unit, CLUSTER_WIDE, inherited, _elsewhere(one))


def _elsewhere(one: Resource) -> Unknown:
    cause = "which cluster Rancher means is not known"
    return Unknown(cause, decided_by=(f"{one.address}: the cluster that Rancher gives it in",))


def _held(
    world: World, one: Resource, unit: str, scope: str, grants: Iterable[Grant], unsure: Unknown | None
) -> Iterator[Right]:
    """The rights of each subject of a binding. A rule that is not known decides before the cluster does."""
    grants = list(grants)
    for subject, place, who in _subjects(world, one, unit) if grants else ():
        for grant in grants:
            doubt = one.possible or who or grant.unknown or unsure
            yield Right(subject, unit, scope, grant, grant.origin, one.address, place, doubt)


def _subjects(world: World, one: Resource, unit: str) -> Iterator[tuple[str, Origin, Unknown | None]]:
    for key, kind in _SUBJECTS:
        name = dig(one.attrs, key)
        place = mark(one.attrs, key) or one.origin
        if isinstance(name, Unknown):
            yield named_subject(world, unit, "Subject", name.text(), place), place, name
        elif isinstance(name, str) and name:
            yield named_subject(world, unit, kind, name.rpartition("://")[2], place), place, None
