"""Serving platforms: the Services, routes and labels that their operators make, as ways in and as what policies see."""

from __future__ import annotations

import pytest

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.recognise.build import build_roles
from scanner.graph.facts import ModelReference
from scanner.profile import Profile
from tests.builders.k8s_unknown import holed_graph
from tests.builders.k8s_world import BASE, CALICO, TENANT, policy, resources_of, state, ways

INTERNET, NODES = "external/internet", "external/node-network"
INNER = "networking.gke.io/load-balancer-type: Internal"


def model(version: str, kind: str, spec: str, more: str = "", notes: str = "", labels: str = "") -> str:
    body = f"spec: {spec}" if spec else ""
    return (
        f"---\napiVersion: {version}\nkind: {kind}\n"
        f"metadata: {{name: m, namespace: inference, annotations: {{{notes}}}, labels: {{{labels}}}}}\n{body}\n{more}\n"
    )


KSERVE = "{predictor: {model: {modelFormat: {name: huggingface}, storageUri: 's3://a/b'}}}"
RAY = (
    "{rayClusterConfig: {headGroupSpec: {template: {spec: {containers: [{name: h, image: rayproject/ray-llm}]}}},"
    " workerGroupSpecs: [{groupName: gpu, template: {metadata: {labels: {tier: x}}, spec: {containers: [{name: w,"
    " image: rayproject/ray-llm}]}}}]}}"
)
CLUSTER = RAY.replace("{rayClusterConfig: ", "", 1)[:-1]
IMAGE = "image: {repository: nvcr.io/nim/x, tag: '1'}"
NIM = "{" + IMAGE + "%s}"
POD = "spec: {containers: [{name: c, image: vllm/vllm-openai}]}"
LWS = f"{{leaderWorkerTemplate: {{workerTemplate: {{{POD}}}}}}}"
KINDS = {
    "kserve": ("InferenceService", model("serving.kserve.io/v1beta1", "InferenceService", KSERVE)),
    "llm": ("LLMInferenceService", model("serving.kserve.io/v1alpha1", "LLMInferenceService", "{model: {uri: 'hf://a/b'}}")),
    "rayservice": ("RayService", model("ray.io/v1", "RayService", RAY)),
    "raycluster": ("RayCluster", model("ray.io/v1", "RayCluster", CLUSTER)),
    "nim": ("NIMService", model("apps.nvidia.com/v1alpha1", "NIMService", NIM % "")),
    "knative": ("Service", model("serving.knative.dev/v1", "Service", f"{{template: {{{POD}}}}}")),
    "kaito": ("Workspace", model("kaito.sh/v1beta1", "Workspace", "", "inference: {preset: {name: phi}}")),
    "lws": (
        "LeaderWorkerSet",
        model("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", LWS),
    ),
    "vllm": (
        "VLLMRuntime",
        model("production-stack.vllm.ai/v1alpha1", "VLLMRuntime", "{model: {modelURL: a/b}}", labels="team: t"),
    ),
    "seldon": (
        "SeldonDeployment",
        model("machinelearning.seldon.io/v1", "SeldonDeployment", "{predictors: [{name: main}]}"),
    ),
    "ome": ("InferenceService", model("ome.io/v1beta1", "InferenceService", "{model: {name: a}}")),
    "ollama": ("Model", model("ollama.ayaka.io/v1", "Model", "{image: phi}")),
    "kubeai": ("Model", model("kubeai.org/v1", "Model", "{url: 'hf://a/b'}")),
}  # fmt: skip


def graph_of(kind: str, *more: str, text: str = ""):
    name, written = KINDS[kind]
    return holed_graph(BASE, CALICO, text or written, *more, models=(f"inference/{name}/m",))


def changed(kind: str, after: str, more: str) -> str:
    """The object of a kind with something written after one of its words."""
    text = KINDS[kind][1]
    assert after in text
    return text.replace(after, after + more)


def found(graph, kind: str, who: str) -> str:
    return state(graph, who, f"inference/{KINDS[kind][0]}/m")


