"""Safety switches: bad, good, left out and not known, each on the line that decides."""

import pytest

from scanner.builders.recognise.build import build_roles
from scanner.builders.switches.build import build_switches
from scanner.graph.facts import Switch
from tests.builders.texts import build, facts, line, shown


def manifest(version: str, kind: str, body: str, name: str = "o") -> str:
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: ns}}\n{body}\n"


def world_of(tmp_path, text: str, profile: str = "", name: str = "a.yaml"):
    return build(tmp_path, {name: text}, build_roles, build_switches, profile=profile)


def rows(world, address: str) -> dict[str, str]:
    return {fact.row: shown(fact.bad) for fact in facts(world, address, Switch)}


def bad(world, address: str) -> set[str]:
    return {row for row, value in rows(world, address).items() if value != "False"}


ENVOY = "gateway.envoyproxy.io/v1alpha1"
OBJECTS = {
    (ENVOY, "SecurityPolicy", "spec: {extAuth: {failOpen: true, bodyToExtAuth: {maxRequestBytes: 8192}}}"): {"K-1"},
    (ENVOY, "SecurityPolicy", "spec: {extAuth: {failOpen: false, bodyToExtAuth: {maxRequestBytes: 8192}}}"): set(),
    (ENVOY, "SecurityPolicy", "spec: {extAuth: {grpc: {}}}"): {"K-6"},
    (ENVOY, "SecurityPolicy", "spec: {cors: {}}"): set(),
    (ENVOY, "EnvoyExtensionPolicy", "spec: {extProc: [{failOpen: true}]}"): {"K-2", "K-3"},
    ("security.istio.io/v1", "PeerAuthentication", "spec: {mtls: {mode: PERMISSIVE}}"): {"K-13"},
    ("security.istio.io/v1", "PeerAuthentication", "spec: {mtls: {mode: STRICT}}"): set(),
    ("inference.networking.k8s.io/v1", "InferencePool", "spec: {endpointPickerRef: {failureMode: FailOpen}}"): {"K-19"},
    ("inference.networking.k8s.io/v1", "InferencePool", "spec: {endpointPickerRef: {name: e}}"): set(),
    ("trustyai.opendatahub.io/v1alpha1", "GuardrailsOrchestrator", "spec: {disableOrchestrator: true}"): {"T-1"},
}


@pytest.mark.parametrize("case", OBJECTS, ids=str)
def test_objects(tmp_path, case):
    version, kind, body = case
    assert bad(world_of(tmp_path, manifest(version, kind, body)), f"ns/{kind}/o") == OBJECTS[case]


def test_the_line_and_the_good_value(tmp_path):
    text = manifest(ENVOY, "SecurityPolicy", "spec:\n  extAuth:\n    failOpen: true\n    bodyToExtAuth: {a: 1}")
    (fact,) = (one for one in facts(world_of(tmp_path, text), "ns/SecurityPolicy/o", Switch) if one.row == "K-1")
    assert (line(fact), fact.setting, fact.effect, fact.bad) == (6, "spec.extAuth.failOpen", "fail-open", True)
    text = text.replace("true", "false")
    (fact,) = (one for one in facts(world_of(tmp_path, text), "ns/SecurityPolicy/o", Switch) if one.row == "K-1")
    assert (fact.bad, fact.because) == (False, "it is `false`")


def test_what_is_left_out_says_so(tmp_path):
    text = manifest(ENVOY, "SecurityPolicy", "spec:\n  extAuth: {grpc: {}}")
    (fact,) = (one for one in facts(world_of(tmp_path, text), "ns/SecurityPolicy/o", Switch) if one.row == "K-6")
    assert fact.because.startswith("it is not set: ")
    assert line(fact) == 5


HOOK = "admissionregistration.k8s.io/v1"


