"""Policies of Cilium, each case checked by hand against its documentation.

Pages (docs.cilium.io): "Policy Enforcement Modes", "Layer 3 Policies", "Layer 4 Policies", "Layer 7 Policies",
"Deny Policies", "Using Kubernetes Constructs In Policy".
"""

from __future__ import annotations

import pytest

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
    ways,
    workload,
)

HEAD = "\n---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: rules, namespace: inference}\n"
WIDE = "\n---\napiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: wide}\n"
ON_MODEL = "endpointSelector: {matchLabels: {app: vllm}}"
SAFETY = "{matchLabels: {k8s:io.kubernetes.pod.namespace: safety, app: gateway}}"
INTERNET = "external/internet"
BALANCER = "\n---\napiVersion: v1\nkind: Service\nmetadata: {name: vllm, namespace: inference}\nspec: " + (
    "{type: LoadBalancer, externalTrafficPolicy: Local, selector: {app: vllm}, ports: [{port: 8000}]}\n"
)


def cnp(spec: str, head: str = HEAD) -> str:
    return f"{head}spec: {{{ON_MODEL}, {spec}}}\n"


def states(*texts: str) -> tuple[str, str]:
    graph = graph_of(BASE, CILIUM, *texts)
    return state(graph, TENANT), state(graph, GATEWAY)


@pytest.mark.parametrize(
    ("spec", "tenant", "gateway"),
    [
        # "Layer 3": without a namespace `fromEndpoints` means the policy's own, of which neither caller is.
        ("ingress: [{fromEndpoints: [{}]}]", "closed", "closed"),
        (f"ingress: [{{fromEndpoints: [{SAFETY}]}}]", "closed", "open"),
        ("ingress: [{fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: tenant}}]}]", "open", "closed"),
        ("ingress: [{fromEndpoints: [{matchLabels: {any:io.kubernetes.pod.namespace: tenant}}]}]", "open", "closed"),
        (
            "ingress: [{fromEndpoints: [{matchExpressions: "
            "[{key: io.kubernetes.pod.namespace, operator: NotIn, values: [tenant]}]}]}]",
            "closed",
            "open",
        ),
        (
            "ingress: [{fromEndpoints: [{matchExpressions: "
            "[{key: k8s:io.kubernetes.pod.namespace, operator: Exists}]}]}]",
            "open",
            "open",
        ),
        (
            "ingress: [{fromEndpoints: [{matchLabels: "
            "{k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name: tenant}}]}]",
            "open",
            "closed",
        ),
        # An empty rule is default deny, an empty list of rules is no section, an empty list of peers is nobody.
        ("ingress: [{}]", "closed", "closed"),
        ("ingress: []", "open", "open"),
        ("egress: [{}]", "open", "open"),
        ("ingress: [{fromEndpoints: []}]", "closed", "closed"),
        ("enableDefaultDeny: {ingress: true}", "closed", "closed"),
        # Entities.
        ("ingress: [{fromEntities: [all]}]", "open", "open"),
        ("ingress: [{fromEntities: [cluster]}]", "open", "open"),
        ("ingress: [{fromEntities: [world]}]", "closed", "closed"),
        ("ingress: [{fromEntities: [host, remote-node, kube-apiserver, health, ingress]}]", "closed", "closed"),
        ("ingress: [{fromEntities: [init]}]", "possible", "possible"),
        ("ingress: [{fromEntities: [moon]}]", "possible", "possible"),
        ("ingress: [{fromEndpoints: [{matchLabels: {reserved:remote-node: ''}}]}]", "closed", "closed"),
        # Address ranges are not held against pods.
        ("ingress: [{fromCIDR: [0.0.0.0/0]}]", "closed", "closed"),
        ("ingress: [{fromCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]}]", "closed", "closed"),
        # Ports: alone they admit anyone; 0 is all; a protocol left out is any; a name is the destination's.
        ("ingress: [{toPorts: [{ports: [{port: '8000', protocol: TCP}]}]}]", "open", "open"),
        ("ingress: [{toPorts: [{ports: [{port: '8000'}]}]}]", "open", "open"),
        ("ingress: [{toPorts: [{ports: [{port: '0', protocol: ANY}]}]}]", "open", "open"),
        ("ingress: [{toPorts: [{ports: [{port: http}]}]}]", "open", "open"),
        ("ingress: [{toPorts: [{ports: [{port: grpc}]}]}]", "closed", "closed"),
        ("ingress: [{toPorts: [{ports: [{port: '7000', endPort: 9000, protocol: TCP}]}]}]", "open", "open"),
        ("ingress: [{icmps: [{fields: [{type: 8}]}]}]", "closed", "closed"),
        ("ingress: [{toPorts: [{ports: [{port: '8000', protocol: UDP}]}]}]", "possible", "possible"),
        # A rule for Layer 7 narrows: what it names is not closed, and not certainly open.
        (
            "ingress: [{toPorts: [{ports: [{port: '8000', protocol: TCP}], rules: {http: [{path: /health}]}}]}]",
            "possible",
            "possible",
        ),
        ("ingress: [{toPorts: [{ports: [{port: '8000', protocol: TCP}], rules: {http: [{}]}}]}]", "open", "open"),
        (
            "ingress: [{fromEntities: [all], authentication: {mode: required}}]",
            "possible",
            "possible",
        ),
        # "Deny Policies": a deny goes first, and makes the default a deny as well.
        (f"ingress: [{{fromEntities: [all]}}], ingressDeny: [{{fromEndpoints: [{SAFETY}]}}]", "open", "closed"),
        (f"ingressDeny: [{{fromEndpoints: [{SAFETY}]}}]", "closed", "closed"),
        (
            f"ingressDeny: [{{fromEndpoints: [{SAFETY}]}}], enableDefaultDeny: {{ingress: false}}",
            "open",
            "closed",
        ),
        ("ingress: [{fromEndpoints: [{}]}], enableDefaultDeny: {ingress: false}", "open", "open"),
        ("ingress: [{fromEntities: [all]}], ingressDeny: [{}]", "open", "open"),
        (
            "ingress: [{fromEntities: [all]}], ingressDeny: [{toPorts: [{ports: [{port: '8000', protocol: TCP}]}]}]",
            "possible",
            "possible",
        ),
        # Two kinds of peers in one rule are refused, and so is a field that nobody knows: nothing is certain then.
        ("ingress: [{fromEndpoints: [{}], fromCIDR: [10.0.0.0/8]}]", "possible", "possible"),
        ("ingress: [{fromEndpoints: [{}]}], tier: top", "possible", "possible"),
        ("ingress: [{fromMoon: [{}]}]", "possible", "possible"),
        ("ingress: [{fromEntities: [all], fromRequires: [{matchLabels: {a: b}}]}]", "possible", "possible"),
        ("ingress: [{fromEndpoints: [{matchLabels: {kubernetes.io/x: y}}]}]", "closed", "closed"),
        ("ingress: [{fromGroups: [{aws: {}}]}]", "closed", "closed"),
        ("ingress: [{fromNodes: [{}]}]", "closed", "closed"),
    ],
)
def test_a_rule_means_what_the_documentation_says(spec, tenant, gateway):
    assert states(cnp(spec)) == (tenant, gateway)


