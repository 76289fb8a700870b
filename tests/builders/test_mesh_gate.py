"""The gates of the mesh on the ways into a model: who is let in, where nothing guards, and what is only possible."""

from __future__ import annotations

import pytest

from scanner.graph.model import State
from scanner.origin import FileOrigin
from scanner.resource import Attrs
from scanner.sources.kubernetes.live_doubts import GUARDS
from scanner.sources.kubernetes.objects import object_to_resource
from scanner.unknown import Unknown
from tests.builders.k8s_world import BASE, CALICO, GATEWAY, MODEL, ONLY_GATEWAY, TENANT, reasons, state, ways, workload
from tests.builders.mesh_world import (
    GATEWAY_ID,
    ISTIOD,
    MESH,
    ONLY_GATEWAY_ID,
    STRICT,
    WORKLOADS,
    ZTUNNEL,
    account,
    authz,
    mesh_graph,
    peer,
    spaces,
)
from tests.changed import replace


def told(graph, source: str) -> str:
    return " | ".join(edge.because for way in ways(graph, source) for edge in way)


def test_an_allow_policy_lets_in_whom_it_names_and_keeps_out_the_rest():
    graph = mesh_graph(MESH, STRICT, ONLY_GATEWAY_ID)
    assert state(graph, GATEWAY) == "open"
    assert "AuthorizationPolicy `inference/AuthorizationPolicy/guard` admits it" in told(graph, GATEWAY)
    assert state(graph, TENANT) == "closed"


def test_without_a_policy_everybody_in_the_mesh_is_let_in_and_nobody_else():
    graph = mesh_graph(MESH, STRICT, workload("bare", "other"), spaces("a: b", "other"))
    assert state(graph, TENANT) == "open"
    assert "no AuthorizationPolicy selects it" in told(graph, TENANT)
    assert state(graph, "other/Deployment/bare") == "closed"


@pytest.mark.parametrize("mode", ["PERMISSIVE", "DISABLE", ""])
def test_an_identity_closes_nothing_for_certain_where_plaintext_is_taken(mode):
    text = peer(f"{{mtls: {{mode: {mode}}}}}") if mode else ""
    graph = mesh_graph(MESH, text, ONLY_GATEWAY_ID)
    assert state(graph, TENANT) == "possible"
    assert reasons(graph, TENANT) == {"mtls-permissive"}


def test_plaintext_passes_a_policy_that_only_names_who_is_denied():
    deny = authz('{action: DENY, rules: [{from: [{source: {namespaces: ["other"]}}]}]}')
    text = workload("bare", "other") + spaces("a: b", "other")
    assert state(mesh_graph(MESH, deny, text), "other/Deployment/bare") == "open"
    assert state(mesh_graph(MESH, deny, text, STRICT), "other/Deployment/bare") == "closed"


def test_a_deny_by_port_needs_no_identity():
    deny = authz('{action: DENY, rules: [{to: [{operation: {ports: ["8000"]}}]}]}')
    graph = mesh_graph(MESH, deny)
    (edge,) = {way[-1] for way in ways(graph, TENANT)}
    assert [(one.from_port, one.to_port) for one in edge.traffic if one.protocol == "TCP"] == [(1, 7999), (8001, 65535)]


def test_ports_of_a_policy_are_those_of_the_pod():
    first = f'{{from: [{{source: {{principals: ["{GATEWAY_ID}"]}}}}]}}'
    rule = f'{{rules: [{first}, {{to: [{{operation: {{ports: ["9090"]}}}}]}}]}}'
    graph = mesh_graph(MESH, STRICT, authz(rule))
    (edge,) = {way[-1] for way in ways(graph, TENANT)}
    assert [(one.protocol, one.from_port, one.to_port) for one in edge.traffic] == [("TCP", 9090, 9090)]
    assert edge.state is State.POSSIBLE and edge.reason == "port-assumed"


