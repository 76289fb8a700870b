"""Consumers, routes and the supply of models: hostile shapes, unknown parts, and what the cases of rules leave out."""

from __future__ import annotations

import pytest

from scanner.builders.build import STEPS
from scanner.builders.model_supply.pins import _judged
from scanner.builders.recognise.reference import of
from scanner.graph.facts import Binding, GatewayRoute, ModelName, ModelReference, Origination, Pin
from scanner.unknown import Unknown
from tests.builders.texts import build, facts, shown

ENVOY = "gateway.envoyproxy.io/v1alpha1"
ROUTE = "gateway.networking.k8s.io/v1"
POOL = "{group: inference.networking.k8s.io, kind: InferencePool, name: m}"


def manifest(version: str, kind: str, spec: str, name: str = "x", more: str = "") -> str:
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: ns{more}}}\nspec: {spec}\n---\n"


def world_of(tmp_path, *texts: str, name: str = "a.yaml", profile: str = ""):
    return build(tmp_path, {name: "".join(texts)}, *STEPS, profile=profile)


def guarded(world, route: str = "ns/HTTPRoute/x") -> list[str]:
    return [shown(one.guarded) for one in facts(world, route, GatewayRoute)]


CHAT = manifest(ROUTE, "HTTPRoute", f"{{parentRefs: [{{name: ai}}], rules: [{{name: a, backendRefs: [{POOL}]}}]}}")
TARGETS = {
    "{kind: HTTPRoute, name: x}": "True",
    "{kind: HTTPRoute, name: x, sectionName: a}": "True",
    "{kind: HTTPRoute, name: x, sectionName: b}": "False",
    "{kind: HTTPRoute, name: y}": "False",
    "{kind: Gateway, name: ai}": "True",
    "{kind: Gateway, name: ai, sectionName: http}": "False",
    "{kind: Gateway, name: other}": "False",
}


@pytest.mark.parametrize("target", TARGETS)
def test_what_a_policy_is_attached_to(tmp_path, target):
    policy = manifest(ENVOY, "EnvoyExtensionPolicy", f"{{targetRefs: [{target}], extProc: [{{backendRefs: []}}]}}", "p")
    assert guarded(world_of(tmp_path, CHAT, policy)) == [TARGETS[target]]


def test_a_policy_selects_routes_by_label(tmp_path):
    route = CHAT.replace("namespace: ns}", "namespace: ns, labels: {app: chat}}")
    for label, wanted in (("chat", "True"), ("other", "False")):
        spec = f"{{targetSelectors: [{{kind: HTTPRoute, matchLabels: {{app: {label}}}}}], extProc: [{{a: 1}}]}}"
        policy = manifest(ENVOY, "EnvoyExtensionPolicy", spec, "p")
        assert guarded(world_of(tmp_path / label, route, policy)) == [wanted]


def test_a_policy_of_another_namespace_guards_nothing(tmp_path):
    spec = "{targetRefs: [{kind: HTTPRoute, name: x}], extProc: [{a: 1}]}"
    policy = manifest(ENVOY, "EnvoyExtensionPolicy", spec, "p").replace("namespace: ns", "namespace: other")
    assert guarded(world_of(tmp_path, CHAT, policy)) == ["False"]


def test_an_authorizer_that_knows_callers_alone_is_no_guardrail(tmp_path):
    for name, wanted in (("oidc", "False"), ("prompt-guard", "True")):
        spec = f"{{targetRefs: [{{kind: HTTPRoute, name: x}}], extAuth: {{http: {{backendRefs: [{{name: {name}}}]}}}}}}"
        world = world_of(tmp_path / name, CHAT, manifest(ENVOY, "SecurityPolicy", spec, "p"))
        assert guarded(world) == [wanted]


def test_a_route_without_weight_or_model_is_left_alone(tmp_path):
    silent = CHAT.replace("name: m}", "name: m, weight: 0}")
    assert guarded(world_of(tmp_path / "a", silent)) == []
    page = manifest(ROUTE, "HTTPRoute", "{parentRefs: [{name: ai}], rules: [{backendRefs: [{name: page, port: 80}]}]}")
    assert guarded(world_of(tmp_path / "b", page)) == []


HOSTILE = [
    "3",
    "[1]",
    "{rules: 3}",
    "{rules: [[1]]}",
    "{rules: [{backendRefs: x}]}",
    "{rules: [{filters: [1]}]}",
    "{parentRefs: 1}",
]


