"""What policies open and close towards a model, and what is only possible."""

from __future__ import annotations

import json

import pytest

from scanner.graph.model import Plane
from scanner.sources.kubernetes.live_doubts import GUARDS
from scanner.unknown import Unknown
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
    world_of,
)
from tests.changed import replace


def test_without_a_policy_every_pod_reaches_the_model():
    graph = graph_of(BASE, CALICO)
    assert state(graph, TENANT) == "open"
    (way,) = ways(graph, TENANT)
    assert [edge.because for edge in way] == [
        "no NetworkPolicy selects it for egress: all egress is open, which is the default",
        f"no NetworkPolicy selects `{MODEL}`: all ingress is open, which is the default",
    ]
    assert way[-1].cut
    assert way[-1].origin.line == 4, "the line that names the model"


def test_an_enforced_policy_closes_the_way_for_all_but_the_gateway():
    graph = graph_of(BASE, CALICO, ONLY_GATEWAY)
    assert (state(graph, TENANT), state(graph, GATEWAY)) == ("closed", "open")
    (way,) = ways(graph, GATEWAY)
    assert [(one.protocol, one.from_port, one.to_port) for one in way[-1].traffic] == [("TCP", 8000, 8000)]
    assert "`inference/NetworkPolicy/model` admits pods `app=gateway`" in way[-1].because


def test_without_a_sign_of_enforcement_what_policies_close_is_possible():
    graph = graph_of(BASE, ONLY_GATEWAY)
    assert (state(graph, TENANT), state(graph, GATEWAY)) == ("possible", "open")
    assert reasons(graph, TENANT) == {"enforcer-unknown"}
    assert ways(graph, TENANT)[0][-1].decided_by == ("network-policy-enforcement",)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("  podSelector: {}", "closed"),
        ("  podSelector: {}\n  ingress: []", "closed"),
        ("  podSelector: {}\n  ingress: [{}]", "open"),
        ("  podSelector: {}\n  ingress: [{from: []}]", "open"),
        ("  podSelector: {}\n  policyTypes: [Egress]", "open"),
        ("  podSelector: {}\n  policyTypes: [Egress]\n  ingress: []", "open"),
        ("  podSelector: {matchLabels: {app: other}}", "open"),
        ("  podSelector: {}\n  ingress: [{from: [{podSelector: {}}]}]", "closed"),
        ("  podSelector: {}\n  ingress: [{from: [{namespaceSelector: {}}]}]", "open"),
        ("  podSelector: {}\n  ingress: [{from: [{namespaceSelector: {}, podSelector: {}}]}]", "open"),
        (
            "  podSelector: {}\n  ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: x}}}]}]",
            "closed",
        ),
        (
            "  podSelector: {}\n  ingress: [{from: [{namespaceSelector: {}}, {podSelector: {matchLabels: {app: x}}}]}]",
            "open",
        ),
        ("  podSelector: {}\n  ingress: [{ports: [{port: http}]}]", "open"),
        ("  podSelector: {}\n  ingress: [{ports: [{port: grpc}]}]", "closed"),
        ("  podSelector: {}\n  ingress: [{ports: [{port: http, protocol: UDP}]}]", "closed"),
        ("  podSelector: {}\n  ingress: [{ports: [{port: 7000, endPort: 9000}]}]", "open"),
        ("  podSelector: {}\n  ingress: [{ports: [{port: 9400}]}]", "possible"),
        ("  podSelector: {}\n  ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]", "possible"),
        ("  podSelector: {}\n  ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}]", "closed"),
        ("  podSelector: {}\n  ingress: [{from: [{}]}]", "possible"),
        ("  podSelector: {}\n  ingress: [{from: [{newSelector: {}}]}]", "possible"),
    ],
)
def test_a_rule_means_what_the_api_says(spec, expected):
    assert state(graph_of(BASE, CALICO, policy(spec)), TENANT) == expected


