"""Filters of guardrails: what each one looks at, on which side, how strictly, and what it does with a hit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from scanner.builders.blocks import Found, at, doubt
from scanner.builders.draft import World
from scanner.graph.facts import Filter
from scanner.graph.model import Node, Role
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
    for node in world.with_role(Role.GUARDRAIL):
        if node.id not in world.inventory.by_id:
            world.add_fact(node.id, _unread(node))


def _unread(node: Node) -> Filter:
    """The filters of a guardrail that no input declares."""
    cause = "no input declares it"
    unknown = Unknown(cause, code="peer-not-in-input", decided_by=(node.address,))
    return Filter(
        origin=node.origin,
        because=cause,
        type=unknown,
        side="input",
        enabled=unknown,
        strength=unknown,
        action=unknown,
    )


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
    strength, action = _word(block, f"{side}_strength", "NONE"), _word(block, f"{side}_action", "BLOCK")
    enabled = _enabled(block, f"{side}_enabled")
    settings = ((f"{side}_enabled", enabled), (f"{side}_strength", strength), (f"{side}_action", action))
    key = f"{side}_strength" if none else _decisive(settings, f"{side}_strength")
    return Filter(
        origin=mark(block.value, key) or block.origin,
        because="the provider demands NONE on the output side of this filter" if none else _says(block, key),
        type=kind,
        side=side,
        enabled=enabled,
        strength=strength,
        action=action,
        required_none=none,
    )


def _decisive(settings: Sequence[tuple[str, str | bool | Unknown]], usual: str) -> str:
    """The first setting by which a filter does not block, else one that nobody knows, else the usual one."""
    off = (key for key, value in settings if value is False or value == "NONE")
    unknown = (key for key, value in settings if isinstance(value, Unknown))
    return next(off, None) or next(unknown, usual)


def _says(block: Found, key: str) -> str:
    value = dig(block.value, key)
    if value is None:
        return f"`{key}` is not set: nothing is filtered on this side"
    if isinstance(value, Unknown):
        return f"`{key}` is not known"
    return f"`{key}` is `{str(value).lower() if isinstance(value, bool) else value}`"


def _listed(block: Found, side: str, prefix: str, name: str, action: str) -> Filter:
    kind = _type(block, name)
    whole = _word(block, action, "BLOCK") if action else "BLOCK"
    sided = dig(block.value, f"{side}_action")
    does = _word(block, f"{side}_action", "") if sided is not None else whole
    enabled = _enabled(block, f"{side}_enabled")
    acts = f"{side}_action" if sided is not None or not action else action
    key = _decisive(((f"{side}_enabled", enabled), (acts, does)), acts)
    return Filter(
        origin=mark(block.value, key) or block.origin,
        because=f"{prefix.lower()} filter on {side}" if dig(block.value, key) is None else _says(block, key),
        type=kind if isinstance(kind, Unknown) else f"{prefix}:{kind}",
        side=side,
        enabled=enabled,
        strength="",
        action=does,
    )


def _grounding(block: Found) -> Filter:
    kind = _type(block, "type")
    enabled, action = _enabled(block, "enabled"), _word(block, "action", "BLOCK")
    key = _decisive((("enabled", enabled), ("action", action)), "threshold")
    return Filter(
        origin=mark(block.value, key) or block.origin,
        because="answers are held against their sources" if key == "threshold" else _says(block, key),
        type=kind if isinstance(kind, Unknown) else f"GROUNDING:{kind}",
        side="output",
        enabled=enabled,
        strength="",
        action=action,
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
        enabled = _enabled(block, "filter_enabled")
        settings = (("filter_enabled", enabled), ("severity_threshold", strength), ("block_enabled", blocks))
        key = _decisive(settings, "severity_threshold")
        for side in [sides[source.lower()]] if isinstance(source, str) and source.lower() in sides else SIDES:
            yield Filter(
                origin=mark(block.value, key) or block.origin,
                because="no threshold" if dig(block.value, key) is None else _says(block, key),
                type=source if isinstance(source, Unknown) else kind,
                side=side,
                enabled=enabled,
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
