"""Which platform knows an object, and what it says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType

from scanner.builders.k8s_network.platforms import kserve, nim, others, ray
from scanner.builders.k8s_network.platforms.made import Way
from scanner.resource import Key, Resource

_BY_KIND: dict[tuple[str, str], ModuleType] = {
    **{(kserve.GROUP, kind): kserve for kind in ("InferenceService", "LLMInferenceService", "InferenceGraph")},
    **{(ray.GROUP, kind): ray for kind in ("RayCluster", "RayService", "RayJob", "RayCronJob")},
    **{(nim.GROUP, kind): nim for kind in ("NIMService", "NIMPipeline")},
    (others.KNATIVE, "Service"): others,
    ("kaito.sh", "Workspace"): others,
    ("kaito.sh", "InferenceSet"): others,
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"): others,
    ("production-stack.vllm.ai", "VLLMRuntime"): others,
    ("production-stack.vllm.ai", "VLLMRouter"): others,
    ("machinelearning.seldon.io", "SeldonDeployment"): others,
    ("mlops.seldon.io", "Model"): others,
    ("ome.io", "InferenceService"): others,
    ("kubeai.org", "Model"): others,
    ("ollama.ayaka.io", "Model"): others,
}
RUNS = frozenset({(kserve.GROUP, "InferenceGraph")})
"""Objects that run pods although no template of theirs says so, whatever their role."""


def pod_labels(one: Resource, path: tuple[Key, ...] = ()) -> dict[str, str]:
    """The labels that an operator puts on the pods of an object, for the template at `path`; {} for no platform."""
    platform = _BY_KIND.get((one.group, one.kind))
    found: dict[str, str] = platform.labels(one, path) if platform is not None else {}
    return found


def made_objects(resources: Iterable[Resource]) -> list[Resource]:
    """What the operators make of the objects of a cluster, but what the inputs show themselves."""
    every = list(resources)
    known = {one.address for one in every if not (one.group == others.KNATIVE and one.kind == "Service")}
    found: dict[str, Resource] = {}
    for one in every:
        platform = _BY_KIND.get((one.group, one.kind))
        for made in platform.objects(one) if platform is not None else ():
            if made.address not in known:
                found.setdefault(made.address, made)
    return list(found.values())


def platform_ways(one: Resource) -> Iterator[Way]:
    """The ways that a platform opens to an object of its own accord."""
    platform = _BY_KIND.get((one.group, one.kind))
    if platform is not None and hasattr(platform, "ways"):
        yield from platform.ways(one)
