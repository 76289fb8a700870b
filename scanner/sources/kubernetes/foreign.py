"""Formats of other tools: those that can deploy a model are unread, the rest is passed over with its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from msgspec import Struct

from scanner.patterns import lazy
from scanner.resource import dig
from scanner.unknown import Value


class Format(Struct, frozen=True):
    """A recognised format. words: "a CloudFormation template"; deploys: whether it can put a model somewhere."""

    words: str
    deploys: bool
    remedy: str = ""


CLOUDFORMATION = Format("a CloudFormation template", True)
_COMPOSE = Format("a Compose file", True)
_ARM = Format("an Azure Resource Manager template", True)

_BY_KEY = {
    "heat_template_version": "a Heat template",
    "tosca_definitions_version": "a TOSCA template",
    "ROSTemplateFormatVersion": "a ROS template",
}
"""By a key at the top of a document: templates of OpenStack, of TOSCA and of Alibaba Cloud."""
_MANAGER = lazy(r"[a-z]+\.(?:v\d\w*|py|jinja)(?:[./:]|\Z)")
"""Types of Google's Deployment Manager: `compute.v1.instance`, or a template."""

_NAMES: tuple[tuple[str, Format], ...] = (
    (r"(docker-)?compose([-._].*)?\.ya?ml", _COMPOSE),
    (r"pulumi\.ya?ml", Format("a Pulumi program", True)),
    (r"pulumi\..+\.ya?ml", Format("settings of a Pulumi stack", False)),
    (r"serverless\.(ya?ml|json)", Format("a Serverless Framework service", True)),
    (r"cdk\.json", Format("an AWS CDK app", True, "scan the output of `cdk synth` with another tool")),
    (r"helmfile.*\.ya?ml", Format("a Helmfile", True, "scan the output of `helmfile template`")),
    (r"samconfig\.ya?ml", Format("settings of AWS SAM", False)),
    (r"skaffold\.ya?ml", Format("a Skaffold file", False)),
    (r"package(-lock)?\.json|composer\.json|[jt]sconfig.*\.json|renovate\.json5?", Format("settings", False)),
    (r"\.gitlab-ci\.ya?ml|azure-pipelines.*\.ya?ml|bitbucket-pipelines\.ya?ml|\.travis\.ya?ml|appveyor\.ya?ml"
     r"|cloudbuild.*\.ya?ml|buildspec.*\.ya?ml|jenkins.*\.ya?ml", Format("a CI recipe", False)),
    (r"mkdocs\.ya?ml|\.?readthedocs\.ya?ml|_config\.ya?ml|_toc\.ya?ml|antora\.ya?ml", Format("documentation", False)),
    (r"\..*\.(ya?ml|json)|codecov\.ya?ml|pnpm-lock\.yaml|action\.ya?ml|dependabot\.ya?ml", Format("settings", False)),
)  # fmt: skip
_BY_NAME = tuple((lazy(pattern + r"\Z", re.IGNORECASE), found) for pattern, found in _NAMES)
_CI_FOLDERS = frozenset([".github", ".circleci", ".gitlab", ".azuredevops", ".buildkite", ".tekton-ci"])
_SETTINGS_FOLDERS = frozenset([".vscode", ".devcontainer", ".idea"])

_AWS_TYPE = lazy(r"(AWS|Custom|Alexa)::")
_ARM_SCHEMA = lazy(r"schema\.management\.azure\.com/.*deploymentTemplate", re.IGNORECASE)
_AZURE_ML = lazy(r"azuremlschemas|/azureml/", re.IGNORECASE)

_IMPORTED = frozenset({"import_playbook", "ansible.builtin.import_playbook"})
_MODULE = lazy(
    r"(?:kubernetes\.core|community\.(?:docker|kubernetes|aws|general)|amazon\.aws|azure\.azcollection|google\.cloud|"
    r"containers\.podman|redhat\.openshift|community\.okd|openstack\.cloud)\.\w+\Z|(?:k8s|helm|docker_container)\Z"
)
"""Modules by which tasks make containers, objects and things in clouds."""

TELLING = lazy(
    r"apiVersion|AWSTemplateFormatVersion|AWS::|deploymentTemplate|azuremlschemas|RecipeFormatVersion"
    r"|containerDefinitions|planned_values|terraform_version|ComponentConfiguration"
)
"""A JSON text without any of these is of no known format that matters, and need not be parsed."""


_YTT = lazy(r"(?m)(?:^|[\s:-])#@(?:[ \t]|/|overlay/|data/|schema/|library/|text/|yaml/)")


def is_ytt(text: str) -> bool:
    """Whether comments of a YAML file are the program of ytt (carvel.dev), which makes something else of it."""
    return "#@" in text and _YTT.search(text) is not None


def by_path(path: str) -> Format | None:
    """The format that a file's name or folder tells, for content that does not tell; None where it tells nothing."""
    where = PurePosixPath(path)
    if _CI_FOLDERS.intersection(where.parts[:-1]):
        return Format("a CI recipe", False)
    if _SETTINGS_FOLDERS.intersection(where.parts[:-1]):
        return Format("settings of an editor", False)
    return next((found for pattern, found in _BY_NAME if pattern.match(where.name)), None)


