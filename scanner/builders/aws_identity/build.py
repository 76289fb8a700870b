"""Who may call the managed models of an account: IAM principals to models, and who can become those principals."""

from __future__ import annotations

from msgspec.structs import replace

from scanner.builders.aws_identity.access import Access, Judge, judge
from scanner.builders.aws_identity.anywhere import add_certificates
from scanner.builders.aws_identity.carriers import carriers
from scanner.builders.aws_identity.demands import add_demands
from scanner.builders.aws_identity.functions import add_function_callers
from scanner.builders.aws_identity.granting import add_granting
from scanner.builders.aws_identity.nodes import add_node_roles, mark_machine_roles
from scanner.builders.aws_identity.operators import add_operator_grants, associated
from scanner.builders.aws_identity.passrole import add_detours
from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_identity.regions import beyond, enforced_regions
from scanner.builders.aws_identity.sessions import everybody
from scanner.builders.aws_identity.targets import ROUTED, Target, targets
from scanner.builders.aws_identity.trust import add_becoming
from scanner.builders.aws_models.regions import account_label, same_label
from scanner.builders.aws_policy.guard import demand, flaw
from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.statements import Statement
from scanner.builders.credentials.aws import add_bearers
from scanner.builders.draft import World
from scanner.graph.facts import Enforcement
from scanner.graph.model import Edge, Plane, State
from scanner.origin import Origin
from scanner.table_rows import InferenceAction
from scanner.unknown import Unknown

CROSS_UNIT = "cross-unit"
SHOWN = 4


def build_aws_identity(world: World) -> None:
    """Add "invoke" edges from principals to managed models, and "become" edges to principals."""
    everyone = everybody(world)
    models = targets(world)
    judges = {unit: judge(world, unit) for unit in {one.unit for one in everyone}}
    heard: dict[int, list[Target]] = {}
    for principal in everyone:
        for model in _speaks_of(judges[principal.unit], principal, models, heard):
            edge = _invoke(world, judges[principal.unit], principal, model)
            if edge is not None:
                world.add_edge(edge)
    add_demands(world, everyone)
    add_bearers(world, everyone, judges)
    carried = [*carriers(world), *associated(world)]
    add_becoming(world, everyone, judges, carried)
    add_granting(world, everyone, judges, models, _invoke)
    mark_machine_roles(world)
    add_detours(world, everyone, judges, carried)
    add_certificates(world)
    add_node_roles(world, carried)
    add_function_callers(world, everyone, judges)
    add_operator_grants(world)


def _speaks_of(
    judged: Judge, principal: Principal, models: list[Target], heard: dict[int, list[Target]]
) -> list[Target]:
    """The models of which some policy of a principal may speak: worked out once for all who say the same of actions."""
    if principal.unknown is not None:
        return models
    key = id(judged.spoken(principal))  # which the Judge keeps
    if key not in heard:
        heard[key] = [one for one in models if not judged.mute(principal, one.actions())]
    return heard[key]


def _invoke(world: World, judged: Judge, principal: Principal, model: Target) -> Edge | None:
    if model.unit != principal.unit and model.bedrock:
        # A principal of another unit has the models of its own unit to call; that edge says it all.
        return None
    if judged.mute(principal, model.actions()):
        return _unknown(principal, model)
    enforced = _enforced(world, model, principal)
    found = [(row, _access(judged, principal, model, row, enforced)) for row in model.actions()]
    best = max((access.truth for _, access in found), default=Truth.NO)
    if best is Truth.NO:
        return _unknown(principal, model)
    held = [(row, access) for row, access in found if access.truth is best]
    return _edge(principal, model, held, enforced)


def _access(
    judged: Judge, principal: Principal, model: Target, row: InferenceAction, enforced: bool | Unknown
) -> Access:
    keyed, arns = row.guardrail_condition_key, model.arns_for(row)
    access = judged.access(principal, row.action, arns, keyed=keyed, partly=model.partly)
    if row.action in ROUTED and access.truth is Truth.YES:
        decided = access.answer.decided_by | {"the models behind the inference gateways of SageMaker"}
        return replace(access, answer=replace(access.answer, truth=Truth.POSSIBLE, decided_by=decided))
    if not keyed or enforced is False or access.truth is Truth.NO:
        return access
    if enforced is True:
        return beyond(judged, principal, row.action, arns, enforced_regions(_facts(judged.world, model, principal)))
    names = set(enforced.decided_by) if isinstance(enforced, Unknown) else set()
    answer = replace(access.answer, truth=Truth.POSSIBLE, decided_by=access.answer.decided_by | names)
    return replace(access, answer=answer)


