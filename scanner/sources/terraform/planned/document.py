"""The JSON document in a file that Terraform wrote: found behind log lines, and told from what is not JSON."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from msgspec import Struct

Json: TypeAlias = Mapping[str, Any]

MAX_BYTES = 500_000_000
STANDARD_INPUT = "-"
_TO_JSON = "write it with `terraform show -json FILE`"


class Unusable(Exception):
    """A document that cannot be used: `cause` is a sentence fragment, `remedy` what the user can do."""

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy


class Document(Struct, frozen=True):
    """A JSON object and the digest of the bytes it was read from. shown: the path as reports give it."""

    shown: str
    body: Json
    sha256: str


def load(path: Path, shown: str) -> Document:
    """The JSON object in a file, or on standard input for `-`. Raises Unusable; no message quotes the file."""
    data = _bytes(path)
    digest = hashlib.sha256(data).hexdigest()
    if data[:4] == b"PK\x03\x04":
        raise Unusable("it is a binary plan", _TO_JSON)
    # What PowerShell writes with `>` is UTF-16 with a byte order mark.
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unusable(f"it is not UTF-{16 if wide else 8} text") from error
    return Document(shown, _object(text), digest)


def _bytes(path: Path) -> bytes:
    try:
        if path.as_posix() == STANDARD_INPUT:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unusable(f"it cannot be read ({error.strerror or 'not a file'})") from error
    if len(data) > MAX_BYTES:
        raise Unusable(f"it is larger than {MAX_BYTES // 1_000_000} MB")
    return data


def _object(text: str) -> Json:
    """The first JSON object that starts a line and has what a plan or a state has: wrappers print lines before it."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    start = 0 if text[:1] == "{" else text.find("\n{") + 1
    tries = 0
    while start or text[:1] == "{":
        tries += 1
        try:
            body, _ = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            body = None
        if isinstance(body, dict) and body.keys() & {"format_version", "version", "planned_values", "values"}:
            return body
        start = text.find("\n{", start) + 1
        if not start or tries > 10_000:
            break
    raise Unusable("there is no JSON of a plan or a state in it", _TO_JSON)


def _refuse(name: str) -> object:
    raise ValueError(name)
