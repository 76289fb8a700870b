"""Which model a reference means, written as `models.approved[].id` writes it."""

from __future__ import annotations

from msgspec import Struct

from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.unknown import Unknown, Value

_SCHEMES = ("s3://", "gs://", "https://", "http://", "abfs://", "azure://", "pvc://", "hdfs://", "webhdfs://", "oss://")
_DIGEST = lazy(r"@(sha256:[0-9a-f]{64})$")
_COMMIT = lazy(r"^[0-9a-f]{40}$")
_HUB = lazy(r"^[A-Za-z0-9][\w.-]*(/[\w.-]+)?$")
_BEDROCK_ARN = lazy(
    r"^arn:aws[a-z-]*:bedrock:[^:]*:[^:]*:(?P<kind>foundation-model|inference-profile|application-inference-profile|"
    r"custom-model|imported-model|provisioned-model|prompt-router|default-prompt-router)/(?P<id>.+)$"
)


class Reference(Struct, frozen=True):
    """A model's name in the profile's writing, and its digest ("sha256:...", "git:<commit>", or "") with its line."""

    name: str | Unknown
    digest: str | Unknown = ""
    pinned_at: Origin | None = None


def of(value: Value, what: str, scheme: str = "hf") -> Reference:
    """The reference that `value` is; `what` names the setting, `scheme` what a bare name means (hf, ollama, nim)."""
    if isinstance(value, Unknown):
        return Reference(value)
    if not isinstance(value, str) or not value.strip():
        return Reference(Unknown(f"`{what}` is not a name", decided_by=(what,)))
    raw = value.strip()
    if raw.startswith(("oci://", "docker://")):
        return image(raw.partition("://")[2])
    if raw.startswith("hf://"):
        return _hub(raw[5:], what)
    if raw.startswith("ollama://"):
        return Reference(f"ollama:{raw[9:]}")
    if raw.startswith(_SCHEMES):
        return Reference(raw)
    if raw.startswith(("/", "./", "../", "~")):
        return Reference(inside(raw, what))
    if raw.startswith("arn:"):
        return Reference(bedrock(raw))
    return _hub(raw, what) if scheme == "hf" else Reference(f"{scheme}:{raw}")


def inside(path: str, what: str) -> Unknown:
    """The Unknown for a path in the container: its files may be anything."""
    return Unknown(f"`{what}` names `{path}`, a path inside the container", decided_by=(what,))


def _hub(name: str, what: str) -> Reference:
    name, _, revision = name.partition("@")
    if _HUB.match(name) is None:
        return Reference(Unknown(f"`{what}` is `{name}`, which names no model", decided_by=(what,)))
    return Reference(f"hf:{name}", commit(revision))


def commit(revision: Value) -> str | Unknown:
    """A full commit as a digest; a branch or a tag moves, and is none."""
    if isinstance(revision, Unknown):
        return revision
    return f"git:{revision}" if isinstance(revision, str) and _COMMIT.match(revision) else ""


def image(reference: Value) -> Reference:
    """A model that lies in an image or an OCI artifact: its digest is its identity, its tag moves."""
    if isinstance(reference, Unknown):
        return Reference(reference)
    written = str(reference)
    found = _DIGEST.search(written)
    return Reference(f"oci:{written}", found.group(1) if found else "")


def nim(reference: str) -> Reference:
    """The model of an NVIDIA NIM image: the image's name without registry and tag."""
    found = _DIGEST.search(reference)
    bare = _DIGEST.sub("", reference).partition("nvcr.io/nim/")[2]
    return Reference(f"nim:{bare.partition(':')[0]}", found.group(1) if found else "")


def bedrock(value: Value) -> str | Unknown:
    """A Bedrock model id from an id or an ARN; `bedrock:custom-model/...` for what is not a foundation model."""
    written = value.text() if isinstance(value, Unknown) else str(value)
    found = _BEDROCK_ARN.match(written)
    if isinstance(value, Unknown) and (found is None or "*" in found["id"]):
        return value  # a region or an account that is not known leaves the model's id readable
    if found is None:
        return f"bedrock:{written}"
    short = found["kind"] in ("foundation-model", "inference-profile")
    return f"bedrock:{found['id']}" if short else f"bedrock:{found['kind']}/{found['id']}"