def test_a_clusterwide_policy_speaks_of_every_namespace():
    wide = "ingress: [{fromEndpoints: [{matchLabels: {app: gateway}}]}]"
    assert states(cnp(wide, WIDE)) == ("closed", "open")
    assert states(cnp("ingress: [{fromEndpoints: [{}]}]", WIDE)) == ("open", "open")
    by_space = "spec: {endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: tenant}}, egress: [{}]}\n"
    assert states(WIDE + by_space) == ("closed", "open")


def test_each_of_several_specs_counts():
    both = f"specs: [{{{ON_MODEL}, ingress: [{{}}]}}, {{{ON_MODEL}, ingress: [{{fromEndpoints: [{SAFETY}]}}]}}]\n"
    assert states(HEAD + both) == ("closed", "open")


def test_egress_is_asked_as_well():
    head = HEAD.replace("inference", "tenant")
    world = head + "spec: {endpointSelector: {}, egress: [{toEntities: [world]}]}\n"
    assert states(world) == ("closed", "open")
    names = head + "spec: {endpointSelector: {}, egress: [{toFQDNs: [{matchPattern: '*'}]}]}\n"
    assert states(names) == ("closed", "open")
    to_model = (
        head + "spec: {endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {k8s:app: vllm, "
        "k8s:io.kubernetes.pod.namespace: inference}}]}]}\n"
    )
    assert states(to_model) == ("open", "open")
    service = "egress: [{toServices: [{k8sService: {serviceName: vllm, namespace: inference}}]}]"
    assert states(f"{head}spec: {{endpointSelector: {{}}, {service}}}\n", BALANCER)[0] == "possible"


def test_its_rules_and_those_of_networkpolicies_add_up():
    assert states(ONLY_GATEWAY, cnp("ingress: [{fromEntities: [cluster]}]")) == ("open", "open")
    assert states(policy("  podSelector: {}"), cnp(f"ingress: [{{fromEndpoints: [{SAFETY}]}}]")) == ("closed", "open")
    assert states(ONLY_GATEWAY, cnp("ingressDeny: [{fromEntities: [all]}]", WIDE)) == ("closed", "closed")


