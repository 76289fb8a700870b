"""Which values of variables and ConfigMaps are recorded as they are; every other one is a salted digest.

The table is of names, as the builders read them: what a rule decides by is recorded, so that a bundle and the cluster
that it was made of give the same verdicts. A name that speaks of a secret, and a text that looks like one, never is.
"""

from __future__ import annotations

import hmac
import re
from fnmatch import translate
from functools import cache, lru_cache

from scanner import tables
from scanner.patterns import lazy

DIGEST = "$digest"
"""The one key of the object that stands for a value that is not recorded."""

NAMES = (
    "*MODEL*", "*URL*", "*URI*", "*HOST*", "*ENDPOINT*", "*_BASE", "*BUCKET*", "*REGION*", "*ZONE*", "*PATH*", "*_DIR*",
    "*_HOME", "*PORT*", "*ARN*", "*GUARD*", "*SAFETY*", "*SHIELD*", "*FILTER*", "*MODERAT*", "*CLASSIF*", "*HARM*",
    "*THRESHOLD*", "*POLICY*", "*MODE*", "*ENABLE*", "*DISABLE*", "*SKIP*", "*BYPASS*", "*ALLOW*", "*FAIL*", "*LEVEL*",
    "*REVISION*", "*VERSION*", "*LOG*", "*AUDIT*", "*SINK*", "*PROVIDER*", "*SERVER*", "*SERVICE*", "*UPSTREAM*",
    "*BACKEND*", "*GATEWAY*", "*CLUSTER*", "*NAMESPACE*", "*ACCOUNT*", "*PARTITION*", "*PROJECT*", "*ARGS*", "*OPTS*",
    "*OPTIONS*", "*CONFIG*", "*ADAPTER*", "*LORA*", "*IMAGE*", "*OFFLINE*", "HF_*", "VLLM_*", "NIM_*", "NGC_*",
    "OLLAMA_*", "RAY_*", "TRANSFORMERS_*", "AWS_*", "AZURE_*", "GOOGLE_*", "NEMO_*", "LITELLM_*", "OPENAI_*",
    "MAPROLES", "MAPUSERS", "MAPACCOUNTS", "CNI-*", "*NETWORK*", "*ENFORCE*", "NO-MATCH-POLICY", "CUSTOM-CNI-CONF",
    "COREFILE*", "*.OVERRIDE", "*.INCLUDE", "STUBDOMAINS",
)  # fmt: skip
"""Names, in capitals; `*` is any text. Beside these, every variable that a table of the rules names."""

_NAME_SERVER = lazy(r"(?i)corefile|\.(?:server|override|include)\Z")
"""Entries by which a cluster's server of names goes, in the words of CoreDNS: a name, and what follows it."""
_PLUG_IN_SECRET = lazy(
    r"(?m)(?P<before>(?:^|[{;])[ \t]*(?:credentials|aws_access_key|secret)[ \t]+)(?P<value>[^\n{}]+)"
)
"""Options of the plug-ins `etcd`, `route53` and `tsig` that bear one."""

_ANY_NAME = lazy("|".join(translate(pattern) for pattern in NAMES))

_SECRET_NAME = lazy(
    r"(?i)passw|passphrase|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key|master[_-]?key|signing"
    r"|encryption|(?:^|[_-])(?:key|pat|pwd|dsn|auth|salt|cert|pem)s?$|connection[_-]?string"
)
_PLAIN = lazy(
    r"(?i)(?:|true|false|yes|no|on|off|none|null|empty|dummy|fake|unused|not[-_ ]?(?:needed|used|required)|na|n/a|x+"
    r"|placeholder|test|anything|ignored|changeme|no[-_]?key|sk-(?:xxx+|fake|dummy|1234|0000|none)[x0-9]*)\Z"
)
"""Values that hide nothing: switches, and the words that fill the place of a key."""
_NUMBER = lazy(r"[+-]?\d{1,9}(?:\.\d{1,6})?\Z")
_SECRET_VALUE = lazy(
    r"-----BEGIN|\b(?:AKIA|ASIA|ABSK)[A-Za-z0-9+/=]{12,}|\b(?:gh[pousr]_|github_pat_|hf_|sk-|xox[abprs]-|glpat-|nvapi-)"
    r"[\w-]{10,}|\beyJ[\w-]{8,}\.[\w.-]+|://[^\s/@:]*:[^\s/@]+@"
)
_ENTRY = lazy(r"(?m)^(?P<before>[ \t]*(?:- +)?[\"']?(?P<key>[\w.$/-]+)[\"']?[ \t]*[:=][ \t]*)(?P<value>[^\s#].*)$")
_INLINE = lazy(r"(?P<before>[\"'](?P<key>[\w.$/-]+)[\"']\s*:\s*)(?P<value>\"(?:[^\"\\]|\\.)*\")")
_PEM = lazy(r"-----BEGIN [^-]+-----.*?(?:-----END [^-]+-----|\Z)", re.DOTALL)
_REFERENCE = lazy(r"[\"']?(?:os\.environ/|\$\{?|\{\{|[|>][-+0-9]*\Z|[\[{]|!)")
_SETTING = lazy(r"(?m)^\s*(?:- +)?[\"']?[\w.$/-]+[\"']?\s*:")


