"""What is known of a node beside its edges: the normal form that rules judge, whatever source it came from."""

from __future__ import annotations

from msgspec import Struct

from scanner.origin import Origin
from scanner.unknown import Unknown


class Fact(Struct, frozen=True, kw_only=True):
    """One thing known, or known to be unknown, of a node.

    because: a sentence fragment that a finding can print.
    A field that holds an Unknown is a value that nobody knows yet; "" means that it does not apply.
    """

    origin: Origin | None
    because: str


class Placement(Fact, frozen=True, kw_only=True):
    """Where a thing stands, as far as this one statement says.

    place_class: "cloud", or a class of the placement tables (on-prem, near-edge, telco-edge, edge-device,
    hybrid-compute, hybrid-data, hybrid-link, colo, other-cloud, private-or-public-cloud, unordinary-zone, ...).
    perhaps: where place_class is not known, the class that it would be in the bad case; "" where nothing says.
    """

    place_class: str | Unknown
    provider: str | Unknown = ""
    partition: str | Unknown = ""
    account: str | Unknown = ""
    region: str | Unknown = ""
    zone: str | Unknown = ""
    perhaps: str = ""


class Scheduling(Fact, frozen=True, kw_only=True):
    """The scheduler may put the node's pods on machines of `place_class`.

    how: "selects" (a selector, a required affinity, or an image for such machines alone), "prefers", "tolerates", or
    "unexcluded": such machines can be in the cluster, and nothing keeps the pods off them.
    perhaps: as in Placement.
    """

    place_class: str | Unknown
    how: str
    perhaps: str = ""


class Opaque(Fact, frozen=True, kw_only=True):
    """The node carries a program that can deploy or join anything: a script, a nested template, a chart.

    carrier: what carries it ("start script", "nested template").
    place_class: what a command in it was recognised to reach; "cloud" where the whole of it is read and ordinary; an
    Unknown where it is out of sight.
    """

    carrier: str
    place_class: str | Unknown


class Capacity(Fact, frozen=True, kw_only=True):
    """A cluster or scheduler can be given machines of `place_class` (hybrid nodes, ECS EXTERNAL, an activation)."""

    place_class: str | Unknown


class Unseen(Fact, frozen=True, kw_only=True):
    """Nothing that was read says what runs in this cluster."""


class EdgeLayer(Fact, frozen=True, kw_only=True):
    """An edge layer of Kubernetes (KubeEdge, OpenYurt, ...) is installed in, or attached to, this cluster.

    decided_by: what decides whether it is; empty where it certainly is. layer: "" where it may be any.
    """

    layer: str
    decided_by: tuple[str, ...] = ()


class Delivery(Fact, frozen=True, kw_only=True):
    """The node ships something to devices. payload: what (a URI, a name), or an Unknown."""

    payload: str | Unknown
    carries_model: bool | Unknown


class ModelReference(Fact, frozen=True, kw_only=True):
    """Which model a node serves or calls.

    reference: as `models.approved[].id` writes it: a Bedrock model id, `hf:org/name`, `s3://bucket/key`, `oci:...`.
    digest: "sha256:..." or "" where none is given. pinned_at: the line that gives it, where it is another one.
    adapter: it changes a model that is served: an adapter over it, a fine-tune of it, weights brought in from outside.
    """

    reference: str | Unknown
    digest: str | Unknown = ""
    pinned_at: Origin | None = None
    adapter: bool = False


class Pin(Fact, frozen=True, kw_only=True):
    """Whether a reference means the same weights tomorrow.

    pinned: by a digest, a commit, a published version, or a version in the path; an Unknown where whoever may write
    the store decides.
    """

    reference: str
    pinned: bool | Unknown


class Origination(Fact, frozen=True, kw_only=True):
    """Where the weights of a node come from when it starts.

    place: an address or a name. public: fetched from a public hub, or from what is no store of the operator.
    """

    place: str
    public: bool | Unknown


class ModelName(Fact, frozen=True, kw_only=True):
    """A name under which a model, an adapter or an image of a model server goes.

    what: "model", "adapter", "served name", "image". trips: what a name like this says of the training, "" for
    nothing. sure: more than a weak hint says so.
    """

    name: str
    what: str
    trips: str = ""
    sure: bool = False


class Filter(Fact, frozen=True, kw_only=True):
    """One filter of a guardrail on one side.

    type: the guardrail's own name for it (HATE, PROMPT_ATTACK, PII:EMAIL, TOPIC:name, ...).
    side: "input" or "output". strength: NONE, LOW, MEDIUM, HIGH, or "" where the filter has none.
    action: BLOCK, ANONYMIZE, NONE, or "".
    required_none: the provider demands NONE here (the output side of PROMPT_ATTACK).
    """

    type: str | Unknown
    side: str
    enabled: bool | Unknown
    strength: str | Unknown
    action: str | Unknown
    required_none: bool = False


class Switch(Fact, frozen=True, kw_only=True):
    """A setting of the switches table on this node.

    row: the row's id.
    effect: off, fail-open, observe-only, partial-view, opt-in, opt-out-per-caller, weaker, unversioned.
    setting: the dotted path of the setting. bad: whether it stands in its bad position; Unknown where its value is.
    assertion: the id of the assertion that it breaks where it is bad.
    general: its product guards anything; it counts only beside a model or a member of the safety stack.
    """

    row: str
    product: str
    effect: str
    setting: str
    bad: bool | Unknown
    assertion: str = ""
    general: bool = False


class Replicas(Fact, frozen=True, kw_only=True):
    """The least number of running copies that the declaration allows (an autoscaler's minimum counts)."""

    minimum: int | Unknown


class Enforcement(Fact, frozen=True, kw_only=True):
    """A guardrail is enforced on every call of an account and region, without the caller's doing.

    region, account: where; a label that begins with `?` tells one from others whose name is not known either.
    declared: False where nothing declares it, which is the default.
    """

    complete: bool | Unknown
    region: str = ""
    account: str = ""
    declared: bool = True


class Bound(Fact, frozen=True, kw_only=True):
    """Principals (node ids) whose policies let them call a managed model with an approved guardrail alone."""

    principals: tuple[str, ...]


class Binding(Fact, frozen=True, kw_only=True):
    """An object that calls a managed model for others, or a part of one, and the guardrail that is bound to it.

    part: which part (`node summarise`), "" for the whole. guardrail: what is bound, "" where nothing is.
    approved: it is a guardrail of the profile, at the version that the profile asks for. published: at a version that
    does not move.
    """

    part: str
    guardrail: str | Unknown
    approved: bool | Unknown
    published: bool | Unknown


class Door(Fact, frozen=True, kw_only=True):
    """A way by which a managed model's API can be reached.

    door: "public" (the provider's regional endpoint) or "private" (an endpoint in a network).
    open: whether callers other than the gateway get in; for the public door, whether nothing closes it.
    """

    door: str
    open: bool | Unknown


class Log(Fact, frozen=True, kw_only=True):
    """Inference through this node is logged.

    complete: request and response, every modality, every call. sink: where to, "" where not known by name.
    """

    complete: bool | Unknown
    sink: str = ""


class GatewayRoute(Fact, frozen=True, kw_only=True):
    """One way of a gateway's route to a backend that is a model.

    backend: what the route sends to. model: whether it leads to a model at all. guarded: whether a policy with a
    guardrail is attached to this way. mirror: the route copies requests there.
    """

    backend: str
    model: bool | Unknown
    guarded: bool | Unknown
    mirror: bool = False