def test_a_service_account_is_known_as_a_label():
    by_account = (
        "ingress: [{fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: tenant, "
        "io.cilium.k8s.policy.serviceaccount: %s}}]}]"
    )
    assert states(cnp(by_account % "default"))[0] == "open"
    assert states(cnp(by_account % "runner"))[0] == "closed"
    runner = workload("runner", "tenant", "serviceAccountName: runner")
    graph = graph_of(BASE, CILIUM, runner, cnp(by_account % "runner"))
    assert state(graph, "tenant/Deployment/runner") == "open"


def test_the_world_is_outside():
    graph = graph_of(BASE, CILIUM, BALANCER, cnp("ingress: [{fromEntities: [world]}]"))
    assert (state(graph, INTERNET), state(graph, TENANT)) == ("open", "closed")
    closed = graph_of(BASE, CILIUM, BALANCER, cnp("ingress: [{fromEntities: [cluster]}]"))
    assert (state(closed, INTERNET), state(closed, TENANT)) == ("closed", "open")
    one = graph_of(BASE, CILIUM, BALANCER, cnp("ingress: [{fromCIDR: [203.0.113.0/24]}]"))
    assert (state(one, INTERNET), state(one, "external/203.0.113.0/24")) == ("closed", "open")
    denied = cnp("ingress: [{fromEntities: [world]}], ingressDeny: [{fromCIDR: [203.0.113.0/24]}]")
    most = graph_of(BASE, CILIUM, BALANCER, denied)
    assert (state(most, "external/0.0.0.0/0"), state(most, TENANT)) == ("open", "closed")


GROUP = (
    "\n---\napiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: partner}\n"
    "spec: {externalCIDRs: [203.0.113.0/24]}\n"
)


def test_a_group_of_ranges_is_looked_up():
    rule = cnp("ingress: [{fromCIDRSet: [{cidrGroupRef: partner}]}]")
    graph = graph_of(BASE, CILIUM, BALANCER, GROUP, rule)
    assert state(graph, "external/203.0.113.0/24") == "open"
    missing = graph_of(BASE, CILIUM, BALANCER, rule)
    assert state(missing, INTERNET) == "possible"
    assert reasons(missing, INTERNET) == {"selector-target-not-in-input"}


def test_what_is_not_understood_names_the_policy_and_never_closes():
    graph = graph_of(BASE, CILIUM, cnp("ingress: [{fromEndpoints: [{matchLabels: {app: bot}}]}], tier: top"))
    assert reasons(graph, TENANT) == {"policy-engine-unmodelled"}
    assert ways(graph, TENANT)[0][-1].decided_by == ("inference/CiliumNetworkPolicy/rules: tier",)
    for spec in ("spec: text", "specs: [[]]", "spec: {endpointSelector: text, ingress: [{}]}"):
        assert state(graph_of(BASE, CILIUM, HEAD + spec + "\n"), TENANT) == "possible", spec
    for spec in ("ingress: text", "ingress: [text]", "ingress: [{toPorts: text, fromEndpoints: text}]"):
        assert state(graph_of(BASE, CILIUM, cnp(spec)), TENANT) in ("possible", "closed"), spec
    odd = "ingress: [{fromEntities: [all], toPorts: [text, {ports: [7, {port: []}, {port: '08000'}]}]}]"
    assert state(graph_of(BASE, CILIUM, cnp(odd)), TENANT) == "possible"


def test_without_cilium_its_policies_close_nothing():
    closing = cnp("ingress: [{}]")
    for sign, reason in ((CALICO, "enforcer-unknown"), ("", "enforcer-unknown")):
        graph = graph_of(BASE, sign, closing)
        assert (state(graph, TENANT), reasons(graph, TENANT)) == ("possible", {reason})
    assert states(closing) == ("closed", "closed")


def test_a_host_policy_leaves_pods_alone_and_host_pods_in_doubt():
    host = WIDE + "spec: {nodeSelector: {}, ingress: [{}]}\n"
    assert states(host) == ("open", "open")
    base = BASE.replace("args: [--port=8000]", "args: [--port=8000]", 1).replace(
        "    spec:\n", "    spec:\n      hostNetwork: true\n", 1
    )
    assert state(graph_of(base, CILIUM), TENANT) == "open"
    assert state(graph_of(base, CILIUM, host), TENANT) == "possible"


def test_expand_answers_them_too():
    found = expand(
        resources_of(BASE, cnp(f"ingress: [{{fromEndpoints: [{SAFETY}], toPorts: [{{ports: [{{port: '8000'}}]}}]}}]"))
    )
    into = {one["source"]: one["traffic"] for one in found["edges"] if one["target"] == MODEL}
    assert into == {GATEWAY: [{"protocol": one, "from_port": 8000, "to_port": 8000} for one in ("SCTP", "TCP", "UDP")]}
