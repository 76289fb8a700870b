"""The rows of the domain tables, as records; rules/tables/*.json says in `about` what each column means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import Struct, field

Scalar: TypeAlias = str | int | bool | None
Strings: TypeAlias = tuple[str, ...]


class Condition(Struct, frozen=True):
    path: str
    op: str
    value: Scalar | Strings = None


class PlaceClass(Struct, frozen=True):
    id: str
    commitment: str | None
    verdict: str | None
    says: str
    source: str


class Placement(Struct, frozen=True):
    type: str
    place: str
    signal: str
    because: str
    source: str
    kind: str = "resource"
    when: tuple[Condition, ...] = ()
    status: str = ""


class ProviderClass(Struct, frozen=True):
    id: str
    place: str
    because: str
    source: str


class PlaceFact(Struct, frozen=True):
    """A row of placement_kubernetes or literals; `fact` says which of the optional columns it has."""

    fact: str
    id: str
    place: str
    signal: str
    because: str
    source: str
    regex: str = ""
    scheme: str = ""
    key: str = ""
    value: str | None = None
    zone: str = ""
    group: str = ""
    kinds: Strings = ()
    read: Strings = ()
    type: str = ""
    module: str = ""
    inputs: Strings = ()
    values: Mapping[str, str] = field(default_factory=dict)


class RegionFact(Struct, frozen=True):
    fact: str
    id: str
    source: str
    provider: str = ""
    name: str = ""
    regex: str | None = None
    dns: str = ""
    regions: Strings = ()
    zone: str = ""
    names: str = ""
    key: str = ""
    tells: Strings = ()
    place: str = ""


class ModelFact(Struct, frozen=True):
    """A row of model_servers or safety_components; `fact` says which of the optional columns it has."""

    fact: str
    id: str
    because: str
    source: str
    signal: str = "medium"
    server: str = ""
    role: str = ""
    regex: str = ""
    ports: tuple[int, ...] = ()
    port: int | None = None
    carries: str = ""
    protocol: str = ""
    path: str = ""
    key: str = ""
    model_from: Strings = ()
    group: str = ""
    kinds: Strings = ()
    model_paths: Strings = ()
    exposed_by: str | None = None
    where: Condition | None = None


class Artifact(Struct, frozen=True):
    """A row of model_artifacts; `fact` says which of the optional columns it has."""

    fact: str
    id: str
    because: str
    source: str
    signal: str = "info"
    place: str | None = None
    name: str = ""
    extensions: Strings = ()
    regex: str | None = None
    unless_regex: str | None = None
    of: str = ""
    key: str = ""
    value: str | None = None
    kind: str = ""
    way: str = ""
    tell: str = ""


class ModelModality(Struct, frozen=True):
    """A row of model_modalities: what a model takes in and gives back."""

    id: str
    regex: str
    input: Strings
    output: Strings
    because: str
    source: str


class SwitchTest(Struct, frozen=True):
    on: str
    paths: Strings
    op: str
    value: Scalar | Strings = None
    types: Strings = ()
    group: str = ""
    kinds: Strings = ()
    config: str = ""
    each: str = ""
    where: Condition | None = None
    unless: Condition | None = None
    or_absent: bool = False


class Switch(Struct, frozen=True):
    id: str
    product: str
    effect: str
    default_bad: bool
    match: tuple[SwitchTest, ...] | None
    decided_by: str | None
    asserts: str
    general: bool
    because: str
    source: str


class Heuristic(Struct, frozen=True):
    id: str
    on: str
    regex: str
    values: Strings
    because: str
    source: str
    unless_regex: str | None = None
    words: Strings = ()


class InferenceAction(Struct, frozen=True):
    action: str
    kind: str
    guardrail_condition_key: bool
    condition_keys: Strings
    because: str
    source: str


class ControlAction(Struct, frozen=True):
    provider: str
    action: str
    effect: str
    changes: str
    because: str
    source: str
    verbs: Strings = ()
    groups: Strings = ()
    resources: Strings = ()
    names: str = ""
    scope: str = "namespace"
    sure: bool = True
    before: int = 0


class InertType(Struct, frozen=True):
    platform: str
    because: str
    source: str
    type: str = ""
    kind: str = ""
    group: str = ""


class Assertion(Struct, frozen=True):
    id: str
    commitment: str
    plane: str
    severity: str
    priority: str
    sources: Strings
    clauses: Strings
    source: str


class NetworkInterface(Struct, frozen=True):
    """A row of network_interfaces: a Terraform type that has interfaces, and where it says which."""

    type: str
    groups: Strings
    subnets: Strings
    public: str
    actor: bool
    receives: bool
    optional: bool
    because: str
    source: str


class Copy(Struct, frozen=True):
    """A row of copies: a type that copies or serves what a store holds."""

    type: str
    taken: Strings
    given: Strings
    off: str
    via: bool
    outside: str
    because: str
    source: str


class DeliveryObject(Struct, frozen=True):
    """A row of delivery_objects: a type whose purpose is to ship something to devices."""

    platform: str
    type: str
    group: str
    payload: Strings
    always: bool
    because: str
    source: str


class AwsOperation(Struct, frozen=True):
    """A row of aws_operations: one read of AWS's API; the table itself says what each column is.

    closing: it only closes ways: who does not read it proves no less of them. also: permissions beside `action`. about,
    called: it tells more of such a thing, which its one text names by that argument, and may be left out.
    """

    service: str
    operation: str
    tier: str
    action: str
    fact: str
    source: str
    scope: str = "region"
    paginate: bool = False
    after: str = ""
    each: str = ""
    only: Any = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    variants: Mapping[str, Any] = field(default_factory=dict)
    batch: int = 0
    batched: str = ""
    window: int = 0
    sent: Mapping[str, Any] = field(default_factory=dict)
    absent: Strings = ()
    closing: bool = False
    instead: str = ""
    beside: str = ""
    about: str = ""
    called: str = ""
    also: Strings = ()

    @property
    def id(self) -> str:
        """As bundles call it: `service:Operation`."""
        return f"{self.service}:{self.operation}"
