"""All resources of a run, found by kind, by address, and by whatever a value says of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from operator import attrgetter

from scanner.builders.homes import chosen, unique
from scanner.resource import Resource, dig
from scanner.unknown import Unknown, Value

IDENTITIES = ("id", "arn", "name", "bucket", "identifier", "self_link")
"""Attributes by which another resource may name this one, where their value is known."""
_OF_KIND = {
    "aws_bedrock_guardrail": ("guardrail_arn", "guardrail_id"),
    "awscc_bedrock_guardrail": ("guardrail_arn", "guardrail_id"),
    "aws_kms_key": ("key_id",),
}
"""By type: those that the provider makes, and that in other types name another resource."""


ALONE = frozenset(
    {
        "aws_iam_role", "aws_iam_user", "aws_iam_policy", "aws_kms_key", "aws_s3_bucket", "aws_bedrock_guardrail",
        "aws_lambda_function",
    }
)  # fmt: skip
"""Kinds that are looked for in other units as well: what is asked of them is asked of their own unit. What stands in a
network is not among them: who else is in it is asked of the unit of who asks."""
RECORDED = ("bundle", "live", "state")
"""Sources that show the identifiers that AWS made up: what has one there is the thing that has it elsewhere."""

HELM = "helm_release"
_ID = attrgetter("id")
_IN_TERRAFORM = ("kubernetes_", "kubectl_", "helm_", "kustomization_", "argocd_", "flux_")
"""Types of Terraform resources that are, hold or bring objects of Kubernetes."""

_AZURE = ("azurerm_", "azapi_", "azuread_")
_CLUSTERS = (
    "aws_eks_", "awscc_eks_", "azurerm_kubernetes_", "azurerm_arc_kubernetes_", "google_container_", "azapi_",
)  # fmt: skip
"""Types of Terraform resources that are clusters, or say who may do what in one."""


class Inventory:
    """Resources by id, kind and unit. Deleted resources are left out of every look-up but `deleted`."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        everything = sorted(resources, key=_ID)
        self.deleted = [one for one in everything if one.deleted]
        self.all = [one for one in everything if not one.deleted]
        self.objects = [one for one in self.all if one.kind[:1].isupper()]
        """The objects of Kubernetes themselves, by id; Terraform types never start with a capital."""
        self.by_id: dict[str, Resource] = {}
        self._by_kind: dict[str, list[Resource]] = {}
        self._by_literal: dict[str, list[Resource]] = {}
        self._by_unit: dict[str, list[Resource]] = {}
        self._kind_in_unit: dict[str, dict[str, list[Resource]]] = {}
        kinds = {one.kind for one in everything}
        self.has_azure = any(kind.startswith(_AZURE) for kind in kinds)
        self.has_google = any(kind.startswith("google_") for kind in kinds)
        self.has_kubernetes = any(kind.startswith(_IN_TERRAFORM) for kind in kinds)
        self.has_kubernetes = self.has_kubernetes or any(one.is_manifest for one in everything)
        self.has_clusters = any(kind.startswith(_CLUSTERS) for kind in kinds)
        self.memo: dict[object, object] = {}
        """What is worked out of the resources once, under a key of its own; resources never change."""
        self.asked: set[str] = set()
        """Every kind that a builder asked for by name: what nobody asked for is not modelled."""
        for one in self.all:
            self.by_id.setdefault(one.id, one)
            self._by_kind.setdefault(one.kind, []).append(one)
            keys = IDENTITIES if one.kind not in _OF_KIND else (*IDENTITIES, *_OF_KIND[one.kind])
            for key in keys if not one.is_manifest else ():
                literal = one.attrs.get(key)
                if literal and isinstance(literal, str):
                    self._by_literal.setdefault(literal, []).append(one)

    def of(self, *kinds: str, unit: str | None = None) -> Iterator[Resource]:
        """The managed resources (no data sources) of any of `kinds`, in `unit` where given, by id within each kind."""
        self.asked.update(kinds)
        for kind in kinds:
            for one in self._by_kind.get(kind, ()) if unit is None else self._of_each_unit(kind).get(unit, ()):
                if not one.data:
                    yield one

    def _of_each_unit(self, kind: str) -> dict[str, list[Resource]]:
        """The resources of a kind by unit: an organisation has thousands of units, each of which asks for its own."""
        found = self._kind_in_unit.get(kind)
        if found is None:
            found = self._kind_in_unit[kind] = {}
            for one in self._by_kind.get(kind, ()):
                found.setdefault(one.unit, []).append(one)
        return found

    def like(self, kind: str, group: str | None = None) -> Iterator[Resource]:
        """The managed resources of a kind, of one API group where given; it does not say that they are modelled."""
        for one in self._by_kind.get(kind, ()):
            if not one.data and (group is None or one.group == group):
                yield one

    def data(self, *kinds: str, unit: str | None = None) -> Iterator[Resource]:
        """The data sources of any of `kinds`, in `unit` where given."""
        for kind in kinds:
            for one in self._by_kind.get(kind, ()) if unit is None else self._of_each_unit(kind).get(unit, ()):
                if one.data:
                    yield one

    def in_clusters(self) -> dict[str, list[Resource]]:
        """By unit, what stands in its cluster: the objects, and releases of Helm in Terraform; each by id."""
        found: dict[str, list[Resource]] = {}
        inside = [*(one for one in self.objects if not one.data), *self.like(HELM)]
        for one in sorted(inside, key=_ID):
            found.setdefault(one.unit, []).append(one)
        return found

    def in_unit(self, unit: str) -> Sequence[Resource]:
        """All resources of a unit, data sources included, by id."""
        if not self._by_unit:
            for one in self.all:
                self._by_unit.setdefault(one.unit, []).append(one)
        return self._by_unit.get(unit, ())

    def kinds(self) -> Iterator[str]:
        """Every kind that occurs, sorted."""
        return iter(sorted(self._by_kind))

    def at(self, unit: str, address: str) -> Resource | None:
        """The resource at `address` of `unit`; an address without its instance key finds a single instance."""
        return self.by_id.get(f"{unit}:{address}")

    def find(self, value: Value, where: str | Resource, *kinds: str) -> Resource | Unknown | None:
        """The resource that `value` names.

        where: the resource that says so; its unit alone where nothing is known of its account and region.

        A reference to a declared resource finds it, whatever attribute it names. A literal finds the resource of
        one of `kinds` in the unit whose id, ARN or name is that literal; a name only in the account (and region) of
        who says it. An Unknown that names nothing is returned as it is, and one that tells why where a name may be
        that of a thing in another account. An identifier that no two things have finds what was recorded with it in
        another unit as well. None means: a literal that names nothing in the inputs (or no value).
        """
        unit = where if isinstance(where, str) else where.unit
        if isinstance(value, Unknown):
            if value.ref is not None:
                found = self.at(unit, value.ref.address)
                if found is not None and (not kinds or found.kind in kinds):
                    return found
            return value
        if not isinstance(value, str):
            return None
        called = [
            one for one in self._by_literal.get(value, ()) if one.unit == unit and (not kinds or one.kind in kinds)
        ]
        if not called:
            return self.recorded(value, *(kind for kind in kinds if kind in ALONE))
        if isinstance(where, str):
            return called[0] if len(called) == 1 else chosen(self, value, called, None)
        return chosen(self, value, called, where)

    def recorded(self, value: str, *kinds: str) -> Resource | None:
        """The recorded thing of `kinds`, in whatever unit, that has an identifier which no two things have."""
        found = (one for one in self._by_literal.get(value, ()) if one.kind in kinds and _told(one))
        mine = (one for one in found if value in (one.attrs.get("arn"), one.attrs.get("id")))
        return next((one for one in mine if unique(one, value)), None)


