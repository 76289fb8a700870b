"""Consumers of managed models: what guardrail each is bound to, and what stands where none is enforced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.builders.aws_identity.access import judge
from scanner.builders.aws_identity.principals import Principal, principals
from scanner.builders.aws_identity.targets import BEDROCK_KIND, Target, targets
from scanner.builders.aws_policy.decide import acts_on
from scanner.builders.aws_policy.match import Truth
from scanner.builders.blocks import at, first
from scanner.builders.consumers.bedrock import agents, flows
from scanner.builders.draft import World
from scanner.graph.facts import Bound, Enforcement
from scanner.resource import Resource
from scanner.unknown import Unknown

FLOOR = "enable_floor_setting_enforcement"
NOTHING = "nothing enforces a guardrail in the account: the default is that each caller chooses"


def build_consumers(world: World) -> None:
    """Binding facts on every consumer object; Bound and Enforcement facts on the models and floor settings."""
    for way in (agents, flows):
        for resource, fact in way(world):
            world.add_fact(resource.id, fact)
    if world.inventory.has_azure:
        _azure(world)
    managed = [target for target in targets(world) if target.node.kind == BEDROCK_KIND]
    by_unit: dict[str, list[Principal]] = {}
    for principal in principals(world) if managed else ():
        by_unit.setdefault(principal.unit, []).append(principal)
    for target in managed:
        _bedrock(world, target, by_unit.get(target.unit, ()))
    for one in world.inventory.of("google_model_armor_floorsetting"):
        world.add_fact(one.id, _floor(one))


def _azure(world: World) -> None:
    # Loaded only where there is anything of Azure.
    from scanner.builders.consumers.azure import deployments, wandering

    for resource, fact in deployments(world):
        world.add_fact(resource.id, fact)
    for resource, place in wandering(world):
        world.add_fact(resource.id, place)


def _bedrock(world: World, target: Target, here: Sequence[Principal]) -> None:
    node = world.nodes[target.node.id]
    if not any(isinstance(fact, Enforcement) for fact in node.facts):
        absent = Enforcement(origin=node.origin, because=NOTHING, complete=False, declared=False)
        world.add_fact(node.id, absent)
        world.assumed_absent[f"an enforced guardrail configuration in the account of `{target.unit}`"] = None
    bound = tuple(sorted(_bound(world, target, here)))
    if bound:
        because = "the policies of these principals demand an approved guardrail at a published version"
        world.add_fact(node.id, Bound(origin=node.origin, because=because, principals=bound))


def _bound(world: World, target: Target, here: Sequence[Principal]) -> Iterator[str]:
    """Who of the unit may invoke the model, and only with a guardrail that the profile approves."""
    judged = judge(world, target.unit)
    rows = [row for row in target.actions() if row.guardrail_condition_key]
    for principal in here:
        if principal.unknown is not None:
            continue
        statements = [one for policy in principal.policies for one in policy.statements if one.allows]
        spoken = [row for row in rows if any(acts_on(one, row.action) is not Truth.NO for one in statements)]
        if not spoken:
            continue
        widest = max(
            judged.access(principal, row.action, target.arns_for(row), keyed=True, partly=target.partly).truth
            for row in spoken
        )
        if widest is Truth.NO:
            yield principal.node_id


def _floor(one: Resource) -> Enforcement:
    """Model Armor's floor setting of a project or an organisation: it enforces only where it is told to."""
    found = first(one, FLOOR)
    if found is None:
        return Enforcement(origin=one.origin, because=f"`{FLOOR}` is not set: the default is off", complete=False)
    if found.unknown is not None:
        return Enforcement(origin=found.origin, because=f"whether `{FLOOR}` is on is not known", complete=found.unknown)
    on: bool | Unknown = str(found.value).lower() == "true"
    filters = [*at(one, "filter_config.*.filter_enforcement"), *at(one, "filter_config.*.*.filter_enforcement")]
    rated = any(at(one, "filter_config.rai_settings.rai_filters"))
    if on and not rated and not any(each.unknown is not None or each.text == "ENABLED" for each in filters):
        return Enforcement(origin=one.origin, because="the floor setting enforces no filter at all", complete=False)
    return Enforcement(origin=found.origin, because=f"`{FLOOR}` is `{str(on).lower()}`", complete=on)
