"""What no table knows: a possible way where it touches a model or a guard, and nothing elsewhere."""

from scanner.builders.aws_network.build import build_aws_network
from scanner.builders.unmodelled import build_unmodelled, unmodelled_kinds
from scanner.graph.model import Role
from tests.builders.aws import edges, manifest, read, world

MODEL = """
resource "aws_vpc" "main" { cidr_block = "10.0.0.0/16" }
resource "aws_security_group" "model" { vpc_id = aws_vpc.main.id }
resource "aws_instance" "model" {
  vpc_security_group_ids = [aws_security_group.model.id]
  %s
}
resource "aws_s3_bucket" "weights" { bucket = "weights" }
"""


def made(folder, text, *more, inside=""):
    roles = {"aws_instance.model": Role.MODEL, "aws_s3_bucket.weights": Role.STORE}
    found = world(*read(folder, MODEL % inside + text), *more, roles=roles)
    build_aws_network(found)
    build_unmodelled(found)
    return found


def test_a_strange_thing_that_refers_to_the_model_may_reach_it(tmp_path):
    found = made(tmp_path, 'resource "aws_strange" "s" { target = aws_instance.model.id }')
    assert edges(found) == ["aws_strange.s -> aws_instance.model all possible(aws_strange.s)"]
    assert found.nodes["main:aws_strange.s"].actor


def test_a_strange_thing_that_refers_to_a_guard_may_reach_the_model(tmp_path):
    found = made(tmp_path, 'resource "aws_strange" "s" { groups = [aws_security_group.model.id] }')
    assert edges(found) == ["aws_strange.s -> aws_instance.model all possible(aws_strange.s)"]


def test_a_strange_thing_in_a_group_that_the_models_group_admits_may_reach_it(tmp_path):
    text = """
resource "aws_security_group" "gate" { vpc_id = aws_vpc.main.id }
resource "aws_security_group" "other" { vpc_id = aws_vpc.main.id }
resource "aws_vpc_security_group_ingress_rule" "gate" {
  security_group_id            = aws_security_group.model.id
  referenced_security_group_id = aws_security_group.gate.id
  ip_protocol                  = "-1"
}
resource "aws_strange" "s" { groups = [aws_security_group.%s.id] }
"""
    assert edges(made(tmp_path, text % "gate")) == ["aws_strange.s -> aws_instance.model all possible(aws_strange.s)"]
    assert edges(made(tmp_path, text % "other")) == []


def test_a_strange_thing_that_the_model_refers_to_may_reach_it(tmp_path):
    found = made(tmp_path, 'resource "aws_strange" "s" {}', inside="strange = aws_strange.s.id")
    assert edges(found) == ["aws_strange.s -> aws_instance.model all possible(aws_strange.s)"]


def test_a_strange_thing_that_touches_nothing_is_only_counted(tmp_path):
    found = made(tmp_path, 'resource "aws_strange" "s" { vpc = aws_vpc.main.id }')
    assert edges(found) == []
    assert unmodelled_kinds(found) == {"aws_strange": 1}


def test_inert_and_modelled_kinds_are_neither(tmp_path):
    text = """
resource "aws_cloudwatch_metric_alarm" "a" { dimensions = { InstanceId = aws_instance.model.id } }
resource "aws_eip" "e" { instance = aws_instance.model.id }
data "aws_strange" "d" { id = aws_instance.model.id }
"""
    found = made(tmp_path, text)
    assert edges(found) == []
    assert unmodelled_kinds(found) == {}


def test_a_kind_that_a_builder_asked_for_is_modelled(tmp_path):
    text = 'resource "aws_strange" "s" { target = aws_instance.model.id }'
    found = world(*read(tmp_path, MODEL % "" + text), roles={"aws_instance.model": Role.MODEL})
    assert unmodelled_kinds(found) == {"aws_strange": 1}
    list(found.inventory.of("aws_strange"))
    assert unmodelled_kinds(found) == {}


def test_a_strange_thing_with_the_store_may_copy_it(tmp_path):
    found = made(tmp_path, 'resource "aws_strange" "s" { source = aws_s3_bucket.weights.arn }')
    assert edges(found, plane="supply") == ["aws_s3_bucket.weights -> aws_strange.s possible(aws_strange.s)"]


def test_a_strange_object_of_kubernetes_may_lead_to_what_it_names(tmp_path):
    model = manifest("Deployment", "vllm", "inference", "apps")
    route = manifest("Forwarder", "r", "inference", "example.com", spec={"routes": [{"services": [{"name": "vllm"}]}]})
    elsewhere = manifest("Forwarder", "r", "other", "example.com", spec={"routes": [{"services": [{"name": "vllm"}]}]})
    found = world(model, route, elsewhere, roles={"inference/Deployment/vllm": Role.MODEL})
    build_unmodelled(found)
    assert edges(found) == ["inference/Forwarder/r -> inference/Deployment/vllm all possible(inference/Forwarder/r)"]
