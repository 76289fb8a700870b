"""Trust policies: who can become which role, and on whose word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.aws_identity.access import Access, Judge
from scanner.builders.aws_identity.arns import arn_of
from scanner.builders.aws_identity.by_arn import PRINCIPALS, is_certain, meant
from scanner.builders.aws_identity.callers import owned
from scanner.builders.aws_identity.carriers import Carrier
from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_identity.entrusting import entrusted, of_role
from scanner.builders.aws_identity.federated import federated
from scanner.builders.aws_identity.principals import Principal, members
from scanner.builders.aws_policy.authorize import Guarded
from scanner.builders.aws_policy.match import ANY, Truth, glob
from scanner.builders.aws_policy.statements import Policy, Statement, listed_in
from scanner.builders.draft import World
from scanner.graph.model import Edge, Node, Plane, State
from scanner.patterns import lazy
from scanner.resource import Resource, mark
from scanner.unknown import Unknown, Value

ARN = lazy(r"arn:[^:]*:(?:iam|sts)::(?P<account>[^:]*):(?P<kind>root|user|role|assumed-role)(?:/(?P<path>.*))?")


class Trusted(Struct, frozen=True, eq=False):
    """One principal that a trust statement names.

    truth: as far as the trust policy and the organisation decide. policy: the statement and every Deny beside it.
    doubt: what decides whether it names a principal of the inputs at all.
    """

    role: Principal
    statement: Statement
    policy: Policy
    kind: str
    value: Value
    truth: Truth
    decided_by: tuple[str, ...]
    doubt: tuple[str, ...] = ()


class _People(Struct, frozen=True, eq=False):
    """The principals of the inputs, by what a trust policy asks of them.

    assuming: by the number of their account ("" and their unit where it is not known), those that some policy lets
    assume a role. accounts: those whose principals were asked for. by_id: by node id.
    """

    assuming: Mapping[tuple[str, str], list[Principal]]
    accounts: frozenset[str]
    by_id: Mapping[str, Principal]


def _people(everyone: list[Principal], judges: Mapping[str, Judge]) -> _People:
    assuming: dict[tuple[str, str], list[Principal]] = {}
    known: set[str] = set()
    for one in everyone:
        number = judges[one.unit].number(one)
        if one.resource is not None and one.resource.source in ("bundle", "live"):
            known.add(number)  # files may leave principals of an account out; an answer of IAM has them all
        if not judges[one.unit].silent(one, "sts:AssumeRole"):
            assuming.setdefault((number, "" if number else one.unit), []).append(one)
    return _People(assuming, frozenset(known - {""}), {one.node_id: one for one in everyone})


def add_becoming(world: World, everyone: list[Principal], judges: Mapping[str, Judge], carried: list[Carrier]) -> None:
    """Add "become" edges: trust policies, group memberships, and what runs with a role."""
    by_id = {one.node_id: one for one in everyone}
    people = _people(everyone, judges)
    for role in everyone:
        if role.resource is None or role.resource.kind != "aws_iam_role" or role.session is not None:
            continue
        policy = policy_at(world.inventory, role.resource, "assume_role_policy")
        if policy.unknown is not None:
            _unknown_trust(world, role, policy, carried)
        for one in _trusted(judges[role.unit], role, policy):
            _add(world, one, people, judges, carried)
    for link, user, group, origin in members(world):
        member = world.inventory.find(user, link, "aws_iam_user")
        of = world.inventory.find(group, link, "aws_iam_group")
        if isinstance(member, Resource) and isinstance(of, Resource) and {member.id, of.id} <= set(by_id):
            if by_id[member.id].merged:
                continue
            why = f"`{link.address}` puts it in the group"
            world.add_edge(Edge(member.id, of.id, Plane.IDENTITY, "become", why, origin, cut=True))


def _unknown_trust(world: World, role: Principal, policy: Policy, carried: list[Carrier]) -> None:
    """Anyone may be trusted, and the service by which something runs with the role."""
    unknown = policy.unknown
    assert unknown is not None
    own = {one.node_id for one in carried if one.role_id == role.node_id}
    for node_id in own:
        world.set_actor(node_id)
    for source in sorted({world.external("anyone").id, *own}):
        world.add_edge(_perhaps_trusted(source, role, policy, unknown))


def _perhaps_trusted(source: str, role: Principal, policy: Policy, unknown: Unknown) -> Edge:
    return Edge(
        source,
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


def _trusted(judged: Judge, role: Principal, policy: Policy) -> Iterator[Trusted]:
    denies = tuple(of_role(one) for one in policy.statements if one.denies)
    for statement in map(of_role, policy.statements):
        for kind, value in _principals(statement) if statement.allows else ():
            answer = entrusted(judged, role, statement, denies, kind, value)
            if answer.truth is not Truth.NO:
                alone = Policy(policy.name, policy.origin, (statement, *denies))
                decided = tuple(sorted(answer.decided_by))
                yield Trusted(role, statement, alone, kind, value, answer.truth, decided)


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
    value, home = one.value, one.role.resource
    assert home is not None
    named = meant(world, value, home, *PRINCIPALS)
    text = glob(value, wild=False).text
    for each in named:
        if each.resource.id in people.by_id:
            why = f"the trust policy of `{one.role.name}` names it"
            _assume(world, _in_doubt(one, each.doubt), people.by_id[each.resource.id], why, judges)
    if is_certain(named):
        return
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
    if found is not None and found["kind"] != "root":
        _outside(world, one, found, next((each.doubt for each in named), None))
        return
    _of_account(world, one, account, people, judges)


def _in_doubt(one: Trusted, doubt: Unknown | None) -> Trusted:
    if doubt is None:
        return one
    return replace(one, doubt=doubt.decided_by or ("the account of the principal",))


def _of_account(world: World, one: Trusted, account: str, people: _People, judges: Mapping[str, Judge]) -> None:
    """Everybody of an account: those of the inputs whom it lets assume the role, and the account itself."""
    home = one.role.resource
    assert home is not None
    own = owned(world, home, one.value)
    mine = judges[one.role.unit].number(one.role)
    number = account if account.isdecimal() else mine if own is Truth.YES else ""
    some = [*people.assuming.get((number, ""), ())] if number else []
    if own is not Truth.NO:
        some += people.assuming.get(("", one.role.unit), ())
    for principal in some:
        _assume(world, one, principal, "", judges)
    if own is not Truth.YES and number not in people.accounts:
        truth = Truth.YES if own is Truth.NO else Truth.POSSIBLE
        why = f"its trust policy admits account `{account}`"
        decided = (f"the account of `{one.role.unit}`",)
        _edge(world, one, world.external(f"aws-account/{account}"), why, min(truth, one.truth), decided)


def _outside(world: World, one: Trusted, found: re.Match[str], doubt: Unknown | None) -> None:
    """A role or user by its ARN that the inputs do not have, or may not have."""
    word = "role/" if "role" in found["kind"] else "user/"
    shown = found.group(0).replace(ANY, "*")
    path = (found["path"] or "").replace(ANY, "*")
    outside = world.external(f"aws-account/{found['account'].replace(ANY, '*')}/{word}{path}")
    truth = Truth.POSSIBLE if ANY in found.group(0) or doubt is not None else Truth.YES
    decided = ("principal",) if doubt is None else doubt.decided_by
    _edge(world, one, outside, f"its trust policy admits `{shown}`", min(truth, one.truth), decided)


def _assume(world: World, one: Trusted, principal: Principal, why: str, judges: Mapping[str, Judge]) -> None:
    """A principal of the inputs that the trust policy names, or the account of which it admits."""
    if principal is one.role or one.role.resource is None:
        return
    access = _assuming(one, principal, judges[principal.unit])
    statement = access.answer.statement
    if access.truth is Truth.NO or statement is None:
        return
    own = statement is not one.statement
    if not why and own:
        why = f"the trust policy admits the account, and policy `{statement.policy}` allows `sts:AssumeRole` on it"
    alone = replace(one, decided_by=one.doubt)
    truth = min(access.truth, Truth.POSSIBLE) if one.doubt else access.truth
    _edge(world, alone, world.nodes[principal.node_id], why or "its trust policy admits it", truth,
          access.decided_by)  # fmt: skip


def _assuming(one: Trusted, principal: Principal, judged: Judge) -> Access:
    assert one.role.resource is not None
    arn = arn_of(one.role.resource)
    ours, theirs = judged.number(one.role), judged.number(principal)
    across = ours if ours and theirs and ours != theirs else ""
    of = Guarded(across, one.policy)
    return judged.access(principal, "sts:AssumeRole", (arn.text,), partly=arn.partly, of=of)


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
    keys = [name for name in decided if ":" in name and not name.startswith("arn:")]
    possible = truth is Truth.POSSIBLE
    world.add_edge(
        Edge(
            source=source.id,
            target=(carrier.session if carrier is not None else "") or one.role.node_id,
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
