"""`tether graph --who-may`: which principals of AWS the policies let do one action on one resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from scanner.builders.aws_identity.access import OWN, Access, judge
from scanner.builders.aws_identity.accounts import account_of
from scanner.builders.aws_identity.arns import arn_of
from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_identity.guarded import FUNCTION, HOLDERS, guarded
from scanner.builders.aws_identity.principals import Principal, principals
from scanner.builders.aws_policy.authorize import Guarded
from scanner.builders.aws_policy.condition import ELSE, Fact, Given, Values
from scanner.builders.aws_policy.match import Truth, covers
from scanner.builders.draft import World
from scanner.builders.homes import NUMBER
from scanner.builders.inventory import Inventory
from scanner.commands.graph_expand import origin_json
from scanner.profile import Profile
from scanner.resource import Resource

ROLE = "aws_iam_role"


def given_facts(given: Sequence[str], *, alone: bool) -> Mapping[str, Fact]:
    """What is known of the request, from `KEY=VALUE` texts; `alone`: it has no other keys. Raises ValueError."""
    found: dict[str, list[str]] = {}
    for one in given:
        key, equals, value = one.partition("=")
        if not key or not equals:
            raise ValueError(one)
        found.setdefault(key.lower(), []).append(value)
    facts: dict[str, Fact] = {key: Values(tuple(values)) for key, values in found.items()}
    return {**facts, ELSE: Given.ABSENT} if alone else facts


def who_may(
    resources: Iterable[Resource], profile: Profile, action: str, arn: str, facts: Mapping[str, Fact]
) -> dict[str, Any]:
    """A node for each principal and the resource, an edge for each principal that may, in the form of `graph`.

    Of a resource of another account that the inputs do not have, nothing lets anybody in.
    """
    world = World(Inventory(resources), profile)
    owner = _owner(world, arn)
    own = OWN if owner is None else _guarded(world, owner, action)
    nodes: dict[str, dict[str, Any]] = {arn: _node(arn, "Resource", owner)}
    edges = []
    judges = {unit: judge(world, unit) for unit in {one.unit for one in principals(world)}}
    for principal in map(_whole, principals(world)):
        if principal.resource is not None and principal.resource.kind == "aws_iam_group":
            continue
        of = _across(world, own, owner, arn, principal)
        access = judges[principal.unit].access(principal, action, (arn,), more=facts, of=of)
        if access.truth is not Truth.NO:
            name = _name(principal)
            nodes[name] = _node(name, "Principal", principal.resource)
            edges.append(_edge(name, arn, access))
    return {"nodes": [nodes[key] for key in sorted(nodes)], "edges": sorted(edges, key=lambda one: str(one["source"]))}


def _owner(world: World, arn: str) -> Resource | None:
    """The resource of the inputs that the ARN is of, or that it is inside of."""
    for one in world.inventory.of(*HOLDERS, FUNCTION, ROLE):
        pattern = arn_of(one)
        if not pattern.partly and any(covers(pattern.text, part) for part in (arn, arn.partition("/")[0])):
            return one
    return None


def _guarded(world: World, owner: Resource, action: str) -> Guarded:
    if owner.kind == ROLE and action.lower().startswith("sts:"):
        return Guarded(policy=policy_at(world.inventory, owner, "assume_role_policy"))
    return guarded(world, owner)


def _across(world: World, own: Guarded, owner: Resource | None, arn: str, principal: Principal) -> Guarded:
    fields = arn.split(":")
    number = fields[4] if len(fields) > 4 and NUMBER.fullmatch(fields[4]) else ""
    number = number or ("" if owner is None else account_of(world, owner).number)
    mine = "" if principal.resource is None else account_of(world, principal.resource).number
    return replace(own, account=number) if number and mine and number != mine else own


def _whole(principal: Principal) -> Principal:
    """A user with what its groups have."""
    if principal.merged or not principal.groups:
        return principal
    more = [policy for group in principal.groups for policy in group.policies]
    return replace(principal, policies=[*principal.policies, *more])


def _name(principal: Principal) -> str:
    arn = None if principal.resource is None else principal.resource.attrs.get("arn")
    return arn if isinstance(arn, str) else principal.node_id


def _node(name: str, kind: str, resource: Resource | None) -> dict[str, Any]:
    origin = None if resource is None else origin_json(resource.origin)
    return {"id": name, "kind": kind if resource is None else resource.kind, "address": name, "roles": [],
            "origin": origin}  # fmt: skip


def _edge(source: str, target: str, access: Access) -> dict[str, Any]:
    statement = access.answer.statement
    policy = "" if statement is None else statement.policy
    certain = access.truth is Truth.YES
    return {
        "source": source,
        "target": target,
        "plane": "identity",
        "verb": access.action,
        "state": "open" if certain else "possible",
        "because": f"policy `{policy}` allows it on `{access.answer.scope}`",
        "decided_by": [] if certain else list(access.decided_by),
        "origin": None if statement is None or statement.origin is None else origin_json(statement.origin),
    }
