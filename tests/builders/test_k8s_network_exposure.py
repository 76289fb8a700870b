"""Ways in from outside: Services, routes, gateways, host ports, and the containers beside a model."""

from __future__ import annotations

from datetime import date

import pytest

from scanner.origin import FileOrigin
from scanner.profile import NotModel, Profile, TrustedCaller
from tests.builders.k8s_world import (
    BASE,
    CALICO,
    GATEWAY,
    MODEL,
    ONLY_GATEWAY,
    SPACES,
    TENANT,
    graph_of,
    policy,
    reasons,
    state,
    ways,
    workload,
    world_of,
)

INTERNET, NODES, CLOUD = "external/internet", "external/node-network", "external/vpc"


def service(spec: str, notes: str = "", selector: str = "{app: vllm}", name: str = "vllm") -> str:
    return (
        f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: inference{notes}}}\n"
        f"spec: {{selector: {selector}, ports: [{{port: 80, targetPort: 8000}}]{spec}}}\n"
    )


INTERNAL = ", annotations: {service.beta.kubernetes.io/aws-load-balancer-scheme: internal}"
LOCAL = ", externalTrafficPolicy: Local"


@pytest.mark.parametrize(
    ("spec", "notes", "expected"),
    [
        ("", "", {}),
        (", type: ClusterIP", "", {}),
        (", type: NodePort", "", {NODES: "open"}),
        (", type: LoadBalancer", "", {NODES: "open", INTERNET: "open"}),
        (", type: LoadBalancer, allocateLoadBalancerNodePorts: false", "", {INTERNET: "open"}),
        (", type: LoadBalancer", INTERNAL, {NODES: "open", CLOUD: "open"}),
        (
            ", type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24]",
            "",
            {NODES: "open", "external/198.51.100.0/24": "open"},
        ),
        (", type: LoadBalancer, loadBalancerSourceRanges: [0.0.0.0/0]", "", {NODES: "open", INTERNET: "open"}),
        (", type: LoadBalancer, loadBalancerClass: example.com/own", "", {NODES: "open", INTERNET: "possible"}),
        (", externalIPs: [192.0.2.1]", "", {INTERNET: "possible"}),
    ],
)
def test_the_type_of_a_service_says_who_gets_in(spec, notes, expected):
    graph = graph_of(BASE, CALICO, service(spec, notes))
    outside = [one.id.removeprefix("external:") for one in graph.nodes.values() if one.id.startswith("external:")]
    found = {one: state(graph, one) for one in outside}
    assert {one: said for one, said in found.items() if said != "closed"} == expected


def test_the_way_through_a_load_balancer_has_the_service_as_its_hop():
    graph = graph_of(BASE, CALICO, service(", type: LoadBalancer"))
    (way,) = ways(graph, INTERNET)
    assert [edge.target for edge in way] == ["k8s:inference/Service/vllm", f"k8s:{MODEL}"]
    assert [(one.protocol, one.from_port) for one in way[-1].traffic] == [("TCP", 8000)]


def test_several_ports_of_a_service_are_several_relays():
    two = service(", type: NodePort").replace(
        "[{port: 80, targetPort: 8000}]", "[{name: a, port: 80, targetPort: http}, {name: b, port: 81, targetPort: 9}]"
    )
    graph = graph_of(BASE, CALICO, two)
    assert {way[0].target for way in ways(graph, NODES)} == {
        "k8s:inference/Service/vllm:80",
        "k8s:inference/Service/vllm:81",
    }


def test_the_policy_of_the_model_holds_behind_a_load_balancer():
    balancer = service(", type: LoadBalancer" + LOCAL)
    assert state(graph_of(BASE, CALICO, ONLY_GATEWAY, balancer), INTERNET) == "closed"
    assert state(graph_of(BASE, ONLY_GATEWAY, balancer), INTERNET) == "possible", "nothing enforces it"
    hidden = graph_of(BASE, CALICO, ONLY_GATEWAY, service(", type: LoadBalancer"))
    assert state(hidden, INTERNET) == "possible", "nodes put their own address in place of the caller's"
    assert reasons(hidden, INTERNET) == {"client-ip-preservation-unknown"}
    block = policy("  podSelector: {}\n  ingress: [{from: [{ipBlock: {cidr: 198.51.100.0/24}}]}]")
    graph = graph_of(BASE, CALICO, block, balancer)
    assert (state(graph, INTERNET), state(graph, "external/198.51.100.0/24")) == ("closed", "open")