@pytest.mark.parametrize("spec", HOSTILE)
@pytest.mark.parametrize("kind", ["HTTPRoute", "TCPRoute"])
def test_hostile_routes(tmp_path, kind, spec):
    policy = manifest(ENVOY, "EnvoyExtensionPolicy", "{targetRefs: [1, {name: [2]}], extProc: x}", "p")
    assert guarded(world_of(tmp_path, manifest(ROUTE, kind, spec), policy), f"ns/{kind}/x") == []


@pytest.mark.parametrize("spec", HOSTILE)
@pytest.mark.parametrize("kind", ["EnvoyExtensionPolicy", "SecurityPolicy", "EnvoyPatchPolicy"])
def test_hostile_policies(tmp_path, kind, spec):
    assert guarded(world_of(tmp_path, CHAT, manifest(ENVOY, kind, spec, "p"))) == ["False"]


HEADER = 'resource "aws_bedrockagent_agent" "x" {\n  agent_name = "a"\n'
BLOCKS = {
    "}": ("", "False", "False"),
    'guardrail_configuration {\n guardrail_identifier = "gr7acme2026x"\n guardrail_version = "7"\n }\n}': (
        "gr7acme2026x", "True", "True",
    ),
    'guardrail_configuration {\n guardrail_identifier = "gr7acme2026x"\n guardrail_version = "6"\n }\n}': (
        "gr7acme2026x", "True", "False",
    ),
    'guardrail_configuration {\n guardrail_identifier = "gr7acme2026x"\n }\n}': ("gr7acme2026x", "True", "False"),
    'guardrail_configuration {\n guardrail_identifier = var.g\n guardrail_version = "7"\n }\n}\nvariable "g" {}': (
        "?var.g", "?var.g", "True",
    ),
    'guardrail_configuration = "x"\n}': None,
    "guardrail_configuration {\n guardrail_identifier = []\n guardrail_version = {}\n }\n}": None,
}  # fmt: skip


@pytest.mark.parametrize("body", BLOCKS)
def test_what_an_agent_is_bound_to(tmp_path, body):
    profile = 'safety_stack:\n  guardrails: [{id: gr7acme2026x, version: "7"}]\n'
    world = world_of(tmp_path, HEADER + body + "\n", name="main.tf", profile=profile)
    (fact,) = facts(world, "aws_bedrockagent_agent.x", Binding)
    if BLOCKS[body] is not None:
        assert (shown(fact.guardrail), shown(fact.approved), shown(fact.published)) == BLOCKS[body]


def test_a_block_that_may_not_exist_binds_nothing_for_certain(tmp_path):
    body = (
        'dynamic "guardrail_configuration" {\n for_each = var.on ? [1] : []\n content {\n'
        ' guardrail_identifier = "gr7acme2026x"\n guardrail_version = "7"\n }\n }\n}\n'
        'variable "on" {\n type = bool\n}\n'
    )
    (fact,) = facts(world_of(tmp_path, HEADER + body, name="main.tf"), "aws_bedrockagent_agent.x", Binding)
    assert (shown(fact.guardrail), shown(fact.approved)) == ("?var.on", "?var.on")


PINS = {
    "bedrock:anthropic.claude-sonnet-4-5-20250929-v1:0": True,
    "bedrock:us.anthropic.claude-sonnet-4-5-20250929-v1:0": True,
    "bedrock:custom-model/chat": True,
    "bedrock:prompt-router/x": None,
    "bedrock:anthropic.*": True,
    "hf:org/name": False,
    "oci:registry/models/x:v7": False,
    "nim:meta/llama-3.1-8b-instruct": False,
    "ollama:llama3": False,
    "s3://bucket/model/": None,
    "s3://bucket-v7/model/": None,
    "s3://bucket/model/v7/": True,
    "s3://bucket/model/2026-10-01/weights.tar.gz": True,
    "s3://bucket/llama-3-8b/": None,
    "s3://bucket/model-v3.tar.gz": True,
    "gs://bucket/models/sklearn/1.0/model": True,
    "pvc://claim": None,
    "azure:OpenAI/gpt-4.1@2025-04-14": True,
    "openai:gpt-4o": None,
    "openai:gpt-4o-2024-08-06": True,
    "vertex:publishers/google/models/gemini-2.0-flash-001": True,
    "sagemaker:arn:aws:sagemaker:us-east-1:111122223333:model-package/x/3": True,
}


@pytest.mark.parametrize("name", PINS)
def test_what_pins_a_reference(tmp_path, name):
    pinned, because = _judged(world_of(tmp_path, CHAT), name)
    assert (None if isinstance(pinned, Unknown) else pinned) is PINS[name], because


