"""Instances, addresses, nested and dynamic blocks, marks, providers."""

from __future__ import annotations

from scanner.resource import mark
from scanner.sources.terraform.blocks import LABELS, POSSIBLE
from scanner.unknown import Ref, Unknown


def test_count_and_for_each(tree) -> None:
    found = tree(
        'resource "a" "c" {\n  count = 2\n  n = "x${count.index}"\n}\n'
        'resource "a" "e" {\n  for_each = { "k.\\"1" = 5 }\n  n = "${each.key}${each.value}"\n}\n'
        'resource "a" "s" {\n  for_each = toset(["b", "a"])\n  n = each.value\n}\n'
        'resource "a" "none" {\n  count = 0\n}\nresource "a" "empty" {\n  for_each = {}\n}\n'
        'resource "p" "p" {\n  one = a.c[1].id\n  all = a.c[*].id\n  vals = values(a.s)[*].n\n'
        '  key = a.s["a"].id\n}\n'
    ).resources()
    assert set(found) == {"a.c[0]", "a.c[1]", 'a.e["k.\\"1"]', 'a.s["a"]', 'a.s["b"]', "p.p"}
    assert found["a.c[1]"].attrs["n"] == "x1"
    assert found['a.e["k.\\"1"]'].attrs["n"] == 'k."15'
    attrs = found["p.p"].attrs
    assert attrs["one"].ref == Ref("a.c[1]", "id")
    assert [one.ref.address for one in attrs["all"]] == ["a.c[0]", "a.c[1]"]
    assert attrs["vals"] == ["a", "b"]
    assert attrs["key"].ref == Ref('a.s["a"]', "id")


def test_unknown_count_and_for_each_leave_one_possible_instance(tree) -> None:
    found = tree(
        'variable "n" {}\nresource "a" "c" {\n  count = var.n\n  i = count.index\n}\n'
        'resource "a" "e" {\n  for_each = toset(concat(["k"], var.n))\n  v = each.value\n}\n'
        'resource "p" "p" {\n  a = a.c[0].id\n  b = one(a.c[*].id)\n}\n'
    ).resources()
    assert found["a.c[*]"].possible.decided_by == ("var.n",)
    assert isinstance(found["a.c[*]"].attrs["i"], Unknown)
    assert found['a.e["k"]'].possible is None
    assert found['a.e["k"]'].attrs["v"] == "k"
    assert found["a.e[*]"].possible.decided_by == ("var.n",)
    assert found["p.p"].attrs["a"].ref == Ref("a.c[*]", "id")
    assert found["p.p"].attrs["b"].ref == Ref("a.c[*]", "id")


def test_a_condition_decides_whether_there_is_one(tree) -> None:
    text = 'variable "on" {\n  type = bool\n}\nresource "a" "c" {\n  count = var.on ? 1 : 0\n}\n'
    made = tree(text)
    assert made.resources()["a.c[*]"].possible.options == (1, 0)
    assert set(made.resources(variables=(("on", "true"),))) == {"a.c[0]"}
    assert made.resources(variables=(("on", "false"),)) == {}


def test_too_many_instances_are_one_possible(tree) -> None:
    found = tree('resource "a" "c" {\n  count = 100000\n}\n').resources()
    assert list(found) == ["a.c[*]"]


def test_a_list_is_no_for_each(tree) -> None:
    found = tree('resource "a" "c" {\n  for_each = ["a"]\n}\n').resources()
    assert found["a.c[*]"].possible.code == "invalid-expression"


def test_nested_blocks_are_lists_with_marks(tree) -> None:
    found = tree(
        'resource "a" "b" {\n  ingress {\n    port = 1\n    list = [\n      10,\n      20,\n    ]\n  }\n  tags = {\n'
        '    k = "v"\n  }\n  provisioner "local-exec" {\n    command = "x"\n    when = destroy\n  }\n'
        '  lifecycle {\n    ignore_changes = [tags["x"], ami]\n  }\n  depends_on = [a.c]\n}\nresource "a" "c" {}\n'
    ).resources()["a.b"]
    assert found.attrs["ingress"] == [{"port": 1, "list": [10, 20]}]
    assert mark(found.attrs, "ingress", 0).line == 2
    assert mark(found.attrs, "ingress", 0, "port").line == 3
    assert mark(found.attrs, "ingress", 0, "list", 1).line == 6
    assert mark(found.attrs, "tags", "k").line == 10
    assert found.attrs["provisioner"][0][LABELS] == ["local-exec"]
    assert found.attrs["provisioner"][0]["when"] == "destroy"
    assert found.attrs["lifecycle"][0]["ignore_changes"] == ['tags["x"]', "ami"]
    assert found.attrs["depends_on"][0].ref == Ref("a.c", "")
    origin = found.origin
    assert (origin.line, origin.column, origin.end_line, origin.end_column) == (1, 1, 1, 17)


