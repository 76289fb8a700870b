"""Things that decide the same for all that use them: a serving runtime of KServe, the claim of a volume."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from scanner.findings import Finding, Shared, Subject
from scanner.graph.model import Node
from scanner.podspec_shapes import RUNTIME
from scanner.rule import Case

CLAIM = "pvc://"


def by_claim(case: Case, node: Node, made: Finding, reference: str, said: str) -> Finding:
    """The finding, and what is said of the claim where several refer to one volume; `{}` in `said` is its address.

    Source: KServe, "Deploy InferenceService with a saved model on PVC": `pvc://CLAIM/PATH`, in its own namespace.
    """
    name = reference.removeprefix(CLAIM).partition("/")[0]
    if not reference.startswith(CLAIM) or not name:
        return made
    return _shared(case, node, made, (f"{node.namespace}/PersistentVolumeClaim/{name}",), said)


def by_runtime(case: Case, node: Node, made: Finding, decided_by: Iterable[str], said: str) -> Finding:
    """The finding, and what is said of the serving runtime where several are served by one.

    Source: KServe, "Serving Runtimes": the one of the namespace counts before the one of the cluster.
    """
    name = next((one.removeprefix(RUNTIME) for one in decided_by if one.startswith(RUNTIME)), "")
    if not name:
        return made
    return _shared(case, node, made, (f"{node.namespace}/ServingRuntime/{name}", f"ClusterServingRuntime/{name}"), said)


def _shared(case: Case, node: Node, made: Finding, addresses: tuple[str, ...], said: str) -> Finding:
    unit = node.id.removesuffix(f":{node.address}")
    there = (case.graph.nodes.get(f"{unit}:{one}") for one in addresses)
    found = next((one for one in there if one is not None), None)
    address = addresses[0] if found is None else found.address
    *_, kind, name = address.split("/")
    subject = Subject(address, kind, name, None if found is None else found.origin, unit)
    return replace(made, shared=Shared(subject, said.replace("{}", f"`{address}`")))
