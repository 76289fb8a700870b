"""Services by name, by slice and by type: aliases, headless Services, addresses written by hand, annotations."""

from __future__ import annotations

import pytest

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Resource
from tests.builders.k8s_unknown import holed_graph as graph_of
from tests.builders.k8s_world import BASE, CALICO, GATEWAY, MODEL, reasons, state, ways, world_of
from tests.builders.test_k8s_network_exposure import FACING, INGRESS, service

INTERNET, NODES, CLOUD = "external/internet", "external/node-network", "external/vpc"
TO_ALIAS = (INGRESS % (FACING, "")).replace("name: vllm", "name: alias")


def alias(name: str, ports: str = "", more: str = "") -> str:
    return (
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: alias, namespace: inference}\n"
        f"spec: {{type: ExternalName, externalName: {name}{ports}}}\n{more}"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vllm.inference.svc.cluster.local", "open"),
        ("vllm.inference.svc.cluster.local.", "open"),
        ("vllm-0.vllm.inference.svc.cluster.local", "open"),
        ("unread.inference.svc.cluster.local", "possible"),
        ("unread.elsewhere.svc.cluster.local", "closed"),
        ("10-1-2-3.inference.pod.cluster.local", "possible"),
        ("$(TARGET)", "possible"),
        ("$(TARGET).inference.svc.cluster.local", "possible"),
        ("$(TARGET).elsewhere.svc.cluster.local", "closed"),
        ("api.example.com", "closed"),
        ("vllm.inference", "possible"),
        ("vllm", "possible"),
        ("other.inference", "closed"),
    ],
)
def test_an_external_name_is_a_relay_to_what_it_names(name, expected):
    assert state(graph_of(BASE, CALICO, service(""), alias(name), TO_ALIAS), INTERNET) == expected


def test_the_alias_is_a_hop_of_its_own():
    graph = graph_of(BASE, CALICO, service(""), alias("vllm.inference.svc.cluster.local"), TO_ALIAS)
    (way,) = ways(graph, INTERNET)
    assert [edge.target for edge in way][1:3] == ["k8s:inference/Service/alias", "k8s:inference/Service/vllm"]


def test_aliases_that_name_each_other_end():
    first = alias("other.inference.svc.cluster.local")
    second = first.replace("name: alias", "name: other").replace("other.inference", "alias.inference")
    assert state(graph_of(BASE, CALICO, first, second, TO_ALIAS), INTERNET) == "closed"


@pytest.mark.parametrize(
    ("ports", "route", "expected"),
    [
        ("", "number: 80", "open"),
        ("", "number: 8000", "closed"),
        (", ports: [{name: web, port: 80}]", "name: web", "open"),
        (", ports: [{name: web, port: 80}]", "name: other", "open"),
        (", ports: [{port: 443, targetPort: 80}]", "number: 443", "open"),
    ],
)
def test_the_port_of_an_alias_is_asked_of_the_service_behind_it(ports, route, expected):
    graph = graph_of(
        BASE,
        CALICO,
        service(""),
        alias("vllm.inference.svc.cluster.local", ports),
        TO_ALIAS.replace("number: 80", route),
    )
    assert state(graph, INTERNET) == expected


def test_a_headless_service_is_the_address_of_the_pods():
    graph = graph_of(
        BASE,
        CALICO,
        service(", clusterIP: None"),
        alias("vllm.inference.svc.cluster.local"),
        TO_ALIAS.replace("number: 80", "number: 9999"),
    )
    (way,) = ways(graph, INTERNET)
    assert [(one.protocol, one.from_port, one.to_port) for one in way[-1].traffic] == [("TCP", 9999, 9999)]


SLICE = """
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %s-1, namespace: inference, labels: {kubernetes.io/service-name: %s}}
addressType: IPv4
ports: [{port: 8000}]
endpoints: [{addresses: [%s]}]
"""
LISTED = """
---
apiVersion: v1
kind: Endpoints
metadata: {name: vllm, namespace: inference}
subsets: [{addresses: [{ip: %s}], ports: [{port: 8000}]}]
"""
BARE = "---\napiVersion: v1\nkind: Service\nmetadata: {name: vllm, namespace: inference}\n"
BARE += "spec: {type: LoadBalancer, ports: [{port: 80}]}\n"


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (LISTED % "10.1.2.3", "possible"),
        (LISTED % "$(ADDRESS)", "possible"),
        (LISTED % "203.0.113.9", "closed"),
        (SLICE % ("vllm", "vllm", "10.1.2.3"), "possible"),
        (SLICE % ("vllm", "$(NAME)", "10.1.2.3"), "possible"),
        (SLICE % ("vllm", "other", "10.1.2.3"), "closed"),
        ("", "closed"),
    ],
)
def test_addresses_written_by_hand_may_be_the_models(listed, expected):
    assert state(graph_of(BASE, CALICO, BARE, listed), INTERNET) == expected


def test_a_slice_adds_to_what_a_selector_selects():
    front = service(", type: LoadBalancer", selector="{app: gateway}", name="front")
    graph = graph_of(BASE, CALICO, front, SLICE % ("front", "front", "10.1.2.3"))
    assert state(graph, INTERNET) == "possible"
    own = (SLICE % ("front", "front", "10.1.2.3")).replace(
        "labels: {", "labels: {endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io, "
    )
    assert state(graph_of(BASE, CALICO, front, own), INTERNET) == "closed"


