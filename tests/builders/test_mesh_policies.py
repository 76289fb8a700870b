"""Policies of the mesh, one call at a time: attributes, patterns, tokens, connections, and what mTLS says."""

from __future__ import annotations

import pytest

from scanner.builders.k8s_policy.labels import Labels, Match
from scanner.builders.mesh.attributes import Call, Request, Trust
from scanner.builders.mesh.authorizer import Authorizer
from scanner.builders.mesh.decide import Proxy
from scanner.builders.mesh.patterns import normalised, path
from scanner.builders.ranges import parse_cidr
from scanner.unknown import Unknown
from tests.builders.k8s_world import resources_of
from tests.builders.mesh_world import authz, peer

LABELS = Labels({"app": "vllm"})
ME = "cluster.local/ns/tenant/sa/bot"
ASK = Request("/v1/chat/completions", "POST", "vllm", {"X-Key": "abc"}, None)


def mesh(*texts: str) -> Authorizer:
    return Authorizer.of(resources_of(*texts))


def answer(text: str, call: Call, proxy: Proxy = Proxy.ENVOY) -> str:
    found = mesh(text).verdict("inference", LABELS, call, proxy)
    return {Match.YES: "yes", Match.MAYBE: "maybe", Match.NO: "no"}[found.match]


@pytest.mark.parametrize(
    ("source", "identity", "expected"),
    [
        ('principals: ["*"]', ME, "yes"),
        ('principals: ["*"]', None, "no"),
        ('notPrincipals: ["*"]', None, "yes"),
        ('notPrincipals: ["*"]', ME, "no"),
        (f'principals: ["{ME}"]', ME, "yes"),
        (f'principals: ["spiffe://{ME}"]', ME, "no"),
        ('principals: ["cluster.local/ns/tenant/*"]', ME, "yes"),
        ('principals: ["*/sa/bot"]', ME, "yes"),
        ('principals: ["*/sa/robot"]', ME, "no"),
        ('namespaces: ["tenant"]', ME, "yes"),
        ('namespaces: ["ten*"]', ME, "yes"),
        ('namespaces: ["*"]', None, "no"),
        ('notNamespaces: ["tenant"]', None, "yes"),
        ('serviceAccounts: ["tenant/bot"]', ME, "yes"),
        ('serviceAccounts: ["bot"]', "cluster.local/ns/inference/sa/bot", "yes"),
        ('serviceAccounts: ["bot"]', ME, "no"),
        ('notServiceAccounts: ["tenant/bot"]', ME, "no"),
        ('trustDomains: ["cluster.local"]', ME, "yes"),
        ('trustDomains: ["cluster.*"]', ME, "yes"),
        ('notTrustDomains: ["else.where"]', ME, "yes"),
        ('namespaces: ["tenant"], notPrincipals: ["*/sa/bot"]', ME, "no"),
    ],
)
def test_who_a_caller_is(source, identity, expected):
    assert answer(authz(f"{{rules: [{{from: [{{source: {{{source}}}}}]}}]}}"), Call(identity, 8000, ASK)) == expected


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ('paths: ["/v1/chat/completions"]', "yes"),
        ('paths: ["/v1/*"]', "yes"),
        ('paths: ["*/completions"]', "yes"),
        ('paths: ["/v1"]', "no"),
        ('paths: ["/v1/{*}/completions"]', "yes"),
        ('paths: ["/v1/{*}"]', "no"),
        ('paths: ["/{**}"]', "yes"),
        ('notPaths: ["/v1/*"]', "no"),
        ('methods: ["GET"]', "no"),
        ('methods: ["*"]', "yes"),
        ('notMethods: ["GET"]', "yes"),
        ('hosts: ["VLLM"]', "yes"),
        ('hosts: ["vllm:*"]', "no"),
        ('ports: ["8000"]', "yes"),
        ('notPorts: ["8000"]', "no"),
        ("ports: [8000]", "maybe"),
    ],
)
def test_what_a_caller_asks_for(operation, expected):
    text = authz(f"{{rules: [{{to: [{{operation: {{{operation}}}}}]}}]}}")
    assert answer(text, Call(ME, 8000, ASK)) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('{key: "request.headers[x-key]", values: ["abc"]}', "yes"),
        ('{key: "request.headers[x-key]", values: ["a*"], notValues: ["*c"]}', "no"),
        ('{key: "request.headers[x-none]", values: ["*"]}', "no"),
        ('{key: "request.headers[x-none]", notValues: ["x"]}', "yes"),
        ('{key: source.namespace, values: ["tenant"]}', "yes"),
        ('{key: source.principal, notValues: ["*"]}', "no"),
        ('{key: destination.port, values: ["8000"]}', "yes"),
        ('{key: connection.sni, values: ["vllm"]}', "maybe"),
        ('{key: "experimental.envoy.filters.x[y]", values: ["z"]}', "maybe"),
        ("{key: source.namespace}", "yes"),
    ],
)
def test_conditions(condition, expected):
    assert answer(authz(f"{{rules: [{{when: [{condition}]}}]}}"), Call(ME, 8000, ASK)) == expected


