"""What an error of AWS's API says about a question: one of the closed outcomes of a bundle, and why, in our own words.

Sources: AWS General Reference "Common errors"; IAM User Guide, "Troubleshoot access denied error messages"; botocore's
own list of throttling codes (`retries/standard.py`). No message is passed on: it may hold what the caller asked with.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from scanner.patterns import lazy
from scanner.sources.bundle import Outcome

_DENIED = frozenset(
    {
        "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Client.UnauthorizedOperation",
        "AuthorizationError", "AuthorizationErrorException", "NotAuthorized", "NotAuthorizedException", "Forbidden",
        "ForbiddenException", "UnauthorizedException", "UnauthorizedAccess", "AccessDeniedFault", "403",
        "UserUnauthorizedException",
    }
)  # fmt: skip
_THROTTLED = frozenset(
    {
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled",
        "TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException",
        "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "SlowDown",
        "PriorRequestNotComplete", "EC2ThrottledException", "429",
    }
)  # fmt: skip
_CREDENTIAL = frozenset(
    {
        "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "AuthFailure",
        "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException", "TokenRefreshRequired",
        "MissingAuthenticationToken", "MissingAuthenticationTokenException", "OptInRequired", "InvalidAccessKeyId",
        "IncompleteSignature",
    }
)  # fmt: skip
_UNKNOWN_THERE = frozenset({"UnknownOperationException", "InvalidAction"})
"""The service itself says that it does not have the operation in this region."""
_ORGANISATION = lazy(r"(?i)\b(?:service|resource) control polic(?:y|ies)\b")
_CODE = lazy(r"[A-Za-z0-9_.:-]{1,80}\Z")


class Fault(Struct, frozen=True):
    """How a call ended that was not answered. code: AWS's own; "" where no answer came, and `kind` says what did."""

    code: str = ""
    message: str = ""
    status: int = 0
    kind: str = ""


def outcome_of(fault: Fault, absent: Iterable[str]) -> tuple[Outcome, str]:
    """The outcome, and for people why; absent: the codes by which the operation says that there is no such thing."""
    code = fault.code
    if code and code in absent:
        return "absent", ""
    if code in _THROTTLED:
        return "throttled", "it was refused for its rate, again and again"
    if code in _DENIED:
        if _ORGANISATION.search(fault.message):
            return "denied-by-organisation", "a policy of the organisation forbids it"
        return "denied", "the credential may not ask"
    if code in _UNKNOWN_THERE and fault.status < 500:
        return "not-in-partition", "the service does not have this operation here"
    shown = code if _CODE.match(code) else "an error without a code"
    if code in _CREDENTIAL:
        return "failed", f"the credential is not taken here ({shown})"
    if code or fault.status:
        return "failed", f"it failed with {shown}" + (f" (HTTP {fault.status})" if fault.status else "")
    return "failed", f"no answer came ({fault.kind or 'unknown'})"
