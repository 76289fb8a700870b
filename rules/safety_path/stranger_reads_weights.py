"""Somebody who serves no model can read, copy or share the weights.

Why it matters
--------------
Whoever has the weights has the model, without gateway, guardrail or log: served on a machine of their own, fine-tuned
until it refuses nothing, or shipped to a device. No later control brings a copy back.

How to fix
----------
Let the role of the serving workload alone read the store, for its own bucket or repository and not for `*`; deny
everybody else in the store's own policy; keep other workloads off the volume.

What it cannot see
------------------
Addresses signed in advance, copies that were taken earlier, and grants outside the inputs. Who may use the key of a
store is asked of those who may read it.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scanner.findings import Finding, replace
from scanner.graph.model import Edge, Node, Plane, Role, State
from scanner.graph.search import Way, reach
from scanner.graph.trace import trace
from scanner.rule import Case, counted

ASSERTION = "IDENT-004"
SEVERITY = "critical"
SERVING = frozenset({"aws_sagemaker_model", "awscc_sagemaker_model", "aws_bedrock_custom_model"})
"""Objects that load weights to serve them, and are no model by themselves."""
OWN = frozenset({"aws_bedrock_custom_model", "awscc_bedrock_custom_model"})
"""Models whose weights AWS keeps: with whom one is shared, copies it into an account of his own.