@pytest.mark.parametrize(
    ("control", "space", "expected"),
    [
        (ISTIOD, "istio-injection: enabled", "closed"),
        ("", "istio-injection: enabled", "possible"),
        (ISTIOD, "istio-injection: disabled", "open"),
        (ISTIOD, "a: b", "open"),
        (ISTIOD, "istio.io/rev: default", "closed"),
        (ISTIOD, "istio.io/rev: canary", "possible"),
        (ISTIOD, "istio.io/dataplane-mode: ambient", "possible"),
        (ISTIOD + ZTUNNEL, "istio.io/dataplane-mode: ambient", "closed"),
    ],
)
def test_a_policy_closes_where_the_pod_is_surely_in_the_mesh(control, space, expected):
    graph = mesh_graph(control + WORKLOADS + spaces(space), STRICT, ONLY_GATEWAY_ID)
    assert state(graph, TENANT) == expected
    if expected == "possible":
        assert reasons(graph, TENANT) == {"mesh-unknown"}


def with_model(spec: str = "", labels: str = "", notes: str = "") -> str:
    """The cluster with a model of its own making."""
    server = "containers: [{name: vllm, image: vllm/vllm-openai, args: [--port=8000]}]"
    text = workload("vllm", "inference", f"{server}\n{spec}", labels)
    if notes:
        text = text.replace(
            f"labels: {{app: vllm{labels}}}}}", f"labels: {{app: vllm{labels}}}, annotations: {{{notes}}}}}"
        )
    return ISTIOD + text + workload("gateway", "safety", account("gateway")) + workload("bot", "tenant") + spaces()


INITIAL = "initContainers: [{name: i, image: acme/setup, securityContext: %s}]"
ISTIO_INIT = (
    "initContainers: [{name: istio-init, image: docker.io/istio/proxyv2:1.27.0, "
    "securityContext: {capabilities: {add: [NET_ADMIN]}}}]"
)


@pytest.mark.parametrize(
    ("spec", "labels", "notes", "expected"),
    [
        ("", "", "", "closed"),
        ("", ', sidecar.istio.io/inject: "false"', "", "open"),
        ("", "", 'sidecar.istio.io/inject: "false"', "open"),
        ("", ', sidecar.istio.io/inject: "true"', 'sidecar.istio.io/inject: "false"', "closed"),
        ("", "", "sidecar.istio.io/interceptionMode: NONE", "open"),
        ("", "", 'traffic.sidecar.istio.io/excludeInboundPorts: "8000"', "open"),
        ("", "", 'traffic.sidecar.istio.io/includeInboundPorts: "9000"', "open"),
        ("", "", 'traffic.sidecar.istio.io/includeInboundPorts: ""', "open"),
        ("", "", 'traffic.sidecar.istio.io/includeInboundPorts: "*"', "closed"),
        ("", "", 'traffic.sidecar.istio.io/excludeInboundPorts: "what"', "possible"),
        ("", "", "inject.istio.io/templates: sidecar", "closed"),
        ("", "", "inject.istio.io/templates: gateway", "possible"),
        ("", "", 'proxy.istio.io/config: "interceptionMode: NONE"', "possible"),
        ("", "", 'proxy.istio.io/config: "concurrency: 2"', "closed"),
        (INITIAL % "{capabilities: {add: [NET_ADMIN]}}", "", "", "possible"),
        (INITIAL % "{capabilities: {add: [CAP_NET_ADMIN]}}", "", "", "possible"),
        (INITIAL % "{privileged: true}", "", "", "possible"),
        (INITIAL % "{capabilities: {add: [IPC_LOCK]}}", "", "", "closed"),
        (INITIAL.replace("name: i", "name: istio-init") % "{capabilities: {add: [NET_ADMIN]}}", "", "", "possible"),
        (ISTIO_INIT, "", "", "closed"),
    ],
)
def test_what_leaves_the_proxy_out_leaves_the_model_open(spec, labels, notes, expected):
    graph = mesh_graph(with_model(spec, labels, notes), STRICT, ONLY_GATEWAY_ID)
    assert state(graph, TENANT) == expected


