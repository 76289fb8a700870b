"""A report that an earlier run wrote, read back: nothing of it is trusted before its shape is checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from scanner.errors import UsageError
from scanner.reports.report_json import SCHEMA

Json = dict[str, Any]
MAX_BYTES = 200_000_000

_VERDICT = ("holds", "violated", "unproven", "not-judged")
_HOP = {"address": str, "kind": str, "because": str, "cut": bool}
_SHAPE: Mapping[str, Any] = {
    "verdict": _VERDICT,
    "run": {},
    "profile": {"sha256": str},
    "ruleset": {"sha256": str},
    "scope": {"basis": [str]},
    "commitments": [{"id": str, "verdict": _VERDICT}],
    "rules": [{"id": str, "commitment": str, "verdict": _VERDICT, "note": str, "crashed": bool}],
    "findings": [
        {
            **dict.fromkeys(("rule", "commitment", "severity", "message", "fingerprint", "fix", "plane"), str),
            **dict.fromkeys(("decided_by", "also"), [str]),
            "verdict": ("violated", "unproven"),
            "ways": int,
            "subject": {"address": str, "kind": str},
            "hops": [_HOP],
        }
    ],
    "unread": [{"cause": str, "kind": str}],
    "waived": [{"fingerprint": str}],
    "inputs": [{"path": str, "sha256": str}],
}
"""What `tether diff` and `--baseline` look at: a type, the values allowed, a list of one shape, or named parts."""


def load_report(path: Path) -> Json:
    """The report in a file. Raises UsageError where it is not a whole report of this schema."""
    report = load_json(path)
    fault = _fault(report, _SHAPE, "the report") or _origins(report)
    if fault:
        raise UsageError(f"`{path}` is no report of the schema {SCHEMA}: {fault}")
    return cast(Json, report)


def load_json(path: Path) -> object:
    """What a report file holds. Raises UsageError where it is no JSON, or of another schema."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"`{path}` cannot be read: {error.strerror or error}") from error
    try:
        report = json.loads(content) if len(content) <= MAX_BYTES else None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"`{path}` is not JSON: {error}") from error
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise UsageError(f"`{path}` is no report of the schema {SCHEMA}: another schema")
    return report


def _fault(value: object, shape: Any, where: str) -> str:
    """The first place in which `value` has not the shape; "" where it has."""
    if isinstance(shape, tuple):
        return "" if value in shape else f"{where} is none of {', '.join(shape)}"
    if isinstance(shape, type):
        fits = isinstance(value, shape) and (shape is bool or not isinstance(value, bool))
        return "" if fits else f"{where} is no {shape.__name__}"
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{where} is no list"
        return next((found for one in value if (found := _fault(one, shape[0], f"an entry of {where}"))), "")
    if not isinstance(value, dict):
        return f"{where} is no object"
    for key, part in shape.items():
        if key not in value:
            return f"{where} has no `{key}`"
        if found := _fault(value[key], part, f"`{key}` of {where}"):
            return found
    return ""


def _origins(report: object) -> str:
    """Origins have two shapes, or are null: a span in a file, or an object of an API."""
    body = cast(Json, report)
    holders = [*body["unread"]]
    for finding in body["findings"]:
        holders += [finding["subject"], *finding["hops"]]
    for holder in holders:
        where = holder.get("origin")
        if where is None:
            continue
        api = {"api": {"source": str, "operation": str, "object": str}}
        shape = api if isinstance(where, dict) and "api" in where else {"path": str, "line": int, "column": int}
        if found := _fault(where, shape, "an origin"):
            return found
    return ""
