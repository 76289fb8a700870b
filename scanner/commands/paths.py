"""Ask the graph: is there a way from A to B, and does every way pass C?"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from scanner.commands.arguments import add_inputs, complain, note_foreign_profiles, request_of
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.graph.graph import Graph
    from scanner.graph.model import Edge
    from scanner.graph.search import Way

SHOWN = 10
EPILOG = """A, B and C are addresses (inference/Deployment/vllm, aws_iam_role.gateway), addresses in a unit
(unit:address), patterns in which * stands for anything, or roles (role:gateway, role:model, role:external, ...).
Edges of every plane count, and a way may lead over actors: this asks what can follow from what, not what a rule
judges.

exit codes: 0 there is no way (with --through: every way passes C, or there is none); 1 there is a way (with
--through: one round C); 3 only edges that are not certain make such a way, or an input was not read; 2 wrong use."""


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_inputs(parser)
    parser.add_argument("--from", dest="source", required=True, metavar="A", help="where the way starts")
    parser.add_argument("--to", dest="target", required=True, metavar="B", help="where it ends")
    parser.add_argument("--through", metavar="C", help="say whether every way passes C, and show one that does not")
    parser.epilog = EPILOG


def run(options: Namespace) -> int:
    """Search and print; the exit code is the answer."""
    from scanner.commands.output import emit
    from scanner.graph.between import ways_between
    from scanner.scan import read_and_build

    request = request_of(options)
    note_foreign_profiles(request, options)
    scanned = read_and_build(request)
    graph = scanned.built.graph
    sources, targets = (matching(graph, one) for one in (options.source, options.target))
    through = matching(graph, options.through) if options.through else ()
    ways = ways_between(graph, sources, targets)
    round_it = ways_between(graph, sources, targets, without=through) if through else ways
    emit("\n".join([*_answer(options, ways, round_it), *_ways(graph, round_it)]) + "\n")
    for one in scanned.reading.unread:
        complain(f"unread: {one.origin}: {one.cause}")
    return _code(round_it, unread=bool(scanned.reading.unread))


def _code(ways: Sequence[Way], *, unread: bool) -> int:
    if any(way.state == "open" for way in ways):
        return 1
    return 3 if ways or unread else 0


def matching(graph: Graph, entry: str) -> tuple[str, ...]:
    """The ids of the nodes that `entry` names. Raises UsageError where it names none."""
    from scanner.rule import names

    prefix, _, role = entry.partition(":")
    if prefix == "role":
        return _with_role(graph, role)
    found = tuple(node.id for node in graph.nodes.values() if names(entry, node))
    if not found:
        from difflib import get_close_matches

        near = get_close_matches(entry, sorted({node.address for node in graph.nodes.values()}), 1)
        raise UsageError(f"`{entry}` names nothing in the graph" + (f"; did you mean `{near[0]}`?" if near else ""))
    return found


def _with_role(graph: Graph, name: str) -> tuple[str, ...]:
    from scanner.graph.model import Role

    if name not in list(Role):
        raise UsageError(f"there is no role `{name}`; known are {', '.join(Role)}")
    found = tuple(node.id for node in graph.with_role(Role(name)))
    if not found:
        raise UsageError(f"no node has the role `{name}`")
    return found


def _answer(options: Namespace, ways: Sequence[Way], round_it: Sequence[Way]) -> Iterator[str]:
    from scanner.reports.safe import safe

    ends = f"from `{safe(options.source)}` to `{safe(options.target)}`"
    if not ways:
        yield f"no way leads {ends}"
    elif not options.through:
        yield _counted(ways, f"{ends}", "leads", "lead")
    elif not round_it:
        yield f"every way {ends} passes `{safe(options.through)}`"
    else:
        yield _counted(round_it, f"{ends} and round `{safe(options.through)}`", "leads", "lead")


def _counted(ways: Sequence[Way], ends: str, one: str, many: str) -> str:
    certain = sum(way.state == "open" for way in ways)
    number = certain or len(ways)
    modal = f"certainly {one if number == 1 else many}" if certain else f"may {many}"
    return f"{number} of the sources {modal} {ends}"


def _ways(graph: Graph, ways: Sequence[Way]) -> Iterator[str]:
    from scanner.reports.words import plural

    for way in ways[:SHOWN]:
        yield ""
        yield f"{plural(len(way.edges), 'step')}, {way.state}"
        for number, edge in enumerate(way.edges, 1):
            yield from _step(graph, number, edge)
        last = graph.nodes[way.edges[-1].target]
        yield from _node(len(way.edges) + 1, last.kind, last.address)
    if len(ways) > SHOWN:
        yield ""
        yield f"and {len(ways) - SHOWN} more sources"


def _node(number: int, kind: str, address: str) -> Iterator[str]:
    from scanner.reports.words import titled

    yield f"  ({number}) {titled(kind, address)}"


def _step(graph: Graph, number: int, edge: Edge) -> Iterator[str]:
    from scanner.reports.safe import cut, safe
    from scanner.reports.words import place

    node = graph.nodes[edge.source]
    yield from _node(number, node.kind, node.address)
    if edge.origin is not None:
        yield f"   |  {place(edge.origin)}"
    yield f"   |  {edge.plane} {safe(edge.verb)}{_traffic(edge)}: {cut(safe(edge.because), 300)}"
    if edge.state == "possible":
        yield f"   |  decided by: {cut(safe(', '.join(edge.decided_by) or edge.reason), 300)}"
    yield "   v"


def _traffic(edge: Edge) -> str:
    """The ports of an edge in a few words; all of them are not worth a word."""
    if not edge.traffic or all((one.from_port, one.to_port) == (1, 65535) for one in edge.traffic):
        return ""
    ports = [
        f"{one.protocol} {one.from_port}" + (f"-{one.to_port}" if one.to_port != one.from_port else "")
        for one in edge.traffic
    ]
    return f" ({', '.join(ports[:4])}{', ...' if len(ports) > 4 else ''})"
