"""Denies that name a caller, whatever policy writes them: of a mesh, a network, a firewall, or a cloud's identities."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase

from msgspec import Struct

from scanner.builders.blocks import Found, at, reach, strings, text
from scanner.builders.draft import World
from scanner.builders.edges import each, values
from scanner.builders.ranges import parse_cidr
from scanner.origin import Origin
from scanner.resource import Resource, dig
from scanner.unknown import Unknown, Value

ROOTS = ("istio-system", "istio-config")
"""Namespaces whose mesh policies hold everywhere."""
ADMIN = ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy")
CILIUM = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
CALICO = ("GlobalNetworkPolicy", "NetworkPolicy")
NAME_LABELS = ("kubernetes.io/metadata.name", "k8s:io.kubernetes.pod.namespace", "io.kubernetes.pod.namespace")
"""Labels by which a policy names a namespace."""
FIREWALLS = {
    "aws_network_acl_rule": (("rule_action", "deny"), ("cidr_block", "ipv6_cidr_block")),
    "azurerm_network_security_rule": (("access", "deny"), ("source_address_prefix", "source_address_prefixes")),
    "google_compute_security_policy_rule": (("action", "deny"), ("match.config.src_ip_ranges",)),
}
"""Rules that deny ranges: the argument that says so, as it begins, and where the ranges stand."""
INLINE = {
    "aws_network_acl": ("ingress", ("action", "deny"), ("cidr_block", "ipv6_cidr_block")),
    "azurerm_network_security_group": (
        "security_rule", ("access", "deny"), ("source_address_prefix", "source_address_prefixes"),
    ),
    "google_compute_security_policy": ("rule", ("action", "deny"), ("match.config.src_ip_ranges",)),
}  # fmt: skip
"""The same as blocks of a whole."""


class Gate(Struct, frozen=True):
    """The gateway that is guarded: its unit; its namespace, "" for what is no workload; and its pods' labels."""

    unit: str
    namespace: str
    labels: Mapping[str, Value]

    def selected(self, wanted: Value) -> bool:
        """Whether a selector by labels certainly takes the gateway's pods; none takes all."""
        if wanted is None or wanted == {}:
            return True
        labels = dig(wanted, "matchLabels")
        if not isinstance(labels, Mapping) or dig(wanted, "matchExpressions"):
            return False
        return all(self.labels.get(key.removeprefix("k8s:")) == value for key, value in labels.items())


Denied = Iterator[tuple[Value, Origin | None]]
"""What is denied: names, patterns or ranges, an Unknown where that is not known, each with its line."""


def denies(world: World, gate: Gate, kind: str, name: str) -> tuple[Origin | None, bool | Unknown] | None:
    """The line that denies a caller by name and True, or what may deny it; None where such a caller is not denied so.

    The kinds are `namespace`, `serviceaccount`, `issuer`, `cidr` and `gcp-organization`.
    """
    way = _WAYS.get(kind)
    if way is None or (kind in ("namespace", "serviceaccount") and not gate.namespace):
        return None
    doubt: Unknown | None = None
    for value, origin in way(world, gate):
        if isinstance(value, Unknown):
            doubt = doubt or value
        elif isinstance(value, str) and _MATCHES.get(kind, _same)(value, name):
            return origin, True
    return None, doubt or False


def _same(value: str, name: str) -> bool:
    return fnmatchcase(name, value)


def _within(value: str, name: str) -> bool:
    outer, inner = parse_cidr(value), parse_cidr(name)
    return outer is not None and inner is not None and inner in outer


def _issuer(value: str, name: str) -> bool:
    """Request principals are issuer and subject with a slash between them; a claim is the issuer alone."""
    return value in (name, f"{name}/*")


def _organisation(value: str, name: str) -> bool:
    return re.search(rf"/organizations/{re.escape(name)}(/|$)", value) is not None


