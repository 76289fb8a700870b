"""Ways to a role that no trust policy shows: passing it on, rewriting its trust, changing what runs as it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from msgspec import Struct

from scanner.builders.aws_identity.access import Access, Judge
from scanner.builders.aws_identity.arns import SHAPES, arn_of
from scanner.builders.aws_identity.carriers import Carrier
from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_identity.escalations import (
    AGENT,
    BY_AGENT,
    EARLIER,
    OVER_GROUPS,
    OVER_ISSUERS,
    OVER_ROLES,
    OVER_SETS,
    OVER_USERS,
    RUNNERS,
    TAGGING,
    TAKEOVERS,
    TO_GROUP,
    TO_POLICY,
    TO_ROLE,
    TO_SET,
    TO_USER,
    UNBOUND,
    UNDENIED,
    UNSEEN,
)
from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_policy.condition import Fact, Values
from scanner.builders.aws_policy.decide import spoken_of
from scanner.builders.aws_policy.match import ANY, Glob, Truth, glob, meets
from scanner.builders.aws_policy.statements import Statement, listed_in
from scanner.builders.draft import World
from scanner.graph.facts_access import MachineRole
from scanner.graph.model import Edge, Plane, Role, State
from scanner.resource import Resource

OVER = {
    "aws_iam_role": OVER_ROLES, "aws_iam_user": OVER_USERS, "aws_iam_group": OVER_GROUPS,
    "aws_ssoadmin_permission_set": OVER_SETS,
}  # fmt: skip
SAML = "aws_iam_saml_provider"
GROUPS = frozenset({"aws_eks_node_group"})
HELD = frozenset({Role.GATEWAY, Role.OPERATOR})
SERVING = frozenset({Role.MODEL, Role.CLASSIFIER})
JOINING = frozenset(action for action, _ in OVER_GROUPS)
ACTIONS = tuple(
    sorted(
        {
            "iam:PassRole",
            *(action for rows in OVER.values() for action, _ in rows),
            *(action for rows in TAKEOVERS.values() for action, _ in rows),
            *(action for actions in RUNNERS.values() for action in actions),
            *(action for action, _ in OVER_ISSUERS),
            *(TO_USER + TO_ROLE + TO_GROUP + TO_SET + TO_POLICY + EARLIER),
            *(action for actions in (*UNBOUND.values(), *UNDENIED.values()) for action in actions),
            *TAGGING.values(),
        }
    )
)
"""Every action of the tables."""


class Way(Struct, frozen=True, eq=False):
    """A way to a node. why: the sentence of the edge."""

    target: str
    why: str
    truth: Truth
    access: Access
    decided_by: tuple[str, ...]
    reason: str = "condition-unevaluable"


def add_detours(world: World, everyone: list[Principal], judges: Mapping[str, Judge], carried: list[Carrier]) -> None:
    """Add "become" edges to the principals that are worth becoming, and to what runs as one of them.

    Those may call a model, are the gateway or an operator, are what a model or a classifier runs as, or are the role of
    a cluster's machines.
    """
    worth = {edge.source for edge in world.edges if edge.verb == "invoke" and edge.plane is Plane.IDENTITY}
    worth |= {one.role_id for one in carried if world.nodes[one.node_id].roles & SERVING}
    worth |= {node.id for node in world.with_facts() if any(isinstance(fact, MachineRole) for fact in node.facts)}
    wanted = [one for one in everyone if one.node_id in worth or world.nodes[one.node_id].roles & HELD]
    by_unit: dict[str, list[_Prey]] = {}
    by_role: dict[str, list[Carrier]] = {}
    for carrier in carried:
        by_role.setdefault(carrier.role_id, []).append(carrier)
    for one in wanted:
        if one.resource is not None and one.resource.kind in OVER and one.session is None:
            by_unit.setdefault(one.unit, []).append(_prey(world, one, by_role.get(one.node_id, [])))
    for principal in everyone:
        may = spoken(principal)
        for prey in by_unit.get(principal.unit, ()) if may else ():
            if prey.principal is not principal:
                judged = judges[principal.unit]
                ways = list(_ways(world, judged, principal, prey, may))
                if all(way.truth is not Truth.YES for way in ways):
                    ways += _unseen(judged, principal, prey, may)
                for way in ways:
                    _add(world, principal, way)


class _Prey(Struct, frozen=True, eq=False):
    """A principal worth becoming. services: those that a role trusts; unseen: those of them that nothing shows.

    issuers: the ARNs of the SAML providers whose users may take a role.
    """

    principal: Principal
    arn: Glob
    carriers: list[Carrier]
    services: Mapping[str, Truth]
    unseen: tuple[str, ...]
    issuers: tuple[Glob, ...] = ()


def _prey(world: World, principal: Principal, carriers: list[Carrier]) -> _Prey:
    assert principal.resource is not None
    arn = arn_of(principal.resource)
    if principal.resource.kind != "aws_iam_role":
        return _Prey(principal, arn, [], {}, ())
    services = _services(world, principal)
    shown = {one.service for one in carriers}
    profiled = "ec2" in services and _profiled(world, principal)
    unseen = tuple(one for one in UNSEEN if one in services and one not in shown and (one != "ec2" or profiled))
    return _Prey(principal, arn, carriers, services, unseen, tuple(_issuers(world, principal)))


def _profiled(world: World, role: Principal) -> bool:
    """Whether an instance profile of the inputs holds the role: no instance runs as it without one."""
    for one in world.inventory.of("aws_iam_instance_profile", unit=role.unit):
        found = world.inventory.find(one.attrs.get("role"), one, "aws_iam_role")
        if isinstance(found, Resource) and found.id == role.node_id:
            return True
    return False


def _ways(world: World, judged: Judge, principal: Principal, prey: _Prey, may: frozenset[str]) -> Iterator[Way]:
    role = prey.principal
    assert role.resource is not None
    for action, why in OVER[role.resource.kind]:
        if action in may and Role.GATEWAY not in world.nodes[role.node_id].roles:
            access = judged.access(principal, action, (prey.arn.text,), partly=prey.arn.partly)
            if action in JOINING and (principal.resource is None or principal.resource.kind != "aws_iam_user"):
                decided = (f"which user of the group acts for `{principal.name}`",)
                truth = min(access.truth, Truth.POSSIBLE)
                yield Way(role.node_id, f"`{action}`: {why}", truth, access, decided, "value-unknown")
                continue
            yield Way(role.node_id, f"`{action}`: {why}", access.truth, access, ())
    for action, why in OVER_ISSUERS if prey.issuers else ():
        for issuer in prey.issuers if action in may else ():
            access = judged.access(principal, action, (issuer.text,), partly=issuer.partly)
            yield Way(role.node_id, f"`{action}`: {why}", access.truth, access, ())
    if "iam:PassRole" in may:
        yield from _passed(judged, principal, prey, may)
    for carrier in prey.carriers:
        for action, why in TAKEOVERS.get(world.nodes[carrier.node_id].kind, ()):
            if action in may and carrier.node_id != principal.node_id:
                thing = world.inventory.by_id[carrier.node_id]
                arn = arn_of(thing) if thing.kind in SHAPES else Glob(f"arn:{ANY}", partly=True)
                access = judged.access(principal, action, (arn.text,), partly=arn.partly)
                if thing.kind in GROUPS:
                    # Machines of a group have no name of their own here: who has one has their role.
                    agent = judged.access(role, AGENT, ("*",)).truth if action in BY_AGENT else Truth.YES
                    yield Way(role.node_id, f"`{action}`: {why}", min(access.truth, agent), access, (action,))
                    continue
                yield Way(carrier.node_id, f"`{action}`: {why}", access.truth, access, ())


def _unseen(judged: Judge, principal: Principal, prey: _Prey, may: frozenset[str]) -> Iterator[Way]:
    """One possible way for what may run as the role though the inputs show nothing that does."""
    for service in prey.unseen:
        for action, why in TAKEOVERS[UNSEEN[service]]:
            if action not in may:
                continue
            access = judged.access(principal, action, (f"arn:{ANY}",))
            if access.truth is not Truth.NO:
                decided = (f"whether anything of `{service}.amazonaws.com` runs as `{prey.principal.name}`",)
                yield Way(
                    prey.principal.node_id, f"`{action}`: {why}", Truth.POSSIBLE, access, decided, "value-unknown"
                )
                return


def spoken(principal: Principal) -> frozenset[str]:
    """The actions of the tables that some Allow of the principal speaks of: a cheap look before the whole judgement."""
    found: set[str] = set()
    for policy in principal.policies:
        for statement in policy.statements:
            if statement.allows:
                found |= _speaks(statement)
    return frozenset(found)


def _speaks(statement: Statement) -> frozenset[str]:
    if all(isinstance(value, str) for value in statement.actions):
        return _written(tuple(str(value) for value in statement.actions), statement.not_actions)
    return spoken_of(statement, ACTIONS)


@lru_cache(maxsize=4096)
def _written(actions: tuple[str, ...], excluded: bool) -> frozenset[str]:
    """The same for actions that are all known: policies that say the same are looked at once."""
    return spoken_of(Statement("Allow", actions, (), (), "", None, not_actions=excluded), ACTIONS)


def _passed(judged: Judge, principal: Principal, prey: _Prey, may: frozenset[str]) -> Iterator[Way]:
    for service, trusted in prey.services.items():
        starts = [action for action in RUNNERS.get(service, ()) if action in may]
        if not starts:
            continue
        to: dict[str, Fact] = {"iam:passedtoservice": Values((f"{service}.amazonaws.com",))}
        passes = judged.access(principal, "iam:PassRole", (prey.arn.text,), partly=prey.arn.partly, more=to)
        for action in starts if passes.truth is not Truth.NO else ():
            access = judged.access(principal, action, (f"arn:{ANY}:{action.partition(':')[0]}:{ANY}",))
            truth = min(passes.truth, access.truth, trusted)
            if truth is not Truth.NO:
                why = f"`iam:PassRole` on it, and `{action}`, which starts something that runs as the role"
                yield Way(prey.principal.node_id, why, truth, passes, access.decided_by)
                return


def _issuers(world: World, role: Principal) -> Iterator[Glob]:
    """The ARNs of the SAML providers that a role's trust policy names."""
    assert role.resource is not None
    for statement in policy_at(world.inventory, role.resource, "assume_role_policy").statements:
        if statement.allows and isinstance(statement.principals, Mapping):
            for value in listed_in(statement.principals.get("Federated")):
                found = world.inventory.find(value, role.unit, SAML)
                if isinstance(found, Resource):
                    yield arn_of(found)
                elif ":saml-provider/" in glob(value, wild=False).text:
                    yield glob(value, wild=False)


