"""A model, a store, a log or a key is shared with an account that is no agreed tenant.

Why it matters
--------------
A policy, a grant or a resource share that names another account is an agreement with that account, made in a file.
Whoever is named reads weights, evidence of other tenants, or decrypts both, and need never call the gateway.

How to fix
----------
Take the account out of the policy, the grant or the share; if it is a tenant, name it under `tenants.agreed`.

What it cannot see
------------------
Who uses an account; what an agreed tenant hands on; shares that are made outside the inputs.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.model import Edge, Node, Plane, Role
from scanner.graph.search import Way
from scanner.graph.trace import trace
from scanner.rule import Case, counted
from scanner.rule_tenants import covers

ASSERTION = "TENANT-003"
SEVERITY = "high"
KEY = "aws_kms_key"
FOREIGN = ("external/aws-account/", "external/aws-organization/", "external/aws-principal/", "external/aws-group/")
PUBLIC = frozenset({"external/anyone", "external/aws-principals"})


def check(case: Case) -> Iterable[Finding]:
    """Everything that is shared, and each account that it is shared with."""
    shared = list(_shared(case))
    strangers = [
        (way, node) for way, node in shared if not any(covers(one, node) for one in case.profile.tenants_agreed)
    ]
    for way, node in shared:
        case.examine(way.actor, f"it is shared with `{node.address}`")
    if strangers and not case.profile.has("tenants.agreed"):
        yield case.missing(
            "tenants.agreed",
            "with whom a store may be shared is not known: the profile has no `tenants.agreed`",
            "tenants: {agreed: [account:111122223333]}",
        )
    for way, node in strangers:
        yield _told(case, way, node)
    case.summary = f"{counted(len(shared), 'share')}, each with an agreed tenant" if shared else ""


def _shared(case: Case) -> Iterator[tuple[Way, Node]]:
    """The ways from stores, models, evidence and keys to accounts outside, copies included."""
    starts = [*case.graph.with_role(Role.STORE, Role.MODEL, Role.SINK)]
    starts += [node for node in case.graph.nodes.values() if node.kind == KEY]
    ids = [node.id for node in starts]
    before: dict[str, tuple[Edge, ...]] = dict.fromkeys(ids, ())
    for met, edges in trace(case.graph, ids, [Plane.SUPPLY], verbs=["copy"]).items():
        before.setdefault(met, edges)
    for held, edges in before.items():
        for edge in case.graph.out_of(held):
            node = case.graph.nodes[edge.target]
            outside = node.address.startswith(FOREIGN) or node.address in PUBLIC
            if edge.plane is Plane.SUPPLY and edge.verb == "read" and outside and Role.OPERATOR not in node.roles:
                yield Way(case.graph.nodes[(edges or (edge,))[0].source], (*edges, edge)), node


def _told(case: Case, way: Way, node: Node) -> Finding:
    known = node.address in PUBLIC or case.profile.has("tenants.agreed")
    who = "which is no agreed tenant" if known else "and whether it is an agreed tenant is not known"
    held = case.graph.nodes[way.edges[-1].source]
    is_shared = "is shared" if not way.decided_by else "may be shared"
    message = f"`{held.address}` {is_shared} with `{node.address}`, {who}"
    doubts = () if known else ("profile:tenants.agreed",)
    return case.way(way, message, fix="share it with agreed tenants alone", doubts=doubts, about=held)
