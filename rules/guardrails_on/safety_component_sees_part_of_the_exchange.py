"""A safety component sees a part of the exchange only.

Why it matters
--------------
What a filter is not shown, it cannot stop: headers without the body, the prompt without the answer, whole answers but
not streamed ones, the tagged part of a prompt, the text beside a picture. A caller learns quickly where nobody looks.

How to fix
----------
Send request and response bodies to the component, streamed ones as well, and give it both directions. Let each filter
read what the model takes, `input_modalities` with images where it takes images, or serve a model that reads text alone.

What it cannot see
------------------
Pictures and sound that a gateway takes out of a request, and what classifiers of the operator's own read beside text;
bodies larger than a component reads.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.model import STACK
from scanner.rule import Case
from scanner.rule_switches import Words, tell

ASSERTION = "GUARD-006"
SEVERITY = "high"
WORDS = Words("sees only a part of the exchange, by", "show it requests and responses, whole")


def check(case: Case) -> Iterable[Finding]:
    """Every member of the stack, so that none is passed over, and every narrowed view of the tables."""
    for node in case.graph.with_role(*STACK):
        case.examine(node, "a member of the stack: no narrowed view")
    yield from tell(case, ASSERTION, WORDS)