def out_of(graph, relay: str) -> str:
    """The surest way from the internet to the model by way of one relay."""
    every = [way for way in ways(graph, INTERNET, "inference/InferenceService/m") if relay in way[0].target]
    if any(all(edge.state == "open" for edge in way) for way in every):
        return "open"
    return "possible" if every else "closed"


INGRESS = """
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front, namespace: inference, annotations: {alb.ingress.kubernetes.io/scheme: internet-facing}}
spec: {rules: [{http: {paths: [{path: /, backend: {service: {name: %s, port: {number: %s}}}}]}}]}
"""


@pytest.mark.parametrize(
    ("kind", "service", "port", "expected"),
    [
        ("kserve", "m-predictor", 80, "open"),
        ("kserve", "m", 80, "open"),
        ("kserve", "m-predictor", 9999, "possible"),
        ("kserve", "m-transformer", 80, "possible"),
        ("llm", "m-kserve-workload-svc", 8000, "open"),
        ("rayservice", "m-serve-svc", 8000, "open"),
        ("rayservice", "m-head-svc", 8265, "open"),
        ("raycluster", "m-head-svc", 10001, "open"),
        ("nim", "m", 8000, "open"),
        ("knative", "m", 80, "open"),
        ("kaito", "m", 80, "open"),
        ("kaito", "m", 8265, "open"),
        ("lws", "m", 8000, "possible"),
        ("vllm", "m", 80, "open"),
        ("seldon", "m-main", 8000, "open"),
        ("ome", "m-engine", 80, "open"),
        ("ollama", "ollama-model-m", 11434, "open"),
    ],
)
def test_a_route_to_a_service_that_an_operator_makes_leads_to_the_model(kind, service, port, expected):
    assert found(graph_of(kind, INGRESS % (service, port)), kind, INTERNET) == expected


def test_a_service_that_the_inputs_show_stands_for_the_operators():
    own = "---\napiVersion: v1\nkind: Service\nmetadata: {name: m-predictor, namespace: inference}\n"
    own += "spec: {selector: {app: other}, ports: [{port: 80}]}\n"
    standard = changed("kserve", "annotations: {", "serving.kserve.io/deploymentMode: Standard")
    assert found(graph_of("kserve", INGRESS % ("m-predictor", 80), text=standard), "kserve", INTERNET) == "open"
    assert out_of(graph_of("kserve", own, INGRESS % ("m-predictor", 80), text=standard), "Ingress/front") == "closed"
    assert out_of(graph_of("kserve", own, INGRESS % ("m-predictor", 80)), "Ingress/front") == "possible", (
        "which `app` its pods have is not known"
    )


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("kserve", "serving.kserve.io/inferenceservice: m"),
        ("llm", "app.kubernetes.io/name: m"),
        ("rayservice", "ray.io/is-ray-node: 'yes'"),
        ("raycluster", "ray.io/cluster: m"),
        ("nim", "app: m"),
        ("knative", "serving.knative.dev/service: m"),
        ("kaito", "kaito.sh/workspace: m"),
        ("lws", "leaderworkerset.sigs.k8s.io/name: m"),
        ("vllm", "app: m, team: t"),
        ("kubeai", "model: m"),
    ],
)
def test_the_labels_of_an_operator_are_what_policies_select(kind, label):
    assert found(graph_of(kind), kind, TENANT) == "open"
    closed = policy(f"  podSelector: {{matchLabels: {{{label}}}}}\n  ingress: []")
    assert found(graph_of(kind, closed), kind, TENANT) == "closed"
    assert found(graph_of(kind, closed), kind, INTERNET) == "closed", "no gateway is let in either"
    other = policy("  podSelector: {matchLabels: {serving.kserve.io/inferenceservice: x, kaito.sh/workspace: x}}")
    if kind in ("kserve", "kaito"):
        assert found(graph_of(kind, other), kind, TENANT) == "open", "a policy for other pods closes nothing"


def test_a_label_that_an_operator_may_add_leaves_it_open_whether_a_policy_holds():
    unsure = policy("  podSelector: {matchLabels: {own: label}}\n  ingress: []")
    for kind in ("kserve", "rayservice", "nim", "kaito"):
        assert found(graph_of(kind, unsure), kind, TENANT) == "possible", kind


