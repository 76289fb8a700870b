"""What an earlier report knew: for `--baseline`, which is silent on what is known, and for `tether diff`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanner.errors import UsageError
from scanner.findings import COMMITMENTS, Report, Verdict
from scanner.reports.report_json import SCHEMA, plain_report

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """A report as far as two reports are compared.

    findings: by fingerprint, as the report's JSON has them. commitments: id to verdict. unread: (path or object,
    cause). inputs: the paths that were read. judged: the rules that were.
    """

    findings: Mapping[str, Json]
    commitments: Mapping[str, str]
    unread: frozenset[tuple[str, str]]
    inputs: frozenset[str]
    judged: frozenset[str]

    def with_verdict(self, verdict: Verdict) -> dict[str, Json]:
        """The findings of one verdict, by fingerprint."""
        return {key: one for key, one in self.findings.items() if one["verdict"] == str(verdict)}


def known_report(path: Path) -> Known:
    """A report file. Raises UsageError where it is not a report in the schema of this version."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"`{path}` cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"`{path}` is no JSON") from error
    if not isinstance(body, dict) or body.get("schema") != SCHEMA:
        raise UsageError(f"`{path}` is no report of schema {SCHEMA}")
    try:
        return _known(body)
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"`{path}` is not a whole report: {type(error).__name__}: {error}") from error


def known_of(report: Report) -> Known:
    """A report of this run."""
    return _known(plain_report(report))


def _known(body: Json) -> Known:
    commitments = {str(one["id"]): str(one["verdict"]) for one in body["commitments"]}
    if set(commitments) != set(COMMITMENTS):
        raise KeyError("commitments")
    findings = {str(one["fingerprint"]): dict(one) for one in body["findings"]}
    for one in findings.values():
        one["verdict"], one["rule"], one["message"], one["hops"], one["commitment"]  # noqa: B018 - all are needed
    return Known(
        findings=findings,
        commitments=commitments,
        unread=frozenset((_where(one["origin"]), str(one["cause"])) for one in body["unread"]),
        inputs=frozenset(str(one["path"]) for one in body["inputs"]),
        judged=frozenset(str(one["id"]) for one in body["rules"] if one["verdict"] != "not-judged"),
    )


def _where(origin: Json | None) -> str:
    if not origin:
        return ""
    return str(origin["path"]) if "path" in origin else json.dumps(origin, sort_keys=True)
