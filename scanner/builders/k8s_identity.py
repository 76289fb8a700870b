"""Service accounts: which workloads run as which, and the nodes that stand for Kubernetes subjects."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.draft import World
from scanner.graph.model import Edge, Node, Plane, State
from scanner.origin import Origin
from scanner.podspec import pod_templates
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

DEFAULT = "default"
MEMO = "k8s_identity.runs_as"
ACCOUNTS_MEMO = "k8s_identity.accounts"
CARRIED_MEMO = "k8s_identity.carried"
ACCOUNTS = "system:serviceaccounts"
AUTHENTICATED = "system:authenticated"


class RunsAs(Struct, frozen=True):
    """A workload, and the service account that its pods run as; `name` is Unknown where nobody knows."""

    resource: Resource
    namespace: str
    name: str | Unknown
    origin: Origin
    stated: bool
    mounts_token: bool | Unknown

    @property
    def because(self) -> str:
        """What makes it so."""
        if self.stated:
            return f"its pods run as service account `{self.shown}`"
        return "`serviceAccountName` is not set: its pods run as service account `default`"

    @property
    def shown(self) -> str:
        """The name, as far as it is known."""
        return self.name if isinstance(self.name, str) else self.name.text()


class Account(Struct, frozen=True):
    """A service account: declared, or named by a workload. name: Unknown where nobody knows; pods: who runs as it."""

    unit: str
    namespace: str
    name: str | Unknown
    pods: tuple[RunsAs, ...]
    resource: Resource | None

    @property
    def shown(self) -> str:
        """The name, as far as it is known."""
        return self.name if isinstance(self.name, str) else self.name.text()

    @property
    def node_id(self) -> str:
        """The id of its node, which `account_node` makes where no manifest declares it."""
        return f"{self.unit}:{self.namespace}/ServiceAccount/{self.shown}"


class Accounts:
    """Every service account of the inputs, found by `namespace:name`; those without a known name are in `vague`."""

    def __init__(self, world: World) -> None:
        pods: dict[tuple[str, str, str], list[RunsAs]] = {}
        self.vague: list[Account] = []
        for one in runs_as(world):
            if isinstance(one.name, Unknown) or "*" in one.namespace:
                self.vague.append(Account(one.resource.unit, one.namespace, one.name, (one,), None))
            else:
                pods.setdefault((one.resource.unit, one.namespace, one.name), []).append(one)
        declared = {(one.unit, one.namespace, one.name): one for one in world.inventory.of("ServiceAccount")}
        self.by_name: dict[str, list[Account]] = {}
        for key in sorted({*pods, *declared}):
            account = Account(*key, tuple(pods.get(key, ())), declared.get(key))
            self.by_name.setdefault(f"{account.namespace}:{account.shown}", []).append(account)

    def all(self) -> Iterator[Account]:
        """Those with a name first, in order."""
        for some in self.by_name.values():
            yield from some
        yield from self.vague

    def named(self, namespace: str, name: str) -> Iterator[Account]:
        """Those of this name, and those that may have it."""
        yield from self.by_name.get(f"{namespace}:{name}", ())
        yield from (one for one in self.vague if one.namespace == namespace)


def accounts(world: World) -> Accounts:
    """The service accounts of the inputs; read once."""
    known = world.memo.get(ACCOUNTS_MEMO)
    if not isinstance(known, Accounts):
        known = world.memo[ACCOUNTS_MEMO] = Accounts(world)
    return known


class Carried(Struct, frozen=True):
    """A role of a cloud that a service account gives its pods. decided_by: what decides, empty where it is sure."""

    account: str
    role: str
    because: str
    decided_by: tuple[str, ...] = ()


def note_carried(world: World, carried: Carried) -> None:
    """Note a role of a cloud that a service account carries, for whoever can become the account."""
    listed = world.memo.setdefault(CARRIED_MEMO, {})
    assert isinstance(listed, dict)
    listed.setdefault(carried, None)


def carried_roles(world: World) -> list[Carried]:
    """Everything that was noted, in order; every account of it has a node."""
    listed = world.memo.get(CARRIED_MEMO, {})
    assert isinstance(listed, dict)
    for one in listed:
        unit, _, address = one.account.partition(":")
        namespace, _, name = address.partition("/ServiceAccount/")
        world.ensure(Node(f"{unit}:{address}", "ServiceAccount", address, name, namespace=namespace))
    return list(listed)


def runs_as(world: World) -> list[RunsAs]:
    """The service account of every workload of the manifests, one for each pod template; read once."""
    known = world.memo.get(MEMO)
    if not isinstance(known, list):
        known = world.memo[MEMO] = list(_runs_as(world))
    return known


def _runs_as(world: World) -> Iterator[RunsAs]:
    for resource in world.inventory.objects:
        if resource.data:
            continue
        for template in pod_templates(resource):
            key = "serviceAccountName" if dig(template.spec, "serviceAccountName") is not None else "serviceAccount"
            value = dig(template.spec, key)
            name: str | Unknown = value if isinstance(value, Unknown) else value if isinstance(value, str) else ""
            origin = mark(resource.attrs, *template.path, key) or template.origin
            namespace = resource.namespace or DEFAULT
            mounts = _mounts(world, resource.unit, namespace, name, template.spec)
            yield RunsAs(resource, namespace, name or DEFAULT, origin, bool(name), mounts)


def _mounts(world: World, unit: str, namespace: str, name: str | Unknown, spec: Value) -> bool | Unknown:
    """Whether the pods get the account's token: the pod decides, else the account, else they do."""
    sources = (
        one for volume in items_of(dig(spec, "volumes")) for one in items_of(dig(volume, "projected", "sources"))
    )
    if any(dig(one, "serviceAccountToken") is not None for one in sources):
        # A projected token is mounted whatever the switch says.
        return True
    said = dig(spec, "automountServiceAccountToken")
    if said is None and isinstance(name, str):
        account = world.inventory.at(unit, f"{namespace}/ServiceAccount/{name or DEFAULT}")
        said = None if account is None else account.attrs.get("automountServiceAccountToken")
    return said if isinstance(said, (bool, Unknown)) else True


