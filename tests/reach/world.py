"""A deployment with a model and a stack, into which one object of a table is put; the rules' answers to it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import yaml

from scanner.builders.build import build
from scanner.catalogue import rules
from scanner.findings import Finding
from scanner.judge import Case
from scanner.origin import FileOrigin
from scanner.profile import Profile
from scanner.profile_file import parse_profile
from scanner.resource import Attrs, Items, Provider, Resource
from scanner.sources.kubernetes.kinds import cluster_scoped

LINE = FileOrigin("table.yaml", 1)
AWS = Provider("aws", "hashicorp/aws", "provider.aws", Attrs({"region": "us-gov-west-1"}), LINE)
SETTINGS = """
safety_stack:
  gateways: [ns/Deployment/gateway, azurerm_linux_web_app.x]
  classifiers: [ns/Deployment/prompt-guard]
  guardrails:
    - {id: aws_bedrock_guardrail.x}
    - {id: awscc_bedrock_guardrail.x}
    - {id: azurerm_cognitive_account_rai_policy.x}
    - {id: google_model_armor_template.x}
    - {id: gr7acme2026x, version: "3"}
  required_filters: {HATE: {input: HIGH, output: HIGH}, PROMPT_ATTACK: {input: HIGH}}
models:
  approved: [{id: none}]
  stores: ["s3://weights", azurerm_storage_account.weights, google_storage_bucket.weights]
  servers: [ns/Deployment/model]
places:
  - {provider: aws, partition: aws-us-gov, accounts: ["111122223333"], regions: [us-gov-west-1]}
  - {provider: azure, accounts: [acme], regions: [usgovvirginia]}
"""


@cache
def profile() -> Profile:
    return parse_profile(SETTINGS, "tether.yaml")


def attrs(value: Any) -> Any:
    """Python values as a reader hands them over."""
    if isinstance(value, dict):
        return Attrs({key: attrs(item) for key, item in value.items()}, dict.fromkeys(value, LINE))
    if isinstance(value, list):
        return Items([attrs(item) for item in value], [LINE for _ in value])
    return value


def terraform(kind: str, body: dict[str, Any], name: str = "x", *, data: bool = False) -> Resource:
    address = f"data.{kind}.{name}" if data else f"{kind}.{name}"
    return Resource(address, "main", kind, name, attrs(body), LINE, "terraform", provider=AWS, data=data)


def manifest(group: str, kind: str, body: dict[str, Any], name: str = "x") -> Resource:
    metadata = {"name": name, "namespace": "ns", **(body.get("metadata") or {})}
    name = metadata["name"]
    space = "" if cluster_scoped(group, kind) else "ns"
    address = f"{space}/{kind}/{name}" if space else f"{kind}/{name}"
    whole = attrs({**body, "metadata": metadata, "kind": kind, "apiVersion": f"{group}/v1" if group else "v1"})
    return Resource(address, "main", kind, name, whole, LINE, "kubernetes", group=group, namespace=space)


def workload(
    name: str, image: str, *, args: str = "", env: dict[str, str] | None = None, meta: dict[str, Any] | None = None,
    config: str = "", spec: dict[str, Any] | None = None,
) -> Resource:  # fmt: skip
    """A Deployment of one container; `config` is a ConfigMap that it mounts, `spec` more of its pods' specification."""
    container: dict[str, Any] = {"name": "c", "image": image}
    if args:
        container["args"] = [args]
    if env:
        container["env"] = [{"name": key, "value": value} for key, value in env.items()]
    pod: dict[str, Any] = {**(spec or {}), "containers": [container]}
    if config:
        pod["volumes"] = [{"name": "config", "configMap": {"name": config}}]
    labels = {"app": name, **((meta or {}).get("labels") or {})}
    template = {"metadata": {**(meta or {}), "labels": labels}, "spec": pod}
    body = {"spec": {"selector": {"matchLabels": {"app": name}}, "template": template}}
    return manifest("apps", "Deployment", body, name)


def settings(document: dict[str, Any]) -> Resource:
    """The ConfigMap that the gateway mounts, with one document."""
    text = "# settings\n" + yaml.safe_dump(document, sort_keys=False)
    return manifest("", "ConfigMap", {"data": {"config.yaml": text}}, "settings")


def organisation_policy(document: dict[str, Any]) -> Resource:
    return terraform("aws_organizations_policy", {"type": "BEDROCK_POLICY", "content": json.dumps(document)})


def surroundings() -> list[Resource]:
    """A model, a gateway and a classifier."""
    return [
        workload("model", "vllm/vllm-openai", args="--model=s3://weights/m/v1/"),
        workload("gateway", "ghcr.io/berriai/litellm", config="settings"),
        workload("prompt-guard", "vllm/vllm-openai", args="--model=s3://weights/guard/v1/"),
    ]


def companions(listed: Any) -> list[Resource]:
    """What has to stand beside an object: manifests as (group, kind, body), Terraform as (type, body)."""
    return [manifest(*one) if len(one) == 3 else terraform(*one) for one in listed]


def around(*resources: Resource) -> list[Resource]:
    """The surroundings with `resources` put in; one of the same address replaces what was there."""
    own = {one.id for one in resources}
    return [*(one for one in surroundings() if one.id not in own), *resources]


def answers(*resources: Resource) -> dict[str, list[Finding]]:
    """By assertion: what its rule finds in the surroundings with `resources` put in."""
    graph = build(around(*resources), profile()).graph
    return {rule.assertion: list(rule.check(Case(rule, graph, profile()))) for rule in rules()}


def everything(objects: list[Resource]) -> object:
    """All that a report says of an object: the findings of every rule, and what it assumes and counts."""
    built = build(around(*objects), profile())
    found = (Case(rule, built.graph, profile()) for rule in rules())
    said = sorted(
        (case.rule.id, one.verdict, one.message, one.decided_by) for case in found for one in case.rule.check(case)
    )
    return said, built.assumptions, built.unmodelled
