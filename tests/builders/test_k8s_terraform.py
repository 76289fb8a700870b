"""Services, Ingresses, slices and classes as Terraform's Kubernetes provider writes them: the same ways in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import run_scan

MODEL = """
resource "kubernetes_deployment_v1" "vllm" {
  metadata {
    name      = "vllm"
    namespace = "inference"
  }
  spec {
    selector { match_labels = { app = "vllm" } }
    template {
      metadata { labels = { app = "vllm" } }
      spec {
        container {
          name  = "vllm"
          image = "vllm/vllm-openai:v0.11.0"
        }
      }
    }
  }
}
variable "unknown" {}
"""
SERVICE = """
resource "kubernetes_service_v1" "vllm" {
  metadata {
    name      = "vllm"
    namespace = "inference"
  }
  spec {
    %s
    port {
      port        = "80"
      target_port = "8000"
    }
  }
}
"""
PLAIN = SERVICE % 'selector = { app = "vllm" }'
INGRESS = """
resource "kubernetes_ingress_v1" "front" {
  metadata {
    name        = "front"
    namespace   = "inference"
    annotations = { "alb.ingress.kubernetes.io/scheme" = "internet-facing" }
  }
  spec {
    ingress_class_name = "alb"
    %s
  }
}
"""
BACKEND = """backend {
  service {
    name = %s
    port { number = %s }
  }
}"""
SLICE = """
resource "kubernetes_%s" "hand" {
  metadata {
    name      = "vllm"
    namespace = "inference"
    labels    = { "kubernetes.io/service-name" = "vllm" }
  }
  %s
}
"""
SUBSET = """
  subset {
    address { ip = "%s" }
    port { port = 8000 }
  }
"""
ENDPOINT = """
  address_type = "IPv4"
  endpoint {
    condition {}
    addresses = ["10.1.2.3"]
  }
  port { port = "8000" }
"""
BARE = SERVICE % 'type = "LoadBalancer"'


def rule(path: str) -> str:
    return f"rule {{\n http {{\n path {{\n {path}\n }}\n }}\n }}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PLAIN, "holds"),
        (SERVICE % 'type = "NodePort"\n selector = { app = "vllm" }', "violated"),
        (SERVICE % 'external_ips = ["192.0.2.1"]\n selector = { app = "vllm" }', "unproven"),
        (SERVICE % "type = var.unknown\n selector = { app = \"vllm\" }", "unproven"),
        (PLAIN + INGRESS % rule(BACKEND % ('"vllm"', "80")), "violated"),
        (PLAIN + INGRESS % rule(BACKEND % ('"vllm"', "81")), "holds"),
        (PLAIN + INGRESS % rule(BACKEND % ('"other"', "80")), "unproven"),
        (PLAIN + INGRESS % rule(BACKEND % ("var.unknown", "80")), "unproven"),
        (PLAIN + INGRESS % ("default_" + BACKEND % ('"vllm"', "80")), "violated"),
        (BARE, "holds"),
        (BARE + SLICE % ("endpoints_v1", SUBSET % "10.1.2.3"), "unproven"),
        (BARE + SLICE % ("endpoints_v1", SUBSET % "203.0.113.7"), "holds"),
        (BARE + SLICE % ("endpoint_slice_v1", ENDPOINT), "unproven"),
    ],
)  # fmt: skip
def test_the_blocks_of_the_provider_say_the_same(tmp_path: Path, text: str, expected: str):
    (tmp_path / "main.tf").write_text(MODEL + text)
    (tmp_path / "tether.yaml").write_text(
        "models: {servers: [inference/Deployment/vllm]}\nsafety_stack: {gateways: [safety/Deployment/gateway]}\n"
    )
    report = run_scan(tmp_path)
    (found,) = [one["verdict"] for one in report["rules"] if one["id"] == "model-exposed-outside-gateway"]
    assert found == expected
