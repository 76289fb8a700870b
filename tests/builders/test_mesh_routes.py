"""Istio's own ways: Gateways and the proxies that serve them, VirtualServices, delegates, mirrors, entries."""

from __future__ import annotations

import pytest

from scanner.builders.mesh.build import build_mesh
from scanner.graph.facts import GatewayRoute
from scanner.graph.model import Role
from scanner.unknown import Unknown
from tests.builders.k8s_world import BASE, CALICO, MODEL, ONLY_GATEWAY, policy, reasons, state, ways, workload, world_of
from tests.builders.mesh_world import MESH, ONLY_GATEWAY_ID, STRICT, authz, mesh_graph

INTERNET = "external/internet"
SERVICE = (
    "---\napiVersion: v1\nkind: Service\nmetadata: {name: vllm, namespace: inference}\n"
    "spec: {selector: {app: vllm}, ports: [{port: 80, targetPort: 8000}]}\n"
)
HOST = "vllm.inference.svc.cluster.local"


def virtual(spec: str, name: str = "v", namespace: str = "inference") -> str:
    return (
        f"---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )


def gateway(spec: str = "{selector: {istio: ingress}, servers: [{hosts: ['*']}]}", name: str = "front") -> str:
    return (
        "---\napiVersion: networking.istio.io/v1\nkind: Gateway\n"
        f"metadata: {{name: {name}, namespace: edge}}\nspec: {spec}\n"
    )


def route(to: str = f"{{host: {HOST}}}", more: str = "") -> str:
    return virtual(f"{{hosts: [a.example], gateways: [edge/front], http: [{{route: [{{destination: {to}}}]{more}}}]}}")


PROXY = workload("ingress", "edge", "serviceAccountName: ingress", ", istio: ingress")
BALANCER = (
    "---\napiVersion: v1\nkind: Service\nmetadata: {name: ingress, namespace: edge}\n"
    "spec: {type: LoadBalancer, selector: {istio: ingress}, ports: [{port: 443}]}\n"
)


def test_a_balancer_before_the_proxies_of_a_gateway_is_an_open_way_to_what_its_route_sends_to():
    graph = mesh_graph(BASE, CALICO, SERVICE, PROXY, BALANCER, gateway(), route())
    assert state(graph, INTERNET) == "open"
    way = next(way for way in ways(graph, INTERNET))
    assert [edge.target.removeprefix("k8s:") for edge in way] == [
        "edge/Gateway/front", "inference/VirtualService/v", "inference/Service/vllm", MODEL,
    ]  # fmt: skip


def test_where_the_proxies_are_not_shown_the_way_is_possible():
    assert state(mesh_graph(BASE, SERVICE, gateway(), route()), INTERNET) == "possible"
    assert state(mesh_graph(BASE, SERVICE, route()), INTERNET) == "possible"


def test_a_gateway_that_the_stack_serves_is_the_stack():
    world = world_of(BASE, SERVICE, PROXY, BALANCER, gateway(), route())
    assert Role.GATEWAY not in world.nodes["k8s:edge/Deployment/ingress"].roles
    stack = BASE.replace("name: gateway, namespace: safety", "name: gateway, namespace: safety")
    front = gateway("{selector: {app: gateway}, servers: [{hosts: ['*']}]}")
    graph = mesh_graph(stack, SERVICE, BALANCER.replace("istio: ingress", "app: gateway"), front, route())
    assert state(graph, INTERNET) == "closed"
    assert state(graph, "safety/Deployment/gateway") == "open"


@pytest.mark.parametrize(
    ("hosts", "wanted", "expected"),
    [
        ("'*'", "a.example", "open"),
        ("'*.example'", "a.example", "open"),
        ("'other/*.example'", "a.example", "open"),
        ("'*.other'", "a.example", "closed"),
        ("a.example", "'*.example'", "open"),
        ("'*.a.example'", "'*.example'", "open"),
        ("b.example", "a.example", "closed"),
    ],
)
def test_a_route_is_served_where_a_host_is_in_common(hosts, wanted, expected):
    front = gateway(f"{{selector: {{istio: ingress}}, servers: [{{hosts: [{hosts}]}}]}}")
    spec = f"{{hosts: [{wanted}], gateways: [edge/front], http: [{{route: [{{destination: {{host: {HOST}}}}}]}}]}}"
    assert state(mesh_graph(BASE, SERVICE, PROXY, BALANCER, front, virtual(spec)), INTERNET) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (f"{{mirror: {{host: {HOST}}}}}", "open"),
        (f"{{mirror: {{host: {HOST}}}, mirrorPercentage: {{value: 0}}}}", "closed"),
        (f"{{mirrors: [{{destination: {{host: {HOST}}}, percentage: {{value: 1.5}}}}]}}", "open"),
        (f"{{mirrors: [{{destination: {{host: {HOST}}}, percentage: {{value: 0}}}}]}}", "closed"),
        (
            f"{{route: [{{destination: {{host: x}}, weight: 99}}, {{destination: {{host: {HOST}}}, weight: 1}}]}}",
            "open",
        ),
        (
            f"{{route: [{{destination: {{host: x}}, weight: 100}}, {{destination: {{host: {HOST}}}, weight: 0}}]}}",
            "closed",
        ),
        ("{route: [{destination: {host: vllm}}]}", "open"),
        ("{route: [{destination: {host: vllm.inference}}]}", "open"),
        ("{route: [{destination: {host: vllm.other}}]}", "closed"),
        ("{redirect: {uri: /x}}", "closed"),
    ],
)
def test_shadows_and_canaries_are_ways_in(rule, expected):
    other = SERVICE.replace("name: vllm,", "name: x,").replace("app: vllm", "app: x")
    spec = f"{{hosts: [a.example], gateways: [edge/front], http: [{rule}]}}"
    graph = mesh_graph(BASE, CALICO, SERVICE, other, PROXY, BALANCER, gateway(), virtual(spec))
    assert state(graph, INTERNET) == expected


