"""What a run says: findings with their paths, verdicts, and the Report that holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field, structs
from msgspec.structs import replace as replace  # noqa: PLC0414  (for rules: they change a hop of a finding)

from scanner.graph.certificate import Closure, Examined
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Unread


class Verdict(StrEnum):
    """The three verdicts, and `not-judged` for a rule whose basis was not given."""

    HOLDS = "holds"
    VIOLATED = "violated"
    UNPROVEN = "unproven"
    NOT_JUDGED = "not-judged"


NOT_CHOSEN = "it was not chosen"
"""The note of a rule that a run was not to judge."""
SEVERITIES = ("critical", "high", "medium", "low")

COMMITMENTS: dict[str, str] = {
    "cloud-only": "models run in approved cloud regions and nowhere else",
    "no-edge": "models never ship to edge devices",
    "safety-path": "every call to a model passes the operator's safety stack",
    "guardrails-on": "no guardrail is off, weakened, silent or optional",
    "approved-models": "only approved, safety-trained models are served",
    "live-classifiers": "the classifiers are running and up to date",
    "operator-control": "only the operator can change the safety stack",
    "agreed-tenants": "only agreed tenants can reach the deployment",
    "evidence": "every inference leaves evidence that the operator holds",
}
"""The commitments in their order, each with its promise in a line."""


_LINE = lazy(r"(\.(?:tf|tofu|tfvars|hcl|json|ya?ml)):\d+(?::\d+)?")
"""Where a message names a place in a file: the path stays, the line may move."""


class Subject(Struct, frozen=True):
    """What a finding is about. unit: the one that it is in, "" where there is none."""

    address: str
    kind: str
    name: str
    origin: Origin | None
    unit: str = ""


class Hop(Struct, frozen=True):
    """A step of a counterexample; `because` says what lets the traffic on from here, or in. `cut`: close it here."""

    address: str
    kind: str
    name: str
    origin: Origin | None
    because: str
    cut: bool = False


class Shared(Struct, frozen=True):
    """A thing that decides the same for all that use it, and what is said of it where several do."""

    subject: Subject
    message: str


class Finding(Struct, frozen=True):
    """A violation, or something that could not be proved.

    message: one lower-case sentence, names in backticks. plane: of the path, "" where there is no path.
    ways: how many ways of this kind there are in all ("shortest of N"). also: the addresses of folded findings.
    calls: the module calls that lead to what it is about, outermost first: their addresses and origins.
    seen: where it was seen, "" in all that was read: as of what is live, as of what is declared, ...
    twins: what it speaks of and several sources know: address, which source, and where that has it.
    shared: what would decide it for others as well; one finding for all of them, which is of that thing.
    """

    rule: str
    commitment: str
    verdict: Verdict
    severity: str
    message: str
    subject: Subject
    hops: tuple[Hop, ...] = ()
    decided_by: tuple[str, ...] = ()
    fix: str = ""
    plane: str = ""
    ways: int = 1
    also: tuple[str, ...] = ()
    calls: tuple[tuple[str, Origin], ...] = ()
    seen: str = ""
    twins: tuple[tuple[str, str, Origin], ...] = ()
    shared: Shared | None = None

    @property
    def of_shared(self) -> bool:
        """Whether it is of the thing that several use, who stand in `also`."""
        return self.shared is not None and self.shared.subject == self.subject

    def at_shared(self, shared: Shared) -> Finding:
        """The same as a finding of the thing that several use, whoever they are."""
        thing = shared.subject
        hop = Hop(thing.address, thing.kind, thing.name, thing.origin, self.hops[-1].because, cut=True)
        return structs.replace(self, subject=thing, message=shared.message, hops=(hop,))

    @property
    def fingerprint(self) -> str:
        """Stable over moved lines and reordered files: rule, subject, hops, what decides and what is said, no lines.

        What is said tells two findings about one subject apart, as an input and an output filter of one guardrail.
        """
        parts = [self.rule, self.verdict, self.subject.address, *(hop.address for hop in self.hops), *self.decided_by]
        parts.append(_LINE.sub(r"\1", self.message))
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @property
    def place(self) -> Origin | None:
        """Where the reader should look first: the hop to cut, else the subject."""
        for hop in self.hops:
            if hop.cut and hop.origin is not None:
                return hop.origin
        return self.subject.origin


class RuleResult(Struct, frozen=True):
    """One rule's verdict. examined: how many subjects it looked at. note: why it was not judged, or that it raised."""

    id: str
    commitment: str
    verdict: Verdict
    examined: int
    note: str = ""
    crashed: bool = False
    certificates: tuple[Closure | Examined, ...] = ()


class CommitmentResult(Struct, frozen=True):
    """One commitment's verdict over its rules; summary: the line that the text report prints."""

    id: str
    verdict: Verdict
    basis: tuple[str, ...]
    rules: int
    summary: str
    certificates: tuple[Closure | Examined, ...] = ()


class Waived(Struct, frozen=True):
    """A finding that a waiver takes out of the exit code, never out of the verdict."""

    fingerprint: str
    rule: str
    subject: str
    reason: str
    owner: str
    expires: str


class Scope(Struct, frozen=True):
    """On what the verdicts rest, and what they do not cover."""

    basis: tuple[str, ...] = ()
    not_judged: tuple[tuple[str, str], ...] = ()
    assumed_absent: tuple[str, ...] = ()


class Report(Struct, frozen=True):
    """Everything that a run found, in a fixed order; the formats only write it down.

    run: the fields that differ between runs (root, version, started, arguments). notes: warnings to print.
    models and safety_stack: (address, role, how it was recognised). inputs: path to sha256.
    """

    verdict: Verdict
    commitments: tuple[CommitmentResult, ...]
    findings: tuple[Finding, ...]
    rules: tuple[RuleResult, ...]
    unread: tuple[Unread, ...]
    waived: tuple[Waived, ...]
    scope: Scope
    models: tuple[tuple[str, str, str], ...] = ()
    safety_stack: tuple[tuple[str, str, str], ...] = ()
    assumptions: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    passed_over: Mapping[str, str] = field(default_factory=dict)
    ruleset_sha256: str = ""
    profile_path: str = ""
    profile_sha256: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    run: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
