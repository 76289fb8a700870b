"""Addresses of git repositories and registries in one form, however they are written."""

from __future__ import annotations

from urllib.parse import urlsplit

from scanner.patterns import lazy

_SHORT = lazy(r"(?:[^@/:\s]+@)?(?P<host>[^@/:\s]+):(?!//)(?P<path>[^\s]+)\Z")


def repository_name(address: str, *, wild: bool = False) -> str:
    """Host and path of a repository in small letters; "" for what names none. wild: `*` may stand in it."""
    plain = address.strip()
    if not wild and any(hole in plain for hole in ("{{", "${", "*")):
        return ""
    if "://" in plain:
        try:
            parts = urlsplit(plain)
            host, path = parts.hostname or "", parts.path
        except ValueError:
            return ""
    else:
        short = _SHORT.match(plain)
        host, path = (short["host"], short["path"]) if short is not None else ("", "")
    path = path.strip("/").removesuffix(".git").rstrip("/")
    return f"{host}/{path}".lower() if host and path else ""
