"""What is known of who gets at models and evidence, beside the edges: isolation, demands, credentials."""

from __future__ import annotations

from dataclasses import dataclass

from scanner.graph.facts import Fact
from scanner.unknown import Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation(Fact):
    """One statement about how a namespace that holds models is isolated.

    aspect: "default" (a pod that no other policy selects is closed), "enforcement" (something enforces the policies),
      "peer" (whom a rule admits to a model), "ports" (to which ports).
    closed: it keeps out whoever is no gateway.
    """

    namespace: str
    aspect: str
    closed: bool | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardrailDemand(Fact):
    """A policy of this principal demands a guardrail of whoever calls a model with it; well or badly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential(Fact):
    """A bearer or long-lived credential that this node is, holds, or may use.

    what: in words, never the value. reaches: whether it opens a model's API to whoever has it.
    static: it is a key in the settings of a workload, which may be the gateway's own.
    """

    what: str
    reaches: bool | Unknown
    static: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplicitDeny(Fact):
    """Whether a policy of the inputs denies, by name, one whom the agreement excludes.

    entry: as `tenants.excluded` writes it.
    """

    entry: str
    present: bool | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress(Fact):
    """Whether a model server is kept from opening connections to addresses outside its network.

    closed: it reaches no address that the internet routes, name look-ups aside.
    """

    closed: bool | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdentity(Fact):
    """Whether this front asks every caller who it is before it forwards; an Unknown where what is behind it may."""

    asked: bool | Unknown