CLAIMS = {
    "iss": "https://issuer.example", "sub": "me", "aud": ["one", "two"], "azp": "client", "scope": "read write",
    "roles": ["admin"], "deep": {"er": "x"}, "custom": "a b",
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('from: [{source: {requestPrincipals: ["*"]}}]', "yes"),
        ('from: [{source: {requestPrincipals: ["https://issuer.example/me"]}}]', "yes"),
        ('from: [{source: {requestPrincipals: ["https://issuer.example/*"]}}]', "yes"),
        ('from: [{source: {requestPrincipals: ["*/me"]}}]', "yes"),
        ('from: [{source: {requestPrincipals: ["*/you"]}}]', "no"),
        ('from: [{source: {notRequestPrincipals: ["*"]}}]', "no"),
        ('when: [{key: request.auth.principal, values: ["https://issuer.example/me"]}]', "yes"),
        ('when: [{key: request.auth.audiences, values: ["two"]}]', "yes"),
        ('when: [{key: request.auth.presenter, values: ["client"]}]', "yes"),
        ('when: [{key: "request.auth.claims[roles]", values: ["adm*"]}]', "yes"),
        ('when: [{key: "request.auth.claims[scope]", values: ["write"]}]', "yes"),
        ('when: [{key: "request.auth.claims[deep][er]", values: ["x"]}]', "yes"),
        ('when: [{key: "request.auth.claims[deep][no]", values: ["x"]}]', "no"),
        ('when: [{key: "request.auth.claims[none]", notValues: ["x"]}]', "yes"),
        ('when: [{key: "request.auth.claims[custom]", values: ["b"]}]', "maybe"),
    ],
)
def test_tokens(rule, expected):
    with_token = Request("/x", "GET", "vllm", {}, CLAIMS)
    assert answer(authz(f"{{rules: [{{{rule}}}]}}"), Call(ME, 8000, with_token)) == expected
    without = Request("/x", "GET", "vllm", {}, None)
    negative = "not" in rule
    assert answer(authz(f"{{rules: [{{{rule}}}]}}"), Call(ME, 8000, without)) == ("yes" if negative else "no")


@pytest.mark.parametrize(
    ("blocks", "address", "expected"),
    [
        ('ipBlocks: ["10.0.0.0/8"]', "10.1.2.3", "yes"),
        ('ipBlocks: ["10.0.0.0/8"]', "192.0.2.1", "no"),
        ('notIpBlocks: ["10.0.0.0/8"]', "10.1.2.3", "no"),
        ('ipBlocks: ["10.1.2.3"]', "10.1.2.3", "yes"),
        ('ipBlocks: ["what"]', "10.1.2.3", "maybe"),
        ('ipBlocks: ["10.0.0.0/8"]', "", "maybe"),
        ('remoteIpBlocks: ["10.0.0.0/8"]', "10.1.2.3", "maybe"),
    ],
)
def test_addresses(blocks, address, expected):
    call = Call(ME, 8000, ASK, address=parse_cidr(address) or Unknown("not known"))
    assert answer(authz(f"{{rules: [{{from: [{{source: {{{blocks}}}}}]}}]}}"), call) == expected


def test_on_a_connection_an_allow_of_requests_never_matches_and_a_deny_loses_what_it_cannot_see():
    connection = Call(ME, 8000, None)
    both = '{rules: [{to: [{operation: {ports: ["8000"]}}, {operation: {paths: ["/x"]}}]}]}'
    assert answer(authz(both), connection) == "no"
    assert answer(authz('{rules: [{to: [{operation: {ports: ["8000"]}}]}]}'), connection) == "yes"
    assert answer(authz('{action: DENY, rules: [{to: [{operation: {paths: ["/x"]}}]}]}'), connection) == "no"
    assert (
        answer(authz('{action: DENY, rules: [{to: [{operation: {ports: ["9"], paths: ["/x"]}}]}]}'), connection)
        == "yes"
    )


