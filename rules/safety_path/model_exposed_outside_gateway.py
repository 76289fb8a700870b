"""A model server can be reached from outside without the gateway.

Why it matters
--------------
A load balancer, a node port, an ingress or a public address in front of the model itself is a front door beside the
guarded one: whoever finds it talks to the bare model.

How to fix
----------
Take the exposure away from the model and give it to the gateway: a ClusterIP service, an internal load balancer that
admits the gateway's security group, no host port.

What it cannot see
------------------
Firewalls outside the inputs; DNS names and tunnels that somebody opens by hand.
"""

from collections.abc import Iterable, Iterator, Sequence

from scanner.findings import Finding
from scanner.graph.graph import Graph
from scanner.graph.model import Node, Plane, Role, State
from scanner.graph.search import Reach, Way, reach
from scanner.rule import Case, counted

ASSERTION = "ROUTE-002"
SEVERITY = "critical"
INTERNET = "external:external/internet"
NEARBY = frozenset({"external:external/vpc", "external:external/node-network"})
"""Callers in the network around the cluster: a gateway may stand among them, and only the profile tells which does."""


def check(case: Case) -> Iterable[Finding]:
    """Backwards from every model to callers outside the inputs; inside callers are another rule's."""
    models = [node for node in case.graph.with_role(Role.MODEL, Role.CANDIDATE) if Role.CLASSIFIER not in node.roles]
    if not models:
        return
    found = reach(case.graph, [node.id for node in models], [Plane.NETWORK], allowed=_may_stand)
    outside = [way.actor for way in found.ways if Role.EXTERNAL in way.actor.roles]
    for group in _by_cut(list(_each(case.graph, found, outside))):
        yield _finding(case, group)
    for node in models:
        case.examine(node, "ways from outside were searched")
    if not found.ways:
        case.prove("no caller from outside reaches a model but through a gateway", found)
    case.summary = f"{counted(len(models), 'model')}, none exposed"


def _each(graph: Graph, found: Reach, outside: Sequence[Node]) -> Iterator[Way]:
    """A way for each model and each door that a caller from outside comes in by: one search tells one of them."""
    inner = _behind(graph, found, outside)
    for target in found.targets:
        if target in inner:
            own = reach(graph, [target], found.planes, allowed=lambda node: node.id not in inner)
            for actor in outside:
                yield from own.doors(graph, actor)


def _behind(graph: Graph, found: Reach, outside: Sequence[Node]) -> frozenset[str]:
    """The callers from outside, and the relays and models that they come to; what else leads to a model is left out."""
    seen = {actor.id for actor in outside}
    waiting = list(seen)
    while waiting:
        for edge in graph.out_of(waiting.pop()):
            if edge.plane in found.planes and edge.target in found.closed and edge.target not in seen:
                seen.add(edge.target)
                waiting.append(edge.target)
    return frozenset(seen)


def _may_stand(node: Node) -> bool:
    return bool(node.roles & {Role.GATEWAY, Role.PLATFORM})


def _by_cut(ways: Sequence[Way]) -> list[list[Way]]:
    """Ways into the same model that are cut on the same line are one finding: a load balancer has node ports too."""
    groups: dict[object, list[Way]] = {}
    for way in sorted(ways, key=lambda one: (one.state is not State.OPEN, len(one.edges), one.actor.id != INTERNET)):
        line = next((edge.origin for edge in reversed(way.edges) if edge.cut), None)
        groups.setdefault((way.edges[-1].target, line or way.actor.id, way.state), []).append(way)
    return list(groups.values())


def _finding(case: Case, group: Sequence[Way]) -> Finding:
    way = group[0]
    model = case.graph.nodes[way.edges[-1].target]
    door = case.graph.nodes[way.edges[0].target]
    sure = Role.MODEL in model.roles
    reached = "is" if way.state is State.OPEN else "may be"
    what = "model" if sure else "possible model"
    by = "" if door is model else f" through `{door.address}`"
    message = f"{what} `{model.address}` {reached} reached from `{way.actor.address}`{by}"
    doubts = [] if sure else ["profile:models.servers"]
    if way.actor.id in NEARBY and not case.profile.has("safety_stack.gateways"):
        message += ": whether the gateway stands there is not known"
        doubts.append("profile:safety_stack.gateways")
    return case.way(way, message, fix="expose the gateway instead", ways=len(group), doubts=doubts, about=door)
