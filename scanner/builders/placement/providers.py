"""Where each Terraform provider configuration works: cloud, partition, account and region."""

from __future__ import annotations

from collections.abc import Iterator

from scanner import tables
from scanner.builders.blocks import reach
from scanner.builders.draft import World
from scanner.builders.placement.places import partition_of, words_of
from scanner.graph.facts import Placement
from scanner.graph.model import Edge, Node, Plane, State
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Provider, Resource, items_of, mark
from scanner.unknown import Unknown, Value, refs_in

NOWHERE = frozenset({"utility", "control-plane", "opaque-carrier"})
"""Classes of providers that make nothing with a place of its own."""
CLUSTER_DATA = {
    "aws_eks_cluster": "name",
    "aws_eks_cluster_auth": "name",
    "azurerm_kubernetes_cluster": "name",
    "google_container_cluster": "name",
}
"""Data sources that look a cluster up, and the argument that names it."""
_ARN_ACCOUNT = lazy(r"^arn:[^:]+:iam::(\d{12}):")


def add_providers(world: World, clusters: frozenset[str]) -> None:
    """A node with a Placement for each provider configuration that makes something, and what runs on it."""
    for (unit, address), made in sorted(_by_configuration(world).items()):
        provider = made[0].provider
        if provider is None:
            continue
        row = tables.provider(provider.source)
        if row is not None and row.place in NOWHERE:
            continue
        node = world.ensure(_node(unit, address, provider, made[0]))
        if row is not None and row.place == "inherit-cluster":
            _through_cluster(world, node, made, clusters)
            continue
        for fact in _places(provider, node, row.place if row else "", row.because if row else ""):
            world.add_fact(node.id, fact)
        for resource in made:
            _runs_on(world, resource, node.id, f"it is made with `{address}`")


def _by_configuration(world: World) -> dict[tuple[str, str], list[Resource]]:
    found: dict[tuple[str, str], list[Resource]] = {}
    for resource in world.inventory.all:
        if resource.provider is not None and not resource.data and resource.kind != "provider":
            found.setdefault((resource.unit, resource.provider.address), []).append(resource)
    return found


def _node(unit: str, address: str, provider: Provider, first: Resource) -> Node:
    return Node(
        id=f"{unit}:{address}",
        kind="provider",
        address=address,
        name=provider.name,
        origin=provider.origin or first.origin,
    )


def _runs_on(world: World, resource: Resource, target: str, because: str) -> None:
    origin = resource.provider.origin if resource.provider and resource.provider.origin else resource.origin
    world.add_edge(Edge(resource.id, target, Plane.PLACEMENT, "run-on", because, origin))


def _places(provider: Provider, node: Node, place: str, because: str) -> Iterator[Placement]:
    if not place:
        cause = f"no table knows the provider `{provider.source}`"
        unknown = Unknown(cause, decided_by=(f"provider {provider.source}",))
        yield Placement(origin=node.origin, because=cause, place_class=unknown)
    elif place == "cloud":
        yield from _cloud(provider, node)
    elif place == "other-cloud":
        region = _one(provider, "region", "no region is set in the provider")
        says = f"{because} (`{provider.source}`)"
        yield Placement(
            origin=node.origin,
            because=says,
            place_class="cloud",
            provider=words_of(provider.source),
            region=region.value,
        )
    elif place in ("private-or-public-cloud", "hybrid-compute"):
        unknown = Unknown(because, decided_by=(f"provider {provider.source}",))
        yield Placement(origin=node.origin, because=because, place_class=unknown)
    else:
        yield Placement(origin=node.origin, because=f"{because} (`{provider.source}`)", place_class=place)


class _Setting:
    """A setting of a provider with its line; the Unknown that says so where it is not set."""

    def __init__(self, value: str | Unknown, origin: Origin | None) -> None:
        self.value = value
        self.origin = origin


def _one(provider: Provider, key: str, otherwise: str, decided: str = "") -> _Setting:
    for found in reach(provider.attrs, key, provider.origin):
        if isinstance(found.value, (str, Unknown)):
            return _Setting(found.unknown or found.text, found.origin)
    cause = otherwise if provider.origin else f"no provider block: {otherwise}"
    return _Setting(Unknown(cause, decided_by=(decided or f"{provider.address}.{key}",)), provider.origin)