@pytest.mark.parametrize(("namespace", "wanted"), [("safety", {"A-7"}), ("cert-manager", set())])
def test_only_webhooks_of_the_stack_matter(tmp_path, namespace, wanted):
    hook = (
        f"apiVersion: {HOOK}\nkind: ValidatingWebhookConfiguration\nmetadata: {{name: h}}\n"
        f"webhooks: [{{name: h, failurePolicy: Ignore, clientConfig: {{service: {{namespace: {namespace}}}}}}}]\n---\n"
    )
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: g, namespace: safety}\nspec: {containers: [{name: c, image: x}]}\n"
    )
    world = world_of(tmp_path, hook + pod, "safety_stack: {gateways: [safety/Pod/g]}")
    assert bad(world, "ValidatingWebhookConfiguration/h") == wanted


def pod(body: str, annotations: str = "{}") -> str:
    return (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  namespace: ns\n"
        f"  annotations: {annotations}\nspec:\n  containers:\n    - {body}\n"
    )


VLLM = "name: c, image: 'vllm/vllm-openai:1'"
PODS = {
    f"{{{VLLM}, args: [--model=o/n]}}": set(),
    f"{{{VLLM}, args: [--model=o/n, --trust-remote-code]}}": {"V-4"},
    f"{{{VLLM}, args: [--model=o/n], env: [{{name: VLLM_SERVER_DEV_MODE, value: '1'}}]}}": {"V-1"},
    f"{{{VLLM}, args: [--model=o/n], env: [{{name: VLLM_SERVER_DEV_MODE, value: '0'}}]}}": set(),
    "{name: c, image: 'ollama/ollama:1', env: [{name: OLLAMA_HOST, value: 0.0.0.0}]}": {"V-6"},
    "{name: c, image: 'nvcr.io/nvidia/tritonserver:1', args: [tritonserver, --model-control-mode, explicit]}": {"V-5"},
    "{name: c, image: acme/x, env: [{name: VLLM_SERVER_DEV_MODE, value: '1'}]}": set(),
}


@pytest.mark.parametrize("body", PODS)
def test_containers_of_models(tmp_path, body):
    assert bad(world_of(tmp_path, pod(body)), "ns/Pod/p") == PODS[body]


def test_a_mesh_that_a_model_is_kept_out_of(tmp_path):
    out = "{sidecar.istio.io/inject: 'false'}"
    assert bad(world_of(tmp_path, pod(f"{{{VLLM}}}", out)), "ns/Pod/p") == {"K-13"}
    assert bad(world_of(tmp_path, pod("{name: c, image: acme/x}", out)), "ns/Pod/p") == set()


def test_an_unknown_variable_is_not_decided(tmp_path):
    secret = "valueFrom: {secretKeyRef: {name: s, key: k}}"
    world = world_of(tmp_path, pod(f"{{{VLLM}, env: [{{name: VLLM_SERVER_DEV_MODE, {secret}}}]}}"))
    assert rows(world, "ns/Pod/p")["V-1"].startswith("?")


LITELLM = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: ns}
data:
  config.yaml: |
    model_list: []
    guardrails:
      - guardrail_name: g
        litellm_params:
          guardrail: bedrock
          mode: MODE
          default_on: ON
          unreachable_fallback: FALL