def test_connections_are_routed_as_well():
    for section in ("tcp", "tls"):
        rules = f"{section}: [{{route: [{{destination: {{host: {HOST}}}}}]}}]"
        spec = f"{{hosts: [a.example], gateways: [edge/front], {rules}}}"
        assert state(mesh_graph(BASE, SERVICE, PROXY, BALANCER, gateway(), virtual(spec)), INTERNET) == "open"


def test_a_delegate_is_followed_and_one_that_is_not_shown_may_lead_anywhere():
    root = virtual("{hosts: [a.example], gateways: [edge/front], http: [{delegate: {name: d, namespace: tenant}}]}")
    inner = virtual(f"{{http: [{{route: [{{destination: {{host: {HOST}}}}}]}}]}}", "d", "tenant")
    assert state(mesh_graph(BASE, SERVICE, PROXY, BALANCER, gateway(), root, inner), INTERNET) == "open"
    assert state(mesh_graph(BASE, SERVICE, PROXY, BALANCER, gateway(), root), INTERNET) == "possible"
    loop = virtual("{http: [{delegate: {name: d, namespace: tenant}}]}", "d", "tenant")
    assert state(mesh_graph(BASE, SERVICE, PROXY, BALANCER, gateway(), root, loop), INTERNET) == "closed"


def entry(spec: str) -> str:
    return (
        "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"
        f"metadata: {{name: e, namespace: inference}}\nspec: {spec}\n"
    )


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            "{hosts: [m.internal], ports: [{number: 80, targetPort: 8000}], workloadSelector: {labels: {app: vllm}}}",
            "open",
        ),
        ("{hosts: [m.internal], ports: [{number: 80}], workloadSelector: {labels: {app: other}}}", "closed"),
        (f"{{hosts: [m.internal], resolution: DNS, endpoints: [{{address: {HOST}}}]}}", "open"),
        ("{hosts: [m.internal], location: MESH_EXTERNAL, resolution: DNS}", "closed"),
        ("{hosts: ['*.internal'], workloadSelector: {labels: {app: vllm}}}", "open"),
    ],
)
def test_an_entry_says_what_stands_behind_a_host(spec, expected):
    graph = mesh_graph(
        BASE, CALICO, SERVICE, PROXY, BALANCER, gateway(), route("{host: m.internal, port: {number: 80}}"), entry(spec)
    )
    assert state(graph, INTERNET) == expected


def test_what_sidecars_follow_is_no_way_of_its_own():
    closed = mesh_graph(
        BASE,
        CALICO,
        ONLY_GATEWAY,
        SERVICE,
        virtual(f"{{hosts: [x], http: [{{route: [{{destination: {{host: {HOST}}}}}]}}]}}"),
    )
    assert state(closed, "tenant/Deployment/bot") == "closed"
    assert state(closed, INTERNET) == "closed"


def test_the_policies_of_the_model_see_the_proxies_of_the_gateway():
    admitted = policy(
        "  podSelector: {matchLabels: {app: vllm}}\n"
        "  ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {istio: ingress}}}]}]"
    )
    assert state(mesh_graph(BASE, CALICO, admitted, SERVICE, PROXY, BALANCER, gateway(), route()), INTERNET) == "open"
    shut = mesh_graph(BASE, CALICO, ONLY_GATEWAY, SERVICE, PROXY, BALANCER, gateway(), route())
    assert state(shut, INTERNET) in ("closed", "possible")


def test_the_mesh_sees_the_identity_of_the_proxies():
    edge = "\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: edge, labels: {istio-injection: enabled}}\n"
    text = (MESH, edge, SERVICE, PROXY, BALANCER, gateway(), route(), STRICT)
    assert state(mesh_graph(*text), INTERNET) == "open"
    assert state(mesh_graph(*text, ONLY_GATEWAY_ID), INTERNET) == "closed"
    front = authz('{rules: [{from: [{source: {principals: ["cluster.local/ns/edge/sa/ingress"]}}]}]}')
    assert state(mesh_graph(*text, front), INTERNET) == "open"
    unshown = (MESH, SERVICE, gateway(), route(), STRICT, ONLY_GATEWAY_ID)
    assert state(mesh_graph(*unshown), INTERNET) == "possible"


