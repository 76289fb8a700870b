"""Which program serves an Ingress: by its class, and the pods of that program where the inputs show them."""

from __future__ import annotations

import re

from msgspec import Struct

from scanner.builders.k8s_network.view import View
from scanner.podspec import containers
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value

_CLASS = "kubernetes.io/ingress.class"
_DEFAULT = "ingressclass.kubernetes.io/is-default-class"
ALB = ("ingress.k8s.aws/alb", "eks.amazonaws.com/alb")
"""Controllers of AWS; those of EKS Auto Mode read the same annotations and parameters."""
NGINX = "k8s.io/ingress-nginx"
_IMAGES = {
    NGINX: r"(^|/)ingress-nginx/controller|nginx-ingress-controller",
    "traefik.io/ingress-controller": r"(^|/)traefik(:|@|$)",
    "ingress-controllers.konghq.com/kong": r"(^|/)kong(/kong-gateway|/kong|/kubernetes-ingress-controller)?(:|@|$)",
    "haproxy.org/ingress-controller": r"(^|/)haproxytech/kubernetes-ingress",
    "nginx.org/ingress-controller": r"(^|/)nginx/nginx-(plus-)?ingress",
}
"""The image of each controller that runs as pods, by the name that its IngressClass has (their own manifests)."""


class Controller(Struct, frozen=True):
    """What serves an Ingress.

    kind: the name of its class, an Unknown, or None where it has none. declared: its IngressClass, where the inputs
    have it. name: the controller of that class, "" where it is not known. pods: its pods, as far as they are shown.
    """

    kind: Value
    declared: Resource | None
    name: str
    pods: tuple[int, ...] = ()


def controller_of(view: View, route: Resource, known: dict[str, Controller]) -> Controller:
    """The controller of an Ingress; `known` keeps those that were found before, by class."""
    kind = dig(route.attrs, "spec", "ingressClassName")
    kind = dig(route.attrs, "metadata", "annotations", _CLASS) if kind is None else kind
    if isinstance(kind, Unknown):
        return Controller(kind, None, "")
    key = kind if isinstance(kind, str) else ""
    if key not in known:
        known[key] = _controller(view, key)
    return known[key]


def _controller(view: View, kind: str) -> Controller:
    classes = view.of("IngressClass")
    declared = next((one for one in classes if one.name == kind), None)
    if not kind:
        declared = next((one for one in classes if _is_default(one)), None)
    name = dig(declared.attrs, "spec", "controller") if declared is not None else ""
    name = name if isinstance(name, str) else ""
    shown: Value = kind or (declared.name if declared is not None else None)
    return Controller(shown, declared, name, _pods(view, name) if name in _IMAGES else ())


def _is_default(one: Resource) -> bool:
    return str(dig(one.attrs, "metadata", "annotations", _DEFAULT)).lower() == "true"


def _pods(view: View, name: str) -> tuple[int, ...]:
    image = re.compile(_IMAGES[name])
    owners: set[str] = set()
    for workload in view.workloads:
        for _, template in workload.templates:
            images = [one.image.value for one in containers(template.spec)]
            if any(isinstance(one, str) and image.search(one) for one in images):
                owners.add(workload.address)
    return tuple(index for index, pod in enumerate(view.cluster.pods) if pod.owner in owners)


def parameters_of(view: View, controller: Controller) -> Resource | Unknown | None:
    """The parameters object of a class; an Unknown where the class, or the object that it names, is not shown."""
    if controller.declared is None:
        if controller.kind is None:
            return None
        shown = controller.kind if isinstance(controller.kind, str) else "*"
        return Unknown(f"IngressClass `{shown}` is not in the inputs", decided_by=(f"IngressClass/{shown}",))
    reference = dig(controller.declared.attrs, "spec", "parameters")
    if reference is None:
        return None
    kind, name = dig(reference, "kind"), dig(reference, "name")
    every = view.of(kind) if isinstance(kind, str) else []
    found = next((one for one in every if one.name == name), None)
    cause = f"the parameters of IngressClass `{controller.declared.name}` are not in the inputs"
    return found or Unknown(cause, decided_by=(f"{kind}/{name}",))


def listed(value: Value) -> list[Value]:
    """A comma-separated annotation, or a list, as its items."""
    if isinstance(value, str):
        return [one.strip() for one in value.split(",") if one.strip()]
    return list(items_of(value))
