"""What is kept of the recipe of a Greengrass component: what it brings to devices, and none of its scripts and values.

Of a text that is not kept it is told which rows of the tables recognise something in it, by the table's own words, and
which buckets it names. What remains of it unseen is a salted digest, which is a value that nobody knows.

Source: AWS IoT Greengrass V2 Developer Guide, "Component recipe reference"; keys count in small and capital letters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from scanner.model_words import RECOGNISED, WORD, extension_of, image_fact
from scanner.patterns import lazy
from scanner.redact import without_secrets
from scanner.sources.aws.lifecycles import brings_nothing
from scanner.sources.aws.recorded_recipes import UNSEEN
from scanner.sources.kubernetes.recorded import digest, speaks_of_a_secret, variable, without_keys
from scanner.yamltext import TextError, json_document, load_one

MAX_CHARACTERS = 1_000_000
"""Many times what the service takes. Source: AWS General Reference, "AWS IoT Greengrass V2 endpoints and quotas"."""
MAX_TOLD = 200
"""Pieces that are told of one recipe; what has more is unseen."""
NAME, VERSION = lazy(r"[\w.-]{1,128}\Z"), lazy(r"[\w.+-]{1,64}\Z")
_BUCKET = lazy(
    r"(?:s3://|arn:[a-z-]+:s3:::|https://s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?/|https://(?=[a-z0-9.-]+\.s3[.-]))"
    r"([a-z0-9](?:[a-z0-9-]|\.(?!s3[.-])){1,61}[a-z0-9])(?=$|[/*\"'\s,;)\\.])"
)
_ADDRESS = lazy(
    r"(?P<scheme>(?:s3|https)://)(?:[^/@\s]*@)?(?P<rest>[\w.-]+(?:/[^?#@\s{}]*)?)(?:[?#]\S*)?\Z"
    r"|(?P<name>docker:[\w.-]+(?::\d+)?(?:/[\w.-]+)*(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?)\Z"
    r"|greengrass:[\w=+/-]+/(?P<own>[\w.-]+)\Z"
)
_ID = lazy(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z|[0-9a-f]{32,64}\Z")
"""What builds name their folders by: it is no name of a model, and is left out for it looks like a key."""
_QUERY = lazy(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?:[^/@\s]*@)?(?P<rest>[^?#\s]*)\S*")
_SKIPS = lazy(r"(?:onpath|exists) \S+\Z")
_IDLE = lazy(
    r"(?i)(?:|true|false|yes|no|on|off|none|null|trace|debug|info|warn|warning|error|fatal"
    r"|[+-]?\d{1,9}(?:\.\d{1,6})?(?:ms|s|m|h|d)?)\Z"
)
"""Values that name nothing: switches, numbers, times and levels of a log."""
_COMMAND = lazy(r"[;|`\n<>]|&&|\$\(")
_HELD = "***"
_DROPPED = frozenset(
    {"recipeformatversion", "componenttype", "componentdescription", "componentpublisher", "componentsource"}
)
"""What a component is called and made by: it brings nothing."""
_OF_MANIFEST = frozenset({"name", "platform", "selections"})
_OF_ARTIFACT = frozenset({"unarchive", "permission", "digest", "algorithm"})
_GRANTS = "accesscontrol"
"""What a component may ask of others on its device. Source: the same guide, "Authorize components to perform IPC"."""


class _Kept(Struct):
    """What is found in a recipe. recognised: in the words of the tables; settings: values that a table names.

    unseen: the texts that are not kept and may bring anything. left: how many characters are still looked through.
    """

    salt: str
    recognised: dict[str, None] = field(default_factory=dict)
    settings: dict[str, None] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    left: int = 2 * MAX_CHARACTERS

    def reads(self, text: str) -> bool:
        """Whether a text may still be looked through: aliases make one of a few lines as long as anybody likes."""
        spent = self.left < 0
        self.left -= len(text) + 1
        if self.left < 0 and not spent:
            self.unseen.append("more")
        return self.left >= 0

    def recognise(self, text: str) -> None:
        """Note what a table knows in a text, in the table's words, and the buckets that it names."""
        for word in WORD.findall(text):
            if (row := image_fact(word.removeprefix("docker:"))) is not None:
                self.recognised[RECOGNISED + row.id] = None
            if extension := extension_of(word):
                self.recognised[f"*{extension}"] = None
        for name in _BUCKET.findall(text):
            self.recognised[f"s3://{name}/"] = None

    def hide(self, value: Any) -> None:
        """Note what is recognised in a part that is not kept, and that there is more."""
        self.unseen.append("part")
        for _, _, text in _texts(value):
            if self.reads(text):
                self.recognise(text)
                self.unseen.append(text)

    def recorded(self) -> dict[str, Any]:
        """It as plain JSON."""
        if len(self.recognised) + len(self.settings) > MAX_TOLD:
            self.unseen.append("more")
        made: dict[str, Any] = {}
        if self.recognised:
            made["Recognised"] = list(self.recognised)[:MAX_TOLD]
        if self.settings:
            made["Settings"] = list(self.settings)[:MAX_TOLD]
        if self.unseen:
            made[UNSEEN] = digest(json.dumps(self.unseen), self.salt)
        return made


