"""Policies of Calico, each case checked by hand against its documentation.

Pages (docs.tigera.io/calico/latest): reference of NetworkPolicy, GlobalNetworkPolicy, Tier, NetworkSet and
GlobalNetworkSet; "Get started with policy tiers"; "Kubernetes policy" (order 1000 in the default tier).
"""

from __future__ import annotations

import pytest

from scanner.builders.k8s_policy.calico_selector import BadSelector, alternatives_of
from scanner.builders.k8s_policy.labels import Labels, Match
from scanner.commands.graph_expand import expand
from tests.builders.k8s_world import (
    BASE,
    CALICO,
    CILIUM,
    GATEWAY,
    MODEL,
    ONLY_GATEWAY,
    TENANT,
    graph_of,
    policy,
    reasons,
    resources_of,
    state,
    workload,
)

HEAD = "\n---\napiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: %s, namespace: %s}\nspec: {%s}\n"
GLOBAL = "\n---\napiVersion: crd.projectcalico.org/v1\nkind: GlobalNetworkPolicy\nmetadata: {name: %s}\nspec: {%s}\n"
TIER = "\n---\napiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: %s}\nspec: {%s}\n"
TENANTS = "{namespaceSelector: \"kubernetes.io/metadata.name == 'tenant'\"}"
PARTNER = "{selector: \"role == 'partner'\"}"
GATEWAYS = "{selector: \"app == 'gateway'\", namespaceSelector: \"projectcalico.org/name == 'safety'\"}"


def np(spec: str, name: str = "rules", namespace: str = "inference") -> str:
    return HEAD % (name, namespace, spec)


def gnp(spec: str, name: str = "wide") -> str:
    return GLOBAL % (name, spec)


def on_model(rules: str, more: str = "") -> str:
    return np(f"selector: \"app == 'vllm'\", ingress: [{rules}]{more}")


def states(*texts: str) -> tuple[str, str]:
    graph = graph_of(BASE, CALICO, *texts)
    return state(graph, TENANT), state(graph, GATEWAY)


def allow(source: str = "{}", more: str = "") -> str:
    return f"{{action: Allow, source: {source}{more}}}"


def deny(source: str = "{}", more: str = "") -> str:
    return f"{{action: Deny, source: {source}{more}}}"