def test_an_address_block_is_a_caller_of_its_own():
    graph = graph_of(BASE, CALICO, policy("  podSelector: {}\n  ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]"))
    assert graph.nodes["external:external/10.0.0.0/8"].kind == "AddressRange"
    assert state(graph, "external/10.0.0.0/8") == "possible"
    assert reasons(graph, TENANT) == {"ipblock-vs-pod"}


def test_closed_egress_closes_the_way_as_well():
    deny = policy("  podSelector: {}\n  policyTypes: [Egress]", "deny", "tenant")
    graph = graph_of(BASE, CALICO, deny)
    assert (state(graph, TENANT), state(graph, GATEWAY)) == ("closed", "open")
    only_dns = policy(
        "  podSelector: {}\n  policyTypes: [Egress]\n  egress: [{ports: [{port: 53, protocol: UDP}]}]", "d", "tenant"
    )
    assert state(graph_of(BASE, CALICO, only_dns), TENANT) == "possible", "the model is not known to listen there"
    to_model = policy(
        "  podSelector: {}\n  policyTypes: [Egress]\n"
        "  egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: inference}}}]}]",
        "e",
        "tenant",
    )
    graph = graph_of(BASE, CALICO, to_model, workload("second", "tenant"))
    assert (state(graph, TENANT), state(graph, "tenant/Deployment/second")) == ("open", "open")
    assert state(graph_of(BASE, CALICO, to_model, ONLY_GATEWAY), TENANT) == "closed"


def test_closed_egress_without_enforcement_is_possible():
    deny = policy("  podSelector: {}\n  policyTypes: [Egress]", "deny", "tenant")
    graph = graph_of(BASE, deny)
    assert state(graph, TENANT) == "possible"
    assert reasons(graph, TENANT) == {"enforcer-unknown"}


def test_the_labels_of_an_undeclared_namespace_are_not_known():
    spec = "  podSelector: {}\n  ingress: [{from: [{namespaceSelector: {matchLabels: {team: a}}}]}]"
    declared = graph_of(BASE, CALICO, policy(spec))
    assert state(declared, TENANT) == "closed"
    undeclared = graph_of(BASE, workload("pod", "elsewhere"), CALICO, policy(spec))
    assert state(undeclared, "elsewhere/Deployment/pod") == "possible"
    assert reasons(undeclared, "elsewhere/Deployment/pod") == {"selector-target-not-in-input"}
    by_name = spec.replace("team: a", "kubernetes.io/metadata.name: tenant")
    assert state(graph_of(BASE, workload("pod", "elsewhere"), CALICO, policy(by_name)), TENANT) == "open"


def test_pods_on_the_network_of_their_node_are_not_held_by_policies():
    graph = graph_of(BASE, workload("agent", "tenant", "hostNetwork: true"), CALICO, ONLY_GATEWAY)
    assert state(graph, "tenant/Deployment/agent") == "possible"
    assert reasons(graph, "tenant/Deployment/agent") == {"host-network"}
    assert state(graph_of(BASE, workload("agent", "tenant", "hostNetwork: true")), "tenant/Deployment/agent") == "open"


def test_a_model_on_the_network_of_its_node_is_reached_by_whatever_reaches_nodes():
    base = BASE.replace("app: vllm}}\n    spec:", "app: vllm}}\n    spec:\n      hostNetwork: true")
    graph = graph_of(base, CALICO, ONLY_GATEWAY)
    assert state(graph, "external/node-network") == "possible"
    assert state(graph, TENANT) == "possible"
    assert state(graph_of(base, CALICO), "external/node-network") == "open"


ADMIN = """
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: fence}
spec:
  priority: %s
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: inference}}}
  ingress:
    - action: %s
      from: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: tenant}}}]
"""