def _mesh(world: World, gate: Gate) -> Iterator[Found]:
    """The rules of AuthorizationPolicies that deny, in the gateway's namespace or for the whole mesh."""
    for one in world.inventory.like("AuthorizationPolicy", "security.istio.io"):
        holds = one.unit == gate.unit and one.namespace in (gate.namespace, *ROOTS) and gate.namespace
        sure = one.possible is None and gate.selected(dig(one.attrs, "spec", "selector"))
        if holds and sure and dig(one.attrs, "spec", "action") == "DENY":
            yield from _items(at(one, "spec.rules"))


def _items(found: list[Found]) -> Iterator[Found]:
    for one in found:
        listed = one.value if isinstance(one.value, list | tuple) else [one.value]
        for index, item in enumerate(listed):
            marks = getattr(one.value, "marks", None)
            line = marks[index] if isinstance(marks, list) and index < len(marks) else one.origin
            yield Found(item, line, one.possible)


def _sources(world: World, gate: Gate, *keys: str) -> Denied:
    """What the mesh's denies name under `keys`; a rule with a condition or an operation beside it denies only some."""
    for rule in _mesh(world, gate):
        if isinstance(rule.value, Unknown):
            yield rule.value, rule.origin
            continue
        if dig(rule.value, "to") or dig(rule.value, "when"):
            continue
        for key in keys:
            for found in each(rule.value, f"from.source.{key}", rule.origin):
                yield found.value, found.origin


def namespaces(world: World, gate: Gate) -> Denied:
    """The namespaces that something denies by name."""
    yield from _sources(world, gate, "namespaces")
    for value, origin in _sources(world, gate, "principals"):
        found = re.fullmatch(r"[^/]+/ns/([^/]+)/(?:sa/)?\*", value) if isinstance(value, str) else None
        yield (found[1] if found else value if isinstance(value, Unknown) else ""), origin
    for rule in _network(world, gate):
        for word, origin in rule:
            yield word, origin


def _network(world: World, gate: Gate) -> Iterator[Denied]:
    """The namespaces that the denies of network policies select by their name."""
    for kind in ADMIN:
        for one in _policies(world, gate, kind, "policy.networking.k8s.io"):
            for rule in _items([*at(one, "spec.ingress")]):
                if dig(rule.value, "action") == "Deny" and not dig(rule.value, "ports"):
                    yield _labelled(rule, "from.namespaces.matchLabels", "from.pods.namespaceSelector.matchLabels")
    for kind in CILIUM:
        for one in _policies(world, gate, kind, "cilium.io"):
            for rule in _items([*at(one, "spec.ingressDeny")]):
                if not dig(rule.value, "toPorts"):
                    yield _labelled(rule, "fromEndpoints.matchLabels")
    for kind in CALICO:
        for group in ("projectcalico.org", "crd.projectcalico.org"):
            for one in _policies(world, gate, kind, group):
                for rule in _items([*at(one, "spec.ingress")]):
                    if dig(rule.value, "action") == "Deny" and not dig(rule.value, "destination"):
                        yield _selected(rule)


def _policies(world: World, gate: Gate, kind: str, group: str) -> Iterator[Resource]:
    for one in world.inventory.like(kind, group):
        here = one.unit == gate.unit and one.namespace in ("", gate.namespace) and one.possible is None
        if here and gate.namespace and _about(gate, dig(one.attrs, "spec")):
            yield one


def _about(gate: Gate, spec: Value) -> bool:
    """Whether a network policy certainly holds for the gateway's pods."""
    space = dig(spec, "subject", "namespaces", "matchLabels", NAME_LABELS[0])
    space = space or dig(spec, "subject", "pods", "namespaceSelector", "matchLabels", NAME_LABELS[0])
    selector = dig(spec, "selector")
    pods = (dig(spec, "endpointSelector"), dig(spec, "subject", "pods", "podSelector"))
    return space in (None, gate.namespace) and selector in (None, "", "all()") and all(map(gate.selected, pods))


def _labelled(rule: Found, *paths: str) -> Denied:
    for path in paths:
        for block in reach(rule.value, path, rule.origin):
            if isinstance(block.value, Mapping):
                others = [key for key in block.value if key not in NAME_LABELS]
                for key in () if others else NAME_LABELS:
                    if key in block.value:
                        yield block.value[key], block.origin


