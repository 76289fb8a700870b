"""Guardrails that are enforced on every Bedrock call of an account, and the ways in which they are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.builders.aws_models.organised import organised
from scanner.builders.aws_models.regions import Stand, region_of, stand_of, told, uncovered
from scanner.builders.aws_policy.guard import GUARDRAILS, VERSIONS
from scanner.builders.aws_policy.statements import listed_in
from scanner.builders.blocks import Found, at, first
from scanner.builders.draft import World
from scanner.graph.facts import Enforcement
from scanner.graph.model import Role
from scanner.origin import FileOrigin, Origin
from scanner.patterns import lazy
from scanner.resource import Resource
from scanner.unknown import Unknown

ENFORCED = ("aws_bedrock_enforced_guardrail_configuration", "awscc_bedrock_enforced_guardrail_configuration")
NUMBER = lazy("[1-9][0-9]{0,7}")
Flaw = tuple[bool | Unknown, str, Origin | None]


def add_enforcement(world: World, unit: str, node_id: str, callers: Sequence[Resource]) -> None:
    """Add an Enforcement fact for each enforced configuration of the unit, and one for each place that none covers.

    callers: the principals that name Bedrock's inference; what they call is called in their account.
    """
    facts = []
    for one in world.inventory.of(*ENFORCED, unit=unit):
        complete, because, origin = _judged(world, one)
        stand = stand_of(world, one)
        facts.append(_fact(origin, because, complete, stand))
        if complete is True:
            _assume(world, one, because)
    facts += organised(world, unit, callers)
    for fact in (*facts, *_uncovered(world, unit, facts, callers)):
        world.add_fact(node_id, fact)


def _fact(origin: Origin | None, because: str, complete: bool | Unknown, stand: Stand) -> Enforcement:
    return Enforcement(origin=origin, because=because, complete=complete, region=stand.region, account=stand.account)


def _uncovered(
    world: World, unit: str, facts: Sequence[Enforcement], callers: Sequence[Resource]
) -> Iterator[Enforcement]:
    """Enforcement ends at the border of its region and its account; nothing at all is told elsewhere."""
    whole = [fact for fact in facts if fact.region]
    if not whole:
        return
    stands = [Stand(fact.account, fact.region) for fact in whole]
    for stand, one, certain in uncovered(world, unit, stands, callers):
        because = f"it is set in {told(stands[0], one)} only, and `{one.address}` is in {told(stand, one)}"
        unknown = Unknown(because, decided_by=(one.address,))
        # Whether a caller is bound to a guardrail by its own permission is not asked here.
        complete = False if certain and stand.region else unknown
        yield _fact(whole[0].origin, because, complete, stand)


def _assume(world: World, one: Resource, because: str) -> None:
    where = f" in {region_of(one)}" if region_of(one) else ""
    line = f", {one.origin.path}:{one.origin.line}" if isinstance(one.origin, FileOrigin) else ""
    guardrail = first(one, "guardrail_identifier") or first(one, "guardrail_arn")
    name = (
        guardrail.value.ref.address
        if guardrail and isinstance(guardrail.value, Unknown) and guardrail.value.ref
        else ""
    )
    shown = name or (guardrail.text if guardrail else one.address)
    world.assumptions[
        f"guardrail `{shown}` is enforced on every InvokeModel and Converse call of the account{where}{line}: {because}"
    ] = None


def _judged(world: World, one: Resource) -> Flaw:
    """Whether the configuration covers every call: the first flaw that is certain, else the first that is possible."""
    flaws = list(_flaws(world, one))
    certain = next((flaw for flaw in flaws if flaw[0] is False), None)
    if certain is not None:
        return certain
    if flaws:
        return flaws[0]
    said = "`model_enforcement` is not set: the default is every model"
    if first(one, "model_enforcement") is not None:
        said = "`included_models` is `ALL` and nothing is excluded"
    guarding = "`selective_content_guarding` is not set: the default is to check all content"
    if first(one, "selective_content_guarding") is not None:
        guarding = "all content is checked"
    return True, f"{said}; {guarding}", one.origin


def _flaws(world: World, one: Resource) -> Iterator[Flaw]:
    if one.possible is not None:
        yield one.possible, "the configuration may not exist", one.origin
    yield from _guardrail(world, one)
    yield from _version(world, one)
    for found in at(one, "model_enforcement.excluded_models"):
        yield from _excluded(found)
    included = first(one, "model_enforcement.included_models")
    if included is not None:
        yield from _included(included)
    for side in ("messages", "system"):
        found_side = first(one, f"selective_content_guarding.{side}")
        if found_side is not None:
            why = f"`{side}` is `SELECTIVE`: text that the caller does not tag is not checked"
            yield from _setting(found_side, "COMPREHENSIVE", why)
    for key in ("input_tags", "guardrail_inference_config.input_tags"):
        found_tags = first(one, key)
        if found_tags is not None:
            yield from _setting(found_tags, "IGNORE", "`input_tags` is `HONOR`: only what the caller tags is checked")


def _guardrail(world: World, one: Resource) -> Iterator[Flaw]:
    found = first(one, "guardrail_identifier") or first(one, "guardrail_arn")
    if found is None or not world.profile.guardrails:
        return
    entries = [entry.id for entry in world.profile.guardrails]
    target = world.inventory.find(found.value, one, *GUARDRAILS, *VERSIONS)
    if isinstance(target, Resource):
        guardrail = target
        if target.kind in VERSIONS:
            behind = world.inventory.find(target.attrs.get("guardrail_arn"), one, *GUARDRAILS)
            guardrail = behind if isinstance(behind, Resource) else target
        if guardrail.kind in GUARDRAILS and Role.GUARDRAIL not in world.nodes[guardrail.id].roles:
            yield False, f"`{guardrail.address}` is no guardrail of the profile", found.origin
    elif isinstance(found.value, Unknown):
        yield found.value, "which guardrail it enforces is not known", found.origin
    elif not any(entry == found.text or found.text.endswith(f"guardrail/{entry}") for entry in entries):
        cause = f"whether `{found.text}` is a guardrail of the profile is not known"
        yield Unknown(cause, decided_by=("profile:safety_stack.guardrails",)), cause, found.origin


def _version(world: World, one: Resource) -> Iterator[Flaw]:
    found = first(one, "guardrail_version")
    if found is None:
        yield False, "`guardrail_version` is not set: no published version is enforced", one.origin
    elif isinstance(found.value, Unknown):
        source = None if found.value.ref is None else world.inventory.at(one.unit, found.value.ref.address)
        if source is None:
            yield found.value, "which version it enforces is not known", found.origin
        elif source.kind in GUARDRAILS:
            yield False, "the version of the guardrail itself is its draft", found.origin
    elif not NUMBER.fullmatch(str(found.value)):
        yield False, f"`guardrail_version` is `{found.value}`, which is no published version", found.origin


def _excluded(found: Found) -> Iterator[Flaw]:
    listed = listed_in(found.value)
    unknown = next((value for value in listed if isinstance(value, Unknown)), None)
    named = [value for value in listed if isinstance(value, str)]
    if named and found.possible is None:
        yield False, f"`excluded_models` lets `{named[0]}` answer without the guardrail", found.origin
    elif unknown is not None or named:
        yield (
            found.possible or unknown or Unknown("the exclusion may not exist"),
            "which models are excluded is not known",
            found.origin,
        )


def _included(found: Found) -> Iterator[Flaw]:
    listed = listed_in(found.value)
    if "ALL" in listed:
        return
    unknown = found.unknown or next((value for value in listed if isinstance(value, Unknown)), None)
    if unknown is not None:
        yield unknown, "on which models it is enforced is not known", found.origin
    else:
        yield (
            False,
            "`included_models` is not `ALL`: the models it leaves out answer without the guardrail",
            found.origin,
        )


def _setting(found: Found, good: str, why: str) -> Iterator[Flaw]:
    if found.unknown is not None:
        yield found.unknown, f"{why.partition(' is ')[0]} is not known", found.origin
    elif str(found.value).upper() != good:
        yield False, why, found.origin
