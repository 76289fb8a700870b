"""Who a webhook asks: a Service of the cluster, by reference or by the host of a URL, or the machine of the API server.

Source: Kubernetes, "Dynamic Admission Control", "Contacting the webhook": either `service` or `url`; a host of a URL is
resolved where the API server runs, which may or may not know the names of Services.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from msgspec import Struct

from scanner.builders.edges import Doubt
from scanner.resource import dig
from scanner.unknown import Value


class Answerer(Struct, frozen=True):
    """namespace: None where it is not known. name: of the Service, "" for none. local: on the API server's machine."""

    namespace: str | None = None
    name: str = ""
    local: bool = False
    doubt: Doubt | None = None


def answerer(hook: Value) -> Answerer | None:
    """Whom a webhook asks; None where nothing in the cluster is named for certain."""
    service, url = dig(hook, "clientConfig", "service"), dig(hook, "clientConfig", "url")
    if service is not None:
        namespace, name = dig(service, "namespace"), dig(service, "name")
        return Answerer(namespace if isinstance(namespace, str) else None, name if isinstance(name, str) else "")
    host = _host(url) if isinstance(url, str) else ""
    if _loops(host):
        return Answerer(local=True)
    parts = host.removesuffix(".").removesuffix(".cluster.local").split(".")
    if len(parts) == 3 and parts[2] == "svc":
        return Answerer(parts[1], parts[0], doubt=Doubt("value-unknown", (f"whether the API server resolves {host}",)))
    return None


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _loops(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