INGRESS = """
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front, namespace: inference%s}
spec:
  %s
  rules: [{host: llm.example, http: {paths: [{path: /, backend: {service: {name: vllm, port: {number: 80}}}}]}}]
"""
ALB_CLASS = """
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: alb}
spec: {controller: ingress.k8s.aws/alb%s}
"""
FACING = ", annotations: {alb.ingress.kubernetes.io/scheme: internet-facing}"


def test_an_ingress_leads_to_the_model_as_its_annotations_say():
    plain = service("")
    assert state(graph_of(BASE, CALICO, plain, INGRESS % ("", "")), INTERNET) == "possible"
    assert state(graph_of(BASE, CALICO, plain, INGRESS % (FACING, "")), INTERNET) == "open"
    default = graph_of(BASE, CALICO, plain, INGRESS % ("", "ingressClassName: alb"))
    assert (state(default, INTERNET), state(default, CLOUD)) == ("possible", "open"), "its class may say otherwise"
    shown = graph_of(BASE, CALICO, plain, INGRESS % ("", "ingressClassName: alb"), ALB_CLASS % "")
    assert (state(shown, INTERNET), state(shown, CLOUD)) == ("closed", "open")
    closed = graph_of(BASE, CALICO, plain, INGRESS % (FACING, ""), ONLY_GATEWAY)
    assert state(closed, INTERNET) == "possible"
    assert reasons(closed, INTERNET) == {"ingress-controller-unknown"}
    assert state(closed, TENANT) == "possible", "the controller calls for whoever calls it"


def test_an_ingress_to_another_service_is_no_way():
    other = service("", selector="{app: other}", name="other") + service("")
    route = (INGRESS % (FACING, "")).replace("name: vllm", "name: other")
    assert state(graph_of(BASE, CALICO, other, route), INTERNET) == "closed"
    unread = (INGRESS % (FACING, "")).replace("name: vllm", "name: unread")
    graph = graph_of(BASE, CALICO, unread)
    assert state(graph, INTERNET) == "possible"
    assert "service-not-in-input" in reasons(graph, INTERNET)


GATEWAY_API = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: front, namespace: %s}
spec: {gatewayClassName: gke-l7-global-external-managed, listeners: [{name: a, port: 80, protocol: HTTP%s}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: route, namespace: %s}
spec:
  parentRefs: [{name: front, namespace: %s}]
  rules: [{backendRefs: [%s]%s}]
"""
HERE = "{name: vllm, port: 80}"
THERE = "{name: vllm, port: 80, namespace: inference}"
ANYWHERE = ", allowedRoutes: {namespaces: {from: All}}"
GRANT = """
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: grant, namespace: inference}
spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: tenant}], to: [{group: "", kind: Service}]}
"""


@pytest.mark.parametrize(
    ("route", "more", "expected"),
    [
        (("inference", "", "inference", "inference", HERE, ""), "", "open"),
        (("safety", "", "inference", "safety", HERE, ""), "", "closed"),
        (("safety", ANYWHERE, "inference", "safety", HERE, ""), "", "open"),
        (("tenant", "", "tenant", "tenant", THERE, ""), "", "closed"),
        (("tenant", "", "tenant", "tenant", THERE, ""), GRANT, "open"),
        (("inference", "", "inference", "inference", "{name: vllm, port: 80, weight: 0}", ""), "", "closed"),
        (("inference", "", "inference", "inference", "{name: vllm, port: 99}", ""), "", "closed"),
        (("inference", "", "inference", "elsewhere", HERE, ""), "", "possible"),
        (
            (
                "inference",
                "",
                "inference",
                "inference",
                "{name: none, port: 80, weight: 0}",
                ", filters: [{type: RequestMirror, requestMirror: {backendRef: {name: vllm, port: 80}}}]",
            ),
            "",
            "open",
        ),
    ],
)
def test_a_route_leads_where_its_gateway_and_grants_let_it(route, more, expected):
    assert state(graph_of(BASE, CALICO, service(""), GATEWAY_API % route, more), INTERNET) == expected


def test_an_inference_pool_is_a_relay():
    pool = """