def test_routes_of_the_gateway_api_call_with_the_identity_of_istio_s_own_proxies():
    api = (
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: pub, namespace: inference}\n"
        "spec: {gatewayClassName: %s, listeners: [{name: a, port: 80, protocol: HTTP}]}\n"
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: inference}\n"
        "spec: {parentRefs: [{name: pub}], rules: [{backendRefs: [{name: vllm, port: 80}]}]}\n"
    )
    front = authz('{rules: [{from: [{source: {principals: ["cluster.local/ns/inference/sa/pub-istio"]}}]}]}')
    assert state(mesh_graph(MESH, SERVICE, STRICT, api % "istio", ONLY_GATEWAY_ID), INTERNET) == "closed"
    assert state(mesh_graph(MESH, SERVICE, STRICT, api % "istio", front), INTERNET) == "possible"
    assert "ingress-controller-unknown" in reasons(mesh_graph(MESH, SERVICE, STRICT, api % "istio", front), INTERNET)
    assert state(mesh_graph(MESH, SERVICE, STRICT, api % "nginx", ONLY_GATEWAY_ID), INTERNET) == "possible"


def facts(*texts: str) -> list[tuple[bool, object, bool]]:
    world = world_of(*texts)
    build_mesh(world)
    found = [fact for node in world.nodes.values() for fact in node.facts if isinstance(fact, GatewayRoute)]
    return [(fact.model, "?" if isinstance(fact.guarded, Unknown) else fact.guarded, fact.mirror) for fact in found]


def test_a_way_of_a_route_to_a_model_is_guarded_by_a_filter_of_its_proxies():
    text = (BASE, SERVICE, PROXY, BALANCER, gateway(), route())
    assert facts(*text) == [(True, False, False)]
    head = "---\napiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: %s, namespace: edge}\n"
    spec = "spec: {selector: {matchLabels: {istio: %s}}, url: %s}\n"
    assert facts(*text, head % "p" + spec % ("ingress", "oci://x/prompt-guard")) == [(True, True, False)]
    assert facts(*text, head % "p" + spec % ("ingress", "oci://x/thing")) == [(True, "?", False)]
    assert facts(*text, head % "p" + spec % ("other", "oci://x/prompt-guard")) == [(True, False, False)]


def test_a_copy_or_a_canary_past_the_gateway_is_a_way_to_the_model_and_its_own_host_is_not():
    own = virtual(f"{{hosts: [{HOST}], http: [{{route: [{{destination: {{host: {HOST}}}}}]}}]}}")
    assert facts(BASE, SERVICE, own) == []
    stack = "gateway.safety.svc.cluster.local"
    rule = f"{{route: [{{destination: {{host: {stack}}}}}], mirror: {{host: {HOST}}}}}"
    assert facts(BASE, SERVICE, virtual(f"{{hosts: [{stack}], http: [{rule}]}}")) == [(True, False, True)]
    rule = f"{{route: [{{destination: {{host: {HOST}}}, weight: 5}}]}}"
    assert facts(BASE, SERVICE, virtual(f"{{hosts: [{stack}], http: [{rule}]}}")) == [(True, False, False)]


def test_the_api_of_a_provider_is_a_model():
    out = entry("{hosts: [api.openai.com], location: MESH_EXTERNAL, resolution: DNS}")
    assert facts(BASE, PROXY, BALANCER, gateway(), route("{host: api.openai.com}"), out) == [(True, False, False)]


@pytest.mark.parametrize(
    "broken",
    [
        virtual("text"),
        virtual("{gateways: 3, http: text}"),
        virtual(
            "{gateways: [3], http: [text, {route: [3, {destination: []}], mirror: 3, mirrors: text, delegate: 4}]}"
        ),
        virtual("{hosts: {}, gateways: [edge/front], tcp: {route: {destination: {host: 3}}}}"),
        gateway("text"),
        gateway("{selector: 3, servers: text}"),
        gateway("{selector: {istio: 3}, servers: [3, {hosts: text}]}"),
        entry("text"),
        entry("{hosts: 3, endpoints: [text, {address: 4}], workloadSelector: {labels: 3}, ports: text}"),
    ],
)
def test_hostile_input_is_read_and_closes_nothing(broken):
    own = route().replace("name: v,", "name: w,").replace("edge/front", "edge/main")
    graph = mesh_graph(BASE, CALICO, SERVICE, PROXY, BALANCER, gateway(name="main"), own, broken)
    assert state(graph, "tenant/Deployment/bot") == "open"


def test_a_patch_that_names_a_service_may_lead_calls_to_it():
    patch = (
        "---\napiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {name: p, namespace: edge}\n"
        "spec: {configPatches: [{applyTo: HTTP_ROUTE, match: {context: GATEWAY}, patch: {operation: MERGE, value: "
        "{route: {cluster: 'outbound|80||%s'}}}}]}\n"
    )
    assert state(mesh_graph(BASE, SERVICE, patch % HOST), INTERNET) == "possible"
    assert "policy-engine-unmodelled" in reasons(mesh_graph(BASE, SERVICE, patch % HOST), INTERNET)
    assert state(mesh_graph(BASE, SERVICE, patch % "x.y.svc.cluster.local"), INTERNET) == "closed"
