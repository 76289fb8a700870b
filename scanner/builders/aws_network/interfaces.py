"""Who has a network interface: the groups it carries, the subnets it is in, whether the internet can address it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from scanner import tables
from scanner.builders.aws_network.attached import cards_of, hosts_of, linked_subnets, links_of
from scanner.builders.aws_network.groups import GROUP_KINDS, SecurityGroups
from scanner.builders.aws_network.routes import SUBNET_KINDS, Subnets
from scanner.builders.blocks import Found, heads
from scanner.builders.edges import Doubt, Truth, both, doubt_of, either, first_doubt, truth, values
from scanner.builders.inventory import Inventory
from scanner.builders.ranges import AddressRange, parse_cidr
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown

if TYPE_CHECKING:
    from scanner.builders.aws_network.pod_groups import PodGroups

TEMPLATE_KINDS = ("aws_launch_template", "aws_launch_configuration")
TEMPLATE_PATHS = (
    "launch_template.id",
    "launch_template.name",
    "launch_template.launch_template_specification.launch_template_id",
    "mixed_instances_policy.launch_template.launch_template_specification.launch_template_id",
    "mixed_instances_policy.launch_template.launch_template_specification.launch_template_name",
    "launch_configuration",
)

TEMPLATE_HEADS = heads(TEMPLATE_PATHS)

POD = "Pod"
PLACED = Doubt("node-placement-unknown", ("whether its machines give pods interfaces: ENABLE_POD_ENI",))
"""What every interface of a pod is in doubt for: its machine, and with it the subnet, is in no manifest."""
SINGLE = ("aws_instance", "aws_network_interface", "aws_spot_instance_request")
"""What has one interface, whose addresses can be written."""
BALANCERS = ("aws_lb", "aws_alb", "aws_elb")
ADDRESSES = ("private_ip", "private_ips", "secondary_private_ips", "ipv6_addresses")
SIX = ("ipv6_addresses", "ipv6_address_count", "ip_address_type", "vpc_config.ipv6_allowed_for_dual_stack")


class Interface(Struct, frozen=True):
    """The interfaces of one owner, which are alike.

    owner: its node id. groups: keys of the security groups; `doubt` where it may carry others.
    subnets: keys; `elsewhere` where it may be in others. free: nothing stands before it (a load balancer of layer 4
    without groups). public: whether the internet can address it, and is routed to it. addressed: whether it has a
    public address of version 4; six: any address of version 6. addresses: its own, where they are written. facing: it
    is told to face the internet, so that its routes are not asked. anywhere: a service of AWS brings it to whatever
    network the other end is in. carries: the line that names the groups.
    """

    owner: str
    unit: str
    kind: str
    groups: tuple[str, ...] = ()
    doubt: Doubt | None = None
    subnets: tuple[str, ...] = ()
    elsewhere: Doubt | None = None
    vpc: str = ""
    public: Truth = False
    actor: bool = False
    receives: bool = False
    free: bool = False
    addressed: Truth = False
    six: Truth = False
    addresses: tuple[AddressRange, ...] = ()
    facing: bool = False
    anywhere: bool = False
    carries: Origin | None = None


class Interfaces:
    """The interfaces of every resource whose type the table knows, by the node id of their owner."""

    def __init__(self, inventory: Inventory, groups: SecurityGroups, subnets: Subnets) -> None:
        self.inventory, self.groups, self.subnets = inventory, groups, subnets
        self._rows = {row.type: row for row in tables.network_interfaces()}
        self._loose: dict[str, Doubt] = {}
        self._addresses = self._elastic()
        self._cards = cards_of(inventory)
        self._links = links_of(inventory)
        self.of: dict[str, Interface] = {}
        for kind in self._rows:
            for one in inventory.of(kind):
                found = self._interface(one)
                if found is not None:
                    self.of[one.id] = found
        if any(True for _ in inventory.of("SecurityGroupPolicy")):
            from scanner.builders.aws_network.pod_groups import pods_with_groups

            for pods in pods_with_groups(inventory):
                self.of[pods.owner.id] = self._pods(pods)

    def _pods(self, pods: PodGroups) -> Interface:
        """The interfaces of pods that carry groups of their own, in a subnet that no manifest tells."""
        texts = (found.value for found in pods.named if isinstance(found.value, str))
        homes = (self.inventory.recorded(text, *GROUP_KINDS) for text in texts)
        unit = next((home.unit for home in homes if home is not None), pods.owner.unit)
        keys, doubt = self._groups(list(pods.named), unit)
        return Interface(
            owner=pods.owner.id,
            unit=unit,
            kind=POD,
            groups=keys,
            doubt=doubt,
            elsewhere=first_doubt(pods.doubt, PLACED),
            vpc=self._vpc(keys, ()),
            actor=True,
            receives=True,
            carries=pods.named[0].origin,
        )

    def _interface(self, one: Resource) -> Interface | None:
        row = self._rows[one.kind]
        hosts = hosts_of(self.inventory, one)
        sources = [one, *self._templates(one), *hosts, *(more for host in hosts for more in self._templates(host))]
        named = [(source, found) for source in sources for found in self._named(source)]
        own = [found for source, found in named if source is one] or [found for _, found in named]
        if row.optional and not own and not self._placed(one):
            return None
        keys, doubt = self._groups(own, one.unit)
        subnets, elsewhere = self._subnets([found for source in sources for found in self._placed(source)], one.unit)
        vpc = self._vpc(keys, subnets)
        free = one.kind in ("aws_lb", "aws_alb") and not own and one.attrs.get("load_balancer_type") == "network"
        if not own and not free:
            keys, doubt = self._unnamed(one, vpc)
        addressed = self._public(sources, subnets, elsewhere)
        return Interface(
            owner=one.id,
            unit=one.unit,
            kind=one.kind,
            groups=keys,
            doubt=doubt,
            subnets=subnets,
            elsewhere=elsewhere,
            vpc=vpc,
            public=False if addressed is False else both(addressed, self._routed(subnets, elsewhere)),
            addressed=addressed,
            six=self._six(one, subnets, elsewhere),
            addresses=self._written(one),
            actor=row.actor,
            receives=row.receives,
            free=free,
            carries=own[0].origin if own else one.origin,
        )

    def _named(self, one: Resource) -> Iterator[Found]:
        """The values that name the groups of a resource, also those of interfaces that are attached to it."""
        if one.kind not in self._rows:
            return
        for path in self._rows[one.kind].groups:
            yield from values(one, path)
        for more in self._cards.get(one.id, ()):
            yield from values(more, "security_groups")
        for link in self._links.get(one.id, ()):
            yield from values(link, "security_group_id")

    def _placed(self, one: Resource) -> list[Found]:
        if one.kind not in self._rows:
            return []
        found = [value for path in self._rows[one.kind].subnets for value in values(one, path)]
        found += linked_subnets(self.inventory, one)
        return found + [value for more in self._cards.get(one.id, ()) for value in values(more, "subnet_id")]

    def _templates(self, one: Resource) -> list[Resource]:
        if one.attrs.keys().isdisjoint(TEMPLATE_HEADS):
            return []
        named = [found.value for path in TEMPLATE_PATHS for found in values(one, path)]
        found = [self.inventory.find(value, one, *TEMPLATE_KINDS) for value in named]
        return [template for template in found if isinstance(template, Resource)]

    def _groups(self, named: list[Found], unit: str) -> tuple[tuple[str, ...], Doubt | None]:
        keys, doubts = set(), []
        for found in named:
            group = self.groups.resolve(found.value, unit)
            keys.add(group.key)
            doubts += [group.unknown, doubt_of(found.possible)]
        return tuple(sorted(keys)), first_doubt(*doubts)

    def _unnamed(self, one: Resource, vpc: str) -> tuple[tuple[str, ...], Doubt | None]:
        """The groups of an interface that names none."""
        if one.kind == "aws_eks_node_group":
            cluster = self.inventory.find(one.attrs.get("cluster_name"), one, "aws_eks_cluster")
            if isinstance(cluster, Resource):
                return (self.groups.of_cluster(cluster).key,), None
        unresolved = [found.unknown for path in TEMPLATE_PATHS for found in values(one, path)] if one.attrs else []
        why = first_doubt(*(doubt_of(unknown) for unknown in unresolved))
        if one.kind in ("aws_autoscaling_group", "aws_eks_node_group"):
            return (), why or Doubt("value-unknown", (f"{one.address}.launch_template",))
        if one.kind in ("aws_ecs_service", "aws_ecs_task_set") and "network_configuration" not in one.attrs:
            return (), Doubt("value-unknown", (f"the container instances of {one.address}",))
        if one.kind in TEMPLATE_KINDS or why is not None:
            return (), why
        return (self.groups.default_of(vpc, one.unit).key,), None

    def _subnets(self, placed: list[Found], unit: str) -> tuple[tuple[str, ...], Doubt | None]:
        keys, doubts = set(), []
        for found in placed:
            subnet = self.inventory.find(found.value, unit, *SUBNET_KINDS)
            doubts.append(doubt_of(found.possible))
            if isinstance(subnet, Resource) and subnet.id in self.subnets.by_key:
                keys.add(subnet.id)
            elif isinstance(subnet, Unknown):
                doubts.append(doubt_of(subnet))
            else:
                doubts.append(Doubt("value-unknown", (str(found.value),)))
        if not placed:
            doubts.append(Doubt("value-unknown", ("the subnet, which is not named",)))
        return tuple(sorted(keys)), first_doubt(*doubts)

    def _vpc(self, groups: tuple[str, ...], subnets: tuple[str, ...]) -> str:
        named = [self.subnets.by_key[key].vpc for key in subnets] + [self.groups.by_key[key].vpc for key in groups]
        return next((vpc for vpc in named if vpc), "")

    def _routed(self, subnets: tuple[str, ...], elsewhere: Doubt | None) -> Truth:
        """Whether the internet is routed to some subnet of an interface."""
        return either([self.subnets.internet(key) for key in subnets] + ([elsewhere] if elsewhere else []))

    def _written(self, one: Resource) -> tuple[AddressRange, ...]:
        """The addresses that are written for a single interface; none where it has several cards."""
        cards = self._cards.get(one.id, ())
        if one.kind not in SINGLE or len(cards) > 1:
            return ()
        found = []
        for source in cards or (one,):
            for path in ADDRESSES:
                for value in values(source, path):
                    known = parse_cidr(value.value) if isinstance(value.value, str) and value.possible is None else None
                    if known is None:
                        return ()
                    found.append(known)
        return tuple(dict.fromkeys(found))

    def _six(self, one: Resource, subnets: tuple[str, ...], elsewhere: Doubt | None) -> Truth:
        """Whether it has an address of version 6: where its subnet has some, and it or the subnet asks for one."""
        there = [self.subnets.by_key[key].of(6) for key in subnets]
        possible = either([True if known else doubt or False for known, doubt in there])
        if possible is False and not (elsewhere and not subnets):
            return False
        balancer = one.kind in BALANCERS
        asked: list[Truth] = [] if balancer else [self.subnets.by_key[key].six_addresses for key in subnets]
        for source in (one, *self._cards.get(one.id, ())):
            for path in SIX:
                for found in values(source, path):
                    unsure = doubt_of(found.unknown)
                    asked.append(unsure or found.value not in (0, "0", False, "", "ipv4", "false"))
        told = one.kind in SINGLE and (one.source in ("terraform", "plan") or "ipv6_addresses" in one.attrs)
        if not told and not balancer and not any(asked):
            asked.append(Doubt("value-unknown", (f"the IPv6 addresses of {one.address}",)))
        return both(either(asked), first_doubt(elsewhere, possible if isinstance(possible, Doubt) else None) or True)

    def _public(self, sources: list[Resource], subnets: tuple[str, ...], elsewhere: Doubt | None) -> Truth:
        """Whether it has a public address of version 4."""
        path = self._rows[sources[0].kind].public
        if not path and len(sources) == 1 and sources[0].kind != "aws_network_interface":
            addressed: Truth = False
        else:
            addressed = self._addressed(sources, path, subnets, elsewhere)
        elastic = [self._addresses.get(one.id, False) for one in (sources[0], *self._cards.get(sources[0].id, ()))]
        shown = any(isinstance(one.attrs.get("public_ip"), str) and one.attrs["public_ip"] for one in sources)
        return either([addressed, *elastic, shown, self._loose.get(sources[0].unit, False)])

    def _addressed(
        self, sources: list[Resource], path: str, subnets: tuple[str, ...], elsewhere: Doubt | None
    ) -> Truth:
        """Whether an address is given at launch: as it is set, else as the subnet does (never for ECS)."""
        for one in sources:
            own = self._rows[one.kind].public if one.kind in self._rows else path
            settings = [found.value for found in values(one, own)] if own else []
            if settings:
                return either(truth(value, False) for value in settings)
        if sources[0].kind.startswith("aws_ecs") and len(sources) == 1:
            return False
        given = [self.subnets.by_key[key].public_addresses for key in subnets]
        return either(given + ([elsewhere] if elsewhere else []))

    def _elastic(self) -> dict[str, Truth]:
        """Which instances and interfaces have an elastic address."""
        found: dict[str, Truth] = {}
        for one in self.inventory.of("aws_eip", "aws_eip_association"):
            for key in ("instance", "network_interface", "instance_id", "network_interface_id"):
                owner = self.inventory.find(one.attrs.get(key), one)
                if isinstance(owner, Resource):
                    found[owner.id] = either([found.get(owner.id, False), doubt_of(one.possible) or True])
                elif isinstance(owner, Unknown):
                    self._loose[one.unit] = doubt_of(owner) or Doubt("value-unknown", (f"{one.address}.{key}",))
        return found


def facing(interface: Interface, public: Truth) -> Interface:
    """The same interface, of which it is known otherwise whether the internet can address it."""
    return replace(interface, public=public, addressed=public, facing=True)
