"""Something copies a store of weights to a place outside the cloud.

Why it matters
--------------
A file gateway, a DataSync task or a connected registry is an ordinary part of a migration, and it moves what it is
given. Pointed at the bucket of a model it puts the weights on a disk in another building, where no gateway stands
before them and from where nobody can call them back.

How to fix
----------
Take the store of weights out of the job, the share or the replication; give the migration a bucket of its own.

What it cannot see
------------------
Copies that people make with their own credentials, and stores of weights that neither the profile nor a model names.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding, replace
from scanner.graph.facts import Placement
from scanner.graph.model import Edge, Node, Plane, Role, State
from scanner.graph.search import Way
from scanner.graph.trace import trace
from scanner.rule import Case, counted
from scanner.rule_places import DATA, SITE, hop_at, known_class
from scanner.unknown import Unknown

ASSERTION = "CLOUD-008"
SEVERITY = "critical"
OUTSIDE = DATA | SITE | {"colo", "local"}
STORE_ELSEWHERE = "Store"
"""The kind of a node for a store that is in none of the inputs."""


def check(case: Case) -> Iterable[Finding]:
    """Every store of weights, and every copy of it, as far as it goes."""
    stores = case.graph.with_role(Role.STORE)
    ways = trace(case.graph, [store.id for store in stores], [Plane.SUPPLY], verbs=["copy"])
    for store in stores:
        case.examine(store, "a store of weights: no copy leaves the cloud")
    out = {met: fact for met in ways if (fact := _outside(case.graph.nodes[met])) is not None}
    for met, edges in ways.items():
        node = case.graph.nodes[met]
        case.examine(node, "a copy of weights")
        if any(edge.target in out for edge in edges[:-1]):
            continue  # the first step out is the one to close
        if met in out:
            yield _told(case, node, out[met], edges)
        elif node.kind == STORE_ELSEWHERE and not any(isinstance(fact, Placement) for fact in node.facts):
            yield _elsewhere(case, node, edges)
    if not stores:
        yield from _no_store(case)
    case.summary = f"{counted(len(stores), 'store')} of weights, no copy leaves the cloud" if stores else ""


def _outside(node: Node) -> Placement | None:
    facts = [fact for fact in node.facts if isinstance(fact, Placement) and known_class(fact) in OUTSIDE]
    return min(facts, key=lambda fact: isinstance(fact.place_class, Unknown), default=None)


def _told(case: Case, node: Node, fact: Placement, edges: tuple[Edge, ...]) -> Finding:
    store = case.graph.nodes[edges[0].source]
    message = f"the weights in `{store.address}` are copied out of the cloud: {fact.because}"
    doubts = fact.place_class.decided_by if isinstance(fact.place_class, Unknown) else ()
    doubts = (*doubts, *(node.decided_by if node.state is State.POSSIBLE else ()))
    fix = "take the store of weights out of it"
    made = case.way(Way(store, edges), message, fix=fix, doubts=doubts)
    return replace(made, hops=(*made.hops[:-1], hop_at(node, fact)))


def _elsewhere(case: Case, node: Node, edges: tuple[Edge, ...]) -> Finding:
    store = case.graph.nodes[edges[0].source]
    named = "" if node.name.endswith("/unknown") else f": `{node.name}` is in none of the inputs"
    message = f"where the copy of `{store.address}` goes is not known{named}"
    way = Way(store, edges)
    made = case.way(way, message, fix="show where it stands", doubts=() if way.decided_by else (node.name,))
    last = replace(made.hops[-1], because="it is in none of the inputs")
    return replace(made, hops=(*made.hops[:-1], last))


def _no_store(case: Case) -> Iterator[Finding]:
    """Ways out without a store of weights: the weights may be in what flows through them."""
    fed = {edge.target for edge in case.graph.plane(Plane.SUPPLY) if edge.verb == "copy"}
    for node in case.graph.nodes.values():
        if node.id in fed and _outside(node) is not None and not case.profile.has("models.stores"):
            message = f"whether `{node.address}` gets weights is not known: the profile has no `models.stores`"
            yield case.missing("models.stores", message, 'models: {stores: ["s3://BUCKET"]}')
            return
