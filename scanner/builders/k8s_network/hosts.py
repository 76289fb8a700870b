"""Host names that the cluster's own DNS answers: which Service a name means, and where a name leads outside."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from scanner.builders.ranges import parse_cidr
from scanner.patterns import lazy
from scanner.unknown import Unknown, Value

_SERVICE = lazy(r"^(?:[a-z0-9*-]+\.)?(?P<name>[a-z0-9*-]+)\.(?P<space>[a-z0-9*-]+)\.svc(?:\.[a-z0-9.*-]+)?\.?$")
_POD = lazy(r"^[0-9a-f*-]+\.(?P<space>[a-z0-9*-]+)\.pod(?:\.[a-z0-9.*-]+)?\.?$")
_SHORT = lazy(r"^(?P<name>[a-z0-9*-]+)(?:\.(?P<space>[a-z0-9*-]+))?$")
_ADDRESS = lazy(r"^\d{1,3}(\.\d{1,3}){3}$|^[0-9a-f:]*:[0-9a-f:]+$")
ANY_SERVICE = ("*", "*")
"""Namespace and name of a Service of which nothing is known."""


def service_of(host: Value, namespace: str = "") -> tuple[str, str] | None:
    """Namespace and name of the Service that a host name means, `*` for what is not known; None for one outside.

    namespace: where a short name is looked up, "" where short names mean nothing. The name of one pod of a headless
    Service means that Service; the name of a pod by its address means any Service of its namespace. An address may
    be any pod's or Service's, but a public IPv4 address is outside the cluster. A host that is not known may be any
    Service (the DNS specification of Kubernetes).
    """
    written = host.text() if isinstance(host, Unknown) else host
    if not isinstance(written, str):
        return ANY_SERVICE if host is not None else None
    written = written.strip().lower()
    found = _SERVICE.match(written)
    if found is not None:
        return found["space"], found["name"]
    pod = _POD.match(written)
    if pod is not None:
        return pod["space"], "*"
    if _ADDRESS.match(written):
        block = parse_cidr(written)
        return None if block is not None and block.version == 4 and not block.private else ANY_SERVICE
    if written == "*":
        return ANY_SERVICE
    short = _SHORT.match(written) if namespace else None
    if short is not None and written != "localhost":
        return short["space"] or namespace, short["name"]
    # A partly known name, of which a piece may be the end that is the cluster's own.
    return ANY_SERVICE if written.endswith("*") else None


def names(wanted: tuple[str, str], namespace: str, name: str) -> bool:
    """Whether `wanted`, namespace and name with `*` for what is not known, may mean this Service."""
    return fnmatchcase(namespace, wanted[0]) and fnmatchcase(name, wanted[1])


def split_url(url: str) -> tuple[str, int | None]:
    """Host and port of a URL, its scheme's own port where it names none; variables after the host are left out."""
    scheme, _, rest = url.partition("://")
    if not rest:
        scheme, rest = "http", scheme
    host = re.split(r"[/?$]", rest, maxsplit=1)[0].rpartition("@")[2]
    name, colon, port = host.rpartition(":")
    if colon and port.isdigit():
        return name, int(port)
    return host, 443 if scheme in ("https", "grpcs") else 80
