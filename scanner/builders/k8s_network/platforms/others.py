"""Knative, KAITO, LeaderWorkerSet, production-stack, Seldon, OME, KubeAI and the Ollama operator.

Read: Knative docs "Private services" (a Service is reachable through the ingress gateway unless it is
`cluster-local`); kaito-project/kaito pkg/workspace/manifests (Service `<name>`: 80 to 5000, 6379, 8265; a load
balancer with `kaito.sh/enablelb: "True"`); vllm-project/production-stack operator/internal/controller (Service
`<name>`: 80 to `vllmConfig.port`, pods `app: <name>` and the labels of the object).
Known: LeaderWorkerSet (headless Service `<name>`, label `leaderworkerset.sigs.k8s.io/name`), Seldon (Service
`<name>-<predictor>`; its second version serves every Model through `seldon-mesh`), OME, KubeAI (a proxy in front of
every Model), Ollama operator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.platforms.made import Port, Way, line_of, owned, service
from scanner.origin import Origin
from scanner.resource import Key, Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

KNATIVE = "serving.knative.dev"
_VISIBILITY = "networking.knative.dev/visibility"
_BALANCER = "kaito.sh/enablelb"
_KAITO_PORTS = (Port(80, 5000, "http"), Port(6379, 6379, "ray"), Port(8265, 8265, "dashboard"))
_NAMED: dict[tuple[str, str], str] = {
    (KNATIVE, "Service"): "serving.knative.dev/service",
    ("kaito.sh", "Workspace"): "kaito.sh/workspace",
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"): "leaderworkerset.sigs.k8s.io/name",
    ("production-stack.vllm.ai", "VLLMRuntime"): "app",
    ("production-stack.vllm.ai", "VLLMRouter"): "app",
    ("ome.io", "InferenceService"): "ome.io/inferenceservice",
    ("kubeai.org", "Model"): "model",
}
"""The label of each operator's pods that bears the name of the object."""
_GATEWAYS = {
    ("machinelearning.seldon.io", "SeldonDeployment"): "Seldon makes a route for it on its gateway",
    ("mlops.seldon.io", "Model"): "Seldon serves every Model through `seldon-mesh`, a load balancer by default",
    ("ome.io", "InferenceService"): "OME makes an Ingress for it",
}
_PROXIES = {
    ("kubeai.org", "Model"): "the proxy of KubeAI answers the pods of the cluster for every Model",
    ("mlops.seldon.io", "Model"): "`seldon-mesh` answers the pods of the cluster for every Model",
}


def labels(one: Resource, _path: tuple[Key, ...]) -> dict[str, str]:
    """The labels that an operator puts on pods, as far as they are known."""
    found = owned(one)
    key = _NAMED.get((one.group, one.kind))
    if key:
        found[key] = one.name
    if one.group == "production-stack.vllm.ai":
        own = dig(one.attrs, "metadata", "labels")
        if isinstance(own, Unknown):
            return owned(one)
        for name, value in own.items() if isinstance(own, Mapping) else ():
            if isinstance(value, str):
                found[name] = value
    return found


def objects(one: Resource) -> Iterator[Resource]:
    """The Services that an operator makes."""
    if one.kind in ("VLLMRuntime", "VLLMRouter") or (one.group, one.kind) == (KNATIVE, "Service"):
        yield service(one, one.name)
    elif one.kind == "Workspace":
        kind, line = _balanced(one)
        yield service(one, one.name, "", _KAITO_PORTS, kind, None, line)
        yield service(one, f"{one.name}-headless", headless=True)
    elif one.kind == "LeaderWorkerSet":
        yield service(one, one.name, headless=True)
    elif one.kind == "SeldonDeployment":
        for item in items_of(dig(one.attrs, "spec", "predictors")):
            name = dig(item, "name")
            if isinstance(name, str):
                noted = dig(item, "annotations", "seldon.io/svc-name")
                ports = (Port(8000), Port(5001))
                yield service(one, noted if isinstance(noted, str) else f"{one.name}-{name}", ports=ports)
    elif one.group == "ome.io":
        yield from (service(one, name) for name in (one.name, f"{one.name}-predictor", f"{one.name}-engine"))
    elif one.group == "ollama.ayaka.io":
        yield service(one, f"ollama-model-{one.name}", ports=(Port(11434),))


def _balanced(one: Resource) -> tuple[Value, Origin]:
    """The type of the Service of a KAITO workspace, and the line that says so."""
    asked = dig(one.attrs, "metadata", "annotations", _BALANCER)
    line = mark(one.attrs, "metadata", "annotations", _BALANCER) or line_of(one)
    if isinstance(asked, Unknown):
        return asked, line
    return "LoadBalancer" if asked in ("True", True) else "ClusterIP", line


def ways(one: Resource) -> Iterator[Way]:
    """What is opened where nothing is written."""
    line, key = line_of(one), (one.group, one.kind)
    unsure = Doubt("ingress-controller-unknown", (f"the gateway of {one.address}",))
    if key == (KNATIVE, "Service") and dig(one.attrs, "metadata", "labels", _VISIBILITY) != "cluster-local":
        yield Way(f"`{_VISIBILITY}` is not `cluster-local`: Knative makes a route on its ingress gateway", line, unsure)
    if key in _GATEWAYS:
        yield Way(_GATEWAYS[key], line, unsure)
    if key in _PROXIES:
        yield Way(_PROXIES[key], line, unsure, inside=True)
