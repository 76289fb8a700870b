"""Kubernetes roles as rules: what each gives, the built-in and the aggregated ones included.

What other builders may rest on: `RoleBook.rules_of`, `Grant.permits`, `Grant.named` and `rights.rights_of`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from scanner.builders.control.built_in import AGGREGATE, AGGREGATED, built_in, built_in_role
from scanner.builders.control.grants import Grant
from scanner.builders.draft import World
from scanner.builders.k8s_policy.labels import Labels, Match, Requirement, Selector, labels_of, selector_of
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

__all__ = ["Grant", "RoleBook", "built_in", "grants_of"]

AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate"


def grants_of(role: Resource) -> Iterator[Grant]:
    """The rules that a Role or ClusterRole has written."""
    listed = role.attrs.get("rules")
    for index, rule in enumerate(items_of(listed)):
        place = mark(role.attrs, "rules", index) or role.origin
        if isinstance(rule, Unknown):
            yield Grant((rule,), (rule,), (rule,), (), place, role.address, rule)
        elif isinstance(rule, Mapping):
            where = mark(rule, "verbs") or mark(rule, "resources") or place
            yield Grant(
                groups=_texts(rule, "apiGroups", role),
                resources=_texts(rule, "resources", role),
                verbs=_texts(rule, "verbs", role),
                names=_texts(rule, "resourceNames", role),
                origin=where,
                role=role.address,
                unknown=role.possible,
            )


def _texts(rule: Mapping[str, Value], key: str, role: Resource) -> tuple[str | Unknown, ...]:
    """The items of a list of a rule; what is no text there is taken as not known."""
    cause = f"`{key}` of `{role.address}` holds something that is no text"
    odd = Unknown(cause, decided_by=(f"{role.address}: {key}",))
    return tuple(one if isinstance(one, (str, Unknown)) else odd for one in items_of(rule.get(key)))


class RoleBook:
    """The roles of all units, each resolved once: its own rules, and those that aggregation adds to it."""

    def __init__(self, world: World) -> None:
        self._roles: dict[str, dict[str, Resource]] = {}
        self._labels: dict[str, Labels] = {}
        self._by_key: dict[tuple[str, str], list[Resource]] = {}
        self._vague: dict[str, list[Resource]] = {}
        self._found: dict[tuple[str, str], list[Grant] | None] = {}
        for role in (*world.inventory.of("ClusterRole"), *world.inventory.of("Role")):
            self._roles.setdefault(role.unit, {})[role.address] = role
        for role in world.inventory.of("ClusterRole"):
            labels = labels_of(dig(role.attrs, "metadata", "labels"))
            self._labels[role.id] = labels
            if not labels.complete:
                self._vague.setdefault(role.unit, []).append(role)
            for key in (*labels.known, *labels.unknown):
                self._by_key.setdefault((role.unit, key), []).append(role)

    def rules_of(self, unit: str, address: str) -> list[Grant] | None:
        """What the role at `address` (`ClusterRole/x`, `namespace/Role/x`) gives; None where the inputs lack it."""
        key = (unit, address)
        if key not in self._found:
            self._found[key] = self._resolve(unit, address, frozenset())
        return self._found[key]

    def _resolve(self, unit: str, address: str, seen: frozenset[str]) -> list[Grant] | None:
        role = self._roles.get(unit, {}).get(address)
        head, _, name = address.rpartition("/")
        namespace = head.rpartition("/")[0]
        standard = built_in_role(namespace, name) if namespace else built_in(name)
        if role is None and standard is None:
            return None
        found = list(grants_of(role)) if role is not None else []
        if standard is not None and not _kept_apart(role):
            found += standard
            for one in AGGREGATED.get(name, ()) if not namespace else ():
                selector = Selector((Requirement(AGGREGATE + one, "In", ("true",)),))
                found += self._selected(unit, selector, seen | {address})
        if role is not None:
            for value in items_of(dig(role.attrs, "aggregationRule", "clusterRoleSelectors")):
                found += self._selected(unit, selector_of(value), seen | {address})
        return found

    def _selected(self, unit: str, selector: Selector, seen: frozenset[str]) -> Iterator[Grant]:
        """The rules of every ClusterRole that the selector picks, those that it was given itself included."""
        for role in self._candidates(unit, selector):
            match = selector.match(self._labels[role.id])
            if role.address in seen or match is Match.NO:
                continue
            rules = self._resolve(unit, role.address, seen | {role.address}) or ()
            yield from rules if match is Match.YES else (_doubted(grant, role) for grant in rules)

    def _candidates(self, unit: str, selector: Selector) -> list[Resource]:
        needed = next((term.key for term in selector.terms if term.operator in ("In", "Exists")), None)
        if needed is None:
            return [role for role in self._roles.get(unit, {}).values() if role.kind == "ClusterRole"]
        return [*self._by_key.get((unit, needed), ()), *self._vague.get(unit, ())]


def _kept_apart(role: Resource | None) -> bool:
    """Whether a built-in role that the inputs declare is kept as they say: the API server restores the others."""
    said = None if role is None else dig(role.attrs, "metadata", "annotations", AUTOUPDATE)
    return isinstance(said, str) and said.lower() == "false"


def _doubted(grant: Grant, role: Resource) -> Grant:
    cause = f"whether `{role.address}` is added to it is not known: its labels, or what they are asked for, are not"
    return replace(grant, unknown=grant.unknown or Unknown(cause, decided_by=(f"{role.address}: metadata.labels",)))
