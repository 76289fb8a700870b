"""Resources of kinds that nobody models: a possible way where they touch a model, the stack or a guard; else counted.

It runs last: a kind that an earlier builder asked the inventory for is modelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TypeAlias, cast

from scanner import tables
from scanner.builders.aws_entry import build as aws_entry
from scanner.builders.aws_network import build as aws_network
from scanner.builders.blocks import strings, text
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect
from scanner.builders.recognise.terraform import managed
from scanner.builders.supply import build as supply
from scanner.builders.twins import FOREIGN, is_twin, open_twin
from scanner.graph.model import STACK, Plane, Role
from scanner.patterns import lazy
from scanner.podspec_shapes import HOLDERS
from scanner.resource import Resource
from scanner.unknown import Ref, Value, refs_in

CORE = (STACK - {Role.GUARDRAIL}) | {Role.MODEL, Role.CANDIDATE}
"""A guardrail is no place in a network: who can change it is a matter of control."""
GUARDS = frozenset(
    {
        "aws_security_group", "aws_subnet", "aws_iam_role", "aws_iam_policy", "aws_iam_instance_profile",
        "aws_s3_bucket", "aws_lb_target_group", "aws_ecs_cluster", "aws_eks_cluster", "aws_launch_template",
        "aws_vpc_endpoint", "kubernetes_namespace", "kubernetes_namespace_v1", "kubernetes_service_account",
        "azurerm_subnet", "azurerm_network_security_group", "azurerm_user_assigned_identity",
        "azurerm_resource_group", "google_service_account", "google_compute_subnetwork",
    }
)  # fmt: skip
"""What stands before a model or a member of the stack, or holds it, where it refers to one of these."""
GROUP = "aws_security_group"
RULES = {
    "aws_security_group_rule": "source_security_group_id",
    "aws_vpc_security_group_ingress_rule": "referenced_security_group_id",
}
"""Types of rules of a group, and where they name the group that they let in."""
AZAPI = "azapi_resource"
"""A resource of Azure by the name of its type, which the tables know or not."""
FRAME = frozenset({"terraform", "provider", "moved", "import", "check", "module", "terraform_data"})
"""What a Terraform configuration has beside resources; a module that was not read is told by its own."""
IDENTITY = "aws_iam_"
"""Types that the identity builders follow by reference, rather than ask for."""
TABLES = (
    "placement_terraform", "placement_azure", "placement_kubernetes", "model_servers", "safety_components", "switches",
)  # fmt: skip
BUILT_IN = frozenset(
    {
        "", "apps", "batch", "policy", "autoscaling", "networking.k8s.io", "rbac.authorization.k8s.io",
        "storage.k8s.io", "apiextensions.k8s.io", "admissionregistration.k8s.io", "apiregistration.k8s.io",
        "scheduling.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "node.k8s.io", "certificates.k8s.io",
        "authentication.k8s.io", "authorization.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io",
        "resource.k8s.io", "kustomize.config.k8s.io",
    }
)  # fmt: skip
"""The API groups that come with Kubernetes."""
NOWHERE = ("", "default")
"""The namespaces of an object whose manifest names none."""
SPOKEN = lazy(r"(?i)^(?:network-?polic|rbac|(?:cluster-?)?role-?binding|pod-?template|manifests$)")
"""Keys by which an object says that it makes policies, rights, pods, or whatever else is written in it."""
MADE = frozenset(
    {"NetworkPolicy", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Pod", "Deployment", "StatefulSet",
     "DaemonSet", "Job", "CronJob", "Service", "ServiceAccount", "Secret", "Namespace"}
)  # fmt: skip
"""The kinds of objects inside another, which whoever reads that makes."""
DEPTH = 12
_Names: TypeAlias = dict[tuple[str, str], list[str]]
"""Ids of nodes by namespace and name."""


def build_unmodelled(world: World) -> None:
    """Possible edges from every resource of an unmodelled kind to what it refers to, or is referred to by."""
    strange = list(_every(world))
    kinds = {kind for kind in world.inventory.kinds() if kind.startswith(FOREIGN)}
    twins = [one for one in world.inventory.all if one.kind in kinds and is_twin(world, one)] if kinds else []
    if not strange and not twins:
        return
    touched = _touched(world)
    for one in twins:
        open_twin(world, one, touched)
    names = _names(world, touched)
    for one in strange:
        for target, via in _reached(world, one, touched, names):
            _edge(world, one, target, via)
        for store in _stores(world, one):
            because = f"it refers to the store, and no table knows what `{one.kind}` does with it"
            doubt = Doubt("kind-unmodelled", (one.address,))
            connect(world, store, one.id, because, one.origin, plane=Plane.SUPPLY, verb="copy", doubt=doubt)
    ids = {one.id for one in strange}
    for core, own in touched.items():
        for holder in (own, *_guards(world, own)) if own is not None else ():
            for ref in refs_in(holder.attrs):
                named = world.inventory.at(holder.unit, ref.address)
                if named is not None and named.id in ids:
                    _edge(world, named, core, f", and `{holder.address}` refers to it")


def unmodelled_kinds(world: World) -> dict[str, int]:
    """How many resources there are of each kind that nothing models, by kind."""
    found: dict[str, int] = {}
    for one in _every(world):
        found[one.kind] = found.get(one.kind, 0) + 1
    return dict(sorted(found.items()))


def _every(world: World) -> Iterator[Resource]:
    """The resources that nothing models, by id; of most kinds that is not asked one by one."""
    kinds = {kind for kind in world.inventory.kinds() if kind not in world.inventory.asked and kind not in _known()}
    return (one for one in world.inventory.all if one.kind in kinds and _unmodelled(world, one))


def _edge(world: World, one: Resource, target: str, via: str) -> None:
    world.set_actor(one.id)
    because = f"no table knows what `{one.kind}` opens{via}"
    doubt = Doubt("kind-unmodelled", (one.address,))
    connect(world, one.id, target, because, one.origin, doubt=doubt)


def _unmodelled(world: World, one: Resource) -> bool:
    if one.data or one.kind in world.inventory.asked or one.kind in _known():
        return False
    if one.kind == AZAPI:
        named = text(one.attrs.get("type"))
        return tables.azure_placement(named) is None and not managed(one)
    if _of_kubernetes(one):
        if (one.kind, one.group) in _read() or one.kind in _policies() or (one.group, one.kind) in HOLDERS:
            return False
        return one.group not in BUILT_IN and not tables.is_inert(one.kind, one.group)
    return one.kind not in FRAME and not one.kind.startswith(IDENTITY) and not tables.is_inert(one.kind)


def _of_kubernetes(one: Resource) -> bool:
    """Also of an object that stands inside a Terraform resource."""
    return one.kind[:1].isupper()


@cache
def _read() -> frozenset[tuple[str, str]]:
    """What the network plane of Kubernetes reads, by kind and API group; loaded where there is something of it."""
    from scanner.builders.k8s_network.foreign_routes import FOREIGN
    from scanner.builders.k8s_network.handled import HANDLED

    return HANDLED | FOREIGN


@cache
def _policies() -> frozenset[str]:
    from scanner.builders.k8s_policy.read import POLICY_KINDS

    return frozenset(POLICY_KINDS)


@cache
def _known() -> frozenset[str]:
    """Every kind that a table or one of the builders beside this one knows."""
    found = set(aws_network.handled() | aws_entry.HANDLED | supply.handled())
    for name in TABLES:
        for row in tables.load(name).rows:
            found.update(_kinds(row))
            for test in row.get("match") or ():
                found.update(_kinds(test))
    return frozenset(found)


def _kinds(row: Mapping[str, object]) -> Iterator[str]:
    for key in ("type", "types", "kind", "kinds"):
        value = row.get(key)
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from (one for one in value if isinstance(one, str))


def _touched(world: World) -> dict[str, Resource | None]:
    """The models and members of the stack, with the resource of each."""
    return {
        node.id: world.inventory.by_id.get(node.id) for node in sorted(world.with_role(*CORE), key=lambda one: one.id)
    }


def _refs(one: Resource) -> tuple[Ref, ...]:
    """What a resource refers to, which is asked of most more than once."""
    if "refs" not in one.memo:
        one.memo["refs"] = tuple(refs_in(one.attrs))
    return cast("tuple[Ref, ...]", one.memo["refs"])


def _guards(world: World, own: Resource) -> Iterator[Resource]:
    """What a model or a member of the stack refers to and is guarded or held by, and groups that its groups admit."""
    for ref in _refs(own):
        named = world.inventory.at(own.unit, ref.address)
        if named is not None and named.kind in GUARDS and not named.data:
            yield named
            if named.kind == GROUP:
                yield from _admitted(world, named)


def _admitted(world: World, group: Resource) -> Iterator[Resource]:
    rules = [group.attrs.get("ingress")]
    for kind, key in RULES.items():
        for one in world.inventory.of(kind, unit=group.unit):
            if world.inventory.find(one.attrs.get("security_group_id"), one, GROUP) is group:
                rules.append(one.attrs.get(key))
    for ref in refs_in(rules):
        named = world.inventory.at(group.unit, ref.address)
        if named is not None and named.kind == GROUP and named is not group:
            yield named


def _reached(
    world: World, one: Resource, touched: Mapping[str, Resource | None], names: _Names
) -> Iterator[tuple[str, str]]:
    """What a strange resource touches, each with how: itself, one of its guards, or a Kubernetes Service before it."""
    if _of_kubernetes(one):
        yield from _named(world, one, names)
        return
    referred = {found.id for ref in _refs(one) if (found := world.inventory.at(one.unit, ref.address))}
    if not referred:
        return
    for core, own in touched.items():
        if core in referred:
            yield core, ""
            continue
        guards = [guard for guard in _guards(world, own) if guard.id in referred] if own is not None else []
        for guard in guards[:1]:
            yield core, f", and it refers to `{guard.address}`"


def _names(world: World, touched: Mapping[str, Resource | None]) -> _Names:
    """The models, the stack and the Services before them, by the namespace and the name that an object writes."""
    fronts = {edge.source for edge in world.edges if edge.plane is Plane.NETWORK and edge.target in touched}
    services = [node for node in sorted(fronts) if world.nodes[node].kind == "Service"]
    found: dict[tuple[str, str], list[str]] = {}
    for node_id in (*touched, *services):
        node = world.nodes[node_id]
        found.setdefault((node.namespace, node.name), []).append(node_id)
    return found


def _named(world: World, one: Resource, names: _Names) -> Iterator[tuple[str, str]]:
    """What a strange Kubernetes object may be for: what it names in its own namespace, else all of a namespace.

    That is one that it names, or stands in while it names another; and its own, or any where it has none, for one that
    speaks of policies, rights or pods. `default` says nothing: what has no namespace is written in the same way.
    """
    words = {found.text for key, part in one.attrs.items() if key != "metadata" for found in strings(part)}
    met: set[str] = set()
    for word in sorted(words):
        for node_id in names.get((one.namespace, word), ()):
            if node_id.startswith(f"{one.unit}:"):
                met.add(node_id)
                yield node_id, f", and it names `{world.nodes[node_id].address}`"
    if met:
        return
    spoken = _speaks(one.attrs)
    joins = any(each.name in words and each.name != one.namespace for each in world.inventory.of("Namespace"))
    for node_id in sorted({each for some in names.values() for each in some}):
        node = world.nodes[node_id]
        if not node_id.startswith(f"{one.unit}:") or not node.roles & CORE or not node.kind[:1].isupper():
            continue
        own = node.namespace == one.namespace and one.namespace not in NOWHERE
        if node.namespace not in NOWHERE and (node.namespace in (one.name, *words) or (own and joins)):
            yield node_id, f", which is for namespace `{node.namespace}`"
        elif spoken and (own or one.namespace in NOWHERE):
            yield node_id, f", and it speaks of `{spoken}`"


def _speaks(value: Value, depth: int = 0) -> str:
    """The first key of an object that speaks of policies, rights or pods, or the kind of an object inside; "" for none.

    What names its kind beside its name alone is a reference.
    """
    if depth >= DEPTH:
        return ""
    if isinstance(value, Mapping):
        kind = value.get("kind")
        whole = "metadata" in value or ("apiVersion" in value and "name" not in value)
        if depth and whole and isinstance(kind, str) and kind in MADE:
            return kind
        parts = [(str(key), part) for key, part in value.items() if key not in ("metadata", "status")]
        spoken = next((key for key, part in parts if part is not None and SPOKEN.search(key)), "")
        return spoken or next(filter(None, (_speaks(part, depth + 1) for _, part in parts)), "")
    if isinstance(value, list | tuple):
        return next(filter(None, (_speaks(item, depth + 1) for item in value)), "")
    return ""


def _stores(world: World, one: Resource) -> Iterator[str]:
    for ref in _refs(one):
        named = world.inventory.at(one.unit, ref.address)
        if named is not None and Role.STORE in world.nodes[named.id].roles:
            yield named.id
