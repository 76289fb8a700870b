"""Roles of Kubernetes objects: servers, candidates, look-alikes, and what the profile says of them."""

import pytest

from scanner.builders.recognise.build import build_roles
from scanner.graph.facts import ModelReference
from tests.builders.texts import build, facts, line, node, roles, shown

HASH = "0e9e39f249a16976918f6564b8830bc894c89659"


def deployment(body: str, kind: str = "Deployment", name: str = "x") -> str:
    version = "batch/v1" if kind == "Job" else "apps/v1"
    return f"""\
apiVersion: {version}
kind: {kind}
metadata: {{name: {name}, namespace: ns}}
spec:
  template:
    spec:
      containers:
        - {body}
"""


def one(tmp_path, body: str, kind: str = "Deployment", name: str = "x", profile: str = ""):
    world = build(tmp_path, {"a.yaml": deployment(body, kind, name)}, build_roles, profile=profile)
    return world, f"ns/{kind}/{name}"


SERVERS = {
    "vllm image": "{name: c, image: vllm/vllm-openai:v0.9.0}",
    "mirrored vllm image": "{name: c, image: 111122223333.dkr.ecr.us-gov-west-1.amazonaws.com/mirror/vllm-openai:1}",
    "tgi image": "{name: c, image: ghcr.io/huggingface/text-generation-inference:3.0}",
    "embeddings image": "{name: c, image: ghcr.io/huggingface/text-embeddings-inference:1.7}",
    "triton image": "{name: c, image: nvcr.io/nvidia/tritonserver:24.05-py3}",
    "nim image": "{name: c, image: nvcr.io/nim/meta/llama3-8b-instruct:1.0}",
    "ollama image": "{name: c, image: ollama/ollama:0.5}",
    "sglang image": "{name: c, image: lmsysorg/sglang:latest}",
    "command in an unknown image": "{name: c, image: x, command: [python, -m, vllm.entrypoints.openai.api_server]}",
    "command in a shell": '{name: c, image: acme/x, command: [sh, -c, "exec vllm serve org/name"]}',
    "device and weights": "{name: c, image: acme/x, resources: {limits: {nvidia.com/gpu: 1}}, "
    "volumeMounts: [{name: w, mountPath: /models}]}",
    "device and variable": "{name: c, image: acme/x, resources: {limits: {aws.amazon.com/neuron: 1}}, "
    "env: [{name: MODEL_ID, value: org/name}]}",
    "generic image and device": "{name: c, image: 'rayproject/ray:2.9-gpu', resources: {limits: {nvidia.com/gpu: 1}}}",
}


@pytest.mark.parametrize("body", SERVERS.values(), ids=SERVERS)
def test_a_server_is_a_model(tmp_path, body):
    world, address = one(tmp_path, body)
    assert roles(world, address) == {"model"}
    assert world.recognised[node(world, address).id]


CANDIDATES = {
    "device alone": "{name: c, image: acme/x, resources: {limits: {nvidia.com/gpu: 1}}}",
    "slice of a device": "{name: c, image: acme/x, resources: {requests: {nvidia.com/mig-1g.5gb: 1}}}",
    "model variable alone": "{name: c, image: acme/x, env: [{name: HF_MODEL_ID, value: org/name}]}",
    "port and mount": "{name: c, image: acme/x, ports: [{containerPort: 8000}], "
    "volumeMounts: [{name: w, mountPath: /mnt/models}]}",
    "server image with a command of its own": "{name: c, image: 'vllm/vllm-openai:1', command: [python, bench.py]}",
    "name of a model and a port": "{name: c, image: acme/x, env: [{name: MODEL_ID, value: m}], "
    "ports: [{containerPort: 8000}]}",
    "device and a client's word": "{name: c, image: acme/x, command: [python, serve.py, locust], "
    "resources: {limits: {nvidia.com/gpu: 1}}}",
    "ray image alone": "{name: c, image: 'rayproject/ray:2.9-gpu'}",
}


@pytest.mark.parametrize("body", CANDIDATES.values(), ids=CANDIDATES)
def test_one_weaker_signal_is_a_candidate(tmp_path, body):
    world, address = one(tmp_path, body)
    assert roles(world, address) == {"candidate"}