def _services(world: World, role: Principal) -> dict[str, Truth]:
    """The services that a role's trust policy lets run as it."""
    assert role.resource is not None
    policy = policy_at(world.inventory, role.resource, "assume_role_policy")
    if policy.unknown is not None:
        return dict.fromkeys(RUNNERS, Truth.POSSIBLE)
    found: dict[str, Truth] = {}
    for statement in policy.statements:
        if not statement.allows or not isinstance(statement.principals, Mapping):
            continue
        for value in listed_in(statement.principals.get("Service")):
            pattern = glob(value)
            for service in RUNNERS:
                if meets(pattern.text.lower(), f"{service}.amazonaws.com"):
                    found[service] = Truth.POSSIBLE if pattern.partly else Truth.YES
    return found


def _add(world: World, principal: Principal, way: Way) -> None:
    statement = way.access.answer.statement
    if way.truth is Truth.NO or statement is None:
        return
    possible = way.truth is Truth.POSSIBLE
    decided = tuple(sorted({*way.access.decided_by, *way.decided_by})) or ("condition",)
    world.add_edge(
        Edge(
            source=principal.node_id,
            target=way.target,
            plane=Plane.IDENTITY,
            verb="become",
            because=f"policy `{statement.policy}` allows {way.why}",
            origin=statement.origin,
            state=State.POSSIBLE if possible else State.OPEN,
            reason=way.reason if possible else "",
            decided_by=decided if possible else (),
            cut=True,
        )
    )
