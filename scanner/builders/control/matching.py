"""What a rule of a role does to one member of the stack or one model: a row of the control table held against it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from msgspec import Struct

from scanner.builders.aws_policy.match import Truth
from scanner.builders.control.delivery import DELIVERY_GROUPS
from scanner.builders.control.grants import Grant
from scanner.builders.control.rights import CLUSTER_WIDE
from scanner.builders.control.targets import Cluster, Names, Target
from scanner.table_rows import ControlAction
from scanner.tables import control_actions

GUARDS = ("network", "admission", "guardrail")
"""What stands between callers and a model: who changes it changes the model's guard, though not the model."""
RUN_BY = frozenset({"runtime-class", "claim", "device"})
"""By `names` of a row: what a pod names and is run by, which decides what it is given, and beside whom it runs."""


class Ask(Struct, frozen=True, eq=False):
    """One row asked of one rule in one scope. minor: the version of the cluster, 0 where it is not known."""

    row: ControlAction
    grant: Grant
    scope: str
    cluster: Cluster
    minor: int = 0


def touches(ask: Ask, target: Target) -> Truth:
    """Whether the rule gives what the row asks for over the target."""
    row = ask.row
    if not _concerns(row, target):
        return Truth.NO
    best = _base(ask, target)
    if best is not Truth.NO:
        best = min(best, _TARGETS.get(row.names, _always)(ask, target))
    if not target.placed and ask.scope != CLUSTER_WIDE:
        best = min(best, Truth.POSSIBLE)
    if best is not Truth.NO and ask.grant.names:
        best = min(best, _NAMED.get(row.names, _always)(ask, target))
    return best


def given(ask: Ask) -> Truth:
    """Whether the rule gives what the row asks for at all in its scope, whatever it is done to."""
    row = ask.row
    if row.scope == "cluster" and ask.scope != CLUSTER_WIDE:
        return Truth.NO
    if row.names == "member":
        return Truth.POSSIBLE if any(ask.grant.speaks_of(verb) for verb in row.verbs) else Truth.NO
    if row.names == "foreign":
        return Truth.POSSIBLE if ask.grant.names_foreign(_known_groups(), row.verbs) else Truth.NO
    truth = ask.grant.allows(row)
    if row.before:
        truth = Truth.NO if ask.minor >= row.before else truth if ask.minor else min(truth, Truth.POSSIBLE)
    return truth if row.sure else min(truth, Truth.POSSIBLE)


@cache
def _known_groups() -> frozenset[str]:
    """The API groups whose objects the rows of the table speak of."""
    return frozenset(group for row in control_actions("kubernetes") for group in row.groups) | DELIVERY_GROUPS


def _concerns(row: ControlAction, target: Target) -> bool:
    """Of a model alone: who becomes or reaches it, changes its guards or what runs it; the stack is asked about all."""
    return target.stack or row.effect in ("become", "reach") or row.changes in GUARDS or row.names in RUN_BY


def _base(ask: Ask, target: Target) -> Truth:
    if ask.row.names != "member":
        return given(ask)
    suffix = ask.row.resources[0].removeprefix("*")
    return max(
        (ask.grant.permits(target.group, f"{target.plural}{suffix}", verb) for verb in ask.row.verbs), default=Truth.NO
    )


def _always(_ask: Ask, _target: Target) -> Truth:
    return Truth.YES


def _reads(names: Names) -> Truth:
    return Truth.YES if names.known else Truth.POSSIBLE if names.vague else Truth.NO


def _configmaps(_ask: Ask, target: Target) -> Truth:
    return _reads(target.configmaps)


def _secrets(ask: Ask, target: Target) -> Truth:
    """Secrets are seldom among the inputs: one that nothing refers to may still hold a token of the stack."""
    found = _reads(target.secrets)
    return max(found, Truth.POSSIBLE) if ask.row.effect == "become" else found


def _bare_pod(_ask: Ask, target: Target) -> Truth:
    return Truth.YES if target.kind == "Pod" else Truth.NO


def _workloads(ask: Ask, target: Target) -> Truth:
    """Any workload of the namespace will do, since it chooses its account and its labels; there must be one."""
    there = ask.cluster.holds(target.namespace, kinds(ask))
    return Truth.YES if there else Truth.POSSIBLE


