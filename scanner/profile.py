"""The profile (`tether.yaml`): what the operator says is a model, the safety stack, a place, an operator, a tenant."""

from __future__ import annotations

from datetime import date

from msgspec import Struct, field

from scanner.origin import FileOrigin


class Place(Struct, frozen=True):
    """An approved place. Empty `accounts`, `regions` or `zones` approve none: a key left out is a missing key."""

    provider: str
    origin: FileOrigin
    partition: str = ""
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


class ApprovedModel(Struct, frozen=True):
    """A model on the list. `id` is exact; `digest` is "" where the list does not pin one."""

    id: str
    origin: FileOrigin
    digest: str = ""


class GuardrailEntry(Struct, frozen=True):
    """A guardrail of the stack by address, name, id or ARN, and the version that must be used ("" is any)."""

    id: str
    origin: FileOrigin
    version: str = ""


class RequiredFilter(Struct, frozen=True):
    """A filter that every guardrail must have: strengths are NONE < LOW < MEDIUM < HIGH, "" asks for none."""

    type: str
    input: str
    output: str
    origin: FileOrigin


class UpdatePath(Struct, frozen=True):
    """What brings new versions of a classifier, by address, and in how many days it must have done so."""

    classifier: str
    by: str
    max_age_days: int
    origin: FileOrigin


class ReleaseEntry(Struct, frozen=True):
    """What a member of the stack must run: the digests of its images, or the version of a guardrail ("" is none)."""

    member: str
    origin: FileOrigin
    images: tuple[str, ...] = ()
    version: str = ""


class StopControl(Struct, frozen=True):
    """By what the operator stops the deployment, when that was last tried, and in how many days it must be again."""

    subject: str
    tested: date
    max_age_days: int
    reason: str
    origin: FileOrigin


class TrustedCaller(Struct, frozen=True):
    """One admitted edge: a probe or a scraper, to one target on one port, with a reason and an end."""

    source: str
    target: str
    port: int
    reason: str
    owner: str
    expires: date
    origin: FileOrigin


class NotModel(Struct, frozen=True):
    """A workload that looks like a model server and is none; the reason is printed."""

    subject: str
    reason: str
    origin: FileOrigin


class Unit(Struct, frozen=True):
    """A set of inputs that is one deployment: Terraform roots, and the manifests of one cluster.

    live: what a kubeconfig or a bundle calls that cluster.
    plans, states: the names of the files that `--plan` and `--state` are given for it.
    repository: the address of the git repository that its folders are a checkout of, "" where the profile has none;
    revisions: the branches, tags and commits that the checkout stands for, none for the default branch alone.
    """

    name: str
    origin: FileOrigin
    terraform: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    cluster: str = ""
    live: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    repository: str = ""
    revisions: tuple[str, ...] = ()


class ChartRelease(Struct, frozen=True):
    """How a Helm chart is installed: values are files, each laid over the ones before and over the chart's own.

    repository, versions: what deliveries bring it from, and the versions of it that the folder stands for.
    """

    chart: str
    origin: FileOrigin
    values: tuple[str, ...] = ()
    release: str = "release-name"
    namespace: str = "default"
    repository: str = ""
    versions: tuple[str, ...] = ()


class Waiver(Struct, frozen=True):
    """An accepted finding: by rule and subject address, with who accepted it and until when."""

    rule: str
    subject: str
    reason: str
    owner: str
    approver: str
    expires: date
    origin: FileOrigin
    second_approver: str = ""


class Outputs(Struct, frozen=True):
    """Where a run is remembered and told; none of it has a say in a verdict.

    store: a file or a URL without a password; store_from, webhook_from: names of environment variables that hold URLs.
    series: under which name runs are held against each other. waiver_notice: in days, how long before its end a waiver
    is announced. asff: partition, region and account of the Security Hub that findings are written for.
    """

    store: str = ""
    store_from: str = ""
    series: str = ""
    webhook_from: str = ""
    waiver_notice: int = 30
    asff: tuple[str, str, str] | None = None


class Selector(Struct, frozen=True):
    """Nodes by what is known of them: (key, pattern) pairs that must all match; `*` is the only wildcard.

    Keys: namespace, name, kind, role, address, unit.
    """

    wanted: tuple[tuple[str, str], ...]
    origin: FileOrigin

    def __str__(self) -> str:
        return ", ".join(f"{key} {pattern}" for key, pattern in self.wanted)


class Contract(Struct, frozen=True):
    """A rule of the organisation's own, without Python.

    Either `forbid` (nothing may match it), or `source` and `target`: no way leads from the one to the other in any of
    `planes`, or none but through `through`. severity: of its findings. commitment: the promise that it belongs to.
    """

    name: str
    origin: FileOrigin
    source: Selector | None = None
    target: Selector | None = None
    through: Selector | None = None
    forbid: Selector | None = None
    planes: tuple[str, ...] = ("network",)
    commitment: str = "safety-path"
    severity: str = "high"
    reason: str = ""


class Profile(Struct, frozen=True):
    """The settings of a run; `Profile()` is a run without a settings file.

    References to resources (models.servers, gateways, classifiers, trusted, not_models) are node addresses
    (`inference/Deployment/vllm`, `aws_iam_role.gateway`), optionally with `unit:` before them; `*` is a wildcard.
    given: the dotted keys that the file has, to tell "empty" from "left out".
    strict: it requires a basis, as that of a scheduled scan does: what it lacks is then unproven, and not left out.
    repositories, keys: of the operator, from which the safety stack is delivered and by which it is sealed and signed.
    """

    path: str = ""
    sha256: str = ""
    agreement: str = ""
    given: frozenset[str] = frozenset()
    places: tuple[Place, ...] = ()
    approved_models: tuple[ApprovedModel, ...] = ()
    servers: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    classifiers: tuple[str, ...] = ()
    guardrails: tuple[GuardrailEntry, ...] = ()
    required_filters: tuple[RequiredFilter, ...] = ()
    min_replicas: int = 1
    max_age_days: int = 0
    updates: tuple[UpdatePath, ...] = ()
    release: tuple[ReleaseEntry, ...] = ()
    stop_controls: tuple[StopControl, ...] = ()
    repositories: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    tenants_agreed: tuple[str, ...] = ()
    tenants_excluded: tuple[str, ...] = ()
    evidence_sinks: tuple[str, ...] = ()
    trusted: tuple[TrustedCaller, ...] = ()
    contracts: tuple[Contract, ...] = ()
    not_models: tuple[NotModel, ...] = ()
    platform: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    strict: bool = False
    units: tuple[Unit, ...] = ()
    charts: tuple[ChartRelease, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    outputs: Outputs = Outputs()
    origins: dict[str, FileOrigin] = field(default_factory=dict)

    def has(self, key: str) -> bool:
        """True where the file gives `key` (dotted, as in the file: `safety_stack.gateways`)."""
        return key in self.given

    def approved(self, field_name: str, provider: str) -> frozenset[str]:
        """The approved partitions, accounts, regions or zones of `provider`; `field_name` is the singular.

        A partition is approved by naming it; where a place names none, the provider's whole is meant.
        """
        mine = [place for place in self.places if place.provider == provider]
        if field_name == "partition":
            return frozenset(place.partition for place in mine if place.partition)
        plural = {"account": "accounts", "region": "regions", "zone": "zones"}[field_name]
        return frozenset(value for place in mine for value in getattr(place, plural))
