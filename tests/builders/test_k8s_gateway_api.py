"""The Gateway API: who attaches to what, what a route leads to, and where the proxies of a class listen."""

from __future__ import annotations

import pytest

from scanner.builders.gateway_routes.build import build_gateway_routes
from scanner.builders.k8s_network.gateway_attach import hosts_meet
from scanner.graph.facts import GatewayRoute
from scanner.unknown import Unknown
from tests.builders.k8s_unknown import holed_graph as graph_of
from tests.builders.k8s_unknown import holed_world
from tests.builders.k8s_world import BASE, CALICO, MODEL, state, world_of
from tests.builders.test_k8s_network_exposure import service

INTERNET, CLOUD, NODES = "external/internet", "external/vpc", "external/node-network"
PLAIN = service("")
HERE = "{name: vllm, port: 80}"
OPEN = "gke-l7-global-external-managed"


def gateway(listener: str = "", name: str = "front", kind: str = OPEN, notes: str = "", spec: str = "") -> str:
    return f"""
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: {name}, namespace: inference, annotations: {{{notes}}}}}
spec: {{gatewayClassName: {kind}, listeners: [{{name: web, port: 80, protocol: HTTP{listener}}}]{spec}}}
"""


def route(
    refs: str = HERE,
    parent: str = "{name: front}",
    rule: str = "",
    kind: str = "HTTPRoute",
    spec: str = "",
    namespace: str = "inference",
    group: str = "gateway.networking.k8s.io/v1",
) -> str:
    return f"""
---
apiVersion: {group}
kind: {kind}
metadata: {{name: route, namespace: {namespace}}}
spec: {{parentRefs: [{parent}]{spec}, rules: [{{backendRefs: [{refs}]{rule}}}]}}
"""


@pytest.mark.parametrize(
    ("scope", "asks", "expected"),
    [
        (", defaultScope: All", "All", "open"),
        (", defaultScope: All", "None", "closed"),
        (", defaultScope: None", "All", "possible"),
        ("", "$(ASKS)", "possible"),
    ],
)
def test_a_route_attaches_to_the_default_gateways(scope, asks, expected):
    asking = route(parent="", spec=f", useDefaultGateways: {asks}")
    assert state(graph_of(BASE, CALICO, PLAIN, gateway(spec=scope), asking), INTERNET) == expected


@pytest.mark.parametrize(
    ("listener", "more", "expected"),
    [
        ("", {}, "open"),
        ("", {"parent": "{name: front, sectionName: web}"}, "open"),
        ("", {"parent": "{name: front, sectionName: other}"}, "closed"),
        ("", {"parent": "{name: front, sectionName: $(SECTION)}"}, "possible"),
        ("", {"parent": "{name: front, port: 80}"}, "open"),
        ("", {"parent": "{name: front, port: 443}"}, "closed"),
        ("", {"parent": "{name: $(GATEWAY)}"}, "possible"),
        (", hostname: '*.example.com'", {"spec": ", hostnames: [llm.example.com]"}, "open"),
        (", hostname: '*.example.com'", {"spec": ", hostnames: [llm.other.com]"}, "closed"),
        (", hostname: '*.example.com'", {"spec": ", hostnames: [$(HOST)]"}, "possible"),
        (", hostname: $(HOST)", {"spec": ", hostnames: [llm.other.com]"}, "possible"),
        (", hostname: '*.example.com'", {}, "open"),
        (", allowedRoutes: {kinds: [{kind: GRPCRoute}]}", {}, "closed"),
        (", allowedRoutes: {kinds: [{kind: GRPCRoute}, {kind: HTTPRoute}]}", {}, "open"),
        (", allowedRoutes: {kinds: $(KINDS)}", {}, "possible"),
        (", allowedRoutes: {namespaces: {from: None}}", {}, "closed"),
        (", allowedRoutes: {namespaces: {from: $(FROM)}}", {}, "possible"),
        (", allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {a: b}}}}", {}, "closed"),
        ("", {"kind": "GRPCRoute"}, "open"),
        ("", {"kind": "TCPRoute"}, "closed"),
        ("", {"kind": "UDPRoute"}, "closed"),
    ],
)
def test_a_route_attaches_as_the_listener_lets_it(listener, more, expected):
    graph = graph_of(BASE, CALICO, PLAIN, gateway(listener), route(**more))
    assert state(graph, INTERNET) == expected


