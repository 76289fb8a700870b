"""How fast AWS may be asked: a token bucket for each account, region and service, at a share of what it allows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

RATES = {
    "organizations": 2.0,
    "iam": 15.0,
    "sso-admin": 10.0,
    "s3": 100.0,
    "cloudtrail": 10.0,
    "ssm": 20.0,
    "sagemaker": 10.0,
    "ec2": 20.0,
    "lambda": 15.0,
    "kms": 15.0,
}
"""Reads a second that a service allows an account in a region before it refuses some.

Sources: the service's "Quotas" page, where it gives one (EC2 "Request throttling", Lambda "API requests", AWS KMS
"Request quotas", CloudTrail "Quotas"); the others are what adaptive retries have been seen to settle at.
"""
DEFAULT = 10.0
BURST = 2.0
"""Seconds of its rate that a bucket holds when it is full."""


@dataclass(slots=True)
class Bucket:
    """Tokens that fill at `rate` a second; `take` waits for one."""

    rate: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    tokens: float = field(init=False)
    last: float = field(init=False)
    lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.tokens = max(1.0, self.rate * BURST)
        self.last = self.clock()

    def take(self) -> None:
        """Take a token; what is not there yet is waited for, each caller in its turn."""
        with self.lock:
            now = self.clock()
            self.tokens = min(max(1.0, self.rate * BURST), self.tokens + (now - self.last) * self.rate)
            self.last = now
            self.tokens -= 1
            wait = -self.tokens / self.rate if self.tokens < 0 else 0.0
        if wait:
            self.sleep(wait)


class Rates(Struct):
    """The buckets of a run. share: of the rates, above 0 and at most 1."""

    share: float = 0.5
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    buckets: dict[tuple[str, str, str], Bucket] = msgspec.field(default_factory=dict)
    lock: threading.Lock = msgspec.field(default_factory=threading.Lock)

    def of(self, account: str, region: str, service: str) -> Bucket:
        """The bucket of a service in a region of an account."""
        key = account, region, service
        with self.lock:
            if key not in self.buckets:
                self.buckets[key] = Bucket(RATES.get(service, DEFAULT) * self.share, self.clock, self.sleep)
            return self.buckets[key]