def test_a_ztunnel_drops_an_allow_of_requests_and_enforces_what_is_left_of_a_deny():
    call = Call(ME, 8000, None)
    token = '{rules: [{from: [{source: {requestPrincipals: ["*"]}}]}]}'
    assert answer(authz(token), call, Proxy.ZTUNNEL) == "no"
    source = 'from: [{source: {namespaces: ["tenant"]}}]'
    mixed = f'{{action: DENY, rules: [{{{source}, to: [{{operation: {{ports: ["8000"], paths: ["/x"]}}}}]}}]}}'
    assert answer(authz(mixed), call, Proxy.ZTUNNEL) == "no"
    alone = '{action: DENY, rules: [{to: [{operation: {paths: ["/x"]}}]}]}'
    assert answer(authz(alone), call, Proxy.ZTUNNEL) == "maybe"


def test_deny_goes_before_allow_and_any_of_several_allows():
    call = Call(ME, 8000, ASK)
    allow, deny = authz("{rules: [{}]}"), authz("{action: DENY, rules: [{}]}", "deny")
    nothing = authz("{rules: []}", "nothing")
    assert answer(allow, call) == "yes"
    assert answer(allow + deny, call) == "no"
    assert answer(allow + nothing, call) == "yes"
    assert answer(nothing, call) == "no"
    assert answer(authz("{action: CUSTOM, provider: {name: x}, rules: [{}]}") + deny, call) == "no"


@pytest.mark.parametrize(
    ("value", "trust", "identity", "expected"),
    [
        ("cluster.local/ns/tenant/sa/bot", Trust("acme", ("old",)), "acme/ns/tenant/sa/bot", "yes"),
        ("acme/ns/tenant/sa/bot", Trust("acme", ("old",)), "old/ns/tenant/sa/bot", "yes"),
        ("old/ns/tenant/sa/bot", Trust("acme", ("old",)), "acme/ns/tenant/sa/bot", "yes"),
        ("else/ns/tenant/sa/bot", Trust("acme", ("old",)), "acme/ns/tenant/sa/bot", "no"),
        ("else/ns/tenant/sa/bot", Trust(sure=False), ME, "maybe"),
        ("*/ns/tenant/sa/bot", Trust("acme"), "acme/ns/tenant/sa/bot", "yes"),
    ],
)
def test_a_trust_domain_stands_for_its_aliases(value, trust, identity, expected):
    text = authz(f'{{rules: [{{from: [{{source: {{principals: ["{value}"]}}}}]}}]}}')
    assert answer(text, Call(identity, 8000, ASK, trust=trust)) == expected


@pytest.mark.parametrize(
    ("how", "raw", "expected"),
    [
        ("NONE", "/app/../admin?x=1", "/app/../admin"),
        ("BASE", "/app/../admin#y", "/admin"),
        ("BASE", "/app/%2E./admin", "/admin"),
        ("BASE", "/app//", "/app//"),
        ("BASE", "/app%2f/", "/app%2f/"),
        ("BASE", "/app\\admin", "/app/admin"),
        ("BASE", "/xyz%30..//abc", "/xyz0..//abc"),
        ("BASE", "/app/..", "/"),
        ("BASE", "/..;/admin", "/..;/admin"),
        ("MERGE_SLASHES", "/app//../admin", "/app/admin"),
        ("MERGE_SLASHES", "/app/\\/\\/\\admin", "/app/admin"),
        ("DECODE_AND_MERGE_SLASHES", "/app/%2f", "/app/"),
        ("DECODE_AND_MERGE_SLASHES", "/%2Fapp%5cadmin", "/app/admin"),
        ("DECODE_AND_MERGE_SLASHES", "/admin%00", None),
    ],
)
def test_paths_are_compared_as_the_proxy_sees_them(how, raw, expected):
    assert normalised(raw, how) == expected


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("/store/{**}/cart", "/store//cart", True),
        ("/store/{**}/cart", "/store/cart", False),
        ("/foo/{*}/bar/{**}", "/foo//bar/bat.txt", False),
        ("/foo/{*}/bar/{**}", "/foo/a/bar/", True),
        ("/allow/{**}", "/allow", False),
        ("/a.b/{*}", "/axb/c", False),
    ],
)
def test_templates_of_paths(pattern, value, expected):
    assert path(pattern, value) is (Match.YES if expected else Match.NO)


