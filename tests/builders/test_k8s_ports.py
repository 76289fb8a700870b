"""On which ports a model answers: narrowed by arguments, variables and tables, and by nothing that is not known."""

from __future__ import annotations

import pytest

from scanner.builders.k8s_network.pods import workloads
from scanner.builders.k8s_network.ports import listening
from tests.builders.k8s_world import resources_of, workload

VLLM = "image: vllm/vllm-openai"
SECRET = "{secretKeyRef: {name: a, key: b}}"
TRITON = "image: nvcr.io/nvidia/tritonserver"


def inference(container: str) -> set[int]:
    text = workload("m", "inference", f"containers: [{{name: m, {container}}}]")
    (found,) = workloads(resources_of(text))
    return set(listening(found).inference)


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (VLLM, {8000}),
        (f"{VLLM}, args: [--port=9000]", {9000}),
        (f"{VLLM}, args: [--port, '9000']", {9000}),
        (f"{VLLM}, args: [--port, $(PORT)], env: [{{name: PORT, value: '9000'}}]", {9000}),
        (f"{VLLM}, args: [--port=$(PORT)], env: [{{name: PORT, valueFrom: {SECRET}}}]", set()),
        (f"{VLLM}, args: [--port, $(NOWHERE)]", set()),
        (f"{VLLM}, command: [sh, -c, 'vllm serve a/b --port 9000']", {9000}),
        (f"{VLLM}, command: [sh, -c, 'vllm serve a/b --port $PORT']", set()),
        (f"{VLLM}, command: [sh, -c, 'vllm serve a/b --port ${{PORT:-9000}}']", set()),
        (f"{VLLM}, command: [python, own.py]", set()),
        (f"{VLLM}, env: [{{name: VLLM_PORT, value: '9000'}}]", {8000, 9000}),
        (f"{VLLM}, args: [--model, a/b, --metrics-port, '9100']", {8000}),
        (TRITON, {8000, 8001}),
        (f"{TRITON}, command: [tritonserver, --http-port=9000]", {8000, 8001, 9000}),
        (f"{TRITON}, command: [tritonserver, --grpc-port, '9001', --metrics-port, '9002']", {8000, 8001, 9001}),
        ("image: tensorflow/serving, args: [--rest_api_port=9501]", {8500, 8501, 9501}),
        ("image: ghcr.io/huggingface/text-generation-inference, args: [-p, '3000']", {80, 8080, 3000}),
        ("image: ghcr.io/huggingface/text-generation-inference, env: [{name: PORT, value: '3000'}]", {80, 8080, 3000}),
        ("image: ollama/ollama, env: [{name: OLLAMA_HOST, value: '0.0.0.0:1234'}]", {11434, 1234}),
        ("image: ollama/ollama, env: [{name: OLLAMA_HOST, value: '0.0.0.0'}]", set()),
        ("image: kserve/huggingfaceserver", {8080, 8081}),
        ("image: rayproject/ray-llm", {8000, 9000, 6379, 8265, 10001}),
        ("image: example/none, args: [--port=1]", {1}),
        ("image: example/none", set()),
    ],
)  # fmt: skip
def test_what_is_known_narrows_the_ports_of_a_model(container, expected):
    assert inference(container) == expected
