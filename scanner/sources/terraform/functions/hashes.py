"""Digests of strings."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping

from scanner.sources.terraform.functions.function import Function, pure, text
from scanner.sources.terraform.values import Refused
from scanner.unknown import Unknown, Value


def digest(data: bytes, name: str, base64: bool) -> str:
    """The digest in hex, or in base64."""
    found = hashlib.new(name, data, usedforsecurity=False).digest()
    return b64encode(found).decode() if base64 else found.hex()


def _uuidv5(arguments: list[Value]) -> Value:
    import uuid

    names = {
        "dns": uuid.NAMESPACE_DNS,
        "url": uuid.NAMESPACE_URL,
        "oid": uuid.NAMESPACE_OID,
        "x500": uuid.NAMESPACE_X500,
    }
    namespace = text(arguments[0])
    try:
        return str(uuid.uuid5(names.get(namespace) or uuid.UUID(namespace), text(arguments[1])))
    except ValueError as error:
        raise Refused("a name space that is no UUID") from error


def _of(name: str, base64: bool = False) -> Function:
    return pure(lambda arguments: digest(text(arguments[0]).encode(), name, base64), 1)


def _random(name: str) -> Function:
    return pure(lambda _arguments: Unknown(f"`{name}()` differs at every run"), 0, None)


TABLE: Mapping[str, Function] = {
    "md5": _of("md5"),
    "sha1": _of("sha1"),
    "sha256": _of("sha256"),
    "sha512": _of("sha512"),
    "base64sha256": _of("sha256", base64=True),
    "base64sha512": _of("sha512", base64=True),
    "uuid": _random("uuid"),
    "bcrypt": _random("bcrypt"),
    "uuidv5": pure(_uuidv5, 2),
}
