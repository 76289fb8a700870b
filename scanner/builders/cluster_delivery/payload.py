"""What a delivery carries: objects in it, a folder of the inputs, a chart, or a repository that nothing shows."""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakKeyDictionary

from scanner.builders.blocks import Found, strings, text
from scanner.builders.draft import World
from scanner.builders.recognise.machines import CHARTS
from scanner.builders.recognise.signals import argument_fact
from scanner.graph.model import Role
from scanner.model_words import image_fact
from scanner.origin import FileOrigin
from scanner.unknown import Unknown, unknowns_in

NEAR = frozenset({Role.MODEL, Role.CANDIDATE, Role.STORE})


def carries(
    world: World,
    unit: str,
    values: Iterable[Found],
    paths: Iterable[Found] = (),
    charts: Iterable[Found] = (),
    *,
    whole: bool = False,
) -> bool | Unknown:
    """Whether a model is among what is delivered.

    values: all that the object says. paths: folders of a repository. charts: names of charts. whole: the object holds
    everything that it delivers. What nothing shows may be a model only where the inputs have to do with one.
    """
    listed, folders, named = list(values), list(paths), list(charts)
    if any(_is_model(found.text) for one in listed for found in strings(one.value)):
        return True
    if any(found.text.rstrip("/").rpartition("/")[2] in CHARTS for found in named):
        return True
    answers = [_folder(world, found) for found in folders]
    if True in answers:
        return True
    doubt = next((one for one in answers if isinstance(one, Unknown)), None)
    if whole:
        doubt = next((unknown for one in listed for unknown in unknowns_in(one.value)), None)
    elif doubt is None and (named or not folders):
        shown = ", ".join(f"`{found.text or '*'}`" for found in named) or "it"
        doubt = Unknown(f"what {shown} brings is in none of the inputs", decided_by=_names(named))
    if doubt is not None and not near(world, unit):
        return False
    return doubt if doubt is not None else False


def _names(named: list[Found]) -> tuple[str, ...]:
    return tuple(sorted({found.text or "*" for found in named})) or ("what it delivers",)


class Estate:
    """What the inputs hold, by unit and by folder, as far as deliveries ask: worked out once for a world."""

    def __init__(self, world: World) -> None:
        self.units = {node.id.partition(":")[0] for node in world.with_role(*NEAR)}
        by_file: dict[str, set[Role]] = {}
        for resource in world.inventory.all:
            if isinstance(resource.origin, FileOrigin):
                held = by_file.setdefault(resource.origin.path, set())
                if found := world.nodes[resource.id].roles:
                    held |= found
        self.folders: dict[str, set[Role]] = {}
        for path, roles in by_file.items():
            parts = path.split("/")[:-1]
            for start in range(len(parts)):
                for end in range(start + 1, len(parts) + 1):
                    self.folders.setdefault("/".join(parts[start:end]), set()).update(roles)


_estates: WeakKeyDictionary[World, Estate] = WeakKeyDictionary()


def estate_of(world: World) -> Estate:
    """The estate of a world, read once."""
    if world not in _estates:
        _estates[world] = Estate(world)
    return _estates[world]


def near(world: World, unit: str) -> bool:
    """Whether anything of the delivery's own unit is a model, may be one, or holds weights.

    Where the profile names the models or the units, something of any unit is.
    """
    units = estate_of(world).units
    return bool(world.profile.servers) or (bool(units) if world.profile.units else unit in units)


def _is_model(words: str) -> bool:
    return argument_fact(words) is not None or any(image_fact(word) is not None for word in words.split())


def _folder(world: World, found: Found) -> bool | Unknown:
    """What the inputs show of a folder: a model, no model, or nothing at all."""
    path = text(found.value).removeprefix("./").strip("/")
    if found.unknown is not None or not path or path == "." or "{{" in path:
        return found.unknown or Unknown(
            f"what the repository holds at `{path or '.'}` is not known", decided_by=(path or ".",)
        )
    roles = estate_of(world).folders.get(path)
    if roles is None:
        return Unknown(f"the folder `{path}` is in none of the inputs", decided_by=(path,))
    if Role.MODEL in roles:
        return True
    if Role.CANDIDATE in roles:
        return Unknown(
            f"whether a workload in `{path}` is a model is not known", decided_by=("profile:models.servers",)
        )
    return False
