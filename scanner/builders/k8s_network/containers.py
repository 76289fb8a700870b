"""The last hop is the container: what shares a model's pod calls it, what shares the stack's pod can be the stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.edges import Doubt, connect
from scanner.builders.k8s_network.ports import PROXIES, server_of, serving
from scanner.builders.k8s_network.view import Target, View, profile_names
from scanner.graph.model import Node, Plane, Role
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.podspec import Container, containers
from scanner.resource import dig

SHARED = "it shares the pod of the stack: its address and its identity are the stack's"
INITIAL = "it runs in the pod of the stack before the stack does, with its identity and its volumes"
SETUPS = frozenset({"istio-init", "istio-validation", "linkerd-init", "linkerd-network-validator"})
"""Init containers that meshes put in: they lead the pod's traffic to the proxy, and end."""
_MESH = lazy(r"(?:^|/)(?:proxyv2|linkerd/proxy|linkerd/proxy-init|linkerd-io/proxy(?:-init)?)(?:[:@]|$)|^auto$")
"""The images of meshes; `auto` is what Istio's injector puts its own in place of."""


def build_containers(view: View) -> None:
    """A caller for each container beside a model server, and one that can be the stack for each beside the stack."""
    for target in view.targets:
        if _stack(view, target):
            _inside(view, target)
        elif target.model:
            _beside(view, target)


def _stack(view: View, target: Target) -> bool:
    return any(view.world.nodes[one].roles & {Role.GATEWAY, Role.CLASSIFIER} for one in target.nodes)


def _beside(view: View, target: Target) -> None:
    every = [one for one in serving(target.workload) if dig(one.value, "name") is not None]
    servers = {one.name for one in every if server_of(one)} or _with_devices(every)
    alone = _alone(target)
    # Which container serves is then a guess, and so is which of them call it.
    doubt = None if servers else Doubt("image-role-unknown", (f"which container of {target.name} is the model server",))
    servers = servers or {one.name for one in every[:1]}
    for container in every:
        name = f"{target.name}#{container.name}"
        if (
            container.name in servers
            or (container.name, container.origin) in alone
            or container.name in PROXIES
            or _listed(view, name)
        ):
            continue
        node = _caller(view, target, container)
        if node is None:
            continue
        for end in target.nodes:
            because = "it shares the pod: localhost is not filtered"
            connect(view.world, node.id, end, because, container.origin, doubt=doubt, cut=True)


def _alone(target: Target) -> set[tuple[str, Origin | None]]:
    """The containers with a pod of their own: the head or the workers of a model that several pods make up."""
    pods = (
        [one for one in containers(template.spec) if one.role != "init"] for _, template in target.workload.templates
    )
    return {(pod[0].name, pod[0].origin) for pod in pods if len(pod) == 1}


def _inside(view: View, target: Target) -> None:
    """A container of a stack pod that nobody named has the stack's address and its identity: it may be the stack."""
    every = [one for one in serving(target.workload) if dig(one.value, "name") is not None]
    first = list(_before(target))
    if not every or len(every) + len(first) < 2:
        return
    own = {one.name for one in every if one.name == target.workload.resource.name} or {every[0].name}
    for container in (*every, *first):
        name = f"{target.name}#{container.name}"
        ours = container.role != "init" and container.name in own
        if ours or _of_a_mesh(container) or _listed(view, name):
            continue
        node = _caller(view, target, container)
        if node is None:
            continue
        because = INITIAL if container.role == "init" else SHARED
        doubt = Doubt("image-role-unknown", (f"profile:safety_stack: {name}",))
        for end in target.nodes:
            connect(
                view.world, node.id, end, because, container.origin,
                plane=Plane.IDENTITY, verb="become", doubt=doubt, cut=True,
            )  # fmt: skip


def _of_a_mesh(container: Container) -> bool:
    """Whether a mesh puts the container in: a name alone is anybody's."""
    image = container.image.value
    return container.name in PROXIES | SETUPS and (
        image is None or (isinstance(image, str) and _MESH.search(image) is not None)
    )


def _before(target: Target) -> Iterator[Container]:
    """The init containers of a pod: they are done before its server starts, and leave behind what they like."""
    for _, template in target.workload.templates:
        yield from (
            one for one in containers(template.spec) if one.role == "init" and dig(one.value, "name") is not None
        )


def _caller(view: View, target: Target, container: Container) -> Node | None:
    """A node for the container; None where it has one already."""
    name = f"{target.name}#{container.name}"
    node = Node(
        view.node(name), "Container", name, container.name, container.origin, actor=True,
        namespace=target.workload.resource.namespace,
    )  # fmt: skip
    if node.id in view.world.nodes:
        return None
    return view.world.ensure(node)


def _with_devices(every: list[Container]) -> set[str]:
    """The containers that ask for an accelerator."""
    found: set[str] = set()
    for one in every:
        limits = dig(one.value, "resources", "limits")
        if isinstance(limits, Mapping) and any("/" in key for key in limits):
            found.add(one.name)
    return found


def _listed(view: View, name: str) -> bool:
    """Whether the profile names the container as part of the stack, as platform, or as no model."""
    profile = view.world.profile
    entries = (
        *profile.gateways,
        *profile.classifiers,
        *profile.platform,
        *(one.id for one in profile.guardrails),
        *(one.subject for one in profile.not_models),
    )
    return any("#" in entry and profile_names(entry, view, name) for entry in entries)
