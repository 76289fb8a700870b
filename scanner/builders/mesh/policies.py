"""AuthorizationPolicies of Istio in one normal form: what they select, and their rules as attributes and texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase

from msgspec import Struct

from scanner.builders.edges import Doubt, doubt_of
from scanner.builders.k8s_policy.labels import EVERY, Labels, Match, Selector, selector_of_labels
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value, unknowns_in

GROUP = "security.istio.io"
DRY_RUN = "istio.io/dry-run"
NOT_READ = "not-read"
"""The key of an attribute that is not known, or not understood: it matches perhaps."""
SOURCES = {
    "principals": "source.principal",
    "requestPrincipals": "request.auth.principal",
    "namespaces": "source.namespace",
    "ipBlocks": "source.ip",
    "remoteIpBlocks": "remote.ip",
    "serviceAccounts": "source.serviceAccount",
    "trustDomains": "source.trustDomain",
}
OPERATIONS = {
    "hosts": "request.host",
    "ports": "destination.port",
    "methods": "request.method",
    "paths": "request.path",
}
Text = str | Unknown


class Action(StrEnum):
    """What a policy does with what its rules match; AUDIT lets everything pass."""

    ALLOW = "ALLOW"
    DENY = "DENY"
    CUSTOM = "CUSTOM"
    AUDIT = "AUDIT"
    UNKNOWN = "UNKNOWN"


class Atom(Struct, frozen=True):
    """One attribute that is compared: it is one of `values` (where there are any) and none of `negative`."""

    key: str
    values: tuple[Text, ...]
    negative: tuple[Text, ...]
    origin: Origin | None = None


Clause = tuple[Atom, ...]
"""Attributes that must all match."""


class Rule(Struct, frozen=True):
    """One rule: any of `sources`, and any of `operations`, and all of `conditions`; no clauses ask for nothing."""

    sources: tuple[Clause, ...]
    operations: tuple[Clause, ...]
    conditions: Clause
    origin: Origin | None


class TargetRef(Struct, frozen=True):
    """What a policy is attached to instead of the pods of a selector."""

    group: str
    kind: str
    name: str


class AuthzPolicy(Struct, frozen=True):
    """One AuthorizationPolicy.

    selector: None where there is none: every workload of the namespace. refs: None where they are not known.
    provider: of a CUSTOM policy. doubt: set where it is not certain that the policy exists or is enforced.
    """

    address: str
    namespace: str
    action: Action
    selector: Selector | None
    refs: tuple[TargetRef, ...] | None
    rules: tuple[Rule, ...]
    provider: str
    origin: Origin
    doubt: Doubt | None = None

    def __str__(self) -> str:
        return f"AuthorizationPolicy `{self.address}`"

    def selects(self, namespace: str, labels: Labels, root: str | Unknown) -> Match:
        """Whether the policy is enforced at a workload by its namespace and labels; never where it has targetRefs."""
        if self.refs or self.action is Action.AUDIT:
            return Match.NO
        best = min(within(self.namespace, namespace, root), (self.selector or EVERY).match(labels))
        return min(best, Match.MAYBE) if self.doubt is not None or self.refs is None else best


def within(policy: str, namespace: str, root: str | Unknown) -> Match:
    """Whether a policy of one namespace speaks of workloads of another: its own, or all where it is the root's."""
    if policy in (namespace, root):
        return Match.YES
    if isinstance(root, Unknown) or fnmatchcase(namespace, policy) or fnmatchcase(policy, namespace):
        return Match.MAYBE
    return Match.NO


def policies_of(resources: Iterable[Resource]) -> list[AuthzPolicy]:
    """Every AuthorizationPolicy that can deny anything, in order of their addresses."""
    found = (_policy(one) for one in resources if one.kind == "AuthorizationPolicy" and one.group == GROUP)
    return sorted((one for one in found if one is not None), key=lambda one: one.address)


def _policy(one: Resource) -> AuthzPolicy | None:
    dry = dig(one.attrs, "metadata", "annotations", DRY_RUN)
    if isinstance(dry, str) and dry.lower() in ("true", "t", "1"):
        return None
    spec = mapping_at(one, "spec")
    doubt = doubt_of(one.possible) or next((doubt_of(each) for each in (dry, spec) if isinstance(each, Unknown)), None)
    action = dig(spec, "action")
    return AuthzPolicy(
        one.address,
        one.namespace,
        _action(action if not isinstance(spec, Unknown) else spec),
        selector(spec),
        refs(spec),
        tuple(_rules(spec, one.origin)),
        str(dig(spec, "provider", "name") or ""),
        mark(one.attrs, "metadata", "name") or one.origin,
        doubt,
    )


