"""A script, a nested template, a chart or another program decides what is deployed, out of the scanner's sight.

Why it matters
--------------
One line of a start script joins a machine in a hall to the cluster, and one parameter of a nested template puts a
subnet on a rack there. No attribute of any resource shows it. A command that is known to reach outside the cloud is a
violation; a program that cannot be read to its end is not proved.

How to fix
----------
Declare what the program makes as resources, or render the template and the chart and scan the result. Keep start
scripts to the ordinary bootstrap of their node group.

What it cannot see
------------------
What a program fetches while it runs, and programs outside the inputs: a pipeline, an image, somebody's terminal.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts import Opaque
from scanner.graph.model import State
from scanner.rule import Case
from scanner.rule_places import if_it_exists
from scanner.unknown import Unknown

ASSERTION = "CLOUD-010"
SEVERITY = "medium"
SEVERITY_OF_COMMANDS = "critical"


def check(case: Case) -> Iterable[Finding]:
    """Every carrier of a program; the rest of the resources carries none."""
    for node in case.graph.nodes.values():
        facts = [fact for fact in node.facts if isinstance(fact, Opaque)]
        case.examine(node, "; ".join(f"{fact.carrier}: {fact.because}" for fact in facts) or "carries no program")
        for fact in facts:
            if isinstance(fact.place_class, Unknown):
                message = (
                    f"what the {fact.carrier} of `{node.address}` brings about is not known: {fact.place_class.cause}"
                )
                decided = fact.place_class.decided_by
                fix = "declare what it makes, or show it rendered"
                yield case.unproven(
                    node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=fix
                )
            elif fact.place_class != "cloud":
                message = f"the {fact.carrier} of `{node.address}` reaches outside the cloud: {fact.because}"
                possible = node.state is State.POSSIBLE
                finding = case.unproven if possible else case.violated
                message = if_it_exists(message) if possible else message
                yield finding(
                    node,
                    message,
                    origin=fact.origin,
                    because=fact.because,
                    decided_by=node.decided_by,
                    fix="take the command away",
                    severity=SEVERITY_OF_COMMANDS,
                )