def _selected(rule: Found) -> Denied:
    """Calico's selectors: a namespace by its name."""
    for found in reach(rule.value, "source.namespaceSelector", rule.origin):
        named = re.fullmatch(r"\s*[\w./-]*name\s*==\s*['\"]([^'\"]+)['\"]\s*", text(found.value))
        yield (found.value if isinstance(found.value, Unknown) else named[1] if named else ""), found.origin


def accounts(world: World, gate: Gate) -> Denied:
    """The service accounts that the mesh denies, as `namespace/name`."""
    yield from _sources(world, gate, "serviceAccounts")
    for value, origin in _sources(world, gate, "principals"):
        found = re.fullmatch(r"(?:[^/]+|\*)/ns/([^/]+)/sa/([^/]+)", value) if isinstance(value, str) else None
        yield (f"{found[1]}/{found[2]}" if found else value if isinstance(value, Unknown) else ""), origin


def issuers(world: World, gate: Gate) -> Denied:
    """The issuers of tokens that the mesh denies."""
    yield from _sources(world, gate, "requestPrincipals")
    for rule in _mesh(world, gate):
        for found in reach(rule.value, "when", rule.origin):
            for when in _items([found]):
                if dig(when.value, "key") == "request.auth.claims[iss]" and not dig(rule.value, "to"):
                    for value in each(when.value, "values", when.origin):
                        yield value.value, value.origin


def ranges(world: World, gate: Gate) -> Denied:
    """The ranges that the mesh, a network ACL, a firewall or a web firewall denies."""
    yield from _sources(world, gate, "ipBlocks", "remoteIpBlocks")
    for kind, (verdict, paths) in FIREWALLS.items():
        for one in world.inventory.like(kind):
            if one.unit == gate.unit and one.possible is None:
                yield from _denied(Found(one.attrs, one.origin), verdict, paths)
    for kind, (path, verdict, paths) in INLINE.items():
        for one in world.inventory.like(kind):
            for block in _items(at(one, path)) if one.unit == gate.unit else ():
                if one.possible is None and block.possible is None:
                    yield from _denied(block, verdict, paths)
    yield from _web(world, gate)


def _denied(block: Found, verdict: tuple[str, str], paths: tuple[str, ...]) -> Denied:
    key, word = verdict
    said = dig(block.value, key)
    if isinstance(said, Unknown):
        yield said, block.origin
    elif isinstance(said, str) and said.lower().startswith(word) and dig(block.value, "egress") is not True:
        for path in paths:
            for found in each(block.value, path, block.origin):
                yield found.value, found.origin


def _web(world: World, gate: Gate) -> Denied:
    """The address sets that a rule of a web ACL blocks."""
    for one in world.inventory.like("aws_wafv2_web_acl"):
        for rule in _items(at(one, "rule")) if one.unit == gate.unit and one.possible is None else ():
            if dig(rule.value, "action") is None or not list(reach(rule.value, "action.block", rule.origin)):
                continue
            for named in reach(rule.value, "statement.ip_set_reference_statement.arn", rule.origin):
                found = world.inventory.find(named.value, one, "aws_wafv2_ip_set")
                if isinstance(found, Resource):
                    yield from ((each_.value, each_.origin) for each_ in values(found, "addresses"))
                elif isinstance(found, Unknown):
                    yield found, named.origin


def organisations(world: World, gate: Gate) -> Denied:
    """The principals that deny policies of Google Cloud name."""
    for one in world.inventory.like("google_iam_deny_policy"):
        if one.unit == gate.unit and one.possible is None:
            for found in at(one, "rules.deny_rule.denied_principals"):
                yield from ((word.value, word.origin) for word in strings(found.value, found.origin))


_WAYS: dict[str, Callable[[World, Gate], Denied]] = {
    "namespace": namespaces,
    "serviceaccount": accounts,
    "issuer": issuers,
    "cidr": ranges,
    "gcp-organization": organisations,
}
_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "cidr": _within,
    "issuer": _issuer,
    "gcp-organization": _organisation,
}