def test_a_pod_on_the_network_of_its_node_has_no_sidecar():
    graph = mesh_graph(with_model("hostNetwork: true"), STRICT, ONLY_GATEWAY_ID)
    assert state(graph, TENANT) == "open"
    assert "which no sidecar guards" in told(graph, TENANT)


def test_a_sidecar_in_the_template_needs_no_sign_of_the_mesh():
    proxy = "{name: istio-proxy, image: docker.io/istio/proxyv2:1.27.0}"
    sidecar = f"containers: [{{name: vllm, image: vllm/vllm-openai}}, {proxy}]"
    text = workload("vllm", "inference", sidecar) + workload("gateway", "safety", account("gateway"))
    graph = mesh_graph(text + workload("bot", "tenant"), STRICT, ONLY_GATEWAY_ID)
    assert state(graph, TENANT) == "closed"


def test_a_port_may_take_plaintext_where_the_rest_does_not():
    one = peer(
        "{selector: {matchLabels: {app: vllm}}, mtls: {mode: STRICT}, portLevelMtls: {8000: {mode: PERMISSIVE}}}"
    )
    deny = authz('{action: DENY, rules: [{from: [{source: {namespaces: ["tenant"]}}]}]}')
    text = workload("bare", "tenant", "", ', sidecar.istio.io/inject: "false"')
    graph = mesh_graph(MESH, one, deny, text)
    (edge,) = {way[-1] for way in ways(graph, "tenant/Deployment/bare")}
    assert [(each.protocol, each.from_port) for each in edge.traffic] == [("TCP", 8000)]
    assert edge.state is State.OPEN and "sets mTLS to `PERMISSIVE`" in edge.because


def test_a_pod_outside_the_mesh_with_an_admitted_account_may_get_the_identity():
    text = workload("twin", "safety", account("gateway"), ', sidecar.istio.io/inject: "false"')
    graph = mesh_graph(MESH, STRICT, ONLY_GATEWAY_ID, text)
    assert state(graph, "safety/Deployment/twin") == "possible"
    assert reasons(graph, "safety/Deployment/twin") == {"mesh-identity-unknown"}


def test_whoever_runs_as_an_admitted_account_is_let_in():
    graph = mesh_graph(MESH, STRICT, ONLY_GATEWAY_ID, workload("twin", "safety", account("gateway")))
    assert state(graph, "safety/Deployment/twin") == "open"


