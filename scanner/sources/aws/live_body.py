"""Whether the bytes of an answer are one: botocore's parsers take some that are not for an answer that holds nothing.

Source: botocore `parsers.py`: a body that is no JSON becomes `{"message": body}`, and members that a body does not have
are left out; so a page of a proxy, or half an answer, would be evidence that nothing is there.
"""

from __future__ import annotations

from typing import Any

import msgspec

HEAD = 1000
"""Bytes in which the first element of an XML document begins."""
IDS = ("x-amzn-requestid", "x-amz-request-id", "x-amz-id-2", "x-amz-cf-id")
"""What AWS puts into the head of an answer, of an error as well. Source: Amazon S3 API reference, "Common response
headers"; AWS General Reference, "Request IDs"."""
FAULTS = frozenset({500, 501})
"""Statuses of a fault of the service itself: those of a proxy that waits for it in vain (502 to 504) are others."""

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


def check_fault(response_dict: Any, **_: Any) -> None:
    """Raise NoAnswer for a fault that is not AWS's; a handler of botocore's `before-parse`, which ends its tries.

    A page for people that no request of AWS has a number for comes from something between, or from a server that
    stands for AWS and does not have the operation: asking the same at once again heals neither.
    """
    heads = {str(name).lower() for name in response_dict.get("headers") or ()}
    body = response_dict.get("body")
    page = isinstance(body, bytes) and b"<html" in body[:HEAD].lower()
    if response_dict.get("status_code") in FAULTS and page and not heads & {*IDS}:
        raise NoAnswer(f"the body is a page for people, with HTTP {response_dict['status_code']}")


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