@pytest.mark.parametrize(
    ("protocol", "kind", "expected"),
    [
        ("HTTPS", "HTTPRoute", "open"),
        ("TLS", "TLSRoute", "open"),
        ("TLS", "HTTPRoute", "closed"),
        ("TCP", "TCPRoute", "open"),
        ("UDP", "UDPRoute", "open"),
        ("example.com/own", "HTTPRoute", "possible"),
        ("$(PROTOCOL)", "HTTPRoute", "possible"),
    ],
)
def test_the_protocol_says_which_kinds_a_listener_takes(protocol, kind, expected):
    front = gateway().replace("protocol: HTTP", f"protocol: {protocol}")
    assert state(graph_of(BASE, CALICO, PLAIN, front, route(kind=kind)), INTERNET) == expected


@pytest.mark.parametrize(
    ("left", "right", "meet"),
    [
        ("a.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "*.b.example.com", True),
        ("*.a.com", "*.b.com", False),
        ("*", "x.com", True),
    ],
)
def test_host_names_meet(left, right, meet):
    assert hosts_meet(left, right) is meet
    assert hosts_meet(right, left) is meet


SET = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: more, namespace: %s}
spec: {parentRef: {name: front, namespace: inference}, listeners: [{name: own, port: 81, protocol: HTTP}]}
"""
TO_SET = "{name: more, kind: ListenerSet}"


@pytest.mark.parametrize(
    ("allowed", "space", "expected"),
    [
        ("", "inference", "closed"),
        (", allowedListeners: {namespaces: {from: Same}}", "inference", "open"),
        (", allowedListeners: {namespaces: {from: Same}}", "tenant", "closed"),
        (", allowedListeners: {namespaces: {from: All}}", "tenant", "closed"),
        (", allowedListeners: {namespaces: {from: $(FROM)}}", "inference", "possible"),
    ],
)
def test_a_set_of_listeners_hangs_on_the_gateway_that_lets_it(allowed, space, expected):
    graph = graph_of(BASE, CALICO, PLAIN, gateway(spec=allowed), SET % space, route(parent=TO_SET))
    assert state(graph, INTERNET) == ("possible" if space == "tenant" else expected), "a set elsewhere is not this one"
    if space == "tenant":
        named = route(parent="{name: more, kind: ListenerSet, namespace: tenant}")
        assert state(graph_of(BASE, CALICO, PLAIN, gateway(spec=allowed), SET % space, named), INTERNET) == expected


THERE = "{name: vllm, namespace: inference, port: 80}"
GRANT = """
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: grant, namespace: inference}
spec: {from: [%s], to: [%s]}
"""
FROM = "{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: tenant}"
TENANTS = gateway(", allowedRoutes: {namespaces: {from: All}}")


@pytest.mark.parametrize(
    ("came", "goes", "expected"),
    [
        (FROM, "{group: '', kind: Service}", "open"),
        (FROM, "{group: '', kind: Service, name: vllm}", "open"),
        (FROM, "{group: '', kind: Service, name: other}", "closed"),
        (FROM, "{group: '', kind: Service, name: $(NAME)}", "possible"),
        (FROM, "{group: apps, kind: Service}", "closed"),
        (FROM.replace("tenant", "safety"), "{group: '', kind: Service}", "closed"),
        (FROM.replace("tenant", "$(SPACE)"), "{group: '', kind: Service}", "possible"),
        (FROM.replace("HTTPRoute", "TCPRoute"), "{group: '', kind: Service}", "closed"),
        ("$(GRANT)", "{group: '', kind: Service}", "possible"),
    ],
)
def test_a_grant_opens_another_namespace(came, goes, expected):
    to = route(THERE, "{name: front, namespace: inference}", namespace="tenant")
    assert state(graph_of(BASE, CALICO, PLAIN, TENANTS, to), INTERNET) == "closed"
    assert state(graph_of(BASE, CALICO, PLAIN, TENANTS, to, GRANT % (came, goes)), INTERNET) == expected


NONE = "{name: none, port: 80, weight: 0}"
MIRROR = ", filters: [{type: RequestMirror, requestMirror: {backendRef: {name: vllm, port: 80}%s}}]"


@pytest.mark.parametrize(
    ("refs", "rule", "expected"),
    [
        ("{name: vllm, port: 80, weight: 0}", "", "closed"),
        ("{name: vllm, port: 80, weight: 1}", "", "open"),
        ("{name: vllm, port: 80, weight: $(WEIGHT)}", "", "possible"),
        (NONE, MIRROR % "", "open"),
        (NONE, MIRROR % ", percent: 1", "open"),
        (NONE, MIRROR % ", percent: 0", "closed"),
        (NONE, MIRROR % ", percent: $(PERCENT)", "possible"),
        (NONE, MIRROR % ", fraction: {numerator: 0}", "closed"),
        (NONE, ", filters: [{type: ExtensionRef, extensionRef: {group: a.b, kind: Own, name: x}}]", "possible"),
        (NONE, ", filters: [{type: ExtensionRef, extensionRef: {kind: HTTPRouteFilter, name: x}}]", "closed"),
        (NONE, ", filters: [{type: ExtensionRef, extensionRef: $(FILTER)}]", "possible"),
        (NONE, ", filters: $(FILTERS)", "possible"),
        (NONE, ", filters: [{type: URLRewrite, urlRewrite: {hostname: vllm.inference.svc}}]", "closed"),
        (NONE, ", filters: [{type: RequestRedirect, requestRedirect: {hostname: vllm.inference.svc}}]", "closed"),
        ("$(REF)", "", "possible"),
        ("{name: $(NAME), port: 80}", "", "possible"),
        ("{name: vllm, namespace: $(SPACE), port: 80}", "", "possible"),
        ("{kind: Pipe, group: a.b, name: x}", "", "possible"),
        ("{kind: InferencePool, name: unread}", "", "possible"),
        ("{kind: ServiceImport, group: multicluster.x-k8s.io, name: vllm, port: 80}", "", "open"),
        ("{kind: Hostname, group: networking.istio.io, name: vllm.inference.svc.cluster.local, port: 80}", "", "open"),
        ("{kind: Hostname, group: networking.istio.io, name: api.example.com, port: 443}", "", "closed"),
    ],
)
def test_what_a_route_sends_and_copies_to(refs, rule, expected):
    none = service("", selector="{app: none}", name="none")
    assert state(graph_of(BASE, CALICO, PLAIN, none, gateway(), route(refs, rule=rule)), INTERNET) == expected


def test_weight_zero_is_said():
    world = world_of(BASE, CALICO, PLAIN, gateway(), route("{name: vllm, port: 80, weight: 0}"))
    assert any("weight 0" in one for one in world.assumptions)


ENVOY = """
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: {name: up, namespace: inference}
spec: {%s}
"""
UP = "{group: gateway.envoyproxy.io, kind: Backend, name: up}"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("endpoints: [{fqdn: {hostname: vllm.inference.svc.cluster.local, port: 80}}]", "open"),
        ("endpoints: [{fqdn: {hostname: vllm.inference.svc.cluster.local, port: 99}}]", "closed"),
        ("endpoints: [{fqdn: {hostname: unread.inference.svc.cluster.local, port: 80}}]", "possible"),
        ("endpoints: [{fqdn: {hostname: api.example.com, port: 443}}]", "closed"),
        ("endpoints: [{fqdn: {hostname: $(HOST), port: 443}}]", "possible"),
        ("endpoints: [{ip: {address: 10.1.2.3, port: 8000}}]", "possible"),
        ("endpoints: [{ip: {address: 203.0.113.7, port: 8000}}]", "closed"),
        ("endpoints: $(ENDPOINTS)", "possible"),
        ("type: DynamicResolver", "possible"),
        ("tls: {caCertificateRefs: $(CERTIFICATES)}", "closed"),
    ],
)
def test_a_backend_object_leads_to_the_hosts_that_it_names(spec, expected):
    assert state(graph_of(BASE, CALICO, PLAIN, gateway(), route(UP), ENVOY % spec), INTERNET) == expected


def test_a_backend_object_that_is_not_shown_is_possible():
    assert state(graph_of(BASE, CALICO, PLAIN, gateway(), route(UP)), INTERNET) == "possible"


AI = """
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIServiceBackend
metadata: {name: chat, namespace: inference}
spec: {schema: {name: OpenAI}, backendRef: {%s}}
"""


def test_an_ai_route_leads_over_its_backends_to_the_model():
    chat = route("{name: chat}", kind="AIGatewayRoute", group="aigateway.envoyproxy.io/v1alpha1")
    to_backend = AI % "group: gateway.envoyproxy.io, kind: Backend, name: up"
    up = ENVOY % "endpoints: [{fqdn: {hostname: vllm.inference.svc.cluster.local, port: 80}}]"
    assert state(graph_of(BASE, CALICO, PLAIN, gateway(), chat, to_backend, up), INTERNET) == "open"
    assert state(graph_of(BASE, CALICO, PLAIN, gateway(), chat, AI % "name: vllm, port: 80"), INTERNET) == "open"
    outside = ENVOY % "endpoints: [{fqdn: {hostname: api.example.com, port: 443}}]"
    assert state(graph_of(BASE, CALICO, PLAIN, gateway(), chat, to_backend, outside), INTERNET) == "closed"
    assert state(graph_of(BASE, CALICO, PLAIN, gateway(), chat), INTERNET) == "possible"
    old = chat.replace("parentRefs: [{name: front}]", "targetRefs: [{name: front, kind: Gateway}]")
    assert state(graph_of(BASE, CALICO, PLAIN, gateway(), old, AI % "name: vllm, port: 80"), INTERNET) == "open"


AGENT = """
---
apiVersion: agentgateway.dev/v1alpha1
kind: %s
metadata: {name: up, namespace: inference}
spec: {%s}
"""


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("static: {host: vllm.inference.svc.cluster.local, port: 80}", "open"),
        ("ai: {provider: {openai: {model: own}, host: vllm.inference.svc.cluster.local, port: 80}}", "open"),
        (
            "ai: {groups: [{providers: [{name: a, openai: {}, host: vllm.inference.svc.cluster.local, port: 80}]}]}",
            "open",
        ),
        ("ai: {provider: {custom: {backendRef: {name: vllm, port: 80}}}}", "open"),
        ("ai: {provider: {openai: {model: $(MODEL)}}}", "closed"),
        ("ai: {provider: $(PROVIDER)}", "possible"),
        ("dynamicForwardProxy: {}", "possible"),
    ],
)
def test_backends_of_agentgateway(spec, expected):
    up = "{group: agentgateway.dev, kind: AgentgatewayBackend, name: up}"
    graph = graph_of(BASE, CALICO, PLAIN, gateway(), route(up), AGENT % ("AgentgatewayBackend", spec))
    assert state(graph, INTERNET) == expected


def test_a_model_of_agentgateway_is_a_route_of_its_own():
    spec = "parentRefs: [{name: front}], baseURL: 'http://vllm.inference.svc.cluster.local:80/v1'"
    assert state(graph_of(BASE, CALICO, PLAIN, gateway(), AGENT % ("AgentgatewayModel", spec)), INTERNET) == "open"


POOL = """
---
apiVersion: %s
kind: InferencePool
metadata: {name: pool, namespace: inference}
spec: {%s}
"""


@pytest.mark.parametrize(
    ("group", "spec", "expected"),
    [
        ("inference.networking.k8s.io/v1", "selector: {matchLabels: {app: vllm}}, targetPorts: [{number: 80}]", "open"),
        ("inference.networking.x-k8s.io/v1alpha2", "selector: {app: vllm}, targetPortNumber: 8000", "open"),
        ("inference.networking.k8s.io/v1", "selector: {matchLabels: {app: other}}", "closed"),
        ("inference.networking.k8s.io/v1", "selector: $(SELECTOR)", "possible"),
        ("inference.networking.k8s.io/v1", "selector: {matchLabels: {app: $(APP)}}", "possible"),
    ],
)  # fmt: skip
def test_a_pool_of_either_group_selects_pods(group, spec, expected):
    to = route("{group: inference.networking.k8s.io, kind: InferencePool, name: pool}")
    assert state(graph_of(BASE, CALICO, POOL % (group, spec), gateway(), to), INTERNET) == expected


CLASS = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: own}
spec: {controllerName: %s%s}
"""
EG = "gateway.envoyproxy.io/gatewayclass-controller"
TO_PROXY = ", parametersRef: {group: gateway.envoyproxy.io, kind: EnvoyProxy, name: proxy, namespace: envoy}"
PROXY = """
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyProxy
metadata: {name: proxy, namespace: envoy}
spec: {provider: {type: Kubernetes, kubernetes: {envoyService: %s}}}
"""
SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", {INTERNET: "possible"}),
        (CLASS % (EG, ""), {INTERNET: "open", NODES: "open"}),
        (CLASS % ("example.com/own", ""), {INTERNET: "possible"}),
        (CLASS % (EG, TO_PROXY), {INTERNET: "possible"}),
        (CLASS % (EG, TO_PROXY) + PROXY % "{type: ClusterIP}", {}),
        (CLASS % (EG, TO_PROXY) + PROXY % "{type: NodePort}", {NODES: "open"}),
        (CLASS % (EG, TO_PROXY) + PROXY % "{type: $(TYPE)}", {INTERNET: "possible", NODES: "possible"}),
        (CLASS % (EG, TO_PROXY) + PROXY % "$(SERVICE)", {INTERNET: "possible", NODES: "possible"}),
        (
            CLASS % (EG, TO_PROXY) + PROXY % f"{{annotations: {{{SCHEME}: internal}}}}",
            {CLOUD: "open", NODES: "open"},
        ),
        (
            CLASS % (EG, TO_PROXY) + PROXY % "{loadBalancerSourceRanges: [198.51.100.0/24]}",
            {"external/198.51.100.0/24": "open", NODES: "open"},
        ),
        (CLASS % ("gateway.k8s.aws/alb", ""), {CLOUD: "open"}),
        (CLASS % ("gateway.k8s.aws/alb", ", parametersRef: {kind: LoadBalancerConfiguration, name: x}"),
         {INTERNET: "possible"}),
        (CLASS % ("application-networking.k8s.aws/gateway-api-controller", ""), {CLOUD: "possible"}),
    ],
)  # fmt: skip
def test_the_class_of_a_gateway_says_where_its_proxies_listen(more, expected):
    graph = graph_of(BASE, CALICO, PLAIN, gateway(kind="own"), route(), more)
    outside = [node.address for node in graph.nodes.values() if node.address.startswith("external/")]
    assert {one: said for one in outside if (said := state(graph, one)) != "closed"} == expected


