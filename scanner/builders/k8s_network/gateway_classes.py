"""Who calls a Gateway: by its class, the controller of that class, and the Service that the controller makes for it.

Sources: GKE "GatewayClasses"; Application Gateway for Containers; AWS Load Balancer Controller "Gateway API" (scheme,
internal by default); Envoy Gateway `EnvoyProxy` (Service of type LoadBalancer by default); kgateway
`GatewayParameters`; Istio "Automated deployment" (the annotation `networking.istio.io/service-type`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.edges import Doubt, connect, first_doubt
from scanner.builders.k8s_network.entry import CLOUD_NETWORK, CONTROLLER, INTERNET, Caller
from scanner.builders.k8s_network.exposure import callers
from scanner.builders.k8s_network.members import Sources
from scanner.builders.k8s_network.sets import any_pod
from scanner.builders.k8s_network.view import View, own_line, unknown_doubt
from scanner.origin import Origin
from scanner.resource import Attrs, Resource, dig, mark
from scanner.unknown import Unknown, Value

_OPEN = frozenset(
    {
        "gke-l7-global-external-managed", "gke-l7-global-external-managed-mc", "gke-l7-regional-external-managed",
        "gke-l7-regional-external-managed-mc", "gke-l7-gxlb", "gke-l7-gxlb-mc", "azure-alb-external",
    }
)  # fmt: skip
_INNER = frozenset(
    {
        "gke-l7-rilb", "gke-l7-rilb-mc", "gke-l7-cross-regional-internal-managed-mc",
        "gke-l7-cross-regional-internal-managed",
    }
)  # fmt: skip
_AWS = ("gateway.k8s.aws/alb", "gateway.k8s.aws/nlb")
_LATTICE = ("application-networking.k8s.aws/gateway-api-controller",)
_MAKES_SERVICE = (
    "gateway.envoyproxy.io/", "kgateway.dev/", "agentgateway.dev/", "istio.io/gateway-controller",
    "io.cilium/gateway-controller", "projectcontour.io/", "gateway.nginx.org/",
)  # fmt: skip
"""Controllers that make a Service for each Gateway, a load balancer unless they are told otherwise."""
_SERVICE_TYPE = "networking.istio.io/service-type"
_LABELS = ("gateway.networking.k8s.io/gateway-name", "gateway.envoyproxy.io/owning-gateway-name")
"""The labels of the proxies that bear the name of their Gateway."""
_ANY_NOTE = "service.beta.kubernetes.io/aws-load-balancer-scheme"
_SERVICES = (
    ("provider", "kubernetes", "envoyService"),
    ("kube", "service"),
    ("service", "spec"),
)
"""Where the parameters of a controller write the Service: EnvoyProxy, GatewayParameters, AgentgatewayParameters."""


def gateway_callers(view: View, sources: Sources, gateway: Resource) -> None:
    """Edges to a Gateway from outside, and from the pods of the cluster, which can call its proxies."""
    world, line = view.world, own_line(gateway)
    for one in (*_outside(view, gateway), *_fronts(view, gateway)):
        connect(world, one.node.id, gateway.id, one.because, one.origin, doubt=one.doubt, cut=True)
    unsure = Doubt(CONTROLLER, (f"where the proxies of {gateway.address} listen",))
    connect(world, any_pod(view, sources), gateway.id, "pods of the cluster can call its proxies", line, doubt=unsure)


def _fronts(view: View, gateway: Resource) -> Iterator[Caller]:
    """The callers of Services that somebody writes before the proxies: they select by the label of the Gateway."""
    for one in view.of("Service"):
        if one.group != "":
            continue
        selector = dig(one.attrs, "spec", "selector")
        for label in _LABELS:
            value = dig(selector, label)
            if value == gateway.name or (isinstance(value, Unknown) and one.namespace == gateway.namespace):
                unsure = unknown_doubt(value) if isinstance(value, Unknown) else None
                for caller in callers(view, one):
                    said = f"`{one.address}` stands before its proxies: {caller.because}"
                    yield Caller(caller.node, said, caller.origin, first_doubt(caller.doubt, unsure))
                break


def _outside(view: View, gateway: Resource) -> Iterator[Caller]:
    world = view.world
    named = dig(gateway.attrs, "spec", "gatewayClassName")
    kind = named if isinstance(named, str) else ""
    where = mark(gateway.attrs, "spec", "gatewayClassName") or own_line(gateway)
    declared = next((one for one in view.of("GatewayClass") if one.name == kind), None)
    name = dig(declared.attrs, "spec", "controllerName") if declared is not None else None
    controller = name if isinstance(name, str) else ""
    parameters = _parameters(view, gateway, declared)
    if kind in _OPEN:
        yield Caller(world.external(INTERNET), f"class `{kind}` faces the internet", where)
    elif kind in _INNER:
        yield Caller(world.external(CLOUD_NETWORK), f"class `{kind}` is internal", where)
    elif controller in _AWS:
        yield from _balancer(view, gateway, parameters)
    elif controller in _LATTICE or kind == "amazon-vpc-lattice":
        doubt = Doubt("value-unknown", (f"the VPCs that are joined to the service network of {gateway.address}",))
        yield Caller(world.external(CLOUD_NETWORK), "networks joined to its service network call it", where, doubt)
    else:
        yield from _by_service(view, gateway, controller, parameters)


def _parameters(view: View, gateway: Resource, declared: Resource | None) -> Resource | Unknown | None:
    """The parameters of a Gateway, else those of its class; an Unknown where they are named and not shown."""
    own = dig(gateway.attrs, "spec", "infrastructure", "parametersRef")
    common = dig(declared.attrs, "spec", "parametersRef") if declared is not None else None
    for reference, space in ((own, gateway.namespace), (common, dig(common, "namespace"))):
        if reference is None:
            continue
        kind, name = dig(reference, "kind"), dig(reference, "name")
        for one in view.of(kind) if isinstance(kind, str) else ():
            if one.name == name and space in (one.namespace, None):
                return one
        return Unknown("the parameters of the Gateway are not in the inputs", decided_by=(f"{kind}/{name}",))
    return None


def _balancer(view: View, gateway: Resource, parameters: Resource | Unknown | None) -> Iterator[Caller]:
    """A load balancer of the AWS controller: internal unless its configuration says otherwise."""
    line, world = own_line(gateway), view.world
    scheme = dig(parameters.attrs, "spec", "scheme") if isinstance(parameters, Resource) else None
    if isinstance(parameters, Resource) and scheme is not None:
        line = mark(parameters.attrs, "spec", "scheme") or own_line(parameters)
    unknown = next((one for one in (parameters, scheme) if isinstance(one, Unknown)), None)
    if unknown is not None:
        doubt = unknown_doubt(unknown)
        yield Caller(world.external(INTERNET), "the scheme of its load balancer is not known", line, doubt)
    elif scheme == "internet-facing":
        yield Caller(world.external(INTERNET), "`scheme: internet-facing`", line)
    else:
        yield Caller(world.external(CLOUD_NETWORK), "its load balancer is internal, which is the default", line)


def _by_service(
    view: View, gateway: Resource, controller: str, parameters: Resource | Unknown | None
) -> Iterator[Caller]:
    """The callers of the Service that the controller makes, as if it were written."""
    world, line = view.world, own_line(gateway)
    where = mark(gateway.attrs, "spec", "gatewayClassName") or line
    named = dig(gateway.attrs, "spec", "gatewayClassName")
    istio = controller.startswith("istio.io/") or (isinstance(named, str) and named.startswith("istio"))
    service = _service(gateway, parameters, istio=istio)
    elsewhere = istio and dig(gateway.attrs, "spec", "addresses") is not None
    inner = istio and dig(service.attrs, "spec", "type") == "ClusterIP"
    known = controller.startswith(_MAKES_SERVICE) or isinstance(parameters, Resource) or inner
    if known and not elsewhere and not isinstance(parameters, Unknown):
        yield from callers(view, service)
    elif named != "istio-waypoint":
        unsure = Doubt(CONTROLLER, (f"where the proxies of {gateway.address} listen",))
        said = "its class makes a load balancer, and it is not known where that listens"
        yield Caller(world.external(INTERNET), said, where, unsure)


def _service(gateway: Resource, parameters: Resource | Unknown | None, *, istio: bool) -> Resource:
    """The Service of a Gateway's proxies: a load balancer, unless annotations or parameters say otherwise."""
    notes = (dig(gateway.attrs, "metadata", "annotations"), dig(gateway.attrs, "spec", "infrastructure", "annotations"))
    annotations, spec = Attrs(), Attrs({"type": "LoadBalancer"})
    for note in notes:
        _merge(annotations, note, _ANY_NOTE)
        kind = dig(note, _SERVICE_TYPE) if istio else None
        if kind is not None:
            _set(spec, "type", kind, mark(note, _SERVICE_TYPE))
    if isinstance(parameters, Resource):
        for path in _SERVICES:
            written = dig(parameters.attrs, "spec", *path)
            if isinstance(written, Mapping | Unknown):
                _merge(spec, written, "type")
                for key in ("annotations", "extraAnnotations"):
                    _merge(annotations, dig(written, key), _ANY_NOTE)
    metadata = Attrs({"annotations": annotations, "name": gateway.name})
    return Resource(
        gateway.address, gateway.unit, "Service", gateway.name, Attrs({"metadata": metadata, "spec": spec}),
        gateway.origin, gateway.source, namespace=gateway.namespace,
    )  # fmt: skip


def _merge(into: Attrs, more: Value, decides: str) -> None:
    """Add to a mapping; `decides` is the key that stands for all of them where they are not known."""
    if isinstance(more, Unknown):
        into[decides] = more
    elif isinstance(more, Mapping):
        for key, value in more.items():
            _set(into, key, value, mark(more, key))


def _set(into: Attrs, key: str, value: Value, line: Origin | None) -> None:
    into[key] = value
    if line is not None:
        into.marks[key] = line
