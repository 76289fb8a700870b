"""Variables of a container whose very names are not known: each may be any variable."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.recognise.containers import Container
from scanner.origin import Origin
from scanner.resource import dig, items_of, mark
from scanner.unknown import Unknown


def untold_variables(container: Container) -> Iterator[tuple[str, Unknown, Origin | None]]:
    """The key of the list, what is not known (the whole list, an entry, or a name) and its line."""
    for key in ("env", "environment"):
        listed = dig(container.body, key)
        for index, entry in enumerate(items_of(listed)):
            name = entry if isinstance(entry, Unknown) else dig(entry, "name")
            if isinstance(name, Unknown):
                yield key, name, mark(listed, index) or mark(container.body, key)
