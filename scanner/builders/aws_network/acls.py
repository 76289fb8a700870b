"""Network ACLs: numbered rules of which the first that matches decides, one list for each direction, without memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from scanner.builders.aws_network.admitted import WHOLE, Admitted, admitted, one_of
from scanner.builders.aws_network.groups import traffic_of
from scanner.builders.aws_network.routes import SUBNET_KINDS, Subnet
from scanner.builders.aws_network.tables import VPC_KINDS
from scanner.builders.blocks import doubt as block_doubt
from scanner.builders.edges import Doubt, doubt_of, first_doubt, values
from scanner.builders.inventory import Inventory
from scanner.builders.ranges import (
    EVERYWHERE,
    AddressRange,
    Traffics,
    common_traffic,
    cut,
    join_traffic,
    parse_cidr,
    traffic_without,
)
from scanner.graph.model import ALL_TRAFFIC
from scanner.resource import Resource, items_of
from scanner.unknown import Unknown, Value

OWN_ACL = "aws_network_acl"
DEFAULT_ACL = "aws_default_network_acl"
UNEVALUATED = "network-acl-unevaluated"
SIDES = ("ingress", "egress")


class AclRule(Struct, frozen=True):
    """One numbered rule. `number`, `allow` and `range` are None where they are not known; `doubt` then says why."""

    number: int | None
    allow: bool | None
    traffic: Traffics
    range: AddressRange | None
    doubt: Doubt | None = None

    def holds(self, one: AddressRange) -> bool:
        """Whether the rule speaks, or may speak, of the addresses of a piece."""
        return self.range is None or one in self.range


class Acl(Struct):
    """The rules of an ACL by direction, each in the order in which they are tried."""

    address: str
    rules: dict[str, list[AclRule]] = field(default_factory=lambda: {side: [] for side in SIDES})
    answers: dict[object, Admitted] = field(default_factory=dict)

    def add(self, side: str, rule: AclRule) -> None:
        """Put a rule in its place: those of unknown number last."""
        self.rules[side].append(rule)
        self.rules[side].sort(key=lambda one: (one.number is None, one.number or 0))

    def lets(self, side: str, addresses: tuple[AddressRange, ...]) -> Admitted:
        """What the ACL lets through to or from one of `addresses`, of which nobody knows which it is."""
        key = (side, addresses)
        if key not in self.answers:
            rules = self.rules[side]
            blocks = [rule.range for rule in rules if rule.range is not None]
            pieces = [piece for one in addresses for piece in cut(one, blocks)]
            some = [self._at(rules, piece) for piece in pieces]
            self.answers[key] = one_of(some, Doubt(UNEVALUATED, (self.address,)))
        return self.answers[key]

    def _at(self, rules: list[AclRule], piece: AddressRange) -> Admitted:
        about = [rule for rule in rules if rule.holds(piece)]
        doubt = first_doubt(*(rule.doubt for rule in about))
        least = _first_match(_worst(about))
        if doubt is None:
            return Admitted(least)
        return admitted(least, _first_match(_best(about)), doubt)


def _first_match(rules: Iterable[tuple[bool, Traffics]]) -> Traffics:
    """What a list of allow and deny rules lets through: each port is decided by the first rule that names it."""
    left: Traffics = ALL_TRAFFIC
    allowed: list[Traffics] = []
    for allow, traffic in rules:
        if allow:
            allowed.append(common_traffic(left, traffic))
        left = traffic_without(left, traffic)
        if not left:
            break
    return join_traffic(*allowed)


def _worst(rules: list[AclRule]) -> Iterator[tuple[bool, Traffics]]:
    """The rules as they close most: one in doubt denies all that it may deny, and allows nothing."""
    yield from ((False, rule.traffic) for rule in rules if rule.number is None and rule.allow is not True)
    for rule in rules:
        if rule.doubt is None and rule.allow is not None:
            yield rule.allow, rule.traffic
        elif rule.number is not None and rule.allow is not True:
            yield False, rule.traffic


def _best(rules: list[AclRule]) -> Iterator[tuple[bool, Traffics]]:
    """The rules as they open most: one in doubt allows all that it may allow, and denies nothing."""
    yield from ((True, rule.traffic) for rule in rules if rule.number is None and rule.allow is not False)
    for rule in rules:
        if rule.doubt is None and rule.allow is not None:
            yield rule.allow, rule.traffic
        elif rule.number is not None and rule.allow is not False:
            yield True, rule.traffic


class Acls:
    """The ACLs that stand before each subnet; several where nobody knows which of them it is."""

    def __init__(self, inventory: Inventory, subnets: Mapping[str, Subnet]) -> None:
        self.inventory, self._subnets = inventory, subnets
        self._read = {one.id: self._acl(one) for one in inventory.of(OWN_ACL, DEFAULT_ACL)}
        self._sure: dict[str, Acl] = {}
        self._perhaps: dict[str, list[tuple[Acl, Doubt]]] = {}
        self._stray: dict[str, list[tuple[Acl, Doubt]]] = {}
        self._defaults = self._of_networks()
        self._separate()
        for one in inventory.of(OWN_ACL, DEFAULT_ACL):
            self._place(one)
        self._plain = {key: self._is_plain(one) for key, one in subnets.items()}

    def blocks(self) -> Iterator[AddressRange]:
        """Every range that a rule names."""
        for acl in (*self._read.values(), *self._defaults.values()):
            yield from (rule.range for side in SIDES for rule in acl.rules[side] if rule.range is not None)

    def blocks_of(self, subnet: str) -> Iterator[AddressRange]:
        """The ranges that the ACLs of a subnet name."""
        for acl, _ in () if self._plain[subnet] else self._before(self._subnets[subnet]):
            yield from (rule.range for side in SIDES for rule in acl.rules[side] if rule.range is not None)

    def plain(self, subnets: Iterable[str]) -> bool:
        """Whether no ACL before the subnets keeps anything out, as the one that every network comes with."""
        return all(self._plain[key] for key in subnets)

    def restricted(self, unit: str) -> Doubt | None:
        """The doubt that the ACLs of a unit leave for what is in a subnet that is not known."""
        some = [key for key, plain in self._plain.items() if not plain and key.partition(":")[0] == unit]
        named = {acl.address for key in some for acl, _ in self._before(self._subnets[key])}
        return Doubt(UNEVALUATED, tuple(sorted(named))) if named else None

    def lets(self, subnet: Subnet, side: str, addresses: tuple[AddressRange, ...]) -> Admitted:
        """What passes between a subnet and one of `addresses`; `side` is "ingress" for what comes into the subnet."""
        if self._plain[subnet.key]:
            return WHOLE
        before = self._before(subnet)
        some = [acl.lets(side, addresses) for acl, _ in before]
        doubt = first_doubt(*(doubt for _, doubt in before))
        if doubt is None:
            return some[0]
        return one_of([*some, *([] if before[0][1] is None else [WHOLE])], doubt)

    def _before(self, subnet: Subnet) -> list[tuple[Acl, Doubt | None]]:
        """The ACLs of a subnet: the one that is certain, and those that may take its place."""
        sure = self._sure.get(subnet.key) or self._defaults.get(subnet.vpc)
        found: list[tuple[Acl, Doubt | None]] = [(sure, None)] if sure else []
        found += self._perhaps.get(subnet.key, [])
        return [*found, *self._stray.get(subnet.key.partition(":")[0], [])]

    def _is_plain(self, subnet: Subnet) -> bool:
        some = [EVERYWHERE[version] for version in (4, 6) if any(subnet.of(version))]
        before = self._before(subnet)
        return all(acl.lets(side, (one,)).sure == ALL_TRAFFIC for acl, _ in before for side in SIDES for one in some)

    def _place(self, one: Resource) -> None:
        """Put an ACL before the subnets that it names, or that an association names for it."""
        exists = doubt_of(one.possible)
        named = [(found.value, first_doubt(doubt_of(found.possible), exists)) for found in values(one, "subnet_ids")]
        for link in self.inventory.of("aws_network_acl_association", unit=one.unit):
            owner = self.inventory.find(link.attrs.get("network_acl_id"), link)
            if owner is one:
                named.append((link.attrs.get("subnet_id"), doubt_of(link.possible)))
            elif isinstance(owner, Unknown) and one.kind == OWN_ACL:
                named.append((link.attrs.get("subnet_id"), doubt_of(owner)))
        for value, unsure in named:
            subnet = self.inventory.find(value, one, *SUBNET_KINDS)
            if isinstance(subnet, Resource) and unsure is None and subnet.id not in self._sure:
                self._sure[subnet.id] = self._read[one.id]
            elif isinstance(subnet, Resource):
                why = unsure or Doubt(UNEVALUATED, (one.address,))
                self._perhaps.setdefault(subnet.id, []).append((self._read[one.id], why))
            elif isinstance(subnet, Unknown):
                why = doubt_of(subnet) or Doubt(UNEVALUATED, (one.address,))
                self._stray.setdefault(one.unit, []).append((self._read[one.id], why))

    def _of_networks(self) -> dict[str, Acl]:
        """The default ACL of each network that manages it: it stands before every subnet that has no other."""
        found = {}
        for one in self.inventory.of(DEFAULT_ACL):
            value = one.attrs.get("default_network_acl_id")
            owner = self.inventory.find(value, one, *VPC_KINDS)
            if owner is None or isinstance(owner, Unknown):
                owner = self.inventory.find(one.attrs.get("vpc_id"), one, *VPC_KINDS)
            if isinstance(owner, Resource):
                found[owner.id] = self._read[one.id]
            else:
                why = doubt_of(owner) if isinstance(owner, Unknown) else None
                named = why or Doubt(UNEVALUATED, (one.address,))
                self._stray.setdefault(one.unit, []).append((self._read[one.id], named))
        return found

    def _acl(self, one: Resource) -> Acl:
        acl = Acl(one.address)
        for side in SIDES:
            for block in items_of(one.attrs.get(side)):
                if isinstance(block, Mapping):
                    for rule in _rules(block, one.address, doubt_of(block_doubt(block)), "rule_no", "action"):
                        acl.add(side, rule)
                elif block is not None:
                    why = doubt_of(block) if isinstance(block, Unknown) else None
                    why = why or Doubt("value-unknown", (one.address,))
                    acl.add(side, AclRule(None, None, ALL_TRAFFIC, None, why))
        return acl

    def _separate(self) -> None:
        for one in self.inventory.of("aws_network_acl_rule"):
            owner = self.inventory.find(one.attrs.get("network_acl_id"), one)
            exists = doubt_of(one.possible)
            if isinstance(owner, Resource):
                acl = self._built_in(owner) if owner.kind in VPC_KINDS else self._read.get(owner.id)
                owners = [acl] if acl is not None else []
            else:
                owners = [self._read[acl.id] for acl in self.inventory.of(OWN_ACL, DEFAULT_ACL, unit=one.unit)]
                why = doubt_of(owner) if isinstance(owner, Unknown) else None
                exists = first_doubt(exists, why, Doubt("value-unknown", (one.address,)))
            sides, unsure = _sides(one)
            for rule in _rules(one.attrs, one.address, first_doubt(exists, unsure), "rule_number", "rule_action"):
                for acl in owners:
                    for side in sides:
                        acl.add(side, rule)

    def _built_in(self, vpc: Resource) -> Acl:
        """The default ACL of a network, as every network gets it, where rules are added to it."""
        if vpc.id not in self._defaults:
            acl = self._defaults[vpc.id] = Acl(f"{vpc.address}.default_network_acl_id")
            for side in SIDES:
                for number, version in ((100, 4), (101, 6)):
                    acl.add(side, AclRule(number, True, ALL_TRAFFIC, EVERYWHERE[version]))
        return self._defaults[vpc.id]


def _sides(one: Resource) -> tuple[tuple[str, ...], Doubt | None]:
    egress = one.attrs.get("egress")
    if egress is None or egress is False or egress == "false":
        return ("ingress",), None
    if egress is True or egress == "true":
        return ("egress",), None
    why = doubt_of(egress) if isinstance(egress, Unknown) else None
    return SIDES, why or Doubt("value-unknown", (f"{one.address}.egress",))


def _rules(
    block: Mapping[str, Value], address: str, exists: Doubt | None, number: str, action: str
) -> Iterator[AclRule]:
    """A rule for each range that a block names; both ranges of unknown value are one that may be anywhere."""
    traffic, ports = traffic_of(block, "protocol")
    if not traffic:
        return
    place = _number(block.get(number))
    said = block.get(action)
    allow = said.lower() == "allow" if isinstance(said, str) and said.lower() in ("allow", "deny") else None
    doubts = [exists, ports, *(doubt_of(one) for one in (block.get(number), said) if isinstance(one, Unknown))]
    if (place is None or allow is None) and first_doubt(*doubts) is None:
        doubts.append(Doubt("value-unknown", (address,)))
    for key in ("cidr_block", "ipv6_cidr_block"):
        value = block.get(key)
        if value is None or value == "":
            continue
        known = parse_cidr(value) if isinstance(value, str) else None
        unsure = doubt_of(value) if isinstance(value, Unknown) else None
        if known is None and unsure is None:
            unsure = Doubt("value-unknown", (address,))
        yield AclRule(place, allow, traffic, known, first_doubt(*doubts, unsure))


def _number(value: Value) -> int | None:
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
