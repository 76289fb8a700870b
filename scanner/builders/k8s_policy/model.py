"""Network policies in one normal form, whichever API wrote them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy.labels import EVERY, Labels, Selector
from scanner.builders.k8s_policy.ports import NamedPort, PortSpec
from scanner.builders.ranges import AddressRange
from scanner.origin import Origin


class Direction(StrEnum):
    """Seen from the pod that a policy selects."""

    INGRESS = "ingress"
    EGRESS = "egress"


class Tier(StrEnum):
    """In the order in which they are asked."""

    ADMIN = "admin"
    POLICY = "policy"
    BASELINE = "baseline"


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


@dataclass(frozen=True, slots=True)
class Peer:
    """One `from` or `to` item, or the subject of a policy.

    namespace: the only namespace meant, "" where `namespaces` selects them.
    block, excluded: for BLOCK; an empty `block` is one whose range is not known.
    internal: the block is also held against pods for certain (the `networks` of the admin policies).
    """

    kind: PeerKind
    namespace: str = ""
    namespaces: Selector = EVERY
    pods: Selector = EVERY
    block: AddressRange | None = None
    excluded: tuple[AddressRange, ...] = ()
    text: str = ""
    internal: bool = False
    doubt: Doubt | None = None
    origin: Origin | None = None

    @property
    def key(self) -> tuple[str, Selector, Selector]:
        """What tells one set of pods from another."""
        return (self.namespace, self.namespaces, self.pods)


ANYONE = Peer(PeerKind.ANYONE)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `ports` None is every port. `peers_origin` is the line that says who, `origin` the rule's own."""

    action: Action
    peers: tuple[Peer, ...]
    ports: tuple[PortSpec, ...] | None
    origin: Origin | None
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A policy.

    ingress, egress: its rules, or None where it says nothing of that direction.
    priority: lower is asked first; None where it is not known. doubt: it may not exist, or not as it is written.
    unsure: directions of which it is not certain that the policy speaks of them.
    """

    address: str
    kind: str
    tier: Tier
    subject: Peer
    ingress: tuple[Rule, ...] | None
    egress: tuple[Rule, ...] | None
    origin: Origin | None
    priority: int | None = 0
    doubt: Doubt | None = None
    unsure: frozenset[Direction] = frozenset()

    def rules(self, direction: Direction) -> tuple[Rule, ...] | None:
        """The rules of one direction."""
        return self.ingress if direction is Direction.INGRESS else self.egress

    def __str__(self) -> str:
        return f"{self.kind} `{self.address}`"


@dataclass(frozen=True, slots=True)
class Pod:
    """Pods that policies cannot tell apart: one template of one workload.

    owner: what the caller knows it by. host: it uses the node's network; None where that is not known.
    ip: its address where it has one, as an AddressRange of one address.
    """

    owner: str
    namespace: str
    labels: Labels
    ports: tuple[NamedPort, ...] = ()
    host: bool | None = False
    ip: AddressRange | None = None
