"""What verifies the images of models lets unverified ones through.

Why it matters
--------------
A signature that is asked for, and not required, stops nobody: an image that was never signed, a namespace that did not
opt in, or an exception that covers the model's image carries whatever weights it likes.

How to fix
----------
Require the signature and the digest, label the namespaces and pods of models, and let no exception name them.

What it cannot see
------------------
A deployment without any verification; who holds the signing key.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.rule import Case
from scanner.rule_switches import Words, tell

ASSERTION = "MODEL-007"
SEVERITY = "high"
WORDS = Words("lets through what nobody verified, by", "require signature and digest; run no code of the weights")


def check(case: Case) -> Iterable[Finding]:
    """Every switch of the tables that relaxes the verification of images."""
    yield from tell(case, ASSERTION, WORDS)
