"""The control plane of clusters: who can change or switch off the safety stack by rights in Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.control.chains import chain_edges
from scanner.builders.control.clouds import Estate
from scanner.builders.control.derived import derived
from scanner.builders.control.eks import access_rights, add_groups
from scanner.builders.control.fan import Goal
from scanner.builders.control.host_pods import host_pod_edges
from scanner.builders.control.memberships import add_members
from scanner.builders.control.passing import guard_edges
from scanner.builders.control.platform import mark_operators, mark_platform
from scanner.builders.control.rancher import template_rights
from scanner.builders.control.rbac import Matcher, stack_edges
from scanner.builders.control.rbac_rules import RoleBook
from scanner.builders.control.rights import Right, rights_of
from scanner.builders.control.system import Ground
from scanner.builders.control.targets import clusters
from scanner.builders.control.version import api_versions
from scanner.builders.draft import World
from scanner.builders.k8s_identity import add_account_edges, add_group_edges, carried_roles
from scanner.graph.model import Role

RIGHTS = "control.rights"
"""Under which key of the memo every right in a cluster is kept."""


def build_cluster_control(world: World) -> None:
    """Add "write" edges to the safety stack by rights in clusters, and roles to the subjects that hold them."""
    book, estate = RoleBook(world), Estate.of(world)
    bound = rights_of(world, book)
    add_groups(world, estate)
    rights = [
        *bound,
        *estate.elsewhere(bound),
        *access_rights(world, estate),
        *_of_other_clouds(world, estate),
        *template_rights(world, book),
    ]
    add_members(world)
    mark_operators(world)
    mark_platform(world)
    every = [*rights, *derived(rights, book, Ground.of(world, rights))]
    world.memo[RIGHTS] = every
    _kubernetes(world, every)


def _of_other_clouds(world: World, estate: Estate) -> Iterator[Right]:
    """What Azure and Google Cloud give in their clusters; each is loaded only where there is anything of it."""
    if world.inventory.has_azure:
        from scanner.builders.control.azure import azure_rights

        yield from azure_rights(world, estate)
    if world.inventory.has_google:
        from scanner.builders.control.google import google_rights

        yield from google_rights(world, estate)


def _carried(world: World) -> dict[str, list[Goal]]:
    """Service account -> the roles of clouds that it carries."""
    found: dict[str, list[Goal]] = {}
    for one in carried_roles(world):
        doubt = ("value-unknown", one.decided_by) if one.decided_by else None
        found.setdefault(one.account, []).append(Goal(one.role, one.because, doubt, told=True))
    return found


def _kubernetes(world: World, rights: list[Right]) -> None:
    """The edges that rights open: onto the stack and the models, and from identity to identity."""
    matcher = Matcher(clusters(world), api_versions(world))
    found = stack_edges(world, rights, matcher)
    trusted = {node.id for node in world.with_role(Role.OPERATOR) if node.kind == "ServiceAccount"}
    found += guard_edges(world, rights)
    leads = {edge.source for edge in found} | trusted
    found += chain_edges(world, rights, matcher, leads, _carried(world))
    found += host_pod_edges(world, rights, matcher)
    for edge in found:
        world.add_edge(edge)
    used = {edge.source for edge in found} | {edge.target for edge in found}
    accounts = {one for one in used if world.nodes[one].kind == "ServiceAccount"}
    add_account_edges(world, accounts)
    add_group_edges(world, used)
