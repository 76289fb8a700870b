"""Denies by name of every kind of caller: each policy that can write one, and what denies too little."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.builders.denied_callers import Gate, denies
from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.profile import Profile
from scanner.resource import Resource
from scanner.unknown import Ref, Unknown
from tests.reach import world as made

GATE = Gate("main", "ns", {"app": "gateway"})
NAME = {"kubernetes.io/metadata.name": "tenant-x"}
UNKNOWN = Unknown("`var.x` has no value", decided_by=("var.x",))
STRANGE = (None, "text", 7, True, [], {}, ["x"], [{"a": [None]}], UNKNOWN)


def mesh(source: dict[str, Any], **more: Any) -> Resource:
    spec = {"action": "DENY", "rules": [{"from": [{"source": source}]}], **more}
    return made.manifest("security.istio.io", "AuthorizationPolicy", {"spec": spec})


def admin(rule: dict[str, Any], **more: Any) -> Resource:
    spec = {"subject": {"namespaces": {}}, "ingress": [{"action": "Deny", **rule}], **more}
    return made.manifest("policy.networking.k8s.io", "AdminNetworkPolicy", {"spec": spec})


def cilium(selector: dict[str, Any], deny: dict[str, Any]) -> Resource:
    spec = {"endpointSelector": selector, "ingressDeny": [deny]}
    return made.manifest("cilium.io", "CiliumNetworkPolicy", {"spec": spec})


def calico(rule: dict[str, Any], **more: Any) -> Resource:
    spec = {"ingress": [{"action": "Deny", **rule}], **more}
    return made.manifest("projectcalico.org", "GlobalNetworkPolicy", {"spec": spec})


def answer(entry: str, *resources: Resource, gate: Gate = GATE) -> Any:
    """True, False or "unknown"; None where such a caller is not denied so."""
    kind, _, name = entry.partition(":")
    found = denies(World(Inventory(resources), Profile()), gate, kind, name)
    return None if found is None else "unknown" if isinstance(found[1], Unknown) else found[1]


SPACE, FROM = "namespace:tenant-x", {"namespaces": {"matchLabels": NAME}}
ENDPOINTS = {"fromEndpoints": [{"matchLabels": {"k8s:io.kubernetes.pod.namespace": "tenant-x"}}]}
SELECTOR = {"source": {"namespaceSelector": "projectcalico.org/name == 'tenant-x'"}}


@pytest.mark.parametrize(
    ("entry", "one", "expected"),
    [
        (SPACE, mesh({"namespaces": ["tenant-x"]}), True),
        (SPACE, mesh({"namespaces": ["tenant-*"]}), True),
        (SPACE, mesh({"namespaces": ["tenant-y"]}), False),
        (SPACE, mesh({"namespaces": [UNKNOWN]}), "unknown"),
        (SPACE, mesh({"principals": ["cluster.local/ns/tenant-x/*"]}), True),
        (SPACE, mesh({"principals": ["cluster.local/ns/tenant-x/sa/bot"]}), False),
        (SPACE, mesh({"namespaces": ["tenant-x"]}, action="ALLOW"), False),
        (SPACE, mesh({"namespaces": ["tenant-x"]}, selector={"matchLabels": {"app": "gateway"}}), True),
        (SPACE, mesh({"namespaces": ["tenant-x"]}, selector={"matchLabels": {"app": "web"}}), False),
        (SPACE, admin({"from": [FROM]}), True),
        (SPACE, admin({"from": [FROM], "ports": [{"portNumber": {"port": 80}}]}), False),
        (SPACE, admin({"from": [FROM]}, subject={"namespaces": {"matchLabels": NAME}}), False),
        (SPACE, cilium({}, ENDPOINTS), True),
        (SPACE, cilium({"matchLabels": {"app": "gateway"}}, ENDPOINTS), True),
        (SPACE, cilium({"matchLabels": {"app": "web"}}, ENDPOINTS), False),
        (SPACE, cilium({}, {**ENDPOINTS, "toPorts": [{"ports": [{"port": "80"}]}]}), False),
        (SPACE, calico(SELECTOR), True),
        (SPACE, calico(SELECTOR, selector="app == 'web'"), False),
        (SPACE, calico({**SELECTOR, "destination": {"ports": [80]}}), False),
        ("serviceaccount:tenant-x/bot", mesh({"principals": ["cluster.local/ns/tenant-x/sa/bot"]}), True),
        ("serviceaccount:tenant-x/bot", mesh({"serviceAccounts": ["tenant-x/bot"]}), True),
        ("serviceaccount:tenant-x/bot", mesh({"serviceAccounts": ["tenant-x/web"]}), False),
        ("issuer:https://idp.x", mesh({"requestPrincipals": ["https://idp.x/*"]}), True),
        ("issuer:https://idp.x", mesh({"requestPrincipals": ["https://idp.x/one"]}), False),
        ("cidr:203.0.113.0/24", mesh({"ipBlocks": ["203.0.0.0/16"]}), True),
        ("cidr:203.0.113.0/24", mesh({"remoteIpBlocks": ["203.0.113.0/25"]}), False),
        ("account:111122223333", mesh({"namespaces": ["tenant-x"]}), None),
    ],
)
def test_a_deny_of_a_cluster(entry: str, one: Resource, expected: Any) -> None:
    assert answer(entry, one) == expected


def test_a_claim_names_an_issuer() -> None:
    when = [{"key": "request.auth.claims[iss]", "values": ["https://idp.x"]}]
    spec = {"action": "DENY", "rules": [{"when": when}]}
    one = made.manifest("security.istio.io", "AuthorizationPolicy", {"spec": spec})
    assert answer("issuer:https://idp.x", one) is True
    assert answer("issuer:https://idp.y", one) is False


def test_a_gateway_that_is_no_workload_is_not_guarded_by_policies_of_a_cluster() -> None:
    one = mesh({"namespaces": ["tenant-x"]})
    assert answer(SPACE, one, gate=Gate("main", "", {})) is None
    assert answer("cidr:203.0.113.0/24", mesh({"ipBlocks": ["203.0.0.0/16"]}), gate=Gate("main", "", {})) is False


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("aws_network_acl_rule", {"rule_action": "deny", "cidr_block": "203.0.0.0/16"}, True),
        ("aws_network_acl_rule", {"rule_action": "allow", "cidr_block": "203.0.0.0/16"}, False),
        ("aws_network_acl_rule", {"rule_action": "deny", "cidr_block": "203.0.0.0/16", "egress": True}, False),
        ("aws_network_acl_rule", {"rule_action": UNKNOWN, "cidr_block": "203.0.0.0/16"}, "unknown"),
        ("aws_network_acl", {"ingress": [{"action": "deny", "cidr_block": "203.0.113.0/24"}]}, True),
        ("azurerm_network_security_rule", {"access": "Deny", "source_address_prefixes": ["203.0.113.0/24"]}, True),
        ("azurerm_network_security_group",
         {"security_rule": [{"access": "Deny", "source_address_prefix": UNKNOWN}]}, "unknown"),
        ("google_compute_security_policy",
         {"rule": [{"action": "deny(403)", "match": [{"config": [{"src_ip_ranges": ["203.0.113.0/24"]}]}]}]}, True),
        ("google_compute_security_policy",
         {"rule": [{"action": "allow", "match": [{"config": [{"src_ip_ranges": ["203.0.113.0/24"]}]}]}]}, False),
    ],
)  # fmt: skip
def test_a_deny_of_a_firewall(kind: str, body: dict[str, Any], expected: Any) -> None:
    assert answer("cidr:203.0.113.0/24", made.terraform(kind, body)) == expected


def test_a_web_firewall_blocks_a_set_of_addresses() -> None:
    listed = made.terraform("aws_wafv2_ip_set", {"addresses": ["203.0.113.0/24"]}, "set")
    named = {"ip_set_reference_statement": [{"arn": Unknown("computed", ref=Ref(listed.address, "arn"))}]}
    block = made.terraform("aws_wafv2_web_acl", {"rule": [{"action": [{"block": [{}]}], "statement": [named]}]})
    count = made.terraform("aws_wafv2_web_acl", {"rule": [{"action": [{"count": [{}]}], "statement": [named]}]})
    assert answer("cidr:203.0.113.0/24", listed, block) is True
    assert answer("cidr:203.0.113.0/24", listed, count) is False


def test_an_organisation_of_google() -> None:
    member = "principalSet://cloudresourcemanager.googleapis.com/organizations/123456"
    one = made.terraform("google_iam_deny_policy", {"rules": [{"deny_rule": [{"denied_principals": [member]}]}]})
    assert answer("gcp-organization:123456", one) is True
    assert answer("gcp-organization:1234", one) is False


@pytest.mark.parametrize("value", STRANGE, ids=repr)
@pytest.mark.parametrize(
    "entry", [SPACE, "serviceaccount:a/b", "issuer:https://x", "cidr:10.0.0.0/8", "gcp-organization:1"]
)
def test_strange_input_denies_nobody(entry: str, value: Any) -> None:
    body = {"action": "DENY", "rules": value, "ingress": value, "ingressDeny": value, "subject": value, "rule": value}
    kinds = (("security.istio.io", "AuthorizationPolicy"), ("policy.networking.k8s.io", "AdminNetworkPolicy"),
             ("cilium.io", "CiliumNetworkPolicy"), ("projectcalico.org", "GlobalNetworkPolicy"))  # fmt: skip
    some = [made.manifest(group, kind, {"spec": spec}) for group, kind in kinds for spec in (body, value)]
    types = ("aws_network_acl", "aws_network_acl_rule", "aws_wafv2_web_acl", "google_iam_deny_policy")
    some += [made.terraform(kind, body) for kind in types]
    for one in some:
        assert answer(entry, one) is not True