def test_tags_of_a_repository_that_cannot_be_moved_pin(tmp_path):
    text = 'resource "aws_ecr_repository" "x" {\n  name = "models/x"\n  image_tag_mutability = "IMMUTABLE"\n}\n'
    world = world_of(tmp_path, text, name="main.tf")
    assert _judged(world, "oci:111122223333.dkr.ecr.us-gov-west-1.amazonaws.com/models/x:v7")[0] is True
    assert _judged(world, "oci:111122223333.dkr.ecr.us-gov-west-1.amazonaws.com/models/y:v7")[0] is False


def pod(args: str, env: str = "[]", image: str = "vllm/vllm-openai:1") -> str:
    spec = f"{{containers: [{{name: c, image: '{image}', args: {args}, env: {env}}}]}}"
    return manifest("v1", "Pod", spec)


SOURCES = {
    ("[--model=org/name]", "[]"): ["True"],
    ("[--model=org/name]", "[{name: HF_HUB_OFFLINE, value: '1'}]"): ["False"],
    ("[--model=org/name]", "[{name: HF_HUB_OFFLINE, value: '0'}]"): ["True"],
    ("[--model=org/name]", "[{name: HF_ENDPOINT, value: 'https://hub.acme.gov'}]"): ["False"],
    ("[--model=org/name]", "[{name: HF_ENDPOINT, value: 'https://other.example'}]"): ["True"],
    ("[--model=org/name]", "[{name: HF_ENDPOINT, value: 'https://huggingface.co'}]"): ["True"],
    ("[--model=s3://weights/x]", "[]"): ["False"],
    ("[--model=s3://weightsandmore/x]", "[]"): ["True"],
    ("['--model=https://huggingface.co/x/resolve/main/a.gguf']", "[]"): ["True"],
}


@pytest.mark.parametrize("case", SOURCES)
def test_where_weights_come_from(tmp_path, case):
    profile = "models:\n  stores: ['s3://weights', 'https://hub.acme.gov']\n"
    world = world_of(tmp_path, pod(*case), profile=profile)
    assert [shown(one.public) for one in facts(world, "ns/Pod/x", Origination)] == SOURCES[case]


def test_without_stores_nobody_knows_whose_a_store_is(tmp_path):
    (fact,) = facts(world_of(tmp_path, pod("[--model=s3://weights/x]")), "ns/Pod/x", Origination)
    assert shown(fact.public) == "?profile:models.stores"


NAMES = {
    "[--model=s3://w/m/v1/, --served-model-name=gpt-uncensored]": {("served name", True)},
    "[--model=s3://w/m/v1/, --served-model-name=llama-base]": set(),
    "[--model=org/t5-base]": set(),  # a size
    "[--model=org/llama-3-8b-base]": {("model", True)},
    "[--model=BAAI/bge-base-en-v1.5]": set(),
    "[--model=s3://database/m/v1/]": set(),
}


@pytest.mark.parametrize("args", NAMES)
def test_what_names_tell(tmp_path, args):
    world = world_of(tmp_path, pod(args))
    told = [one for one in facts(world, "ns/Pod/x", ModelName) if one.trips]
    assert {(one.what, one.sure) for one in told} == NAMES[args]


def test_the_known_part_of_a_name_tells(tmp_path):
    text = (
        'resource "azurerm_cognitive_deployment" "x" {\n  model {\n    format = "OpenAI"\n'
        '    name = "${var.family}-abliterated"\n    version = "1"\n  }\n}\nvariable "family" {\n  type = string\n}\n'
    )
    world = world_of(tmp_path, text, name="main.tf")
    assert [one.sure for one in facts(world, "azurerm_cognitive_deployment.x", ModelName)] == [True]


@pytest.mark.parametrize("body", ["adapters: 3", "adapters: [[1]]", "adapters: [{url: [1]}]", "adapters: [{url: 3}]"])
def test_hostile_adapters(tmp_path, body):
    world = world_of(tmp_path, manifest("kubeai.org/v1", "Model", f"{{url: 's3://w/m/v1/', {body}}}"))
    assert facts(world, "ns/Model/x", Pin) != []


def test_adapters_of_a_custom_resource_are_no_models(tmp_path):
    spec = "{url: 's3://w/m/v1/', adapters: [{name: a, url: 's3://w/a/v1/'}]}"
    world = world_of(tmp_path, manifest("kubeai.org/v1", "Model", spec))
    found = {(one.reference, one.adapter) for one in facts(world, "ns/Model/x", ModelReference)}
    assert found == {("s3://w/m/v1/", False), ("s3://w/a/v1/", True)}


def test_a_revision_is_a_digest():
    assert of("org/name@" + "a" * 40, "--model").digest == "git:" + "a" * 40
