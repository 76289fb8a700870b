"""Guardrails that read less than the models behind them take: pictures, sound and video beside the text."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from scanner import tables
from scanner.builders.blocks import Found, at, doubt
from scanner.builders.draft import World
from scanner.builders.model_supply.build import references
from scanner.graph.facts import Switch
from scanner.graph.model import Role
from scanner.origin import Origin
from scanner.resource import Resource, dig, mark
from scanner.table_rows import ModelModality
from scanner.unknown import Unknown

ROW = "BG-4"
KINDS = ("aws_bedrock_guardrail", "awscc_bedrock_guardrail")
FILTERS = "content_policy_config.filters_config"
READ = ("TEXT", "IMAGE")
"""All that a filter of a Bedrock guardrail can be told to read (GuardrailModality of the API)."""
WORDS = {"TEXT": "text", "IMAGE": "images", "VIDEO": "video", "AUDIO": "sound"}
SIDES = {"input": "takes", "output": "gives back"}


class Behind(Struct, frozen=True):
    """A model behind a guardrail; `row` None where no table knows what it takes."""

    address: str
    name: str
    row: ModelModality | None
    unknown: Unknown | None = None


class Lack(Struct, frozen=True):
    """A filter that does not read `modality` on `side`; `unknown` where that is not known."""

    side: str
    modality: str
    filter: str
    origin: Origin | None
    says: str
    unknown: Unknown | None = None


def build_modalities(world: World) -> None:
    """A Switch fact on each guardrail for each modality that a model behind it takes and a filter does not read."""
    rows = [row for row in tables.switches() if row.id == ROW]
    for guardrail in world.inventory.of(*KINDS) if rows else ():
        if Role.GUARDRAIL not in world.nodes[guardrail.id].roles:
            continue
        models = list(_models(world, guardrail.unit)) or list(_models(world, ""))
        lacks = list(_lacks(guardrail))
        for side in SIDES:
            for fact in _facts(guardrail, models, [one for one in lacks if one.side == side], side):
                world.add_fact(guardrail.id, fact)


def _models(world: World, unit: str) -> Iterator[Behind]:
    """The models of a unit, of every unit for ""; a classifier is asked by the stack, not by callers."""
    for node, fact in references(world):
        if Role.CLASSIFIER in node.roles or fact.adapter or (unit and node.id.partition(":")[0] != unit):
            continue
        if isinstance(fact.reference, Unknown):
            yield Behind(node.address, fact.reference.text(), None, fact.reference)
        else:
            yield Behind(node.address, fact.reference, tables.modalities(fact.reference))


def _facts(guardrail: Resource, models: list[Behind], lacks: list[Lack], side: str) -> Iterator[Switch]:
    known = [(one, one.row) for one in models if one.row is not None]
    for modality, word in WORDS.items():
        lack = next((one for one in lacks if one.modality == modality), None)
        takes = next((one for one, row in known if modality in getattr(row, side)), None)
        if takes is not None and modality not in READ:
            because = f"`{takes.name}` {SIDES[side]} {word}, which no filter of a Bedrock guardrail reads"
            yield _fact(guardrail, side, guardrail.origin, because, True)
        elif takes is not None and lack is not None:
            because = f"{lack.says}, and `{takes.name}` {SIDES[side]} {word}"
            yield _fact(guardrail, side, lack.origin, because, lack.unknown or True)
        elif lack is not None and side == "input":
            unclear = next((one for one in models if one.row is None), None)
            if unclear is not None:
                because = f"{lack.says}, and whether `{unclear.name}` {SIDES[side]} {word} is not known"
                decided = unclear.unknown.decided_by if unclear.unknown else (f"what {unclear.name} takes",)
                yield _fact(guardrail, side, lack.origin, because, Unknown(because, decided_by=decided))


def _fact(guardrail: Resource, side: str, origin: Origin | None, because: str, bad: bool | Unknown) -> Switch:
    row = next(one for one in tables.switches() if one.id == ROW)
    return Switch(
        origin=origin or guardrail.origin,
        because=because,
        row=row.id,
        product=row.product,
        effect=row.effect,
        setting=f"{side}_modalities",
        bad=bad,
        assertion=row.asserts,
    )


def _lacks(guardrail: Resource) -> Iterator[Lack]:
    """What each content filter does not read; the default of `input_modalities` and `output_modalities` is text."""
    for block in _blocks(guardrail):
        kind = dig(block.value, "type")
        name = kind if isinstance(kind, str) else "*"
        for side in SIDES:
            if side == "output" and kind == "PROMPT_ATTACK":
                continue  # it looks at prompts alone
            yield from _unread(block, name, side)


def _unread(block: Found, name: str, side: str) -> Iterator[Lack]:
    key = f"{side}_modalities"
    value = dig(block.value, key)
    listed = value if isinstance(value, list | tuple) else ("TEXT",) if value is None else ()
    hidden = next((one for one in (value, *listed) if isinstance(one, Unknown)), None)
    for modality in READ if hidden is None else ("IMAGE",):
        if modality not in listed:
            says = f"the filter {name} reads {' and '.join(str(one) for one in listed)} alone"
            says = f"{says}, which is the default" if value is None else says
            where = mark(block.value, key) or block.origin
            yield Lack(side, modality, name, where, says if hidden is None else hidden.cause, hidden or block.possible)


def _blocks(guardrail: Resource) -> Iterator[Found]:
    for found in at(guardrail, FILTERS):
        items = found.value if isinstance(found.value, list | tuple) else [found.value]
        for index, item in enumerate(items):
            yield Found(item, mark(found.value, index) or found.origin, found.possible or doubt(item))
