"""An edge layer of Kubernetes is installed in, or attached to, a cluster.

Why it matters
--------------
KubeEdge, OpenYurt, SuperEdge and their like exist to extend a cluster to devices. Once one is installed, a workload of
that cluster can land on a device by a label, and the images of a model can be pulled to one in advance.

How to fix
----------
Take the edge layer out of the cluster that runs models; edge work gets a cluster of its own, with no way to
the weights.

What it cannot see
------------------
An edge layer under a name that no table knows; one that is installed by hand, or by a chart that is not rendered.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts import EdgeLayer
from scanner.graph.model import Node, Role
from scanner.rule import Case, counted
from scanner.rule_clusters import unseen

ASSERTION = "EDGE-004"
SEVERITY = "critical"


def check(case: Case) -> Iterable[Finding]:
    """Every cluster is looked at; a sign of an edge layer in it is a violation."""
    clusters = case.graph.with_role(Role.CLUSTER)
    for node in clusters:
        case.examine(node, "a cluster: no edge layer")
    for node, fact in case.graph.facts(EdgeLayer):
        case.examine(node, f"edge layer: {fact.layer}")
        if fact.decided_by:
            if not _certain(node, fact.layer):
                layer = f"the edge layer {fact.layer}" if fact.layer else "an edge layer"
                message = f"whether {_called(node)} carries {layer} is not known: {fact.because}"
                decided = fact.decided_by
                yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
            continue
        message = f"{_called(node)} carries the edge layer {fact.layer}: {fact.because}"
        yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=f"remove {fact.layer}")
    yield from unseen(case, "places")
    case.summary = f"{counted(len(clusters), 'cluster')} without an edge layer" if clusters else ""


def _called(node: Node) -> str:
    """The cluster of a set of manifests has no address of its own."""
    return f"the cluster of the unit `{node.name}`" if node.kind == "Cluster" else f"`{node.address}`"


def _certain(node: Node, layer: str) -> bool:
    return any(isinstance(one, EdgeLayer) and one.layer == layer and not one.decided_by for one in node.facts)