---
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: pool, namespace: inference}
spec: {selector: {matchLabels: {app: vllm}}, targetPorts: [{number: 8000}]}
"""
    reference = "{group: inference.networking.k8s.io, kind: InferencePool, name: pool}"
    route = GATEWAY_API % ("inference", "", "inference", "inference", reference, "")
    graph = graph_of(BASE, CALICO, pool, route)
    assert state(graph, INTERNET) == "open"
    assert "k8s:inference/InferencePool/pool" in {edge.source for edge in ways(graph, INTERNET)[0]}


def test_a_host_port_and_an_alias_are_ways():
    host = BASE.replace("{containerPort: 8000, name: http}", "{containerPort: 8000, name: http, hostPort: 80}")
    assert state(graph_of(host, CALICO), NODES) == "open"
    alias = (
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: alias, namespace: tenant}\nspec: {type: ExternalName, "
    )
    alias += "externalName: vllm.inference.svc.cluster.local}\n"
    route = (INGRESS % (FACING, "")).replace("namespace: inference", "namespace: tenant").replace("vllm", "alias")
    assert state(graph_of(BASE, CALICO, service(""), alias, route), INTERNET) == "open"


def test_other_routes_are_possible_ways():
    route = "---\napiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: r, namespace: inference}\n"
    assert state(graph_of(BASE, CALICO, service(""), route + "spec: {to: {name: vllm}}"), INTERNET) == "possible"
    virtual = "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v, namespace: tenant}\n"
    spec = "spec: {gateways: [%s], http: [{route: [{destination: {host: vllm.inference.svc.cluster.local}}]}]}"
    assert state(graph_of(BASE, CALICO, service(""), virtual + spec % "istio/front"), INTERNET) == "possible"
    assert state(graph_of(BASE, CALICO, service(""), virtual + spec % "mesh"), INTERNET) == "closed"


PAIR = """
containers:
  - {name: vllm, image: vllm/vllm-openai, args: [--port=8000]}
  - {name: %s, image: example/side}