POD = """
---
apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: %s}
spec: {containers: [{name: a, image: example/a}]}
status: {podIP: %s}
"""


def test_an_address_that_a_pod_has_is_that_pod():
    model = POD % ("one", "inference", "10.1.2.3")
    other = POD % ("two", "tenant", "10.9.9.9")
    own = "inference/Pod/one"
    found = graph_of(BASE, CALICO, model, other, BARE, LISTED % "10.1.2.3", models=(own, MODEL))
    assert (state(found, INTERNET, own), state(found, INTERNET)) == ("open", "closed")
    found = graph_of(BASE, CALICO, model, other, BARE, LISTED % "10.9.9.9", models=(own, MODEL))
    assert (state(found, INTERNET, own), state(found, INTERNET)) == ("closed", "closed")


AWS = "service.beta.kubernetes.io/aws-load-balancer"


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        (f"{AWS}-internal: 'true'", {CLOUD: "open"}),
        (f"{AWS}-internal: 'false'", {INTERNET: "open"}),
        (f"{AWS}-internal: 'perhaps'", {INTERNET: "possible"}),
        (f"{AWS}-scheme: internet-facing, {AWS}-internal: 'true'", {INTERNET: "possible"}),
        (f"{AWS}-scheme: $(SCHEME)", {INTERNET: "possible"}),
        ("service.beta.kubernetes.io/azure-load-balancer-internal: 'true'", {CLOUD: "open"}),
        ("networking.gke.io/load-balancer-type: Internal", {CLOUD: "open"}),
        (f"{AWS}-source-ranges: 198.51.100.0/24", {"external/198.51.100.0/24": "open"}),
    ],
)
def test_annotations_say_whom_a_load_balancer_faces(notes, expected):
    one = service(", type: LoadBalancer, allocateLoadBalancerNodePorts: false", f", annotations: {{{notes}}}")
    graph = graph_of(BASE, CALICO, one)
    found = {node.address: state(graph, node.address) for node in graph.nodes.values() if node.kind != "Deployment"}
    assert {name: said for name, said in found.items() if name.startswith("external") and said != "closed"} == expected


def test_a_cloud_takes_no_notice_of_the_annotations_of_another():
    one = service(
        ", type: LoadBalancer", ", annotations: {service.beta.kubernetes.io/azure-load-balancer-internal: 'true'}"
    )
    where = FileOrigin("main.tf", 1)
    for kind, expected in (("aws_eks_cluster", "open"), ("azurerm_kubernetes_cluster", "closed")):
        cluster = Resource(f"{kind}.main", "k8s", kind, "main", Attrs({"name": "main"}), where, "terraform")
        assert state(world_of(BASE, CALICO, one, more=(cluster,)).freeze(), INTERNET) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("allocateLoadBalancerNodePorts: false", "closed"),
        ("allocateLoadBalancerNodePorts: $(NODES)", "possible"),
        ("sessionAffinity: ClientIP", "open"),
    ],
)
def test_node_ports_of_a_load_balancer(spec, expected):
    assert state(graph_of(BASE, CALICO, service(f", type: LoadBalancer, {spec}")), NODES) == expected


def test_a_written_node_port_is_opened_although_none_is_allotted():
    one = service(", type: LoadBalancer, allocateLoadBalancerNodePorts: false")
    assert state(graph_of(BASE, CALICO, one.replace("port: 80,", "port: 80, nodePort: 30080,")), NODES) == "open"


def test_a_port_that_is_not_known_may_be_the_one_that_a_route_asks_for():
    plain = service("").replace("port: 80", "port: $(PORT)")
    graph = graph_of(BASE, CALICO, plain, INGRESS % (FACING, ""))
    assert state(graph, INTERNET) == "possible"
    assert state(graph_of(BASE, CALICO, service("", selector="$(SELECTOR)"), INGRESS % (FACING, "")), INTERNET) == (
        "possible"
    )


def test_every_backend_of_a_route_is_followed():
    """The first that leads to a target must not hide the others."""
    front = service("", selector="{app: gateway}", name="front").replace("namespace: inference", "namespace: safety")
    both = (INGRESS % (FACING, "")).replace("paths: [", "paths: [{path: /a, backend: {service: {name: front}}}, ")
    moved = BASE.replace("namespace: safety", "namespace: inference")
    gateway = GATEWAY.replace("safety", "inference")
    world = world_of(moved, CALICO, service(""), front.replace("safety", "inference"), both, models=(MODEL, gateway))
    graph = world.freeze()
    assert (state(graph, INTERNET), state(graph, INTERNET, gateway)) == ("open", "open")


def test_an_odd_slice_never_crashes():
    for body in ("endpoints: text", "endpoints: [3]", "ports: text\nendpoints: [{addresses: text}]", "endpoints: [[]]"):
        odd = "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a, namespace: inference, "
        odd += f"labels: {{kubernetes.io/service-name: vllm}}}}\n{body}\n"
        assert state(graph_of(BASE, CALICO, BARE, odd), "tenant/Deployment/bot") == "open"
    assert "endpoints-unknown" in reasons(graph_of(BASE, CALICO, BARE, LISTED % "10.1.2.3"), INTERNET)
