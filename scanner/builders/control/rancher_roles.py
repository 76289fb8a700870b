"""What the roles of Rancher give: the rules of role templates with those that they inherit, and of global roles.

Sources: the CRDs RoleTemplate and GlobalRole of `management.cattle.io/v3`; Rancher Manager documentation, "Cluster and
Project Roles" and "Global Permissions" for the roles that come with Rancher.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from scanner.builders.control.grants import Grant
from scanner.builders.control.rbac_rules import RoleBook, grants_of
from scanner.builders.control.rights import CLUSTER_WIDE, unseen
from scanner.builders.draft import World
from scanner.origin import Origin
from scanner.resource import Attrs, Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

RANCHER = "management.cattle.io"
TEMPLATE, ROLE = "RoleTemplate", "GlobalRole"
READS = frozenset({"read-only", "view", "cluster-member", "monitoring-ui-view", "services-view", "workloads-view"})
"""Role templates that come with Rancher, change nothing and read no Secret."""
AS_VIEW = frozenset({"read-only", "view"})
"""Of these, the ones that are, or inherit, the ClusterRole `view` of the cluster, with whatever that has there."""
MODEST = frozenset({"user", "user-base", "view-rancher-metrics"})
"""Global roles that come with Rancher and give nothing in a cluster that is there already."""


class Templates:
    """The role templates and global roles of all units; each is asked for by its name."""

    def __init__(self, world: World, book: RoleBook) -> None:
        self._book = book
        self._have: dict[tuple[str, str, str], list[Resource]] = {}
        for kind in (TEMPLATE, ROLE):
            for one in world.inventory.of(kind):
                if one.group == RANCHER:
                    self._have.setdefault((one.unit, kind, one.name), []).append(one)

    def template(self, unit: str, name: Value, place: Origin | None, seen: frozenset[str] = frozenset()) -> list[Grant]:
        """The rules of a role template, with all that it inherits; anything at all where the inputs lack it."""
        if not isinstance(name, str):
            return [] if name is None else unseen(f"{TEMPLATE}/*", place)
        if name in seen:
            return []
        declared = self._have.get((unit, TEMPLATE, name), [])
        found = [grant for one in declared for grant in self._rules(one, seen | {name})]
        if name in AS_VIEW:
            found += self._book.rules_of(unit, "ClusterRole/view") or []
        return found if declared or name in READS else unseen(f"{TEMPLATE}/{name}", place)

    def _rules(self, one: Resource, seen: frozenset[str]) -> Iterator[Grant]:
        external = one.attrs.get("external")
        if external is not True:
            yield from grants_of(one)
        if external is not None and external is not False:
            yield from self._external(one, external)
        inherited = one.attrs.get("roleTemplateNames")
        for index, name in enumerate(items_of(inherited)):
            where = mark(one.attrs, "roleTemplateNames", index) or one.origin
            yield from self.template(one.unit, name, where, seen)

    def _external(self, one: Resource, external: Value) -> list[Grant]:
        """What the ClusterRole of its name gives; `externalRules` only say what it is thought to give."""
        place = mark(one.attrs, "external") or one.origin
        known = self._book.rules_of(one.unit, f"ClusterRole/{one.name}") if external is True else None
        return known if known is not None else unseen(f"ClusterRole/{one.name}", place)

    def of_rancher(self, unit: str, name: Value, place: Origin | None) -> Iterator[tuple[str, list[Grant]]]:
        """What a global role gives in the cluster of Rancher: by namespace, or in every one."""
        declared = self._global(unit, name)
        for one in declared:
            yield CLUSTER_WIDE, list(grants_of(one))
            spaces = one.attrs.get("namespacedRules")
            for space in spaces if isinstance(spaces, Attrs) else ():
                yield space, list(grants_of(_with_rules(one, spaces, space)))
            if isinstance(spaces, Unknown):
                yield CLUSTER_WIDE, unseen(one.address, mark(one.attrs, "namespacedRules") or one.origin)
        if not declared:
            yield CLUSTER_WIDE, self._unseen(name, place)

    def inherited(self, unit: str, name: Value, place: Origin | None) -> list[Grant]:
        """What a global role gives in the clusters that Rancher manages."""
        declared = self._global(unit, name)
        found: list[Grant] = []
        for one in declared:
            listed = one.attrs.get("inheritedClusterRoles")
            for index, each in enumerate(items_of(listed)):
                where = mark(one.attrs, "inheritedClusterRoles", index) or one.origin
                found += self.template(unit, each, where)
        return found if declared else self._unseen(name, place)

    def _global(self, unit: str, name: Value) -> list[Resource]:
        return self._have.get((unit, ROLE, name), []) if isinstance(name, str) else []

    def _unseen(self, name: Value, place: Origin | None) -> list[Grant]:
        if name is None or (isinstance(name, str) and name in MODEST):
            return []
        return unseen(f"{ROLE}/{name if isinstance(name, str) else '*'}", place)


def _with_rules(one: Resource, spaces: Value, space: str) -> Resource:
    """The role as if the rules that it has in a namespace were its own."""
    where = mark(one.attrs, "namespacedRules", space) or one.origin
    return replace(one, attrs=Attrs({"rules": dig(spaces, space)}, {"rules": where}))
