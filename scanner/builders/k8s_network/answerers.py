"""Pods that a Service puts beside those of a model or a classifier: they answer calls that are meant for it."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.view import View, own_line
from scanner.builders.k8s_policy.labels import selector_of_labels
from scanner.builders.k8s_policy.model import Peer, PeerKind
from scanner.graph.facts_access import Answerer
from scanner.graph.model import Role
from scanner.podspec_shapes import BUILT_IN_GROUPS
from scanner.resource import Resource, dig, mark

KNOWN = {
    Role.MODEL: frozenset({Role.MODEL, Role.GATEWAY, Role.CLASSIFIER, Role.PLATFORM}),
    Role.CLASSIFIER: frozenset({Role.GATEWAY, Role.CLASSIFIER, Role.PLATFORM}),
}
"""By what is meant: who may stand behind the same Service, being judged as what it is."""


def build_answerers(view: View, services: Services) -> None:
    """An Answerer fact on a model or a classifier for each other workload that a Service of it leads to."""
    spaces = {view.cluster.pods[pod].namespace for target in view.targets for pod in target.pods}
    workloads = {view.node(one.address): one.resource for one in view.workloads}
    for (space, _), service in sorted(services.by_name.items()):
        if space in spaces:
            for meant, fact in _behind(view, service, workloads):
                view.world.add_fact(meant, fact)


def _behind(view: View, service: Resource, workloads: dict[str, Resource]) -> Iterator[tuple[str, Answerer]]:
    selector = dig(service.attrs, "spec", "selector")
    if not selector:
        return
    peer = Peer(PeerKind.PODS, service.namespace, pods=selector_of_labels(selector))
    selected = view.cluster.select(peer)
    sure = {view.owners[pod] for pod in selected.sure}
    # The labels of pods that an operator makes are not known: that they may be any is no sign of anything.
    perhaps = {view.owners[pod] for pod in selected.maybe - selected.sure} - sure
    written = {one for one in perhaps if one in workloads and workloads[one].group in BUILT_IN_GROUPS}
    line = mark(service.attrs, "spec", "selector") or own_line(service)
    for role, beside in KNOWN.items():
        meant = sorted(one for one in sure if role in view.world.nodes[one].roles)
        for other in sorted(sure | written) if meant else ():
            node = view.world.nodes[other]
            if node.roles & beside:
                continue
            because = f"Service `{service.address}` sends calls to `{node.address}` as well"
            yield meant[0], Answerer(origin=line, because=because, role=role.value, other=node.address)