def mapping_at(one: Resource, key: str) -> Value:
    """A part of a resource that is a mapping, where it is there; not known where it is anything else."""
    value = dig(one.attrs, key)
    if value is None or isinstance(value, Mapping | Unknown):
        return value
    return Unknown(f"`{key}` is no mapping", decided_by=(f"{one.address}: {key}",))


def _action(value: Value) -> Action:
    if value is None:
        return Action.ALLOW
    known = isinstance(value, str) and value in Action.__members__
    return Action(str(value)) if known else Action.UNKNOWN


def selector(spec: Value) -> Selector | None:
    """The selector of a policy of Istio, which knows `matchLabels` alone; None where there is none."""
    value = dig(spec, "selector")
    if value is None:
        return None
    labels = dig(value, "matchLabels")
    if labels is None and not isinstance(value, Mapping):
        labels = Unknown("the selector is no mapping", decided_by=("spec.selector",))
    return selector_of_labels(labels)


def refs(spec: Value) -> tuple[TargetRef, ...] | None:
    """The targetRefs of a policy; None where they are not known."""
    value = dig(spec, "targetRefs")
    every = (*items_of(value), *items_of(dig(spec, "targetRef")))
    if any(True for each in every for _ in unknowns_in(each)) or not _listed(value):
        return None
    return tuple(_ref(each) for each in every)


def _ref(value: Value) -> TargetRef:
    return TargetRef(*(str(dig(value, key) or "") for key in ("group", "kind", "name")))


def _listed(value: Value) -> bool:
    return value is None or (isinstance(value, Sequence) and not isinstance(value, str))


def _rules(spec: Value, origin: Origin) -> Iterator[Rule]:
    """The rules; one that matches perhaps stands for what is not known of them."""
    rules = dig(spec, "rules")
    if isinstance(rules, Unknown) or not _listed(rules):
        yield Rule((), (), (_unread(rules, mark(spec, "rules")),), mark(spec, "rules") or origin)
        return
    for number, rule in enumerate(items_of(rules)):
        where = mark(spec, "rules", number) or origin
        if not isinstance(rule, Mapping):
            yield Rule((), (), (_unread(rule, where),), where)
            continue
        extra = [_unread(rule[key], where) for key in sorted(rule.keys() - {"from", "to", "when"})]
        conditions = (*_conditions(rule), *extra)
        yield Rule(
            tuple(_clauses(rule, "from", "source", SOURCES)),
            tuple(_clauses(rule, "to", "operation", OPERATIONS)),
            conditions,
            where,
        )


def _unread(value: Value, origin: Origin | None) -> Atom:
    unknown = value if isinstance(value, Unknown) else Unknown("it is not understood", decided_by=("its rules",))
    return Atom(NOT_READ, (unknown,), (), origin)


def _clauses(rule: Mapping[str, Value], outer: str, inner: str, names: Mapping[str, str]) -> Iterator[Clause]:
    listed = rule.get(outer)
    if isinstance(listed, Unknown) or not _listed(listed):
        yield (_unread(listed, mark(rule, outer)),)
        return
    for number, item in enumerate(items_of(listed)):
        value = item if isinstance(item, Unknown) else dig(item, inner)
        where = mark(rule, outer, number)
        if value is None:
            yield ()
        elif not isinstance(value, Mapping):
            yield (_unread(value, where),)
        else:
            yield tuple(_atoms(value, names, where))


def _atoms(value: Mapping[str, Value], names: Mapping[str, str], where: Origin | None) -> Iterator[Atom]:
    known: set[str] = set()
    for name, key in names.items():
        negative = f"not{name[:1].upper()}{name[1:]}"
        known |= {name, negative}
        one, two = texts(value.get(name)), texts(value.get(negative))
        if one or two:
            yield Atom(key, one, two, mark(value, name if one else negative) or where)
    for key in sorted(value.keys() - known):
        yield _unread(value[key], mark(value, key) or where)


def _conditions(rule: Mapping[str, Value]) -> Iterator[Atom]:
    listed = rule.get("when")
    if isinstance(listed, Unknown) or not _listed(listed):
        yield _unread(listed, mark(rule, "when"))
        return
    for number, item in enumerate(items_of(listed)):
        where = mark(rule, "when", number)
        key = dig(item, "key")
        one, two = texts(dig(item, "values")), texts(dig(item, "notValues"))
        if not isinstance(key, str):
            yield _unread(key, where)
        elif one or two:
            yield Atom(key, one, two, where)


def texts(value: Value) -> tuple[Text, ...]:
    """A list of texts; what is no text, or no list, is not known."""
    if value is None:
        return ()
    if isinstance(value, Unknown):
        return (value,)
    if not _listed(value):
        return (Unknown("it is no list", decided_by=("a field of a rule",)),)
    return tuple(
        one if isinstance(one, str | Unknown) else Unknown("it is no text", decided_by=("a field of a rule",))
        for one in items_of(value)
    )
