"""Who can change the safety stack through the Kubernetes API, reach into its pods, or pass as one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from scanner.builders.aws_policy.match import Truth
from scanner.builders.control.rbac_rules import Grant, rules_of
from scanner.builders.draft import World
from scanner.builders.k8s_identity import account_node, add_account_edges, runs_as, subject_node
from scanner.graph.model import ALL_TRAFFIC, STACK, Edge, Node, Plane, Role, State
from scanner.origin import Origin
from scanner.podspec import pod_templates
from scanner.resource import Resource, dig, items_of, mark
from scanner.table_rows import ControlAction
from scanner.tables import control_actions
from scanner.unknown import Unknown, Value

CLUSTER_WIDE = "*"
NOT_IN_INPUT = "role-not-in-input"
PLATFORM_GROUPS = ("system:masters", "system:nodes", "system:bootstrappers")
PLATFORM_USERS = ("system:kube-", "system:node", "system:apiserver", "eks:", "system:aggregator")
CONTROLLERS = "kube-system"
NAMED_KINDS = {"deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet"}


@dataclass(frozen=True, slots=True, eq=False)
class Right:
    """A rule that a subject holds.

    namespace: the one it holds in, or CLUSTER_WIDE. place: the line that names the subject.
    doubt: what decides whether it holds.
    """

    subject: str
    unit: str
    namespace: str
    grant: Grant
    origin: Origin | None
    binding: str
    place: Origin | None = None
    doubt: Unknown | None = None


def add_rbac(world: World, more: Iterable[Right] = ()) -> None:
    """Add edges from the subjects of role bindings, and from the holders of `more`, to stack members and models."""
    rights = [*_rights(world), *more]
    accounts = {right.subject for right in rights if "/ServiceAccount/" in right.subject}
    used: set[str] = set()
    by_unit: dict[str, list[Node]] = {}
    for node in world.nodes.values():
        resource = world.inventory.by_id.get(node.id)
        wanted = node.roles & {*STACK, Role.MODEL}
        if wanted and resource is not None and resource.is_manifest:
            by_unit.setdefault(resource.unit, []).append(node)
    shared = _shared(rights)
    rows = control_actions("kubernetes")
    best: dict[tuple[str, str, str], tuple[Truth, Edge]] = {}
    for right in rights:
        for node in by_unit.get(right.unit, ()):
            for row in rows:
                truth = _truth(world, right, node, row)
                if truth is Truth.NO:
                    continue
                here = right.place if (right.unit, right.grant.role) in shared else None
                for edge in _edges(right, node, row, truth, here):
                    key = (edge.source, edge.target, edge.verb)
                    if key not in best or truth > best[key][0]:
                        best[key] = (truth, edge)
    for _, edge in best.values():
        used.add(edge.source)
        world.add_edge(edge)
    add_account_edges(world, accounts & used)
    _group_members(world, used)


def _shared(rights: Iterable[Right]) -> set[tuple[str, str]]:
    """The roles, by unit, that several subjects hold: what is wrong is then the subject, not the rule."""
    holders: dict[tuple[str, str], set[str]] = {}
    for right in rights:
        holders.setdefault((right.unit, right.grant.role), set()).add(right.subject)
    return {role for role, subjects in holders.items() if len(subjects) > 1}


def _truth(world: World, right: Right, node: Node, row: ControlAction) -> Truth:
    truth = right.grant.allows(row)
    if truth is Truth.NO or right.subject == node.id:
        return Truth.NO
    if right.namespace not in (CLUSTER_WIDE, node.namespace):
        return Truth.NO
    if right.namespace != CLUSTER_WIDE and row.changes == "admission":
        return Truth.NO
    if not node.roles & STACK and row.changes not in ("network", "workload", "identity"):
        return Truth.NO
    if right.grant.names and not _named(world, right, node, row):
        return Truth.NO
    return min(truth, Truth.YES if right.doubt is None else Truth.POSSIBLE)


def _named(world: World, right: Right, node: Node, row: ControlAction) -> bool:
    """Whether a rule that is bound to names can touch this node: by its own name, or by settings that it reads."""
    names = right.grant.names
    if any(isinstance(name, Unknown) for name in names):
        return True
    if row.action in ("change-settings",):
        resource = world.inventory.by_id[node.id]
        read = {text for template in pod_templates(resource) for text in _settings(template.spec)}
        return bool(read & {str(name) for name in names})
    if row.changes == "workload":
        return any(str(name) == node.name or str(name).startswith(f"{node.name}-") for name in names)
    if row.action in ("mint-token", "impersonate"):
        resource = world.inventory.by_id[node.id]
        accounts = {dig(template.spec, "serviceAccountName") or "default" for template in pod_templates(resource)}
        return any(name in accounts for name in names)
    return True


def _settings(spec: Value) -> Iterator[str]:
    """The ConfigMaps and Secrets that a pod reads."""
    for key in ("containers", "initContainers"):
        for container in items_of(dig(spec, key)):
            for source in items_of(dig(container, "envFrom")):
                for kind in ("configMapRef", "secretRef"):
                    yield str(dig(source, kind, "name"))
            for entry in items_of(dig(container, "env")):
                for kind in ("configMapKeyRef", "secretKeyRef"):
                    yield str(dig(entry, "valueFrom", kind, "name"))
    for volume in items_of(dig(spec, "volumes")):
        yield str(dig(volume, "configMap", "name"))
        yield str(dig(volume, "secret", "secretName"))


def _edges(right: Right, node: Node, row: ControlAction, truth: Truth, here: Origin | None) -> Iterator[Edge]:
    """What holding the row over a node opens: to write it; to become it; to reach it past every network policy."""
    written = _edge(right, node, row, truth, here)
    yield written
    if row.effect == "become" and node.roles & {Role.GATEWAY, Role.CLASSIFIER, Role.MODEL}:
        yield replace(written, plane=Plane.IDENTITY, verb="become")
    if row.effect == "reach" and Role.MODEL in node.roles:
        yield replace(written, plane=Plane.NETWORK, verb="reach", traffic=ALL_TRAFFIC)


def _edge(right: Right, node: Node, row: ControlAction, truth: Truth, here: Origin | None) -> Edge:
    grant = right.grant
    where = "every namespace" if right.namespace == CLUSTER_WIDE else f"namespace `{right.namespace}`"
    unknown = right.doubt or grant.unknown
    possible = truth is Truth.POSSIBLE
    decided = unknown.decided_by if unknown is not None else ()
    return Edge(
        source=right.subject,
        target=node.id,
        plane=Plane.CONTROL,
        verb="write",
        because=f"`{right.binding}` gives it `{grant.role}` in {where}{_what(right, row)}",
        origin=here or grant.origin or right.origin,
        state=State.POSSIBLE if possible else State.OPEN,
        reason=(unknown.code if unknown is not None else "value-unknown") if possible else "",
        decided_by=(decided or (grant.role,)) if possible else (),
        cut=True,
    )


def _what(right: Right, row: ControlAction) -> str:
    """The end of the sentence: what the right lets its holder do, or why that is not known."""
    doubt = right.doubt
    if doubt is not None and doubt.code == NOT_IN_INPUT:
        return f": {doubt.cause}"
    verbs = ", ".join(str(one) for one in right.grant.verbs if not isinstance(one, Unknown)) or "*"
    unsure = "" if doubt is None else f", if at all: {doubt.cause}"
    return f" ({row.action}, verbs `{verbs}`): {row.because}{unsure}"


def _rights(world: World) -> Iterator[Right]:
    for kind in ("ClusterRoleBinding", "RoleBinding"):
        for binding in world.inventory.of(kind):
            namespace = CLUSTER_WIDE if kind == "ClusterRoleBinding" else binding.namespace
            yield from _bound(world, binding, namespace)


def _bound(world: World, binding: Resource, namespace: str) -> Iterator[Right]:
    kind, name = dig(binding.attrs, "roleRef", "kind"), dig(binding.attrs, "roleRef", "name")
    origin = mark(binding.attrs, "roleRef", "name") or binding.origin
    doubt = binding.possible or next((part for part in (kind, name) if isinstance(part, Unknown)), None)
    address = f"ClusterRole/{name}" if kind == "ClusterRole" else f"{binding.namespace}/Role/{name}"
    grants = None if doubt is not None and doubt is not binding.possible else rules_of(world, binding.unit, address)
    if grants is None:
        cause = f"the rules of `{address}` are not in the inputs"
        doubt = doubt or Unknown(cause, code=NOT_IN_INPUT, decided_by=(address,))
        grants = [Grant(("*",), ("*",), ("*",), (), origin, address)]
    for subject, place, unsure in _subjects(world, binding):
        for grant in grants:
            yield Right(subject, binding.unit, namespace, grant, origin, binding.address, place, doubt or unsure)


def _subjects(world: World, binding: Resource) -> Iterator[tuple[str, Origin, Unknown | None]]:
    """The node of each subject, its line, and what decides who it is where its kind or its name is not known."""
    for index, subject in enumerate(items_of(binding.attrs.get("subjects"))):
        place = mark(binding.attrs, "subjects", index, "name") or binding.origin
        kind, name = dig(subject, "kind"), dig(subject, "name")
        where = dig(subject, "namespace")
        unknown = next((part for part in (name, kind, where) if isinstance(part, Unknown)), None)
        if unknown is not None:
            # Not the Group or User of that name, which may be an operator.
            shown = name if isinstance(name, str) else unknown.text()
            yield subject_node(world, binding.unit, "Subject", shown, place).id, place, unknown
        elif not isinstance(name, str):
            continue
        elif kind == "ServiceAccount":
            where = where if isinstance(where, str) else binding.namespace or "default"
            yield account_node(world, binding.unit, where, name, place).id, place, None
        elif kind in ("User", "Group"):
            user = name.removeprefix("system:serviceaccount:")
            if kind == "User" and user != name and ":" in user:
                home, _, account = user.partition(":")
                yield account_node(world, binding.unit, home, account, place).id, place, None
            else:
                yield subject_node(world, binding.unit, str(kind), name, place).id, place, None


def mark_platform(world: World) -> None:
    """Role PLATFORM for the subjects that are the cluster itself; the report says so."""
    for node in list(world.nodes.values()):
        base = node.kind == "Group" and node.name in PLATFORM_GROUPS
        base = base or (node.kind == "User" and node.name.startswith(PLATFORM_USERS))
        base = base or (
            node.kind == "ServiceAccount" and node.namespace == CONTROLLERS and node.name.endswith("-controller")
        )
        if base:
            world.add_roles(node.id, [Role.PLATFORM], "it is part of the cluster's control plane")
            world.assumptions[f"`{node.address}` is the cluster itself: it is trusted"] = None


def _group_members(world: World, used: set[str]) -> None:
    """Service accounts are in the groups that the API server puts them in."""
    groups = {
        node_id: world.nodes[node_id].name.removeprefix("system:serviceaccounts").removeprefix(":")
        for node_id in used
        if world.nodes[node_id].kind == "Group" and world.nodes[node_id].name.startswith("system:serviceaccounts")
    }
    for one in runs_as(world):
        for node_id, namespace in sorted(groups.items()):
            inside = node_id.partition(":")[0] == one.resource.unit and namespace in ("", one.namespace)
            if not inside or one.mounts_token is False:
                continue
            world.set_actor(one.resource.id)
            certain = one.mounts_token is True
            world.add_edge(
                Edge(
                    source=one.resource.id,
                    target=node_id,
                    plane=Plane.IDENTITY,
                    verb="become",
                    because=f"every service account of `{one.namespace}` is in the group",
                    origin=one.origin,
                    state=State.OPEN if certain else State.POSSIBLE,
                    reason="" if certain else "value-unknown",
                    decided_by=() if certain else (one.resource.address,),
                )
            )