NEITHER = {
    "port alone": "{name: c, image: acme/x, ports: [{containerPort: 8000}]}",
    "mount alone": "{name: c, image: acme/x, volumeMounts: [{name: w, mountPath: /models}]}",
    "no device asked": "{name: c, image: acme/x, resources: {limits: {nvidia.com/gpu: 0}}}",
    "client of a managed model": "{name: c, image: acme/x, env: [{name: BEDROCK_MODEL_ID, value: a.b}]}",
    "knowledge has edge in it": "{name: knowledge-edge, image: acme/knowledge-base}",
    "fetches from another server": '{name: c, image: curlimages/curl, command: [sh, -c, "ollama pull llama3"]}',
    "client image of a server": "{name: c, image: 'nvcr.io/nvidia/tritonserver:24.12-py3-sdk', "
    "resources: {limits: {nvidia.com/gpu: 1}}, command: [sh, -c, 'genai-perf profile -m llama']}",
    "benchmark in a vllm image": "{name: c, image: 'vllm/vllm-openai:1', command: [vllm, bench, serve, --model m]}",
    "benchmark": "{name: c, image: 'ghcr.io/vllm-project/guidellm:v0.3', env: [{name: MODEL_NAME, value: m}], "
    "ports: [{containerPort: 8000}]}",
    "web page": "{name: c, image: 'ghcr.io/open-webui/open-webui:main', env: [{name: MODEL_NAME, value: m}], "
    "ports: [{containerPort: 8080}]}",
    "name of a model alone": "{name: c, image: acme/chat, env: [{name: MODEL_NAME, value: m}]}",
    "model-like name": "{name: model-dashboard, image: acme/model-dashboard}",
}


@pytest.mark.parametrize("body", NEITHER.values(), ids=NEITHER)
def test_look_alikes_have_no_role(tmp_path, body):
    world, address = one(tmp_path, body)
    assert roles(world, address) == set()


@pytest.mark.parametrize(
    "image", ["nvcr.io/nvidia/k8s-device-plugin:v0.17", "nvcr.io/nvidia/k8s/dcgm-exporter:4", "registry.k8s.io/nfd:v1"]
)
def test_parts_of_the_gpu_stack_are_no_models(tmp_path, image):
    body = f"{{name: nvidia-gpu, image: '{image}'}}"
    world, address = one(tmp_path, body, "DaemonSet", "nvidia-gpu-operator")
    assert roles(world, address) == set()


def test_a_job_with_a_device_is_a_candidate_and_a_job_that_serves_a_model(tmp_path):
    body = "{name: c, image: 'vllm/vllm-openai:1', resources: {limits: {nvidia.com/gpu: 1}}}"
    world, address = one(tmp_path, body, "Job")
    assert roles(world, address) == {"candidate"}
    world, address = one(tmp_path, "{name: c, image: x, command: [vllm, serve, org/name]}", "Job")
    assert roles(world, address) == {"model"}


def test_a_job_that_fetches_weights_serves_nothing(tmp_path):
    body = (
        "{name: c, image: acme/fetch, env: [{name: HF_MODEL_ID, value: org/name}], "
        "volumeMounts: [{name: w, mountPath: /models}]}"
    )
    world, address = one(tmp_path, body, "Job")
    assert roles(world, address) == set()


def test_a_server_started_beside_a_benchmark_is_a_server(tmp_path):
    body = '{name: c, image: acme/x, command: [sh, -c, "vllm serve org/name & guidellm benchmark"]}'
    world, address = one(tmp_path, body)
    assert roles(world, address) == {"model"}


def test_an_init_container_serves_nothing(tmp_path):
    text = deployment("{name: c, image: acme/x}") + "      initContainers: [{name: i, image: 'ollama/ollama:1'}]\n"
    world = build(tmp_path, {"a.yaml": text}, build_roles)
    assert roles(world, "ns/Deployment/x") == set()


def reference(tmp_path, body: str) -> list[tuple[str, str]]:
    world, address = one(tmp_path, body)
    return [(shown(fact.reference), shown(fact.digest)) for fact in facts(world, address, ModelReference)]


