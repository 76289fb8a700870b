"""Filters of guardrails: what each one looks at, on which side, how strictly, and what it does with a hit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scanner.builders.blocks import Found, at, doubt
from scanner.builders.draft import World
from scanner.graph.facts import Filter
from scanner.origin import Origin
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown, Value

SIDES = ("input", "output")
NO_OUTPUT = frozenset({"PROMPT_ATTACK"})
"""Filters of Bedrock whose output side the API wants to be NONE."""
BEDROCK_LISTS = (
    # path of the list, prefix of the type, argument that names one, action argument before it is split by side
    ("topic_policy_config.topics_config", "TOPIC", "name", ""),
    ("word_policy_config.words_config", "WORD", "text", ""),
    ("word_policy_config.managed_word_lists_config", "WORDS", "type", ""),
    ("sensitive_information_policy_config.pii_entities_config", "PII", "type", "action"),
    ("sensitive_information_policy_config.regexes_config", "REGEX", "name", "action"),
)
SEVERITIES = {"low": "HIGH", "medium": "MEDIUM", "high": "LOW"}
"""Azure's threshold is the least severity that is blocked: the lower, the stricter."""
AZURE_TYPES = {
    "hate": "HATE",
    "violence": "VIOLENCE",
    "sexual": "SEXUAL",
    "selfharm": "SELF_HARM",
    "jailbreak": "PROMPT_ATTACK",
    "indirect attack": "INDIRECT_ATTACK",
    "profanity": "PROFANITY",
}
CONFIDENCE = {"LOW_AND_ABOVE": "HIGH", "MEDIUM_AND_ABOVE": "MEDIUM", "HIGH": "LOW"}
"""Model Armor's level is the least confidence that counts as a hit: the lower, the stricter."""
ARMOR_TYPES = {"HATE_SPEECH": "HATE", "HARASSMENT": "INSULTS", "SEXUALLY_EXPLICIT": "SEXUAL", "DANGEROUS": "MISCONDUCT"}


def add_filters(world: World) -> None:
    """A Filter fact for each filter and side of every guardrail in Terraform."""
    ways: dict[str, Callable[[Resource], Iterator[Filter]]] = {
        "aws_bedrock_guardrail": bedrock,
        "awscc_bedrock_guardrail": bedrock,
        "azurerm_cognitive_account_rai_policy": azure,
        "google_model_armor_template": model_armor,
    }
    for kind, way in ways.items():
        for resource in world.inventory.of(kind):
            for fact in way(resource):
                world.add_fact(resource.id, fact)


def bedrock(resource: Resource) -> Iterator[Filter]:
    """The filters of a Bedrock guardrail, in the AWS or the Cloud Control provider's writing."""
    for block in _blocks(resource, "content_policy_config.filters_config"):
        for side in SIDES:
            yield _content(block, side)
    for path, prefix, name, action in BEDROCK_LISTS:
        for block in _blocks(resource, path):
            for side in SIDES:
                yield _listed(block, side, prefix, name, action)
    for block in _blocks(resource, "contextual_grounding_policy_config.filters_config"):
        yield _grounding(block)


def _content(block: Found, side: str) -> Filter:
    kind = _type(block, "type")
    none = kind in NO_OUTPUT and side == "output"
    because = "the provider demands NONE on the output side of this filter" if none else _says(block, side)
    return Filter(
        origin=mark(block.value, f"{side}_strength") or block.origin,
        because=because,
        type=kind,
        side=side,
        enabled=_enabled(block, f"{side}_enabled"),
        strength=_word(block, f"{side}_strength", "NONE"),
        action=_word(block, f"{side}_action", "BLOCK"),
        required_none=none,
    )


def _says(block: Found, side: str) -> str:
    strength = dig(block.value, f"{side}_strength")
    if strength is None:
        return f"`{side}_strength` is not set: nothing is filtered on this side"
    return f"`{side}_strength` is `{strength}`" if isinstance(strength, str) else f"`{side}_strength` is not known"


def _listed(block: Found, side: str, prefix: str, name: str, action: str) -> Filter:
    kind = _type(block, name)
    whole = _word(block, action, "BLOCK") if action else "BLOCK"
    sided = dig(block.value, f"{side}_action")
    decided = f"{side}_action" if sided is not None or not action else action
    return Filter(
        origin=mark(block.value, f"{side}_enabled") or mark(block.value, decided) or block.origin,
        because=f"`{decided}` is `{sided}`" if isinstance(sided, str) else f"{prefix.lower()} filter on {side}",
        type=kind if isinstance(kind, Unknown) else f"{prefix}:{kind}",
        side=side,
        enabled=_enabled(block, f"{side}_enabled"),
        strength="",
        action=_word(block, f"{side}_action", "") if sided is not None else whole,
    )