def test_an_admin_policy_goes_before_the_others():
    assert state(graph_of(BASE, CALICO, ADMIN % (1, "Deny")), TENANT) == "closed"
    assert state(graph_of(BASE, CALICO, ADMIN % (1, "Deny")), GATEWAY) == "open"
    assert state(graph_of(BASE, CALICO, ONLY_GATEWAY, ADMIN % (1, "Allow")), TENANT) == "open"
    assert state(graph_of(BASE, CALICO, ONLY_GATEWAY, ADMIN % (1, "Pass")), TENANT) == "closed"
    assert state(graph_of(BASE, ADMIN % (1, "Deny")), TENANT) == "possible", "nothing enforces it"


def test_admin_policies_of_one_priority_are_asked_in_either_order():
    two = ADMIN % (5, "Deny") + (ADMIN % (5, "Allow")).replace("name: fence", "name: gate")
    graph = graph_of(BASE, CALICO, two)
    assert state(graph, TENANT) == "possible"
    assert "equal-priority" in reasons(graph, TENANT)
    assert state(graph_of(BASE, CALICO, two.replace("priority: 5", "priority: 4", 1)), TENANT) == "closed"


def test_a_plug_in_that_does_not_know_admin_policies_does_not_close_by_them():
    cilium = CILIUM
    assert state(graph_of(BASE, cilium, ADMIN % (1, "Deny")), TENANT) == "possible"
    assert state(graph_of(BASE, cilium, ONLY_GATEWAY), TENANT) == "closed"


SUCCESSOR = """
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: fence}
spec:
  tier: %s
  priority: 3
  subject: {pods: {podSelector: {matchLabels: {app: vllm}}}}
  ingress:
    - action: %s
      from: [%s]
      protocols: [{tcp: {destinationPort: {range: {start: 1, end: 65535}}}}]
"""


NEWER = CALICO.replace("v3.30.1", "v3.32.2")


def test_the_successor_of_the_admin_policies_is_understood():
    assert state(graph_of(BASE, CALICO, SUCCESSOR % ("Admin", "Deny", "{namespaces: {}}")), TENANT) == "possible"
    everyone = "{namespaces: {}}"
    assert state(graph_of(BASE, NEWER, SUCCESSOR % ("Admin", "Deny", everyone)), TENANT) == "possible", "UDP is left"
    closed = policy("  podSelector: {}\n  ingress: [{from: [{podSelector: {}}]}]")
    assert state(graph_of(BASE, NEWER, closed, SUCCESSOR % ("Admin", "Accept", everyone)), TENANT) == "open"
    assert state(graph_of(BASE, NEWER, closed, SUCCESSOR % ("Baseline", "Accept", everyone)), TENANT) == "closed"
    strange = "{domains: [x]}"
    assert state(graph_of(BASE, NEWER, closed, SUCCESSOR % ("Admin", "Accept", strange)), TENANT) == "possible"
    assert state(graph_of(BASE, NEWER, SUCCESSOR % ("Admin", "Deny", strange)), TENANT) == "possible"


def test_workloads_are_actors_and_services_are_not():
    world = world_of(BASE, CALICO, "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: tenant}\nspec: {}")
    assert world.nodes[f"k8s:{TENANT}"].actor
    assert not world.nodes["k8s:tenant/Service/s"].actor
    assert any("trusted base" in one for one in world.assumptions)


def test_pods_count_as_their_owner():
    pod = """
---
apiVersion: v1
kind: Pod
metadata:
  name: bot-1
  namespace: tenant
  labels: {app: bot, extra: "yes"}
  ownerReferences: [{name: bot-abc, kind: ReplicaSet, controller: true, uid: "1", apiVersion: apps/v1}]
spec: {containers: [{name: bot, image: example/bot}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: bot-abc, namespace: tenant, ownerReferences: [{name: bot, uid: "2"}]}
spec: {template: {metadata: {labels: {app: bot}}, spec: {containers: [{name: bot, image: example/bot}]}}}
"""
    spec = (
        "  podSelector: {}\n  ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {extra: 'yes'}}}]}]"
    )
    world = world_of(BASE, CALICO, pod, policy(spec))
    graph = world.freeze()
    assert state(graph, TENANT) == "open"
    assert not graph.nodes["k8s:tenant/Pod/bot-1"].actor
    assert not graph.out_of("k8s:tenant/Pod/bot-1")