MINE = "selector: {matchLabels: {app: vllm}}"
OLD, NEW = '"2024-01-01T00:00:00Z"', '"2025-01-01T00:00:00Z"'


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), {"PERMISSIVE"}),
        ((peer("{mtls: {mode: STRICT}}", namespace="istio-system"),), {"STRICT"}),
        ((peer("{mtls: {mode: STRICT}}"),), {"STRICT"}),
        ((peer("{mtls: {mode: STRICT}}", namespace="other"),), {"PERMISSIVE"}),
        ((peer("{}"),), {"PERMISSIVE"}),
        (
            (peer("{mtls: {mode: STRICT}}", namespace="istio-system"), peer("{mtls: {mode: UNSET}}")),
            {"STRICT"},
        ),
        (
            (peer("{mtls: {mode: STRICT}}", namespace="istio-system"), peer("{mtls: {mode: DISABLE}}")),
            {"DISABLE"},
        ),
        (
            (peer("{selector: {matchLabels: {app: vllm}}, mtls: {mode: STRICT}}", namespace="istio-system"),),
            {"PERMISSIVE"},
        ),
        (
            (
                peer("{mtls: {mode: DISABLE}}"),
                peer("{selector: {matchLabels: {app: vllm}}, mtls: {mode: STRICT}}", "b"),
            ),
            {"STRICT"},
        ),
        ((peer("{mtls: {mode: STRICT}}"), peer("{mtls: {mode: DISABLE}}", "b")), {"STRICT", "DISABLE"}),
        ((peer("{mtls: {mode: LATER}}"),), {"STRICT", "PERMISSIVE", "DISABLE"}),
        (
            (peer("{selector: {matchLabels: {app: vllm}}, portLevelMtls: {8000: {mode: STRICT}}}"),),
            {"STRICT"},
        ),
        (
            (peer(f"{{{MINE}, mtls: {{mode: STRICT}}, portLevelMtls: {{'8000': {{mode: UNSET}}}}}}"),),
            {"STRICT"},
        ),
        ((peer("{portLevelMtls: {8000: {mode: STRICT}}}"),), {"PERMISSIVE"}),
        (
            (
                peer("{mtls: {mode: STRICT}}").replace("name: peer", f"name: peer, creationTimestamp: {OLD}"),
                peer("{mtls: {mode: DISABLE}}", "b").replace("name: b", f"name: b, creationTimestamp: {NEW}"),
            ),
            {"STRICT"},
        ),
    ],
)
def test_the_narrowest_word_on_mtls_counts(texts, expected):
    assert mesh(*texts).peers.mode("inference", LABELS, 8000).options == expected


def test_plaintext_is_refused_where_mtls_is_strict():
    strict = peer("{mtls: {mode: STRICT}}")
    assert answer(strict, Call(None, 8000, ASK)) == "no"
    assert answer(strict, Call(ME, 8000, ASK)) == "yes"
    assert answer(peer("{mtls: {mode: LATER}}"), Call(None, 8000, ASK)) == "maybe"
    assert answer(peer("{mtls: {mode: LATER}}") + authz("{rules: []}"), Call(None, 8000, ASK)) == "no"


@pytest.mark.parametrize(
    ("document", "root", "domain", "paths"),
    [
        ("rootNamespace: conf\ntrustDomain: acme\n", "conf", "acme", "BASE"),
        ("pathNormalization:\n  normalization: MERGE_SLASHES\n", "istio-system", "cluster.local", "MERGE_SLASHES"),
        ("pathNormalization:\n  normalization: DEFAULT\n", "istio-system", "cluster.local", "BASE"),
        ("not a mapping", "istio-system", "cluster.local", "BASE"),
    ],
)
def test_the_settings_of_the_mesh_are_read_where_the_control_plane_keeps_them(document, root, domain, paths):
    lines = "".join(f"    {line}\n" for line in document.splitlines())
    found = mesh(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata:\n  mesh: |\n" + lines
    ).mesh
    assert (found.root, found.trust.domain, found.normalisation) == (root, domain, paths)
