"""The gateway, or a model, can be reached by callers who are no agreed tenants.

Why it matters
--------------
The agreement names who is served. A gateway that the internet, another account or any namespace can call serves
whoever comes; the safety stack sees the call, but nobody agreed to the caller.

How to fix
----------
Let the gateway's load balancer, policy and resource policy admit the agreed tenants alone, and name those under
`tenants.agreed` in the profile. A network policy admits them by the names of their namespaces
(`kubernetes.io/metadata.name`); where every pod of the cluster is an agreed caller, `namespace:*` says so.

What it cannot see
------------------
Who sits behind an address range or a shared credential. Manifests never show all namespaces of a cluster, and a cluster
only those of a day: a policy that admits any, or any with a label, is never proven.
"""

from collections.abc import Iterable, Sequence

from scanner.findings import Finding
from scanner.graph.model import STACK, Node, Plane, Role, State
from scanner.graph.search import Way, reach
from scanner.rule import Case, counted
from scanner.rule_tenants import covers

ASSERTION = "TENANT-001"
SEVERITY = "critical"
UNSEEN = "Namespaces"
"""The kind of callers that no input shows."""


def check(case: Case) -> Iterable[Finding]:
    """Backwards from every gateway over network and identity: each caller must be agreed, or of the stack."""
    gateways = case.graph.with_role(Role.GATEWAY)
    if not gateways:
        return
    agreed = case.profile.tenants_agreed
    found = reach(
        case.graph,
        [node.id for node in gateways],
        [Plane.NETWORK, Plane.IDENTITY],
        verbs=["reach", "invoke"],
        # Who calls is agreed, not what a call passes through: a route in an agreed namespace lets in whoever calls it.
        allowed=lambda node: _own(node) or (node.actor and any(covers(entry, node) for entry in agreed)),
    )
    if not case.profile.has("tenants.agreed"):
        yield case.missing(
            "tenants.agreed",
            "who may call the gateway is not known: the profile has no `tenants.agreed`",
            "tenants: {agreed: [namespace:NAME, cidr:10.0.0.0/8, account:111122223333]}",
        )
    for group in _by_last_edge(_telling(case, found.ways)):
        yield _finding(case, group)
    case.prove("only agreed tenants reach a gateway", found)
    case.summary = f"{counted(len(gateways), 'gateway')}, {counted(len(found.allowed), 'agreed caller')}"


def _own(node: Node) -> bool:
    return bool(node.roles & {*STACK, Role.OPERATOR, Role.PLATFORM})


def _telling(case: Case, ways: Sequence[Way]) -> list[Way]:
    """The ways; those of callers that no input shows only where no other is seen to be open, and some are agreed."""
    agreed = case.profile.has("tenants.agreed")
    inside = {way.edges[-1].target for way in ways if way.state is State.OPEN and Role.EXTERNAL not in way.actor.roles}
    return [way for way in ways if way.actor.kind != UNSEEN or (agreed and way.edges[-1].target not in inside)]


def _by_last_edge(ways: Sequence[Way]) -> list[list[Way]]:
    groups: dict[object, list[Way]] = {}
    for way in sorted(ways, key=lambda one: (one.state is not State.OPEN, len(one.edges), one.actor.id)):
        last = way.edges[-1]
        groups.setdefault((last.target, last.source if len(way.edges) > 1 else way.actor.id, way.state), []).append(way)
    return list(groups.values())


def _finding(case: Case, group: Sequence[Way]) -> Finding:
    way = group[0]
    gateway = case.graph.nodes[way.edges[-1].target]
    reaches = "reaches" if way.state is State.OPEN else "may reach"
    others = sorted({one.actor.address for one in group[1:]})
    anyone = way.actor.address in ("external/internet", "external/anyone")
    known = anyone or case.profile.has("tenants.agreed")
    who = "it is no agreed tenant" if known else "whether it is an agreed tenant is not known"
    message = f"`{way.actor.address}` {reaches} gateway `{gateway.address}`: {who}"
    doubts = () if known else ("profile:tenants.agreed",)
    outside = Role.EXTERNAL in way.actor.roles
    about = case.graph.nodes[way.edges[0].target] if outside else way.actor
    fix = "admit the agreed tenants alone"
    return case.way(way, message, fix=fix, ways=len(group), also=others, doubts=doubts, about=about)
