"""What `tether verify` holds against a graph that was built again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from scanner.contracts import PREFIX, intruders, matching
from scanner.graph.certificate import faults
from scanner.graph.model import STACK, Node, Role
from scanner.origin import ApiOrigin
from scanner.reports.plain import text
from scanner.rule_operators import OF_THE_ACCOUNTS, OF_THE_MACHINES, is_machine, signs_in

if TYPE_CHECKING:
    from scanner.graph.graph import Graph
    from scanner.profile import Profile
    from scanner.scan import Scanned

Report = Mapping[str, Any]
_BASE = frozenset({Role.GATEWAY, Role.PLATFORM})


def disagreements(report: Report, scanned: Scanned) -> list[str]:
    """Everything in which the report does not agree with what was read and built again."""
    wrong = [*_inputs(report, scanned.reading.inputs), *_unread(report, scanned), *_profile(report, scanned.profile)]
    for commitment in report["commitments"]:
        wrong += [f"{commitment['id']}: {fault}" for fault in _commitment(commitment, report, scanned)]
    return wrong


def _inputs(report: Report, now: Mapping[str, str]) -> Iterator[str]:
    then = {one["path"]: one["sha256"] for one in report["inputs"]}
    current = {text(path): digest for path, digest in now.items()}
    for path in sorted(then.keys() | current.keys()):
        if path not in current:
            yield f"input `{path}` is not there any more"
        elif path not in then:
            yield f"input `{path}` was not read by the scan"
        elif then[path] != current[path]:
            yield f"input `{path}` has changed: sha256 {current[path]}, not {then[path]}"


def _unread(report: Report, scanned: Scanned) -> Iterator[str]:
    said = {(_place(one.get("origin")), one["cause"]) for one in report["unread"]}
    for one in scanned.reading.unread:
        if (text(one.origin), text(one.cause)) not in said:
            yield f"not read, and not in the report: {one.origin}: {one.cause}"


def _place(origin: object) -> str:
    if not isinstance(origin, Mapping):
        return ""
    if isinstance(api := origin.get("api"), Mapping):
        scope = api.get("scope")
        where = tuple(sorted(scope.items())) if isinstance(scope, Mapping) else ()
        names = (str(api.get(key, "")) for key in ("object", "at", "field"))
        return str(ApiOrigin(str(api.get("source")), str(api.get("operation")), where, *names))
    return f"{origin.get('path')}:{origin.get('line')}:{origin.get('column')}"


def _profile(report: Report, profile: Profile) -> Iterator[str]:
    if report["profile"].get("sha256", "") != profile.sha256:
        yield f"the profile is another one: sha256 {profile.sha256 or 'none'}, not {report['profile'].get('sha256')}"


def _commitment(commitment: Report, report: Report, scanned: Scanned) -> Iterator[str]:
    """The faults of one commitment: a promise that holds needs a proof, and the proof must stand."""
    graphs = [graph for graph, _ in scanned.graphs]
    proof = commitment.get("certificate")
    if commitment["verdict"] == "holds":
        if not proof or not (proof["reachability"] or proof["checks"]):
            yield "it is said to hold, without a certificate"
            return
        if scanned.reading.unread:
            yield "it is said to hold, although inputs were not read"
        if any(one["commitment"] == commitment["id"] for one in report["findings"]):
            yield "it is said to hold, beside findings against it"
        for graph in graphs:
            yield from _uncovered(commitment["id"], _about(proof, graph) if len(graphs) > 1 else proof, graph)
    for closure in proof["reachability"] if proof else ():
        graph = _spoken_of(closure, graphs)
        yield from (f"{closure.get('goal')}: {fault}" for fault in faults(graph, closure))
        yield from _intruders(commitment["id"], closure, scanned, graph)
    for check in proof["checks"] if proof else ():
        yield from (f"{check.get('goal')}: {fault}" for fault in _check(check, _spoken_of(check, graphs)))


def _spoken_of(part: Report, graphs: Sequence[Graph]) -> Graph:
    """The graph that a certificate speaks of, among those of the views; the first where it speaks of none of them."""
    return next((graph for graph in graphs if graph.digest == part.get("graph_sha256")), graphs[0])


def _about(proof: Report, graph: Graph) -> Report:
    """What a proof says of one view."""
    return {
        key: [one for one in proof[key] if one.get("graph_sha256") == graph.digest]
        for key in ("reachability", "checks")
    }


def _check(check: Report, graph: Graph) -> Iterator[str]:
    if check.get("graph_sha256") != graph.digest:
        yield "the graph is not the one that was examined"
    known = {text(node_id) for node_id in graph.nodes}
    for one in check["examined"]:
        if one["address"] not in known:
            yield f"`{one['address']}` was examined and is not in the graph"


def _uncovered(commitment: str, proof: Report, graph: Graph) -> Iterator[str]:
    """Models that the proof of the safety path does not speak of."""
    if commitment != "safety-path":
        return
    spoken = {str(one) for closure in proof["reachability"] for one in closure.get("targets", ())}
    spoken |= {one["address"] for check in proof["checks"] for one in check["examined"]}
    for node in graph.with_role(Role.MODEL, Role.CANDIDATE):
        if text(node.id) not in spoken:
            yield f"no certificate speaks of the model `{node.id}`"


def _intruders(commitment: str, closure: Report, scanned: Scanned, graph: Graph) -> Iterator[str]:
    """Allowed nodes that the profile does not make what they would have to be."""
    goal = str(closure.get("goal"))
    if goal.startswith(PREFIX):
        yield from _uncontracted(goal, closure, scanned, graph)
        return
    roles = _may(commitment, closure)
    for node_id in closure.get("allowed", ()):
        node = graph.nodes.get(str(node_id))
        if node is None or node.roles & roles:
            continue
        if commitment == "agreed-tenants" and any(_agreed(one, node) for one in scanned.profile.tenants_agreed):
            continue
        if commitment == "operator-control" and _stands_for_one(goal, node, scanned):
            continue
        wanted = " or ".join(sorted(roles))
        yield f"{closure.get('goal')}: `{node_id}` may not stand there: it is no {wanted} of the profile"


def _stands_for_one(goal: str, node: Node, scanned: Scanned) -> bool:
    """A machine, or somebody outside who signs in as an operator, where the certificate is about such."""
    if goal == OF_THE_MACHINES:
        return is_machine(node)
    return goal == OF_THE_ACCOUNTS and signs_in(scanned.profile.operators, node)


def _uncontracted(goal: str, closure: Report, scanned: Scanned, graph: Graph) -> Iterator[str]:
    """What the certificate of a contract has that the contract of the profile does not allow."""
    contract = next((one for one in scanned.profile.contracts if f"{PREFIX}{one.name}" == goal), None)
    if contract is None:
        yield f"{goal}: the profile has no such contract"
        return
    targets = {str(one) for one in closure.get("targets", ())}
    inside = {str(one) for one in closure.get("closed", ())} - targets
    for one in intruders(contract, graph, map(str, closure.get("allowed", ())), inside):
        yield f"{goal}: `{one}` may not stand there: the contract lets none of them through"
    wanted = [node for node in graph.nodes.values() if matching(contract.target, node) is not None]
    for node in wanted:
        if node.id not in targets and matching(contract.through, node) is None:
            yield f"{goal}: no certificate speaks of `{node.id}`"


def _may(commitment: str, closure: Report) -> frozenset[Role]:
    """Who may be met on the way, by what the certificate is about."""
    if commitment == "operator-control":
        return frozenset({Role.OPERATOR, Role.PLATFORM})
    if commitment == "agreed-tenants":
        return STACK | {Role.OPERATOR, Role.PLATFORM}
    if list(closure.get("verbs", ())) == ["become"]:
        return _BASE | {Role.OPERATOR}
    return _BASE


def _agreed(entry: str, node: Node) -> bool:
    """Whether an agreed tenant (`namespace:`, `account:`, `cidr:`, or an address) is this caller."""
    kind, _, name = entry.partition(":")
    if kind == "namespace":
        return bool(node.namespace) and fnmatchcase(node.namespace, name)
    if kind == "account":
        return node.address == f"external/aws-account/{name}"
    if kind == "cidr":
        return Role.EXTERNAL in node.roles and _inside(node.name, name)
    return fnmatchcase(node.address, entry.replace("[", "[[]"))


def _inside(inner: str, outer: str) -> bool:
    try:
        one, other = ip_network(inner, strict=False), ip_network(outer, strict=False)
        return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]
    except ValueError:
        return False
