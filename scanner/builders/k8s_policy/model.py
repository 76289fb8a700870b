"""Network policies in one normal form, whichever API wrote them."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from msgspec import Struct

from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy.labels import EVERY, Labels, Match, Selector
from scanner.builders.k8s_policy.ports import NamedPort, PortSpec
from scanner.builders.ranges import AddressRange
from scanner.origin import Origin

UNMODELLED = "policy-engine-unmodelled"
"""The reason for what an engine's policy says and is not understood."""


class Direction(StrEnum):
    """Seen from the pod that a policy selects."""

    INGRESS = "ingress"
    EGRESS = "egress"


class Engine(StrEnum):
    """Whose API a policy is of: it decides who enforces it."""

    KUBERNETES = "kubernetes"
    ADMIN = "admin"
    CILIUM = "cilium"
    CALICO = "calico"
    OTHER = "other"
    """One whose policies are not evaluated."""


class Tier(Struct, frozen=True, order=True):
    """A round of policies; rounds are asked by `order`, then by name.

    denies: what no rule of the round decides is denied where one of its policies isolates the pod; else it passes on.
    The orders are those of Calico, which has the three rounds of Kubernetes among its own tiers.
    """

    order: float
    name: str
    denies: bool = True

    ADMIN: ClassVar[Tier]
    POLICY: ClassVar[Tier]
    BASELINE: ClassVar[Tier]


Tier.ADMIN = Tier(1_000, "admin", denies=False)
Tier.POLICY = Tier(1_000_000, "default")
Tier.BASELINE = Tier(10_000_000, "baseline", denies=False)


class Action(StrEnum):
    """What a rule does with the traffic that it matches."""

    ALLOW = "allow"
    DENY = "deny"
    PASS = "pass"  # noqa: S105


class PeerKind(StrEnum):
    """What a peer names."""

    ANYONE = "anyone"
    PODS = "pods"
    BLOCK = "block"
    NODES = "nodes"
    UNKNOWN = "unknown"
    """A field that is not understood, or not known: it may match anything, and surely matches nothing."""


class Peer(Struct, frozen=True):
    """One `from` or `to` item, or the subject of a policy.

    namespace: the only namespace meant, "" where `namespaces` selects them.
    block, excluded: for BLOCK; an empty `block` is one whose range is not known.
    internal: the block is also held against pods for certain (the `networks` of the admin policies).
    addressed: so it is whatever address a pod has, known or not (Calico). outside: never against pods (Cilium).
    """

    kind: PeerKind
    namespace: str = ""
    namespaces: Selector = EVERY
    pods: Selector = EVERY
    block: AddressRange | None = None
    excluded: tuple[AddressRange, ...] = ()
    text: str = ""
    internal: bool = False
    addressed: bool = False
    outside: bool = False
    doubt: Doubt | None = None
    origin: Origin | None = None

    @property
    def key(self) -> tuple[str, Selector, Selector]:
        """What tells one set of pods from another."""
        return (self.namespace, self.namespaces, self.pods)


ANYONE = Peer(PeerKind.ANYONE)


class Rule(Struct, frozen=True):
    """One rule: `ports` None is every port. `peers_origin` is the line that says who, `origin` the rule's own."""

    action: Action
    peers: tuple[Peer, ...]
    ports: tuple[PortSpec, ...] | None
    origin: Origin | None
    doubt: Doubt | None = None


class Policy(Struct, frozen=True, eq=False):
    """A policy.

    ingress, egress: its rules, or None where it says nothing of that direction.
    priority: lower is asked first; None where it is not known. rank: tells policies of one kind and priority apart.
    doubt: it may not exist, or not as it is written, or nothing may enforce it.
    unsure: directions of which it is not certain that the policy speaks of them.
    isolates: for ingress and egress, whether what no rule admits is denied because this policy is there.
    part: tells the policies apart that one object makes.
    """

    address: str
    kind: str
    tier: Tier
    subject: Peer
    ingress: tuple[Rule, ...] | None
    egress: tuple[Rule, ...] | None
    origin: Origin | None
    priority: float | None = 0
    doubt: Doubt | None = None
    unsure: frozenset[Direction] = frozenset()
    engine: Engine = Engine.KUBERNETES
    rank: str = ""
    isolates: tuple[Match, Match] = (Match.YES, Match.YES)
    part: str = ""

    def rules(self, direction: Direction) -> tuple[Rule, ...] | None:
        """The rules of one direction."""
        return self.ingress if direction is Direction.INGRESS else self.egress

    def isolation(self, direction: Direction) -> Match:
        """Whether it closes, in one direction, what it does not admit."""
        return self.isolates[0 if direction is Direction.INGRESS else 1]

    @property
    def label(self) -> str:
        """Its address, told apart from that of other policies of the same object."""
        return f"{self.address}#{self.part}" if self.part else self.address

    def __str__(self) -> str:
        return f"{self.kind} `{self.address}`"


class Pod(Struct, frozen=True):
    """Pods that policies cannot tell apart: one template of one workload.

    owner: what the caller knows it by. host: it uses the node's network; None where that is not known.
    ip: its address where it has one, as an AddressRange of one address.
    beyond: the setting by which it may run, or be reached, where no policy is enforced on it; "" for none.
    """

    owner: str
    namespace: str
    labels: Labels
    ports: tuple[NamedPort, ...] = ()
    host: bool | None = False
    ip: AddressRange | None = None
    beyond: str = ""
