"""Identities that rights over the Kubernetes API let their holder take: service accounts, users and groups.

An account is followed only where it leads on: where it holds a right over the stack, carries a role of a cloud, or is
an operator. So the work grows with the bindings and the accounts, never with their product.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.builders.aws_policy.match import Truth
from scanner.builders.control.fan import Goal, aimed, spread, surest
from scanner.builders.control.matching import pod_of
from scanner.builders.control.rbac import Matcher, decider, tell
from scanner.builders.control.rights import CLUSTER_WIDE, Right, named_subject
from scanner.builders.draft import World
from scanner.builders.k8s_identity import ACCOUNTS, groups_of, runs_as
from scanner.graph.model import Edge, Plane, State
from scanner.table_rows import ControlAction
from scanner.unknown import Unknown

ANY, RUNNING = "any", "running"
NAMED = "named"
WHY = {
    ANY: "what it starts may run as any service account there",
    RUNNING: "it acts as the service account that the pods run as",
    NAMED: "it acts as whom the rule names",
}
FEW = 64
"""Up to so many pairs of a holder and an account each has its own edge."""
HOW = {
    "create-pods": ANY, "create-workloads": ANY, "create-custom-workloads": ANY, "change-workloads": ANY,
    "mint-token": ANY, "impersonate": ANY, "mutate-on-admission": ANY, "change-pods": RUNNING,
    "exec-into-pod": RUNNING, "exec-by-websocket": RUNNING, "debug-container": RUNNING, "kubelet-proxy": RUNNING,
}  # fmt: skip
"""Row of the control table -> whose account its holder gets: any of the namespace, or one that a pod runs as."""
BY_ACCOUNT = frozenset({"mint-token", "impersonate"})
BY_POD = frozenset({"change-pods", "exec-into-pod", "exec-by-websocket", "debug-container"})


class Space(Struct, eq=False):
    """What leads on from a namespace of one unit.

    goals: by how it is got at. running: account -> workloads. vague: workloads whose account nobody knows.
    """

    goals: dict[str, list[Goal]] = field(default_factory=lambda: {ANY: [], RUNNING: []})
    running: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    vague: set[str] = field(default_factory=set)


class Chains(Struct, eq=False):
    """The state of one pass. carried: account node id -> the roles of clouds that its pods are given."""

    world: World
    matcher: Matcher
    carried: dict[str, list[Goal]]
    spaces: dict[tuple[str, str], Space] = field(default_factory=dict)
    sources: dict[tuple[str, str, str], list[Edge]] = field(default_factory=dict)
    direct: list[Edge] = field(default_factory=list)


def chain_edges(
    world: World, rights: Iterable[Right], matcher: Matcher, leads: set[str], carried: dict[str, list[Goal]]
) -> list[Edge]:
    """Edges from holders of rights to identities that lead on. leads: node ids of subjects that do, as far as known."""
    chains = Chains(world, matcher, carried)
    for one in runs_as(world):
        space = chains.spaces.setdefault((one.resource.unit, one.namespace), Space())
        if isinstance(one.name, Unknown):
            space.vague.add(one.resource.address)
        else:
            space.running.setdefault(one.name, []).append((one.resource.kind, one.resource.name))
    by_scope: dict[tuple[str, str], list[Right]] = {}
    for right in rights:
        by_scope.setdefault((right.unit, right.namespace), []).append(right)
        for row, truth in matcher.rows(right.grant, right.unit, right.namespace) if right.grant.names else ():
            if row.action == "impersonate-anybody":
                chains.direct += _impersonated(world, right, row, right.settle(truth))
    _follow(chains, by_scope, leads)
    return [*surest(chains.direct), *_spread(chains)]


def _follow(chains: Chains, by_scope: dict[tuple[str, str], list[Right]], leads: set[str]) -> None:
    """Namespaces into which an account that leads on falls are asked who gets in; who does may be an account itself.

    What a right gives is asked where it leads to somebody alone: most lead to nobody.
    """
    waiting = sorted({*leads, *chains.carried})
    known = set(waiting)
    asked: set[tuple[str, str]] = set()
    while waiting:
        node_id = waiting.pop()
        for unit, namespace in _add_goals(chains, node_id):
            for scope in ((unit, namespace), (unit, CLUSTER_WIDE)):
                if scope in asked:
                    continue
                asked.add(scope)
                for right in by_scope.get(scope, ()):
                    if _enters(chains, right) and right.subject not in known:
                        known.add(right.subject)
                        waiting.append(right.subject)


def _add_goals(chains: Chains, node_id: str) -> Iterator[tuple[str, str]]:
    """Note what an identity leads to in its namespace; yield the namespaces that it touches, by unit."""
    node = chains.world.nodes[node_id]
    unit = node_id.removesuffix(f":{node.address}")
    if node.kind == "ServiceAccount" and node.namespace:
        space = chains.spaces.setdefault((unit, node.namespace), Space())
        goals = [Goal(node_id, f"`{node.address}` is a service account there"), *chains.carried.get(node_id, ())]
        space.goals[ANY] += goals
        if node.name in space.running:
            space.goals[RUNNING] += goals
        elif space.vague:
            doubt = ("value-unknown", tuple(sorted(space.vague)))
            space.goals[RUNNING] += [replace(goal, doubt=goal.doubt or doubt) for goal in goals]
        yield unit, node.namespace
    elif node.kind == "Group" and node.name.startswith(ACCOUNTS):
        namespace = node.name.removeprefix(ACCOUNTS).removeprefix(":")
        mine = [(unit, namespace)] if namespace else sorted(key for key in chains.spaces if key[0] == unit)
        for key in mine:
            goal = Goal(node_id, f"every service account of `{key[1]}` is in the group", told=True)
            space = chains.spaces.setdefault(key, Space())
            space.goals[ANY].append(goal)
            if space.running or space.vague:
                space.goals[RUNNING].append(goal)
            yield key


def _enters(chains: Chains, right: Right) -> bool:
    """Whether a right lets its holder take an account of its namespaces; note by what."""
    rows = [
        (row, truth)
        for row, truth in chains.matcher.rows(right.grant, right.unit, right.namespace)
        if row.action in HOW
    ]
    for row, truth in rows:
        _enter(chains, right, row, right.settle(truth))
    return bool(rows)


def _enter(chains: Chains, right: Right, row: ControlAction, truth: Truth) -> None:
    names = right.grant.names
    if not names or any(isinstance(name, Unknown) for name in names) or row.action not in BY_ACCOUNT | BY_POD:
        sure = truth if not names or row.action == "change-workloads" else min(truth, Truth.POSSIBLE)
        edge = _edge(right, row, sure, HOW[row.action])
        chains.sources.setdefault((right.unit, right.namespace, HOW[row.action]), []).append(edge)
        return
    if right.namespace != CLUSTER_WIDE:
        keys = [(right.unit, right.namespace)] if (right.unit, right.namespace) in chains.spaces else []
    else:
        keys = sorted(key for key in chains.spaces if key[0] == right.unit)
    for key in keys:
        chains.direct += _by_name(chains, right, row, truth, key)


def _by_name(chains: Chains, right: Right, row: ControlAction, truth: Truth, key: tuple[str, str]) -> Iterator[Edge]:
    """The accounts that the names of a rule come to: by their own name, or by that of a pod which runs as them."""
    unit, namespace = key
    for name in sorted({str(one) for one in right.grant.names}):
        accounts = {name: Truth.YES} if row.action in BY_ACCOUNT else _of_pod(chains.spaces[key], name)
        for account, sure in accounts.items():
            node_id = f"{unit}:{namespace}/ServiceAccount/{account}"
            if node_id in chains.world.nodes:
                yield _edge(right, row, min(truth, sure), node_id)
            for goal in chains.carried.get(node_id, ()):
                yield aimed(_edge(right, row, min(truth, sure), ""), goal)
            for group in groups_of(namespace)[:2]:
                group_id = f"{unit}:Group/{group}"
                if group_id in chains.world.nodes:
                    yield _edge(right, row, min(truth, sure), group_id)


def _of_pod(space: Space, pod: str) -> dict[str, Truth]:
    found: dict[str, Truth] = {}
    for account, workloads in space.running.items():
        best = max(pod_of(pod, kind, name) for kind, name in workloads)
        if best is not Truth.NO:
            found[account] = best
    return found


def _impersonated(world: World, right: Right, row: ControlAction, truth: Truth) -> Iterator[Edge]:
    """The users and groups that a rule names; a group is only taken beside a user, which another rule must give."""
    for kind, resource in (("User", "users"), ("Group", "groups")):
        given = max(right.grant.permits(group, resource, "impersonate") for group in row.groups)
        sure = min(truth, given, Truth.YES if kind == "User" else Truth.POSSIBLE)
        for name in right.grant.names if given is not Truth.NO else ():
            if isinstance(name, str):
                yield _edge(right, row, sure, named_subject(world, right.unit, kind, name, right.grant.origin))


def _edge(right: Right, row: ControlAction, truth: Truth, target: str) -> Edge:
    unknown = right.doubt or right.grant.unknown
    possible = truth is not Truth.YES
    decided = unknown.decided_by if unknown is not None else (decider(row, right),)
    return Edge(
        source=right.subject,
        target=target,
        plane=Plane.IDENTITY,
        verb="become",
        because=tell(right, row, WHY.get(HOW.get(row.action, NAMED), "") if row.action not in BY_ACCOUNT else ""),
        origin=right.grant.origin or right.origin,
        state=State.POSSIBLE if possible else State.OPEN,
        reason=(unknown.code if unknown is not None else "value-unknown") if possible else "",
        decided_by=(decided or (right.grant.role,)) if possible else (),
        cut=True,
    )


def _spread(chains: Chains) -> Iterator[Edge]:
    for (unit, namespace, how), edges in sorted(chains.sources.items()):
        keys = (
            [(unit, namespace)] if namespace != CLUSTER_WIDE else sorted(key for key in chains.spaces if key[0] == unit)
        )
        goals = [goal for key in keys if key in chains.spaces for goal in chains.spaces[key].goals[how]]
        if not goals:
            continue
        where = "everywhere" if namespace == CLUSTER_WIDE else namespace
        yield from surest(spread(chains.world, unit, f"{where}/accounts-{how}", surest(edges), goals, FEW))
