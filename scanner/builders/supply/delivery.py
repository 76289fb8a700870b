"""Objects that ship to devices, and whether what they ship is a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scanner import tables
from scanner.builders.blocks import POSSIBLE, Found, strings
from scanner.builders.blocks import doubt as block_doubt
from scanner.builders.draft import World
from scanner.builders.edges import connect, doubt_of, values
from scanner.builders.supply.components import build_components
from scanner.builders.supply.named import bucket_names, buckets_by_name, referred
from scanner.graph.facts import Delivery, ModelReference
from scanner.graph.model import Plane, Role
from scanner.model_words import RECOGNISED, WORD, image_in, is_file_of_model
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Encoded, Resource, mark
from scanner.table_rows import DeliveryObject
from scanner.unknown import Unknown, unknowns_in

ADDRESS = lazy(r"[a-z0-9]+://[^\s\"'<>,;{}()\[\]]+")


def handled() -> frozenset[str]:
    """The types that ship to devices."""
    return frozenset({row.type for row in tables.delivery_objects()} | {"aws_sagemaker_device"})


def build_deliveries(world: World) -> None:
    """A Delivery for every object of the table, the role of a device, and supply edges from the stores it names."""
    for row in tables.delivery_objects():
        for one in world.inventory.of(row.type):
            if one.group == row.group and one.is_manifest == (row.platform == "kubernetes"):
                _deliver(world, one, row)
    for one in world.inventory.of("aws_sagemaker_device", "awscc_sagemaker_device"):
        world.add_roles(one.id, [Role.DEVICE], "a device of a SageMaker fleet")
        fleet = world.inventory.find(one.attrs.get("device_fleet_name"), one)
        if isinstance(fleet, Resource):
            connect(world, fleet.id, one.id, "it belongs to the fleet", one.origin, plane=Plane.SUPPLY, verb="copy")
    build_components(world)


def _deliver(world: World, one: Resource, row: DeliveryObject) -> None:
    world.add_roles(one.id, [Role.DEVICE], row.because)
    payload = [part for path in row.payload for found in values(one, path) for part in _leaves(found)]
    for store, found, unsure in _stores(world, one, payload):
        because = f"`{one.address}` ships what is in it"
        doubt = doubt_of(unsure)
        connect(world, store, one.id, because, found.origin, plane=Plane.SUPPLY, verb="copy", doubt=doubt, cut=True)
    carries, what, origin = (True, "", one.origin) if row.always else _carries(world, one, payload)
    because = row.because + (f": {what}" if what else "")
    origin = origin or (payload[0].origin if payload else one.origin)
    world.add_fact(
        one.id, Delivery(origin=origin, because=because, payload=_payload(one, payload), carries_model=carries)
    )


def _leaves(found: Found) -> Iterator[Found]:
    """Every value inside a payload, each with its line; of an encoded text, what it was made from."""
    value = found.value
    if isinstance(value, Encoded | Unknown) and value.document is not None:
        value = value.document
    if isinstance(value, Mapping):
        possible = found.possible or block_doubt(value)
        for key, item in value.items():
            if key != POSSIBLE:
                yield from _leaves(Found(item, mark(value, key) or found.origin, possible))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from _leaves(Found(item, mark(value, index) or found.origin, found.possible))
    elif value is not None:
        yield Found(value, found.origin, found.possible)


def _payload(one: Resource, payload: list[Found]) -> str | Unknown:
    """What is shipped, in short: the addresses in it, else its first words."""
    texts = [str(found.value) for value in payload for found in strings(value.value, value.origin)]
    addresses = [address for text in texts for address in ADDRESS.findall(text)]
    if addresses or texts:
        return ", ".join(dict.fromkeys(addresses)) or texts[0][:80]
    for found in payload:
        for unknown in unknowns_in(found.value):
            return unknown
    return Unknown(f"`{one.address}` does not say what it ships", decided_by=(one.address,))


def _stores(world: World, one: Resource, payload: list[Found]) -> Iterator[tuple[str, Found, Unknown | None]]:
    """The stores of weights that a payload names: by reference, or by the name of a bucket."""
    by_name = buckets_by_name(world)
    for found in payload:
        named = {store.id for store in referred(world, found.value, one.unit)}
        named |= {store.id for name in bucket_names(found.value) for store in by_name.get(name, ())}
        for node in sorted(named):
            if Role.STORE in world.nodes[node].roles:
                yield node, found, found.possible


def _carries(world: World, one: Resource, payload: list[Found]) -> tuple[bool | Unknown, str, Origin | None]:
    """Whether the payload is a model: it names a store of weights, a model of the deployment, or a file of a model."""
    for store, found, _ in _stores(world, one, payload):
        return True, f"it names the store `{world.nodes[store].address}`", found.origin
    references = _references(world)
    vague: tuple[Unknown, Origin | None] | None = None
    for value in payload:
        for found in strings(value.value, value.origin):
            written = str(found.value)
            named = next((name for name in references if name in written), "")
            if named:
                return True, f"it names the model `{named}`", found.origin
            for word in WORD.findall(written):
                if image_in(word) is not None:
                    return True, f"`{word.removeprefix(RECOGNISED)}` is the image of a model server", found.origin
                known = is_file_of_model(word)
                if known is True:
                    return True, f"`{word}` is a file of a model", found.origin
                if known is None and vague is None:
                    vague = (Unknown(f"`{word}` may be a model", decided_by=(one.address,)), found.origin)
    for value in payload:
        for unknown in unknowns_in(value.value):
            return unknown, "what it ships is not known", value.origin
    if vague is not None:
        return vague[0], vague[0].cause, vague[1]
    if not payload:
        return Unknown(f"`{one.address}` does not say what it ships", decided_by=(one.address,)), "", one.origin
    return False, "", payload[0].origin


def _references(world: World) -> list[str]:
    """The models that the deployment is known to serve, without their scheme; short names say nothing."""
    found = {
        fact.reference.partition(":")[2].lstrip("/") or fact.reference
        for node in world.with_facts()
        for fact in node.facts
        if isinstance(fact, ModelReference) and isinstance(fact.reference, str)
    }
    return sorted(name for name in found if len(name) >= 6)