@pytest.mark.parametrize(
    ("rules", "tenant", "gateway"),
    [
        (allow(), "open", "open"),
        (allow(TENANTS), "open", "closed"),
        (allow(GATEWAYS), "closed", "open"),
        # In a policy of a namespace a selector alone means endpoints of that namespace.
        (allow("{selector: \"app == 'gateway'\"}"), "closed", "closed"),
        (allow("{selector: \"app == 'gateway'\", namespaceSelector: all()}"), "closed", "open"),
        (allow("{selector: all(), namespaceSelector: all()}"), "open", "open"),
        (allow("{namespaceSelector: global()}"), "closed", "closed"),
        (allow("{namespaceSelector: global(), selector: partner == 'yes'}"), "possible", "possible"),
        (allow("{namespaceSelector: \"projectcalico.org/name in {'tenant', 'x'}\"}"), "open", "closed"),
        (allow("{namespaceSelector: \"projectcalico.org/name not in {'tenant'}\"}"), "closed", "open"),
        (allow("{selector: \"app starts with 'b'\", namespaceSelector: all()}"), "open", "closed"),
        (allow("{selector: \"app ends with 'way' || app contains 'zz'\", namespaceSelector: all()}"), "closed", "open"),
        (allow('{selector: "has(app) && !has(team)", namespaceSelector: all()}'), "open", "open"),
        (allow("{selector: \"!(app == 'bot')\", namespaceSelector: all()}"), "closed", "open"),
        (allow("{notSelector: \"app == 'bot'\", namespaceSelector: all()}"), "closed", "open"),
        (allow('{selector: "app = bot"}'), "possible", "possible"),
        # Service accounts, by name in the policy's own namespace unless a namespace selector says otherwise.
        (allow("{serviceAccounts: {names: [default]}}"), "closed", "closed"),
        (allow("{serviceAccounts: {names: [default]}, namespaceSelector: all()}"), "open", "open"),
        (allow("{serviceAccounts: {names: [other]}, namespaceSelector: all()}"), "closed", "closed"),
        (allow("{serviceAccounts: {selector: \"a == 'b'\"}, namespaceSelector: all()}"), "possible", "possible"),
        # First match decides; what no rule of the tier matches is denied; Log goes on.
        (f"{deny(TENANTS)}, {allow()}", "closed", "open"),
        (f"{allow()}, {deny(TENANTS)}", "open", "open"),
        (f"{{action: Log}}, {allow(TENANTS)}", "open", "closed"),
        ("{action: Pass}", "open", "open"),
        (f"{{action: Pass, source: {TENANTS}}}, {deny()}", "open", "closed"),
        ("", "closed", "closed"),
        # Ports and protocols.
        (allow("{}", ", protocol: TCP, destination: {ports: [8000]}"), "open", "open"),
        (allow("{}", ", protocol: 6, destination: {ports: ['7000:9000']}"), "open", "open"),
        (allow("{}", ", protocol: TCP, destination: {ports: [http]}"), "open", "open"),
        (allow("{}", ", protocol: TCP, destination: {ports: [grpc]}"), "closed", "closed"),
        (allow("{}", ", protocol: UDP"), "possible", "possible"),
        (allow("{}", ", protocol: ICMP"), "closed", "closed"),
        (allow("{}", ", notProtocol: UDP"), "open", "open"),
        (deny("{}", ", protocol: TCP, destination: {notPorts: [8000]}") + f", {allow()}", "open", "open"),
        # Networks are held against whoever sends; a pod of unknown address may be inside.
        (allow("{nets: [0.0.0.0/0]}"), "open", "open"),
        (allow("{nets: [10.0.0.0/8]}"), "possible", "possible"),
        (allow("{nets: [203.0.113.0/24]}"), "closed", "closed"),
        (allow("{nets: [10.0.0.0/8], notNets: [10.1.0.0/16]}"), "possible", "possible"),
        (deny("{nets: [10.0.0.0/8]}") + f", {allow()}", "possible", "possible"),
        (deny("{notNets: [203.0.113.0/24]}") + f", {allow()}", "possible", "possible"),
        # What narrows a rule beyond its peers and ports admits nothing for certain, and what is not known at all.
        (allow("{}", ", http: {methods: [GET]}"), "possible", "possible"),
        (allow("{ports: [1024]}", ", protocol: TCP"), "possible", "possible"),
        (allow("{}", ", destination: {selector: \"app == 'x'\"}"), "possible", "possible"),
        (allow("{domains: [x.example]}"), "possible", "possible"),
        ("{action: Shout}", "possible", "possible"),
        ("{action: Deny, http: {methods: [GET]}}", "closed", "closed"),
        (f"{{action: Deny, http: {{methods: [GET]}}}}, {allow()}", "possible", "possible"),
    ],
)
def test_a_rule_means_what_the_documentation_says(rules, tenant, gateway):
    assert states(on_model(rules)) == (tenant, gateway)


def test_a_policy_speaks_of_the_directions_that_it_has_rules_for():
    nothing = np("selector: all()")
    assert states(nothing) == ("closed", "closed"), "without any rule it is one for ingress"
    assert states(np("selector: all(), egress: [{action: Allow}]")) == ("open", "open")
    assert states(np("selector: all(), types: [Ingress, Egress], egress: [{action: Allow}]")) == ("closed", "closed")
    assert states(np("selector: all(), types: [Egress], egress: []", namespace="tenant")) == ("closed", "open")
    only_dns = "egress: [{action: Allow, protocol: UDP, destination: {ports: [53]}}]"
    assert states(np(only_dns, namespace="tenant")) == ("possible", "open"), "whether the model listens there"


def test_what_a_policy_selects():
    assert states(np("selector: \"app == 'other'\"")) == ("open", "open")
    assert states(gnp("selector: all()")) == ("closed", "closed")
    assert states(gnp("selector: all(), namespaceSelector: \"projectcalico.org/name == 'tenant'\"")) == ("open", "open")
    spaces = "namespaceSelector: \"kubernetes.io/metadata.name in {'inference'}\""
    assert states(gnp(spaces)) == ("closed", "closed")
    assert states(np("selector: all(), serviceAccountSelector: \"a == 'b'\"")) == ("possible", "possible")
    assert states(np("selector: \"projectcalico.org/orchestrator == 'k8s'\"")) == ("closed", "closed")
    assert states(np('selector: "((("')) == ("possible", "possible")