def test_dynamic_blocks(tree) -> None:
    found = tree(
        'variable "v" {}\nresource "a" "b" {\n'
        '  dynamic "ingress" {\n    for_each = { x = [1, 2] }\n    iterator = it\n    content {\n      name = it.key\n'
        '      dynamic "inner" {\n        for_each = it.value\n        content {\n'
        '          n = "${it.key}${inner.value}"\n'
        "        }\n      }\n    }\n  }\n"
        '  ingress {\n    name = "plain"\n  }\n'
        '  dynamic "egress" {\n    for_each = var.v\n    content {\n      name = egress.value.name\n'
        "      fixed = 1\n    }\n  }\n"
        '  dynamic "none" {\n    for_each = []\n    content {}\n  }\n}\n'
    ).resources()["a.b"]
    assert found.attrs["ingress"] == [{"name": "x", "inner": [{"n": "x1"}, {"n": "x2"}]}, {"name": "plain"}]
    [egress] = found.attrs["egress"]
    assert egress["fixed"] == 1
    assert isinstance(egress["name"], Unknown)
    assert egress[POSSIBLE].decided_by == ("var.v",)
    assert "none" not in found.attrs


def test_providers(tree) -> None:
    found = tree(
        {
            "main.tf": (
                'terraform {\n  required_providers {\n    aws = { source = "registry.terraform.io/HashiCorp/aws" }\n'
                '    other = { source = "acme/other" }\n  }\n}\n'
                'provider "aws" {\n  region = "us-east-1"\n}\n'
                'provider "aws" {\n  alias = "gov"\n  region = "us-gov-west-1"\n}\n'
                'resource "aws_a" "d" {}\nresource "aws_a" "g" {\n  provider = aws.gov\n}\n'
                'resource "other_x" "o" {}\n'
                'resource "zed_x" "z" {}\nmodule "m" {\n  source = "./m"\n'
                "  providers = {\n    aws.peer = aws.gov\n  }\n}\n"
            ),
            "m/main.tf": (
                'resource "aws_a" "inherits" {}\nresource "aws_a" "passed" {\n  provider = aws.peer\n}\n'
                'provider "zed" {\n  url = "x"\n}\nresource "zed_x" "own" {}\n'
            ),
        }
    ).resources()
    assert found["provider.aws.gov"].kind == "provider"
    assert found["terraform"].attrs["required_providers"][0]["other"] == {"source": "acme/other"}
    shown = {address: (one.provider.address, one.provider.source) for address, one in found.items() if one.provider}
    assert shown == {
        "aws_a.d": ("provider.aws", "hashicorp/aws"),
        "aws_a.g": ("provider.aws.gov", "hashicorp/aws"),
        "other_x.o": ("provider.other", "acme/other"),
        "zed_x.z": ("provider.zed", "hashicorp/zed"),
        "module.m.aws_a.inherits": ("provider.aws", "hashicorp/aws"),
        "module.m.aws_a.passed": ("provider.aws.gov", "hashicorp/aws"),
        "module.m.zed_x.own": ("module.m.provider.zed", "hashicorp/zed"),
    }
    assert found["module.m.aws_a.passed"].provider.attrs["region"] == "us-gov-west-1"


def test_an_empty_list_beside_a_set_makes_no_instance(tree) -> None:
    text = 'resource "a" "b" {\n  for_each = CONDITION ? toset(["x"]) : []\n}\n'
    assert set(tree(text.replace("CONDITION", "false")).resources()) == set()
    assert set(tree(text.replace("CONDITION", "true")).resources()) == {'a.b["x"]'}