VLLM = "name: c, image: 'vllm/vllm-openai:1'"
REFERENCES = {
    f"{{{VLLM}, args: [--model, org/name, --served-model-name, prod]}}": ("hf:org/name", ""),
    f"{{{VLLM}, args: [--model=org/name, --revision={HASH}]}}": ("hf:org/name", f"git:{HASH}"),
    f"{{{VLLM}, args: [--model=org/name, --revision=main]}}": ("hf:org/name", ""),
    f"{{{VLLM}, args: [--model=s3://bucket/key/]}}": ("s3://bucket/key/", ""),
    f"{{{VLLM}, args: [--model=org/name, --model=evil/x]}}": ("hf:evil/x", ""),
    f"{{{VLLM}, args: [--model=org/name, $(M)], env: [{{name: M, value: --model=evil/x}}]}}": ("hf:evil/x", ""),
    f"{{{VLLM}, args: [org/name, --port=8000]}}": ("hf:org/name", ""),
    f"{{{VLLM}, command: [sh, -c, 'vllm serve org/name --port 8000']}}": ("hf:org/name", ""),
    f"{{{VLLM}, args: ['--model=$(M)'], env: [{{name: M, value: org/name}}]}}": ("hf:org/name", ""),
    f"{{{VLLM}, args: [--model=/models/x]}}": ("?--model", ""),
    f"{{{VLLM}, args: [--port=8000]}}": ("?image vllm/vllm-openai:1", ""),
    "{name: c, image: 'ghcr.io/huggingface/text-generation-inference:3', args: [--model-id, o/n]}": ("hf:o/n", ""),
    "{name: c, image: 'ghcr.io/huggingface/text-generation-inference:3', env: [{name: MODEL_ID, value: o/n}]}": (
        "hf:o/n",
        "",
    ),
    "{name: c, image: 'lmsysorg/sglang:1', command: [python, -m, sglang.launch_server, --model-path, o/n]}": (
        "hf:o/n",
        "",
    ),
    "{name: c, image: 'nvcr.io/nvidia/tritonserver:1', args: [tritonserver, --model-repository=s3://b/k]}": (
        "s3://b/k",
        "",
    ),
    "{name: c, image: 'nvcr.io/nim/meta/llama3-8b-instruct:1.0'}": ("nim:meta/llama3-8b-instruct", ""),
    "{name: c, image: 'ollama/ollama:1', command: [sh, -c, 'ollama serve & ollama run llama3:8b']}": (
        "ollama:llama3:8b",
        "",
    ),
    "{name: c, image: 'ghcr.io/ggml-org/llama.cpp:server', args: [-hf, o/n-GGUF]}": ("hf:o/n-GGUF", ""),
}


@pytest.mark.parametrize("body", REFERENCES)
def test_what_a_server_serves(tmp_path, body):
    assert reference(tmp_path, body) == [REFERENCES[body]]


def test_what_fetches_beside_a_server_names_no_model(tmp_path):
    server = "{name: s, image: 'vllm/vllm-openai:v1', args: [--model=/gcs/org/name]}"
    fetcher = "{name: f, image: busybox, command: [sh], env: [{name: MODEL_ID, value: org/name}]}"
    names = [name for name, _ in reference(tmp_path, f"{fetcher}\n        - {server}")]
    assert not any(name.startswith("hf:") for name in names), names


@pytest.mark.parametrize("image", ["tensorflow/serving:2.16", "registry.example/tf-serving-tpu:2.13"])
def test_what_a_server_calls_its_model_is_no_reference(tmp_path, image):
    names = [
        name
        for name, _ in reference(tmp_path, f"{{name: s, image: '{image}', env: [{{name: MODEL_NAME, value: bert}}]}}")
    ]
    assert names
    assert not any(name.startswith("hf:") for name in names), names


@pytest.mark.parametrize(
    ("script", "wanted"), [("vllm serve evil/x", "hf:evil/x"), ("exec vllm serve $@", "hf:org/name")]
)
def test_what_follows_a_script_counts_only_where_the_script_takes_it(tmp_path, script, wanted):
    body = f"{{name: s, image: 'vllm/vllm-openai:v1', command: [sh, -c, '{script}'], args: [--model=org/name]}}"
    assert [name for name, _ in reference(tmp_path, body)] == [wanted]


def test_the_line_of_the_argument_decides(tmp_path):
    text = deployment("name: c\n          image: vllm/vllm-openai:1\n          args:\n            - --model=org/name")
    world = build(tmp_path, {"a.yaml": text}, build_roles)
    assert [line(fact) for fact in facts(world, "ns/Deployment/x", ModelReference)] == [11]


def test_the_line_of_the_revision_is_kept_beside_it(tmp_path):
    args = f"\n            - --model=org/name\n            - --revision={HASH}"
    text = deployment(f"name: c\n          image: vllm/vllm-openai:1\n          args:{args}")
    world = build(tmp_path, {"a.yaml": text}, build_roles)
    [fact] = facts(world, "ns/Deployment/x", ModelReference)
    assert (fact.origin.line, fact.pinned_at.line) == (11, 12)


