"""The calls to a cluster that holds some objects, made by the collector itself, without a server in between."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from scanner.sources.bundle import Call
from scanner.sources.kubernetes.live_calls import Collector
from scanner.sources.kubernetes.live_client import JSON, Answer
from tests.bundle.estate import AT
from tests.live.server import NAME, Cluster, Fault, Request


class _Replay:
    """The API of a cluster, as the collector asks it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def get(self, path: str, query: Mapping[str, str] | None = None, accept: str = JSON) -> Answer:
        told = self.cluster.answer(Request(unquote(path), dict(query or {}), accept))
        return Answer(told.status, json.dumps(told.body).encode())


def calls_of(objects: list[dict[str, Any]], *faults: Fault) -> list[Call]:
    """Every call of a live scan of a cluster with these objects."""
    return list(Collector(_Replay(Cluster(objects, faults)), NAME, lambda: AT, "salt").calls())
