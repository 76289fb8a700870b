"""Somebody whom the agreement excludes has a way into the deployment.

Why it matters
--------------
An excluded organisation is not a tenant that was forgotten: the agreement names it as one that must not be served. A
trust, a share, a range or a namespace that lets it in breaks the agreement whether it is used or not.

How to fix
----------
Take the excluded one out of the policy, the range or the selector that the finding marks, and deny it by name.

What it cannot see
------------------
Who sits behind an address range or another account; an organisation policy that is not in the inputs. Whether a tenant
of Azure is denied: nothing in a deployment's text says so.
"""

from collections.abc import Iterable, Iterator, Sequence

from scanner.findings import Finding, replace
from scanner.graph.facts_access import Admits, ExplicitDeny
from scanner.graph.model import STACK, Node, Plane, Role, State
from scanner.graph.search import Way, reach
from scanner.graph.trace import trace
from scanner.rule import Case, counted
from scanner.rule_tenants import covers, overlaps
from scanner.unknown import Unknown

ASSERTION = "TENANT-002"
SEVERITY = "critical"
PLANES = (Plane.NETWORK, Plane.IDENTITY, Plane.SUPPLY, Plane.CONTROL)


def check(case: Case) -> Iterable[Finding]:
    """Backwards from every model, store and stack member over every plane; only the excluded are told."""
    excluded = case.profile.tenants_excluded
    guarded = case.graph.with_role(*STACK, Role.MODEL, Role.STORE)
    if not excluded or not guarded:
        return
    found = reach(case.graph, [node.id for node in guarded], PLANES, allowed=lambda _: False)
    for node in guarded:
        case.examine(node, f"ways of {counted(len(excluded), 'excluded tenant')} were searched")
    for way in (*found.ways, *_read(case, guarded)):
        entry = next((one for one in excluded if overlaps(one, way.actor)), "")
        if entry:
            yield _finding(case, way, entry)
    for node, admitted in case.graph.facts(Admits):
        yield _admitted(case, node, admitted)
    for node, fact in case.graph.facts(ExplicitDeny):
        case.examine(node, fact.because)
        if fact.present is not True:
            # The deny may stand in an organisation policy that is not in the inputs.
            decided = fact.present.decided_by if isinstance(fact.present, Unknown) else (f"a deny of {fact.entry}",)
            message = f"`{fact.entry}` is excluded, and nothing denies it by name: {fact.because}"
            fix = "deny it in a policy of the organisation, or of the gateway"
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=fix)
    case.summary = f"{counted(len(excluded), 'excluded tenant')} without a way in"


def _read(case: Case, guarded: Sequence[Node]) -> Iterator[Way]:
    """The ways to whoever outside reads something that is guarded, or a copy of it."""
    ids = [node.id for node in guarded]
    copies = trace(case.graph, ids, [Plane.SUPPLY], verbs=["copy"])
    for held in sorted({*ids, *copies}):
        for edge in case.graph.out_of(held):
            reader = case.graph.nodes[edge.target]
            if edge.verb == "read" and Role.EXTERNAL in reader.roles:
                # Told from the reader on, as every other way in.
                ways = [*(replace(one, cut=False) for one in copies.get(held, ())), edge]
                yield Way(reader, tuple(replace(one, source=one.target, target=one.source) for one in reversed(ways)))


def _admitted(case: Case, node: Node, fact: Admits) -> Finding:
    fix = "take it out, and deny it by name"
    case.examine(node, fact.because)
    if isinstance(fact.sure, Unknown):
        message = f"whether `{node.address}` lets in `{fact.entry}`, whom the agreement excludes, is not known"
        decided = fact.sure.decided_by
        return case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=fix)
    message = f"`{fact.entry}`, which the agreement excludes, is let in by `{node.address}`: {fact.because}"
    return case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)


def _finding(case: Case, way: Way, entry: str) -> Finding:
    target = case.graph.nodes[way.edges[-1].target]
    sure = covers(entry, way.actor)
    let = "is let in" if way.state is State.OPEN else "may be let in"
    what = f"`{entry}`, which the agreement excludes, {let}" if sure else f"`{entry}` may be among those let in"
    message = f"{what}: `{way.actor.address}` gets at `{target.address}`"
    doubts = () if sure else (f"who is behind {way.actor.address}",)
    about = case.graph.nodes[way.edges[0].target] if Role.EXTERNAL in way.actor.roles else way.actor
    return case.way(way, message, fix="take the excluded one out, and deny it by name", doubts=doubts, about=about)
