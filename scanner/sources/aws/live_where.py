"""Where a service can be: what botocore's endpoint data says, and what the names of endpoints do not gainsay."""

from __future__ import annotations

import socket
from typing import Any, Literal
from urllib.parse import urlsplit

Where = Literal["there", "elsewhere in the partition", "in other partitions", "not known"]


def where(session: Any, service: str, partition: str, region: str) -> Where:
    """What the endpoint data says of a service in a region.

    For some services it has no endpoint anywhere: of those it says nothing, and neither does this.
    """
    if region in session.get_available_regions(service, partition_name=partition):
        return "there"
    if _any(session, service, partition):
        # One endpoint for all regions (IAM, Organizations) is no endpoint of this region, and still the one to ask.
        regional = session.get_available_regions(service, partition_name=partition)
        return "elsewhere in the partition" if regional else "there"
    others = [one for one in session.get_available_partitions() if one != partition]
    return "in other partitions" if any(_any(session, service, one) for one in others) else "not known"


def _any(session: Any, service: str, partition: str) -> bool:
    return bool(session.get_available_regions(service, partition_name=partition, allow_non_regional=True))


def host_of(client: Any) -> str:
    """The name that a client connects to."""
    return urlsplit(str(client.meta.endpoint_url)).hostname or ""


def resolves(name: str) -> bool | None:
    """Whether a name exists; None where the resolver does not say."""
    try:
        socket.getaddrinfo(name, 443)
    except socket.gaierror as error:
        return False if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)) else None
    except (OSError, UnicodeError):
        return None
    return True
