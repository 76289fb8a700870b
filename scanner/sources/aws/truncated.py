"""Answers that say themselves that there is more of them, and lists that are none: the call counts as not answered."""

from __future__ import annotations

from msgspec.structs import replace

from scanner.sources.aws.answers import answers
from scanner.sources.aws.operations import leading, operations
from scanner.sources.aws.paths import MALFORMED, at
from scanner.sources.bundle import Call

TOKENS = ("NextToken", "nextToken", "NextMarker", "nextMarker", "nextPageToken", "position", "PaginationToken")
FLAGS = ("IsTruncated", "isTruncated", "HasMoreResults", "Truncated")


def truncated(call: Call) -> Call:
    """The call as it is; one whose last page names a next one as failed."""
    row = operations().get(call.operation)
    if call.outcome != "read" or row is None:
        return call
    if not call.pages:
        return replace(call, outcome="failed", cause="it was read, and there is no page of it")
    if not answers().get(call.operation) and _malformed(call):
        return replace(call, outcome="failed", cause="its answer is malformed")
    last = call.pages[-1]
    if not isinstance(last, dict):
        return call
    # What botocore does not page by itself may have a token for something else, and says of itself that it is cut.
    names = (*TOKENS, *FLAGS) if row.paginate else FLAGS
    inside = last.get("DistributionList")
    more = any(one.get(name) for one in (last, inside) if isinstance(one, dict) for name in names)
    return replace(call, outcome="failed", cause="the last page that was recorded names a next one") if more else call


def _malformed(call: Call) -> bool:
    """Whether a list that leads to other calls is none; one that comes to a thing by itself is told by its place."""
    return any(at(page, path) is MALFORMED for path in leading(call.operation) for page in call.pages)
