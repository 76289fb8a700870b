"""Somebody who is no operator can make a pod that the guard of a model lets in.

Why it matters
--------------
A network policy knows callers by labels, and a label is no identity: whoever may create pods in a namespace that the
policy admits gives one the labels that it asks for, and whoever may label a namespace gives all its pods the rest. The
model's own guard then opens to code that no operator has seen, although no such code is deployed today.

How to fix
----------
Admit the gateway's own namespace alone, and let nobody but the operators create pods there; ask for a namespace by its
name (`kubernetes.io/metadata.name`) rather than by a label that can be given. Where a probe or a scraper must be let
in, keep its namespace to the operators as well, or let the policy admit its port alone.

What it cannot see
------------------
Rights that are granted outside the inputs, and admission rules that refuse the labels or the pods. Who makes pods
where the gateway or the model itself stands is told by `stranger-mints-stack-identity` and
`principal-invokes-model-directly`.
"""

from collections.abc import Iterable

from scanner.findings import Finding, replace
from scanner.graph.facts_access import AdmittedPods
from scanner.graph.model import STACK, Node, Plane, Role, State
from scanner.graph.search import Way, reach
from scanner.rule import Case, counted

ASSERTION = "IDENT-006"
SEVERITY = "critical"
LET_IN = "AdmittedPods"


def check(case: Case) -> Iterable[Finding]:
    """Backwards from the pods that guards let in, over whoever can make such a pod, and whoever can become that."""
    guarded = [node for node, _ in case.graph.facts(AdmittedPods)]
    for node in guarded:
        case.examine(node, "whom its guard lets in was looked at")
    targets = [node.id for node in case.graph.nodes.values() if node.kind == LET_IN]
    if not targets:
        return
    found = reach(case.graph, targets, [Plane.IDENTITY], allowed=_may_be, verbs=["become"], through_actors=True)
    yield from (_finding(case, way) for way in found.ways)
    case.prove("nobody but the operators can make a pod that the guard of a model lets in", found)
    case.summary = f"{counted(len({node.id for node in guarded}), 'guarded model')}, whose guards no stranger passes"


def _may_be(node: Node) -> bool:
    return bool(node.roles & {*STACK, Role.OPERATOR, Role.PLATFORM})


def _finding(case: Case, way: Way) -> Finding:
    last = way.edges[-1].target
    behind = [edge for edge in case.graph.out_of(last) if edge.plane is Plane.NETWORK]
    onward = min(behind, key=lambda edge: (edge.state is not State.OPEN, edge.target))
    whole = replace(way, edges=(*way.edges, onward))
    model = case.graph.nodes[onward.target]
    outside = Role.EXTERNAL in way.actor.roles
    able = "can" if whole.state is State.OPEN else "may be able to"
    message = f"`{way.actor.address}` {able} make a pod that the guard of model `{model.address}` lets in"
    # A caller from outside is no operator, whoever is; of one inside only the profile can say that it is none.
    known = outside or case.profile.has("operators")
    doubts = () if known else ("profile:operators",)
    if not known:
        message += ": whether it is an operator is not known"
    fix = "take pod creation and namespace labels from it there, or admit the gateway's namespace by name alone"
    return case.way(whole, message, fix=fix, doubts=doubts, about=model if outside else way.actor)
