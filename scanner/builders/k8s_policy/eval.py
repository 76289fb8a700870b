"""What the policies of a cluster admit between two pods, or between a pod and an address range."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TypeAlias

from scanner.builders.k8s_policy.cluster import NOBODY, Cluster, Selected
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.k8s_policy.model import Action, Direction, Peer, PeerKind, Policy, Rule, Tier
from scanner.builders.k8s_policy.ports import ALL, EVERYTHING, NONE, PortSet, Span, common, resolve, union, without
from scanner.builders.k8s_policy.side import Asked, Group, Side
from scanner.builders.ranges import PRIVATE, AddressRange, parse_cidr

Other: TypeAlias = int | AddressRange
"""The far end: a pod by index, or a range of addresses outside the cluster that no policy cuts."""

_RESERVED = tuple(one for one in (parse_cidr("198.18.0.0/15"), parse_cidr("240.0.0.0/4")) if one is not None)
POD_RANGES = (*PRIVATE, *_RESERVED)
"""Where pods can have addresses: an assumption, since a cluster may be given public ones."""


def may_hold_pods(block: AddressRange) -> bool:
    """Whether pods can have addresses in `block`."""
    return any(block.overlaps(one) for one in POD_RANGES)


class Evaluator:
    """The policies of one cluster over its pods. `admitted` answers for one pair, both sides together.

    blocks_hold_pods: whether a pod of no known address may have one in a block that a policy names.
    """

    def __init__(self, cluster: Cluster, policies: Iterable[Policy], *, blocks_hold_pods: bool = True) -> None:
        self.cluster = cluster
        self._blocks_hold_pods = blocks_hold_pods
        self.policies = sorted(policies, key=_order)
        self._peers: dict[int, tuple[tuple[Peer, Selected], ...]] = {}
        self._ports: dict[tuple[object, ...], Span] = {}
        self._sides: dict[tuple[int, Direction], Side] = {}
        self._on: dict[Direction, dict[int, list[tuple[Policy, bool]]]] = {one: {} for one in Direction}
        for policy in self.policies:
            self._attach(policy)

    def _attach(self, policy: Policy) -> None:
        selected = self.cluster.select(policy.subject)
        hosts = self.cluster.unclear_host
        for direction in Direction:
            if policy.rules(direction) is None:
                continue
            certain = policy.doubt is None and direction not in policy.unsure
            for index in selected.maybe:
                if index in hosts and policy.tier is not Tier.POLICY and self.cluster.pods[index].host:
                    continue
                sure = certain and index in selected.sure and index not in hosts
                self._on[direction].setdefault(index, []).append((policy, sure))

    def side(self, pod: int, direction: Direction) -> Side:
        """What is asked of `pod` in `direction`."""
        found = self._sides.get((pod, direction))
        if found is None:
            found = self._sides[pod, direction] = self._side(pod, direction)
        return found

    def _side(self, pod: int, direction: Direction) -> Side:
        on = self._on[direction].get(pod, [])
        policies = tuple(
            (policy, sure, self._ask(policy, True, direction)) for policy, sure in on if policy.tier is Tier.POLICY
        )
        return Side(
            pod,
            direction,
            self._groups([one for one in on if one[0].tier is Tier.ADMIN], direction),
            policies,
            self._groups([one for one in on if one[0].tier is Tier.BASELINE], direction),
        )

    def _groups(self, on: list[tuple[Policy, bool]], direction: Direction) -> tuple[Group, ...]:
        """By priority; with one priority unknown all orders are open, so all are one group."""
        if any(policy.priority is None for policy, _ in on):
            return (tuple(self._ask(policy, sure, direction) for policy, sure in on),)
        return tuple(
            tuple(self._ask(policy, sure, direction) for policy, sure in group)
            for _, group in groupby(on, key=lambda one: one[0].priority)
        )

    def _ask(self, policy: Policy, sure: bool, direction: Direction) -> tuple[Asked, ...]:
        return tuple(
            Asked(policy, rule, self._ready(rule, policy.tier), sure and rule.doubt is None)
            for rule in policy.rules(direction) or ()
        )

    def _ready(self, rule: Rule, tier: Tier) -> tuple[tuple[Peer, Selected], ...]:
        found = self._peers.get(id(rule))
        if found is None:
            found = self._peers[id(rule)] = tuple((peer, self.selected(peer, tier)) for peer in rule.peers)
        return found

    def selected(self, peer: Peer, tier: Tier) -> Selected:
        """The pods that a peer names; pods on the node's network match NetworkPolicies perhaps, others never."""
        if peer.kind is not PeerKind.PODS:
            return NOBODY
        selected = self.cluster.select(peer)
        hosts = self.cluster.unclear_host
        if not hosts:
            return selected
        maybe = selected.maybe
        if tier is not Tier.POLICY:
            maybe -= {index for index in hosts if self.cluster.pods[index].host}
        return Selected(selected.sure - hosts, maybe)

    def admits(self, side: Side, other: Other) -> Span:
        """What one side admits from or to `other`: what surely, and what perhaps."""
        if side.free:
            return EVERYTHING
        return Span(without(ALL, self._can(side, other, Action.DENY)), self._can(side, other, Action.ALLOW))

    def admitted(self, source: Other, target: Other) -> Span:
        """What both sides admit from `source` to `target`; at most one of them is an address range."""
        out = self.admits(self.side(source, Direction.EGRESS), target) if isinstance(source, int) else EVERYTHING
        if not out.maybe:
            return out
        into = self.admits(self.side(target, Direction.INGRESS), source) if isinstance(target, int) else EVERYTHING
        return Span(common(out.sure, into.sure), common(out.maybe, into.maybe))

    def _can(self, side: Side, other: Other, outcome: Action) -> PortSet:
        """The ports for which `outcome` cannot be ruled out."""
        hit, through = self._first(side.admin, side, other, outcome, ALL)
        if not through:
            return hit
        if side.policies:
            hit = union(hit, common(through, self._policies(side, other, outcome)))
        if side.isolated is not Match.YES:
            base, rest = self._first(side.baseline, side, other, outcome, through)
            hit = union(hit, base if outcome is Action.DENY else union(base, rest))
        return hit

    def _policies(self, side: Side, other: Other, outcome: Action) -> PortSet:
        """NetworkPolicies only admit; what none of them admits is closed as soon as one selects the pod."""
        if outcome is Action.ALLOW:
            found = NONE
            for _, _, rules in side.policies:
                found = union(found, self._hits(rules, side, other).maybe)
            return found
        if side.isolated is Match.YES:
            found = NONE
            for _, sure, rules in side.policies:
                found = union(found, self._hits(rules, side, other).sure) if sure else found
            return without(ALL, found)
        closed = NONE
        for _, _, rules in side.policies:
            closed = union(closed, without(ALL, self._hits(rules, side, other).sure))
        return closed

    def _hits(self, rules: Sequence[Asked], side: Side, other: Other) -> Span:
        sure = maybe = NONE
        for asked in rules:
            hit = self.hit(asked, side, other)
            sure, maybe = union(sure, hit.sure), union(maybe, hit.maybe)
        return Span(sure, maybe)

    def _first(
        self, groups: tuple[Group, ...], side: Side, other: Other, outcome: Action, asked: PortSet
    ) -> tuple[PortSet, PortSet]:
        """First match wins: the ports that may end in `outcome`, and those that may reach the next tier."""
        hit = passed = NONE
        left = asked
        for group in groups:
            rest = left
            for rules in group:
                # Of equal priorities any may be asked first: each is, on all that is left.
                some, on, untouched = self._walk(rules, side, other, outcome, left)
                hit, passed = union(hit, some), union(passed, on)
                rest = common(rest, untouched)
            left = rest
        return hit, union(passed, left)

    def _walk(
        self, rules: Sequence[Asked], side: Side, other: Other, outcome: Action, left: PortSet
    ) -> tuple[PortSet, PortSet, PortSet]:
        hit = passed = NONE
        for asked in rules:
            if not left:
                break
            span = self.hit(asked, side, other)
            action = asked.rule.action
            if action is outcome:
                hit = union(hit, common(left, span.maybe))
            elif action is Action.PASS:
                passed = union(passed, common(left, span.maybe))
            left = without(left, span.sure)
        return hit, passed, left

    def hit(self, asked: Asked, side: Side, other: Other) -> Span:
        """The ports for which a rule matches `other`."""
        match = Match.NO
        for peer, selected in asked.peers:
            match = max(match, self.match(peer, selected, other))
            if match is Match.YES:
                break
        if match is Match.NO:
            return Span(NONE, NONE)
        span = self.ports(asked.rule, side, other)
        return span if match is Match.YES and asked.sure else Span(NONE, span.maybe)

    def ports(self, rule: Rule, side: Side, other: Other) -> Span:
        """The ports of a rule; names are resolved on the pod that is called."""
        if rule.ports is None:
            return EVERYTHING
        called = side.pod if side.direction is Direction.INGRESS else other
        declared = self.cluster.pods[called].ports if isinstance(called, int) else ()
        key = (rule.ports, declared)
        found = self._ports.get(key)
        if found is None:
            found = self._ports[key] = resolve(rule.ports, declared)
        return found

    def match(self, peer: Peer, selected: Selected, other: Other) -> Match:
        """Whether a peer names `other`."""
        if peer.kind is PeerKind.ANYONE:
            return Match.YES
        if peer.kind is PeerKind.UNKNOWN:
            return Match.MAYBE
        if isinstance(other, int):
            return self._match_pod(peer, selected, other)
        if peer.kind is PeerKind.PODS:
            return Match.NO
        if peer.kind is PeerKind.NODES or peer.block is None:
            return Match.MAYBE
        found = _in_block(peer, other)
        return Match.MAYBE if found is Match.YES and peer.doubt is not None else found

    def _match_pod(self, peer: Peer, selected: Selected, other: int) -> Match:
        if peer.kind is PeerKind.PODS:
            return selected.match(other)
        pod = self.cluster.pods[other]
        if peer.kind is PeerKind.NODES:
            return Match.NO if pod.host is False else Match.MAYBE
        if peer.block is None:
            return Match.MAYBE
        if pod.ip is not None:
            inside = _in_block(peer, pod.ip)
            return inside if peer.internal and pod.host is False else min(inside, Match.MAYBE)
        if peer.internal and peer.block.everything and peer.block.version == 4 and not peer.excluded:
            return Match.YES if peer.doubt is None else Match.MAYBE
        if pod.host is not False:
            return Match.MAYBE
        return Match.MAYBE if self._blocks_hold_pods and may_hold_pods(peer.block) else Match.NO


def _in_block(peer: Peer, other: AddressRange) -> Match:
    """Whether an address or a range that nothing cuts lies in a block."""
    if peer.block is None or not peer.block.overlaps(other):
        return Match.NO
    if any(other in one for one in peer.excluded):
        return Match.NO
    whole = other in peer.block and not any(one.overlaps(other) for one in peer.excluded)
    return Match.YES if whole else Match.MAYBE


def _order(policy: Policy) -> tuple[int, str]:
    return (0 if policy.priority is None else policy.priority, policy.address)