"""


@pytest.mark.parametrize(
    ("mode", "on", "fall", "wanted"),
    [
        ("[pre_call, post_call]", "true", "fail_closed", {}),
        ("[pre_call, post_call]", "false", "fail_closed", {"L-1": 12}),
        ("[pre_call, post_call, logging_only]", "true", "fail_closed", {"L-2": 11}),
        ("pre_call", "true", "fail_closed", {"L-2": 11}),
        ("[pre_call, post_call]", "true", "fail_open", {"L-4": 13}),
    ],
)
def test_settings_in_a_config_map_on_their_line(tmp_path, mode, on, fall, wanted):
    text = LITELLM.replace("MODE", mode).replace("ON", on, 1).replace("FALL", fall)
    world = world_of(tmp_path, text.replace("default_ON", "default_on"))
    found = facts(world, "ns/ConfigMap/settings", Switch)
    assert {fact.row: line(fact) for fact in found if fact.bad is not False} == wanted


def test_settings_that_leave_a_guardrail_to_the_caller(tmp_path):
    text = (
        LITELLM.replace("          default_on: ON\n", "")
        .replace("MODE", "[pre_call, post_call]")
        .replace("FALL", "fail_closed")
    )
    world = world_of(tmp_path, text)
    assert bad(world, "ns/ConfigMap/settings") == {"L-1"}


def test_other_config_maps_are_left_alone(tmp_path):
    text = manifest("v1", "ConfigMap", "data:\n  a.yaml: |\n    logging: {level: info}\n    threshold: OFF\n")
    assert rows(world_of(tmp_path, text), "ns/ConfigMap/o") == {}


TERRAFORM = {
    'resource "aws_sagemaker_model" "x" {\n  enable_network_isolation = true\n}': {},
    'resource "aws_sagemaker_model" "x" {\n}': {"SM-4": "True"},
    'resource "aws_sagemaker_model" "x" {\n  enable_network_isolation = var.n\n}\nvariable "n" {\n}': {
        "SM-4": "?var.n"
    },
    'resource "aws_sagemaker_model" "x" {\n  enable_network_isolation = var.n\n}\nvariable "n" {\n default = null\n}': {
        "SM-4": "True"
    },
    'resource "aws_bedrockagent_agent" "x" {\n  agent_name = "a"\n}': {"BE-11": "True"},
    'resource "aws_bedrockagent_agent" "x" {\n  guardrail_configuration {\n    guardrail_identifier = "g"\n'
    '    guardrail_version = "2"\n  }\n}': {},
    'resource "aws_bedrockagent_agent" "x" {\n  guardrail_configuration {\n    guardrail_identifier = "g"\n'
    '    guardrail_version = "DRAFT"\n  }\n}': {"BE-11": "True", "BG-7": "True"},
    'resource "aws_bedrock_enforced_guardrail_configuration" "x" {\n  guardrail_version = '
    'aws_bedrock_guardrail_version.v.version\n}\nresource "aws_bedrock_guardrail_version" "v" {\n}': {},
}


@pytest.mark.parametrize("text", TERRAFORM)
def test_terraform(tmp_path, text):
    world = world_of(tmp_path, text, name="main.tf")
    address = text.split('"')[1] + ".x"
    assert {row: value for row, value in rows(world, address).items() if value != "False"} == TERRAFORM[text]


def test_what_is_left_out_as_a_whole_is_said_once(tmp_path):
    world = world_of(tmp_path, 'resource "aws_bedrockagent_agent" "x" {\n}', name="main.tf")
    assert [one.setting for one in facts(world, "aws_bedrockagent_agent.x", Switch)] == ["guardrail_configuration"]


def test_a_block_that_may_not_exist_leaves_the_switch_open(tmp_path):
    text = """
variable "on" {
  type = bool
}
resource "aws_bedrockagent_agent" "x" {
  dynamic "guardrail_configuration" {
    for_each = var.on ? [1] : []
    content {
      guardrail_identifier = "g"
      guardrail_version    = "2"
    }
  }
}
"""
    world = world_of(tmp_path, text, name="main.tf")
    assert rows(world, "aws_bedrockagent_agent.x")["BE-11"] == "?var.on"


def test_a_bad_setting_in_a_block_that_may_not_exist_is_not_decided(tmp_path):
    text = """
variable "on" {
  type = bool
}
resource "aws_sagemaker_endpoint_configuration" "x" {
  dynamic "shadow_production_variants" {
    for_each = var.on ? [1] : []
    content {
      enable_ssm_access = true
    }
  }
}
"""
    world = world_of(tmp_path, text, name="main.tf")
    assert rows(world, "aws_sagemaker_endpoint_configuration.x")["SM-2"] == "?var.on"


@pytest.mark.parametrize("body", ["spec: 3", "spec: {extAuth: [1]}", "spec: {extAuth: x, jwt: [[1]]}"])
def test_wrong_types_do_not_crash(tmp_path, body):
    world = world_of(tmp_path, manifest(ENVOY, "SecurityPolicy", body))
    assert "K-1" not in bad(world, "ns/SecurityPolicy/o")
