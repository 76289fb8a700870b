"""The graph as JSON, schema `tether.graph/1`; the published schema is scanner/schemas/graph.schema.json."""

from __future__ import annotations

from scanner.graph.graph import Graph
from scanner.graph.model import Edge, Node
from scanner.reports.plain import Json, origin, text, texts

SCHEMA = "tether.graph/1"


def plain_graph(graph: Graph, plane: str | None = None) -> Json:
    """The graph as plain values, nodes by id; with `plane` the edges of that plane only."""
    edges = (edge for edge in graph.edges if plane in (None, str(edge.plane)))
    return {
        "schema": SCHEMA,
        "sha256": graph.digest,
        "nodes": [_node(node) for _, node in sorted(graph.nodes.items())],
        "edges": [_edge(edge) for edge in edges],
    }


def _node(node: Node) -> Json:
    return {
        "id": text(node.id),
        "kind": text(node.kind),
        "address": text(node.address),
        "roles": sorted(str(role) for role in node.roles),
        "origin": origin(node.origin),
        "actor": node.actor,
        "state": str(node.state),
        "decided_by": texts(node.decided_by),
        **({"aliases": texts(node.aliases)} if node.aliases else {}),
    }


def _edge(edge: Edge) -> Json:
    return {
        "source": text(edge.source),
        "target": text(edge.target),
        "plane": str(edge.plane),
        "verb": edge.verb,
        "traffic": [
            {"protocol": one.protocol, "from_port": one.from_port, "to_port": one.to_port} for one in edge.traffic
        ],
        "state": str(edge.state),
        "because": text(edge.because),
        "origin": origin(edge.origin),
        "decided_by": texts(edge.decided_by),
    }
