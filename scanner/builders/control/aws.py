"""Who can change guardrails, enforcement, logs, stores of evidence and gateways by AWS's APIs, or what they hang on."""

from __future__ import annotations

from msgspec.structs import replace

from scanner.builders.aws_identity.access import Access, Judge, judge
from scanner.builders.aws_identity.guarded import across
from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_identity.sessions import everybody
from scanner.builders.aws_policy.match import Truth
from scanner.builders.control.aws_above import tell_above
from scanner.builders.control.aws_assets import Asset, assets
from scanner.builders.control.guards import mark_aws_guards
from scanner.builders.draft import World
from scanner.builders.own_statements import about
from scanner.graph.model import Edge, Plane, State


def add_aws_control(world: World) -> None:
    """Add "write" edges from IAM principals to what the safety path and the evidence rest on."""
    mark_aws_guards(world)
    everyone = everybody(world)
    judges: dict[str, Judge] = {}
    units = sorted({one.unit for one in everyone})
    found = list(assets(world, units))
    tell_above(world, found)
    for one in everyone:
        judges.setdefault(one.unit, judge(world, one.unit))
    crowds = {unit: _Crowd(judges[unit], [one for one in everyone if one.unit == unit]) for unit in units}
    for asset in found:
        for principal in crowds[asset.unit].asked(asset) if asset.unit in crowds else ():
            if principal.node_id not in asset.nodes:
                _write(world, judges[asset.unit], principal, asset)


class _Crowd:
    """The principals of a unit, those together whose policies say the same of actions: most are never asked about."""

    def __init__(self, judged: Judge, members: list[Principal]) -> None:
        self._judged = judged
        self._members = members
        self._alike: dict[int, list[int]] = {}
        for number, one in enumerate(members):
            self._alike.setdefault(id(judged.spoken(one)), []).append(number)
        self._unknown = {number for number, one in enumerate(members) if one.unknown_policy is not None}

    def asked(self, asset: Asset) -> list[Principal]:
        """Who may do an action on the asset, or of whom it is not known, in the order of the principals."""
        if asset.guarded.policy is not None:
            return self._members  # its own policy may let in who has no policy that speaks of it
        found = set(self._unknown)
        for numbers in self._alike.values():
            one = self._members[numbers[0]]
            if not all(self._judged.silent(one, action) for action, _ in asset.rows):
                found.update(numbers)
        return [self._members[number] for number in sorted(found)]


def _write(world: World, judged: Judge, principal: Principal, asset: Asset) -> None:
    found = _found(world, judged, principal, asset)
    if found and asset.owner is not None:
        narrowed = about(world.inventory, principal, asset.owner)
        # What is asked of a narrowed principal must not be remembered of the whole one.
        found = found if narrowed is None else _found(world, judge(world, asset.unit), narrowed, asset)
    if not found:
        _unknown(world, principal, asset)
        return
    best = max(access.truth for *_, access in found)
    held = [one for one in found if one[2].truth is best]
    action, because, access = held[0]
    statement = access.answer.statement
    more = f"; {len(held) - 1} more such actions as well" if len(held) > 1 else ""
    policy = "" if statement is None else statement.policy
    decided_by = access.decided_by or ("condition",) if best is Truth.POSSIBLE else asset.doubt
    edge = Edge(
        source=principal.node_id,
        target=asset.nodes[0],
        plane=Plane.CONTROL,
        verb="write",
        because=f"policy `{policy}` allows `{action}` on `{access.answer.scope}`: {because}{more}",
        origin=None if statement is None else statement.origin,
        state=State.POSSIBLE if decided_by else State.OPEN,
        reason="condition-unevaluable" if best is Truth.POSSIBLE else "cross-unit" if decided_by else "",
        decided_by=decided_by,
        cut=True,
    )
    for node_id in asset.nodes:
        world.add_edge(replace(edge, target=node_id))
    takeover = next((one for one in held if one[0] == "iam:UpdateAssumeRolePolicy"), None)
    if takeover is not None:
        _become(world, edge, takeover[1])


def _found(world: World, judged: Judge, principal: Principal, asset: Asset) -> list[tuple[str, str, Access]]:
    """The actions of the asset's rows that a principal may do, or may be able to."""
    of = asset.guarded if asset.owner is None else across(world, asset.guarded, asset.owner, principal.resource)
    asked = (
        (action, because, judged.access(principal, action, asset.targets(action), partly=asset.partly, of=of))
        for action, because in asset.rows
    )
    return [one for one in asked if one[2].truth is not Truth.NO]


def _become(world: World, edge: Edge, because: str) -> None:
    why = f"{edge.because.partition(': ')[0]}: {because}"
    world.add_edge(replace(edge, plane=Plane.IDENTITY, verb="become", because=why))


def _unknown(world: World, principal: Principal, asset: Asset) -> None:
    policy = principal.unknown_policy
    if policy is None or policy.unknown is None:
        return
    for node_id in asset.nodes:
        world.add_edge(
            Edge(
                source=principal.node_id,
                target=node_id,
                plane=Plane.CONTROL,
                verb="write",
                because=f"what policy `{policy.name}` allows is not known: {policy.unknown.cause}",
                origin=policy.origin,
                state=State.POSSIBLE,
                reason=policy.unknown.code,
                decided_by=policy.unknown.decided_by or (policy.name,),
                cut=True,
            )
        )
