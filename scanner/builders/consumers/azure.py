"""Deployments of Azure's models: which content filter policy each is bound to."""

from __future__ import annotations

from collections.abc import Iterator

from scanner import tables
from scanner.builders.blocks import Found, at, first
from scanner.builders.draft import World
from scanner.graph.facts import Binding, Placement
from scanner.graph.model import Role
from scanner.resource import Resource
from scanner.unknown import Unknown

POLICY = "azurerm_cognitive_account_rai_policy"
ANSWERS_NOTHING = r"(?i)embed|whisper|(^|-)tts(-|$)"
"""Models whose answers are vectors, transcripts or speech: no filter of answers applies to them."""
ANYWHERE = {"Global": "any geography", "DataZone": "a zone of data"}
"""Starts of the names of deployment kinds, and how far each may wander."""
SERVICE = "the service's default filter applies, which the operator does not hold"
PROFILE_KEY = "profile:safety_stack.guardrails"


def deployments(world: World) -> Iterator[tuple[Resource, Binding]]:
    """A Binding for each deployment of a model that answers in words or pictures."""
    for one in world.inventory.of("azurerm_cognitive_deployment"):
        name = first(one, "model.name")
        if name is None or not tables.pattern(ANSWERS_NOTHING).search(name.text):
            yield one, _bound(world, one, first(one, "rai_policy_name"))


def wandering(world: World) -> Iterator[tuple[Resource, Placement]]:
    """A Placement for each deployment whose kind lets the service choose the region of each call."""
    for one in world.inventory.of("azurerm_cognitive_deployment"):
        for found in at(one, "sku.name"):
            reach = next((says for start, says in ANYWHERE.items() if found.text.startswith(start)), "")
            if reach:
                cause = f"`{found.text}` answers from any region of {reach}"
                region = Unknown(cause, decided_by=(f"{one.address}.sku.name",))
                because = f"`sku.name` is `{found.text}`: the service chooses the region of each call"
                yield (
                    one,
                    Placement(
                        origin=found.origin, because=because, place_class="cloud", provider="azure", region=region
                    ),
                )


def _bound(world: World, one: Resource, policy: Found | None) -> Binding:
    if policy is None:
        approved: bool | Unknown = False if _asked(world) else _unlisted()
        because = f"`rai_policy_name` is not set: {SERVICE}"
        return Binding(origin=one.origin, because=because, part="", guardrail="", approved=approved, published=True)
    target = world.inventory.find(policy.value, one, POLICY)
    because = f"`rai_policy_name` names `{target.address if isinstance(target, Resource) else policy.text or '*'}`"
    return Binding(
        origin=policy.origin,
        because=because,
        part="",
        guardrail=target.address if isinstance(target, Resource) else policy.unknown or policy.text,
        approved=policy.possible or _approved(world, policy, target),
        published=True,
    )


def _approved(world: World, policy: Found, target: Resource | Unknown | None) -> bool | Unknown:
    if not _asked(world):
        return _unlisted()
    if isinstance(target, Resource):
        return Role.GUARDRAIL in world.nodes[target.id].roles
    if policy.unknown is not None:
        return policy.unknown
    return any(entry.id == policy.text for entry in world.profile.guardrails)


def _asked(world: World) -> bool:
    return world.profile.has("safety_stack.guardrails") or bool(world.profile.guardrails)


def _unlisted() -> Unknown:
    return Unknown("the profile names no guardrail", decided_by=(PROFILE_KEY,))
