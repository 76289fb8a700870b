"""Something stands in the customer's own building, or on a machine there, although a cloud service makes it.

Why it matters
--------------
A rack of the provider in a customer's hall is run with the cloud's own words: a subnet, a volume, a load balancer. The
hardware is in other hands all the same, and so are the weights that are loaded there. What stands on it goes along: an
instance by its subnet or its host, a pod by its cluster.

How to fix
----------
Take the setting away that moves the thing to the site (an Outpost, a local gateway, a custom location), so that it
stands in an ordinary zone of an approved region.

What it cannot see
------------------
A site behind a module that is not on disk, and machines that people register by hand. Types that no table knows count
as cloud of their provider; a provider that no table knows is told by the allow-list.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.rule import Case
from scanner.rule_places import SITE, of_classes, tell

ASSERTION = "CLOUD-002"
SEVERITY = "critical"


def check(case: Case) -> Iterable[Finding]:
    """Every statement of a place that is a site of the customer, with what stands there by it."""
    found = list(of_classes(case, SITE))
    fix = "keep it, and what stands on it, in an approved region"
    yield from tell(case, found, lambda node, fact: f"`{node.address}` stands on premises: {fact.because}", fix)