Source: Amazon Bedrock User Guide, "Share a model for another account to use".
"""
MACHINES = frozenset({"aws_eks_node_group"})
"""What pulls the images of serving pods: the trusted base."""
ANYONE = frozenset({"external/anyone", "external/internet"})
OPERATORS = "profile:operators"
STORE = "a store of weights, and who reads it"


class Held(NamedTuple):
    """Something that holds weights. origin: the store that they come from; copies: how they came, () for the store."""

    node: Node
    origin: Node
    copies: tuple[Edge, ...]

    @property
    def called(self) -> str:
        """How a message names it."""
        return f"`{self.node.address}`" + (f", a copy of `{self.origin.address}`" if self.copies else "")


def check(case: Case) -> Iterable[Finding]:
    """Every store of weights and every copy of one: each reader, and whoever can become a reader."""
    stores = case.graph.with_role(Role.STORE)
    asked = False
    for held in _held(case, stores):
        case.examine(held.node, "a copy of weights, and who reads it" if held.copies else STORE)
        for edge in case.graph.out_of(held.node.id):
            if edge.verb != "read" or edge.plane is not Plane.SUPPLY:
                continue
            for finding in _reader(case, held, edge):
                if OPERATORS in finding.decided_by:
                    asked = True
                else:
                    yield finding
    if asked:
        yield case.missing(
            "operators",
            "who operates the safety stack is not known: the profile has no `operators`",
            "operators: [group:NAME, arn:aws:iam::ACCOUNT:role/NAME]",
        )
    case.summary = f"{counted(len(stores), 'store')} of weights, read by serving identities alone" if stores else ""


def _held(case: Case, stores: list[Node]) -> Iterator[Held]:
    """The stores, the models that are kept for their owner, then whatever a copy of a store comes to."""
    yield from (Held(store, store, ()) for store in stores)
    yield from (Held(model, model, ()) for model in case.graph.with_role(Role.MODEL) if model.kind in OWN)
    ids = {store.id for store in stores}
    for met, edges in trace(case.graph, sorted(ids), [Plane.SUPPLY], verbs=["copy"]).items():
        if met not in ids:
            yield Held(case.graph.nodes[met], case.graph.nodes[edges[0].source], edges)


def _reader(case: Case, store: Held, edge: Edge) -> Iterator[Finding]:
    reader = case.graph.nodes[edge.target]
    case.examine(reader, f"it reads `{store.node.address}`")
    if _welcome(reader):
        return
    into = (one for one in case.graph.into(reader.id) if one.verb == "become")
    serving = [one for one in into if _serves(case, store.node, one.source)]
    if not serving:
        yield _told(case, store, edge, ())
        return
    sure = [one for one in serving if one.state is State.OPEN]
    if not sure:
        yield _told(case, store, edge, serving[0].decided_by)
        return
    found = reach(
        case.graph,
        [reader.id],
        [Plane.IDENTITY],
        verbs=["become"],
        allowed=lambda node: _welcome(node) or _serves(case, store.node, node.id),
        through_actors=True,
    )
    for way in found.ways:
        yield _becomes(case, store, edge, way)


def _welcome(node: Node) -> bool:
    return bool(node.roles & {Role.MODEL, Role.CLASSIFIER, Role.OPERATOR, Role.PLATFORM}) or node.kind in SERVING


def _serves(case: Case, store: Node, node_id: str) -> bool:
    """Whether a node serves models, or is the machine that pulls their images."""
    node = case.graph.nodes[node_id]
    if node.kind in MACHINES:
        return store.kind == "aws_ecr_repository"
    return _welcome(node) and not node.roles & {Role.OPERATOR, Role.PLATFORM}


def _told(case: Case, store: Held, edge: Edge, doubts: Iterable[str]) -> Finding:
    reader = case.graph.nodes[edge.target]
    outside = Role.EXTERNAL in reader.roles
    unsure = _unsure(case, outside)
    way = Way(store.origin, (*store.copies, edge))
    can = "can" if way.state is State.OPEN and not doubts else "may be able to"
    message = f"`{reader.address}` {can} read the weights in {store.called}, and serves no model"
    message += "" if outside else _open_to_anyone(case, reader)
    fix = "let the serving identities alone read the store"
    made = case.way(way, message, fix=fix, doubts=(*doubts, *unsure), about=store.node if outside else reader)
    last = replace(made.hops[-1], because="it reads the weights, and serves no model")
    return replace(made, hops=(*made.hops[:-1], last))


def _open_to_anyone(case: Case, reader: Node) -> str:
    """Whether anybody calls something that has the reader's identity: a way over relays to it, then by becoming."""
    ways = trace(case.graph, [reader.id], [Plane.IDENTITY], verbs=["become"], back=True)
    for met, became in ways.items():
        if not _sure(became) or not case.graph.nodes[met].actor:
            continue
        found = reach(case.graph, [met], [Plane.NETWORK], verbs=["reach"], allowed=lambda _: False)
        caller = next((way for way in found.ways if way.actor.address in ANYONE and way.state is State.OPEN), None)
        if caller is not None:
            return f"; `{caller.actor.address}` can call `{case.graph.nodes[met].address}`, which has its identity"
    return ""


def _sure(edges: tuple[Edge, ...]) -> bool:
    return all(edge.state is State.OPEN for edge in edges)


def _becomes(case: Case, store: Held, edge: Edge, way: Way) -> Finding:
    outside = Role.EXTERNAL in way.actor.roles
    read = Way(store.origin, (*store.copies, edge))
    doubts = [*_unsure(case, outside), *read.decided_by]
    reader = case.graph.nodes[edge.target]
    can = "can" if way.state is State.OPEN and read.state is State.OPEN else "may be able to"
    message = (
        f"`{way.actor.address}` {can} become `{reader.address}`, which reads the weights in {store.called}, "
        "and serves no model"
    )
    fix = "let the serving workload alone have this identity"
    made = case.way(way, message, fix=fix, doubts=doubts, about=reader if outside else way.actor)
    last = replace(made.hops[-1], because=f"it reads the weights: {edge.because}")
    return replace(made, hops=(*made.hops[:-1], last))


def _unsure(case: Case, outside: bool) -> tuple[str, ...]:
    """A reader from outside is no operator, whoever is; of one inside only the profile can say that it is none."""
    return () if outside or case.profile.has("operators") else (OPERATORS,)
