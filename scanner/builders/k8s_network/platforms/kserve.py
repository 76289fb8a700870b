"""KServe: InferenceService, LLMInferenceService and InferenceGraph.

Read in kserve/kserve: pkg/constants/constants.go (labels, names of Services), pkg/controller/v1beta1/inferenceservice
(reconcilers/service: `app: isvc.<component>` in Standard mode), pkg/controller/v1alpha2/llmisvc (workload.go: Service
`<name>-kserve-workload-svc` on 8000; router.go: HTTPRoute `<name>-kserve-route`), config/configmap (the mode is
Serverless unless `deploy.defaultDeploymentMode` says otherwise; newer releases default to Standard).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.platforms.made import Port, Way, http_route, line_of, made, owned, service
from scanner.resource import Attrs, Items, Key, Resource, dig, items_of, mark
from scanner.unknown import Unknown

GROUP = "serving.kserve.io"
_PARTS = ("predictor", "transformer", "explainer")
_MODE = "serving.kserve.io/deploymentMode"
_STANDARD = ("Standard", "RawDeployment")
_VISIBILITY = ("networking.kserve.io/visibility", "networking.knative.dev/visibility")
_WORKLOAD = "workload"
_POOLS = "inference.networking.k8s.io"


def labels(one: Resource, path: tuple[Key, ...]) -> dict[str, str]:
    """The labels that KServe puts on pods."""
    if one.kind == "InferenceGraph":
        return {"serving.kserve.io/inferencegraph": one.name, **owned(one)}
    if one.kind == "LLMInferenceService":
        common = {"app.kubernetes.io/part-of": "llminferenceservice", "app.kubernetes.io/name": one.name}
        return {**common, "kserve.io/component": _WORKLOAD, **owned(one)}
    part = str(path[1]) if len(path) > 1 and path[1] in _PARTS else _PARTS[0]
    found = {"serving.kserve.io/inferenceservice": one.name, "component": part, **owned(one, part)}
    if dig(one.attrs, "metadata", "annotations", _MODE) in _STANDARD:
        found["app"] = f"isvc.{one.name}-{part}"
    return found


def objects(one: Resource) -> Iterator[Resource]:
    """The Services of each component; the route and the pool of an LLMInferenceService."""
    if one.kind == "InferenceGraph":
        yield service(one, one.name)
    elif one.kind == "InferenceService":
        yield service(one, one.name)
        for part in _PARTS:
            if part == _PARTS[0] or dig(one.attrs, "spec", part) is not None:
                yield service(one, f"{one.name}-{part}", part)
    else:
        yield service(one, f"{one.name}-kserve-workload-svc", ports=(Port(8000),))
        yield from _pool(one)
        yield from _route(one)


def _pool(one: Resource) -> Iterator[Resource]:
    if dig(one.attrs, "spec", "router", "scheduler") is not None:
        spec = {"selector": Attrs({"matchLabels": Attrs(owned(one))})}
        yield made(one, "InferencePool", _POOLS, f"{one.name}-inference-pool", spec)


def _route(one: Resource) -> Iterator[Resource]:
    """The route of a router: as it is written, or to the workload, on the Gateways that are named or KServe's own."""
    router = dig(one.attrs, "spec", "router")
    route = dig(router, "route")
    if not isinstance(route, Mapping) or items_of(dig(route, "http", "refs")):
        return
    line = mark(router, "route") or line_of(one)
    name, written = f"{one.name}-kserve-route", dig(route, "http", "spec")
    own = Attrs({"name": f"{one.name}-kserve-workload-svc", "port": 8000})
    refs = dig(router, "gateway", "refs") or Items([Attrs({"name": "kserve-ingress-gateway", "namespace": "kserve"})])
    if isinstance(written, Mapping):
        spec = Attrs(written, written.marks if isinstance(written, Attrs) else {})
        spec.setdefault("parentRefs", refs)
        spec.setdefault("rules", Items([Attrs({"backendRefs": Items([own])})]))
        yield made(one, "HTTPRoute", "gateway.networking.k8s.io", name, spec, None, line)
    else:
        yield http_route(one, name, refs, own, line)


def ways(one: Resource) -> Iterator[Way]:
    """What KServe opens where nothing is written: a route on its ingress gateway, unless it is cluster-local."""
    line = line_of(one)
    unsure = Doubt("ingress-controller-unknown", (f"the ingress gateway of {one.address}",))
    if one.kind == "LLMInferenceService":
        router = dig(one.attrs, "spec", "router")
        if isinstance(router, Unknown):
            doubt = Doubt("value-unknown", router.decided_by or (router.cause,))
            yield Way("`spec.router` is not known", line, doubt)
        elif router is None and dig(one.attrs, "spec", "baseRefs") is not None:
            names = ", ".join(str(dig(each, "name")) for each in items_of(dig(one.attrs, "spec", "baseRefs")))
            base = Doubt("value-unknown", (f"the `router` of LLMInferenceServiceConfig {names}",))
            yield Way(
                "a configuration that it is merged with may make a route", mark(one.attrs, "spec", "baseRefs"), base
            )
        elif isinstance(router, Mapping) and any(key in router for key in ("route", "gateway", "ingress")):
            yield Way("`spec.router` makes a route on a gateway", mark(router, "route") or line, unsure)
        return
    notes = dig(one.attrs, "metadata", "labels")
    if not any(dig(notes, key) == "cluster-local" for key in _VISIBILITY):
        because = f"`{_VISIBILITY[0]}` is not `cluster-local`: KServe makes a route on its ingress gateway"
        yield Way(because, line, unsure)
