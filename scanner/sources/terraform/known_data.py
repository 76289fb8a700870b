"""Data sources that answer from the configuration of their provider, and ask nobody.

Source: Terraform provider for AWS, `internal/service/meta` (`aws_region`, `aws_partition`); AWS SDK for Go, endpoints.
"""

from __future__ import annotations

from collections.abc import Callable

from scanner.patterns import lazy
from scanner.resource import Provider
from scanner.unknown import Value

_REGION = lazy(r"[a-z]{2,4}(-[a-z]+)+-\d+")
# By the start of a region's name: its partition, and the domain of its services. Partitions that are not here are
# left unknown, as is one of a region that is.
_PARTITIONS = (
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
)
_PUBLIC = lazy(r"(us|ca|mx|sa|eu|ap|me|il|af)-(north|south|east|west|central)\w*-\d+")


def of_provider(key: tuple[str, str], name: str, provider: Callable[[], Provider]) -> Value:
    """An attribute of a data source that its provider's `region` decides; None where it does not, or is not set."""
    if key not in (("data", "aws_region"), ("data", "aws_partition")):
        return None
    region = provider().attrs.get("region")
    if not isinstance(region, str) or not _REGION.fullmatch(region):
        return None
    if key[1] == "aws_region":
        return region if name in ("id", "name", "region") else None
    partition, suffix = _partition(region)
    reverse = ".".join(reversed(suffix.split("."))) if suffix else None
    return {"partition": partition, "id": partition, "dns_suffix": suffix, "reverse_dns_prefix": reverse}.get(name)


def _partition(region: str) -> tuple[str | None, str | None]:
    for start, partition, suffix in _PARTITIONS:
        if region.startswith(start):
            return partition, suffix
    return ("aws", "amazonaws.com") if _PUBLIC.fullmatch(region) else (None, None)
