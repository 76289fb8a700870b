"""Origins and certificates as plain JSON values, the same in every machine-readable format."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from scanner.graph.certificate import Closure, Examined
from scanner.origin import ApiOrigin, Origin
from scanner.patterns import lazy

Json = dict[str, Any]

_LONE = lazy("[\ud800-\udfff]")


def text(value: object) -> str:
    """`value` as text that every JSON reader takes: a byte that was no character is written `\\udcff`, six signs."""
    plain = str(value)
    return plain if plain.isascii() else _LONE.sub(lambda found: f"\\u{ord(found.group()):04x}", plain)


def origin(where: Origin | None) -> Json | None:
    """An origin as the report schema has it; None where there is none."""
    if where is None:
        return None
    if isinstance(where, ApiOrigin):
        inside = {"field": text(where.field)} if where.field else {}
        return {
            "api": {
                **inside,
                "at": where.at,
                "object": text(where.object_id),
                "operation": where.operation,
                "scope": {name: text(value) for name, value in where.scope},
                "source": where.source,
            }
        }
    return {"path": text(where.path), "line": where.line, "column": where.column}


def certificate(parts: tuple[Closure | Examined, ...]) -> Json | None:
    """The certificates of a commitment; None where it has none."""
    if not parts:
        return None
    return {
        "reachability": [_closure(one) for one in parts if isinstance(one, Closure)],
        "checks": [_examined(one) for one in parts if isinstance(one, Examined)],
    }


def _closure(one: Closure) -> Json:
    return {
        "goal": text(one.goal),
        "planes": [str(plane) for plane in one.planes],
        "verbs": list(one.verbs),
        "targets": texts(one.targets),
        "allowed": texts(one.allowed),
        "closed": texts(one.closed),
        "graph_sha256": one.graph_sha256,
    }


def _examined(one: Examined) -> Json:
    entries = [{"address": text(address), "fact": text(fact)} for address, fact in one.examined]
    return {"goal": text(one.goal), "examined": entries, "graph_sha256": one.graph_sha256}


def texts(values: tuple[str, ...]) -> list[str]:
    """Each of `values` as `text` has it."""
    return [text(one) for one in values]


def dumped(value: object) -> str:
    """`value` as JSON text: keys sorted, two spaces, ASCII, one line end."""
    # The module's own writer of indented JSON is in Python: what it writes in one line is set out by another.
    line = json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"))
    try:
        return msgspec.json.format(line, indent=2) + "\n"
    except msgspec.DecodeError:  # half of a character, which only the module's own writer sets out
        return json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n"
