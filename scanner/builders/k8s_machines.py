"""Pods that can take over the machine they run on: whatever else runs there, models and the stack included, is theirs.

Sources: Kubernetes, Pod Security Standards (Baseline: privileged containers, host namespaces, host paths,
capabilities); documentation of the kubelet and of container runtimes for what lies under the paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from scanner.builders.draft import World
from scanner.graph.model import Edge, Node, Plane, Role, State
from scanner.origin import Origin
from scanner.podspec import Container, PodTemplate, containers, pod_templates
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

TARGETS = frozenset({Role.MODEL, Role.CANDIDATE, Role.GATEWAY, Role.CLASSIFIER})
CAPABILITIES = frozenset({"ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "DAC_READ_SEARCH", "BPF"})
"""Linux capabilities with which a process leaves its container, by themselves or beside a host namespace."""
WRITABLE = (
    "/", "/boot", "/etc", "/root", "/home", "/usr", "/bin", "/sbin", "/lib", "/opt/cni", "/var/spool/cron", "/proc",
)  # fmt: skip
"""Host paths from which, or from below which, a process that may write them comes to run on the machine."""
SOCKETS = (
    "/var/run", "/run", "/var/lib/kubelet", "/var/lib/docker", "/var/lib/containerd", "/etc/kubernetes", "/var/lib",
)  # fmt: skip
"""Host paths under which runtime sockets, tokens of other pods or keys of the node lie: reading is enough."""
RELAY = "Machine"
"""The kind of the node for the machines that pods with the same demands run on."""


class Power(Struct, frozen=True):
    """What lets a pod take over its machine. doubt: the Unknown that decides whether it does, None for certain."""

    says: str
    origin: Origin | None
    doubt: Unknown | None = None


class Runner(Struct, frozen=True):
    """Pods of one template. selector: the node labels that they demand, as far as they are known."""

    resource: Resource
    template: PodTemplate
    selector: frozenset[tuple[str, str]]
    everywhere: bool


def build_k8s_machines(world: World) -> None:
    """Add ways from pods that can take over their machine to the models and the stack that may run on it."""
    runners = [one for resource in world.inventory.objects for one in _runners(resource)]
    targets: dict[str, list[Runner]] = {}
    for one in runners:
        if world.nodes[one.resource.id].roles & TARGETS:
            targets.setdefault(one.resource.unit, []).append(one)
    for one in runners:
        powers = sorted(_powers(one.template.spec), key=lambda power: power.doubt is not None)
        if powers and targets.get(one.resource.unit):
            _enter(world, one, powers[0], targets[one.resource.unit])


def _runners(resource: Resource) -> Iterator[Runner]:
    for template in pod_templates(resource):
        selector = dig(template.spec, "nodeSelector")
        known = selector if isinstance(selector, Mapping) else {}
        pairs = frozenset((key, value) for key, value in known.items() if isinstance(value, str))
        yield Runner(resource, template, pairs, _everywhere(resource, template.spec))


def _everywhere(resource: Resource, spec: Value) -> bool:
    """Whether there is certainly one such pod on every machine: it demands nothing, and no taint keeps it off."""
    bound = any(dig(spec, key) is not None for key in ("nodeSelector", "affinity", "nodeName"))
    tolerates = any(
        dig(one, "operator") == "Exists" and dig(one, "key") in (None, "") and dig(one, "effect") in (None, "")
        for one in items_of(dig(spec, "tolerations"))
    )
    return resource.kind == "DaemonSet" and resource.possible is None and not bound and tolerates


def _powers(spec: Value) -> Iterator[Power]:
    if isinstance(spec, Unknown):
        return
    yield from _flag(dig(spec, "hostPID"), "it sees the processes of its machine (`hostPID`)", mark(spec, "hostPID"))
    for container in containers(spec):
        yield from _of_container(container)
    yield from _of_paths(spec)


def _flag(value: Value, says: str, origin: Origin | None) -> Iterator[Power]:
    if value is True:
        yield Power(says, origin)
    elif isinstance(value, Unknown):
        yield Power(f"whether {says} is not known", origin, value)


def _of_container(container: Container) -> Iterator[Power]:
    privileged = container.fact("securityContext", "privileged")
    says = f"container `{container.name}` is privileged: it is root on its machine"
    yield from _flag(privileged.value, says, privileged.origin)
    added = container.fact("securityContext", "capabilities", "add")
    for index, one in enumerate(items_of(added.value)):
        origin = mark(container.value, "securityContext", "capabilities", "add", index) or added.origin
        if isinstance(one, str) and one.upper().removeprefix("CAP_") in CAPABILITIES:
            yield Power(f"container `{container.name}` has the capability `{one}`", origin)
        elif isinstance(one, Unknown):
            yield Power(f"which capability container `{container.name}` has is not known", origin, one)


def _of_paths(spec: Value) -> Iterator[Power]:
    """Volumes that are a folder or a socket of the machine; one that every container only reads harms by less."""
    for index, volume in enumerate(items_of(dig(spec, "volumes"))):
        path = dig(volume, "hostPath", "path")
        origin = mark(spec, "volumes", index, "hostPath", "path") or mark(spec, "volumes", index)
        if isinstance(path, Unknown):
            yield Power("which folder of its machine it mounts is not known", origin, path)
        elif isinstance(path, str):
            name = dig(volume, "name")
            plain = "/" + path.strip("/")
            read_only = all(dig(mount, "readOnly") is True for mount in _mounts(spec, name))
            if _below(plain, SOCKETS) or (not read_only and _below(plain, WRITABLE)):
                yield Power(f"it mounts `{path}` of its machine", origin)


def _mounts(spec: Value, name: Value) -> Iterator[Value]:
    for container in containers(spec):
        mounts = dig(container.value, "volumeMounts")
        yield from (one for one in items_of(mounts) if isinstance(one, Unknown) or dig(one, "name") in (name, None))


def _below(path: str, roots: tuple[str, ...]) -> bool:
    """Whether a path is one of the roots, above one, or inside one that is not `/` itself."""
    inside = any(path == root or (root != "/" and path.startswith(f"{root}/")) for root in roots)
    return inside or path == "/" or any(root.startswith(f"{path}/") for root in roots)


def _enter(world: World, one: Runner, power: Power, targets: list[Runner]) -> None:
    """Edges to every model and stack member that may stand on the same machine, by one relay for equal demands."""
    unit, own = one.resource.unit, one.resource.id
    met = [each for each in targets if each.resource.id != own and not _apart(one, each)]
    if not met:
        return
    certain = one.everywhere and power.doubt is None
    shown = ", ".join(f"{key}={value}" for key, value in sorted(one.selector)) or "any"
    kind = "each" if certain else shown
    relay = world.ensure(Node(id=f"{unit}:machine/{kind}", kind=RELAY, address=f"machine/{kind}", name=kind))
    where = "there is one on every machine" if certain else "on which machine it runs is not known"
    doubts = power.doubt.decided_by if power.doubt else ()
    world.add_edge(
        Edge(
            source=own,
            target=relay.id,
            plane=Plane.IDENTITY,
            verb="become",
            because=f"{power.says}, and {where}",
            origin=power.origin or one.template.origin,
            state=State.OPEN if certain else State.POSSIBLE,
            reason="" if certain else "node-placement-unknown",
            decided_by=() if certain else (*doubts, f"{one.resource.address}: its machine"),
            cut=True,
        )
    )
    for each in met:
        key = f"machine {relay.id} {each.resource.id}"
        if key not in world.memo:
            world.memo[key] = True
            world.add_edge(
                Edge(
                    source=relay.id,
                    target=each.resource.id,
                    plane=Plane.IDENTITY,
                    verb="become",
                    because="its pods run on such machines: who holds the machine holds them",
                    origin=each.template.origin,
                )
            )


def _apart(one: Runner, other: Runner) -> bool:
    """Whether two templates demand different values of one label of their machines."""
    wanted = dict(one.selector)
    return any(key in wanted and wanted[key] != value for key, value in other.selector)