def digest(value: str, salt: str) -> dict[str, str]:
    """What stands for a value that is not recorded: equal values of one bundle have equal digests."""
    made = hmac.digest(salt.encode("utf-8"), value.encode("utf-8", "surrogatepass"), "sha256")
    return {DIGEST: made.hex()}


def speaks_of_a_secret(name: str) -> bool:
    """Whether a name is one that a secret has."""
    return _SECRET_NAME.search(name) is not None


def variable(name: str, value: str, salt: str) -> str | dict[str, str]:
    """The value of a variable as it is recorded."""
    return value if _kept(name, value) else digest(value, salt)


@lru_cache(maxsize=16_384)
def _kept(name: str, value: str) -> bool:
    """Whether the value of a variable is recorded; the copies of a workload ask for the same ones again and again."""
    if _PLAIN.match(value):
        return True
    if _SECRET_NAME.search(name) or _SECRET_VALUE.search(value):
        return False
    return _NUMBER.match(value) is not None or _named(name) or _gives_a_place_away(value)


def setting(name: str, value: str, salt: str) -> str | dict[str, str]:
    """An entry of a ConfigMap as it is recorded: a document of settings without the secrets inside, else a variable."""
    if _NAME_SERVER.search(name) and not _SECRET_NAME.search(name):
        value = _PLUG_IN_SECRET.sub(lambda found: f"{found['before']}{_short(found['value'], salt)}", value)
        return without_secrets(value, salt)
    if "\n" not in value.strip():
        return variable(name, value, salt)
    if not _SECRET_NAME.search(name) and (_SETTING.search(value) or _named(name) or _gives_a_place_away(value)):
        return without_secrets(value, salt)
    return digest(value, salt)


def without_secrets(text: str, salt: str) -> str:
    """A document whose entries of secret names, keys and certificates are digests, and all else is as it was."""

    def hide(found: re.Match[str]) -> str:
        value = found["value"]
        plain = value.strip().strip("\"',")
        harmless = _REFERENCE.match(value) or _PLAIN.match(plain) or not _SECRET_NAME.search(found["key"])
        return found.group() if harmless else f"{found['before']}{_short(value, salt)}{_after(value)}"

    shown = _PEM.sub(lambda found: _short(found.group(), salt), text)
    shown = _INLINE.sub(hide, shown) if "{" in shown else shown
    shown = _ENTRY.sub(hide, shown)
    return _SECRET_VALUE.sub(lambda found: _short(found.group(), salt), shown)


def script(text: str, salt: str) -> str | dict[str, str]:
    """A start script as it is recorded: without its secrets where a table knows something in it, else as a digest."""
    return without_secrets(text, salt) if _gives_a_place_away(text) else digest(text, salt)


def without_keys(text: str, salt: str) -> str:
    """A text of any kind in which keys, tokens and private keys that are known by their form are digests."""
    if len(text) < 12 or not _SECRET_VALUE.search(text):
        return text
    shown = _PEM.sub(lambda found: _short(found.group(), salt), text)
    return _SECRET_VALUE.sub(lambda found: _short(found.group(), salt), shown)


def _after(value: str) -> str:
    return "," if value.rstrip().endswith(",") else ""


def _short(value: str, salt: str) -> str:
    return (
        f'"digest-{digest(value, salt)[DIGEST][:16]}"'
        if value[:1] in "\"'"
        else f"digest-{digest(value, salt)[DIGEST][:16]}"
    )


@lru_cache(maxsize=16_384)
def _named(name: str) -> bool:
    return _ANY_NAME.match(name.upper()) is not None or name in _variables()


@cache
def _variables() -> frozenset[str]:
    """The variables that the tables name."""
    found = {row.key for row in tables.model_facts("environment")}
    found |= {row.key or row.id for row in tables.artifacts("offline-variable")}
    return frozenset(found)


def _gives_a_place_away(value: str) -> bool:
    """Whether a text is one that the table of literals knows."""
    return any(pattern.search(value) for pattern in _literals())


@cache
def _literals() -> tuple[re.Pattern[str], ...]:
    rows = (row for fact in ("id", "command") for row in tables.literals(fact))
    return tuple(tables.pattern(row.regex) for row in rows)
