"""JSON files: manifests with positions, and of all others whether they can be read at all."""

from __future__ import annotations

import json
import re

from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.yamltext import BadDocument, Document, TextError, json_document

_COMMENT = lazy(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)


def json_documents(text: str, path: str) -> list[Document | BadDocument]:
    """The document of a file that may hold objects."""
    try:
        return [json_document(text, path)]
    except TextError as error:
        return [BadDocument(error.origin, f"not valid JSON: {error.cause}", 1, text.count("\n") + 1)]


def other_json(text: str, path: str) -> list[Document | BadDocument]:
    """Nothing for a file that is JSON (with comments, as editors write it) and no manifest, else why it is none."""
    for tried in (text.removeprefix("\ufeff"), _COMMENT.sub(_kept, text)):
        try:
            json.loads(tried or "null")
        except json.JSONDecodeError as error:
            origin, cause = FileOrigin(path, error.lineno, error.colno), "not valid JSON"
        except (ValueError, RecursionError):
            origin, cause = FileOrigin(path, 1), "JSON that is nested too deeply, or has a number too long"
        else:
            return []
    last = text.count("\n") + 1
    if not text.strip() or _lines(text):
        return []
    return [BadDocument(origin, cause, 1, last)]


def _kept(found: re.Match[str]) -> str:
    return found.group() if found.group().startswith('"') else " "


def _lines(text: str) -> bool:
    """Whether each line is a JSON document of its own, as logs and data sets have it."""
    try:
        return all(isinstance(json.loads(line), (dict, list)) for line in text.splitlines() if line.strip())
    except (ValueError, RecursionError):
        return False