@pytest.mark.parametrize(
    ("kind", "text", "who", "expected"),
    [
        ("kserve", KINDS["kserve"][1], INTERNET, "possible"),
        (
            "kserve",
            changed("kserve", "labels: {", "networking.kserve.io/visibility: cluster-local"),
            INTERNET,
            "closed",
        ),
        (
            "kserve",
            changed("kserve", "labels: {", "networking.kserve.io/visibility: $(SEEN)"),
            INTERNET,
            "possible",
        ),
        ("knative", KINDS["knative"][1], INTERNET, "possible"),
        (
            "knative",
            changed("knative", "labels: {", "networking.knative.dev/visibility: cluster-local"),
            INTERNET,
            "closed",
        ),
        ("kaito", KINDS["kaito"][1], INTERNET, "closed"),
        ("kaito", changed("kaito", "annotations: {", "kaito.sh/enablelb: 'True'"), INTERNET, "open"),
        ("kaito", changed("kaito", "annotations: {", "kaito.sh/enablelb: $(LB)"), INTERNET, "possible"),
        ("rayservice", KINDS["rayservice"][1], INTERNET, "closed"),
        ("rayservice", changed("rayservice", "headGroupSpec: {", "serviceType: LoadBalancer, "), INTERNET, "open"),
        ("rayservice", changed("rayservice", "headGroupSpec: {", "serviceType: $(TYPE), "), INTERNET, "possible"),
        ("rayservice", changed("rayservice", "\nspec: {", "serveService: {spec: {type: NodePort}}, "), NODES, "open"),
        ("raycluster", changed("raycluster", "headGroupSpec: {", "enableIngress: true, "), INTERNET, "possible"),
        ("raycluster", changed("raycluster", "headGroupSpec: {", "enableIngress: $(ON), "), INTERNET, "possible"),
        ("raycluster", KINDS["raycluster"][1], INTERNET, "closed"),
        ("seldon", KINDS["seldon"][1], INTERNET, "possible"),
        ("kubeai", KINDS["kubeai"][1], INTERNET, "closed"),
        ("kubeai", KINDS["kubeai"][1], TENANT, "open"),
    ],
)  # fmt: skip
def test_what_a_platform_opens_of_its_own_accord(kind, text, who, expected):
    assert found(graph_of(kind, text=text), kind, who) == expected


@pytest.mark.parametrize(
    ("expose", "who", "expected"),
    [
        ("{service: {type: ClusterIP}}", INTERNET, "closed"),
        ("{service: {type: LoadBalancer}}", INTERNET, "open"),
        ("{service: {type: NodePort}}", NODES, "open"),
        ("{service: {type: $(TYPE)}}", INTERNET, "possible"),
        ("$(EXPOSE)", INTERNET, "possible"),
        (f"{{service: {{type: LoadBalancer, annotations: {{{INNER}}}}}}}", INTERNET, "closed"),
        ("{ingress: {enabled: true, spec: {ingressClassName: gce}}}", INTERNET, "open"),
        ("{ingress: {enabled: $(ON), spec: {ingressClassName: gce}}}", INTERNET, "possible"),
        ("{ingress: {enabled: false, spec: {ingressClassName: gce}}}", INTERNET, "closed"),
        ("{router: {ingress: {ingressClass: gce}}}", INTERNET, "open"),
        ("{router: {gateway: {name: front, namespace: inference}}}", INTERNET, "open"),
        ("{router: {gateway: {name: front, namespace: inference, httpRoutesEnabled: false}}}", INTERNET, "closed"),
        ("{router: $(ROUTER)}", INTERNET, "possible"),
    ],
)  # fmt: skip
def test_a_nim_service_is_exposed_as_it_says(expose, who, expected):
    front = (
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: front, namespace: inference}\n"
        "spec: {gatewayClassName: gke-l7-gxlb, listeners: [{name: a, port: 80, protocol: HTTP}]}\n"
    )
    text = model("apps.nvidia.com/v1alpha1", "NIMService", NIM % f", expose: {expose}")
    assert found(graph_of("nim", front, text=text), "nim", who) == expected


