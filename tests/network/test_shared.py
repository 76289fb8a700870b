"""Subnets and groups that are shared with other accounts, from HCL: what those put there may reach the models."""

from __future__ import annotations

import pytest

from scanner.builders.aws_network.build import build_aws_network
from scanner.graph.model import Role
from tests.builders.aws import edges, read, world

TEXT = """
variable "who" {}
resource "aws_vpc" "main" { cidr_block = "10.0.0.0/16" }
resource "aws_vpc" "other" { cidr_block = "10.1.0.0/16" }
resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
}
resource "aws_subnet" "elsewhere" {
  vpc_id     = aws_vpc.other.id
  cidr_block = "10.1.1.0/24"
}
resource "aws_security_group" "model" { vpc_id = aws_vpc.main.id }
resource "aws_instance" "model" {
  subnet_id              = aws_subnet.a.id
  vpc_security_group_ids = [aws_security_group.model.id]
}
resource "aws_ram_resource_share" "one" { name = "one" }
resource "aws_ram_resource_share" "two" { name = "two" }
resource "aws_ram_resource_association" "a" {
  resource_arn       = THING
  resource_share_arn = aws_ram_resource_share.one.arn
}
resource "aws_ram_principal_association" "a" {
  principal          = WHO
  resource_share_arn = aws_ram_resource_share.SHARE.arn
}
"""
OTHER = '"444455556666"'


@pytest.mark.parametrize(
    ("thing", "who", "share", "source"),
    [
        ("aws_subnet.a.arn", OTHER, "one", "external/aws-account/444455556666"),
        ("aws_security_group.model.arn", OTHER, "one", "external/aws-account/444455556666"),
        ("aws_subnet.a.arn", "var.who", "one", "external/aws-principal/unknown"),
        ("aws_subnet.elsewhere.arn", OTHER, "one", ""),
        ("aws_subnet.a.arn", OTHER, "two", ""),
    ],
)
def test_what_is_shared_with_an_account_lets_it_stand_there(tmp_path, thing, who, share, source):
    text = TEXT.replace("THING", thing).replace("WHO", who).replace("SHARE", share)
    made = world(*read(tmp_path, text), roles={"aws_instance.model": Role.MODEL})
    build_aws_network(made)
    found = [one for one in edges(made, "aws_instance.model") if one.startswith("external/aws-")]
    assert [one.split(" ->")[0] for one in found] == ([source] if source else [])
    assert all(" possible(" in one for one in found)
