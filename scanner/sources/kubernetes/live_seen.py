"""What a cluster saw of its workloads at a moment: copies that were ready, and the images that ran in them.

Sources: Kubernetes API reference, "DeploymentStatus", "StatefulSetStatus", "DaemonSetStatus" (a count that is left out
is none, once the controller has looked), "ContainerStatus" (`imageID` is the image by its digest, empty until it runs).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from scanner.patterns import lazy
from scanner.sources.kubernetes.live_items import Item, Lost, dig
from scanner.unknown import Unknown

COUNTS = {"Deployment": "readyReplicas", "StatefulSet": "readyReplicas", "DaemonSet": "numberReady"}
PODS = ("", "Pod")
_DIGEST = lazy(r"(?:^|@)(sha256:[0-9a-f]{64})\Z")
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")


def seen(item: Item, pods: Iterable[Item], lost: Iterable[Lost]) -> list[dict[str, Any]]:
    """The entries of `@observed` of a workload; none of what runs nothing. pods: that run in its name.

    `hidden` says why a value is not known; it is no Unknown, for those in an object count as settings nobody knows.
    """
    some = list(pods)
    counted = _ready(item, some)
    if counted is None:
        return []
    count = {"hidden": counted.cause} if isinstance(counted, Unknown) else {"count": counted}
    found: list[dict[str, Any]] = [{"what": "copies", "of": "ready", **count, "at": item.call.at}]
    hidden = next((one for one in lost if one.what == PODS and one.space in ("", item.namespace)), None)
    if hidden is not None:
        cause = f"the pods of `{item.address}` were not listed: {hidden.call.cause or hidden.call.outcome}"
        return [*found, _entry(item, "", Unknown(cause))]
    images = [one for pod in some for one in _images(pod, item.address)]
    return [*found, *(_entry(item, of, digest) for of, digest in dict.fromkeys(images))]


def _ready(item: Item, pods: list[Item]) -> int | Unknown | None:
    """How many copies were ready; None for what is no workload of Kubernetes itself."""
    if item.what == PODS:
        return sum(1 for one in pods if one is item and _is_ready(one))
    if item.group != "apps" or item.kind not in COUNTS:
        return None
    status, key = dig(item.value, "status"), COUNTS[item.kind]
    count = dig(status, key)
    if isinstance(count, int) and not isinstance(count, bool):
        return count
    if count is None and isinstance(dig(status, "observedGeneration"), int):
        return 0
    return Unknown(f"the answer does not give `status.{key}` of `{item.address}`")


def _is_ready(pod: Item) -> bool:
    told = dig(pod.value, "status", "containerStatuses")
    return isinstance(told, list) and bool(told) and all(dig(one, "ready") is True for one in told)


def _images(pod: Item, of: str) -> Iterator[tuple[str, str | Unknown]]:
    """Container and digest of each image that runs in a pod; one that tells of no container is not known."""
    told = [one for key in _STATUSES for one in dig(pod.value, "status", key) or () if isinstance(one, dict)]
    if not told and dig(pod.value, "status", "phase") != "Pending":
        cause = f"the answer does not give `status.containerStatuses` of a pod of `{of}`"
        yield "", Unknown(cause)
    known = {one.get("name") for one in told}
    for name in _named(pod) if told else ():
        if name not in known:
            yield str(name), Unknown(f"the answer does not give the status of container `{name}` of a pod of `{of}`")
    for one in told:
        image, name = one.get("imageID"), str(one.get("name"))
        if image == "":
            continue  # it was not pulled yet: nothing runs
        found = _DIGEST.search(image) if isinstance(image, str) else None
        # A bare digest is that of the image's configuration on this machine, which no registry knows.
        if found is not None and isinstance(image, str) and "@" in image:
            yield name, found[1]
        else:
            cause = f"which image container `{name}` of `{of}` runs is not told by a digest"
            yield name, Unknown(cause)


def _named(pod: Item) -> Iterator[object]:
    """The containers that a pod is declared with."""
    for key in ("containers", "initContainers", "ephemeralContainers"):
        yield from (one.get("name") for one in dig(pod.value, "spec", key) or () if isinstance(one, dict))


def _entry(item: Item, of: str, digest: str | Unknown) -> dict[str, Any]:
    told = {"hidden": digest.cause} if isinstance(digest, Unknown) else {"digest": digest}
    return {"what": "image", "of": of, **told, "at": item.call.at}
