"""Pins: whether a reference to a model means the same weights tomorrow."""

from __future__ import annotations

import re

from scanner.builders.draft import World
from scanner.graph.facts import ModelReference, Pin
from scanner.patterns import lazy
from scanner.unknown import Unknown

STORES = ("s3://", "gs://", "abfs://", "abfss://", "azure://", "oss://", "pvc://", "hdfs://", "webhdfs://", "http")
_VERSION = lazy(
    r"^(?:(?:v|version|release|rev)?[-_.]?\d+(?:[._-]\d+)*|.*(?:[0-9a-f]{40}|[0-9a-f]{64}).*"
    r"|.+[-_@]v\d+(?:\.\d+)*(?:\.[a-z.]+)?)$"
)
"""A part of a path that is a version, a date or a digest."""
_DATED = lazy(r"(\d{4}-\d{2}-\d{2}|\d{8}|[-@](?:v?\d{3,}|\d{4}))(-v\d+(:\d+)?)?$")
_BEDROCK = lazy(r"^bedrock:(?:[a-z]{2,6}(?:-[a-z]+)*\.)?[a-z0-9-]+\.[A-Za-z0-9.-]+(?::\d+)*(?::[a-z0-9]+)?$")
_ROUTED = ("bedrock:prompt-router/", "bedrock:default-prompt-router/")


def pin_of(world: World, fact: ModelReference, name: str, program: Unknown | None = None) -> Pin:
    """What pins a reference, or why nothing does; `program` is set where what reads the name is not known."""
    if fact.digest:
        pinned: bool | Unknown = fact.digest if isinstance(fact.digest, Unknown) else True
        return Pin(origin=fact.origin, because="it names a digest or a commit", reference=name, pinned=pinned)
    pinned, because = _judged(world, name)
    if pinned is False and program is not None:
        pinned, because = program, program.cause
    return Pin(origin=fact.origin, because=because, reference=name, pinned=pinned)


def _judged(world: World, name: str) -> tuple[bool | Unknown, str]:
    if "*" in name:
        return True, "a permission names a family of models, and pins none"
    if name.startswith("bedrock:"):
        return _bedrock(name)
    if name.startswith("hf:"):
        return False, "it names no revision: the hub serves whatever its main branch holds"
    if name.startswith("oci:"):
        return _image(world, name)
    if name.startswith(("nim:", "ollama:", "kaito:")):
        return False, "it names no digest: a tag is moved to other weights"
    if name.startswith("sagemaker:"):
        return (
            (True, "it names a version") if re.search(r"/\d+$", name) else _open("the package names no version", name)
        )
    if name.startswith(STORES):
        parts = name.partition("://")[2].split("/")[1:]
        if any(_VERSION.match(part) for part in parts if part):
            return True, "a part of its path is a version or a digest"
        return _open("no part of its path is a version: who may write the store decides what is served", name)
    if name.startswith("azure:") and "@" in name:
        return True, "it names a version"
    if _DATED.search(name):
        return True, "its name ends in a version"
    return _open("its name ends in no version: the provider decides what is served", name)


def _bedrock(name: str) -> tuple[bool | Unknown, str]:
    if name.startswith(_ROUTED):
        return _open("a router picks one of several models for each call", name)
    if _BEDROCK.match(name) and not re.search(r"\d", name.rpartition(".")[2]):
        return _open("the id names no version", name)
    return True, "the id of a Bedrock model names its version"


def _image(world: World, name: str) -> tuple[bool | Unknown, str]:
    """An image without a digest; a repository of the inputs whose tags do not move pins by tag."""
    repository = name.removeprefix("oci:").partition("/")[2].rpartition(":")[0]
    for one in world.inventory.of("aws_ecr_repository"):
        if repository and one.attrs.get("name") == repository and one.attrs.get("image_tag_mutability") == "IMMUTABLE":
            return True, f"tags of `{one.address}` cannot be moved"
    return False, "it names no digest: a tag is moved to other weights"


def _open(because: str, name: str) -> tuple[Unknown, str]:
    return Unknown(because, decided_by=(f"version of {name}",)), because
