"""Ingress: classes, parameters, groups, ranges, actions, snippets, mirrors and canaries; and the controller's pods."""

from __future__ import annotations

import pytest

from tests.builders.k8s_unknown import holed_graph as graph_of
from tests.builders.k8s_world import BASE, CALICO, ONLY_GATEWAY, policy, reasons, state, ways, world_of
from tests.builders.test_k8s_network_exposure import ALB_CLASS, service

INTERNET, CLOUD = "external/internet", "external/vpc"
PLAIN = service("")
OTHER = service("", selector="{app: other}", name="other")


def ingress(notes: str = "", spec: str = "", backend: str = "{service: {name: vllm, port: {number: 80}}}") -> str:
    return f"""
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: front, namespace: inference, annotations: {{{notes}}}}}
spec:
  {spec}
  rules: [{{host: llm.example, http: {{paths: [{{path: /, backend: {backend}}}]}}}}]
"""


ALB = "alb.ingress.kubernetes.io/"
FACING = f"{ALB}scheme: internet-facing"
PARAMETERS = """
---
apiVersion: elbv2.k8s.aws/v1beta1
kind: IngressClassParams
metadata: {name: public}
spec: {%s}
"""
WITH_PARAMETERS = ALB_CLASS % ", parameters: {apiGroup: elbv2.k8s.aws, kind: IngressClassParams, name: public}"


@pytest.mark.parametrize(
    ("notes", "more", "internet", "cloud"),
    [
        ("", ALB_CLASS % "", "closed", "open"),
        ("", "", "possible", "open"),
        ("", WITH_PARAMETERS + PARAMETERS % "scheme: internet-facing", "open", "closed"),
        ("", WITH_PARAMETERS + PARAMETERS % "", "closed", "open"),
        ("", WITH_PARAMETERS, "possible", "open"),
        (f"{ALB}scheme: internal", WITH_PARAMETERS + PARAMETERS % "scheme: internet-facing", "open", "closed"),
        (f"{ALB}scheme: internal", ALB_CLASS % "", "closed", "open"),
        (f"{ALB}scheme: $(SCHEME)", ALB_CLASS % "", "possible", "closed"),
        (f"{ALB}security-groups: sg-1, {FACING}", ALB_CLASS % "", "possible", "closed"),
    ],
)
def test_the_class_and_the_annotations_say_whom_the_balancer_faces(notes, more, internet, cloud):
    graph = graph_of(BASE, CALICO, PLAIN, ingress(notes, "ingressClassName: alb"), more)
    assert (state(graph, INTERNET), state(graph, CLOUD)) == (internet, cloud)


def test_one_ingress_of_a_group_speaks_for_all():
    group = f"{ALB}group.name: shared"
    member = ingress(f"{group}, {FACING}", "ingressClassName: alb", "{service: {name: other, port: {number: 80}}}")
    member = member.replace("name: front", "name: second")
    graph = graph_of(BASE, CALICO, PLAIN, OTHER, ALB_CLASS % "", ingress(group, "ingressClassName: alb"), member)
    assert state(graph, INTERNET) == "open"


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ("198.51.100.0/24", {"external/198.51.100.0/24": "open"}),
        ("'198.51.100.0/24, 0.0.0.0/0'", {"external/198.51.100.0/24": "open", INTERNET: "open"}),
        ("$(RANGES)", {INTERNET: "possible"}),
        ("nonsense", {INTERNET: "possible"}),
    ],
)
def test_inbound_ranges_are_the_callers(ranges, expected):
    graph = graph_of(BASE, CALICO, PLAIN, ingress(f"{FACING}, {ALB}inbound-cidrs: {ranges}"))
    outside = [node.address for node in graph.nodes.values() if node.address.startswith("external/")]
    assert {one: said for one in outside if (said := state(graph, one)) != "closed"} == expected