"""


def test_another_container_of_the_pod_is_a_caller():
    text = workload("vllm", "inference", PAIR % "exporter") + workload("gateway", "safety") + SPACES
    graph = graph_of(text, CALICO, ONLY_GATEWAY)
    assert state(graph, f"{MODEL}#exporter") == "open"
    assert graph.nodes[f"k8s:{MODEL}#exporter"].actor
    assert f"k8s:{MODEL}#vllm" not in graph.nodes
    proxy = workload("vllm", "inference", PAIR % "istio-proxy") + SPACES
    assert f"k8s:{MODEL}#istio-proxy" not in graph_of(proxy).nodes
    listed = Profile(not_models=(NotModel(f"{MODEL}#exporter", "counts tokens", FileOrigin("tether.yaml", 1)),))
    assert f"k8s:{MODEL}#exporter" not in graph_of(text, profile=listed).nodes


def trusted(port: int) -> Profile:
    entry = TrustedCaller(TENANT, MODEL, port, "metrics", "ops", date(2027, 1, 31), FileOrigin("tether.yaml", 1))
    return Profile(trusted=(entry,))


SCRAPE = policy(
    "  podSelector: {}\n  ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: tenant}}}],"
    " ports: [{port: 9400}]}]"
)


def test_a_trusted_caller_loses_the_way_only_where_the_port_carries_no_inference():
    plain = graph_of(BASE, CALICO, SCRAPE)
    assert state(plain, TENANT) == "possible"
    world = world_of(BASE, CALICO, SCRAPE, profile=trusted(9400))
    assert state(world.freeze(), TENANT) == "closed"
    assert len(world.trusted) == 1
    inference = SCRAPE.replace("9400", "8000")
    world = world_of(BASE, CALICO, inference, profile=trusted(8000))
    assert state(world.freeze(), TENANT) == "open"
    assert not world.trusted
    assert any("the way stays" in one for one in world.assumptions)
    world = world_of(BASE, CALICO, profile=trusted(9400))
    assert state(world.freeze(), TENANT) == "open", "all other ports are still open"


def test_the_gateway_is_a_target_as_well():
    graph = graph_of(
        BASE,
        CALICO,
        service(", type: LoadBalancer", selector="{app: gateway}").replace("namespace: inference", "namespace: safety"),
        models=(MODEL,),
    )
    assert state(graph, INTERNET, GATEWAY) == "open"
    assert state(graph, INTERNET) == "closed"


@pytest.mark.parametrize(
    ("version", "kind", "default", "spec", "expected"),
    [
        ("serving.kserve.io/v1beta1", "InferenceService", "possible", "{}", "possible"),
        ("serving.kserve.io/v1alpha1", "LLMInferenceService", "closed", "{router: {route: {}}}", "possible"),
        ("apps.nvidia.com/v1alpha1", "NIMService", "closed", "{expose: {service: {type: LoadBalancer}}}", "open"),
        ("apps.nvidia.com/v1alpha1", "NIMService", "closed", "{expose: {ingress: {enabled: true}}}", "possible"),
        ("apps.nvidia.com/v1alpha1", "NIMService", "closed", "{expose: {service: {type: ClusterIP}}}", "closed"),
    ],
)
def test_serving_platforms_make_ways_of_their_own(version, kind, default, spec, expected):
    model = f"inference/{kind}/x"
    text = f"---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: x, namespace: inference}}\nspec: "
    assert state(graph_of(BASE, CALICO, text + "{}", models=(model,)), INTERNET, model) == default
    assert state(graph_of(BASE, CALICO, text + spec, models=(model,)), INTERNET, model) == expected


def test_a_kserve_model_of_the_cluster_alone_has_no_route():
    text = (
        "---\napiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: x, namespace: inference, "
    )
    text += "labels: {networking.kserve.io/visibility: cluster-local}}\nspec: {}"
    model = "inference/InferenceService/x"
    assert state(graph_of(BASE, CALICO, text, models=(model,)), INTERNET, model) == "closed"


def test_a_range_that_is_not_known_may_be_the_internet():
    balancer = service(", type: LoadBalancer" + LOCAL)
    known = policy("  podSelector: {}\n  ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]")
    assert state(graph_of(BASE, CALICO, known, balancer), INTERNET) == "closed"
    for peer in ("{ipBlock: {cidr: $(RANGE)}}", "{ipBlock: {}}", "{somethingNew: {}}"):
        unknown = policy(f"  podSelector: {{}}\n  ingress: [{{from: [{peer}]}}]")
        assert state(graph_of(BASE, CALICO, unknown, balancer), INTERNET) == "possible", peer


def test_hostile_services_and_routes_never_crash():
    head = "---\napiVersion: {}\nkind: {}\nmetadata: {{name: vllm, namespace: inference}}\nspec: {}\n"
    for version, kind, spec in (
        ("v1", "Service", "text"),
        ("v1", "Service", "[1]"),
        ("v1", "Service", "{type: [], ports: text, selector: text}"),
        ("v1", "Service", "{type: LoadBalancer, selector: {app: vllm}, ports: [7, {port: {}}]}"),
        ("networking.k8s.io/v1", "Ingress", "{rules: text, defaultBackend: text, ingressClassName: 3}"),
        ("networking.k8s.io/v1", "Ingress", "{rules: [text, {http: {paths: [text, {backend: 3}]}}]}"),
        (
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
            "{parentRefs: text, rules: [text, {backendRefs: [text, {name: []}]}]}",
        ),
        (
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
            "{rules: [{backendRefs: [{name: vllm, namespace: 3}], filters: 9}]}",
        ),
        ("gateway.networking.k8s.io/v1", "Gateway", "{listeners: text, gatewayClassName: 3}"),
        ("gateway.networking.k8s.io/v1", "ReferenceGrant", "{from: text, to: [4]}"),
        ("route.openshift.io/v1", "Route", "{to: text, alternateBackends: [3]}"),
        ("networking.istio.io/v1", "VirtualService", "{gateways: [3], http: [text, {route: [3, {destination: []}]}]}"),
    ):
        assert state(graph_of(BASE, CALICO, head.format(version, kind, spec)), TENANT) == "open"