def by_value(value: Value) -> Format | None:
    """The format that a document's top level tells; None where none is known."""
    if isinstance(value, list) and value:
        return _of_list(value)
    if not isinstance(value, Mapping):
        return None
    return _deploying(value) or _harmless(value)


def is_kubeconfig(value: Value) -> bool:
    """Whether a document is a kubectl configuration, which has `apiVersion` and `kind` and declares nothing."""
    shape = dig(value, "apiVersion") == "v1" and dig(value, "kind") == "Config"
    return shape and dig(value, "metadata") is None and isinstance(dig(value, "clusters"), list)


def by_text(text: str) -> Format | None:
    """The format of a text that does not parse: only what its words make certain."""
    if "AWSTemplateFormatVersion" in text or ("Resources" in text and _AWS_TYPE.search(text)):
        return CLOUDFORMATION
    return None


def _deploying(value: Mapping[str, Value]) -> Format | None:
    resources, schema = value.get("Resources"), value.get("$schema")
    if "AWSTemplateFormatVersion" in value or _typed(resources, _AWS_TYPE):
        serverless = "Transform" in value and "Serverless" in str(value["Transform"])
        return Format("an AWS SAM template", True) if serverless else CLOUDFORMATION
    if isinstance(schema, str) and _ARM_SCHEMA.search(schema):
        return _ARM
    if isinstance(schema, str) and _AZURE_ML.search(schema):
        return Format("an Azure Machine Learning job or endpoint", True)
    if "RecipeFormatVersion" in value:
        return Format("a Greengrass component recipe", True)
    if _containers_of_compose(value.get("services")):
        return _COMPOSE
    for key, words in _BY_KEY.items():
        if key in value:
            return Format(words, True)
    if isinstance(version := value.get("apiVersion"), str) and version.startswith("score.dev/"):
        return Format("a Score workload", True)
    if "cluster_name" in value and isinstance(dig(value, "provider", "type"), str):
        return Format("a Ray cluster", True)
    if _typed_list(value.get("resources")):
        return Format("a configuration of Google's Deployment Manager", True)
    if "containerDefinitions" in value:
        return Format("an ECS task definition", True)
    if isinstance(value.get("releases"), list) and dig(value, "releases", 0, "chart") is not None:
        return Format("a Helmfile", True, "scan the output of `helmfile template`")
    if isinstance(value.get("applications"), list) and dig(value, "applications", 0, "import_path") is not None:
        return Format("a Ray Serve application", True)
    if "run" in value and isinstance(value.get("resources"), Mapping) and "apiVersion" not in value:
        return Format("a SkyPilot task", True)
    if value.get("runtime") is not None and value.get("env") in ("flex", "standard"):
        return Format("an App Engine service", True)
    return None


def _harmless(value: Mapping[str, Value]) -> Format | None:
    schema = value.get("$schema")
    if "openapi" in value or "swagger" in value:
        return Format("an OpenAPI description", False)
    if "planned_values" in value or "resource_changes" in value:
        return Format("a Terraform plan", False, "give it with `--plan`")
    if "terraform_version" in value and "serial" in value:
        return Format("a Terraform state", False, "give it with `--state`")
    if "jobs" in value and ("on" in value or "true" in value):
        return Format("a GitHub workflow", False)
    if isinstance(schema, str) and "deploymentParameters" in schema:
        return Format("parameters of an Azure template", False)
    return None


def _of_list(value: Sequence[Value]) -> Format | None:
    if all(isinstance(item, Mapping) for item in value) and any(
        "hosts" in item and {"tasks", "roles", "pre_tasks", "handlers"}.intersection(item)
        for item in value
        if isinstance(item, Mapping)
    ):
        return Format("an Ansible playbook", True)
    if any(isinstance(item, Mapping) and _IMPORTED.intersection(item) for item in value):
        return Format("an Ansible playbook", True)
    if any(isinstance(item, Mapping) and any(_MODULE.match(key) for key in item) for item in value):
        return Format("tasks of Ansible", True)
    return None


def _typed(resources: Value, pattern: re.Pattern[str]) -> bool:
    if not isinstance(resources, Mapping):
        return False
    types = [dig(one, "Type") for one in resources.values()]
    return any(isinstance(one, str) and pattern.match(one) for one in types)


def _typed_list(resources: Value) -> bool:
    if not isinstance(resources, list) or not resources:
        return False
    types = [dig(one, "type") for one in resources]
    return all(isinstance(one, str) and _MANAGER.match(one) for one in types)


def _containers_of_compose(services: Value) -> bool:
    if not isinstance(services, Mapping) or not services:
        return False
    return all(isinstance(one, Mapping) for one in services.values()) and any(
        "image" in one or "build" in one for one in services.values() if isinstance(one, Mapping)
    )
