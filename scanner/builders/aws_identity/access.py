"""What a principal may do, all its policies, its boundary and the organisation's denies together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scanner.builders.aws_identity.arns import principal_arn, speller
from scanner.builders.aws_identity.organisation import RESOURCE, organisation_denies
from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_policy.authorize import RCP_SERVICES
from scanner.builders.aws_policy.condition import GUARDRAIL_KEY, SOURCE_KEYS, Fact, Given, Other
from scanner.builders.aws_policy.decide import Answer, Request, acts_on, decide
from scanner.builders.aws_policy.guard import approver
from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.statements import Policy
from scanner.builders.draft import World

INTERNET: Mapping[str, Fact] = {**dict.fromkeys(SOURCE_KEYS, Given.ABSENT), "aws:sourceip": Given.OUTSIDE}
"""A request that comes over the public endpoint, from an address nobody named."""
INSIDE: Mapping[str, Fact] = dict.fromkeys(SOURCE_KEYS, Given.CHOSEN)
"""A request that comes from wherever the policy wants it to come from."""


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """What a principal may do with one action.

    source_bound: only from a VPC, an endpoint or an address that the policy names.
    """

    action: str
    answer: Answer
    source_bound: bool = False

    @property
    def truth(self) -> Truth:
        """As far as the policies alone decide; what is bound to a source is not open to everybody who holds it."""
        return min(self.answer.truth, Truth.POSSIBLE) if self.source_bound else self.answer.truth

    @property
    def decided_by(self) -> tuple[str, ...]:
        """What would decide an access that is only possible."""
        bound = {"aws:SourceVpce"} if self.source_bound else set()
        return tuple(sorted(self.answer.decided_by | bound))


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Answers what a principal may do.

    organisation: the denies that stand over its account; resources: those that stand over the resources of it.
    """

    world: World
    organisation: tuple[Policy, ...]
    resources: tuple[Policy, ...] = ()
    _spoken: dict[tuple[str, str], tuple[Policy, ...]] = field(default_factory=dict)

    def access(
        self,
        principal: Principal,
        action: str,
        targets: tuple[str, ...],
        *,
        keyed: bool = False,
        partly: bool = False,
        more: Mapping[str, Fact] | None = None,
    ) -> Access:
        """The widest that `action` is open on `targets`; `keyed` where a guardrail can be demanded of it.

        more: what else is known of the request, by condition key.
        """
        guards: list[Fact] = [Given.ABSENT]
        if keyed:
            guards.append(Other(approver(self.world, principal.unit)))
        best = Access(action, Answer(Truth.NO))
        if self.silent(principal, action):
            return best
        for source, bound in ((INTERNET, False), (INSIDE, True)):
            for guard in guards:
                facts = {**source, GUARDRAIL_KEY: guard, "aws:principalarn": _arn(principal), **(more or {})}
                request = Request(action, targets, facts, speller(self.world.inventory, principal.unit), partly)
                found = Access(action, self._decided(principal, request), bound)
                best = found if found.truth > best.truth else best
                if best.truth is Truth.YES:
                    return best
        return best

    def under(
        self,
        principal: Principal,
        action: str,
        targets: tuple[str, ...],
        source: Mapping[str, Fact],
        *,
        partly: bool = False,
    ) -> Answer:
        """What the policies answer to a request from one kind of source, with whatever guardrail they want."""
        if self.silent(principal, action):
            return Answer(Truth.NO)
        facts = {**source, GUARDRAIL_KEY: Given.CHOSEN, "aws:principalarn": _arn(principal)}
        request = Request(action, targets, facts, speller(self.world.inventory, principal.unit), partly)
        return self._decided(principal, request)

    def silent(self, principal: Principal, action: str) -> bool:
        """Whether no policy over the principal may allow the action: most pairs of the two end here."""
        return not any(one.allows for policy in self._relevant(principal, action) for one in policy.statements)

    def _relevant(self, principal: Principal, action: str) -> tuple[Policy, ...]:
        """The policies over a principal, of each only the statements that speak of the action."""
        key = (principal.node_id, action)
        if key not in self._spoken:
            found = []
            over = self.resources if action.partition(":")[0].lower() in RCP_SERVICES else ()
            for policy in (*principal.policies, *self.organisation, *over):
                spoken = tuple(one for one in policy.statements if acts_on(one, action) is not Truth.NO)
                if spoken:
                    found.append(replace(policy, statements=spoken))
            self._spoken[key] = tuple(found)
        return self._spoken[key]

    def _decided(self, principal: Principal, request: Request) -> Answer:
        answer = decide(self._relevant(principal, request.action), request)
        boundary = principal.boundary
        if answer.truth is Truth.NO or boundary is None:
            return answer
        if boundary.unknown is not None:
            names = frozenset(boundary.unknown.decided_by or (boundary.name,))
            return replace(answer, truth=Truth.POSSIBLE, decided_by=answer.decided_by | names)
        limit = decide((boundary,), request)
        truth = min(answer.truth, limit.truth)
        return replace(answer, truth=truth, decided_by=answer.decided_by | limit.decided_by)


def _arn(principal: Principal) -> Fact:
    return principal_arn(principal.resource, principal.name)


def judge(world: World, unit: str) -> Judge:
    """A Judge for the principals of `unit`."""
    return Judge(
        world, tuple(organisation_denies(world, unit)), resources=tuple(organisation_denies(world, unit, RESOURCE))
    )
