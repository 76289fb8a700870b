"""What a principal may do, asked of the evaluator: from where, with which guardrail, and on whose resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.builders.aws_identity.accounts import account_of
from scanner.builders.aws_identity.arns import speller
from scanner.builders.aws_identity.callers import caller, facts_of
from scanner.builders.aws_identity.organisation import NONE, RESOURCE, SERVICE, Organisation, organisation
from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_policy.authorize import RCP_SERVICES, Caller, Guarded, authorize
from scanner.builders.aws_policy.condition import GUARDRAIL_KEY, SOURCE_KEYS, Fact, Given, Other
from scanner.builders.aws_policy.decide import NOTHING, Answer, Request, Spell, acts_on
from scanner.builders.aws_policy.guard import approver
from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.named import DELEGATED, Named, addressed
from scanner.builders.aws_policy.statements import Policy
from scanner.builders.draft import World
from scanner.builders.homes import Account
from scanner.resource import Resource
from scanner.table_rows import InferenceAction

INTERNET: Mapping[str, Fact] = {**dict.fromkeys(SOURCE_KEYS, Given.ABSENT), "aws:sourceip": Given.OUTSIDE}
"""A request that comes over the public endpoint, from an address nobody named."""
INSIDE: Mapping[str, Fact] = dict.fromkeys(SOURCE_KEYS, Given.CHOSEN)
"""A request that comes from wherever the policy wants it to come from."""
OWN = Guarded()
"""A resource of the caller's account that has no policy of its own."""


class Access(Struct, frozen=True, eq=False):
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