def test_both_the_network_policy_and_the_mesh_must_let_a_caller_in():
    everybody = authz("{rules: [{}]}")
    graph = mesh_graph(MESH, CALICO, ONLY_GATEWAY, STRICT, everybody)
    assert (state(graph, GATEWAY), state(graph, TENANT)) == ("open", "closed")
    graph = mesh_graph(MESH, CALICO, ONLY_GATEWAY, STRICT, authz('{rules: [{from: [{source: {namespaces: ["x"]}}]}]}'))
    assert state(graph, GATEWAY) == "closed"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{}", "closed"),
        ("{rules: []}", "closed"),
        ("{action: DENY, rules: []}", "open"),
        ("{action: DENY, rules: [{}]}", "closed"),
        ("{action: AUDIT, rules: [{}]}", "open"),
        ("{action: CUSTOM, provider: {name: opa}, rules: [{}]}", "possible"),
        ("{action: LATER, rules: [{}]}", "possible"),
        ('{rules: [{to: [{operation: {paths: ["/metrics"]}}]}]}', "possible"),
        ('{rules: [{to: [{operation: {paths: ["/v1/*"], methods: [POST]}}]}]}', "open"),
        ("{rules: [{to: [{operation: {methods: [GET]}}]}]}", "possible"),
        ('{rules: [{to: [{operation: {hosts: ["model.example"]}}]}]}', "open"),
        ('{rules: [{when: [{key: "request.headers[x-key]", values: ["a"]}]}]}', "open"),
        ('{rules: [{from: [{source: {requestPrincipals: ["*"]}}]}]}', "possible"),
        ('{action: DENY, rules: [{from: [{source: {notRequestPrincipals: ["*"]}}]}]}', "possible"),
        ('{action: DENY, rules: [{to: [{operation: {paths: ["/admin*"]}}]}]}', "open"),
        ('{rules: [{from: [{source: {namespaces: ["ten*"]}}]}]}', "open"),
        ('{rules: [{from: [{source: {serviceAccounts: ["tenant/bot"]}}]}]}', "open"),
        ('{rules: [{from: [{source: {serviceAccounts: ["bot"]}}]}]}', "closed"),
        ('{rules: [{from: [{source: {trustDomains: ["else.where"]}}]}]}', "closed"),
        ('{rules: [{from: [{source: {ipBlocks: ["10.0.0.0/8"]}}]}]}', "possible"),
        ('{rules: [{from: [{source: {ipBlocks: ["0.0.0.0/0"]}}]}]}', "open"),
        ('{rules: [{from: [{source: {notPrincipals: ["*"]}}]}]}', "closed"),
        ('{rules: [{from: [{source: {later: ["x"]}}]}]}', "possible"),
        ('{rules: [{when: [{key: "experimental.envoy.filters.a[b]", values: ["x"]}]}]}', "possible"),
        ("{targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: front}], rules: []}", "open"),
        ("{selector: {matchLabels: {app: other}}, rules: []}", "open"),
        ("{selector: {}, rules: []}", "closed"),
    ],
)
def test_what_a_policy_says_decides(rule, expected):
    assert state(mesh_graph(MESH, STRICT, authz(rule)), TENANT) == expected


def test_a_policy_of_the_root_namespace_holds_everywhere_and_one_of_another_nowhere_else():
    deny = "{rules: []}"
    assert state(mesh_graph(MESH, STRICT, authz(deny, namespace="istio-system")), TENANT) == "closed"
    assert state(mesh_graph(MESH, STRICT, authz(deny, namespace="tenant")), TENANT) == "open"
    assert (
        state(mesh_graph(MESH, STRICT, authz(deny, notes=', annotations: {istio.io/dry-run: "true"}')), TENANT)
        == "open"
    )


def test_the_root_namespace_is_where_the_mesh_says():
    settings = (
        "\n---\napiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\n"
        "metadata: {name: mesh, namespace: istio-system}\n"
        "spec: {meshConfig: {rootNamespace: mesh-config, trustDomain: acme.example}}\n"
    )
    deny = authz("{rules: []}", namespace="mesh-config")
    assert state(mesh_graph(MESH, STRICT, deny), TENANT) == "open"
    assert state(mesh_graph(MESH, peer("{mtls: {mode: STRICT}}"), deny, settings), TENANT) == "closed"
    named = authz('{rules: [{from: [{source: {principals: ["acme.example/ns/tenant/sa/bot"]}}]}]}')
    assert state(mesh_graph(MESH, peer("{mtls: {mode: STRICT}}"), named, settings), TENANT) == "open"


def test_a_list_that_was_refused_leaves_every_way_possible():
    for (group, kind), (_, spec) in GUARDS.items():
        if not group.endswith("istio.io"):
            continue
        meta = Attrs({"name": "x", "namespace": "inference"})
        value = Attrs({"apiVersion": f"{group}/v1", "kind": kind, "metadata": meta, "spec": spec})
        found = object_to_resource(value, FileOrigin("x.yaml", 1), "k8s", "kubernetes")
        lost = replace(found, possible=Unknown("the list was refused", decided_by=(kind,)))
        closed = mesh_graph(MESH, STRICT, ONLY_GATEWAY_ID, more=(lost,))
        assert state(closed, TENANT) == "possible", kind
        assert state(closed, GATEWAY) == ("open" if kind in ("EnvoyFilter", "Sidecar") else "possible")