ACTION = "{service: {name: go, port: {name: use-annotation}}}"


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ('{"type": "forward", "forwardConfig": {"targetGroups": [{"serviceName": "vllm", "servicePort": "80"}]}}', "open"),  # noqa: E501
        ('{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"ServiceName": "vllm", "ServicePort": 80}]}}', "open"),  # noqa: E501
        ('{"type": "forward", "forwardConfig": {"targetGroups": [{"serviceName": "vllm", "weight": 0}]}}', "closed"),
        ('{"type": "forward", "targetGroupARN": "arn:one"}', "open"),
        ('{"type": "forward", "targetGroupARN": "arn:two"}', "closed"),
        ('{"type": "fixed-response"}', "closed"),
        ('{"type": "redirect"}', "closed"),
        ("not json", "possible"),
        ("$(ACTION)", "possible"),
        ("[1]", "possible"),
    ],
)  # fmt: skip
def test_an_action_forwards_where_it_says(action, expected):
    bound = (
        "---\napiVersion: elbv2.k8s.aws/v1beta1\nkind: TargetGroupBinding\nmetadata: {name: b, namespace: inference}\n"
        "spec: {targetGroupARN: 'arn:one', serviceRef: {name: vllm, port: 80}}\n"
    )
    graph = graph_of(BASE, CALICO, PLAIN, bound, ingress(f"{FACING}, {ALB}actions.go: '{action}'", "", ACTION))
    assert _through(graph, "Ingress/front") == expected


def _through(graph, relay: str) -> str:
    """The surest way from the internet by way of one relay."""
    found = [way for way in ways(graph, INTERNET) if way[0].target == f"k8s:inference/{relay}"]
    if any(all(edge.state == "open" for edge in way) for way in found):
        return "open"
    return "possible" if found else "closed"


def test_an_action_that_is_not_there_is_possible():
    assert state(graph_of(BASE, CALICO, PLAIN, ingress(FACING, "", ACTION)), INTERNET) == "possible"


NGINX = "nginx.ingress.kubernetes.io/"
ELSEWHERE = "{service: {name: other, port: {number: 80}}}"


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ("", "closed"),
        (f"{NGINX}mirror-target: 'http://vllm.inference.svc.cluster.local/x'", "open"),
        (f"{NGINX}mirror-target: 'https://audit.example/$request_uri'", "closed"),
        (f"{NGINX}mirror-target: $(MIRROR)", "possible"),
        (f"{NGINX}default-backend: vllm", "open"),
        (f"{NGINX}default-backend: unread", "possible"),
        (f"{NGINX}configuration-snippet: 'more_set_headers \"a: b\";'", "closed"),
        (f"{NGINX}configuration-snippet: 'proxy_pass http://vllm.inference.svc:80;'", "open"),
        (f"{NGINX}server-snippet: 'location /x {{ proxy_pass http://$target; }}'", "possible"),
        (f"{NGINX}server-snippet: 'include /etc/own.conf;'", "possible"),
        (f"{NGINX}server-snippet: $(SNIPPET)", "possible"),
        (f"{NGINX}configuration-snippet: 'set $proxy_upstream_name \"inference-vllm-80\";'", "possible"),
        ("nginx.org/location-snippets: 'proxy_pass http://vllm.inference.svc:80;'", "open"),
        ("nginx.org/server-snippets: $(SNIPPET)", "possible"),
        ("haproxy.org/backend-config-snippet: 'server own vllm.inference.svc:80'", "possible"),
        ("$(KEY): a", "closed"),
    ],
)
def test_annotations_that_route_or_mirror_are_ways(notes, expected):
    found = f"{FACING}, {notes}" if notes else FACING
    graph = graph_of(BASE, CALICO, PLAIN, OTHER, ingress(found, "", ELSEWHERE))
    assert state(graph, INTERNET) == expected


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        (f"{NGINX}canary: 'true', {NGINX}canary-weight: '20'", "open"),
        (f"{NGINX}canary: 'true', {NGINX}canary-weight: '0'", "closed"),
        (f"{NGINX}canary: 'true', {NGINX}canary-weight: '0', {NGINX}canary-by-header: x", "open"),
        (f"{NGINX}canary: 'true', {NGINX}canary-weight: $(WEIGHT)", "possible"),
        (f"{NGINX}canary: 'false', {NGINX}canary-weight: '0'", "open"),
    ],
)
def test_a_canary_is_a_way_unless_it_gets_nothing(notes, expected):
    assert state(graph_of(BASE, CALICO, PLAIN, ingress(f"{FACING}, {notes}")), INTERNET) == expected


