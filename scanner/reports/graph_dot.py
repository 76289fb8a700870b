"""A `tether.graph/1` object in the language of Graphviz."""

from __future__ import annotations

from scanner.reports.plain import Json
from scanner.reports.safe import cut, safe

COLOURS = {
    "model": "#c0392b",
    "candidate": "#e59866",
    "gateway": "#1e8449",
    "external": "#7f8c8d",
    "operator": "#2471a3",
}
MAX_LABEL = 120


def dot(graph: Json) -> str:
    """The nodes that an edge touches or that have a role, and all edges; a possible edge is dashed."""
    ends = {end for edge in graph["edges"] for end in (edge["source"], edge["target"])}
    lines = ["digraph tether {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    for node in graph["nodes"]:
        if node["id"] in ends or node["roles"]:
            label = " ".join([node["address"], *(f"({role})" for role in node["roles"])])
            colour = next((COLOURS[role] for role in COLOURS if role in node["roles"]), "")
            paint = f", color={quoted(colour)}" if colour else ""
            lines.append(f"  {quoted(node['id'])} [label={quoted(label, MAX_LABEL)}{paint}];")
    for edge in graph["edges"]:
        style = ", style=dashed" if edge["state"] == "possible" else ""
        label = edge.get("verb") or edge["plane"]
        tip = quoted(edge["because"], MAX_LABEL)
        ways = f"{quoted(edge['source'])} -> {quoted(edge['target'])}"
        lines.append(f"  {ways} [label={quoted(label)}, tooltip={tip}{style}];")
    return "\n".join([*lines, "}"]) + "\n"


def quoted(text: str, width: int = 0) -> str:
    """`text` as a double-quoted string of Graphviz, in which nothing is an escape."""
    return '"' + cut(safe(text), width).replace("\\", "\\\\").replace('"', '\\"') + '"'
