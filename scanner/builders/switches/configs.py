"""Settings documents of gateways and filters, and what kind each is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scanner.builders.blocks import first
from scanner.builders.draft import World
from scanner.builders.recognise.upstreams import documents_in
from scanner.builders.switches.match import Spot, spots
from scanner.resource import Encoded, Resource
from scanner.unknown import Unknown, Value
from scanner.yamltext import TextError, json_document

KEYS = {
    "litellm": ("model_list", "litellm_settings"),
    "envoy": ("static_resources", "dynamic_resources", "staticResources", "dynamicResources"),
    "kong": ("_format_version",),
    "istio-mesh": ("extensionProviders",),
    "opea-chatqna": ("guardrails-usvc", "vllm-guardrails"),
    "portkey": ("before_request_hooks", "after_request_hooks", "input_guardrails", "output_guardrails"),
}
"""By kind of settings: keys at the top of a document that no other kind has."""


def kind_of(document: Value) -> str:
    """The kind of a settings document, as the switches table names it; "" for one that no table knows."""
    if not isinstance(document, Mapping):
        return ""
    for kind, keys in KEYS.items():
        if any(key in document for key in keys):
            return kind
    if isinstance(document.get("rails"), Mapping):
        return "nemo-guardrails"
    listed = document.get("guardrails")
    if isinstance(listed, Sequence) and any(isinstance(one, Mapping) and "litellm_params" in one for one in listed):
        return "litellm"
    return "portkey" if any(True for _ in spots(Spot(document, None), "targets[].**.before_request_hooks")) else ""


def configs(world: World, resource: Resource) -> Iterator[tuple[str, Spot]]:
    """The settings documents that a resource holds, each with its kind."""
    if resource.kind == "ConfigMap" or (resource.kind == "Secret" and resource.group == ""):
        for found in documents_in(resource):
            yield kind_of(found.value), Spot(found.value, found.origin)
    elif resource.kind == "aws_organizations_policy":
        type_, content = first(resource, "type"), first(resource, "content")
        if type_ is not None and type_.text == "BEDROCK_POLICY" and content is not None:
            yield "bedrock-organization-policy", Spot(_json(content.value), content.origin)


def _json(content: Value) -> Value:
    if isinstance(content, Unknown | Encoded):
        return content.document if content.document is not None else content
    try:
        return json_document(content, "content").value if isinstance(content, str) else content
    except TextError:
        return Unknown("the policy is not valid JSON")