def test_a_model_out_of_a_secret_is_not_known(tmp_path):
    body = f"{{{VLLM}, args: ['--model=$(M)'], env: [{{name: M, valueFrom: {{secretKeyRef: {{name: s, key: k}}}}}}]}}"
    (found,) = reference(tmp_path, body)
    assert found[0].startswith("?")


def test_a_model_out_of_a_config_map_of_the_inputs_is_known(tmp_path):
    body = (
        f"{{{VLLM}, args: ['--model=$(M)'], env: [{{name: M, valueFrom: {{configMapKeyRef: {{name: s, key: k}}}}}}]}}"
    )
    settings = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: s, namespace: ns}\ndata: {k: org/name}\n"
    world = build(tmp_path, {"a.yaml": deployment(body) + settings}, build_roles)
    assert [fact.reference for fact in facts(world, "ns/Deployment/x", ModelReference)] == ["hf:org/name"]


def test_adapters_are_models_too(tmp_path):
    body = f"{{{VLLM}, args: [--model=org/name, --enable-lora, --lora-modules, a=org/adapter, b=s3://b/k]}}"
    assert sorted(reference(tmp_path, body)) == [("hf:org/adapter", ""), ("hf:org/name", ""), ("s3://b/k", "")]


@pytest.mark.parametrize(
    ("volume", "wanted"),
    [
        ("image: {reference: 'reg.io/m@sha256:" + "a" * 64 + "'}", "oci:reg.io/m@sha256:" + "a" * 64),
        ("persistentVolumeClaim: {claimName: w}", "pvc://w/llama"),
        ("csi: {driver: s3.csi.aws.com, volumeAttributes: {bucketName: b}}", "s3://b/llama"),
        ("emptyDir: {}", "?--model"),
    ],
)
def test_a_mounted_model_is_what_its_volume_is(tmp_path, volume, wanted):
    text = deployment(f"{{{VLLM}, args: [--model=/models/llama], volumeMounts: [{{name: v, mountPath: /models}}]}}")
    world = build(tmp_path, {"a.yaml": text + f"      volumes: [{{name: v, {volume}}}]\n"}, build_roles)
    (fact,) = facts(world, "ns/Deployment/x", ModelReference)
    assert shown(fact.reference) == wanted
    assert fact.digest == ("sha256:" + "a" * 64 if wanted.startswith("oci:") else "")


OBJECTS = {
    "InferenceService": ("serving.kserve.io/v1beta1", "spec: {predictor: {model: {modelFormat: {name: vllm}, "
                         "storageUri: 's3://b/k'}}}", "s3://b/k"),
    "LLMInferenceService": ("serving.kserve.io/v1alpha1", "spec: {model: {uri: 'hf://o/n', name: alias}}", "hf:o/n"),
    "NIMService": ("apps.nvidia.com/v1alpha1", "spec: {image: {repository: nvcr.io/nim/meta/llama3, tag: '1'}}",
                   "nim:meta/llama3"),
    "Model": ("kubeai.org/v1", "spec: {url: 'ollama://gemma2:2b', engine: OLlama}", "ollama:gemma2:2b"),
    "Workspace": ("kaito.sh/v1beta1", "inference: {preset: {name: phi-4}}", "kaito:phi-4"),
    "VLLMRuntime": ("production-stack.vllm.ai/v1alpha1", "spec: {model: {modelURL: o/n}}", "hf:o/n"),
    "RayService": ("ray.io/v1", "spec: {serveConfigV2: \"applications:\\n- args: {llm_configs: "
                   "[{model_loading_config: {model_id: o/n}}]}\\n\"}", "hf:o/n"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OBJECTS)
def test_model_objects(tmp_path, kind):
    version, body, wanted = OBJECTS[kind]
    text = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: m, namespace: ns}}\n{body}\n"
    world = build(tmp_path, {"a.yaml": text}, build_roles)
    assert roles(world, f"ns/{kind}/m") == {"model"}
    assert [fact.reference for fact in facts(world, f"ns/{kind}/m", ModelReference)] == [wanted]


@pytest.mark.parametrize(
    ("version", "kind", "body"),
    [
        ("serving.kserve.io/v1alpha1", "LocalModelCache", "spec: {sourceModelUri: 's3://b/k'}"),
        ("apps.nvidia.com/v1alpha1", "NIMCache", "spec: {source: {ngc: {modelPuller: nvcr.io/nim/meta/llama3}}}"),
        ("kaito.sh/v1beta1", "Workspace", "tuning: {preset: {name: phi-4}}"),
        ("inference.networking.k8s.io/v1", "InferencePool", "spec: {selector: {matchLabels: {app: vllm}}}"),
        ("v1", "Service", "spec: {selector: {app: vllm}, ports: [{port: 8000}]}"),
        (
            "serving.kserve.io/v1alpha1",
            "ServingRuntime",
            "spec: {containers: [{name: c, image: 'vllm/vllm-openai:1'}]}",
        ),
    ],
)
def test_objects_beside_a_model_are_none(tmp_path, version, kind, body):
    text = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: m, namespace: ns}}\n{body}\n"
    world = build(tmp_path, {"a.yaml": text}, build_roles)
    (address,) = (one.address for one in world.nodes.values())
    assert roles(world, address) == set()