def account_node(world: World, unit: str, namespace: str, name: str, origin: Origin | None = None) -> Node:
    """The node of a service account: its resource, or one of our own where no manifest declares it."""
    address = f"{namespace}/ServiceAccount/{name}"
    node = world.ensure(
        Node(f"{unit}:{address}", "ServiceAccount", address, name, origin=origin, actor=True, namespace=namespace)
    )
    world.set_actor(node.id)
    return world.nodes[node.id]


def subject_node(world: World, unit: str, kind: str, name: str, origin: Origin | None = None) -> Node:
    """The node of a user or a group, as role bindings name them."""
    address = f"{kind}/{name}"
    node = world.ensure(Node(f"{unit}:{address}", kind, address, name, origin=origin, actor=True))
    world.set_actor(node.id)  # OpenShift has objects for groups
    return world.nodes[node.id]


def add_account_edges(world: World, wanted: set[str]) -> None:
    """Workload -> service account, "become", for the accounts whose node ids are wanted."""
    in_space: dict[tuple[str, str], list[str]] = {}
    for node_id in sorted(wanted):
        node = world.nodes[node_id]
        in_space.setdefault((node_id.removesuffix(f":{node.address}"), node.namespace), []).append(node_id)
    for one in runs_as(world):
        if one.mounts_token is False:
            continue
        unit = one.resource.unit
        own = f"{unit}:{one.namespace}/ServiceAccount/{one.name}"
        spaces = in_space.get((unit, one.namespace), []) if isinstance(one.name, Unknown) else []
        for node_id in [own] if own in wanted else spaces:
            _runs_with(world, one, node_id, one.because)


def _runs_with(world: World, one: RunsAs, node_id: str, because: str) -> None:
    """Workload -> an identity that its token gives it."""
    doubts = [part for part in (one.name, one.mounts_token, one.resource.possible) if isinstance(part, Unknown)]
    world.set_actor(one.resource.id)
    world.add_edge(
        Edge(
            source=one.resource.id,
            target=node_id,
            plane=Plane.IDENTITY,
            verb="become",
            because=because,
            origin=one.origin,
            state=State.POSSIBLE if doubts else State.OPEN,
            reason=doubts[0].code if doubts else "",
            decided_by=(doubts[0].decided_by or (one.resource.address,)) if doubts else (),
        )
    )


def groups_of(namespace: str) -> tuple[str, ...]:
    """The groups that the API server puts the service accounts of a namespace in."""
    return (f"{ACCOUNTS}:{namespace}", ACCOUNTS, AUTHENTICATED)


def add_group_edges(world: World, used: set[str]) -> None:
    """Workload -> group, "become", for the groups of service accounts among the node ids that are used."""
    for one in runs_as(world):
        if one.mounts_token is False:
            continue
        for group in groups_of(one.namespace):
            node_id = f"{one.resource.unit}:Group/{group}"
            if node_id in used:
                what = "of the cluster" if group == AUTHENTICATED else f"of `{one.namespace}`"
                _runs_with(world, replace(one, name=DEFAULT), node_id, f"every service account {what} is in the group")
