"""Routes of OpenShift and Knative, target groups of AWS that a cluster fills, and the routes that AIBrix makes.

Sources: OpenShift "Route" (`to`, `alternateBackends`, weights 0 to 256; `haproxy.router.openshift.io/ip_allowlist`);
Knative "DomainMapping" and "Route"; AWS Load Balancer Controller "TargetGroupBinding"; AIBrix "Gateway routing" (a
workload with the label `model.aibrix.ai/name` gets a route on its gateway).
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.edges import Doubt, connect
from scanner.builders.k8s_network.backends import Backend, lead_all
from scanner.builders.k8s_network.controllers import listed
from scanner.builders.k8s_network.entry import CONTROLLER, INTERNET
from scanner.builders.k8s_network.foreign_routes import build_foreign_routes
from scanner.builders.k8s_network.gateway_backends import any_share
from scanner.builders.k8s_network.ingress_callers import callers_unknown, inside
from scanner.builders.k8s_network.members import Sources
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.view import View, own_line
from scanner.builders.ranges import parse_cidr
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

_ALLOWED = ("haproxy.router.openshift.io/ip_allowlist", "haproxy.router.openshift.io/ip_whitelist")
_TARGET_GROUPS = ("aws_lb_target_group", "aws_alb_target_group")
_KNATIVE = "serving.knative.dev"
_AIBRIX = "model.aibrix.ai/name"


def build_other_routes(view: View, services: Services, sources: Sources) -> None:
    """Every route of these kinds that leads to a target, and who calls it."""
    for one in view.of("Route", "DomainMapping", "TargetGroupBinding"):
        if (one.kind, one.group) == ("Route", "route.openshift.io"):
            if lead_all(view, services, one.id, _openshift(view, one)):
                _router_callers(view, sources, one)
        elif one.group == _KNATIVE and one.kind in ("DomainMapping", "Route"):
            if lead_all(view, services, one.id, _knative(one)):
                callers_unknown(view, sources, one, f"a {one.kind} is served by the ingress gateway of Knative")
        elif one.kind == "TargetGroupBinding" and lead_all(view, services, one.id, _bound(one)):
            _group_callers(view, sources, one)
    build_foreign_routes(view, services, sources)
    _aibrix(view)


def _shown(name: Value) -> str:
    return name if isinstance(name, str) else "*"


def _openshift(view: View, route: Resource) -> Iterator[Backend]:
    spec = dig(route.attrs, "spec")
    port = dig(spec, "port", "targetPort")
    others = items_of(dig(spec, "alternateBackends"))
    for index, one in enumerate((dig(spec, "to"), *others)):
        if one is None:
            continue
        line = mark(spec, "to", "name") if index == 0 else mark(spec, "alternateBackends", index - 1)
        name = one if isinstance(one, Unknown) else dig(one, "name")
        # Alone, a Service gets every request, whatever its weight.
        sends = any_share(dig(one, "weight")) if others else True
        if sends is False:
            said = (
                f"`{route.address}` sends to `{_shown(name)}` with weight 0: nothing is sent there until it is edited"
            )
            view.world.assumptions[said] = None
            continue
        # The port is the pod's, and may be written as a number that the Service does not have.
        wanted = port if isinstance(port, str) else None
        doubt = sends if isinstance(sends, Doubt) else None
        yield Backend(route.namespace, name, wanted, line, f"it sends to Service `{_shown(name)}`", doubt)


def _router_callers(view: View, sources: Sources, route: Resource) -> None:
    """The router serves every route: whom it faces is not known, but the ranges that a route admits are."""
    because = "an OpenShift route is served by the router, which mostly faces the internet"
    for key in _ALLOWED:
        ranges = dig(route.attrs, "metadata", "annotations", key)
        texts = [one for item in listed(ranges) if isinstance(item, str) for one in item.split()]
        if texts and all((block := parse_cidr(one)) is not None and not block.everything for one in texts):
            line = mark(route.attrs, "metadata", "annotations", key)
            doubt = Doubt(CONTROLLER, (f"where the router of {route.address} listens",))
            for text in texts:
                outside = view.world.external(text, "AddressRange").id
                connect(view.world, outside, route.id, f"the route admits `{text}`", line, doubt=doubt, cut=True)
            inside(view, sources, route)
            return
    callers_unknown(view, sources, route, because)


def _knative(route: Resource) -> Iterator[Backend]:
    reference = dig(route.attrs, "spec", "ref")
    if route.kind == "DomainMapping":
        name = reference if isinstance(reference, Unknown) else dig(reference, "name")
        line = mark(route.attrs, "spec", "ref", "name")
        yield Backend(route.namespace, name, None, line, f"it maps a domain to Service `{_shown(name)}`")
        return
    for index, one in enumerate(items_of(dig(route.attrs, "spec", "traffic"))):
        line = mark(route.attrs, "spec", "traffic", index) or own_line(route)
        name = dig(one, "configurationName") or dig(one, "revisionName")
        doubt = Doubt("value-unknown", (f"{route.namespace}/Configuration/{_shown(name)}",))
        because = f"it sends to the revisions of `{_shown(name)}`"
        yield Backend(route.namespace, None, None, line, because, doubt, anywhere=True)


def _bound(one: Resource) -> Iterator[Backend]:
    reference = dig(one.attrs, "spec", "serviceRef")
    name = reference if isinstance(reference, Unknown) else dig(reference, "name")
    line: Origin | None = mark(one.attrs, "spec", "serviceRef", "name")
    because = f"it registers the pods of Service `{_shown(name)}`"
    yield Backend(one.namespace, name, dig(reference, "port"), line, because)


def _group_callers(view: View, sources: Sources, one: Resource) -> None:
    """What listens before a target group: the balancers of the inputs, which lead here themselves, or nobody knows."""
    group = view.world.inventory.find(dig(one.attrs, "spec", "targetGroupARN"), one, *_TARGET_GROUPS)
    if not isinstance(group, Resource):
        said = "it fills a target group, and what listens before that is not in this cluster"
        callers_unknown(view, sources, one, said)


def _aibrix(view: View) -> None:
    """A workload that AIBrix serves under a name has a route on its gateway."""
    for target in view.targets:
        for resource in target.workload.members:
            name = dig(resource.attrs, "metadata", "labels", _AIBRIX)
            if name is None:
                continue
            line = mark(resource.attrs, "metadata", "labels", _AIBRIX)
            doubt = Doubt(CONTROLLER, (f"the gateway of AIBrix before {target.name}",))
            because = f"`{_AIBRIX}` makes a route on the gateway of AIBrix"
            for node in target.nodes:
                outside = view.world.external(INTERNET).id
                connect(view.world, outside, node, because, line, doubt=doubt, cut=True)
