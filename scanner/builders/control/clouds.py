"""Rights in a cluster that a cloud's own access control gives, over the manifests that run there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.builders.control.built_in import READ, built_in
from scanner.builders.control.grants import Grant
from scanner.builders.control.rights import CLUSTER_WIDE, Right
from scanner.builders.draft import World
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown

CLUSTERS = ("aws_eks_cluster", "azurerm_kubernetes_cluster", "google_container_cluster")
EVERYTHING = "cluster-admin"
SECRETS = Grant(("",), ("secrets",), READ, (), None, "secret-reader")


class Estate(Struct, eq=False):
    """The manifests of a run: namespaces by unit, and the units that may run in a cluster declared elsewhere."""

    world: World
    spaces: dict[str, set[str]] = field(default_factory=dict)
    homeless: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, world: World) -> Estate:
        """Read from the inventory; a unit that declares a cluster runs there, and nowhere else."""
        made = cls(world)
        for one in world.inventory.objects:
            if not one.data:
                made.spaces.setdefault(one.unit, set()).add(one.name if one.kind == "Namespace" else one.namespace)
        clustered = {one.unit for one in world.inventory.of(*CLUSTERS)}
        made.homeless = set(made.spaces) - clustered
        return made

    def rights(self, given: Given) -> Iterator[Right]:
        """What is given, in the manifests of the same unit, and perhaps in those of a unit without a cluster."""
        for unit in sorted({given.by.unit, *self.homeless}):
            doubt = given.doubt or given.by.possible
            if unit != given.by.unit:
                doubt = doubt or apart(unit, given.by.unit)
            for namespace in self._within(unit, given.namespaces):
                for grant in given.grants:
                    yield Right(
                        given.who, unit, namespace, grant, given.origin, given.by.address, doubt=doubt, how=given.how
                    )

    def elsewhere(self, rights: Iterable[Right]) -> Iterator[Right]:
        """The same rights over another unit, where one of the two has no cluster and may be in that of the other."""
        housed = sorted(set(self.spaces) - self.homeless)
        for right in rights:
            for unit in housed if right.unit in self.homeless else sorted(self.homeless):
                yield replace(right, unit=unit, doubt=right.doubt or apart(unit, right.unit))

    def _within(self, unit: str, patterns: Iterable[str]) -> list[str]:
        """The scopes that patterns over namespaces come to: all of them, or those of the manifests."""
        wanted = list(patterns)
        if CLUSTER_WIDE in wanted:
            return [CLUSTER_WIDE]
        have = sorted(one for one in self.spaces.get(unit, ()) if one)
        return [one for one in have if any(fnmatchcase(one, pattern) for pattern in wanted)]


def apart(unit: str, other: str) -> Unknown:
    """What decides whether the objects of one unit are in the cluster of another."""
    cause = f"whether the manifests of `{unit}` run in the cluster of `{other}` is not known"
    return Unknown(cause, code="cross-unit", decided_by=("profile:units",))


class Given(Struct, frozen=True, eq=False):
    """Rules that a cloud gives to a principal. namespaces: patterns, `*` for the whole cluster. by: what gives them."""

    who: str
    grants: tuple[Grant, ...]
    namespaces: tuple[str, ...]
    by: Resource
    origin: Origin | None
    doubt: Unknown | None = None
    how: str = ""


def like(role: str, name: str) -> tuple[Grant, ...]:
    """The rules of a built-in role of Kubernetes, told by the name that the cloud gives them."""
    return tuple(Grant(one.groups, one.resources, one.verbs, one.names, None, name) for one in built_in(role) or ())


def anything(name: str) -> tuple[Grant, ...]:
    """Every rule, for what may give any of them."""
    return like(EVERYTHING, name)
