"""Answers of an API server as JSON, and what a refusal means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scanner.sources.bundle import Outcome
from scanner.sources.kubernetes.live_client import Answer
from scanner.sources.kubernetes.live_prune import depth_of

MAX_DEPTH = 150
"""Levels inside an answer; no kind that is served has a quarter as many."""


def body_of(answer: Answer) -> tuple[dict[str, Any] | None, Outcome, str]:
    """The JSON object of a good answer; else the outcome of the call, and why."""
    if answer.status != 200:
        return None, *_refused(answer)
    try:
        body = json.loads(answer.body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None, "failed", "the answer is not JSON"
    if not isinstance(body, dict) or depth_of(body) > MAX_DEPTH:
        return None, "failed", "the answer is no object that could be read"
    return body, "read", ""


def _no_constant(word: str) -> object:
    raise ValueError(word)


def _refused(answer: Answer) -> tuple[Outcome, str]:
    if answer.status == 0:
        return "failed", f"no answer came: {answer.error}"[:500]
    if answer.status == 401:
        return "denied", "the credential is not accepted (401)"
    if answer.status == 403:
        return "denied", "it is forbidden (403)"
    if answer.status == 404:
        # What is announced and not there is a fault of the server's, or of what stands before it: no evidence.
        return "failed", "it is announced, and not served (404)"
    if answer.status == 429:
        return "throttled", "the server answers too many requests (429), however long one waits"
    return "failed", f"the server answers {answer.status}"


def token_of(body: Mapping[str, Any]) -> str:
    metadata = body.get("metadata")
    token = metadata.get("continue") if isinstance(metadata, dict) else None
    return token if isinstance(token, str) else ""