def test_two_clusters_do_not_reach_each_other():
    other = tuple(replace(one, unit="other") for one in resources_of(workload("stranger", "tenant")))
    graph = graph_of(BASE, CALICO, more=other)
    assert graph.nodes["other:tenant/Deployment/stranger"].actor
    assert not [edge for edge in graph.out_of("other:tenant/Deployment/stranger") if edge.plane is Plane.NETWORK]


def test_a_model_whose_pods_an_operator_makes_is_reached_unless_nothing_may_reach_it():
    made = (
        "---\napiVersion: kaito.sh/v1beta1\nkind: Workspace\nmetadata: {name: llm, namespace: inference}\ninference: {}"
    )
    model = "inference/Workspace/llm"
    assert state(graph_of(BASE, CALICO, made, models=(model,)), TENANT, model) == "open"
    some = policy("  podSelector: {matchLabels: {app: vllm}}")
    graph = graph_of(BASE, CALICO, made, some, models=(model,))
    assert state(graph, TENANT, model) == "possible"
    deciders = {name for way in ways(graph, TENANT, model) for name in way[-1].decided_by}
    assert deciders == {"the labels that inference/NetworkPolicy/model selects"}
    every = graph_of(BASE, CALICO, made, policy("  podSelector: {}"), models=(model,))
    assert state(every, TENANT, model) == "closed"


def test_hostile_values_make_ways_possible_and_never_crash():
    for spec in (
        "  podSelector: text",
        "  podSelector: [1, 2]\n  ingress: text",
        "  podSelector: {matchLabels: [a]}\n  ingress: [[]]",
        "  podSelector: {matchExpressions: [{key: app, operator: Near, values: [x]}]}",
        "  podSelector: {}\n  ingress: [{from: text, ports: text}]",
        "  podSelector: {}\n  ingress: [{ports: [text, {port: {}}, {port: 80, endPort: x}, {protocol: 7}]}]",
    ):
        assert state(graph_of(BASE, CALICO, policy(spec)), TENANT) in ("possible", "open"), spec


@pytest.mark.parametrize(
    ("version", "kind", "expected"),
    [
        ("crd.antrea.io/v1beta1", "NetworkPolicy", "possible"),
        ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", "possible"),
        ("networking.k8s.aws/v1alpha1", "ClusterNetworkPolicy", "possible"),
        ("networking.gke.io/v1alpha1", "FQDNNetworkPolicy", "open"),
        ("k8s.ovn.org/v1", "EgressFirewall", "open"),
    ],
)
def test_an_engine_that_is_not_evaluated_leaves_what_it_may_select_in_doubt(version, kind, expected):
    other = f"\n---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: x, namespace: inference}}\nspec: {{}}\n"
    graph = graph_of(BASE, CALICO, other)
    assert state(graph, TENANT) == expected
    assert expected == "open" or reasons(graph, TENANT) == {"policy-engine-unmodelled"}
    assert state(graph_of(BASE, CALICO, ONLY_GATEWAY, other), TENANT) in ("possible", "closed")
    far = other.replace("namespace: inference", "namespace: elsewhere")
    assert state(graph_of(BASE, CALICO, far), TENANT) == ("possible" if kind == "ClusterNetworkPolicy" else "open")


