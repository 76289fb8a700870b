"""Whether the bytes of an answer are one: botocore's parsers take some that are not for an answer that holds nothing.

Source: botocore `parsers.py`: a body that is no JSON becomes `{"message": body}`, and members that a body does not have
are left out; so a page of a proxy, or half an answer, would be evidence that nothing is there.
"""

from __future__ import annotations

from typing import Any

import msgspec

HEAD = 1000
"""Bytes in which the first element of an XML document begins."""


POLICY = "Policy"
"""The member of GetBucketPolicy's answer that is its whole body."""


class NoAnswer(ValueError):
    """The body is not what the operation answers."""


def check_body(http_response: Any, model: Any, **_: Any) -> None:
    """Raise NoAnswer for a body that the operation cannot have given; a handler of botocore's `after-call`."""
    content = getattr(http_response, "content", None)
    if not isinstance(content, bytes) or http_response.status_code >= 300 or model.has_streaming_output:
        return
    service = model.service_model
    shape, protocol = model.output_shape, str(getattr(service, "resolved_protocol", "") or service.metadata["protocol"])
    if shape is None or not shape.members:
        return
    if payload := shape.serialization.get("payload"):
        if payload == POLICY:
            _policy(content)
        return
    if "json" in protocol:
        _json(content, {shape.members[name].serialization.get("name", name) for name in shape.members})
    elif protocol in ("query", "ec2"):
        if f"<{model.name}Response".encode() not in content[:HEAD]:
            raise NoAnswer("the body is no answer to this operation")
    elif b"<html" in content[:HEAD].lower():
        raise NoAnswer("the body is a page for people")


def _policy(content: bytes) -> None:
    """A policy is the whole body, and a document of JSON."""
    try:
        told = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise NoAnswer("the body is no policy") from error
    if not isinstance(told, dict):
        raise NoAnswer("the body is no policy")


def _json(content: bytes, names: set[str]) -> None:
    try:
        told = msgspec.json.decode(content) if content else {}
    except (msgspec.DecodeError, RecursionError) as error:
        raise NoAnswer("the body is no JSON") from error
    if not isinstance(told, dict) or (told and not names & set(told)):
        raise NoAnswer("the body has no member of the answer")
