"""Print the graph that every verdict rests on: nodes with their roles, edges with what allows them."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from scanner.commands.arguments import add_inputs, complain, note_foreign_profiles, request_of
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.reports.plain import Json
    from scanner.resource import Unread

PLANES = ("network", "identity", "supply", "control", "placement")


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_inputs(parser)
    parser.add_argument("--plane", choices=PLANES, help="the edges of one plane only")
    parser.add_argument("--format", choices=("json", "dot"), default="json", help="(default: json)")
    parser.add_argument(
        "--expand",
        action="store_true",
        help="instead, what the network policies alone admit between workloads, pair by pair, as if they were enforced",
    )
    parser.add_argument(
        "--who-may",
        nargs=2,
        metavar=("ACTION", "ARN"),
        help="instead, the principals of AWS that may do one action on one resource, as all policies have it",
    )
    parser.add_argument(
        "--given",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="with --who-may: a condition key of the request (repeatable)",
    )
    parser.add_argument(
        "--nothing-else",
        action="store_true",
        help="with --who-may: the request has no condition keys but those that are given",
    )


def run(options: Namespace) -> int:
    """Print the graph; 3 where an input was not read, so that an edge could be missing."""
    from scanner.commands.output import emit
    from scanner.reports.plain import dumped
    from scanner.scan import read_and_build

    request = request_of(options)
    note_foreign_profiles(request, options)
    scanned = read_and_build(request)
    body: Json
    if options.who_may:
        from scanner.commands.graph_who_may import given_facts, who_may

        try:
            facts = given_facts(options.given, alone=options.nothing_else)
        except ValueError as error:
            raise UsageError(f"`--given {error}` is no KEY=VALUE") from error
        action, arn = options.who_may
        body = _whole([who_may(some, scanned.profile, action, arn, facts) for some in scanned.deployments])
    elif options.expand:
        from scanner.commands.graph_expand import expand

        body = _whole([expand(some) for some in scanned.deployments])
        body["edges"] = [one for one in body["edges"] if options.plane in (None, one["plane"])]
    else:
        from scanner.reports.graph_json import plain_graph

        body = plain_graph(scanned.built.graph, options.plane)
    if options.format == "dot":
        from scanner.reports.graph_dot import dot

        emit(dot(body))
    else:
        emit(dumped(body))
    return _unread(scanned.reading.unread)


def _whole(bodies: list[Json]) -> Json:
    """The nodes and edges of every view of what was read; an edge that is open in one is open."""
    if len(bodies) == 1:
        return bodies[0]
    nodes = {one["id"]: one for body in reversed(bodies) for one in body["nodes"]}
    edges: dict[tuple[str, ...], Json] = {}
    for one in sorted((edge for body in bodies for edge in body["edges"]), key=lambda each: each["state"] != "open"):
        edges.setdefault((one["source"], one["target"], one["plane"], one["verb"], str(one.get("traffic"))), one)
    return {**bodies[0], "nodes": [nodes[key] for key in sorted(nodes)], "edges": [edges[key] for key in sorted(edges)]}


def _unread(unread: list[Unread]) -> int:
    for one in unread:
        complain(f"unread: {one.origin}: {one.cause}")
    return 3 if unread else 0