ANP = """
---
apiVersion: policy.networking.k8s.io/%s
kind: %s
metadata: {name: %s}
spec: {%s}
"""
ON_VLLM = "subject: {pods: {podSelector: {matchLabels: {app: vllm}}}}"


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        # kubernetes-sigs/network-policy-api, apis/v1alpha1 and v1alpha2: what each field means, and what is refused.
        ("AdminNetworkPolicy", "ingress: [{action: Deny, from: [{namespaces: {}}]}]", "closed"),
        ("AdminNetworkPolicy", "ingress: [{action: Accept, from: [{namespaces: {}}]}]", "possible"),
        ("AdminNetworkPolicy", "ingress: [{action: Deny, from: [{networks: [0.0.0.0/0]}]}]", "possible"),
        ("AdminNetworkPolicy", "ingress: [{action: Deny, from: [{namespaces: {}}], when: night}]", "possible"),
        ("AdminNetworkPolicy", "ingress: [{action: Deny, from: [{namespaces: {}}]}], scope: x", "possible"),
        ("AdminNetworkPolicy", "ingress: []", "open"),
        ("BaselineAdminNetworkPolicy", "ingress: [{action: Deny, from: [{namespaces: {}}]}]", "closed"),
        ("BaselineAdminNetworkPolicy", "ingress: [{action: Pass, from: [{namespaces: {}}]}]", "possible"),
        ("ClusterNetworkPolicy", "tier: Admin, ingress: [{action: Deny, from: [{namespaces: {}}]}]", "closed"),
        ("ClusterNetworkPolicy", "tier: Baseline, ingress: [{action: Deny, from: [{namespaces: {}}]}]", "closed"),
        ("ClusterNetworkPolicy", "tier: Other, ingress: [{action: Deny, from: [{namespaces: {}}]}]", "possible"),
        ("ClusterNetworkPolicy", "tier: Admin, ingress: [{action: Allow, from: [{namespaces: {}}]}]", "possible"),
        (
            "ClusterNetworkPolicy",
            "tier: Admin, ingress: [{action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {sourcePort: 1}}]}]",
            "possible",
        ),
        (
            "ClusterNetworkPolicy",
            "tier: Admin, ingress: [{action: Pass, from: [{namespaces: {}}]}, "
            "{action: Deny, from: [{namespaces: {}}]}]",
            "open",
        ),
    ],
)
def test_an_admin_policy_means_what_its_api_says(kind, spec, expected):
    version = "v1alpha2" if kind == "ClusterNetworkPolicy" else "v1alpha1"
    first = "" if kind.startswith("Base") else "priority: 5, "
    text = ANP % (version, kind, "default", f"{first}{ON_VLLM}, {spec}")
    sign = NEWER if kind == "ClusterNetworkPolicy" else CALICO
    assert state(graph_of(BASE, sign, text), TENANT) == expected
    if kind.startswith("Base"):
        other = text.replace("name: default", "name: another")
        assert state(graph_of(BASE, sign, other), TENANT) in ("possible", "open"), "there is one by that name alone"


@pytest.mark.parametrize("what", [one for one in GUARDS if "istio" not in one[0]], ids="/".join)
@pytest.mark.parametrize("known", ["", ONLY_GATEWAY], ids=["no policy", "a policy"])
def test_a_list_of_policies_that_was_refused_may_have_closed_a_way_and_may_have_opened_one(what, known):
    spaced, spec = GUARDS[what]
    group, kind = what
    where = ", namespace: inference" if spaced else ""
    head = f"\n---\napiVersion: {group}/v1\nkind: {kind}\nmetadata: {{name: not-readable{where}}}\nspec: "
    refused = Unknown("which there are is not known", decided_by=(kind,))
    made = [replace(one, possible=refused) for one in resources_of(head + json.dumps(spec))]
    signs = (NEWER, CALICO, CILIUM)
    for sign in signs:
        graph = graph_of(BASE, sign, known, more=tuple(made))
        # Baseline policies only count where no other isolates the pod.
        closed = "closed" if known and kind.startswith("Baseline") else "possible"
        assert state(graph, TENANT) == closed, sign
        assert state(graph, GATEWAY) in ("possible", "open")
