"""Nodes, edges and the words they are described with."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from scanner.graph.facts import Fact
from scanner.origin import Origin


class Plane(StrEnum):
    """The five planes in which a way can be open."""

    NETWORK = "network"
    IDENTITY = "identity"
    SUPPLY = "supply"
    CONTROL = "control"
    PLACEMENT = "placement"


class State(StrEnum):
    """`open`: both ends exist, every guard is known and lets through. `possible`: anything else that is not closed."""

    OPEN = "open"
    POSSIBLE = "possible"


class Role(StrEnum):
    """What a node is to the commitments. The profile decides; the tables only propose (`candidate`)."""

    MODEL = "model"
    """Answers inference, or is a managed model that this account uses."""
    CANDIDATE = "candidate"
    """Looks like a model server, or could be one; the profile has not said."""
    STORE = "store"
    """Holds weights."""
    GATEWAY = "gateway"
    """The only kind of actor that may stand before a model: a workload, a function, or the IAM role it runs as."""
    CLASSIFIER = "classifier"
    GUARDRAIL = "guardrail"
    OPERATOR = "operator"
    """A principal of the operator."""
    PLATFORM = "platform"
    """Trusted base: nodes, kubelet, network plug-in, API server, and what the profile lists."""
    EXTERNAL = "external"
    """A class of callers outside the inputs: the internet, an address range, a foreign account, anyone."""
    DEVICE = "device"
    """A device, a fleet of them, or the object that ships to them."""
    CLUSTER = "cluster"
    """A place where workloads are scheduled: an EKS, AKS, GKE or ECS cluster, or the cluster of a set of manifests."""
    SINK = "sink"
    """A store of evidence: a trail, a log group, an audit bucket."""
    GUARD = "guard"
    """What closes a way to a model or the stack: a policy, an endpoint, the plug-in that enforces."""


STACK = frozenset({Role.GATEWAY, Role.CLASSIFIER, Role.GUARDRAIL})
"""The roles that make up the safety stack."""


class Traffic(Struct, frozen=True, order=True):
    """A protocol (TCP, UDP, SCTP) and an inclusive range of destination ports, 1 to 65535."""

    protocol: str
    from_port: int
    to_port: int


CHOSEN_MACHINE = "machine/chosen"
"""The address of the node for whichever machine somebody's own pods land on: findings past it fold into one."""
ALL_TRAFFIC = tuple(Traffic(protocol, 1, 65535) for protocol in ("SCTP", "TCP", "UDP"))


class Node(Struct, frozen=True):
    """A thing in the graph.

    id: `unit:address`; nodes that stand for no resource use the unit "external" or the unit they belong to.
    kind: the resource's kind, or a word of our own in CamelCase (`PodSet`, `AddressRange`, `Cluster`).
    actor: it can start traffic or use a credential and sees plaintext; a node that is not is a relay or a thing.
    state: `possible` where it is not certain that it exists.
    decided_by: what would decide that.
    aliases: the ids by which another source knows it.
    """

    id: str
    kind: str
    address: str
    name: str
    origin: Origin | None = None
    roles: frozenset[Role] = frozenset()
    actor: bool = False
    state: State = State.OPEN
    decided_by: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    namespace: str = ""
    aliases: tuple[str, ...] = ()


class Edge(Struct, frozen=True):
    """One way from `source` to `target`, in one plane.

    verb: what the source can do: "reach" (network); "invoke", "become" (identity); "copy", "read" (supply);
      "write" (control: change, detach, disable or delete); "run-on" (placement).
    because: what allows it, a sentence fragment that names defaults: "no NetworkPolicy selects it: all egress is open".
    origin: the line or object that allows it; None only where nothing written does (a default of a thing with no line).
    traffic: for the network plane, sorted and disjoint; empty elsewhere.
    reason: for a possible edge, the reason code (semantics: `enforcer-unknown`, `value-unknown`, ...).
    decided_by: for a possible edge, the addresses or facts that would decide it.
    cut: the way can be closed here by editing `origin`; the reports point at the first such hop nearest the model.
    """

    source: str
    target: str
    plane: Plane
    verb: str
    because: str
    origin: Origin | None = None
    state: State = State.OPEN
    traffic: tuple[Traffic, ...] = ()
    reason: str = ""
    decided_by: tuple[str, ...] = ()
    cut: bool = False