def kinds(ask: Ask) -> frozenset[str]:
    """The resources of the row that the rule speaks of, by one of the row's verbs."""
    row = ask.row
    return frozenset(
        one
        for one in row.resources
        if any(ask.grant.permits(group, one, verb) is not Truth.NO for group in row.groups for verb in row.verbs)
    )


_TARGETS: dict[str, Callable[[Ask, Target], Truth]] = {
    "configmap": _configmaps,
    "secret": _secrets,
    "bare-pod": _bare_pod,
    "workload": _workloads,
    "runtime-class": lambda _ask, target: _reads(target.classes),
    "claim": lambda _ask, target: _reads(target.claims),
    "device": lambda _ask, target: min(_reads(target.claims), Truth.POSSIBLE),
}
"""By `names` of the row: what must be true of the target beside."""


def _known(ask: Ask, wanted: Callable[[str], Truth]) -> Truth:
    """The best answer over the names that the rule lists; one that is not known may be any."""
    best = Truth.NO
    for name in ask.grant.names:
        best = max(best, wanted(name) if isinstance(name, str) else Truth.POSSIBLE)
    return best


def _pods(ask: Ask, target: Target) -> Truth:
    return _known(ask, lambda name: pod_of(name, target.kind, target.name))


def pod_of(name: str, kind: str, workload: str) -> Truth:
    """Whether a pod of this name is one of the workload: a StatefulSet numbers its pods, others draw a name."""
    if kind == "Pod":
        return Truth.YES if name == workload else Truth.NO
    if not name.startswith(f"{workload}-"):
        return Truth.NO
    if kind == "StatefulSet":
        return Truth.YES if name.removeprefix(f"{workload}-").isdigit() else Truth.NO
    return Truth.POSSIBLE


def _proxied(ask: Ask, target: Target) -> Truth:
    """Pods by name; a Service of any name may lead to the target. Both may be written `scheme:name:port`."""

    def one(name: str) -> Truth:
        parts = name.split(":")
        bare = parts[1] if len(parts) == 3 else parts[0]
        return max(pod_of(bare, target.kind, target.name), Truth.POSSIBLE)

    return _known(ask, one)


def _one_of(ask: Ask, names: Names) -> Truth:
    found = _known(ask, lambda name: Truth.YES if name in names.known else Truth.NO)
    return max(found, Truth.POSSIBLE) if names.vague else found


def _other_workloads(ask: Ask, target: Target) -> Truth:
    some = kinds(ask)
    return _known(ask, lambda name: Truth.YES if ask.cluster.holds(target.namespace, some, name) else Truth.POSSIBLE)


def _objects(ask: Ask, target: Target) -> Truth:
    """The policy, route or binding of that name: it counts for certain where the inputs declare it."""
    where = "" if ask.row.scope == "cluster" else target.namespace
    some = kinds(ask)
    return _known(ask, lambda name: Truth.YES if ask.cluster.holds(where, some, name) else Truth.POSSIBLE)


_NAMED: dict[str, Callable[[Ask, Target], Truth]] = {
    "pods": _pods,
    "bare-pod": _pods,
    "proxied": _proxied,
    "member": lambda ask, target: ask.grant.named(target.name),
    "workload": _other_workloads,
    "account": lambda ask, target: _one_of(ask, target.accounts),
    "secret": lambda ask, target: _one_of(ask, target.secrets),
    "configmap": lambda ask, target: _one_of(ask, target.configmaps),
    "runtime-class": lambda ask, target: _one_of(ask, target.classes),
    "claim": lambda ask, target: _one_of(ask, target.claims),
    "device": lambda _ask, _target: Truth.POSSIBLE,
    "namespace": lambda ask, target: ask.grant.named(target.namespace),
    "nodes": lambda _ask, _target: Truth.POSSIBLE,
    "custom": lambda _ask, _target: Truth.POSSIBLE,
    "object": _objects,
    "anybody": lambda _ask, _target: Truth.NO,
}
"""By `names` of the row: what `resourceNames` leave of it over the target."""
