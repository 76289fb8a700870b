"""Whether a cluster would let a scan list what it lists: the server's own word, which it gives to everybody."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Literal

from scanner.resource import dig
from scanner.sources.kubernetes.live_client import Connection

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
Said = Literal["allowed", "denied", "not known"]


def reviewed(api: Connection, kinds: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, Said]]:
    """Each (group, resource) and whether it may be listed in all namespaces.

    A SelfSubjectAccessReview is a question and leaves nothing behind; a SelfSubjectRulesReview may be incomplete.
    """
    for group, resource in kinds:
        yield group, resource, _review(api, group, resource)


def _review(api: Connection, group: str, resource: str) -> Said:
    asked = {"group": group, "resource": resource, "verb": "list"}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": asked},
    }
    answer = api.post(REVIEWS, json.dumps(body).encode())
    try:
        allowed = dig(json.loads(answer.body), "status", "allowed") if answer.status in (200, 201) else None
    except ValueError:
        allowed = None
    return "not known" if not isinstance(allowed, bool) else "allowed" if allowed else "denied"
