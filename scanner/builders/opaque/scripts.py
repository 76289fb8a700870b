"""Scripts of which every line is ordinary: they place nothing, and are read to their end."""

from __future__ import annotations

from scanner import tables
from scanner.builders.draft import World
from scanner.unknown import Unknown, Value

SETTINGS = "bottlerocket"
"""The row that holds only in a document of settings: in a shell, the same line is a command."""
_KNOWN_LATER = "x"
"""Stands for a value that a declared resource will have: a name, an address, a certificate."""


def ordinary(world: World, unit: str, script: Value) -> Unknown | None:
    """None where every line of the script matches a row of the table; else what is not known or not ordinary of it."""
    text = _text(world, unit, script)
    if isinstance(text, Unknown):
        return text
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines()]
    lines = [line for line in lines if line]
    settings = next((line for line in lines if not line.startswith("#")), "").startswith("[settings")
    rows = [row for row in tables.literals("ordinary") if (row.id == SETTINGS) == settings or row.id == "comment"]
    for line in lines:
        if not any(tables.pattern(row.regex).search(line) for row in rows):
            from scanner.redact import without_secrets

            told = without_secrets(line)
            short = told if len(told) <= 60 else told[:57] + "..."
            return Unknown(f"what the line `{short}` brings about is out of sight", decided_by=(f"`{short}`",))
    return None


def _text(world: World, unit: str, script: Value) -> str | Unknown:
    if isinstance(script, str):
        return script
    if not isinstance(script, Unknown):
        return ""
    if script.ref is not None and world.inventory.at(unit, script.ref.address) is not None:
        return _KNOWN_LATER
    if not script.pieces:
        inside = script.document  # of a text in base64
        return _text(world, unit, inside) if isinstance(inside, str | Unknown) else script
    made = [piece if isinstance(piece, str) else _text(world, unit, piece) for piece in script.pieces]
    unknown = next((piece for piece in made if isinstance(piece, Unknown)), None)
    return unknown or "".join(piece for piece in made if isinstance(piece, str))
