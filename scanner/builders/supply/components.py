"""What Greengrass takes to devices: components by the names of deployments and devices, and what components take along.

Source: AWS IoT Greengrass V2 Developer Guide, "AWS-provided components" and "Component recipe reference".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from scanner.builders.blocks import strings
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect
from scanner.builders.supply.named import referred
from scanner.graph.facts import Delivery
from scanner.graph.model import Plane
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Encoded, Resource, mark
from scanner.unknown import Unknown, Value
from scanner.yamltext import TextError, load_one

MODEL_COMPONENT = lazy(r"ModelStore|DLR|TensorFlowLite|SageMakerEdge|lookoutvision", re.IGNORECASE)
"""Public components that are models, or run them."""
AMAZONS = lazy(r"aws\.(?!greengrass\.labs\.)")
"""Components that Amazon provides; those of the Greengrass Labs are published by who uses them (aws-greengrass on
GitHub, "Greengrass Software Catalog")."""
DEPLOYMENT = "awscc_greengrassv2_deployment"
"""A deployment; recorded, also a core device, with what is installed on it."""
COMPONENT = "awscc_greengrassv2_component_version"
TOLD = ("bundle", "live")


class _Parts(Struct):
    """The components of the inputs by unit and name; those whose name is not told as such stand under ""."""

    by_name: dict[tuple[str, str], list[Resource]] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World) -> _Parts:
        """All of them."""
        found = cls()
        for part in world.inventory.of(COMPONENT):
            name = _told(part, "ComponentName")
            found.by_name.setdefault((part.unit, name if isinstance(name, str) else ""), []).append(part)
        return found

    def called(self, name: str, one: Resource) -> list[Resource]:
        """Those that have a name; of accounts that were read, in the same region of the same one."""
        own = list(self.by_name.get((one.unit, name), ()))
        own += [part for part in self.by_name.get((one.unit, ""), ()) if _names(part, name)]
        return [part for part in own if _together(part, one)]


def build_components(world: World) -> None:
    """What each deployment and device has, and what each component takes along, of the inputs or of others."""
    parts = _Parts.of(world)
    for one in world.inventory.of(DEPLOYMENT):
        components = one.attrs.get("components")
        device = one.source in TOLD and ":coreDevices:" in one.address
        because = "the component is installed on it" if device else "the deployment installs the component"
        known = {part.id for part in referred(world, components, one.unit) if part.kind == COMPONENT}
        named = set(known)
        for name, setting in components.items() if isinstance(components, Mapping) else ():
            origin = mark(one.attrs, "components", name) or one.origin
            version = setting.get("component_version") if isinstance(setting, Mapping) else None
            called = parts.called(name, one)
            own = [part.id for part in called if part.id in known or _may_be(part, version)]
            named.update(own)
            if not own:
                which = f"version {version} of the component `{name}`" if called else f"the component `{name}`"
                _elsewhere(world, one, name, which, origin)
        for part_id in sorted(named):
            connect(world, part_id, one.id, because, one.origin, plane=Plane.SUPPLY, verb="copy")
    for one in world.inventory.of(COMPONENT):
        _take_along(world, one, parts)


def _take_along(world: World, one: Resource, parts: _Parts) -> None:
    """What a component depends on is installed with it, in a version that its deployment settles."""
    for name, origin in _dependencies(one):
        own = parts.called(name, one)
        doubt = Doubt("value-unknown", (f"the version of `{name}`",)) if len(own) > 1 else None
        for part in own:
            because = "the component takes it along"
            connect(world, part.id, one.id, because, origin, plane=Plane.SUPPLY, verb="copy", doubt=doubt)
        if not own:
            _elsewhere(world, one, name, f"the component `{name}`", origin)


def _elsewhere(world: World, one: Resource, name: str, which: str, origin: Origin | None) -> None:
    """A component that is not in the inputs: one of Amazon's that runs a model, another of Amazon's, or unknown."""
    if MODEL_COMPONENT.search(name):
        because, carries = f"{which} is a model, or runs one", True
        world.add_fact(one.id, Delivery(origin=origin, because=because, payload=name, carries_model=carries))
    elif which.startswith("version") or not AMAZONS.match(name):
        hidden = Unknown(f"{which} is not in the inputs", decided_by=(name,))
        world.add_fact(one.id, Delivery(origin=origin, because=hidden.cause, payload=name, carries_model=hidden))


def _together(part: Resource, one: Resource) -> bool:
    if part.source not in TOLD or one.source not in TOLD or part.provider is None or one.provider is None:
        return True
    return part.provider.address == one.provider.address


def _names(part: Resource, name: str) -> bool:
    """Whether the text of a recipe that is no structure has a name in it."""
    recipe = " ".join(str(found.value) for found in strings(part.attrs.get("inline_recipe")))
    return re.search(rf"\b{re.escape(name)}\b", recipe) is not None


def _may_be(part: Resource, version: Value) -> bool:
    """Whether a component may be of this version: it is, or one of the two is not told."""
    own = _told(part, "ComponentVersion")
    return not (isinstance(own, str) and isinstance(version, str)) or own == version


def _told(part: Resource, key: str) -> Value:
    """What the recipe, else the ARN, says of the name or the version."""
    recipe = _recipe(part)
    found = recipe.get(_key(recipe, key)) if recipe is not None else None
    if not isinstance(found, str) and part.source in TOLD and part.address.count(":") == 8:
        found = part.address.split(":")[6 if key == "ComponentName" else 8]
    return found


def _recipe(part: Resource) -> Mapping[str, Value] | None:
    """The recipe of a component as a structure, whatever it is written in; None where it is not known as a whole."""
    told = part.attrs.get("inline_recipe")
    if isinstance(told, Encoded | Unknown) and told.document is not None:
        told = told.document
    if isinstance(told, str):
        try:
            told = load_one(told, "").value
        except TextError:
            return None
    return told if isinstance(told, Mapping) else None


def _dependencies(part: Resource) -> Iterator[tuple[str, Origin | None]]:
    """The names of the components that one takes along, each at its line; recorded, they are a list."""
    recipe, key = _recipe(part), "component_dependencies"
    plain = type(part.attrs.get("inline_recipe")) is str
    if recipe is not None:
        key = _key(recipe, "ComponentDependencies")
    else:
        recipe = next((one for one in _blocks(part.attrs.get("lambda_function"))), {})
    told = recipe.get(key)
    whole = (None if plain else mark(recipe, key)) or part.origin
    if isinstance(told, Mapping):
        for name in told:
            yield str(name), whole if plain else mark(recipe, key, name) or whole
    elif isinstance(told, Sequence) and not isinstance(told, str):
        yield from ((name, whole) for name in told if isinstance(name, str))


def _blocks(value: Value) -> Sequence[Mapping[str, Value]]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, Mapping)]


def _key(recipe: Mapping[str, Value], name: str) -> str:
    """A key of a recipe as it is written there; small and capital letters are the same."""
    return next((key for key in recipe if isinstance(key, str) and key.lower() == name.lower()), name)