def test_order_decides_and_names_between_equals():
    first, last = f"order: 1, ingress: [{allow(TENANTS)}]", "order: 2, ingress: [{action: Deny}]"
    assert states(np(first, "a"), np(last, "b")) == ("open", "closed")
    assert states(np(last.replace("2", "0"), "a"), np(first, "b")) == ("closed", "closed")
    assert states(np(first, "a"), np(last.replace("2", "1"), "b")) == ("open", "closed")
    assert states(np(first, "b"), np(last.replace("2", "1"), "a")) == ("closed", "closed")
    unordered = np("ingress: [{action: Deny}]", "a")
    assert states(np(first, "z"), unordered) == ("open", "closed"), "without an order it goes last"
    mixed = states(np("ingress: [{action: Deny}]", "a"), gnp(f"ingress: [{allow(TENANTS)}]", "b"))
    assert mixed == ("possible", "closed"), "which of two kinds goes first is not written down"
    assert states(np(first.replace("order: 1", "order: {}"), "a"), np(last, "b"))[0] == "possible"


def test_networkpolicies_of_kubernetes_are_in_the_default_tier_at_1000():
    assert states(ONLY_GATEWAY, gnp(f"order: 10, ingress: [{deny(GATEWAYS)}]")) == ("closed", "closed")
    assert states(ONLY_GATEWAY, gnp("order: 2000, ingress: [{action: Deny}]")) == ("closed", "open")
    assert states(ONLY_GATEWAY, gnp("order: 2000, ingress: [{action: Allow}]")) == ("open", "open")
    assert states(policy("  podSelector: {}"), on_model(allow(TENANTS))) == ("open", "closed")


def test_tiers_go_by_order_and_end_in_their_default_action():
    early = np(f"tier: security, ingress: [{{action: Pass, source: {GATEWAYS}}}]", "security.a")
    tier = TIER % ("security", "order: 100")
    assert states(tier, early) == ("closed", "open"), "what is passed reaches the profile, which allows"
    assert states(tier, early, ONLY_GATEWAY) == ("closed", "open")
    assert states(tier, early, policy("  podSelector: {}")) == ("closed", "closed")
    passing = TIER % ("security", "order: 100, defaultAction: Pass")
    assert states(passing, early) == ("open", "open")
    denied = np(f"tier: security, ingress: [{deny(TENANTS)}]", "security.a")
    assert states(passing, denied, np("ingress: [{action: Allow}]")) == ("closed", "open")
    late = TIER % ("security", "order: 2000000")
    assert states(late, denied, np("ingress: [{action: Allow}]")) == ("open", "open")
    assert states(denied, np("ingress: [{action: Allow}]")) == ("possible", "possible"), "no tier, no place"
    odd = TIER % ("security", "order: {}")
    assert states(odd, denied, np("ingress: [{action: Allow}]")) == ("possible", "possible")


def test_sets_of_networks_are_found_by_label():
    networks = (
        "\n---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\n"
        "metadata: {name: partner, labels: {role: partner}}\nspec: {nets: [203.0.113.0/24]}\n"
    )
    balancer = (
        "\n---\napiVersion: v1\nkind: Service\nmetadata: {name: vllm, namespace: inference}\nspec: {type: "
        "LoadBalancer, externalTrafficPolicy: Local, selector: {app: vllm}, ports: [{port: 8000}]}\n"
    )
    rule = gnp(f"selector: \"app == 'vllm'\", ingress: [{allow(PARTNER)}]")
    graph = graph_of(BASE, CALICO, networks, balancer, rule)
    assert (state(graph, "external/203.0.113.0/24"), state(graph, TENANT)) == ("open", "closed")
    own = np(f"ingress: [{allow(PARTNER)}]")
    graph = graph_of(BASE, CALICO, networks, balancer, own)
    assert not [one for one in graph.nodes if "203.0.113" in one], "of a namespace the set is not"
    outsiders = gnp(f"ingress: [{allow('{notSelector: has(app)}')}]")
    graph = graph_of(BASE, CALICO, balancer, outsiders)
    assert (state(graph, "external/internet"), state(graph, TENANT)) == ("open", "closed")


def test_staged_policies_and_those_of_host_endpoints():
    staged = np("selector: all()").replace("kind: NetworkPolicy", "kind: StagedNetworkPolicy")
    assert states(staged) == ("open", "open")
    for field in ("preDNAT", "doNotTrack", "applyOnForward"):
        told = gnp(f"{field}: true, selector: has(host), ingress: [{{action: Deny}}]")
        graph = graph_of(BASE, CALICO, told)
        assert (state(graph, TENANT), reasons(graph, TENANT)) == ("possible", {"policy-engine-unmodelled"})
        assert states(told, ONLY_GATEWAY) == ("closed", "possible")