def _enforced(world: World, model: Target, principal: Principal) -> bool | Unknown:
    """Whether a guardrail is enforced on the calls of this model that a principal makes in its own account."""
    facts = _facts(world, model, principal)
    if any(fact.complete is True for fact in facts):
        return True
    found = next((fact.complete for fact in facts if isinstance(fact.complete, Unknown)), None)
    return found or _perhaps(world, model, principal)


def _facts(world: World, model: Target, principal: Principal) -> list[Enforcement]:
    """What is said of enforcement in the account of a principal."""
    label = account_label(world, principal.resource)
    facts = (fact for fact in world.nodes[model.node.id].facts if isinstance(fact, Enforcement))
    return [fact for fact in facts if not fact.account or same_label(fact.account, label)]


def _perhaps(world: World, model: Target, principal: Principal) -> bool | Unknown:
    """Enforcement in an account that may be the principal's."""
    label = account_label(world, principal.resource)
    for fact in world.nodes[model.node.id].facts:
        if isinstance(fact, Enforcement) and fact.complete is not False and same_label(fact.account, label) is None:
            cause = f"whether `{principal.name}` is of the account in which a guardrail is enforced is not known"
            return Unknown(cause, decided_by=(f"account of {principal.name}",))
    return False


def _edge(
    principal: Principal, model: Target, held: list[tuple[InferenceAction, Access]], enforced: bool | Unknown
) -> Edge:
    row, access = held[0]
    statement = access.answer.statement
    across = model.unit != principal.unit
    possible = access.truth is Truth.POSSIBLE or across
    decided = access.decided_by or (
        (f"whether `{principal.unit}` is in the account of `{model.unit}`",) if across else ()
    )
    return Edge(
        source=principal.node_id,
        target=model.node.id,
        plane=Plane.IDENTITY,
        verb="invoke",
        because=_because(row, access, [one.action for one, _ in held[1:]], enforced),
        origin=_line(row, statement, enforced),
        state=State.POSSIBLE if possible else State.OPEN,
        reason=_reason(access, across, enforced) if possible else "",
        decided_by=(decided or ("condition",)) if possible else (),
        cut=True,
    )


def _line(row: InferenceAction, statement: Statement | None, enforced: bool | Unknown) -> Origin | None:
    """The condition that should have bound the caller to a guardrail and does not, else what allows the action."""
    if statement is None:
        return None
    condition = demand(statement) if row.guardrail_condition_key and enforced is not True else None
    return statement.origin if condition is None else condition.origin or statement.origin


def _reason(access: Access, across: bool, enforced: bool | Unknown) -> str:
    if across and access.truth is Truth.YES:
        return CROSS_UNIT
    if enforced is True and any(name.startswith("Bedrock in regions") for name in access.decided_by):
        return "region-unread"
    keys = [name for name in access.decided_by if ":" in name and not name.startswith("arn:")]
    return "condition-unevaluable" if access.source_bound or keys else "value-unknown"


def _because(row: InferenceAction, access: Access, others: list[str], enforced: bool | Unknown) -> str:
    statement = access.answer.statement
    policy = "" if statement is None else statement.policy
    text = f"policy `{policy}` allows `{row.action}` on `{access.answer.scope}`"
    if enforced is True and row.guardrail_condition_key:
        text += ", in regions where no guardrail is enforced as well"
    elif row.guardrail_condition_key:
        condition = demand(statement) if statement is not None else None
        sure = access.answer.truth is Truth.YES
        text += " without a guardrail condition" if condition is None else f"; {flaw(condition, sure=sure)}"
    else:
        text += f": {row.because}"
    if others:
        named = ", ".join(f"`{action}`" for action in others[:SHOWN])
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        text += f"; {named}{more} as well"
    if access.source_bound:
        text += ", though only from the networks that its conditions name"
    return text


def _unknown(principal: Principal, model: Target) -> Edge | None:
    """The one possible edge of a principal some of whose policies nobody knows."""
    unknown, policy = principal.unknown, principal.unknown_policy
    if unknown is None or policy is None or model.unit != principal.unit:
        return None
    return Edge(
        source=principal.node_id,
        target=model.node.id,
        plane=Plane.IDENTITY,
        verb="invoke",
        because=f"what policy `{policy.name}` allows is not known: {unknown.cause}",
        origin=policy.origin,
        state=State.POSSIBLE,
        reason=unknown.code,
        decided_by=unknown.decided_by or (policy.name,),
        cut=True,
    )
