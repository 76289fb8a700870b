"""Identifiers in attributes as references: what names another thing of the estate says so, as in Terraform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scanner.patterns import lazy
from scanner.resource import Attrs, Encoded, Items, Resource
from scanner.sources.aws.shape import refer
from scanner.unknown import Unknown

ID = lazy(r"(?:[a-z]+-)+[0-9a-f]{8,17}$")
"""Identifiers of EC2 and of what is built on it: no two things have the same one."""
OWN = frozenset(
    {"id", "arn", "name", "tags", "guardrail_id", "key_id", "dns_name", "api_endpoint", "function_url", "domain_name"}
)
"""Attributes that say what a thing itself is called."""
HOSTS = ("dns_name", "api_endpoint", "function_url", "domain_name")
"""Those by which it is reached: a URL that has the host of one leads to it."""
URL = lazy(r"https?://([^/:?#]+)")


def link(resources: Iterable[Resource], more: Mapping[str, tuple[str, str]]) -> None:
    """Replace each identifier of a thing of the estate by a reference to it; what refers to nothing is its text again.

    more: further identifiers, with the address and the attribute that they are of.
    """
    every = list(resources)
    index = _index(every)
    index.update(more)
    known = {one.address for one in every}
    for one in every:
        for key, value in one.attrs.items():
            if key not in OWN:
                one.attrs[key] = _linked(value, index, known, one.address)
            elif isinstance(value, Unknown) and value.ref is not None:
                one.attrs[key] = _linked(value, {}, known, one.address)


def _index(resources: Iterable[Resource]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for one in resources:
        if one.data:
            continue
        for key in ("arn", "id", "guardrail_arn"):
            value = one.attrs.get(key)
            if isinstance(value, str) and (value.startswith("arn:") or ID.match(value)):
                found.setdefault(value, (one.address, key))
        for key in HOSTS:
            value = one.attrs.get(key)
            if isinstance(value, str) and "." in value:
                found.setdefault(_host(value), (one.address, key))
    return found


def _host(text: str) -> str:
    """The host of a URL; any other text as it is."""
    url = URL.match(text)
    return text if url is None else url[1]


def _linked(value: Any, index: Mapping[str, tuple[str, str]], known: set[str], own: str) -> Any:
    if isinstance(value, Encoded):
        return value
    if isinstance(value, str):
        found = index.get(value) or (index.get(_host(value)) if value.startswith("http") else None)
        return value if found is None or found[0] == own else refer(*found, value)
    if isinstance(value, Attrs):
        for key, item in value.items():
            value[key] = _linked(item, index, known, own)
    elif isinstance(value, Items):
        for place, item in enumerate(value):
            value[place] = _linked(item, index, known, own)
    elif isinstance(value, Unknown) and value.ref is not None and value.pieces and value.ref.address not in known:
        return value.text()
    return value