def test_egress_asks_for_the_destination():
    to_model = "egress: [{action: Allow, destination: {selector: \"app == 'vllm'\", namespaceSelector: all()}}]"
    assert states(np(to_model, namespace="tenant")) == ("open", "open")
    assert states(np(to_model.replace("vllm", "web"), namespace="tenant")) == ("closed", "open")
    service = "egress: [{action: Allow, destination: {services: {name: vllm, namespace: inference}}}]"
    assert states(np(service, namespace="tenant"))[0] == "possible"
    closing = "egress: [{action: Deny, destination: {nets: [10.0.0.0/8]}}, {action: Allow}]"
    assert states(np(closing, namespace="tenant"))[0] == "possible"


def test_without_calico_its_policies_close_nothing():
    for sign in (CILIUM, ""):
        graph = graph_of(BASE, sign, np("selector: all()"))
        assert (state(graph, TENANT), reasons(graph, TENANT)) == ("possible", {"enforcer-unknown"})


def test_hostile_values_never_crash_and_never_close_for_certain():
    for spec in (
        "selector: [a]",
        "selector: 7, ingress: text",
        "ingress: [text]",
        "ingress: [{action: Allow, source: text}]",
        "ingress: [{action: Allow, source: {nets: text, notNets: [[]], selector: {}}}]",
        "ingress: [{action: Allow, protocol: {}, destination: {ports: [[], {}, '9:x']}}]",
        "types: text, tier: [x], order: text",
        "moon: 1",
    ):
        graph = graph_of(BASE, CALICO, np(spec))
        assert state(graph, TENANT) in ("possible", "open"), spec
    for text in ("spec: text", "spec: []", "other: {}"):
        graph = graph_of(BASE, CALICO, np("x").replace("spec: {x}", text))
        assert state(graph, TENANT) == "possible", text


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        # projectcalico/calico libcalico-go/lib/selector/parser/parser_test.go, in our own words.
        ("", {}, True),
        ("all()", {"a": "b"}, True),
        ("!all()", {"a": "b"}, False),
        ("a == 'b'", {"a": "b"}, True),
        ('a == "b"', {"a": "c"}, False),
        ("a != 'b'", {}, True),
        ("a in {'b', \"c\"}", {"a": "c"}, True),
        ("a in {}", {"a": "c"}, False),
        ("a not in {'b','c'}", {}, True),
        ("a notin {'b'}", {"a": "b"}, False),
        ("has(a/b.c-d_e)", {"a/b.c-d_e": ""}, True),
        ("has( a )", {}, False),
        ("! has(a)", {}, True),
        ("!!has(a)", {"a": ""}, True),
        ("a contains 'oo' && a starts with 'f'", {"a": "foot"}, True),
        ("a ends  with 't'", {"a": "foot"}, True),
        ("!(a contains 'oo')", {}, True),
        ("a == 'b' || a == 'c' && c == 'd'", {"a": "b"}, True),
        ("(a == 'b' || a == 'c') && c == 'd'", {"a": "b"}, False),
        ("!(a == 'b' || c == 'd')", {"a": "x"}, True),
        ("!(a == 'b' && c == 'd')", {"a": "b"}, True),
        ("in == 'x'", {"in": "x"}, True),
        ("has in {'x'}", {"has": "x"}, True),
    ],
)
def test_the_language_of_selectors(text, labels, expected):
    given = Labels(labels)
    for negated in (False, True):
        found = alternatives_of(text, negated=negated)
        met = any(all(term.match(given) is Match.YES for term in terms) for terms in found)
        assert met is (expected is not negated)


@pytest.mark.parametrize(
    "text",
    ["a", "a ==", "a == b", "a = 'b'", "a == 'b", "a in 'b'", "a in {'b'", "(a == 'b'", "a == 'b')", "&&", "has(",
     "has()", "a == 'b' c == 'd'", "a & b", "!", "(" * 60 + "has(a)" + ")" * 60,
     " && ".join(f"(a{n} == 'b' || c{n} == 'd')" for n in range(9))],
)  # fmt: skip
def test_a_selector_that_is_none_is_refused(text):
    with pytest.raises(BadSelector):
        alternatives_of(text)


def test_expand_answers_them_too():
    rule = allow(GATEWAYS, ", protocol: TCP, destination: {ports: [8000]}")
    found = expand(resources_of(BASE, on_model(rule), workload("x", "safety")))
    into = {one["source"]: one["traffic"] for one in found["edges"] if one["target"] == MODEL}
    assert into == {GATEWAY: [{"protocol": "TCP", "from_port": 8000, "to_port": 8000}]}
