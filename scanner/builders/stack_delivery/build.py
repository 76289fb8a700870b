"""StackDelivery facts on what delivers the safety stack, and on what of it is signed or sealed."""

from __future__ import annotations

from fnmatch import fnmatchcase

from scanner.builders.cluster_delivery.payload import estate_of
from scanner.builders.draft import World
from scanner.builders.stack_delivery.gitops import KINDS, Brought, brought
from scanner.builders.stack_delivery.keys import sealing, signing
from scanner.builders.stack_delivery.pipelines import PIPELINE, STACK_SET, of_pipeline, of_stack_set
from scanner.builders.stack_delivery.repositories import repository_name
from scanner.graph.facts_delivery import StackDelivery
from scanner.graph.model import STACK
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown


def build_stack_delivery(world: World) -> None:
    """What delivers the stack, and what signs it; keys where the profile says whose they are."""
    for kind, group in KINDS:
        for one in world.inventory.like(kind, group):
            for each in brought(world, one):
                if _carries(world, each):
                    _tell(world, one, each)
    for kind, way in ((PIPELINE, of_pipeline), (STACK_SET, of_stack_set)):
        for one in world.inventory.of(kind) if world.with_role(*STACK) else ():
            for each in way(world, one):
                _tell(world, one, each)
    for told in signing(world):
        _add(world, told.of, told.aspect, told.good, told.because, told.origin)
    if world.profile.has("delivery.keys"):
        for told in sealing(world):
            _add(world, told.of, told.aspect, told.good, told.because, told.origin)


def _carries(world: World, one: Brought) -> bool:
    """Whether a part of the stack is brought: by the namespace it goes to, or by what its folder holds.

    What is in none of the inputs is unread, and nothing holds: it is not said again here.
    """
    units = {node.id.partition(":")[0] for node in world.with_role(*STACK)}
    if one.namespace and any(one.namespace in world.spaces(unit, STACK) for unit in units):
        return True
    if one.folder and one.folder != ".":
        roles = estate_of(world).folders.get(one.folder)
        return roles is not None and bool(roles & STACK)
    # The root of a repository that the profile says is scanned: what its units hold.
    name = "" if isinstance(one.repository, Unknown) or one.whole_chart else repository_name(one.repository)
    own = [unit.name for unit in world.profile.units if name and repository_name(unit.repository) == name]
    return any(world.spaces(unit, STACK) for unit in own)


def _tell(world: World, one: Resource, each: Brought) -> None:
    good, said = _whose(world, each)
    _add(world, one, "repository", _perhaps(good, each), said, each.origin)
    if each.pinned is each.repository:
        return  # nothing is known of where it comes from: that is said once
    _add(world, one, "pinned", _perhaps(each.pinned, each), each.revision_said, each.origin)
    if each.signed is not None:
        _add(world, one, "signed", each.signed, each.signed_said, each.origin)


def _perhaps(good: bool | Unknown, each: Brought) -> bool | Unknown:
    """What is wrong with something is open where nobody knows whether it is a part of the stack."""
    return each.carries if good is False and isinstance(each.carries, Unknown) else good


def _whose(world: World, each: Brought) -> tuple[bool | Unknown, str]:
    """Whether it comes from a repository of the operator."""
    profile = world.profile
    own = [unit.repository for unit in profile.units if unit.repository]
    if isinstance(each.repository, Unknown):
        return each.repository, ""
    if not own and not profile.has("delivery.repositories"):
        return Unknown("the profile names no repository", decided_by=("profile:delivery.repositories",)), ""
    name = repository_name(each.repository)
    said = f"it comes from `{each.repository}`"
    if any(_same(name, each.repository, entry) for entry in (*own, *profile.repositories)):
        return True, said
    return False, f"{said}, which the profile does not name"


def _same(name: str, written: str, entry: str) -> bool:
    if "*" in entry:
        return fnmatchcase(written, entry) or (bool(name) and fnmatchcase(name, repository_name(entry, wild=True)))
    return written == entry or (bool(name) and name == repository_name(entry))


def _add(world: World, one: Resource, aspect: str, good: bool | Unknown, because: str, origin: Origin | None) -> None:
    said = good.cause if isinstance(good, Unknown) else because
    fact = StackDelivery(origin=origin or one.origin, because=said, aspect=aspect, good=good)
    world.add_fact(one.id, fact)
