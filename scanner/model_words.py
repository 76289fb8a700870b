"""Words of any text that are a model: a file of weights, or the image of a model server, as the tables know them."""

from __future__ import annotations

from functools import lru_cache

from scanner import tables
from scanner.patterns import lazy
from scanner.table_rows import ModelFact

WORD = lazy(r"[^\s\"'<>,;{}()\[\]=?&#]+")
AMBIGUOUS = frozenset({".bin", ".plan", ".task", ".om", ".blob", ".nb", ".engine", ".msgpack"})
"""Extensions that weights share with firmware, plans and archives: they may be a model, and may not."""
RECOGNISED = "recognised:"
"""Stands before the id of the row by which an image was recognised in a text that is not recorded."""


@lru_cache(maxsize=4096)
def image_fact(image: str) -> ModelFact | None:
    """The row of the model server that an image is."""
    return next(tables.model_sieve("image").found(image), None)


def image_in(word: str) -> ModelFact | None:
    """The same of a word of a text, in which an image may stand as a component of Greengrass names it, or by its row.

    Source: AWS IoT Greengrass V2 Developer Guide, "Run a Docker container": `docker:IMAGE` is an artifact.
    """
    if word.startswith(RECOGNISED):
        told = word.removeprefix(RECOGNISED)
        return next((row for row in tables.model_facts("image") if row.id == told), None)
    return image_fact(word.removeprefix("docker:"))


def extension_of(word: str) -> str:
    """The extension by which a word is a file of a model, or may be one (`AMBIGUOUS`); "" for any other word."""
    lower = word.lower().rstrip(".:")
    for row in tables.artifacts("format"):
        if row.regex and (found := tables.pattern(row.regex).search(lower)):
            return found.group()
        for extension in row.extensions:
            if lower.endswith(extension) and len(lower) > len(extension):
                return extension
    return ""


def is_file_of_model(word: str) -> bool | None:
    """True for a file of a model, None for one that may be, False for any other word."""
    found = extension_of(word)
    return None if found in AMBIGUOUS else bool(found)