def reduced(told: bytes | str, salt: str) -> dict[str, Any]:
    """A recipe as it is recorded; a digest of one that cannot be read."""
    text = told if isinstance(told, str) else told.decode("utf-8", "replace")
    document = _named(_document(text))
    if document is None:
        return digest(text, salt)
    kept = _Kept(salt)
    made: dict[str, Any] = {"Manifests": []}
    for key, value in document.items():
        if key == "manifests":
            made["Manifests"] = [_manifest(one, kept) for one in _listed(value, kept)]
        elif key == "componentname":
            made["ComponentName"] = _plain(value, NAME, salt)
        elif key == "componentversion":
            made["ComponentVersion"] = _plain(value, VERSION, salt)
        elif key == "componentdependencies":
            made["ComponentDependencies"] = _dependencies(value, kept)
        elif key == "componentconfiguration":
            _settings(value, kept)
        elif key == "lifecycle":
            _lifecycle(value, kept)
        elif key not in _DROPPED:
            kept.hide(value)
    return {**made, **kept.recorded()}


def reduced_settings(told: Mapping[str, Any], salt: str) -> dict[str, Any]:
    """What a deployment sets for a component (`merge`, a text of JSON), as it is recorded; `reset` names keys alone."""
    kept = _Kept(salt)
    for key, value in told.items():
        document = _document(value) if key == "merge" and isinstance(value, str) else None
        if document is not None:
            _settings(document, kept)
        elif key != "reset":
            kept.hide(value)
    return kept.recorded()


def _document(text: str) -> Any:
    """The value of a text of JSON or YAML; None where it is neither."""
    if len(text) > MAX_CHARACTERS:
        return None
    try:
        read = json_document if text.lstrip("\ufeff \t\r\n")[:1] == "{" else load_one
        return read(text, "recipe").value
    except TextError:
        return None