def _grounding(block: Found) -> Filter:
    kind = _type(block, "type")
    return Filter(
        origin=mark(block.value, "threshold") or block.origin,
        because="answers are held against their sources",
        type=kind if isinstance(kind, Unknown) else f"GROUNDING:{kind}",
        side="output",
        enabled=_enabled(block, "enabled"),
        strength="",
        action=_word(block, "action", "BLOCK"),
    )


def azure(resource: Resource) -> Iterator[Filter]:
    """The content filters of an Azure RAI policy: each row looks at prompts or at completions."""
    sides = {"prompt": "input", "completion": "output"}
    for block in _blocks(resource, "content_filter"):
        source, name, threshold = (dig(block.value, key) for key in ("source", "name", "severity_threshold"))
        kind: str | Unknown = name if isinstance(name, Unknown) else str(name or "")
        if isinstance(kind, str):
            kind = AZURE_TYPES.get(kind.lower(), kind)
        strength = threshold if isinstance(threshold, Unknown) else SEVERITIES.get(str(threshold or "").lower(), "")
        blocks = _flag(block, "block_enabled", default=True)
        for side in [sides[source.lower()]] if isinstance(source, str) and source.lower() in sides else SIDES:
            yield Filter(
                origin=mark(block.value, "severity_threshold") or block.origin,
                because=f"`severity_threshold` is `{threshold}`" if isinstance(threshold, str) else "no threshold",
                type=source if isinstance(source, Unknown) else kind,
                side=side,
                enabled=_enabled(block, "filter_enabled"),
                strength=strength,
                action=blocks if isinstance(blocks, Unknown) else "BLOCK" if blocks else "NONE",
            )


def model_armor(resource: Resource) -> Iterator[Filter]:
    """The filters of a Model Armor template: each looks at prompts and answers alike."""
    action = "BLOCK"
    for one in at(resource, "template_metadata.enforcement_type"):
        action = "NONE" if one.text == "INSPECT_ONLY" else action
    for block in _blocks(resource, "filter_config.rai_settings.rai_filters"):
        kind = _type(block, "filter_type")
        name = kind if isinstance(kind, Unknown) else ARMOR_TYPES.get(kind, kind)
        level = dig(block.value, "confidence_level")
        strength = level if isinstance(level, Unknown) else CONFIDENCE.get(str(level), "HIGH")
        says = f"`confidence_level` is `{level}`" if isinstance(level, str) else "`confidence_level` is not set"
        yield from _both(mark(block.value, "confidence_level") or block.origin, says, name, True, strength, action)
    for path, kind in (
        ("pi_and_jailbreak_filter_settings", "PROMPT_ATTACK"),
        ("malicious_uri_filter_settings", "MALICIOUS_URI"),
        ("sdp_settings.basic_config", "PII:BASIC"),
    ):
        for block in _blocks(resource, f"filter_config.{path}"):
            enforced = dig(block.value, "filter_enforcement")
            enabled = enforced if isinstance(enforced, Unknown) else enforced == "ENABLED"
            level = dig(block.value, "confidence_level")
            strength = level if isinstance(level, Unknown) else CONFIDENCE.get(str(level), "")
            says = f"`filter_enforcement` is `{enforced}`" if enforced else "`filter_enforcement` is not set: it is off"
            yield from _both(
                mark(block.value, "filter_enforcement") or block.origin, says, kind, enabled, strength, action
            )


def _both(
    origin: Origin | None, says: str, kind: str | Unknown, on: bool | Unknown, strength: str | Unknown, action: str
) -> Iterator[Filter]:
    for side in SIDES:
        yield Filter(origin=origin, because=says, type=kind, side=side, enabled=on, strength=strength, action=action)


def _blocks(resource: Resource, path: str) -> Iterator[Found]:
    """Each block at `path`; a block that may not exist, or is not known itself, keeps its doubt."""
    for found in at(resource, path):
        items = found.value if isinstance(found.value, list | tuple) else [found.value]
        for index, item in enumerate(items):
            yield Found(item, mark(found.value, index) or found.origin, found.possible or doubt(item))


def _type(block: Found, key: str) -> str | Unknown:
    """What the filter looks for; a block that may not exist filters nothing for certain."""
    if block.possible is not None:
        return block.possible
    if isinstance(block.value, Unknown):
        return block.value
    value = dig(block.value, key)
    return value if isinstance(value, (str, Unknown)) else str(value or "")


def _word(block: Found, key: str, default: str) -> str | Unknown:
    value: Value = dig(block.value, key)
    if value is None:
        return default
    return value if isinstance(value, Unknown) else str(value)


def _enabled(block: Found, key: str) -> bool | Unknown:
    return _flag(block, key, default=True)


def _flag(block: Found, key: str, *, default: bool) -> bool | Unknown:
    value = dig(block.value, key)
    if value is None:
        return default
    return value if isinstance(value, Unknown) else str(value).lower() == "true"
