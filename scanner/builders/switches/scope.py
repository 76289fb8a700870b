"""Where a row of the switches table counts: products that guard anything are told only where they guard a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scanner import tables
from scanner.builders.blocks import at, strings, text
from scanner.builders.draft import World
from scanner.graph.model import STACK, Role
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown

MODELS = frozenset({Role.MODEL})
GUARDED = STACK | {Role.MODEL, Role.CANDIDATE}
MESH_ROOTS = frozenset({"istio-system", "istio-config"})
IMAGES = r"(?i)image|digest|signature|regist|repo"
"""Words of a policy that speaks of what is run."""
SAFETY = r"(?i)guard|classif|moderat|safety|shield|prompt|content"
"""Words in the name of a service that judges prompts and answers."""


FILTERS = r"(?i)filter|ext_proc|ext_authz|extProc|extAuth"


def matters(world: World, resource: Resource, row: str) -> bool | Unknown:
    """Whether a row counts on this object: an admission policy by what it speaks of, a webhook by whose it is."""
    way = _WAYS.get(row)
    return way is None or way(world, resource)


def _hook_of_the_stack(world: World, resource: Resource) -> bool | Unknown:
    spaces = world.spaces(resource.unit, STACK)
    found = at(resource, "webhooks.clientConfig.service.namespace")
    if any(one.text in spaces for one in found):
        return True
    untold = (one.value for one in found if isinstance(one.value, Unknown) and not one.text)
    return next(untold, False) if spaces else False


def _namespace_of_models(world: World, resource: Resource) -> bool:
    asked = any(world.inventory.of("ClusterImagePolicy", unit=resource.unit))
    return asked and resource.name in world.spaces(resource.unit, MODELS)


def _pod_of_models(world: World, resource: Resource) -> bool:
    asked = any(world.inventory.of("ModelValidation", unit=resource.unit))
    return asked and Role.MODEL in world.nodes[resource.id].roles


def _verifies_images(_world: World, resource: Resource) -> bool:
    """Of Kyverno's policies only those about images; the rest is the hygiene of clusters."""
    return resource.kind.endswith("ImageValidatingPolicy") or any(
        isinstance(found.value, Unknown) or found.value for found in at(resource, "spec.rules.verifyImages")
    )


def _binding_about_images(world: World, resource: Resource) -> bool:
    """A binding of a policy whose expressions speak of images; a policy that is not shown may."""
    name = dig(resource.attrs, "spec", "policyName")
    policies = list(world.inventory.of("ValidatingAdmissionPolicy", unit=resource.unit))
    named = [one for one in policies if one.name == name]
    if not named:
        return tables.pattern(IMAGES).search(text(name)) is not None
    words = (found.text for one in named for found in strings(dig(one.attrs, "spec", "validations")))
    return any(tables.pattern(IMAGES).search(word) for word in words)


def _gatekeeper(world: World, resource: Resource) -> bool:
    """A constraint about images, or an exemption of a namespace where models or the stack stand."""
    if resource.kind == "Namespace":
        return resource.name in world.spaces(resource.unit, GUARDED)
    if resource.kind == "Config":
        spaces = world.spaces(resource.unit, GUARDED)
        found = at(resource, "spec.match.excludedNamespaces")
        listed = [text(name) for one in found for name in items_of(one.value)]
        return any(name in spaces for one in listed for name in (one, *spaces) if one in (name, "*"))
    return tables.pattern(IMAGES).search(f"{resource.kind} {resource.name}") is not None


def _guarded_namespace(world: World, resource: Resource) -> bool:
    return resource.namespace in world.spaces(resource.unit, GUARDED) | MESH_ROOTS


def asks_a_classifier(world: World, resource: Resource) -> bool:
    """An authorizer that judges prompts; one that only knows who calls needs no body."""
    stack = {node.name for node in world.with_role(*STACK)}
    names = list(_authorizers(resource))
    return not names or any("*" in name or name in stack or tables.pattern(SAFETY).search(name) for name in names)


def _patches_filters(_world: World, resource: Resource) -> bool:
    """A patch that speaks of filters; one of a timeout or a listener's name takes nothing out."""
    words = strings(dig(resource.attrs, "spec", "jsonPatches"))
    return any("*" in found.text or tables.pattern(FILTERS).search(found.text) for found in words)


def _told_by_route(_world: World, _resource: Resource) -> bool:
    """A mirror counts by where it leads, which the builder of routes knows."""
    return False


def _authorizers(resource: Resource) -> Iterator[str]:
    for protocol in ("http", "grpc"):
        for path in ("backendRefs.name", "backendRef.name"):
            for found in at(resource, f"spec.extAuth.{protocol}.{path}"):
                yield found.text or "*"


def _account_of_models(world: World, resource: Resource) -> bool:
    """Of Azure's accounts those that hold generative models, or may; speech and vision have keys as well."""
    if resource.kind != "azurerm_cognitive_account":
        return True
    kind = resource.attrs.get("kind")
    if isinstance(kind, Unknown) or kind in ("OpenAI", "AIServices"):
        return True
    deployed = world.inventory.of("azurerm_cognitive_deployment", unit=resource.unit)
    named = (world.inventory.find(one.attrs.get("cognitive_account_id"), one) for one in deployed)
    return any(one is resource for one in named)


def _of_its_own(world: World, resource: Resource) -> bool:
    """Something that serves a model, or stands in the safety stack, itself."""
    return bool(world.nodes[resource.id].roles & GUARDED)


def _beside_models(world: World, resource: Resource) -> bool:
    """Machines of a cluster on which pods of a model or of the stack may run."""
    return bool(world.spaces(resource.unit, GUARDED))


_WAYS: dict[str, Callable[[World, Resource], bool | Unknown]] = {
    "A-1": _verifies_images,
    "A-2": _verifies_images,
    "A-6": _binding_about_images,
    "A-7": _hook_of_the_stack,
    "A-10": _namespace_of_models,
    "A-11": _pod_of_models,
    "A-12": _gatekeeper,
    "K-8": _patches_filters,
    "K-20": _told_by_route,
    "K-6": asks_a_classifier,
    "AZ-9": _account_of_models,
    "AZ-11": _account_of_models,
    "SH-1": _of_its_own,
    "SH-2": _beside_models,
    "SH-3": _of_its_own,
    "SH-5": _of_its_own,
    "K-12": _guarded_namespace,
}
"""By row: what makes it count; a row without an entry counts wherever its tests hit."""