def _named(value: Any) -> dict[str, Any] | None:
    """An object by its keys in small letters; None for anything else, and where two keys are one then."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        return None
    found = {key.lower(): item for key, item in value.items()}
    return found if len(found) == len(value) else None


def _listed(value: Any, kept: _Kept) -> Sequence[Any]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    if value is not None:
        kept.hide(value)
    return ()


def _plain(value: Any, pattern: re.Pattern[str], salt: str) -> Any:
    return value if isinstance(value, str) and pattern.match(value) else digest(str(value), salt)


def _manifest(value: Any, kept: _Kept) -> dict[str, Any]:
    """The artifacts of a manifest."""
    found = _named(value)
    if found is None:
        kept.hide(value)
        return {}
    artifacts: list[Any] = []
    for key, item in found.items():
        if key == "artifacts":
            artifacts = [_artifact(one, kept) for one in _listed(item, kept)]
        elif key == "lifecycle":
            _lifecycle(item, kept)
        elif key not in _OF_MANIFEST:
            kept.hide(item)
    return {"Artifacts": artifacts}


def _artifact(value: Any, kept: _Kept) -> dict[str, Any]:
    """Where an artifact comes from, without what may be a secret in its address."""
    found = _named(value) or {}
    uri = found.pop("uri", None)
    for key, item in found.items():
        if key not in _OF_ARTIFACT:
            kept.hide(item)
    told = _ADDRESS.match(uri) if isinstance(uri, str) else None
    if told is None:
        kept.hide(value if uri is None else uri)
        return {}
    if told["own"] or told["name"]:  # what the service itself keeps has a key in front
        return {"Uri": told["name"] or f"greengrass:{told['own']}"}
    bucket, *parts = told["rest"].split("/")
    shown = [_HELD if _ID.match(one) else without_secrets(without_keys(one, kept.salt)) for one in parts]
    whole = uri == told["scheme"] + told["rest"]  # else the name of a file may stand in what is cut off
    if not whole or any(one != before and not _ID.match(before) for one, before in zip(shown, parts, strict=True)):
        kept.hide(uri)
    return {"Uri": told["scheme"] + "/".join([bucket, *shown])}


def _dependencies(value: Any, kept: _Kept) -> list[Any]:
    """The names of the components that it takes along."""
    if not isinstance(value, Mapping):
        if value is not None:
            kept.hide(value)
        return []
    return [_plain(name, NAME, kept.salt) for name in value]


def _texts(value: Any) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Every text inside a value, in order, with the keys above it in small letters, and the last key as it is."""
    waiting: list[tuple[tuple[str, ...], str, Any]] = [((), "", value)]
    while waiting:
        way, name, one = waiting.pop()
        if isinstance(one, str):
            yield way, name, one
        elif isinstance(one, Mapping):
            waiting += reversed([((*way, str(key).lower()), str(key), item) for key, item in one.items()])
        elif isinstance(one, Sequence):
            waiting += [(way, name, item) for item in reversed(one)]
        elif one is not None and not isinstance(one, bool | int | float):
            yield way, name, str(one)


def _settings(value: Any, kept: _Kept) -> None:
    """Values of a configuration: kept as variables are, else recognised; what it may ask of others names nothing."""
    last: tuple[tuple[str, ...], str] = ((), "")
    for way, name, text in _texts(value):
        if len(way) > 2 and _GRANTS in way[:2] and way[0] in (_GRANTS, "defaultconfiguration"):
            if kept.reads(text):
                kept.recognise(text)
        else:  # a value stands below its name, or in a list behind it
            secret = any(map(speaks_of_a_secret, way)) or (last[0] == way and speaks_of_a_secret(last[1]))
            _setting(name, text, kept, secret=secret)
        last = way, text


def _setting(name: str, text: str, kept: _Kept, *, secret: bool = False) -> None:
    if _IDLE.match(text) or not kept.reads(text):
        return
    kept.recognise(text)
    shown = variable(name, _QUERY.sub(r"\g<scheme>\g<rest>", text), kept.salt)
    if _COMMAND.search(text):  # it may stand in a script, which runs it then
        kept.unseen.append(f"{name}={text}")
    if (
        not secret
        and isinstance(shown, str)
        and "@" not in shown
        and without_secrets(f"{name}: {shown}") == f"{name}: {shown}"
    ):
        kept.settings[shown] = None
    else:
        kept.unseen.append(f"{name}={text}")


def _lifecycle(value: Any, kept: _Kept) -> None:
    """Scripts: what is recognised in them, and whether there is more than lines that bring nothing."""
    for way, name, text in _texts(value):
        if way[-2:-1] == ("setenv",):
            _setting(name, text, kept)
        elif not _IDLE.match(text) and not (way[-1:] == ("skipif",) and _SKIPS.match(text)) and kept.reads(text):
            kept.recognise(text)
            if not brings_nothing(text):
                kept.unseen.append(text)