class Judge(Struct, frozen=True, eq=False):
    """Asks the evaluator what a principal of one unit may do; what is common to its questions is worked out once."""

    world: World
    unit: str
    _spell: Spell
    _callers: dict[tuple[str, str], Caller] = field(default_factory=dict)
    _over: dict[tuple[Account, str, str], Organisation] = field(default_factory=dict)
    _named: dict[str, tuple[Named, Mapping[str, Fact]]] = field(default_factory=dict)
    _silent: dict[str, dict[str, bool]] = field(default_factory=dict)

    def access(
        self,
        principal: Principal,
        action: str,
        targets: tuple[str, ...],
        *,
        keyed: bool = False,
        partly: bool = False,
        more: Mapping[str, Fact] | None = None,
        of: Guarded = OWN,
    ) -> Access:
        """The widest that `action` is open on `targets`; `keyed` where a guardrail can be demanded of it.

        more: what else is known of the request, by condition key. of: the account and the policy of the resource.
        """
        best = Access(action, NOTHING)
        if self.silent(principal, action) and not self._let_in(principal, action, of):
            return best
        guards: list[Fact] = [Given.ABSENT]
        if keyed:
            guards.append(Other(approver(self.world, principal.unit)))
        for source, bound in ((INTERNET, False), (INSIDE, True)):
            for guard in guards:
                facts = {**source, GUARDRAIL_KEY: guard, **(more or {})}
                found = Access(action, self._asked(principal, action, targets, facts, partly, of), bound)
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
            return NOTHING
        return self._asked(principal, action, targets, {**source, GUARDRAIL_KEY: Given.CHOSEN}, partly, OWN)

    def number(self, principal: Principal) -> str:
        """The number of the account of a principal; "" where it is not known."""
        return self._seen(principal)[0].account

    def anew(self) -> Judge:
        """A Judge for principals whose policies have changed."""
        return Judge(self.world, self.unit, self._spell, {}, self._over, self._named)

    def silent(self, principal: Principal, action: str) -> bool:
        """Whether no policy of the principal may allow the action: most pairs of the two end here."""
        known = self.spoken(principal)
        if action not in known:
            allows = (one for policy in principal.policies for one in policy.statements if one.allows)
            known[action] = all(acts_on(one, action) is Truth.NO for one in allows)
        return known[action]

    def mute(self, principal: Principal, rows: tuple[InferenceAction, ...]) -> bool:
        """Whether no policy of the principal may allow the action of any row."""
        known = self.spoken(principal)
        key = f"{rows[0].action} {rows[-1].action} {len(rows)}" if rows else ""
        if key not in known:
            known[key] = all(self.silent(principal, row.action) for row in rows)
        return known[key]

    def spoken(self, principal: Principal) -> dict[str, bool]:
        """What is known of the actions that a principal's policies do not speak of: one for all that say the same."""
        known = self._silent.get(principal.node_id)
        if known is None:
            known = self._silent[principal.node_id] = _spoken_like(tuple(_shapes(principal)))
        return known

    def _let_in(self, principal: Principal, action: str, of: Guarded) -> bool:
        """Whether the resource's own policy may allow the action to the principal, whose own policies do not."""
        for one in () if of.policy is None else of.policy.statements:
            if one.allows and acts_on(one, action) is not Truth.NO:
                how, truth = addressed(self._seen(principal)[0], one)
                if how != DELEGATED and truth is not Truth.NO:
                    return True
        return False

    def over(self, principal: Principal, kind: str, action: str) -> Organisation:
        """What an organisation's policies of `kind` say of an action in the account of a principal."""
        resource = principal.resource
        if resource is None or _of_service(resource):
            return NONE
        account = account_of(self.world, resource)
        if (account, kind, "") not in self._over:
            self._over[account, kind, ""] = organisation(self.world, resource, kind)
        if (account, kind, action) not in self._over:
            found = self._over[account, kind, ""]
            denies = tuple(one for one in found.denies if acts_on(one, action) is not Truth.NO)
            self._over[account, kind, action] = replace(found, denies=denies)
        return self._over[account, kind, action]

    def _asked(
        self,
        principal: Principal,
        action: str,
        targets: tuple[str, ...],
        facts: Mapping[str, Fact],
        partly: bool,
        of: Guarded,
    ) -> Answer:
        request = Request(action, targets, {**self._seen(principal)[1], **facts}, self._spell, partly)
        if action.partition(":")[0].lower() in RCP_SERVICES:
            ruled = self.over(principal, RESOURCE, action)
            if ruled.levels or ruled.denies:
                of = replace(of, levels=(*of.levels, *ruled.levels), denies=(*of.denies, *ruled.denies))
        return authorize(self._caller(principal, action), request, of)

    def _seen(self, principal: Principal) -> tuple[Named, Mapping[str, Fact]]:
        """How policies see a principal: what they may call it, and what its tags say."""
        key = f"{principal.node_id}{'+' * principal.tagged}"
        if key not in self._named:
            self._named[key] = caller(self.world, principal), facts_of(self.world, principal)
        return self._named[key]

    def _caller(self, principal: Principal, action: str) -> Caller:
        """The principal as a caller, of its policies only the statements that speak of the action."""
        key = (principal.node_id, action)
        if key not in self._callers:
            over = self.over(principal, SERVICE, action)
            who = self._seen(principal)[0]
            spoken = (_speaking(one, action) for one in principal.policies)
            policies = tuple(one for one in spoken if one.statements)
            self._callers[key] = Caller(who, policies, principal.boundary, principal.session, over.levels, over.denies)
        return self._callers[key]


def _of_service(resource: Resource) -> bool:
    """Whether it is a service-linked role: policies of an organisation do not hold for those (user guide of it)."""
    path = resource.attrs.get("path")
    return isinstance(path, str) and path.startswith("/aws-service-role/")


def _shapes(principal: Principal) -> Iterator[object]:
    """What the Allow statements of a principal say of actions; where that is not written out, the statement itself."""
    for policy in principal.policies:
        for one in policy.statements:
            if one.allows:
                yield (one.actions, one.not_actions) if one.written else one


@lru_cache(maxsize=1024)
def _spoken_like(_: tuple[object, ...]) -> dict[str, bool]:
    """By action, what is known of all principals that say the same of actions."""
    return {}


def _speaking(policy: Policy, action: str) -> Policy:
    spoken = tuple(one for one in policy.statements if acts_on(one, action) is not Truth.NO)
    return policy if len(spoken) == len(policy.statements) else Policy(policy.name, policy.origin, spoken)


def judge(world: World, unit: str) -> Judge:
    """A Judge for the principals of `unit`."""
    return Judge(world, unit, speller(world.inventory, unit))
