"""Send one message to a webhook: off unless asked for, to the one address that the environment holds, never shown."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from scanner.errors import TetherError, UsageError

TIMEOUT = 10
"""Seconds for the connection and for each read."""


class TellError(TetherError):
    """The message did not arrive; the message of the error shows no part of the address."""

    exit_code = 5


class _Staying(HTTPRedirectHandler):
    """Follows no redirect: the message goes where the operator said, or nowhere."""

    def redirect_request(self, *_args: object, **_more: object) -> None:
        """No other request."""
        return


def webhook_of(name: str, environ: Mapping[str, str]) -> str:
    """The URL in the variable `name`. Raises UsageError where it is not set, or nothing that is told secrets to."""
    url = environ.get(name, "").strip()
    if not url:
        raise UsageError(f"the webhook is to be in the variable {name}, which is not set")
    try:
        parts = urlsplit(url)
        good = bool(parts.hostname) and not parts.username and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        good = False
    if not good or not url.isascii():
        raise UsageError(f"the variable {name} holds no URL of a webhook")
    if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(parts)):
        raise UsageError(f"the URL in {name} must be https")
    return url


def _loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def post(url: str, body: bytes) -> None:
    """POST JSON. Raises TellError for anything but an answer of 2xx."""
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "tether"}
    handlers = [_Staying(), *([ProxyHandler({})] if _loopback(urlsplit(url)) else [])]
    try:
        with build_opener(*handlers).open(
            Request(url, data=body, headers=headers, method="POST"),  # noqa: S310 - webhook_of let https alone through
            timeout=TIMEOUT,
        ) as answer:
            answer.read(65_536)
    except HTTPError as error:
        error.close()
        moved = ": a redirect is not followed" if 300 <= error.code < 400 else ""
        raise TellError(f"the webhook answered {error.code}{moved}") from None
    except (URLError, OSError, ValueError, http.client.HTTPException) as error:
        raise TellError(f"the webhook was not reached: {_cause(error)}") from None


def _cause(error: Exception) -> str:
    """What went wrong in words that cannot hold the address."""
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return f"no answer within {TIMEOUT} seconds"
    if isinstance(reason, ssl.SSLError):
        return "its certificate, or the TLS of it, was not accepted"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return type(reason).__name__
