"""What the policies of a cluster admit between two pods, or between a pod and an address range."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TypeAlias

from scanner.builders.k8s_policy.cluster import NOBODY, Cluster, Selected, together
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.k8s_policy.model import Action, Direction, Engine, Peer, PeerKind, Policy, Rule, Tier
from scanner.builders.k8s_policy.ports import (
    ALL,
    EVERYTHING,
    NONE,
    NOTHING,
    PortSet,
    Span,
    common,
    resolve,
    union,
    without,
)
from scanner.builders.k8s_policy.side import Asked, Group, Round, Side
from scanner.builders.ranges import PRIVATE, AddressRange, parse_cidr

Other: TypeAlias = int | AddressRange
"""The far end: a pod by index, or a range of addresses outside the cluster that no policy cuts."""

_RESERVED = tuple(one for one in (parse_cidr("198.18.0.0/15"), parse_cidr("240.0.0.0/4")) if one is not None)
POD_RANGES = (*PRIVATE, *_RESERVED)
"""Where pods can have addresses: an assumption, since a cluster may be given public ones."""


POD_NETWORK_ONLY = frozenset({Engine.ADMIN, Engine.CILIUM})
"""Whose policies never mean pods on the network of their node, neither as subject nor as peer."""


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
        self.policies = sorted(policies, key=order)
        self._asked: dict[tuple[Policy, bool, Direction], tuple[Asked, ...]] = {}
        self._apart: dict[tuple[object, ...], Selected] = {}
        self._rounds: dict[tuple[Direction, tuple[tuple[Policy, bool], ...]], tuple[Round, ...]] = {}
        self._ports: dict[tuple[object, ...], Span] = {}
        self._sides: dict[tuple[int, Direction], Side] = {}
        self._on: dict[Direction, dict[int, list[tuple[Policy, bool]]]] = {one: {} for one in Direction}
        for policy in self.policies:
            self._attach(policy)

    def _attach(self, policy: Policy) -> None:
        hosts = self.cluster.unclear_host
        nodes = policy.subject.kind is PeerKind.NODES
        selected = Selected(frozenset(), hosts) if nodes else self.cluster.select(policy.subject)
        apart = policy.engine in POD_NETWORK_ONLY and not nodes
        for direction in Direction:
            if policy.rules(direction) is None:
                continue
            certain = policy.doubt is None and direction not in policy.unsure
            for index in selected.maybe:
                if apart and index in hosts and self.cluster.pods[index].host:
                    continue
                sure = certain and index in selected.sure and index not in hosts
                sure = sure and not self.cluster.pods[index].beyond
                self._on[direction].setdefault(index, []).append((policy, sure))

    def side(self, pod: int, direction: Direction) -> Side:
        """What is asked of `pod` in `direction`."""
        found = self._sides.get((pod, direction))
        if found is None:
            found = self._sides[pod, direction] = self._side(pod, direction)
        return found

    def _side(self, pod: int, direction: Direction) -> Side:
        on = tuple(self._on[direction].get(pod, ()))
        rounds = self._rounds.get((direction, on))
        if rounds is None:
            by_tier = groupby(on, key=lambda one: one[0].tier)
            rounds = tuple(self._round(tier, tuple(some), direction) for tier, some in by_tier)
            self._rounds[direction, on] = rounds
        return Side(pod, direction, rounds)

    def _round(self, tier: Tier, on: tuple[tuple[Policy, bool], ...], direction: Direction) -> Round:
        closes = Match.NO
        if tier.denies:
            closes = max(min(Match.YES if sure else Match.MAYBE, policy.isolation(direction)) for policy, sure in on)
        plain = all(rule.action is Action.ALLOW for policy, _ in on for rule in policy.rules(direction) or ())
        return Round(tier, on, self._groups(on, direction, plain), closes, plain)

    def _groups(self, on: tuple[tuple[Policy, bool], ...], direction: Direction, plain: bool) -> tuple[Group, ...]:
        """By priority; with one priority unknown all orders are open, so all are one group."""
        if plain or any(policy.priority is None for policy, _ in on):
            return (tuple(self._ask(policy, sure, direction) for policy, sure in on),)
        found: list[Group] = []
        for _, some in groupby(on, key=lambda one: one[0].priority):
            group = tuple(some)
            asked = tuple(self._ask(policy, sure, direction) for policy, sure in group)
            # Names decide between policies of one kind, where the engine goes by them.
            ranked = all(policy.rank for policy, _ in group) and len({policy.kind for policy, _ in group}) == 1
            found += [(one,) for one in asked] if ranked else [asked]
        return tuple(found)

    def _ask(self, policy: Policy, sure: bool, direction: Direction) -> tuple[Asked, ...]:
        key = (policy, sure, direction)
        found = self._asked.get(key)
        if found is None:
            rules = policy.rules(direction) or ()
            found = self._asked[key] = tuple(self._ready(policy, rule, sure) for rule in rules)
        return found

    def _ready(self, policy: Policy, rule: Rule, sure: bool) -> Asked:
        peers = tuple((peer, self.selected(peer, policy.engine)) for peer in rule.peers)
        pods = together([selected for peer, selected in peers if peer.kind is PeerKind.PODS])
        others = tuple(peer for peer in rule.peers if peer.kind is not PeerKind.PODS)
        return Asked(policy, rule, peers, sure and rule.doubt is None, pods, others)

    def selected(self, peer: Peer, engine: Engine) -> Selected:
        """The pods that a peer names; pods on the node's network match some engines' policies perhaps, others never."""
        if peer.kind is not PeerKind.PODS:
            return NOBODY
        selected = self.cluster.select(peer)
        if not self.cluster.unclear_host:
            return selected
        key = (peer.key, peer.doubt is None, engine in POD_NETWORK_ONLY)
        found = self._apart.get(key)
        if found is None:
            found = self._apart[key] = self._without_hosts(selected, engine)
        return found

    def _without_hosts(self, selected: Selected, engine: Engine) -> Selected:
        hosts = self.cluster.unclear_host
        maybe = selected.maybe
        if engine in POD_NETWORK_ONLY:
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
        hit, left = NONE, ALL
        for one in side.rounds:
            some, passed, rest = self._first(one.groups, side, other, outcome, left)
            hit = union(hit, some)
            if outcome is Action.DENY and one.closes is not Match.NO:
                hit = union(hit, rest)
            left = passed if one.closes is Match.YES else union(passed, rest)
            if not left:
                break
        return union(hit, left) if outcome is Action.ALLOW else hit

    def _first(
        self, groups: tuple[Group, ...], side: Side, other: Other, outcome: Action, asked: PortSet
    ) -> tuple[PortSet, PortSet, PortSet]:
        """First match wins: the ports that may end in `outcome`, those that may be passed on, and those left over."""
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
        return hit, passed, left

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
        match = asked.pods.match(other) if isinstance(other, int) else Match.NO
        for peer in asked.others if match is not Match.YES else ():
            match = max(match, self.match(peer, NOBODY, other))
        if match is Match.NO:
            return NOTHING
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
        if peer.outside:
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
        held = peer.addressed or self._blocks_hold_pods
        return Match.MAYBE if held and may_hold_pods(peer.block) else Match.NO


def _in_block(peer: Peer, other: AddressRange) -> Match:
    """Whether an address or a range that nothing cuts lies in a block."""
    if peer.block is None or not peer.block.overlaps(other):
        return Match.NO
    if any(other in one for one in peer.excluded):
        return Match.NO
    whole = other in peer.block and not any(one.overlaps(other) for one in peer.excluded)
    return Match.YES if whole else Match.MAYBE


def order(policy: Policy) -> tuple[Tier, float, str, str]:
    """The order in which policies are asked."""
    return (policy.tier, 0 if policy.priority is None else policy.priority, policy.rank, policy.label)
