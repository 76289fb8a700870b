"""What policies refer to beside pods: Services, and the sets of addresses of the engines."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from scanner.resource import Resource


class Objects(Struct):
    """The objects of one cluster by kind."""

    by_kind: dict[str, list[Resource]] = field(default_factory=dict)

    @classmethod
    def of(cls, resources: Iterable[Resource]) -> Objects:
        """Index what a policy may name."""
        found = cls()
        for one in resources:
            if one.kind in NAMED and not one.data:
                found.by_kind.setdefault(one.kind, []).append(one)
        return found

    def named(self, kind: str, name: str, namespace: str = "") -> Resource | None:
        """The object of that kind and name; None where the inputs do not show it for certain."""
        for one in self.by_kind.get(kind, ()):
            if one.name == name and one.namespace == namespace:
                return one if one.possible is None else None
        return None

    def all(self, *kinds: str) -> list[Resource]:
        """Every object of some kinds."""
        return [one for kind in kinds for one in self.by_kind.get(kind, ())]


NAMED = frozenset({"Service", "CiliumCIDRGroup", "NetworkSet", "GlobalNetworkSet", "Tier"})
