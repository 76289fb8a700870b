"""The functions of the language that are evaluated: pure ones, and those that read files below the root."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from scanner.sources.terraform.functions.function import Function


def find(name: str) -> Function | None:
    """The function of that name, None where it is not evaluated."""
    return _table().get(name)


@cache
def _table() -> Mapping[str, Function]:
    from scanner.sources.terraform.functions import (
        coalescing,
        collections,
        conversion,
        encoding,
        filesystem,
        format,
        hashes,
        lookups,
        network,
        numbers,
        regexes,
        sets,
        strings,
        times,
    )

    return {
        **strings.TABLE,
        **format.TABLE,
        **regexes.TABLE,
        **coalescing.TABLE,
        **collections.TABLE,
        **lookups.TABLE,
        **conversion.TABLE,
        **sets.TABLE,
        **numbers.TABLE,
        **encoding.TABLE,
        **hashes.TABLE,
        **network.TABLE,
        **times.TABLE,
        **filesystem.TABLE,
    }
