"""Kubernetes roles as rules: what each lets its holder do, the built-in and the aggregated ones included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from scanner.builders.aws_policy.match import Truth
from scanner.builders.draft import World
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.table_rows import ControlAction
from scanner.unknown import Unknown, Value

AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"


@dataclass(frozen=True, slots=True, eq=False)
class Grant:
    """One rule of a role. unknown: set where a part of the rule is not known."""

    groups: tuple[Value, ...]
    resources: tuple[Value, ...]
    verbs: tuple[Value, ...]
    names: tuple[Value, ...]
    origin: Origin | None
    role: str
    unknown: Unknown | None = None

    def allows(self, row: ControlAction) -> Truth:
        """Whether the rule gives what the row of the control table asks for."""
        resource = max((_among(one, self.resources, _fits) for one in row.resources), default=Truth.NO)
        parts = (_any(row.groups, self.groups), _any(row.verbs, self.verbs), resource)
        truth = min(parts)
        return min(truth, Truth.POSSIBLE) if self.unknown is not None and truth is not Truth.NO else truth


def _any(wanted: Iterable[str], have: tuple[Value, ...]) -> Truth:
    return max((_among(one, have, _same) for one in wanted), default=Truth.NO)


def _same(wanted: str, have: str) -> bool:
    return have in ("*", wanted)


def _fits(wanted: str, have: str) -> bool:
    """Whether a resource of a rule covers the wanted one: `*` is all, `*/x` is the subresource x of all."""
    return have in ("*", wanted) or (have.startswith("*/") and wanted.endswith(have[1:]))


def _among(wanted: str, have: tuple[Value, ...], fits: Callable[[str, str], bool]) -> Truth:
    if any(isinstance(one, str) and fits(wanted, one) for one in have):
        return Truth.YES
    return Truth.POSSIBLE if any(isinstance(one, Unknown) for one in have) else Truth.NO


WORKLOADS = ("deployments", "statefulsets", "daemonsets", "replicasets", "deployments/scale", "statefulsets/scale")
WRITE = ("create", "update", "patch", "delete", "deletecollection")


def _rule(groups: tuple[str, ...], resources: tuple[str, ...], verbs: tuple[str, ...], role: str) -> Grant:
    return Grant(groups, resources, verbs, (), None, role)


def built_in(name: str) -> list[Grant] | None:
    """The rules of a role that every cluster has, as far as they touch the safety layer; None for other names."""
    if name == "cluster-admin":
        return [_rule(("*",), ("*",), ("*",), name)]
    if name in ("admin", "edit"):
        pods = ("pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "services/proxy")
        more = ("configmaps", "secrets", "serviceaccounts", "services", "replicationcontrollers")
        rules = [
            _rule(("",), (*pods, *more), (*WRITE, "get"), name),
            _rule(("",), ("serviceaccounts",), ("impersonate",), name),
            _rule(("",), ("serviceaccounts/token",), ("create",), name),
            _rule(("apps",), WORKLOADS, WRITE, name),
            _rule(("batch",), ("jobs", "cronjobs"), WRITE, name),
            _rule(("networking.k8s.io",), ("ingresses", "networkpolicies"), WRITE, name),
        ]
        if name == "admin":
            rules.append(_rule(("rbac.authorization.k8s.io",), ("roles", "rolebindings"), WRITE, name))
        return rules
    return [] if name == "view" or name.startswith("system:") else None


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
                groups=tuple(items_of(rule.get("apiGroups"))),
                resources=tuple(items_of(rule.get("resources"))),
                verbs=tuple(items_of(rule.get("verbs"))),
                names=tuple(items_of(rule.get("resourceNames"))),
                origin=where,
                role=role.address,
                unknown=role.possible,
            )


def rules_of(world: World, unit: str, address: str) -> list[Grant] | None:
    """What the role at `address` gives, aggregation followed; None where the inputs do not show it."""
    role = world.inventory.at(unit, address)
    kind, _, name = address.rpartition("/")
    standard = built_in(name) if kind == "ClusterRole" else None
    if role is None:
        if standard is None:
            return None
        return [*standard, *_aggregated_to(world, unit, name)]
    found = list(grants_of(role))
    for selector in items_of(dig(role.attrs, "aggregationRule", "clusterRoleSelectors")):
        for other in world.inventory.of("ClusterRole", unit=unit):
            if other is not role and _selected(selector, other):
                found += grants_of(other)
    return found


def _aggregated_to(world: World, unit: str, name: str) -> Iterator[Grant]:
    """The rules of other roles that the cluster adds to `admin` and `edit`: what goes to `edit` is in `admin` too."""
    wanted = {"admin": ("admin", "edit"), "edit": ("edit",)}.get(name, ())
    for other in world.inventory.of("ClusterRole", unit=unit):
        labels = dig(other.attrs, "metadata", "labels")
        if any(str(dig(labels, AGGREGATE + one)).lower() == "true" for one in wanted):
            yield from grants_of(other)


def _selected(selector: Value, role: Resource) -> bool:
    """Whether a label selector may pick the role; expressions are taken to match."""
    wanted = dig(selector, "matchLabels")
    labels = dig(role.attrs, "metadata", "labels")
    if isinstance(selector, Unknown) or isinstance(labels, Unknown):
        return True
    if isinstance(wanted, Mapping):
        return all(isinstance(value, Unknown) or dig(labels, key) == value for key, value in wanted.items())
    return dig(selector, "matchExpressions") is not None