def _told(one: Resource) -> bool:
    """Whether an API told the identifiers of a thing, be it declared as well."""
    return one.source in RECORDED or bool(one.aliases)


def names(entry: str, unit: str, address: str) -> bool:
    """Whether a profile entry (`[unit:]address`, `*` is a wildcard) names the node at `address` of `unit`.

    Only `*` is special; brackets in Terraform addresses are literal.
    """
    pattern = entry.replace("[", "[[]") if "*" in entry else entry
    if fnmatchcase(address, pattern) if "*" in entry else address == entry:
        return True
    whole = f"{unit}:{address}"
    return fnmatchcase(whole, pattern) if "*" in entry else whole == entry


class Named:
    """Many entries of a profile at once: whether any of them `names` a node."""

    def __init__(self, entries: Iterable[str]) -> None:
        every = list(entries)
        self._exact = frozenset(one for one in every if "*" not in one)
        self._patterns = [one for one in every if "*" in one]

    def __call__(self, unit: str, address: str) -> bool:
        """Whether any entry names the node at `address` of `unit`."""
        if address in self._exact or f"{unit}:{address}" in self._exact:
            return True
        return any(names(entry, unit, address) for entry in self._patterns)


def text_of(resource: Resource, *path: str | int) -> str:
    """The string at `path`, or "" where there is none or it is not known."""
    value = dig(resource.attrs, *path)
    return value if isinstance(value, str) else ""
