"""A NetworkPolicy written in Terraform: what a block of it that may not be there leaves open."""

from __future__ import annotations

import pytest

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.k8s_network.build import build_k8s_network
from scanner.graph.model import Role
from scanner.origin import FileOrigin
from scanner.profile import Profile, Unit
from scanner.sources.read import ReadRequest, read_all
from tests.builders.k8s_world import BASE, CALICO, GATEWAY, MODEL, TENANT, reasons, state, ways

HEAD = """
variable "some" {}
resource "kubernetes_network_policy_v1" "x" {
  metadata {
    name      = "only"
    namespace = "inference"
  }
  spec {
    %s
  }
}
"""
SUBJECT = 'pod_selector { match_labels = { app = "vllm" } }\n'
TYPES = 'policy_types = ["Ingress"]\n'
FROM = 'from {\n namespace_selector { match_labels = { "kubernetes.io/metadata.name" = "%s" } }\n }\n'


def block(text: str) -> str:
    """`name { body }` on lines of their own, since a block of one line holds no block."""
    return text.replace("{ match_labels", "{\n match_labels").replace("} }\n", "}\n }\n")


NESTED = """ingress {
 dynamic "from" {
 for_each = var.some
 content {
 namespace_selector {
 match_labels = { "kubernetes.io/metadata.name" = "tenant" }
 }
 }
 }
 }
"""


def dynamic(name: str, body: str) -> str:
    return f'dynamic "{name}" {{\n for_each = var.some\n content {{\n {body} }}\n }}\n'


def graph(tmp_path, spec: str):
    (tmp_path / "main.tf").write_text(HEAD % block(spec))
    (tmp_path / "base.yaml").write_text(f"{BASE}\n---\n{CALICO}")
    unit = Unit("k8s", FileOrigin("tether.yaml", 1), terraform=(".",), manifests=(".",))
    reading = read_all(ReadRequest(tmp_path, [tmp_path], units=(unit,), profile_dir=tmp_path))
    assert reading.unread == []
    world = World(Inventory(reading.resources), Profile())
    world.add_roles(f"k8s:{MODEL}", [Role.MODEL])
    build_k8s_network(world)
    return world.freeze()


ONLY = f"ingress {{\n {FROM % 'safety'} }}\n"
PORTS = f"ingress {{\n {FROM % 'safety'} {dynamic('ports', 'port = 9000' + chr(10))} }}\n"


@pytest.mark.parametrize(
    ("spec", "tenant", "gateway"),
    [
        (SUBJECT + TYPES + ONLY, "closed", "open"),
        (SUBJECT + TYPES + dynamic("ingress", FROM % "tenant"), "possible", "closed"),
        (SUBJECT + TYPES + ONLY + dynamic("ingress", FROM % "tenant"), "possible", "open"),
        (SUBJECT + TYPES + NESTED, "possible", "possible"),
        (SUBJECT + TYPES + PORTS, "closed", "possible"),
        (dynamic("pod_selector", 'match_labels = { app = "other" }\n') + TYPES + ONLY, "possible", "open"),
        (SUBJECT + dynamic("egress", FROM.replace("from", "to") % "safety") + ONLY, "closed", "open"),
    ],
)
def test_a_block_that_may_not_be_there(tmp_path, spec, tenant, gateway):
    found = graph(tmp_path, spec)
    assert (state(found, TENANT), state(found, GATEWAY)) == (tenant, gateway)


def test_what_decides_it_is_named(tmp_path):
    found = graph(tmp_path, SUBJECT + TYPES + dynamic("ingress", FROM % "tenant"))
    assert reasons(found, TENANT) == {"value-unknown"}
    assert {name for way in ways(found, TENANT) for edge in way for name in edge.decided_by} == {"var.some"}
