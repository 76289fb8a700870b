"""What runs of the safety stack is not what the operator released.

Why it matters
--------------
A classifier is what its image is. A tag that was moved, a rollout that stopped half way, or an image that somebody put
in by hand answers under the same name, and nothing that is declared tells the difference.

How to fix
----------
Roll out the release, and take away what is not of it. Where the new image is the right one, write its digest under
`safety_stack.release`, and agree on it: `tether.lock` pins the entry.

What it cannot see
------------------
Before and after the moment at which the API was asked. Weights that a classifier loads when it starts; which images run
in functions, machines and kinds of workloads whose controller is not Kubernetes' own: these are unproven where the
release names them. Of a guardrail, calls of its versions are counted, as far back as the finding says. Who signed the
release: it is pinned with the profile, in `tether.lock`.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts_observed import Released
from scanner.graph.model import Role
from scanner.rule import Case, counted, names
from scanner.unknown import Unknown

ASSERTION = "CLASS-004"
SEVERITY = "high"
BASES = ("recorded", "live")
EXAMPLE = 'safety_stack: {release: [{member: NAMESPACE/Deployment/NAME, images: ["sha256:DIGEST"]}]}'


def check(case: Case) -> Iterable[Finding]:
    """Every member of the release that the profile names, and every classifier that it leaves out."""
    message = "which images and versions the operator released is not known: the profile has no `safety_stack.release`"
    yield from case.lacks("safety_stack.release", message, EXAMPLE, case.profile.release)
    seen: set[str] = set()
    for node, fact in case.graph.facts(Released):
        if fact.aspect == "draft":
            continue
        seen.add(fact.member)
        case.examine(node, fact.because)
        if isinstance(fact.good, Unknown):
            message = f"whether what runs of `{node.address}` is as released is not known: {fact.because}"
            decided = fact.good.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        elif not fact.good:
            message = f"what runs of `{node.address}` is not as released: {fact.because}"
            fix = "roll out the release, or release what runs"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
    yield from _absent(case, seen)
    case.summary = f"{counted(len(case.looked_at), 'member')} of the release as released" if case.looked_at else ""


def _absent(case: Case, seen: set[str]) -> Iterator[Finding]:
    """Members of which no API told, and classifiers of which the release says nothing."""
    release = case.profile.release
    for one in release:
        if one.member not in seen:
            yield case.missing(
                f"safety_stack.release: {one.member}",
                f"member `{one.member}` of the release is not in what was read of an API",
                "scan the cluster or the account that it runs in, or correct the address",
            )
    for node in case.graph.with_role(Role.CLASSIFIER) if release else ():
        if not any(names(one.member, node) for one in release):
            message = f"which images classifier `{node.address}` must run is not known: the release leaves it out"
            decided = ("profile:safety_stack.release",)
            yield case.unproven(node, message, decided_by=decided, fix="write its images into the release")
