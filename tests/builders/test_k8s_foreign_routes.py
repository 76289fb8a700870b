"""Routes of controllers with kinds of their own: a Service that one names is a possible way, and nothing else is."""

from __future__ import annotations

import pytest

from tests.builders.k8s_unknown import holed_graph as graph_of
from tests.builders.k8s_world import BASE, CALICO, state
from tests.builders.test_k8s_network_exposure import service

INTERNET = "external/internet"
PLAIN = service("") + service("", selector="{app: other}", name="other")


def route(version: str, kind: str, spec: str, namespace: str = "inference") -> str:
    return f"---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: r, namespace: {namespace}}}\nspec: {spec}\n"


TRAEFIK = "{routes: [{match: a, services: [{name: other, port: 80}, {name: %s, port: 80%s}]}]}"
MIRROR = "{mirroring: {name: other, port: 80, mirrors: [{name: vllm, port: 80, percent: 5}]}}"
HERE, SPACE = "serviceName: vllm, servicePort: 80", "serviceNamespace: inference"
IO, CONTOUR, NGINX = "traefik.io/v1alpha1", "projectcontour.io/v1", "k8s.nginx.org/v1"
AMBASSADOR = "getambassador.io/v3alpha1"
ODD = "{routes: [3, {services: text}, {services: [[], {port: []}]}]}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (route(IO, "IngressRoute", TRAEFIK % ("vllm", "")), "possible"),
        (route(IO, "IngressRoute", TRAEFIK % ("other", "")), "closed"),
        (route(IO, "IngressRoute", TRAEFIK % ("vllm", ", weight: 0")), "closed"),
        (route(IO, "IngressRoute", TRAEFIK % ("vllm", ", namespace: inference"), "edge"), "possible"),
        (route(IO, "IngressRoute", TRAEFIK % ("vllm", ""), "edge"), "closed"),
        (route(IO, "IngressRoute", TRAEFIK % ("$(NAME)", "")), "possible"),
        (route(IO, "IngressRoute", "{routes: $(ROUTES)}"), "possible"),
        (route(IO, "TraefikService", MIRROR), "possible"),
        (route(IO, "IngressRoute", "[3]"), "closed"),
        (route(IO, "IngressRoute", ODD), "closed"),
        (route(CONTOUR, "HTTPProxy", "{routes: [{services: [{name: vllm, port: 80, mirror: true}]}]}"), "possible"),
        (route(CONTOUR, "HTTPProxy", "{tcpproxy: {services: [{name: vllm, port: 80}]}}"), "possible"),
        (route(NGINX, "VirtualServer", "{upstreams: [{name: a, service: vllm, port: 80}]}"), "possible"),
        (route(NGINX, "VirtualServer", "{upstreams: [{name: vllm, service: other, port: 80}]}"), "closed"),
        (route("configuration.konghq.com/v1beta1", "TCPIngress", f"{{rules: [{{backend: {{{HERE}}}}}]}}"), "possible"),
        (route(AMBASSADOR, "Mapping", "{service: 'http://vllm.inference:80'}", "edge"), "possible"),
        (route(AMBASSADOR, "Mapping", "{service: 'vllm.inference:80'}", "edge"), "possible"),
        (route(AMBASSADOR, "Mapping", "{service: 'vllm.inference:99'}", "edge"), "closed"),
        (route(AMBASSADOR, "Mapping", "{service: vllm}"), "possible"),
        (route(AMBASSADOR, "Mapping", "{service: api.example.com}"), "closed"),
        (route("apisix.apache.org/v2", "ApisixRoute", f"{{http: [{{backends: [{{{HERE}}}]}}]}}"), "possible"),
        (route("zalando.org/v1", "RouteGroup", f"{{backends: [{{name: a, {HERE}}}]}}"), "possible"),
        (route("gloo.solo.io/v1", "Upstream", f"{{kube: {{{HERE}, {SPACE}}}}}", "gloo"), "possible"),
        (route("example.com/v1", "IngressRoute", TRAEFIK % ("vllm", "")), "closed"),
    ],
)  # fmt: skip
def test_a_service_that_a_route_names_is_a_possible_way(text, expected):
    assert state(graph_of(BASE, CALICO, PLAIN, text), INTERNET) == expected
