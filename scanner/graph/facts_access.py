"""What is known of who gets at models and evidence, beside the edges: isolation, demands, credentials."""

from __future__ import annotations

from scanner.graph.facts import Fact
from scanner.unknown import Unknown


class Isolation(Fact, frozen=True, kw_only=True):
    """One statement about how a namespace that holds models is isolated.

    aspect: "default" (a pod that no other policy selects is closed), "enforcement" (something enforces the policies),
      "peer" (whom a rule admits to a model), "ports" (to which ports).
    closed: it keeps out whoever is no gateway.
    """

    namespace: str
    aspect: str
    closed: bool | Unknown


class GuardrailDemand(Fact, frozen=True, kw_only=True):
    """A policy of this principal demands a guardrail of whoever calls a model with it; well or badly."""


class Credential(Fact, frozen=True, kw_only=True):
    """A bearer or long-lived credential that this node is, holds, or may use.

    what: in words, never the value. reaches: whether it opens a model's API to whoever has it.
    static: it is a key in the settings of a workload, which may be the gateway's own.
    """

    what: str
    reaches: bool | Unknown
    static: bool = False


class MachineRole(Fact, frozen=True, kw_only=True):
    """With this role a machine joins a cluster: whoever has it gets the pods that land there, and their tokens.

    cluster: the address of the cluster.
    """

    cluster: str


class ExplicitDeny(Fact, frozen=True, kw_only=True):
    """Whether a policy of the inputs denies, by name, one whom the agreement excludes.

    entry: as `tenants.excluded` writes it.
    """

    entry: str
    present: bool | Unknown


class Egress(Fact, frozen=True, kw_only=True):
    """Whether a model server is kept from opening connections to addresses outside its network.

    closed: it reaches no address that the internet routes, name look-ups aside.
    """

    closed: bool | Unknown


class Admits(Fact, frozen=True, kw_only=True):
    """Something lets in one whom the agreement excludes: a front its tokens, a policy or a share its account.

    entry: as `tenants.excluded` writes it. sure: an Unknown where the setting is not known.
    """

    entry: str
    sure: bool | Unknown


class ToldEndpoint(Fact, frozen=True, kw_only=True):
    """A setting of this caller says where it sends its prompts.

    host: the host that it names. outside: it is a public API of models, which no gateway of the deployment stands
      before; an Unknown where the setting is not known.
    """

    host: str
    outside: bool | Unknown


class Answerer(Fact, frozen=True, kw_only=True):
    """Another workload that answers, or may answer, calls that are meant for this model, classifier or gateway.

    role: as what this node is called, "model", "classifier" or "gateway". other: the address of the workload.
    """

    role: str
    other: str


class CallerIdentity(Fact, frozen=True, kw_only=True):
    """Whether this front asks every caller who it is before it forwards; an Unknown where what is behind it may."""

    asked: bool | Unknown


class AdmittedPods(Fact, frozen=True, kw_only=True):
    """Pods that a guard of this model lets in for what they are labelled: whoever makes such a pod is let in.

    namespaces: where such a pod stands; perhaps: where it may have to stand; everywhere: in any namespace.
    elsewhere: a namespace that the inputs do not declare may be one of these.
    labelled: namespaces are chosen by labels that whoever may change a namespace can give.
    reason, decided_by: set where it is not certain that the guard lets them in.
    """

    namespaces: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    everywhere: bool = False
    elsewhere: bool = False
    labelled: bool = False
    reason: str = ""
    decided_by: tuple[str, ...] = ()


class BringsModel(Fact, frozen=True, kw_only=True):
    """This principal may bring a model into the account: import, tune, copy or enable one.

    action: the IAM action, the first of those it may. sure: an Unknown where a policy or a condition decides it.
    """

    action: str
    sure: bool | Unknown


class UnreadRole(Fact, frozen=True, kw_only=True):
    """The role that this hands out to machines was not read. role: as written, `*` for what is not known of it."""

    role: str


class Above(Fact, frozen=True, kw_only=True):
    """Whether the organisation keeps the administrators of its account from changing the node.

    kept: no administrator of the account can. actions: what one can, or may be able to, do. spared: the role that the
    denies spare and an administrator can become, "" for none.
    """

    kept: bool | Unknown
    actions: tuple[str, ...] = ()
    spared: str = ""
