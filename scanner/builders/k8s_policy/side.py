"""All that policies ask of one pod in one direction, ready to be answered, and what makes the answer unsure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy.cluster import Selected
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.k8s_policy.model import Direction, Peer, PeerKind, Policy, Rule


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule made ready: its peers with the pods they select. `sure` is False where the rule may not stand."""

    policy: Policy
    rule: Rule
    peers: tuple[tuple[Peer, Selected], ...]
    sure: bool


Group: TypeAlias = tuple[tuple[Asked, ...], ...]
"""The rules of all policies of one priority, a tuple for each policy."""


@dataclass(frozen=True, slots=True)
class Side:
    """All that is asked of one pod in one direction.

    isolated: how certain it is that a NetworkPolicy selects the pod for this direction.
    policies: the NetworkPolicies that do, with their rules and whether they surely select it.
    """

    pod: int
    direction: Direction
    admin: tuple[Group, ...]
    policies: tuple[tuple[Policy, bool, tuple[Asked, ...]], ...]
    baseline: tuple[Group, ...]

    @property
    def isolated(self) -> Match:
        """Whether a NetworkPolicy isolates the pod in this direction."""
        if any(sure for _, sure, _ in self.policies):
            return Match.YES
        return Match.MAYBE if self.policies else Match.NO

    @property
    def free(self) -> bool:
        """True where no policy of any tier speaks of the pod in this direction."""
        return not (self.admin or self.policies or self.baseline)

    @property
    def only_networkpolicies(self) -> bool:
        """True where no admin or baseline policy speaks of it."""
        return not (self.admin or self.baseline)

    def key(self) -> tuple[object, ...]:
        """Equal for pods that the same policies select in the same way; names ports apart for ingress."""
        return (
            tuple(tuple((rules[0].policy.address, rules[0].sure) for rules in group if rules) for group in self.admin),
            tuple((policy.address, sure) for policy, sure, _ in self.policies),
            tuple(
                tuple((rules[0].policy.address, rules[0].sure) for rules in group if rules) for group in self.baseline
            ),
        )

    def names(self) -> list[str]:
        """The policies that speak, each once; `?` marks one that does so only perhaps."""
        found = {policy.address if sure else f"{policy.address}?" for policy, sure, _ in self.policies}
        for group in (*self.admin, *self.baseline):
            found |= {f"{one.policy.address}{'' if one.sure else '?'}" for rules in group for one in rules}
        return sorted(found)

    def doubts(self) -> Iterable[Doubt]:
        """Why what it says may be unsure, best reason first."""
        for policy, sure, _ in self.policies:
            if not sure:
                yield policy.doubt or policy.subject.doubt or _selection(policy)
        for asked in self.asked():
            if not asked.sure:
                yield asked.rule.doubt or asked.policy.doubt or _selection(asked.policy)
            for peer, selected in asked.peers:
                yield from _peer_doubts(peer, selected)
            if any(spec.unsure for spec in asked.rule.ports or ()):
                yield Doubt("value-unknown", (f"a port of {asked.policy.address}",))
        if any(len(group) > 1 for group in (*self.admin, *self.baseline)):
            yield Doubt("equal-priority", tuple(sorted({one.policy.address for one in self.asked()})))

    def asked(self) -> Iterable[Asked]:
        """Every rule, in the order of the tiers."""
        for group in self.admin:
            for rules in group:
                yield from rules
        for _, _, rules in self.policies:
            yield from rules
        for group in self.baseline:
            for rules in group:
                yield from rules


def _selection(policy: Policy) -> Doubt:
    doubt = policy.subject.pods.doubt or policy.subject.namespaces.doubt
    return doubt or Doubt("selector-target-not-in-input", (f"the labels that {policy.address} selects",))


def _peer_doubts(peer: Peer, selected: Selected) -> Iterable[Doubt]:
    doubt = peer.doubt or peer.pods.doubt or peer.namespaces.doubt
    if doubt is not None:
        yield doubt
    elif peer.kind is PeerKind.BLOCK:
        yield Doubt("ipblock-vs-pod", (peer.text,))
    elif selected.sure != selected.maybe:
        yield Doubt("selector-target-not-in-input", (f"the labels that {peer.namespaces}/{peer.pods} selects",))