def test_a_nim_service_finds_its_cache(tmp_path):
    text = """\
apiVersion: apps.nvidia.com/v1alpha1
kind: NIMService
metadata: {name: m, namespace: ns}
spec: {image: {repository: acme/mirror, tag: '1'}, storage: {nimCache: {name: c}}}
---
apiVersion: apps.nvidia.com/v1alpha1
kind: NIMCache
metadata: {name: c, namespace: ns}
spec: {source: {ngc: {modelPuller: 'nvcr.io/nim/meta/llama3:1'}}}
"""
    world = build(tmp_path, {"a.yaml": text}, build_roles)
    assert [fact.reference for fact in facts(world, "ns/NIMService/m", ModelReference)] == ["nim:meta/llama3"]


def test_the_profile_decides_first(tmp_path):
    body = "{name: c, image: acme/unknown}"
    world, address = one(tmp_path, body, profile="models: {servers: [ns/Deployment/x]}")
    assert roles(world, address) == {"model"}
    assert [shown(fact.reference) for fact in facts(world, address, ModelReference)] == ["?ns/Deployment/x"]


def test_not_a_model_is_said_with_its_reason(tmp_path):
    profile = "not_models: [{subject: ns/Deployment/x, reason: it renders video}]"
    world, address = one(tmp_path, SERVERS["vllm image"], profile=profile)
    assert roles(world, address) == set()
    assert list(world.assumptions) == ["`ns/Deployment/x` is not a model: it renders video (the profile says so)"]


@pytest.mark.parametrize("key", ["gateways", "classifiers"])
def test_the_stack_is_never_a_model(tmp_path, key):
    profile = f"safety_stack: {{{key}: [ns/Deployment/*]}}"
    world, address = one(tmp_path, SERVERS["vllm image"], profile=profile)
    assert roles(world, address) == {key.removesuffix("s")}


GUARD = f"{{{VLLM}, args: [--model=meta-llama/Llama-Guard-3-8B]}}"


def test_a_classifier_is_proposed_until_the_profile_names_them(tmp_path):
    world, address = one(tmp_path, GUARD)
    assert roles(world, address) == {"classifier"}
    assert "the profile does not say" in world.recognised[node(world, address).id]
    world, address = one(tmp_path, GUARD, profile="safety_stack: {classifiers: [ns/Deployment/other]}")
    assert roles(world, address) == {"model"}


def test_a_gateway_is_only_pointed_out(tmp_path):
    world, address = one(tmp_path, "{name: c, image: 'ghcr.io/berriai/litellm:main'}")
    assert roles(world, address) == set()
    assert world.recognised[node(world, address).id].startswith("looks like a gateway (LiteLLM")


def test_upstreams_of_a_gateway(tmp_path):
    text = (
        deployment("{name: c, image: 'ghcr.io/berriai/litellm:main'}")
        + """\
      volumes: [{name: v, configMap: {name: settings}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: ns}
data:
  config.yaml: |
    model_list:
      - model_name: a
        litellm_params: {model: bedrock/anthropic.claude-v2, api_base: 'https://x'}
      - model_name: b
        litellm_params:
          model: os.environ/MODEL
"""
    )
    world = build(tmp_path, {"a.yaml": text}, build_roles, profile="safety_stack: {gateways: [ns/Deployment/x]}")
    found = {shown(fact.reference): line(fact) for fact in facts(world, "ns/Deployment/x", ModelReference)}
    assert found == {"bedrock:anthropic.claude-v2": 18, "?os.environ/MODEL": 21}


@pytest.mark.parametrize(
    "body",
    [
        "{name: c, image: [1], args: {a: b}, env: x, ports: y, resources: [], volumeMounts: z}",
        "{name: c, env: [1, {name: []}], command: 3, args: [[x]]}",
    ],
)
def test_wrong_types_do_not_crash(tmp_path, body):
    world, address = one(tmp_path, body)
    assert roles(world, address) == set()
