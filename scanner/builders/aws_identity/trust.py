"""Trust policies: who can become which role, and on whose word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scanner.builders.aws_identity.access import Judge
from scanner.builders.aws_identity.arns import arn_of
from scanner.builders.aws_identity.carriers import Carrier
from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_identity.federated import federated
from scanner.builders.aws_identity.organisation import own_accounts
from scanner.builders.aws_identity.principals import Principal, members
from scanner.builders.aws_policy.condition import Given, hold
from scanner.builders.aws_policy.decide import acts_on
from scanner.builders.aws_policy.match import ANY, Truth, glob
from scanner.builders.aws_policy.statements import Policy, Statement, listed_in
from scanner.builders.draft import World
from scanner.graph.model import Edge, Node, Plane, State
from scanner.resource import Resource, mark
from scanner.unknown import Unknown, Value

ARN = re.compile(r"arn:[^:]*:(?:iam|sts)::(?P<account>[^:]*):(?P<kind>root|user|role|assumed-role)(?:/(?P<path>.*))?")
ASSUME = ("sts:assumerole", "sts:assumerolewithwebidentity", "sts:assumerolewithsaml")


@dataclass(frozen=True, slots=True, eq=False)
class Trusted:
    """One principal that a trust statement names. truth: as far as action and conditions decide."""

    role: Principal
    statement: Statement
    kind: str
    value: Value
    truth: Truth
    decided_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _People:
    """The principals of the inputs, by what a trust policy asks of them.

    assuming: by unit, those that some policy lets assume a role. named: by unit, kind and name.
    """

    assuming: Mapping[str, list[Principal]]
    named: Mapping[tuple[str, str, str], Principal]


def _people(everyone: list[Principal], judges: Mapping[str, Judge]) -> _People:
    assuming: dict[str, list[Principal]] = {}
    named: dict[tuple[str, str, str], Principal] = {}
    for one in everyone:
        if not judges[one.unit].silent(one, "sts:AssumeRole"):
            assuming.setdefault(one.unit, []).append(one)
        name = None if one.resource is None else one.resource.attrs.get("name")
        if one.resource is not None and isinstance(name, str):
            named.setdefault((one.unit, one.resource.kind, name), one)
    return _People(assuming, named)


def add_becoming(world: World, everyone: list[Principal], judges: Mapping[str, Judge], carried: list[Carrier]) -> None:
    """Add "become" edges: trust policies, group memberships, and what runs with a role."""
    by_id = {one.node_id: one for one in everyone}
    people = _people(everyone, judges)
    for role in everyone:
        if role.resource is None or role.resource.kind != "aws_iam_role":
            continue
        policy = policy_at(world.inventory, role.resource, "assume_role_policy")
        if policy.unknown is not None:
            _unknown_trust(world, role, policy)
        for one in _trusted(role, policy):
            _add(world, one, people, judges, carried)
    for link, user, group, origin in members(world):
        member = world.inventory.find(user, link.unit, "aws_iam_user")
        of = world.inventory.find(group, link.unit, "aws_iam_group")
        if isinstance(member, Resource) and isinstance(of, Resource) and {member.id, of.id} <= set(by_id):
            why = f"`{link.address}` puts it in the group"
            world.add_edge(Edge(member.id, of.id, Plane.IDENTITY, "become", why, origin, cut=True))


def _unknown_trust(world: World, role: Principal, policy: Policy) -> None:
    unknown = policy.unknown
    assert unknown is not None
    anyone = world.external("anyone")
    world.add_edge(
        Edge(
            anyone.id,
            role.node_id,
            Plane.IDENTITY,
            "become",
            f"whom its trust policy admits is not known: {unknown.cause}",
            policy.origin,
            State.POSSIBLE,
            reason=unknown.code,
            decided_by=unknown.decided_by or (policy.name,),
            cut=True,
        )
    )


def _trusted(role: Principal, policy: Policy) -> Iterator[Trusted]:
    denies = [one for one in policy.statements if one.denies and not one.conditions and one.principals == "*"]
    if denies:
        return
    for statement in policy.statements:
        acts = max(acts_on(statement, action) for action in ASSUME)
        if not statement.allows or acts is Truth.NO:
            continue
        for kind, value in _principals(statement):
            facts = {} if kind != "Service" else {"aws:sourceaccount": Given.CHOSEN, "aws:sourcearn": Given.CHOSEN}
            held = hold(() if kind == "Federated" else statement.conditions, facts)
            doubt = statement.doubt or (statement.effect if isinstance(statement.effect, Unknown) else None)
            truth = min(acts, held.truth, Truth.YES if doubt is None else Truth.POSSIBLE)
            if truth is not Truth.NO:
                names = set(held.decided_by) | set(doubt.decided_by if doubt is not None else ())
                yield Trusted(role, statement, kind, value, truth, tuple(sorted(names)))


def _principals(statement: Statement) -> Iterator[tuple[str, Value]]:
    value = statement.principals
    if statement.not_principals:
        # Everybody but the few that are named.
        yield "AWS", "*"
    elif isinstance(value, Mapping):
        for kind, listed in value.items():
            for one in listed_in(listed):
                yield kind, one
    elif value is not None:
        yield "AWS", value


def _add(world: World, one: Trusted, people: _People, judges: Mapping[str, Judge], carried: list[Carrier]) -> None:
    if one.kind == "Service":
        for carrier in carried:
            if carrier.role_id == one.role.node_id:
                _carry(world, one, carrier)
    elif one.kind == "Federated":
        for source, why, truth, decided in federated(world, one.role, one.statement, one.value, carried):
            _edge(world, one, source, why, min(truth, one.truth), decided)
    else:
        _account(world, one, people, judges)


def _carry(world: World, one: Trusted, carrier: Carrier) -> None:
    service = glob(one.value).text.lower()
    if carrier.service and service != ANY and not service.startswith(f"{carrier.service}."):
        return
    truth = Truth.POSSIBLE if carrier.doubt is not None or service == ANY else Truth.YES
    decided = () if carrier.doubt is None else carrier.doubt.decided_by or (carrier.node_id,)
    world.set_actor(carrier.node_id)
    _edge(world, one, world.nodes[carrier.node_id], carrier.because, min(truth, one.truth), decided, carrier)


def _account(world: World, one: Trusted, people: _People, judges: Mapping[str, Judge]) -> None:
    value = one.value
    target = world.inventory.find(value, one.role.unit, "aws_iam_role", "aws_iam_user")
    if isinstance(target, Resource) and not target.data:
        _edge(world, one, world.nodes[target.id], f"the trust policy of `{one.role.name}` names it", one.truth)
        return
    text = glob(value, wild=False).text
    if text == "*":
        _edge(world, one, world.external("anyone"), "its trust policy admits every AWS account", one.truth)
        return
    found = ARN.fullmatch(text)
    account = text if text.isdecimal() and len(text) == 12 else found["account"] if found else ""
    if found is None and not account:
        decided = value.decided_by if isinstance(value, Unknown) else (text,)
        why = "whom its trust policy names is not known"
        _edge(world, one, world.external("anyone"), why, Truth.POSSIBLE, decided or ("principal",))
        return
    own = _own(world, one.role.unit, account, value)
    if found is not None and found["kind"] != "root":
        _named(world, one, found, own, people)
        return
    if own is not Truth.NO:
        _local(world, one, people, judges)
    if own is not Truth.YES:
        truth = Truth.YES if own is Truth.NO else Truth.POSSIBLE
        why = f"its trust policy admits account `{account}`"
        decided = (f"the account of `{one.role.unit}`",)
        _edge(world, one, world.external(f"aws-account/{account}"), why, min(truth, one.truth), decided)


def _named(world: World, one: Trusted, found: re.Match[str], own: Truth, people: _People) -> None:
    """A role or user by its ARN: the one of the inputs that has its name, else one outside."""
    path = found["path"] or ""
    name = path.split("/")[0 if found["kind"] == "assumed-role" else -1]
    word = "role/" if "role" in found["kind"] else "user/"
    principal = people.named.get((one.role.unit, f"aws_iam_{word[:-1]}", name))
    if own is not Truth.NO and principal is not None:
        _edge(world, one, world.nodes[principal.node_id], f"its trust policy names `{name}`", one.truth)
        return
    shown = found.group(0).replace(ANY, "*")
    outside = world.external(f"aws-account/{found['account'].replace(ANY, '*')}/{word}{path.replace(ANY, '*')}")
    truth = Truth.POSSIBLE if ANY in shown else Truth.YES
    _edge(world, one, outside, f"its trust policy admits `{shown}`", min(truth, one.truth), ("principal",))


def _local(world: World, one: Trusted, people: _People, judges: Mapping[str, Judge]) -> None:
    """Every principal of the same account whose own policies let it assume the role."""
    assert one.role.resource is not None
    arn = arn_of(one.role.resource)
    for principal in people.assuming.get(one.role.unit, ()):
        if principal is one.role:
            continue
        access = judges[principal.unit].access(principal, "sts:AssumeRole", (arn.text,), partly=arn.partly)
        statement = access.answer.statement
        if access.truth is Truth.NO or statement is None:
            continue
        why = f"the trust policy admits the account, and policy `{statement.policy}` allows `sts:AssumeRole` on it"
        _edge(world, one, world.nodes[principal.node_id], why, min(access.truth, one.truth), access.decided_by)


def _own(world: World, unit: str, account: str, value: Value) -> Truth:
    """Whether an account number is that of the unit itself."""
    if isinstance(value, Unknown):
        parts = [value, *(piece for piece in value.pieces if isinstance(piece, Unknown))]
        if any(part.ref is not None and "data.aws_caller_identity." in f".{part.ref.address}" for part in parts):
            return Truth.YES
        if any("data.aws_caller_identity." in f".{name}" for part in parts for name in part.decided_by):
            return Truth.YES
    if ANY in account:
        return Truth.POSSIBLE
    known = own_accounts(world, unit)
    if account in known:
        return Truth.YES
    return Truth.NO if known else Truth.POSSIBLE


def _edge(
    world: World,
    one: Trusted,
    source: Node,
    why: str,
    truth: Truth,
    decided_by: tuple[str, ...] = (),
    carrier: Carrier | None = None,
) -> None:
    if truth is Truth.NO or source.id == one.role.node_id:
        return
    assert one.role.resource is not None
    origin = (
        one.statement.principal_line(one.kind)
        or mark(one.role.resource.attrs, "assume_role_policy")
        or one.role.resource.origin
    )
    decided = tuple(sorted({*one.decided_by, *decided_by})) or ("condition",)
    keys = [name for name in one.decided_by if ":" in name]
    possible = truth is Truth.POSSIBLE
    world.add_edge(
        Edge(
            source=source.id,
            target=one.role.node_id,
            plane=Plane.IDENTITY,
            verb="become",
            because=why,
            origin=carrier.origin if carrier is not None else origin,
            state=State.POSSIBLE if possible else State.OPEN,
            reason=("condition-unevaluable" if keys else "value-unknown") if possible else "",
            decided_by=decided if possible else (),
            cut=True,
        )
    )
