"""Principals that can give themselves the call of a model: by a policy of their own, or of one that they can become."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.aws_identity.access import Access, Judge
from scanner.builders.aws_identity.arns import HEADS, arn_of
from scanner.builders.aws_identity.escalations import (
    EARLIER,
    TAGGING,
    TO_GROUP,
    TO_POLICY,
    TO_ROLE,
    TO_SET,
    TO_USER,
    UNBOUND,
    UNDENIED,
)
from scanner.builders.aws_identity.passrole import spoken
from scanner.builders.aws_identity.principals import INLINE, Principal
from scanner.builders.aws_identity.targets import Target
from scanner.builders.aws_policy.match import ANY, Truth
from scanner.builders.aws_policy.statements import Policy, Statement
from scanner.builders.draft import World
from scanner.graph.model import Edge, State
from scanner.resource import Resource

Invoke = Callable[[World, Judge, Principal, Target], Edge | None]
EVERYTHING = Statement("Allow", ("*",), ("*",), (), "", None)
HOLDERS = {
    "aws_iam_user": TO_USER, "aws_iam_role": TO_ROLE, "aws_iam_group": TO_GROUP, "aws_ssoadmin_permission_set": TO_SET,
}  # fmt: skip
"""Kind of principal -> the actions that give it a policy."""
OTHERS = {
    "user": (TO_USER, f"{HEADS['iam']}user/{ANY}"),
    "role": (TO_ROLE, f"{HEADS['iam']}role/{ANY}"),
    "group": (TO_GROUP, f"{HEADS['iam']}group/{ANY}"),
    "permission set": (TO_SET, f"arn:{ANY}:sso:{ANY}:permissionSet/{ANY}"),
}
BOUNDS = frozenset(action for actions in UNBOUND.values() for action in actions)
DENIES = frozenset(action for actions in UNDENIED.values() for action in actions)
MEANT = frozenset({*TO_USER, *TO_ROLE, *TO_GROUP, *TO_SET, *TO_POLICY, *EARLIER, *TAGGING.values(), *BOUNDS, *DENIES})
OF_KIND = {kind: holder for holder, (_, kind) in INLINE.items()}
"""Kind of principal -> the kind of resource that is an inline policy of it."""


class _Gift(Struct, frozen=True, eq=False):
    """One way to more rights. holder: who gets them, its giver or one that its giver can become; what: in words."""

    action: str
    holder: Principal
    what: str
    truth: Truth
    access: Access
    decided_by: tuple[str, ...] = ()


def add_granting(
    world: World, everyone: list[Principal], judges: Mapping[str, Judge], models: list[Target], invoke: Invoke
) -> None:
    """Add "invoke" edges for the principals that call no model yet and can allow it to themselves.

    invoke: the edge that a principal with its policies gets to a model; denies, boundary and organisation stay.
    """
    by_id = {one.node_id: one for one in everyone}
    meant = {one.node_id for one in everyone if spoken(one) & MEANT}
    becomes: dict[str, list[Edge]] = {}
    for edge in world.edges:
        if edge.verb == "become" and edge.source in meant and edge.target in by_id:
            becomes.setdefault(edge.source, []).append(edge)
    calling = {(e.source, e.target) for e in world.edges if e.verb == "invoke" and e.state is State.OPEN}
    for principal in everyone:
        left = [one for one in models if one.unit == principal.unit and (principal.node_id, one.node.id) not in calling]
        if principal.node_id not in meant or not left:
            continue
        holders = [(principal, State.OPEN)]
        holders += [(by_id[edge.target], edge.state) for edge in becomes.get(principal.node_id, ())]
        gifts = sorted(_gifts(judges[principal.unit], principal, holders), key=lambda one: -one.truth)
        for model in left:
            found = _given(world, judges[principal.unit], principal, model, gifts, invoke)
            if found is not None:
                world.add_edge(found)


def _gifts(judged: Judge, principal: Principal, holders: list[tuple[Principal, State]]) -> Iterator[_Gift]:
    may = spoken(principal)
    for holder, state in holders:
        limit = Truth.YES if state is State.OPEN else Truth.POSSIBLE
        whose = "itself" if holder is principal else f"`{holder.name}`, which it can become"
        if holder.resource is None:
            continue
        for action in _actions(holder, holder.resource.kind):
            if action in may:
                yield from _gift(judged, principal, holder, holder.resource, action, whose, limit)
        if TAGGING.get(holder.resource.kind) in may:
            yield from _gift(judged, principal, holder, holder.resource, TAGGING[holder.resource.kind], whose, limit)
        for group in holder.groups if holder.merged else ():
            for action in TO_GROUP if group.resource is not None else ():
                if action in may and group.resource is not None:
                    what = f"`{group.name}`, a group of {whose}"
                    yield from _gift(judged, principal, holder, group.resource, action, what, limit)
        for policy in holder.managed:
            for action in (*TO_POLICY, *EARLIER):
                if action in may:
                    what = f"`{policy.address}`, a policy of {whose}"
                    yield from _gift(judged, principal, holder, policy, action, what, limit)
    yield from _others(judged, principal, may)


def _actions(holder: Principal, kind: str) -> Iterator[str]:
    """What may be done to a principal to give it more: a boundary, or a Deny, is taken off only where it has one."""
    yield from HOLDERS.get(kind, ())
    if holder.boundary is not None:
        yield from UNBOUND.get(kind, ())
    if any(one.denies for policy in holder.policies for one in policy.statements):
        yield from UNDENIED.get(kind, ())


def _gift(
    judged: Judge, principal: Principal, holder: Principal, thing: Resource, action: str, what: str, limit: Truth
) -> Iterator[_Gift]:
    arn = arn_of(thing)
    access = judged.access(principal, action, (arn.text,), partly=arn.partly)
    decided: tuple[str, ...] = ()
    if action in EARLIER:
        limit, decided = Truth.POSSIBLE, (f"what the other versions of `{thing.address}` allow",)
    truth = min(access.truth, limit)
    if truth is not Truth.NO:
        yield _Gift(action, holder, what, truth, access, decided)


def _others(judged: Judge, principal: Principal, may: frozenset[str]) -> Iterator[_Gift]:
    """Rights for principals that it cannot become as far as the inputs show: whoever holds one may act for it."""
    for word, (actions, arn) in OTHERS.items():
        for action in actions:
            if action in may:
                access = judged.access(principal, action, (arn,))
                if access.truth is not Truth.NO:
                    decided = (f"who holds a {word} that `{principal.name}` can give a policy",)
                    yield _Gift(action, principal, f"a {word} of its choice", Truth.POSSIBLE, access, decided)


def _given(
    world: World, judged: Judge, principal: Principal, model: Target, gifts: list[_Gift], invoke: Invoke
) -> Edge | None:
    """The edge of the surest gift that is enough for the model."""
    for gift in gifts:
        holder = _with(gift)
        edge = invoke(world, judged.anew(), holder, model)
        statement = gift.access.answer.statement
        if edge is None or statement is None:
            continue
        possible = gift.truth is Truth.POSSIBLE or edge.state is not State.OPEN
        decided = (*gift.access.decided_by, *gift.decided_by, *edge.decided_by)
        return replace(
            edge,
            source=principal.node_id,
            because=f"policy `{statement.policy}` allows `{gift.action}` on {gift.what}, and with it the call",
            origin=statement.origin,
            state=State.POSSIBLE if possible else State.OPEN,
            reason=(edge.reason or "condition-unevaluable") if possible else "",
            decided_by=(tuple(sorted(set(decided))) or ("condition",)) if possible else (),
        )
    return None


def _with(gift: _Gift) -> Principal:
    """The holder of a gift as it is then."""
    holder, action = gift.holder, gift.action
    if action in TAGGING.values():
        return replace(holder, tagged=True)
    if action in BOUNDS:
        return replace(holder, boundary=None)
    if action in DENIES:
        own = OF_KIND.get(holder.resource.kind, "") if holder.resource is not None else ""
        inline = "Detach" not in action
        kept = [one for one in holder.policies if not _denies(one) or _inline(one, holder, own) is not inline]
        return replace(holder, policies=kept)
    return replace(holder, policies=[*holder.policies, Policy(action, None, (EVERYTHING,))])


def _denies(policy: Policy) -> bool:
    return any(one.denies for one in policy.statements)


def _inline(policy: Policy, holder: Principal, own: str) -> bool:
    """Whether a policy is written into the principal, rather than attached to it."""
    address = "" if holder.resource is None else holder.resource.address
    return f"{own}." in policy.name or policy.name == address