def _cloud(provider: Provider, node: Node) -> Iterator[Placement]:
    cloud = words_of(provider.source)
    if cloud == "azure":
        yield from _azure(provider, node)
        return
    if cloud == "gcp":
        yield from _google(provider, node)
        return
    if cloud != "aws":
        return
    region = _one(provider, "region", "the region comes from the environment of the run", "AWS_REGION")
    because = f"the provider works in `{region.value}`" if isinstance(region.value, str) else region.value.cause
    yield Placement(
        origin=region.origin or node.origin,
        because=because,
        place_class="cloud",
        provider="aws",
        partition=partition_of(region.value, "aws"),
        region=region.value,
    )
    line = mark(provider.attrs, "allowed_account_ids") or mark(provider.attrs, "assume_role") or node.origin
    for account in accounts(provider):
        says = account.cause if isinstance(account, Unknown) else f"the provider works in account `{account}`"
        yield Placement(origin=line, because=says, place_class="cloud", provider="aws", account=account)


def accounts(provider: Provider) -> list[str | Unknown]:
    """The AWS accounts that a configuration can work in: each allowed one, or that of the role it takes."""
    listed = items_of(provider.attrs.get("allowed_account_ids"))
    known: list[str | Unknown] = [one if isinstance(one, Unknown) else str(one) for one in listed]
    if known:
        return known
    for found in reach(provider.attrs, "assume_role.role_arn", provider.origin):
        account = _ARN_ACCOUNT.match(found.text)
        if account is not None:
            return [account.group(1)]
        if found.unknown is not None:
            return [found.unknown]
    cause = "`allowed_account_ids` is not set: the credentials of the run decide the account"
    return [Unknown(cause, decided_by=(f"{provider.address}.allowed_account_ids",))]


def _azure(provider: Provider, node: Node) -> Iterator[Placement]:
    """Regions stand on each resource; subscription and cloud on the provider."""
    wanted = "the subscription comes from the environment of the run"
    account = _one(provider, "subscription_id", wanted, "ARM_SUBSCRIPTION_ID")
    environment = next(iter(reach(provider.attrs, "environment", provider.origin)), None)
    words = {"usgovernment": "azure-us-gov", "china": "azure-china", "public": "azure"}
    partition: str | Unknown = "azure"
    if environment is not None:
        partition = environment.unknown or words.get(environment.text.lower(), environment.text)
    says = "the subscription is set in the provider" if isinstance(account.value, str) else account.value.cause
    yield Placement(
        origin=account.origin or node.origin,
        because=says,
        place_class="cloud",
        provider="azure",
        partition=partition,
        account=account.value,
    )


def _google(provider: Provider, node: Node) -> Iterator[Placement]:
    account = _one(provider, "project", "the project comes from the environment of the run", "GOOGLE_PROJECT")
    regions = list(reach(provider.attrs, "region", provider.origin))
    region: str | Unknown = (regions[0].unknown or regions[0].text) if regions else ""
    says = "the project is set in the provider" if isinstance(account.value, str) else account.value.cause
    yield Placement(
        origin=account.origin or node.origin,
        because=says,
        place_class="cloud",
        provider="gcp",
        partition="gcp",
        account=account.value,
        region=region,
    )


def _through_cluster(world: World, node: Node, made: list[Resource], clusters: frozenset[str]) -> None:
    """Objects of a cluster stand where the cluster stands; which one it is, the provider's arguments say."""
    provider = made[0].provider
    named = sorted(_clusters_named(world, node.id.partition(":")[0], provider.attrs if provider else None, clusters))
    if named:
        for target in named:
            state = State.OPEN if len(named) == 1 else State.POSSIBLE
            because = f"`{node.address}` acts on the cluster `{world.nodes[target].address}`"
            reason = "" if state is State.OPEN else "value-unknown"
            origin = mark(provider.attrs, "host") if provider else None
            world.add_edge(
                Edge(node.id, target, Plane.PLACEMENT, "run-on", because, origin or node.origin, state, reason=reason)
            )
    else:
        cause = f"nothing says which cluster `{node.address}` acts on"
        unknown = Unknown(cause, decided_by=(f"{node.address}.host",))
        world.add_fact(node.id, Placement(origin=node.origin, because=cause, place_class=unknown))
    for resource in made:
        _runs_on(world, resource, node.id, f"it is made with `{node.address}`")


def _clusters_named(world: World, unit: str, attrs: Value, clusters: frozenset[str]) -> Iterator[str]:
    for ref in dict.fromkeys(refs_in(attrs)):
        found = world.inventory.at(unit, ref.address)
        if found is None:
            continue
        if found.id in clusters:
            yield found.id
        elif found.data and found.kind in CLUSTER_DATA:
            real = world.inventory.find(found.attrs.get(CLUSTER_DATA[found.kind]), unit)
            if isinstance(real, Resource) and real.id in clusters:
                yield real.id
