"""A cluster admits machines that do not stand in the cloud.

Why it matters
--------------
A cluster is one scheduler: when hybrid nodes, ECS Anywhere instances or an Arc-attached machine can join it, a model
can be scheduled into somebody's building without a change to any manifest. The promise is broken by the door, not only
by the first model that goes through it.

How to fix
----------
Remove the configuration that lets outside machines join (remote networks, hybrid access entries, external launch
types, activations). Where they are needed for other work, give that work a cluster of its own.

What it cannot see
------------------
Machines that join by hand with a kubeadm-style token, and clusters that are in none of the inputs.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts import Capacity
from scanner.graph.model import Role, State
from scanner.rule import Case, counted
from scanner.rule_places import if_it_exists
from scanner.unknown import Unknown

ASSERTION = "CLOUD-004"
SEVERITY = "critical"


def check(case: Case) -> Iterable[Finding]:
    """Every cluster is looked at; every statement that it takes outside machines is judged."""
    clusters = case.graph.with_role(Role.CLUSTER)
    for node in clusters:
        case.examine(node, "a cluster: no capacity from outside the cloud")
    for node, fact in case.graph.facts(Capacity):
        case.examine(node, f"capacity: {fact.because}")
        decided = node.decided_by if node.state is State.POSSIBLE else ()
        if isinstance(fact.place_class, Unknown):
            message = f"whether `{node.address}` takes machines from outside the cloud is not known: {fact.because}"
            decided = fact.place_class.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        elif decided:
            message = if_it_exists(f"`{node.address}` takes machines from outside the cloud: {fact.because}")
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        else:
            message = f"`{node.address}` takes machines from outside the cloud: {fact.because}"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix="remove this capacity")
    case.summary = f"{counted(len(clusters), 'cluster')}, none takes outside machines" if clusters else ""
