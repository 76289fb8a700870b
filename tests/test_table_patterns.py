"""The patterns of the domain tables: what they find, and what they must not find."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from scanner import tables

# -- zones and regions

ZONES = {
    "us-west-2a": "standard",
    "us-gov-west-1b": "standard",
    "eu-isoe-west-1a": "standard",
    "us-isob-east-1c": "standard",
    "eusc-de-east-1a": "standard",
    "usw2-az1": "standard",
    "us-east-1-zg-1": "standard",
    "us-west-2-lax-1a": "local",
    "us-west-2-lax-1": "local",
    "us-east-1-atl-2a": "local",
    "usw2-lax1-az1": "local",
    "us-east-1-wl1-atl-wlz-1": "wavelength",
    "us-east-1-wl1-atl-wlz1": "wavelength",
    "use1-wl1-atl-wlz1": "wavelength",
    "us-east-1-wl1": "wavelength",
    "us-west-2": "",
    "my-building-1a": "",
}


@pytest.mark.parametrize(("name", "kind"), ZONES.items())
def test_zone_kind(name: str, kind: str) -> None:
    assert tables.zone_kind(name) == kind
    found = {r.zone for r in tables.region_facts("zone") if r.provider == "aws" and re.search(str(r.regex), name)}
    assert found == ({kind} if kind else set())


@pytest.mark.parametrize(
    ("region", "cloud", "partition"),
    [
        ("us-east-1", "aws", "aws"),
        ("us-gov-west-1", "aws", "aws-us-gov"),
        ("us-iso-east-1", "aws", "aws-iso"),
        ("us-isob-east-1", "aws", "aws-iso-b"),
        ("eu-isoe-west-1", "aws", "aws-iso-e"),
        ("us-isof-south-1", "aws", "aws-iso-f"),
        ("eusc-de-east-1", "aws", "aws-eusc"),
        ("cn-north-1", "aws", "aws-cn"),
        ("usgovvirginia", "azure", "azure-us-gov"),
        ("us-central1", "google", "google"),
    ],
)
def test_partition_of(region: str, cloud: str, partition: str) -> None:
    found = tables.partition_of(region, cloud)
    assert found is not None and found.id == partition
    assert [
        r.id for r in tables.region_facts("partition") if r.provider == cloud and re.search(r.regex or "$^", region)
    ] == [partition]


def test_closed_partitions_hold_their_own_regions() -> None:
    for row in tables.region_facts("partition"):
        for region in row.regions:
            assert tables.partition_of(region) == row


def test_an_unknown_region_has_no_partition() -> None:
    assert tables.partition_of("onprem-dc-1") is None
    assert tables.partition_of("us-east-1a") is None


# -- patterns, found and not found

HARMLESS = [
    "knowledge", "ledger", "aws_qldb_ledger", "snowflake", "snowflake_database", "m7g.2xlarge", "c8gn.48xlarge",
    "Graviton3", "edge_locations", "CloudFront edge location", "TLS edge termination", "termination: edge",
    "hybrid", "search_type = \"HYBRID\"", "hybrid search", "privileged", "acknowledged", "drop-00000000000000000",
    "ami-0123456789abcdef0", "i-0123456789abcdef0", "hedge-fund", "arn:aws:s3:::weights", "kubernetes.io/arch: arm64",
]  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_words_match_no_place(text: str) -> None:
    hits = [
        row.id for fact in ("id", "command") for row in tables.literals(fact) if tables.pattern(row.regex).search(text)
    ]
    for fact in ("provider-id", "kubelet-version", "os-image", "kernel-version", "image"):
        hits += [
            r.id
            for r in tables.kubernetes_facts(fact)
            if r.scheme != "" or fact != "provider-id"
            if re.search(r.regex, text)
        ]
    assert hits == []


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_words_are_no_model_and_no_classifier(text: str) -> None:
    rows_ = [*tables.model_facts("image"), *tables.model_facts("argument")]
    rows_ += [*tables.safety_facts("classifier"), *tables.safety_facts("gateway")]
    assert [row.id for row in rows_ if tables.pattern(row.regex).search(text)] == []
    assert tables.tripwires(text) == ()


LITERALS = {
    "arn:aws-us-gov:outposts:us-gov-west-1:111122223333:outpost/op-0123456789abcdef0": {"outpost-arn", "outpost-id"},
    "arn:aws:s3-outposts:us-east-1:1:outpost/x": {"s3-outposts-arn"},
    "lgw-0123456789abcdef0": {"local-gateway-id"},
    "lgw-rtb-0123456789abcdef0": {"local-gateway-id"},
    "cagw-0123456789abcdef0": {"carrier-gateway-id"},
    "mi-0123456789abcdef0": {"managed-instance-id"},
    "/subscriptions/x/providers/Microsoft.Kubernetes/connectedClusters/y": {"azure-arc-id"},
    "curl https://hybrid-assets.eks.amazonaws.com/releases": {"eks-hybrid-assets"},
    "curl -sfL https://get.k3s.io | sh -": {"edge-installers"},
    "azcmagent connect --resource-group x": {"azcmagent"},
    "keadm join --cloudcore-ipport=1.2.3.4": {"edge-join"},
    "sudo amazon-ssm-agent -register -code x -id y": {"ssm-register"},
    "trtexec --onnx=m.onnx --saveEngine=m.engine": {"device-compilers"},
}


@pytest.mark.parametrize(("text", "ids"), LITERALS.items())
def test_literals_are_found(text: str, ids: set[str]) -> None:
    rows_ = [*tables.literals("id"), *tables.literals("command")]
    assert {row.id for row in rows_ if tables.pattern(row.regex).search(text)} == ids


@pytest.mark.parametrize(
    ("provider_id", "place"),
    [
        ("aws:///us-gov-west-1a/i-0123456789abcdef0", "cloud"),
        ("azure:///subscriptions/x", "cloud"),
        ("gce://project/us-central1-a/vm", "cloud"),
        ("ocid1.instance.oc1.iad.x", "other-cloud"),
        ("eks-hybrid:///us-east-1/cluster/mi-0123456789abcdef0", "hybrid-compute"),
        ("vsphere://42", "on-prem"),
        ("k3s://box", "edge-distribution"),
        ("kind://docker/kind/node", "local"),
        ("", "unknown"),
    ],
)
def test_provider_id(provider_id: str, place: str) -> None:
    found = [r.place for r in tables.kubernetes_facts("provider-id") if tables.pattern(r.regex).search(provider_id)]
    assert found == [place]


def test_a_graviton_node_is_not_edge() -> None:
    labels = {"kubernetes.io/arch": "arm64", "node.kubernetes.io/instance-type": "m7g.large"}
    hits = [
        row.id
        for row in tables.kubernetes_facts("node-label")
        if row.key in labels and (row.value == labels[row.key] or row.regex and re.search(row.regex, labels[row.key]))
    ]
    assert hits == []


MODEL_IMAGES = {
    "vllm/vllm-openai:v0.11": "vllm",
    "docker.io/vllm/vllm-openai@sha256:0": "vllm",
    "nvcr.io/nvidia/tritonserver:25.01-py3": "triton",
    "nvcr.io/nim/meta/llama3-8b-instruct:1.0": "nim",
    "ghcr.io/huggingface/text-generation-inference:3": "tgi",
    "ollama/ollama": "ollama",
    "lmsysorg/sglang:latest": "sglang",
    "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.33": "aws-dlc",
}


@pytest.mark.parametrize(("image", "server"), MODEL_IMAGES.items())
def test_model_images(image: str, server: str) -> None:
    assert {r.server for r in tables.model_facts("image") if tables.pattern(r.regex).search(image)} == {server}


@pytest.mark.parametrize("image", ["nginx:1.27", "busybox", "postgres:17", "grafana/grafana", "acme/ledger-api:1"])
def test_other_images_are_no_models(image: str) -> None:
    rows_ = [*tables.model_facts("image"), *tables.safety_facts("gateway"), *tables.kubernetes_facts("image")]
    assert [row.id for row in rows_ if tables.pattern(row.regex).search(image)] == []


@pytest.mark.parametrize(
    ("model", "trips"),
    [
        ("mlabonne/Meta-Llama-3.1-8B-Instruct-abliterated", {"refusal-removed"}),
        ("cognitivecomputations/dolphin-2.9-llama3-8b", {"refusal-removed"}),
        ("acme/support-helpful-only-v3", {"helpful-only"}),
        ("google/gemma-3-27b-pt", {"pretrained-only", "missing-suffix"}),
        ("acme/frontier-base", {"pretrained-only"}),
        ("meta-llama/Llama-3.1-8B", {"missing-suffix"}),
        ("mistralai/Mistral-7B-v0.1", {"missing-suffix"}),
        ("meta-llama/Llama-3.1-8B-Instruct", set()),
        ("google/gemma-3-27b-it", set()),
        ("mistral.mistral-large-2402-v1:0", set()),
        ("meta-llama/Llama-Guard-3-8B", set()),
        ("deepseek-ai/DeepSeek-R1", set()),
        ("microsoft/Phi-3-mini-4k-instruct", set()),
        ("anthropic.claude-sonnet-4-5-v1:0", set()),
        ("BAAI/bge-base-en-v1.5", set()),
        ("intfloat/e5-base-v2", set()),
        ("google-bert/bert-base-uncased", set()),
        ("FacebookAI/roberta-base", set()),
        ("microsoft/deberta-v3-base", set()),
        ("openai/whisper-base", set()),
        ("acme/database-agent", set()),
        ("BAAI/bge-reranker-base", set()),
        ("jinaai/jina-reranker-v2-base-multilingual", set()),
        ("jinaai/jina-embeddings-v2-base-en", set()),
        ("Alibaba-NLP/gte-multilingual-base", set()),
        ("intfloat/multilingual-e5-base", set()),
        ("answerdotai/ModernBERT-base", set()),
        ("facebook/wav2vec2-base-960h", set()),
        ("openai/clip-vit-base-patch32", set()),
        ("google/flan-t5-base", set()),
        ("s3://acme/guards/bge-reranker-base/v1/", set()),
        # A model of generation stays one beside such a name, and under it.
        ("acme/e5-llama-3-base", {"pretrained-only"}),
        ("s3://acme/whisper-base/frontier-base/", {"pretrained-only"}),
        ("deepseek-ai/deepseek-llm-7b-base-v2", {"pretrained-only", "missing-suffix"}),
        ("acme/mistral-7b-base-en", {"pretrained-only", "missing-suffix"}),
        ("s3://acme/knowledge-base/claude-gov/", set()),
        ("acme/dolphinfish-classifier", set()),
        ("acme/bert-base-uncensored", {"refusal-removed"}),
    ],
)
def test_tripwires(model: str, trips: set[str]) -> None:
    assert {row.id for row in tables.tripwires(model)} == trips


def test_sagemaker_targets() -> None:
    found = Counter(row.place for row in tables.artifacts("target-device"))
    assert found == {"cloud": 14, "edge-device": 23}
