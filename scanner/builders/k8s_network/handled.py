"""The kinds that the network plane reads, each with its API group: of these, what is not followed opens nothing."""

from __future__ import annotations

_GATEWAY = "gateway.networking.k8s.io"
_ENVOY = "gateway.envoyproxy.io"
_KGATEWAY = "gateway.kgateway.dev"
_BY_GROUP: dict[str, tuple[str, ...]] = {
    _GATEWAY: (
        "GatewayClass", "Gateway", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute", "ReferenceGrant",
        "ListenerSet", "BackendTLSPolicy", "BackendLBPolicy",
    ),
    "gateway.networking.x-k8s.io": ("XListenerSet", "XBackend", "XBackendTrafficPolicy"),
    _ENVOY: ("Backend", "EnvoyProxy", "BackendTrafficPolicy", "ClientTrafficPolicy", "HTTPRouteFilter"),
    "aigateway.envoyproxy.io": ("AIGatewayRoute", "AIServiceBackend", "BackendSecurityPolicy"),
    "agentgateway.dev": ("AgentgatewayBackend", "AgentgatewayModel", "AgentgatewayParameters"),
    _KGATEWAY: ("Backend", "Upstream", "GatewayParameters", "DirectResponse", "ListenerPolicy", "HTTPListenerPolicy"),
    "inference.networking.k8s.io": ("InferencePool",),
    "inference.networking.x-k8s.io": ("InferencePool", "InferenceModel", "InferenceObjective"),
    "route.openshift.io": ("Route",),
    "serving.knative.dev": ("Service", "Route", "DomainMapping", "Configuration"),
    "elbv2.k8s.aws": ("TargetGroupBinding", "IngressClassParams"),
    "eks.amazonaws.com": ("TargetGroupBinding", "IngressClassParams"),
    "gateway.k8s.aws": ("LoadBalancerConfiguration", "TargetGroupConfiguration"),
    "networking.istio.io": ("VirtualService",),
}  # fmt: skip
HANDLED = frozenset((kind, group) for group, kinds in _BY_GROUP.items() for kind in kinds)
