"""Who calls an Ingress: by its annotations, its class and the Services before its controller.

Sources: AWS Load Balancer Controller "Ingress annotations" and "IngressClass" (scheme, inbound-cidrs, group.name,
security-groups; the parameters of the class overrule annotations); GKE "Ingress"; Application Gateway "Annotations";
ingress-nginx "Annotations".
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.edges import Doubt, connect, first_doubt
from scanner.builders.k8s_network.controllers import ALB, NGINX, Controller, listed, parameters_of
from scanner.builders.k8s_network.entry import CLOUD_NETWORK, CONTROLLER, INTERNET, SNAT
from scanner.builders.k8s_network.exposure import callers
from scanner.builders.k8s_network.members import Sources
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.sets import any_pod
from scanner.builders.k8s_network.view import View, own_line, unknown_doubt
from scanner.builders.k8s_policy.labels import Match, selector_of_labels
from scanner.builders.k8s_policy.model import Peer, PeerKind
from scanner.builders.ranges import parse_cidr
from scanner.origin import Origin
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown, Value

_NOTE = "alb.ingress.kubernetes.io/"
_AZURE_PRIVATE = "appgw.ingress.kubernetes.io/use-private-ip"
_ALLOWED = ("nginx.ingress.kubernetes.io/whitelist-source-range", "nginx.ingress.kubernetes.io/allowlist-source-range")


def ingress_callers(view: View, services: Services, sources: Sources, route: Resource, controller: Controller) -> None:
    """Edges to an Ingress from outside, and from the pods of the cluster."""
    annotations = dig(route.attrs, "metadata", "annotations")
    kind, line = controller.kind, own_line(route)
    scheme = dig(annotations, f"{_NOTE}scheme")
    if scheme is not None or controller.name in ALB or (not controller.name and kind == "alb"):
        _application_balancer(view, route, controller)
    elif kind == "gce":
        said = "class `gce` makes a load balancer that faces the internet"
        _outside(view, route, INTERNET, said, line, None)
    elif kind == "gce-internal":
        _outside(view, route, CLOUD_NETWORK, "class `gce-internal` makes an internal load balancer", line, None)
    elif dig(annotations, _AZURE_PRIVATE) in ("true", True):
        where = mark(route.attrs, "metadata", "annotations", _AZURE_PRIVATE) or line
        _outside(view, route, CLOUD_NETWORK, f"`{_AZURE_PRIVATE}` is set", where, None)
    else:
        _by_controller(view, services, route, controller)
    inside(view, sources, route)


def callers_unknown(view: View, sources: Sources, route: Resource, because: str) -> None:
    """Edges to a route of which it is not known where its controller listens."""
    doubt = Doubt(CONTROLLER, (f"where the controller of {route.address} listens",))
    _outside(view, route, INTERNET, because, own_line(route), doubt)
    inside(view, sources, route)


def inside(view: View, sources: Sources, route: Resource) -> None:
    """Pods of the cluster can call the controller too, which then is the caller that policies see."""
    doubt = Doubt(CONTROLLER, (f"the pods that serve {route.address}",))
    because = "pods of the cluster can call the controller that serves it"
    connect(view.world, any_pod(view, sources), route.id, because, own_line(route), doubt=doubt)


def _outside(view: View, route: Resource, who: str, said: str, line: Origin | None, doubt: Doubt | None) -> None:
    kind = "External" if who in (INTERNET, CLOUD_NETWORK) else "AddressRange"
    connect(view.world, view.world.external(who, kind).id, route.id, said, line, doubt=doubt, cut=True)


def _application_balancer(view: View, route: Resource, controller: Controller) -> None:
    """A balancer of the AWS controller: internal unless the class, the Ingress or one of its group says otherwise."""
    parameters = parameters_of(view, controller)
    scheme, where, doubt = _scheme(view, route, parameters)
    unsure = unknown_doubt(scheme) if isinstance(scheme, Unknown) else None
    who, said = CLOUD_NETWORK, f"`{_NOTE}scheme` is not set: the load balancer is internal, which is the default"
    if scheme == "internal":
        said = f"`{_NOTE}scheme: internal`"
    elif scheme is not None:
        who, said = (
            INTERNET,
            f"`{_NOTE}scheme: {scheme}`" if isinstance(scheme, str) else f"`{_NOTE}scheme` is not known",
        )
    for one, reason, line, more in _admitted(route, parameters, who, said, where):
        _outside(view, route, one, reason, line, first_doubt(unsure, more))
    if doubt is not None and who is CLOUD_NETWORK:
        because = f"`{_NOTE}scheme` is not set here, and may be set where the inputs do not show it"
        _outside(view, route, INTERNET, because, where, doubt)


def _scheme(view: View, route: Resource, parameters: Resource | Unknown | None) -> tuple[Value, Origin, Doubt | None]:
    """The scheme, its line, and what else may set it; the parameters of the class overrule the annotation."""
    line = own_line(route)
    if isinstance(parameters, Resource):
        over = dig(parameters.attrs, "spec", "scheme")
        if over is not None:
            return over, mark(parameters.attrs, "spec", "scheme") or own_line(parameters), None
    for one in _group(view, route):
        scheme = dig(one.attrs, "metadata", "annotations", f"{_NOTE}scheme")
        if scheme is not None:
            return scheme, mark(one.attrs, "metadata", "annotations", f"{_NOTE}scheme") or line, None
    return None, line, unknown_doubt(parameters) if isinstance(parameters, Unknown) else None


def _group(view: View, route: Resource) -> Iterator[Resource]:
    """The Ingress itself, then those that share its load balancer."""
    yield route
    name = dig(route.attrs, "metadata", "annotations", f"{_NOTE}group.name")
    for one in view.of("Ingress") if isinstance(name, str) else ():
        own = dig(one.attrs, "metadata", "annotations", f"{_NOTE}group.name")
        if one is not route and own == name:
            yield one


def _admitted(
    route: Resource, parameters: Resource | Unknown | None, who: str, said: str, where: Origin
) -> Iterator[tuple[str, str, Origin | None, Doubt | None]]:
    """Whom the balancer's own security group admits: everyone, or the ranges that are written."""
    annotations = dig(route.attrs, "metadata", "annotations")
    for key in ("security-groups", "security-group-prefix-lists"):
        if dig(annotations, _NOTE + key) is not None:
            line = mark(route.attrs, "metadata", "annotations", _NOTE + key)
            doubt = Doubt("value-unknown", (f"{route.address}: {key}",))
            yield who, f"{said}; `{_NOTE}{key}` decides who gets in", line, doubt
            return
    ranges: Value = dig(annotations, f"{_NOTE}inbound-cidrs")
    line = mark(route.attrs, "metadata", "annotations", f"{_NOTE}inbound-cidrs") or where
    if isinstance(parameters, Resource) and dig(parameters.attrs, "spec", "inboundCIDRs") is not None:
        ranges = dig(parameters.attrs, "spec", "inboundCIDRs")
        line = mark(parameters.attrs, "spec", "inboundCIDRs") or line
    if ranges is None:
        yield who, said, where, None
    for text in listed(ranges):
        block = parse_cidr(text) if isinstance(text, str) else None
        if block is None or not isinstance(text, str):
            doubt = unknown_doubt(text) if isinstance(text, Unknown) else Doubt("value-unknown", (str(text),))
            yield who, "a range that the load balancer admits is not known", line, doubt
        elif block.everything:
            yield who, said, where, None
        else:
            yield text, f"the load balancer admits `{text}`", line, None


