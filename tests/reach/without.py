"""The tables without one row, for as long as a test looks: what a row changes is seen when it is gone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from scanner import tables
from scanner.tables import Row, Table


def forget() -> None:
    """Empty every cache of the scanner: what is kept in one may rest on the tables."""
    for name, module in list(sys.modules.items()):
        if name == "scanner" or name.startswith("scanner."):
            for thing in list(vars(module).values()):
                clear = getattr(thing, "cache_clear", None)
                if callable(clear):
                    clear()


@contextmanager
def without(name: str, gone: Callable[[Row], bool]) -> Iterator[int]:
    """The table `name` without the rows of which `gone` holds; yields how many were taken out."""
    whole = tables.load(name)
    kept = tuple(row for row in whole.rows if not gone(row))
    load = tables.load

    def shorter(wanted: str) -> Table:
        return Table(whole.name, whole.about, whole.sources, kept) if wanted == name else load(wanted)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "load", shorter)
        forget()
        try:
            yield len(whole.rows) - len(kept)
        finally:
            forget()


def changes(look: Callable[[], Any], name: str, gone: Callable[[Row], bool]) -> bool:
    """Whether what `look` sees is another thing without the rows."""
    before = look()
    with without(name, gone) as count:
        assert count, "no such row"
        return bool(before != look())