def service(labels: str = "", name: str = "vllm", ports: str = "{port: 80, targetPort: 8000}") -> str:
    return (
        f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: inference{labels}}}\n"
        f"spec: {{type: LoadBalancer, selector: {{app: vllm}}, ports: [{ports}]}}\n"
    )


def test_what_comes_from_outside_has_no_identity():
    assert state(mesh_graph(MESH, service()), "external/internet") == "open"
    assert state(mesh_graph(MESH, service(), STRICT), "external/internet") == "closed"
    assert state(mesh_graph(MESH, service(), STRICT), TENANT) == "open"


def test_a_port_that_a_service_calls_tcp_shows_no_request():
    only = authz('{rules: [{to: [{operation: {paths: ["/v1/*"]}}]}]}')
    assert state(mesh_graph(MESH, STRICT, only, service()), TENANT) == "open"
    text = service(ports="{name: tcp-api, port: 80, targetPort: 8000}")
    (edge,) = {
        way[-1] for way in ways(mesh_graph(MESH, STRICT, only, text), TENANT) if way[-1].source.endswith("any")
    } or {None}
    assert edge is None or all(one.to_port < 8000 or one.from_port > 8000 for one in edge.traffic)


AMBIENT = ISTIOD + ZTUNNEL + WORKLOADS + spaces("istio.io/dataplane-mode: ambient")
WAYPOINT = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: way, namespace: inference}
spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
"""
USED = service(", labels: {istio.io/use-waypoint: way}").replace("type: LoadBalancer, ", "")
AT_SERVICE = authz(
    '{targetRefs: [{kind: Service, group: "", name: vllm}], '
    f'rules: [{{from: [{{source: {{principals: ["{GATEWAY_ID}"]}}}}]}}]}}'
)
ONLY_WAYPOINT = authz(
    '{rules: [{from: [{source: {principals: ["cluster.local/ns/inference/sa/way"]}}]}]}', name="waypoint-alone"
)


def test_a_policy_at_a_waypoint_is_passed_by_whoever_calls_the_pod():
    graph = mesh_graph(AMBIENT, STRICT, WAYPOINT, USED, AT_SERVICE)
    assert state(graph, TENANT) == "open"
    assert "waypoint `inference/Gateway/way` is not on the way to its address" in told(graph, TENANT)


def test_a_ztunnel_that_admits_the_waypoint_alone_leaves_it_to_the_waypoint():
    graph = mesh_graph(AMBIENT, STRICT, WAYPOINT, USED, AT_SERVICE, ONLY_WAYPOINT)
    assert (state(graph, GATEWAY), state(graph, TENANT)) == ("open", "closed")
    assert "waypoint `inference/Gateway/way` passes it on" in told(graph, GATEWAY)
    assert state(mesh_graph(AMBIENT, STRICT, WAYPOINT, USED, ONLY_WAYPOINT), TENANT) == "open"
    unshown = mesh_graph(AMBIENT, STRICT, USED, AT_SERVICE, ONLY_WAYPOINT)
    assert state(unshown, TENANT) == "closed" and state(unshown, GATEWAY) == "possible"


def test_a_ztunnel_sees_no_requests():
    allow = authz('{rules: [{to: [{operation: {paths: ["/v1/*"]}}]}]}')
    assert state(mesh_graph(AMBIENT, STRICT, allow), TENANT) == "closed"
    deny = authz('{action: DENY, rules: [{to: [{operation: {methods: ["POST"]}}]}]}')
    assert state(mesh_graph(AMBIENT, STRICT, deny), TENANT) == "possible"


def test_a_patch_of_the_proxy_makes_what_it_closes_possible():
    patch = (
        "\n---\napiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\n"
        "metadata: {name: p, namespace: inference}\n"
        "spec: {configPatches: [{applyTo: %s, match: {context: %s}, patch: {operation: %s}}]}\n"
    )
    for values, expected in (
        (("HTTP_FILTER", "SIDECAR_INBOUND", "REMOVE"), "possible"),
        (("VIRTUAL_HOST", "ANY", "MERGE"), "possible"),
        (("HTTP_FILTER", "SIDECAR_OUTBOUND", "REMOVE"), "closed"),
        (("HTTP_FILTER", "SIDECAR_INBOUND", "INSERT_BEFORE"), "closed"),
    ):
        assert state(mesh_graph(MESH, STRICT, ONLY_GATEWAY_ID, patch % values), TENANT) == expected


def test_a_container_of_the_pod_passes_no_proxy():
    pair = "containers: [{name: vllm, image: vllm/vllm-openai, args: [--port=8000]}, {name: side, image: example/side}]"
    text = ISTIOD + workload("vllm", "inference", pair) + workload("gateway", "safety", account("gateway")) + spaces()
    graph = mesh_graph(text, STRICT, ONLY_GATEWAY_ID)
    assert state(graph, f"{MODEL}#side") == "open"


def test_a_cluster_without_a_mesh_is_left_as_it_is():
    plain = mesh_graph(BASE, CALICO)
    assert "Authorization" not in told(plain, TENANT) and state(plain, TENANT) == "open"


@pytest.mark.parametrize(
    "broken",
    [
        authz("text"),
        authz("{rules: text}"),
        authz("{rules: [text, 3, null, {from: 3}]}"),
        authz("{rules: [{from: [{source: 3}], to: [text], when: {key: 4}}]}"),
        authz("{rules: [{from: [{source: {principals: text, namespaces: [3, {}]}}]}]}"),
        authz("{selector: text, rules: [{}]}"),
        authz("{selector: {matchLabels: 4}, rules: [{}]}"),
        authz("{targetRefs: {kind: 3}, rules: [{}]}"),
        peer("{mtls: text}"),
        peer("{mtls: {mode: SOMETIMES}}"),
        peer("{selector: {matchLabels: {app: vllm}}, portLevelMtls: [3]}"),
        peer("{selector: {matchLabels: {app: vllm}}, portLevelMtls: {many: {mode: STRICT}}}"),
    ],
)
def test_what_is_not_understood_never_closes(broken):
    assert state(mesh_graph(MESH, broken), TENANT) in ("open", "possible")


def test_an_identity_that_is_admitted_and_not_shown_may_be_anybody_s():
    other = authz('{rules: [{from: [{source: {principals: ["cluster.local/ns/watch/sa/prometheus"]}}]}]}')
    graph = mesh_graph(MESH, STRICT, other)
    source = "external/pods-running-as/watch/prometheus"
    assert state(graph, source) == "possible" and reasons(graph, source) == {"selector-target-not-in-input"}
    shown = mesh_graph(MESH, STRICT, other, workload("prometheus", "watch", account("prometheus")))
    assert f"external:{source}" not in shown.nodes
    assert f"external:{source}" not in mesh_graph(MESH, STRICT, CALICO, ONLY_GATEWAY, other).nodes
    by_name = authz("{rules: [{from: [{source: {serviceAccounts: [loader]}}]}]}")
    assert state(mesh_graph(MESH, STRICT, by_name), "external/pods-running-as/inference/loader") == "possible"
    denied = authz('{action: DENY, rules: [{from: [{source: {serviceAccounts: ["watch/prometheus"]}}]}]}')
    assert f"external:{source}" not in mesh_graph(MESH, STRICT, denied).nodes


def test_a_waypoint_for_pods_is_on_the_way_of_callers_in_the_mesh():
    every = WAYPOINT.replace("namespace: inference}", "namespace: inference, labels: {istio.io/waypoint-for: all}}")
    graph = mesh_graph(AMBIENT, STRICT, every, USED, AT_SERVICE)
    assert state(graph, TENANT) == "possible"
    assert state(graph, GATEWAY) == "open"


def test_a_destination_rule_can_take_the_identity_from_calls_of_the_mesh():
    deny = authz('{action: DENY, rules: [{from: [{source: {namespaces: ["tenant"]}}]}]}')
    rule = (
        "\n---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: d, namespace: tenant}\n"
        "spec: {host: vllm.inference.svc.cluster.local, trafficPolicy: {tls: {mode: DISABLE}}}\n"
    )
    assert state(mesh_graph(MESH, service(), deny), TENANT) == "possible"
    assert state(mesh_graph(MESH, service(), deny, rule), TENANT) == "open"
    assert state(mesh_graph(MESH, service(), deny, rule, STRICT), TENANT) == "closed"


def test_the_graph_does_not_depend_on_the_order_or_the_place_of_what_is_read():
    texts = [MESH, CALICO, STRICT, ONLY_GATEWAY_ID, service(), workload("bare", "other"), spaces("a: b", "other")]
    one, two = mesh_graph(*texts), mesh_graph(*reversed(texts))
    assert list(one.nodes) == list(two.nodes)

    def told(graph):
        return [(edge.source, edge.target, edge.state, edge.traffic, edge.because) for edge in graph.edges]

    assert sorted(told(one), key=str) == sorted(told(two), key=str)
    assert any("+mesh/" in name for name in one.nodes)


def test_a_waypoint_of_the_namespace_or_of_another_use_may_pass_calls_on():
    text = AMBIENT.replace("dataplane-mode: ambient}", "dataplane-mode: ambient, istio.io/use-waypoint: way}")
    at_gateway = authz(
        "{targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: way}], rules: []}", "nobody"
    )
    graph = mesh_graph(text, STRICT, WAYPOINT, ONLY_WAYPOINT, at_gateway)
    assert (state(graph, TENANT), state(graph, GATEWAY)) == ("closed", "closed")
    assert state(mesh_graph(text, STRICT, WAYPOINT, ONLY_WAYPOINT), TENANT) == "open"
    # No label of the inputs leads calls through it, and its identity is let in.
    assert state(mesh_graph(AMBIENT, STRICT, WAYPOINT, ONLY_WAYPOINT), TENANT) == "possible"


def test_listeners_of_a_sidecar_s_own_are_not_evaluated_and_its_egress_is_the_client_s():
    head = "\n---\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: s, namespace: inference}\nspec: "
    own = head + "{ingress: [{port: {number: 8000, protocol: HTTP}, defaultEndpoint: 127.0.0.1:8000}]}\n"
    assert state(mesh_graph(MESH, STRICT, ONLY_GATEWAY_ID, own), TENANT) == "possible"
    out = head.replace("inference", "tenant") + "{outboundTrafficPolicy: {mode: REGISTRY_ONLY}, egress: []}\n"
    assert state(mesh_graph(MESH, STRICT, ONLY_GATEWAY_ID, out), TENANT) == "closed"
    assert state(mesh_graph(MESH, STRICT, out), TENANT) == "open"


@pytest.mark.parametrize(("value", "expected"), [("enabled", "closed"), ("disabled", "possible")])
def test_a_pod_that_asks_an_old_ztunnel_to_leave_it_alone(value, expected):
    text = ISTIOD + ZTUNNEL + WORKLOADS + spaces("istio.io/dataplane-mode: ambient")
    plain = "labels: {app: vllm}}\n"
    assert plain in text
    text = text.replace(plain, f"labels: {{app: vllm}}, annotations: {{ambient.istio.io/redirection: {value}}}}}\n", 1)
    assert state(mesh_graph(text, STRICT, ONLY_GATEWAY_ID), TENANT) == expected