def test_a_canary_of_weight_zero_is_said():
    notes = f"{NGINX}canary: 'true', {NGINX}canary-weight: '0'"
    world = world_of(BASE, CALICO, PLAIN, ingress(notes))
    assert any("weight 0" in one for one in world.assumptions)


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("{resource: {apiGroup: k8s.example.com, kind: StorageBucket, name: files}}", "closed"),
        ("{resource: {apiGroup: k8s.example.com, kind: Pipe, name: vllm}}", "possible"),
        ("{resource: $(RESOURCE)}", "possible"),
        ("$(BACKEND)", "possible"),
        ("{service: {name: $(NAME), port: {number: 80}}}", "possible"),
        ("{service: {name: vllm, port: {number: $(PORT)}}}", "possible"),
    ],
)
def test_backends_that_are_no_plain_services(backend, expected):
    assert state(graph_of(BASE, CALICO, PLAIN, ingress(FACING, "", backend)), INTERNET) == expected


def test_the_default_backend_is_a_way():
    spec = "defaultBackend: {service: {name: vllm, port: {number: 80}}}"
    assert state(graph_of(BASE, CALICO, PLAIN, OTHER, ingress(FACING, spec, ELSEWHERE)), INTERNET) == "open"


CONTROLLER = """
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx%s}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: v1
kind: Namespace
metadata: {name: ingress-nginx}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: controller, namespace: ingress-nginx}
spec:
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec: {containers: [{name: controller, image: "registry.k8s.io/ingress-nginx/controller:v1.11.2"}]}
---
apiVersion: v1
kind: Service
metadata: {name: controller, namespace: ingress-nginx}
spec: {type: %s, selector: {app: nginx}, ports: [{port: 443}]}
"""
CLASS = "ingressClassName: nginx"
LETS_IN = policy(
    "  podSelector: {matchLabels: {app: vllm}}\n  ingress: [{from: [{namespaceSelector: "
    "{matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}}]}]"
)


def test_the_controller_in_the_inputs_says_who_calls_and_who_is_let_in():
    facing, inner = CONTROLLER % ("", "LoadBalancer"), CONTROLLER % ("", "ClusterIP")
    assert state(graph_of(BASE, CALICO, PLAIN, ingress("", CLASS), facing), INTERNET) == "open"
    assert state(graph_of(BASE, CALICO, PLAIN, ingress("", CLASS), inner), INTERNET) == "possible"
    assert state(graph_of(BASE, CALICO, LETS_IN, PLAIN, ingress("", CLASS), facing), INTERNET) == "open"
    closed = graph_of(BASE, CALICO, ONLY_GATEWAY, PLAIN, ingress("", CLASS), facing)
    assert state(closed, INTERNET) == "possible", "another controller may serve the class too"
    assert reasons(closed, INTERNET) == {"ingress-controller-unknown"}


def test_the_default_class_serves_an_ingress_without_one():
    default = CONTROLLER % (', annotations: {ingressclass.kubernetes.io/is-default-class: "true"}', "LoadBalancer")
    assert state(graph_of(BASE, CALICO, PLAIN, ingress(), default), INTERNET) == "open"
    assert state(graph_of(BASE, CALICO, PLAIN, ingress(), CONTROLLER % ("", "LoadBalancer")), INTERNET) == "possible"


def test_source_ranges_count_where_the_controller_heeds_them():
    limited = ingress(f"{NGINX}whitelist-source-range: 198.51.100.0/24", CLASS)
    graph = graph_of(BASE, CALICO, PLAIN, limited, CONTROLLER % ("", "LoadBalancer"))
    assert (state(graph, INTERNET), state(graph, "external/198.51.100.0/24")) == ("possible", "open")
    assert reasons(graph, INTERNET) == {"client-ip-preservation-unknown"}
    other = (CONTROLLER % ("", "LoadBalancer")).replace("k8s.io/ingress-nginx}", "example.com/own}")
    assert state(graph_of(BASE, CALICO, PLAIN, limited, other), INTERNET) == "possible"
    unknown = ingress(f"{NGINX}whitelist-source-range: $(RANGE)", CLASS)
    graph = graph_of(BASE, CALICO, PLAIN, unknown, CONTROLLER % ("", "LoadBalancer"))
    assert state(graph, INTERNET) == "open"
