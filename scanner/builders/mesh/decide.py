"""Whether the AuthorizationPolicies of one workload let a call pass: CUSTOM, then DENY, then ALLOW."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from scanner.builders.k8s_policy.labels import Match
from scanner.builders.mesh.attributes import Call, compare
from scanner.builders.mesh.policies import NOT_READ, Action, Atom, AuthzPolicy, Clause, Rule
from scanner.origin import Origin


class Proxy(StrEnum):
    """What enforces a policy: a proxy that reads requests, or a ztunnel, which sees connections."""

    ENVOY = "envoy"
    ZTUNNEL = "ztunnel"


Selected = Sequence[tuple[AuthzPolicy, Match]]
"""Policies with whether they select the workload."""


class Verdict(Struct, frozen=True):
    """How sure it is that a call passes, and the policy and line that decide; no policy where none speaks of it.

    how: "unselected" (no ALLOW policy selects), "admitted", "denied", "unmatched" (none of the ALLOW policies
    matches), "custom" (an authorizer outside decides).
    """

    match: Match
    how: str
    policy: AuthzPolicy | None = None
    origin: Origin | None = None


def decide(policies: Selected, call: Call, proxy: Proxy = Proxy.ENVOY) -> Verdict:
    """The answer of all policies together; AUDIT changes nothing."""
    doubts: list[Verdict] = []
    for policy, selected in policies:
        if policy.action is Action.DENY:
            found, origin = _policy(policy, call, proxy)
            match = min(found, selected)
            if match is Match.YES:
                return Verdict(Match.NO, "denied", policy, origin)
            if match is Match.MAYBE:
                doubts.append(Verdict(Match.MAYBE, "denied", policy, origin))
        elif policy.action in (Action.CUSTOM, Action.UNKNOWN) and proxy is Proxy.ENVOY:
            found, origin = _policy(policy, call, proxy)
            if min(found, selected) is not Match.NO:
                doubts.append(Verdict(Match.MAYBE, "custom", policy, origin))
    allowed = _allowed(policies, call, proxy)
    if allowed.match is Match.YES and doubts:
        return doubts[0]
    return allowed


def _allowed(policies: Selected, call: Call, proxy: Proxy) -> Verdict:
    """The answer of the ALLOW policies: where it is not sure which ones select, every combination counts."""
    sure: list[Verdict] = []
    perhaps: list[Verdict] = []
    for policy, selected in policies:
        if policy.action not in (Action.ALLOW, Action.UNKNOWN) or selected is Match.NO:
            continue
        found, origin = _policy(policy, call, proxy)
        how = "admitted" if found is not Match.NO else "unmatched"
        certain = selected is Match.YES and policy.action is Action.ALLOW
        (sure if certain else perhaps).append(Verdict(found, how, policy, origin))
    if not sure and not perhaps:
        return Verdict(Match.YES, "unselected")
    if not sure:
        worst = min(perhaps, key=lambda one: one.match)
        return worst if worst.match is Match.YES else Verdict(Match.MAYBE, worst.how, worst.policy, worst.origin)
    best = max(sure, key=lambda one: one.match)
    other = max(perhaps, key=lambda one: one.match, default=best)
    if best.match is Match.NO and other.match is not Match.NO:
        return Verdict(Match.MAYBE, "admitted", other.policy, other.origin)
    return best


def _policy(policy: AuthzPolicy, call: Call, proxy: Proxy) -> tuple[Match, Origin | None]:
    """Whether any rule of a policy matches, and the line of the best; without rules none does."""
    best: tuple[Match, Origin | None] = (Match.NO, policy.rules[0].origin if policy.rules else policy.origin)
    for rule in policy.rules:
        found = matches(rule, policy, call, proxy)
        if found[0] > best[0]:
            best = found
            if best[0] is Match.YES:
                break
    return best


def matches(rule: Rule, policy: AuthzPolicy, call: Call, proxy: Proxy = Proxy.ENVOY) -> tuple[Match, Origin | None]:
    """Whether one rule matches a call, and the line of the part that does."""
    blind = call.request is None or proxy is Proxy.ZTUNNEL
    if blind and any(_unseen(one, proxy) for one in _every(rule)):
        if policy.action is Action.ALLOW:
            return Match.NO, rule.origin
        if proxy is Proxy.ZTUNNEL:
            return _at_ztunnel(rule, policy, call), rule.origin
    one, line = _any(rule.sources, policy, call, blind, proxy)
    two, other = _any(rule.operations, policy, call, blind, proxy)
    three = _all(rule.conditions, policy, call, blind, proxy)
    return min(one, two, three), line or other or rule.origin


def _at_ztunnel(rule: Rule, policy: AuthzPolicy, call: Call) -> Match:
    """A DENY with attributes that a ztunnel cannot see: the rest is enforced, as releases differ where none is left."""
    kept = [
        [tuple(one for one in clause if not _unseen(one, Proxy.ZTUNNEL)) for clause in part]
        for part in (rule.sources, rule.operations, tuple((one,) for one in rule.conditions))
    ]
    best = Match.YES
    for part in kept:
        if part:
            best = min(best, max(_all(clause, policy, call, False, Proxy.ZTUNNEL) for clause in part))
    empty = any(not clause for part in kept for clause in part)
    return min(best, Match.MAYBE) if empty else best


def _every(rule: Rule) -> Iterable[Atom]:
    for clause in (*rule.sources, *rule.operations, rule.conditions):
        yield from clause


_CONNECTION = frozenset(
    {"source.principal", "source.namespace", "source.ip", "destination.ip", "destination.port", NOT_READ}
)


def _unseen(atom: Atom, proxy: Proxy) -> bool:
    """Whether what sees connections only cannot know an attribute."""
    if proxy is Proxy.ZTUNNEL:
        return atom.key not in _CONNECTION and atom.key != "source.serviceAccount"
    return atom.key.startswith("request.")


def _any(
    clauses: tuple[Clause, ...], policy: AuthzPolicy, call: Call, blind: bool, proxy: Proxy
) -> tuple[Match, Origin | None]:
    if not clauses:
        return Match.YES, None
    best: tuple[Match, Origin | None] = (Match.NO, None)
    for clause in clauses:
        found = _all(clause, policy, call, blind, proxy)
        if found > best[0]:
            best = (found, clause[0].origin if clause else None)
    return best


def _all(clause: Clause, policy: AuthzPolicy, call: Call, blind: bool, proxy: Proxy) -> Match:
    """All attributes of a clause; those that cannot be seen are left out, which makes a DENY deny more."""
    best = Match.YES
    for atom in clause:
        if blind and _unseen(atom, proxy):
            continue
        best = min(best, _atom(atom, policy, call))
        if best is Match.NO:
            break
    return best


def _atom(atom: Atom, policy: AuthzPolicy, call: Call) -> Match:
    if atom.key == NOT_READ:
        return Match.MAYBE
    best = Match.YES
    if atom.values:
        best = max(compare(atom.key, one, call, policy.namespace) for one in atom.values)
    if atom.negative and best is not Match.NO:
        excluded = max(compare(atom.key, one, call, policy.namespace) for one in atom.negative)
        best = min(best, Match(Match.YES - excluded))
    return best
