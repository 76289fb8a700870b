"""The variables in which programs look for the key of a model API, and where a key goes by the variables beside it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from scanner.builders.blocks import Found
from scanner.patterns import lazy
from scanner.unknown import Unknown, Value


class Vendor(Struct, frozen=True):
    """A model API. host: the end of its public host name; fixed: its key can be used nowhere else."""

    prefix: str
    host: str
    fixed: bool = False


VENDORS: dict[str, Vendor] = {
    "OPENAI_API_KEY": Vendor("OPENAI", "api.openai.com"),
    "AZURE_OPENAI_API_KEY": Vendor("AZURE_OPENAI", "openai.azure.com"),
    "AZURE_OPENAI_KEY": Vendor("AZURE_OPENAI", "openai.azure.com"),
    "ANTHROPIC_API_KEY": Vendor("ANTHROPIC", "api.anthropic.com"),
    "ANTHROPIC_AUTH_TOKEN": Vendor("ANTHROPIC", "api.anthropic.com"),
    "GEMINI_API_KEY": Vendor("GEMINI", "generativelanguage.googleapis.com"),
    "MISTRAL_API_KEY": Vendor("MISTRAL", "api.mistral.ai"),
    "COHERE_API_KEY": Vendor("COHERE", "api.cohere.com"),
    "GROQ_API_KEY": Vendor("GROQ", "api.groq.com"),
    "TOGETHER_API_KEY": Vendor("TOGETHER", "api.together.xyz"),
    "FIREWORKS_API_KEY": Vendor("FIREWORKS", "api.fireworks.ai"),
    "DEEPSEEK_API_KEY": Vendor("DEEPSEEK", "api.deepseek.com"),
    "OPENROUTER_API_KEY": Vendor("OPENROUTER", "openrouter.ai"),
    "XAI_API_KEY": Vendor("XAI", "api.x.ai"),
    "AWS_BEARER_TOKEN_BEDROCK": Vendor("AWS", "amazonaws.com", fixed=True),
}
"""By variable, as the vendors' own libraries read them (their documentation of environment variables)."""
BASE = lazy(r"(?:BASE|BASE_?URLS?|API_?BASE(?:_?URLS?)?|ENDPOINT|API_?URL|HOST)$")
AIMED = lazy(r"(?i)(?:base_?url|api_?base|endpoint|llm_?url|gateway_?url|inference_?url)s?$")
DECOY = lazy(
    r"(?i)^(?:|empty|none|null|dummy|fake|unused|not[-_ ]?(?:needed|used|required)|na|n/a|x+|placeholder|test|anything"
    r"|sk-(?:xxx+|fake|dummy|1234|0000|none).*|no[-_]?key|ignored|changeme)$"
)


def vendor_of(variable: str) -> Vendor | None:
    """The API whose key a variable of this name holds; None for any other variable."""
    return VENDORS.get(variable)


def decoy(value: Value) -> bool:
    """Whether a value is no key: nothing, or a word that fills the place of one."""
    return value is None or (isinstance(value, str) and DECOY.match(value.strip()) is not None)


def destination(vendor: Vendor, name: str, env: Mapping[str, Found]) -> tuple[bool | Unknown, str]:
    """Whether a key goes to the vendor's public API, by the base URLs that stand beside it, and why."""
    if vendor.fixed:
        return True, f"it holds a long-lived key of a model API (`{name}`)"
    for variable, found in sorted(env.items()):
        rest = variable.removeprefix(f"{vendor.prefix}_")
        if rest == variable or not BASE.search(rest):
            continue
        if isinstance(found.value, Unknown) and not found.text:
            return found.value, f"where the key of `{name}` goes is not known: `{variable}` says so"
        if isinstance(found.value, str | Unknown):
            host = urlsplit(found.text if "//" in found.text else f"//{found.text}").netloc.partition(":")[0]
            if host.endswith(vendor.host):
                return True, f"it holds a long-lived key of `{vendor.host}` (`{name}`)"
            return False, f"the key of `{name}` goes to `{host}`, by `{variable}`"
    aimed = sorted(variable for variable in env if AIMED.search(variable) and not decoy(env[variable].value))
    if aimed:
        because = f"whether the key of `{name}` goes to `{vendor.host}` or where `{aimed[0]}` says is not known"
        return Unknown(because, decided_by=(aimed[0],)), because
    return True, f"it holds a long-lived key (`{name}`), which goes to `{vendor.host}`: no base URL is set"
