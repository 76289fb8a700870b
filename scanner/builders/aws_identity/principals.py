"""IAM principals with every policy that the inputs attach to them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.builders.aws_identity.by_arn import meant
from scanner.builders.aws_identity.documents import given_at, policy_at, policy_of
from scanner.builders.aws_identity.managed import FOR_SERVICES, left_to_services, managed
from scanner.builders.aws_policy.statements import Policy, listed_in
from scanner.builders.blocks import Found, at
from scanner.builders.draft import World
from scanner.graph.model import Node, State
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

PRINCIPALS = ("aws_iam_role", "aws_iam_user", "aws_iam_group", "aws_ssoadmin_permission_set")
INLINE = {
    "aws_iam_role_policy": ("role", "aws_iam_role"),
    "aws_iam_user_policy": ("user", "aws_iam_user"),
    "aws_iam_group_policy": ("group", "aws_iam_group"),
}
"""Resource kind -> (attribute that names the principal, its kind); the document is in `policy`."""
ATTACHMENTS = {
    "aws_iam_role_policy_attachment": (("role", "aws_iam_role", "policy_arn"),),
    "aws_iam_user_policy_attachment": (("user", "aws_iam_user", "policy_arn"),),
    "aws_iam_group_policy_attachment": (("group", "aws_iam_group", "policy_arn"),),
    "aws_iam_role_policy_attachments_exclusive": (("role_name", "aws_iam_role", "policy_arns"),),
    "aws_iam_user_policy_attachments_exclusive": (("user_name", "aws_iam_user", "policy_arns"),),
    "aws_iam_group_policy_attachments_exclusive": (("group_name", "aws_iam_group", "policy_arns"),),
    "aws_iam_policy_attachment": (
        ("roles", "aws_iam_role", "policy_arn"),
        ("users", "aws_iam_user", "policy_arn"),
        ("groups", "aws_iam_group", "policy_arn"),
    ),
    "aws_ssoadmin_managed_policy_attachment": (
        ("permission_set_arn", "aws_ssoadmin_permission_set", "managed_policy_arn"),
    ),
    "aws_ssoadmin_managed_policy_attachments_exclusive": (
        ("permission_set_arn", "aws_ssoadmin_permission_set", "managed_policy_arns"),
    ),
}
"""Resource kind -> (attribute that names the principals, their kind, attribute that names the policies)."""
SETS = "aws_ssoadmin_permission_set"
BY_NAME = (
    "aws_ssoadmin_customer_managed_policy_attachment",
    "aws_ssoadmin_customer_managed_policy_attachments_exclusive",
)
MEMO = "aws_identity.principals"
LIMIT = "aws_ssoadmin_permissions_boundary_attachment"
"""What gives a permission set policies of the account by their names, and what gives it a boundary."""


class Principal(Struct, eq=False):
    """Something that holds permissions.

    resource: None for one that the inputs refer to and do not show. boundary: None where none is set.
    managed: the managed policies of the inputs among its policies. session: what narrows a session of a role, None
    where nothing does. tagged: it can choose its own tags.
    groups: those that a user is in. merged: its policies are those of its groups as well, since its boundary or a Deny
    holds over both.
    """

    node_id: str
    unit: str
    name: str
    resource: Resource | None
    policies: list[Policy] = field(default_factory=list)
    boundary: Policy | None = None
    managed: list[Resource] = field(default_factory=list)
    session: tuple[Policy, ...] | None = None
    tagged: bool = False
    groups: list[Principal] = field(default_factory=list)
    merged: bool = False

    @property
    def unknown(self) -> Unknown | None:
        """The first of its policies that nobody knows; None where all are known."""
        return next((policy.unknown for policy in self.policies if policy.unknown is not None), None)

    @property
    def unknown_policy(self) -> Policy | None:
        """The policy that `unknown` is of."""
        return next((policy for policy in self.policies if policy.unknown is not None), None)


def principals(world: World) -> list[Principal]:
    """Every principal of the inputs, by node id; every one of them is an actor, or becomes one here."""
    known = world.memo.get(MEMO)
    if not isinstance(known, list):
        known = world.memo[MEMO] = _principals(world)
    return list(known)


def _principals(world: World) -> list[Principal]:
    found = {one.id: _principal(world, one) for one in world.inventory.of(*PRINCIPALS)}
    for kind, (attribute, principal_kind) in INLINE.items():
        for one in world.inventory.of(kind):
            for principal in _named(world, found, one, attribute, principal_kind):
                principal.policies.append(given_at(world.inventory, one, "policy"))
    for one in world.inventory.of("aws_ssoadmin_permission_set_inline_policy"):
        for principal in _named(world, found, one, "permission_set_arn", "aws_ssoadmin_permission_set"):
            principal.policies.append(given_at(world.inventory, one, "inline_policy"))
    for kind, rows in ATTACHMENTS.items():
        for one in world.inventory.of(kind):
            for who, principal_kind, what in rows:
                for principal in _named(world, found, one, who, principal_kind):
                    principal.policies += _attached(world, one, what)
                    principal.managed += _declared(world, one, what)
    _permission_sets(world, found)
    _merge(world, found)
    for principal in found.values():
        role = principal.resource
        if role is not None and any(one.name in FOR_SERVICES for one in principal.policies):
            trust = policy_at(world.inventory, role, "assume_role_policy")
            principal.policies = left_to_services(principal.policies, trust)
        world.set_actor(principal.node_id)
    return [found[key] for key in sorted(found)]


def _permission_sets(world: World, found: dict[str, Principal]) -> None:
    """Policies of the account that a permission set names, and its boundary: of AWS, or of the account as well."""
    for one in world.inventory.of(*BY_NAME):
        for principal in _named(world, found, one, "permission_set_arn", SETS):
            for name in at(one, "customer_managed_policy_reference.name"):
                policy = _of_account(world, one, name)
                principal.policies.append(policy if one.possible is None else _doubted(policy, one.possible))
    for one in world.inventory.of(LIMIT):
        arns = at(one, "permissions_boundary.managed_policy_arn")
        names = at(one, "permissions_boundary.customer_managed_policy_reference.name")
        limits = [named_policy(world, each.value, one, each.origin) for each in arns]
        limits += [_of_account(world, one, each) for each in names]
        for principal in _named(world, found, one, "permission_set_arn", SETS):
            if limits and one.possible is None:
                principal.boundary = limits[0]


def _of_account(world: World, one: Resource, name: Found) -> Policy:
    """The policy of the account that has a name, as far as the inputs have it."""
    found = world.inventory.find(name.value, one, "aws_iam_policy")
    if isinstance(found, Resource) and not found.data:
        return given_at(world.inventory, found, "policy")
    cause = f"the policy `{name.text or '*'}` of the account is not in the inputs"
    return Policy(name.text or one.address, name.origin, unknown=Unknown(cause, decided_by=(name.text or one.address,)))


def _merge(world: World, found: dict[str, Principal]) -> None:
    """Put the policies of its groups to a user whose boundary limits them, or whom a Deny of any of them stops."""
    joined: dict[str, list[tuple[Principal, Unknown | None]]] = {}
    for link, user, group, _ in members(world):
        member, of = _found(world, found, link, user), _found(world, found, link, group)
        if member is not None and of is not None:
            joined.setdefault(member.node_id, []).append((of, link.possible))
    for node_id, groups in joined.items():
        one = found[node_id]
        one.groups = [of for of, _ in groups]
        policies = [policy for holder in (one, *one.groups) for policy in holder.policies]
        if one.boundary is None and not any(each.denies for policy in policies for each in policy.statements):
            continue
        one.merged = True
        for of, doubt in groups:
            one.policies += [policy if doubt is None else _doubted(policy, doubt) for policy in of.policies]
            one.managed += of.managed


def _found(world: World, found: dict[str, Principal], link: Resource, value: Value) -> Principal | None:
    named = world.inventory.find(value, link, "aws_iam_user", "aws_iam_group")
    return found.get(named.id) if isinstance(named, Resource) else None


def _principal(world: World, resource: Resource) -> Principal:
    principal = Principal(resource.id, resource.unit, resource.name, resource)
    for index, block in enumerate(listed_in(resource.attrs.get("inline_policy"))):
        place = mark(resource.attrs, "inline_policy", index, "policy") or resource.origin
        value = block if isinstance(block, Unknown) else dig(block, "policy")
        if value is not None:
            principal.policies.append(policy_of(world.inventory, value, resource.unit, resource.address, place))
    principal.policies += _attached(world, resource, "managed_policy_arns")
    principal.managed += _declared(world, resource, "managed_policy_arns")
    boundary = resource.attrs.get("permissions_boundary")
    if boundary is not None:
        place = mark(resource.attrs, "permissions_boundary") or resource.origin
        principal.boundary = named_policy(world, boundary, resource, place)
    return principal


def _named(world: World, found: dict[str, Principal], one: Resource, attribute: str, kind: str) -> Iterator[Principal]:
    """The principals that an attachment names; one of our own for each that the inputs do not show."""
    for value in listed_in(one.attrs.get(attribute)):
        target = world.inventory.find(value, one, kind)
        if isinstance(target, Resource) and target.id in found:
            yield found[target.id]
        else:
            yield _outside(world, found, one, value)


def _outside(world: World, found: dict[str, Principal], one: Resource, value: Value) -> Principal:
    ref = value.ref if isinstance(value, Unknown) else None
    name = value if isinstance(value, str) else f"of {one.address}" if ref is None else ref.address
    unknown = value if isinstance(value, Unknown) else None
    node = Node(
        id=f"{one.unit}:Principal/{name}",
        kind="Principal",
        address=f"Principal/{name}",
        name=name,
        origin=one.origin,
        actor=True,
        state=State.OPEN if one.possible is None else State.POSSIBLE,
        decided_by=() if one.possible is None else one.possible.decided_by or (unknown.decided_by if unknown else ()),
    )
    world.ensure(node)
    return found.setdefault(node.id, Principal(node.id, one.unit, name, None))


def _attached(world: World, resource: Resource, attribute: str) -> Iterator[Policy]:
    listed = resource.attrs.get(attribute)
    for index, value in enumerate(listed_in(listed)):
        path = (attribute,) if isinstance(listed, (str, Unknown)) else (attribute, index)
        place: Origin = mark(resource.attrs, *path) or resource.origin
        policy = named_policy(world, value, resource, place)
        if resource.possible is not None:
            policy = _doubted(policy, resource.possible)
        yield policy


def _declared(world: World, resource: Resource, attribute: str) -> Iterator[Resource]:
    for value in listed_in(resource.attrs.get(attribute)):
        found = world.inventory.find(value, resource, "aws_iam_policy")
        if isinstance(found, Resource) and not found.data:
            yield found


def _doubted(policy: Policy, why: Unknown) -> Policy:
    statements = tuple(replace(one, doubt=one.doubt or why) for one in policy.statements)
    return replace(policy, statements=statements)


def named_policy(world: World, value: Value, where: Resource, origin: Origin | None) -> Policy:
    """The managed policy that an ARN or a reference names, said at `where`."""
    found = world.inventory.find(value, where, "aws_iam_policy")
    if isinstance(found, Resource) and not found.data:
        policy = given_at(world.inventory, found, "policy")
        return policy if found.possible is None else _doubted(policy, found.possible)
    if isinstance(value, Unknown):
        return _by_reference(world, value, where, origin)
    if not isinstance(value, str):
        return Policy("", origin)
    own = managed(value, origin)
    if own is not None and own.unknown is not None and isinstance(found, Resource):
        own = given_at(world.inventory, found, "policy", name=own.name)  # what the account shows of a policy of AWS
    if own is not None:
        return own
    local = _by_arn(world, value, where)
    if local is not None:
        return local
    return Policy(value, origin, unknown=Unknown(f"the policy `{value}` is not in the inputs", decided_by=(value,)))


def _by_reference(world: World, value: Unknown, where: Resource, origin: Origin | None) -> Policy:
    """A reference: to the data source of a policy, or a partly known ARN (`arn:${partition}:iam::aws:policy/X`)."""
    text = value.text()
    if value.pieces and ":iam::aws:policy/" in text and "*" not in text.rpartition("/")[2]:
        own = managed(f"arn:aws:iam::aws:policy/{text.partition(':policy/')[2]}", origin)
        if own is not None:
            return own
    data = None if value.ref is None else world.inventory.at(where.unit, value.ref.address)
    if data is not None and data.kind == "aws_iam_policy":
        arn, name = data.attrs.get("arn"), data.attrs.get("name")
        if isinstance(arn, str):
            return named_policy(world, arn, where, origin)
        if isinstance(name, str):
            own = managed(f"arn:aws:iam::aws:policy/{name}", origin)
            if own is not None and (own.statements or own.unknown is None):
                return own
    local = _by_arn(world, value, where) if value.pieces else None
    name = ", ".join(value.decided_by) if text == "*" and value.decided_by else text
    return local or Policy(name, origin, unknown=value)


def _by_arn(world: World, arn: Value, where: Resource) -> Policy | None:
    """The policy of the inputs that an ARN means; one that it only may mean allows and denies nothing for certain."""
    for one in meant(world, arn, where, "aws_iam_policy"):
        policy = policy_at(world.inventory, one.resource, "policy")
        return policy if one.doubt is None else replace(_doubted(policy, one.doubt), unknown=one.doubt)
    return None


def members(world: World) -> Iterator[tuple[Resource, Value, Value, Origin]]:
    """(membership, user value, group value, line) for every membership of users in groups."""
    for one in world.inventory.of("aws_iam_user_group_membership"):
        for group in items_of(one.attrs.get("groups")):
            yield one, one.attrs.get("user"), group, mark(one.attrs, "groups") or one.origin
    for one in world.inventory.of("aws_iam_group_membership"):
        for user in items_of(one.attrs.get("users")):
            yield one, user, one.attrs.get("group"), mark(one.attrs, "users") or one.origin
