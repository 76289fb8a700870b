"""Files of models in a store of weights, by their names: is their format one of phones, boards and appliances?

Sources: the table of formats; hashicorp/aws, "aws_s3_object" (`key`, `source`), "aws_s3_object_copy" (`key`);
the SageMaker API reference, "ContainerDefinition" (`ModelDataUrl`), which is the reference of a model.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner import tables
from scanner.builders.blocks import Found, at, first, strings, text
from scanner.builders.draft import World
from scanner.builders.supply.named import bucket_names, ends
from scanner.graph.facts import ModelReference
from scanner.graph.facts_delivery import Formatted
from scanner.graph.model import Role
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.table_rows import Artifact
from scanner.unknown import Unknown, Value

NAMES = {
    "aws_s3_object": ("key", "source"),
    "aws_s3_bucket_object": ("key", "source"),
    "aws_s3_object_copy": ("key", "source"),
    "google_storage_bucket_object": ("name", "source"),
}
"""By type of an object in a bucket: what may tell its format, its own name first."""
BUILDS = {"aws_codebuild_project": "source.buildspec", "aws_sagemaker_pipeline": "pipeline_definition"}
"""By type: where the steps of a build stand."""
MODELS = ("aws_sagemaker_model", "awscc_sagemaker_model")
DATA = ("model_data_url", "model_data_source.s3_data_source.s3_uri")
CONTAINERS = ("primary_container", "container", "containers")
PACKED = (".gz", ".tgz", ".zip", ".tar", ".zst", ".bz2", ".xz")
FROM_A_HUB = ("hf:", "bedrock:", "azureml:", "ngc:", "oci:")
"""References that are no files of a store."""


def build_formats(world: World) -> None:
    """A Formatted fact on every object of a store of weights, on what serves a file of one, and on builds of one.

    What else such a thing does is told elsewhere, or by what looks for kinds that nobody models.
    """
    for kind, keys in NAMES.items():
        for one in world.inventory.like(kind):
            stored, unsure = _stored(world, one)
            if stored:
                world.add_fact(one.id, _object(one, keys, unsure or one.possible))
    for one in (each for kind in MODELS for each in world.inventory.like(kind)):
        for path in (f"{holder}.{name}" for holder in CONTAINERS for name in DATA):
            for found in at(one, path):
                world.add_fact(one.id, _served(found.value, found.origin, found.possible or one.possible))
    for node in world.with_facts():
        for fact in [fact for fact in node.facts if isinstance(fact, ModelReference)]:
            written = text(fact.reference)
            if "://" in written and not written.startswith(FROM_A_HUB):
                world.add_fact(node.id, _served(fact.reference, fact.origin, None))
    for kind, path in BUILDS.items():
        for one in world.inventory.like(kind):
            for made in _built(one, path):
                world.add_fact(one.id, made)


def device_format(name: str) -> Artifact | None:
    """The row of the device's format that a path ends with, or that a folder in it has; packed or not."""
    best: Artifact | None = None
    for part in name.lower().split("/"):
        bare = part
        while bare.endswith(PACKED):
            bare = bare[: bare.rindex(".")]
        for row in tables.artifacts("format"):
            if row.place != "edge-device":
                continue
            ended = any(bare.endswith(one) and len(bare) > len(one) for one in row.extensions)
            if ended or (row.regex and tables.pattern(row.regex).search(bare)):
                best = row if best is None or row.signal == "strong" else best
    return best


def _stored(world: World, one: Resource) -> tuple[bool, Unknown | None]:
    """Whether an object lies in a store of weights, and what decides that where it is not certain."""
    found = first(one, "bucket")
    if found is None:
        return False, None
    for node, doubt in ends(world, found, one.unit, ""):
        if Role.STORE in world.nodes[node].roles:
            if doubt is None:
                return True, None
            cause = f"whether `{one.address}` lies in the store `{world.nodes[node].address}` is not known"
            return True, Unknown(cause, decided_by=doubt.decided_by or (one.address,))
    named = {name for entry in world.profile.stores for name in bucket_names(entry)}
    return text(found.value) in named, None


def _object(one: Resource, keys: tuple[str, ...], unsure: Unknown | None) -> Formatted:
    vague: tuple[Found, Artifact | None] | None = None
    shown = one.address
    for found in (each for key in keys for each in at(one, key)):
        written = found.text
        shown = written if shown == one.address and written else shown
        row = device_format(written)
        if row is not None and row.signal == "strong":
            return _fact(found, written, "stores", row, unsure)
        if vague is None and (row is not None or _open(found.value)):
            vague = (found, row)
    if vague is not None:
        found, row = vague
        return _fact(found, found.text or "*", "stores", row, unsure)
    because = f"`{shown}` is no file of a device's format"
    return Formatted(origin=one.origin, because=because, file=shown, how="stores", device=False)


def _open(value: Value) -> bool:
    """Whether the end of a name, which tells the format, is not known."""
    return isinstance(value, Unknown) and (not value.pieces or value.text().endswith("*"))


def _fact(found: Found, written: str, how: str, row: Artifact | None, unsure: Unknown | None) -> Formatted:
    """A sure sign of a device's format says so, a weaker one that it may be; without one, nobody knows."""
    because = f"what `{written}` is a file of is not known" if row is None else f"`{written}`: {row.because}"
    device: bool | Unknown = True
    if row is None:
        why = found.unknown or Unknown(because)
        device = Unknown(why.cause, decided_by=why.decided_by or (f"the format of {written}",))
    elif row.signal != "strong":
        device = Unknown(because, decided_by=(f"the format of {written}",))
    elif unsure is not None:
        device = unsure
    return Formatted(origin=found.origin, because=because, file=written, how=how, device=device)


def _served(value: Value, origin: Origin | None, unsure: Unknown | None) -> Formatted:
    found, written = Found(value, origin, unsure), text(value)
    row = device_format(written)
    if row is not None or _open(value):
        return _fact(found, written or "*", "serves", row, unsure)
    because = f"`{written}` is no file of a device's format"
    return Formatted(origin=origin, because=because, file=written, how="serves", device=False)


def _built(one: Resource, path: str) -> Iterator[Formatted]:
    """What the steps of a build name: a build that names a device's format may make one, and may only clear it away."""
    for found in at(one, path):
        for line in strings(found.value, found.origin):
            for word in line.text.replace('"', " ").replace("'", " ").split():
                row = device_format(word)
                if row is not None and row.signal == "strong":
                    because = f"its steps name `{word}`: {row.because}"
                    hidden = Unknown(because, decided_by=(f"what {one.address} builds",))
                    yield Formatted(origin=line.origin, because=because, file=word, how="may build", device=hidden)
