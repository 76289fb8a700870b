"""Settings of a gateway that name a host: variables, arguments, and lines of the ConfigMaps that it mounts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from scanner import tables
from scanner.builders.blocks import Found, text
from scanner.builders.draft import World
from scanner.builders.recognise.containers import Container
from scanner.builders.recognise.objects import object_containers
from scanner.builders.recognise.upstreams import settings_of
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Resource, mark
from scanner.unknown import Unknown, Value

CLASSIFIER = "classifier"
MODEL = "model"
_CLASSIFIES = lazy(r"classif|moderat|(?:^|_)(?:prompt|input|output|response|llama|llm|content)_?guards?(?:_|$)")
_MAY_CLASSIFY = lazy(
    r"(?:^|_)(?:guards?|guardrails?|safety|shields?|detectors?|toxicity|jailbreak)(?:_(?:api|service|server|base|model|"
    r"check))*_(?:url|uri|endpoint|host|addr|address|target)s?$"
)
_ENDPOINT = lazy(r"(?:url|uri|endpoint|host|addr|address|base|service|server|upstream|target)s?$|classifier$")
_UPSTREAM = lazy(
    r"(?:^|_)upstreams?(?:_(?:url|uri|host|endpoint|addr|address|base|server))?s?$|(?:^|_)(?:openai|llm|model|inference|"
    r"vllm|tgi|ollama|anthropic|completions?)_(?:api_|server_)?(?:base_url|api_base|base|url|uri|endpoint|host|upstream)s?$"
)
_URL = lazy(r"^(?:https?|grpcs?|h2c|wss?|dns)://", re.IGNORECASE)
_BARE = lazy(r"^(?=.*(?:\.|:\d))[a-z0-9*][a-z0-9.*-]*(?::\d{1,5})?(?:/.*)?$", re.IGNORECASE)
_NUMBER = lazy(r"^[\d.]+$")
_MAX_DEPTH = 12
"""No settings document lies deeper; a bound keeps hostile nesting cheap."""


class Setting(Struct, frozen=True):
    """One setting that names a host, or may: `url` is as written, with `*` for what is not known.

    purpose: what its name says that it is for, "" for nothing; sure: its name leaves no doubt of that.
    """

    name: str
    url: str
    origin: Origin | None
    purpose: str
    sure: bool
    unknown: Unknown | None = None


def settings(world: World, gateway: Resource) -> list[Setting]:
    """Every setting of a gateway's containers that names a host; init containers are none."""
    found: dict[Setting, None] = {}
    for container in running(world, gateway):
        for name, value in (*container.env.items(), *_arguments(container)):
            found.update(dict.fromkeys(_settings(name, value)))
    for document in settings_of(world, gateway):
        for name, value in _lines("", document):
            found.update(dict.fromkeys(one for one in _settings(name, value) if one.purpose == CLASSIFIER and one.sure))
    return list(found)


def running(world: World, workload: Resource) -> Iterator[Container]:
    """The containers of a workload that go on running."""
    yield from (one for one in object_containers(world, workload) if not one.init)


def _settings(name: str, value: Found) -> Iterator[Setting]:
    purpose, sure = purpose_of(name)
    written = text(value.value)
    unknown = value.unknown
    if unknown is not None and not written:
        if sure and _ENDPOINT.search(_plain(name)):
            yield Setting(name, "*", value.origin, purpose, sure, unknown)
        return
    for part in re.split(r"[,;\s]+", written):
        bare = purpose and _BARE.match(part) and not _NUMBER.match(part) and _ENDPOINT.search(_plain(name))
        if _URL.match(part) or bare:
            yield Setting(name, re.sub(r"^dns:/*", "", part), value.origin, purpose, sure, unknown)


def purpose_of(name: str) -> tuple[str, bool]:
    """What a setting of that name is for, "" where the name says nothing, and whether the name leaves no doubt."""
    plain = _plain(name)
    if _CLASSIFIES.search(plain):
        return CLASSIFIER, True
    if _UPSTREAM.search(plain) or any(row.key.lower() == plain for row in tables.model_facts("endpoint")):
        return MODEL, True
    return (CLASSIFIER, False) if _MAY_CLASSIFY.search(plain) else ("", False)


def _plain(name: str) -> str:
    """A name in small letters with one kind of separator: `promptClassifierUrl` is `prompt_classifier_url`."""
    return re.sub(r"[-.\s]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip("-"))).lower()


def _arguments(container: Container) -> Iterator[tuple[str, Found]]:
    """`--name=value` and `--name value` of the command line."""
    words = container.words
    for index, word in enumerate(words):
        if not word.text.startswith("--"):
            continue
        name, equals, value = word.text.partition("=")
        if equals:
            yield name, Found(value, word.origin, word.unknown)
        elif index + 1 < len(words) and not words[index + 1].text.startswith("-"):
            following = words[index + 1]
            yield name, Found(following.text, following.origin, following.unknown)


def _lines(name: str, found: Found, depth: int = 0) -> Iterator[tuple[str, Found]]:
    """Every string of a settings document, by the keys that lead to it."""
    value: Value = found.value
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _lines(f"{name}.{key}".strip("."), Found(item, mark(value, key) or found.origin), depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from _lines(name, Found(item, mark(value, index) or found.origin), depth + 1)
    elif isinstance(value, str):
        yield name, found