@pytest.mark.parametrize(
    ("kind", "notes", "expected"),
    [
        ("istio", "networking.istio.io/service-type: ClusterIP", "closed"),
        ("istio", "networking.istio.io/service-type: $(TYPE)", "possible"),
        ("other", "networking.istio.io/service-type: ClusterIP", "possible"),
        ("istio-waypoint", "", "closed"),
        ("gke-l7-rilb", "", "closed"),
        ("$(CLASS)", "", "possible"),
    ],
)
def test_classes_that_face_no_internet(kind, notes, expected):
    assert state(graph_of(BASE, CALICO, PLAIN, gateway(kind=kind, notes=notes), route()), INTERNET) == expected


def test_a_service_that_somebody_writes_before_the_proxies_counts():
    own = service(", type: LoadBalancer", selector="{gateway.networking.k8s.io/gateway-name: %s}", name="own")
    inner = gateway(kind="istio", notes="networking.istio.io/service-type: ClusterIP")
    for name, expected in (("front", "open"), ("other", "closed"), ("$(NAME)", "possible")):
        assert state(graph_of(BASE, CALICO, PLAIN, inner, route(), own % name), INTERNET) == expected


def test_odd_objects_never_crash():
    head = "---\napiVersion: {}\nkind: {}\nmetadata: {{name: up, namespace: inference}}\nspec: {}\n"
    for version, kind, spec in (
        ("gateway.envoyproxy.io/v1alpha1", "Backend", "{endpoints: [3, {fqdn: [], ip: text}], type: []}"),
        ("gateway.envoyproxy.io/v1alpha1", "Backend", "[3]"),
        ("gateway.networking.k8s.io/v1", "ListenerSet", "{parentRef: 3, listeners: text}"),
        ("gateway.networking.k8s.io/v1", "GatewayClass", "{controllerName: 3, parametersRef: text}"),
        ("aigateway.envoyproxy.io/v1alpha1", "AIGatewayRoute", "{rules: [3], parentRefs: [[]]}"),
        ("inference.networking.k8s.io/v1", "InferencePool", "{selector: 3, targetPorts: text}"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute", "{rules: [{filters: [3, {requestMirror: 3, extensionRef: 1}]}]}"),
    ):  # fmt: skip
        odd = head.format(version, kind, spec)
        assert state(graph_of(BASE, CALICO, PLAIN, gateway(), route(UP), odd), "tenant/Deployment/bot") == "open"


def guards(*texts: str) -> list[tuple[str, object, object]]:
    """(backend, model, guarded) of every way of every route."""
    world = holed_world(*texts, models=(MODEL, "inference/NIMService/nim") if "NIMService" in texts[-1] else (MODEL,))
    build_gateway_routes(world)

    def shown(value: object) -> object:
        return "unknown" if isinstance(value, Unknown) else value

    facts = [fact for _, fact in world.freeze().facts(GatewayRoute)]
    return sorted(((fact.backend, shown(fact.model), shown(fact.guarded)) for fact in facts), key=str)


NIM_BEHIND_A_GATEWAY = """
---
apiVersion: apps.nvidia.com/v1alpha1
kind: NIMService
metadata: {name: nim, namespace: inference}
spec:
  image: {repository: nvcr.io/nim/x, tag: "1"}
  expose: {router: {gateway: {name: front, namespace: inference}}}
"""
TWO = PLAIN.replace("[{port: 80, targetPort: 8000}]", "[{name: a, port: 80, targetPort: 8000}, {name: b, port: 81}]")
SERVED = "inference/Service/vllm"
REGEX = "{request: [{regex: {}}]}"
AWAY = route(THERE, namespace="tenant")


@pytest.mark.parametrize(
    ("plain", "made", "expected"),
    [
        (PLAIN, route(), [(SERVED, True, False)]),
        (TWO, route(), [(SERVED, True, False)]),
        (TWO, route("{name: vllm, port: 99}"), []),
        (PLAIN, route("{name: vllm, port: 80, weight: 0}"), []),
        (PLAIN, route("{name: vllm, port: 80, weight: $(WEIGHT)}"), [(SERVED, "unknown", False)]),
        (PLAIN, route(NONE, rule=MIRROR % ", percent: 0"), []),
        (PLAIN, route(NONE, rule=MIRROR % ""), [(SERVED, True, False)]),
        (PLAIN, route("{name: unread, port: 80}"), [("inference/Service/unread", "unknown", False)]),
        (PLAIN, route("{kind: Pipe, group: a.b, name: x}"), [("inference/Pipe/x", "unknown", False)]),
        (PLAIN, route(THERE, namespace="tenant"), []),
        (PLAIN, AWAY + GRANT % (FROM, "{group: '', kind: Service}"), [(SERVED, True, False)]),
        (
            PLAIN,
            route(THERE, namespace="tenant") + GRANT % (FROM, "{group: '', kind: $(KIND)}"),
            [(SERVED, "unknown", False)],
        ),
        (PLAIN, route(UP) + ENVOY % "endpoints: [{fqdn: {hostname: vllm.inference.svc, port: 80}}]",
         [("inference/Backend/up", True, False)]),
        ("", AGENT % ("AgentgatewayModel", "parentRefs: [{name: front}], bedrock: {}"),
         [("inference/AgentgatewayModel/up", True, False)]),
        ("", AGENT % ("AgentgatewayModel", f"parentRefs: [], policies: {{promptGuard: {REGEX}}}"),
         [("inference/AgentgatewayModel/up", True, True)]),
        ("", AGENT % ("AgentgatewayModel", "parentRefs: [{name: front}], policies: {promptGuard: {request: []}}"),
         [("inference/AgentgatewayModel/up", True, False)]),
        ("", AGENT % ("AgentgatewayModel", "parentRefs: [{name: front}], policies: {promptGuard: {request: $(A)}}"),
         [("inference/AgentgatewayModel/up", True, "unknown")]),
        (PLAIN, route().replace("rules: [{backendRefs: [{name: vllm, port: 80}]}]", "rules: $(RULES)"),
         [("*", "unknown", "unknown")]),
        (PLAIN, route(NONE, rule=", filters: $(FILTERS)"), [("*", "unknown", "unknown")]),
        ("", NIM_BEHIND_A_GATEWAY, [("inference/Service/nim", True, False)]),
    ],
)  # fmt: skip
def test_each_way_of_a_route_is_known_for_what_it_leads_to(plain, made, expected):
    assert guards(BASE, CALICO, plain, gateway(", allowedRoutes: {namespaces: {from: All}}"), made) == expected
