"""Pods that take over a machine: who may make them in a namespace where nothing is known to forbid them.

A pod names its own machine (`nodeName`), or tolerates its way there, so pools of machines part nothing here.

Sources: Kubernetes, Pod Security Standards (`baseline` forbids privileged containers, host namespaces and host paths)
and Pod Security Admission (the label of the namespace; by default `privileged`, which forbids nothing); GKE Autopilot,
security constraints.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from scanner.builders.aws_policy.match import Truth
from scanner.builders.blocks import first
from scanner.builders.control.pod_exemptions import Exemptions
from scanner.builders.control.rbac import Matcher, tell
from scanner.builders.control.rights import CLUSTER_WIDE, Right
from scanner.builders.draft import World
from scanner.builders.k8s_machines import RELAY, TARGETS
from scanner.builders.k8s_policy.labels import Labels, labels_of
from scanner.graph.model import CHOSEN_MACHINE, Edge, Node, Plane, State
from scanner.origin import Origin
from scanner.podspec import pod_templates
from scanner.resource import Resource, dig, mark
from scanner.table_rows import ControlAction

LABEL = "pod-security.kubernetes.io/enforce"
FORBIDS = frozenset({"baseline", "restricted"})
MAKING = frozenset(
    {"create-pods", "create-workloads", "change-workloads", "create-custom-workloads", "debug-container"}
)
LABELLING = "change-namespaces"
GOOGLE = "google_container_cluster"


class _Open(Struct, frozen=True):
    """Why nothing is known to forbid such pods in a namespace, and the line that shows it."""

    says: str
    origin: Origin | None


class _Spaces(Struct, eq=False):
    """The namespaces of a run. answers: (unit, name) -> why it is open; None where the level is enforced."""

    declared: dict[tuple[str, str], Resource]
    answers: dict[tuple[str, str], _Open | None] = field(default_factory=dict)

    def why(self, unit: str, name: str) -> _Open | None:
        """Why such pods may be let in; None where they certainly are not."""
        key = (unit, name)
        if key not in self.answers:
            self.answers[key] = _level(name, self.declared.get(key))
        return self.answers[key]


def host_pod_edges(world: World, rights: Iterable[Right], matcher: Matcher) -> list[Edge]:
    """Edges from who may make any pod in a namespace to the machines, and from those to what else runs there."""
    targets = _targets(world)
    targets = {unit: found for unit, found in targets.items() if unit not in _autopilots(world)}
    if not targets:
        return []
    spaces = _Spaces({(one.unit, one.name): one for one in world.inventory.of("Namespace")})
    exempt = Exemptions.of(world.inventory)
    rights = [one for one in rights if one.unit in targets]
    labelling = _labelling(rights, matcher)
    made: dict[tuple[str, str], Edge] = {}
    for right in rights:
        key = (right.unit, right.subject)
        row = None if key in made or _told(right, matcher) else _makes(right, matcher)
        if row is None:
            continue
        why = spaces.why(right.unit, right.namespace)
        if why is None and labelling & {(*key, right.namespace), (*key, CLUSTER_WIDE)}:
            why = _Open(f"who may do so may also take `{LABEL}` off the namespace", None)
        if why is None:
            found = exempt.why(right.unit, right.namespace, world.nodes[right.subject])
            why = None if found is None else _Open(*found)
        if why is not None:
            made[key] = _edge(world, right, row, why)
    return [*made.values(), *_onward(world, {unit for unit, _ in made}, targets)]


def _told(right: Right, matcher: Matcher) -> bool:
    """Whether other rules tell of the right: who makes pods where the stack or a model stands is, or may be, that."""
    cluster = matcher.clusters.get(right.unit)
    return right.namespace == CLUSTER_WIDE or (cluster is not None and right.namespace in cluster.targets)


def _targets(world: World) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for node in world.with_role(*TARGETS):
        one = world.inventory.by_id.get(node.id)
        if one is not None and one.is_manifest and pod_templates(one):
            found.setdefault(one.unit, []).append(one)
    return found


def _autopilots(world: World) -> set[str]:
    """The units whose clusters are all of GKE Autopilot, which turns such pods away."""
    known: dict[str, bool] = {}
    for one in world.inventory.of(GOOGLE, "aws_eks_cluster", "azurerm_kubernetes_cluster"):
        mode = first(one, "enable_autopilot") if one.kind == GOOGLE and one.possible is None else None
        known[one.unit] = known.get(one.unit, True) and mode is not None and mode.value is True
    return {unit for unit, all_of_them in known.items() if all_of_them}


def _makes(right: Right, matcher: Matcher) -> ControlAction | None:
    """The surest row of the control table by which the right makes pods."""
    rows = [one for one in matcher.rows(right.grant, right.unit, right.namespace) if one[0].action in MAKING]
    return max(rows, key=lambda one: one[1])[0] if rows else None


def _labelling(rights: Iterable[Right], matcher: Matcher) -> set[tuple[str, str, str]]:
    """(unit, subject, scope) of who may change the labels of a namespace."""
    found: set[tuple[str, str, str]] = set()
    for right in rights:
        for row, _ in matcher.rows(right.grant, right.unit, right.namespace):
            if row.action != LABELLING:
                continue
            if right.grant.named(right.namespace) is not Truth.NO:
                found.add((right.unit, right.subject, right.namespace))
            if right.namespace == CLUSTER_WIDE:
                named = (name for name in right.grant.names if isinstance(name, str))
                found.update((right.unit, right.subject, name) for name in named)
    return found


def _level(name: str, space: Resource | None) -> _Open | None:
    if space is None:
        return _Open(f"the namespace `{name}` is not in the inputs: whether `{LABEL}` is set on it is not known", None)
    labels = labels_of(dig(space.attrs, "metadata", "labels"))
    origin = mark(space.attrs, "metadata", "labels", LABEL) or mark(space.attrs, "metadata", "name") or space.origin
    level = labels.known.get(LABEL)
    if space.possible is not None:
        return _Open(f"whether the namespace `{name}` is as the inputs have it is not known", origin)
    if level in FORBIDS:
        return None
    return _Open(_said(name, level, labels), origin)


def _said(name: str, level: str | None, labels: Labels) -> str:
    if level is not None:
        return f"`{LABEL}` of namespace `{name}` is `{level}`, which forbids nothing"
    if LABEL in labels.unknown or not labels.complete:
        return f"whether `{LABEL}` is set on namespace `{name}` is not known"
    return f"`{LABEL}` is not set on namespace `{name}`: the default is `privileged`, which forbids nothing"


def _edge(world: World, right: Right, row: ControlAction, why: _Open) -> Edge:
    relay = world.ensure(Node(f"{right.unit}:{CHOSEN_MACHINE}", RELAY, CHOSEN_MACHINE, "chosen"))
    doubt = right.doubt or right.grant.unknown
    does = "a pod that it makes may be privileged, name its machine, and take that over"
    return Edge(
        source=right.subject,
        target=relay.id,
        plane=Plane.IDENTITY,
        verb="become",
        because=f"{tell(right, row, does)}; {why.says}",
        origin=why.origin or right.grant.origin or right.origin,
        state=State.POSSIBLE,
        reason="value-unknown",
        decided_by=(*(doubt.decided_by if doubt is not None else ()), f"{LABEL} of the namespace"),
        cut=True,
    )


def _onward(world: World, units: set[str], targets: dict[str, list[Resource]]) -> Iterable[Edge]:
    for unit in sorted(units):
        for one in targets[unit]:
            yield Edge(
                source=f"{unit}:{CHOSEN_MACHINE}",
                target=one.id,
                plane=Plane.IDENTITY,
                verb="become",
                because="its pods run on such a machine: who holds the machine holds them",
                origin=pod_templates(one)[0].origin,
            )