def _by_controller(view: View, services: Services, route: Resource, controller: Controller) -> None:
    """A controller that runs as pods: whoever calls its Services, and where none is shown, perhaps the internet."""
    found = False
    for service in _fronts(view, services, controller):
        for one in callers(view, service):
            found = True
            because = f"`{service.address}` stands before the controller of the Ingress: {one.because}"
            for who, line, more in _limited(route, controller, one.node.name, one.origin):
                _outside(view, route, who, because, line, first_doubt(one.doubt, more))
    if not found:
        doubt = Doubt(CONTROLLER, (f"where the controller of {route.address} listens",))
        because = "an ingress controller serves it, and it is not known where that listens"
        for who, line, more in _limited(route, controller, INTERNET, own_line(route)):
            _outside(view, route, who, because, line, first_doubt(doubt, more))


def _fronts(view: View, services: Services, controller: Controller) -> Iterator[Resource]:
    """The Services that surely select the pods of a controller."""
    for service in services.by_name.values() if controller.pods else ():
        selector = dig(service.attrs, "spec", "selector")
        if selector:
            peer = Peer(PeerKind.PODS, service.namespace, pods=selector_of_labels(selector))
            selected = view.cluster.select(peer)
            if any(selected.match(pod) is Match.YES for pod in controller.pods):
                yield service


def _limited(
    route: Resource, controller: Controller, who: str, line: Origin | None
) -> Iterator[tuple[str, Origin | None, Doubt | None]]:
    """A caller as the source ranges of ingress-nginx leave it; another controller takes no notice of them.

    The ranges are held against the address that the controller sees, or is told in a header: others may get in.
    """
    doubt = None
    if controller.name == NGINX and who == INTERNET:
        for key in _ALLOWED:
            ranges = listed(dig(route.attrs, "metadata", "annotations", key))
            blocks = [parse_cidr(one) if isinstance(one, str) else None for one in ranges]
            if ranges and all(block is not None and not block.everything for block in blocks):
                line = mark(route.attrs, "metadata", "annotations", key)
                yield from ((one, line, None) for one in ranges if isinstance(one, str))
                doubt = Doubt(SNAT, (f"{route.address}: the address of the caller that its controller goes by",))
                break
    yield who, line, doubt
