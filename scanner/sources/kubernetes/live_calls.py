"""The calls of a live scan: what a server serves, then every kind that a rule looks at, each with its outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

from scanner.sources.bundle import Call, Outcome
from scanner.sources.bundle.call import FINAL, Key
from scanner.sources.kubernetes.listed import INERT_GROUPS, LISTED, NAME_ONLY
from scanner.sources.kubernetes.live_answers import body_of, token_of
from scanner.sources.kubernetes.live_client import JSON, NAMES, Answer
from scanner.sources.kubernetes.live_discovery import (
    Kind,
    entries,
    one_version,
    resources_in,
    served_kinds,
    versions_in,
)
from scanner.sources.kubernetes.live_prune import pruned
from scanner.sources.kubernetes.live_read import SOURCE

LIMIT = "500"
RESTARTS = 3
MAX_PAGES = 20_000


class Api(Protocol):
    """A server that answers GET."""

    def get(self, path: str, query: Mapping[str, str] | None = None, accept: str = JSON) -> Answer:
        """One answer, once what passes has passed."""


@dataclass(slots=True)
class Collector:
    """One pass over one cluster. done: calls of an earlier pass that need not be asked again.

    now: the time, RFC 3339 in UTC. salt: of the digests that stand for values that are not recorded.
    """

    api: Api
    cluster: str
    now: Callable[[], str]
    salt: str
    namespace: str = ""
    done: Mapping[Key, Call] | None = None

    def calls(self) -> Iterator[Call]:
        """Every call, as soon as it is made; those that are done already are not repeated."""
        served: list[Kind] = []
        complete = True
        for call in self._discovery():
            yield from self._new(call)
            complete = complete and call.outcome in FINAL
            served.extend(served_kinds(call))
        chosen = one_version(served)
        if complete:
            yield from self._absent(chosen)
        spaces: list[str] = []
        for kind in sorted(chosen, key=lambda one: (one.kind != "Namespace" or one.group != "", one)):
            call = self._listed(kind)
            yield from self._new(call)
            if kind.kind == "Namespace" and kind.group == "":
                spaces = _names(call) or [self.namespace or "default"]
            if call.outcome == "denied" and kind.namespaced:
                for space in spaces:
                    yield from self._new(self._listed(kind, space))

    def _new(self, call: Call) -> Iterator[Call]:
        if self.done is None or self.done.get(call.key) is not call:
            yield call

    def _absent(self, chosen: list[Kind]) -> Iterator[Call]:
        """A line for each kind that is looked for and not served: that it cannot exist is evidence."""
        there = {(one.group, one.kind) for one in chosen}
        for group, kinds in sorted(LISTED.items()):
            for kind in sorted(kinds):
                if (group, kind) not in there and not (kind == "*" and any(name == group for name, _ in there)):
                    parameters = {"group": group, "kind": kind}
                    yield from self._new(self._earlier("list", parameters) or self._call("list", parameters, "absent"))

    def _call(self, operation: str, parameters: dict[str, Any], outcome: Outcome, **more: Any) -> Call:
        return Call(SOURCE, (("cluster", self.cluster),), operation, parameters, outcome, at=self.now(), **more)

    def _earlier(self, operation: str, parameters: dict[str, Any]) -> Call | None:
        return (self.done or {}).get(self._call(operation, parameters, "read").key)

    def _discovery(self) -> Iterator[Call]:
        """`/api` and `/apis`, then each group and version; those that hold nothing of interest are not asked."""
        versions: list[tuple[str, str]] = []
        for path in ("/api", "/apis"):
            call = self._discover({"path": path}, partial(versions_in, path))
            yield call
            versions += [(one["group"], one["version"]) for one in entries(call, "group", "version")]
        for group, version in dict.fromkeys(versions):
            path = Kind(group, version, "", "", False).base
            if group in INERT_GROUPS:
                parameters, why = {"path": path}, "no rule looks at this group"
                earlier = self._earlier("discover", parameters)
                yield earlier or self._call("discover", parameters, "not-asked", cause=why)
            else:
                yield self._discover({"path": path}, partial(resources_in, group, version))

    def _discover(self, parameters: dict[str, Any], shape: Callable[[Any], list[dict[str, Any]] | None]) -> Call:
        earlier = self._earlier("discover", parameters)
        if earlier is not None:
            return earlier
        answer = self.api.get(parameters["path"])
        body, outcome, cause = body_of(answer)
        made = None if body is None else shape(body)
        if body is not None and made is None:
            outcome, cause = "failed", "the answer is no list of what is served"
        pages = () if made is None else (made,)
        return self._call("discover", parameters, outcome, pages=pages, cause=cause)

    def _listed(self, kind: Kind, namespace: str = "") -> Call:
        """One list, page by page; an expired continuation starts it again."""
        parameters = kind.parameters(namespace)
        earlier = self._earlier("list", parameters)
        if earlier is not None:
            return earlier
        inside = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
        path = f"{kind.base}{inside}/{quote(kind.resource, safe='')}"
        pages: list[Any] = []
        for _ in range(RESTARTS):
            pages, again, outcome, cause = self._pages(kind, path)
            if not again:
                return self._call("list", parameters, outcome, pages=pages, cause=cause)
        cause = "its continuation expired before the list was read, again and again"
        return self._call("list", parameters, "failed", pages=pages, cause=cause)

    def _pages(self, kind: Kind, path: str) -> tuple[list[Any], bool, Outcome, str]:
        """The pages that came, whether to start again, and how it ended."""
        name_only = (kind.group, kind.kind) in NAME_ONLY
        pages: list[Any] = []
        seen: set[str] = set()
        token = ""
        while len(pages) < MAX_PAGES:
            query = {"limit": LIMIT, **({"continue": token} if token else {})}
            answer = self.api.get(path, query, NAMES if name_only else JSON)
            if answer.status == 410 and token:
                return pages, True, "failed", ""
            body, outcome, cause = body_of(answer)
            if body is None:
                return pages, False, outcome, cause
            items, token = body.get("items"), token_of(body)
            if items is None and "items" in body:
                items = []
            if not isinstance(items, list):
                return pages, False, "failed", "the answer is no list of objects"
            pages.append([pruned(one, kind.group, kind.kind, self.salt) for one in items])
            if not token:
                return pages, False, "read", ""
            if token in seen:
                break
            seen.add(token)
        return pages, False, "failed", "its pages do not come to an end"


def _names(call: Call) -> list[str]:
    return sorted(
        {
            one["metadata"]["name"]
            for page in call.pages
            for one in (page if isinstance(page, list) else ())
            if isinstance(one, dict)
            and isinstance(one.get("metadata"), dict)
            and isinstance(one["metadata"].get("name"), str)
        }
    )
