"""All that policies ask of one pod in one direction, ready to be answered, and what makes the answer unsure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct

from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy.cluster import Selected
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.k8s_policy.model import Direction, Engine, Peer, PeerKind, Policy, Rule, Tier


class Asked(Struct, frozen=True):
    """A rule made ready: its peers with the pods they select. `sure` is False where the rule may not stand.

    pods: what all peers that select pods select together. others: the peers that name anything else.
    """

    policy: Policy
    rule: Rule
    peers: tuple[tuple[Peer, Selected], ...]
    sure: bool
    pods: Selected
    others: tuple[Peer, ...]


Group: TypeAlias = tuple[tuple[Asked, ...], ...]
"""The rules of all policies of one priority, a tuple for each policy."""


class Round(Struct, frozen=True):
    """What the policies of one tier ask of a pod.

    selecting: the policies that select the pod, and whether surely; some have no rule.
    groups: their rules in order. closes: whether what no rule decides is denied.
    plain: its rules only admit, so that their order does not matter.
    """

    tier: Tier
    selecting: tuple[tuple[Policy, bool], ...]
    groups: tuple[Group, ...]
    closes: Match
    plain: bool


class Side(Struct, frozen=True):
    """All that is asked of one pod in one direction, round by round."""

    pod: int
    direction: Direction
    rounds: tuple[Round, ...]

    @property
    def policies(self) -> tuple[tuple[Policy, bool, tuple[Asked, ...]], ...]:
        """The policies of the round that NetworkPolicies are in, with their rules and whether they surely select."""
        for one in self.rounds:
            if one.tier is Tier.POLICY:
                rules: dict[int, tuple[Asked, ...]] = {
                    id(some[0].policy): some for group in one.groups for some in group if some
                }
                return tuple((policy, sure, rules.get(id(policy), ())) for policy, sure in one.selecting)
        return ()

    @property
    def isolated(self) -> Match:
        """Whether anything denies what no rule admits."""
        return max((one.closes for one in self.rounds), default=Match.NO)

    @property
    def free(self) -> bool:
        """True where no policy of any round speaks of the pod in this direction."""
        return not self.rounds

    @property
    def only_networkpolicies(self) -> bool:
        """True where no rule but of the NetworkPolicies' own round speaks of it, and all of them only admit."""
        return all(one.tier is Tier.POLICY and one.plain for one in self.rounds)

    @property
    def admin(self) -> bool:
        """True where an admin policy speaks of it, which not every plug-in knows."""
        return any(policy.engine is Engine.ADMIN for one in self.rounds for policy, _ in one.selecting)

    def key(self) -> tuple[object, ...]:
        """Equal for pods that the same policies select in the same way; names ports apart for ingress."""
        return tuple(one.selecting for one in self.rounds)

    def names(self) -> list[str]:
        """The policies that speak, each once; `?` marks one that does so only perhaps."""
        return sorted({f"{policy.label}{'' if sure else '?'}" for one in self.rounds for policy, sure in one.selecting})

    def doubts(self) -> Iterable[Doubt]:
        """Why what it says may be unsure, best reason first."""
        for one in self.rounds:
            for policy, sure in one.selecting:
                if not sure:
                    yield policy.doubt or policy.subject.doubt or _selection(policy)
                elif one.tier.denies and policy.isolation(self.direction) is Match.MAYBE:
                    yield Doubt("value-unknown", (f"whether {policy.address} denies by default",))
        for asked in self.asked():
            if not asked.sure:
                yield asked.rule.doubt or asked.policy.doubt or _selection(asked.policy)
            for peer, selected in asked.peers:
                yield from _peer_doubts(peer, selected)
            if any(spec.unsure for spec in asked.rule.ports or ()):
                yield Doubt("value-unknown", (f"a port of {asked.policy.address}",))
        if any(len(group) > 1 for one in self.rounds if not one.plain for group in one.groups):
            yield Doubt("equal-priority", tuple(sorted({one.policy.address for one in self.asked()})))

    def asked(self) -> Iterable[Asked]:
        """Every rule, in the order of the rounds."""
        for one in self.rounds:
            for group in one.groups:
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
        if not peer.outside:
            yield Doubt("ipblock-vs-pod", (peer.text,))
    elif selected.sure != selected.maybe:
        yield Doubt("selector-target-not-in-input", (f"the labels that {peer.namespaces}/{peer.pods} selects",))