def test_the_services_of_a_pipeline_are_exposed_each():
    one = "{name: chat, enabled: %s, spec: {" + IMAGE + ", expose: {service: {type: LoadBalancer}}}}"
    for enabled, expected in (("true", "open"), ("false", "closed")):
        text = model("apps.nvidia.com/v1alpha1", "NIMPipeline", f"{{services: [{one % enabled}]}}")
        graph = holed_graph(BASE, CALICO, text, models=("inference/NIMPipeline/m",))
        assert state(graph, INTERNET, "inference/NIMPipeline/m") == expected


ROUTER = "{model: {uri: 'hf://a/b'}, router: %s}"
GATEWAY = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: front, namespace: inference}
spec: {gatewayClassName: gke-l7-gxlb, listeners: [{name: a, port: 80, protocol: HTTP}]}
"""


@pytest.mark.parametrize(
    ("router", "expected"),
    [
        ("{}", "closed"),
        ("$(ROUTER)", "possible"),
        ("{route: {}}", "possible"),
        ("{route: {}, gateway: {refs: [{name: front, namespace: inference}]}}", "open"),
        ("{route: {http: {spec: {parentRefs: [{name: front}]}}}}", "open"),
        ("{route: {http: {refs: [{name: own}]}}}", "possible"),
    ],
)
def test_the_router_of_an_llm_service_is_a_route_on_its_gateway(router, expected):
    text = model("serving.kserve.io/v1alpha1", "LLMInferenceService", ROUTER % router)
    assert found(graph_of("llm", GATEWAY, text=text), "llm", INTERNET) == expected


def test_a_base_configuration_may_make_a_route():
    text = model(
        "serving.kserve.io/v1alpha1", "LLMInferenceService", "{model: {uri: 'hf://a/b'}, baseRefs: [{name: x}]}"
    )
    assert found(graph_of("llm", text=text), "llm", INTERNET) == "possible"


def test_the_pool_of_an_llm_service_is_a_pool():
    text = model("serving.kserve.io/v1alpha1", "LLMInferenceService", ROUTER % "{scheduler: {}}")
    route = (
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: inference}\n"
        "spec: {parentRefs: [{name: front}], rules: [{backendRefs: [{kind: InferencePool, name: m-inference-pool}]}]}\n"
    )
    assert found(graph_of("llm", GATEWAY, route, text=text), "llm", INTERNET) == "open"


def test_a_graph_of_kserve_is_a_caller_and_no_relay():
    graph = model(
        "serving.kserve.io/v1alpha1", "InferenceGraph", "{nodes: {root: {steps: [{serviceName: m}]}}}"
    ).replace("name: m,", "name: g,")
    assert found(graph_of("kserve", graph), "kserve", "inference/InferenceGraph/g") == "open"
    only = policy(
        "  podSelector: {matchLabels: {serving.kserve.io/inferenceservice: m}}\n"
        "  ingress: [{from: [{podSelector: {matchLabels: {serving.kserve.io/inferencegraph: g}}}]}]"
    )
    assert found(graph_of("kserve", graph, only), "kserve", "inference/InferenceGraph/g") == "open"
    assert found(graph_of("kserve", graph, only), "kserve", TENANT) == "closed"


OPENSHIFT = """
---
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: r, namespace: inference, annotations: {%s}}
spec: {to: {kind: Service, name: other%s}, alternateBackends: [{kind: Service, name: vllm%s}]}
"""
VLLM = "---\napiVersion: v1\nkind: Service\nmetadata: {name: %s, namespace: inference}\n"
VLLM += "spec: {selector: {app: %s}, ports: [{port: 80, targetPort: 8000}]}\n"
BOTH = VLLM % ("vllm", "vllm") + VLLM % ("other", "other")


@pytest.mark.parametrize(
    ("first", "weight", "expected"),
    [
        ("", "", "possible"),
        (", weight: 100", ", weight: 0", "closed"),
        (", weight: 0", ", weight: 1", "possible"),
        ("", ", weight: $(WEIGHT)", "possible"),
    ],
)
def test_the_alternate_backends_of_a_route_are_ways(first, weight, expected):
    graph = holed_graph(BASE, CALICO, BOTH, OPENSHIFT % ("", first, weight))
    assert state(graph, INTERNET) == expected


def test_the_ranges_of_a_route_are_its_callers():
    graph = holed_graph(
        BASE, CALICO, BOTH, OPENSHIFT % ("haproxy.router.openshift.io/ip_allowlist: 198.51.100.0/24 10.0.0.1", "", "")
    )
    assert (state(graph, INTERNET), state(graph, "external/198.51.100.0/24")) == ("closed", "possible")
    graph = holed_graph(BASE, CALICO, BOTH, OPENSHIFT % ("haproxy.router.openshift.io/ip_allowlist: $(RANGES)", "", ""))
    assert state(graph, INTERNET) == "possible"


def test_bindings_mappings_and_labels_are_possible_ways():
    bound = "---\napiVersion: elbv2.k8s.aws/v1beta1\nkind: TargetGroupBinding\n"
    bound += (
        "metadata: {name: b, namespace: inference}\nspec: {targetGroupARN: arn, serviceRef: {name: vllm, port: 80}}\n"
    )
    assert state(holed_graph(BASE, CALICO, BOTH, bound), INTERNET) == "possible"
    assert state(holed_graph(BASE, CALICO, BOTH, bound.replace("name: vllm", "name: other")), INTERNET) == "closed"
    mapped = "---\napiVersion: serving.knative.dev/v1beta1\nkind: DomainMapping\n"
    mapped += "metadata: {name: a.example, namespace: inference}\nspec: {ref: {kind: Service, name: m}}\n"
    local = changed("knative", "labels: {", "networking.knative.dev/visibility: cluster-local")
    assert found(graph_of("knative", mapped, text=local), "knative", INTERNET) == "possible"
    named = BASE.replace("metadata: {name: vllm,", "metadata: {labels: {model.aibrix.ai/name: chat}, name: vllm,")
    assert state(holed_graph(named, CALICO), INTERNET) == "possible"
    assert state(holed_graph(BASE, CALICO), INTERNET) == "closed"


def test_odd_platform_objects_never_crash():
    for version, kind, spec in (
        ("ray.io/v1", "RayService", "{rayClusterConfig: text, serveService: [3]}"),
        ("ray.io/v1", "RayCluster", "{headGroupSpec: {headService: 3, enableIngress: text, template: []}}"),
        ("apps.nvidia.com/v1alpha1", "NIMService", "{expose: {service: 3, router: [1], ingress: text}, labels: 3}"),
        ("apps.nvidia.com/v1alpha1", "NIMPipeline", "{services: [3, {name: []}, {name: a, spec: 4}]}"),
        ("serving.kserve.io/v1alpha1", "LLMInferenceService", "{router: {route: {http: {spec: 3}}, gateway: 3}}"),
        ("serving.kserve.io/v1beta1", "InferenceService", "[3]"),
        ("machinelearning.seldon.io/v1", "SeldonDeployment", "{predictors: [3, {name: []}]}"),
        ("kaito.sh/v1beta1", "Workspace", "3"),
    ):
        graph = holed_graph(BASE, CALICO, model(version, kind, spec), models=(f"inference/{kind}/m",))
        assert state(graph, TENANT, f"inference/{kind}/m") in ("open", "possible")


def test_a_proxy_of_a_platform_passes_on_where_policies_let_it_in():
    some = policy(
        "  podSelector: {matchLabels: {model: m}}\n  ingress: [{from: [{namespaceSelector: {matchLabels:"
        " {kubernetes.io/metadata.name: kubeai}}}]}]"
    )
    assert found(graph_of("kubeai", some), "kubeai", TENANT) == "possible"


def test_the_image_of_an_ollama_model_is_the_model():
    world = World(Inventory(resources_of(KINDS["ollama"][1])), Profile())
    build_roles(world)
    (fact,) = [one for one in world.nodes["k8s:inference/Model/m"].facts if isinstance(one, ModelReference)]
    assert fact.reference == "ollama:phi"
