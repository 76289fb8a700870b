"""The safety stack is delivered from elsewhere than the operator's repository, from a name that moves, or unsigned.

Why it matters
--------------
Who may push to the branch that a controller follows changes the safety stack without touching the cluster or the
account: no right in either is needed, and no policy there sees it. A commit that is named by its digest, and a
signature that is verified, leave that to those whom the operator trusts.

How to fix
----------
Let the delivery name a commit, or a digest, of a repository that the profile names under `delivery.repositories`, and
let it verify who signed: `spec.verify` of a source of Flux, `signatureKeys` of a project of Argo CD, a code signing
configuration that enforces for functions. Seal guardrails and evidence with keys of `delivery.keys`.

What it cannot see
------------------
Who may push to the repository, and who holds the keys that sign; whether the keys with which Flux verifies are those of
the operator: they stand in a Secret. What builds, pipelines of other services, stacks of CloudFormation and people
apply by themselves; the template of a stack set that lies elsewhere is not read: it stays unproven. What a delivery
brings that none of the inputs shows: it is unread. The version of a chart, and a tag, may be replaced where they are
kept: they stay unproven. How images are pinned in a cluster, `model-image-verification-relaxed` tells.
Without `delivery` in the profile nothing is judged.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_delivery import StackDelivery
from scanner.rule import Case
from scanner.unknown import Unknown

ASSERTION = "CTRL-005"
SEVERITY = "high"
CARRIES = False
EXAMPLE = "delivery: {repositories: [https://HOST/PATH], keys: [ADDRESS]}"
SAYS = {
    "repository": ("comes from elsewhere", "comes from the operator's repository", "deliver it from your repository"),
    "pinned": ("is not pinned", "is pinned", "name a commit or a digest"),
    "signed": ("is not verified", "is verified", "let it verify who signed"),
    "keys": ("is in the power of another key", "is sealed and signed with the operator's keys", "use a key of yours"),
}
"""By aspect: what is wrong, what should be, and what to do."""


def check(case: Case) -> Iterable[Finding]:
    """Everything that delivers a part of the stack, what signs it, and what seals guardrails and evidence."""
    message = "from where the safety stack may be delivered is not known: the profile has no `delivery`"
    profile = case.profile
    own = [unit.repository for unit in profile.units if unit.repository]
    yield from case.lacks("delivery", message, EXAMPLE, (*own, *profile.repositories, *profile.keys))
    deliveries = 0
    for node, fact in case.graph.facts(StackDelivery):
        case.examine(node, f"{fact.aspect}: {fact.because}")
        deliveries += fact.aspect == "repository"
        wrong, right, fix = SAYS[fact.aspect]
        what = f"what `{node.address}` brings" if fact.aspect != "keys" else f"`{node.address}`"
        if isinstance(fact.good, Unknown):
            message = f"whether {what} {right} is not known: {fact.because}"
            decided = fact.good.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        elif not fact.good:
            message = f"{what} {wrong}: {fact.because}"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
    named = "1 delivery" if deliveries == 1 else f"{deliveries} deliveries"
    case.summary = f"{named} of the stack, verified" if deliveries else ""
