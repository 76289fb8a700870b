"""Units of Terragrunt: plain inputs are read, the rest is named, and nothing is run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from scanner.resource import Reading, Resource
from scanner.scan import Request, read_and_build
from scanner.unknown import Unknown

MODULE = (
    'variable "public" {\n  type = bool\n  default = false\n}\nvariable "name" {}\n'
    'resource "aws_eks_cluster" "this" {\n  name = var.name\n  vpc_config {\n'
    "    endpoint_public_access = var.public\n  }\n}\n"
)
SOURCE = 'terraform {\n  source = "../../modules//cluster"\n}\n'


@pytest.fixture
def scanned(tmp_path: Path):
    def scan(unit: str, **files: str) -> Reading:
        tree = {"modules/cluster/main.tf": MODULE, "live/prod/terragrunt.hcl": unit, **files}
        for name, text in tree.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return read_and_build(Request((tmp_path,), date(2026, 11, 1))).reading

    return scan


def cluster(reading: Reading) -> Resource:
    [found] = [one for one in reading.resources if one.kind == "aws_eks_cluster"]
    return found


def public(reading: Reading) -> object:
    return cluster(reading).attrs["vpc_config"][0]["endpoint_public_access"]  # type: ignore[index,call-overload]


def test_plain_inputs_are_the_variables_of_the_module(scanned) -> None:
    text = 'locals {\n  env = "prod"\n}\ninputs = {\n  name = upper("${local.env}-eks")\n  public = true\n}\n'
    reading = scanned(SOURCE + text)
    assert cluster(reading).id == "live/prod:aws_eks_cluster.this"
    assert cluster(reading).attrs["name"] == "PROD-EKS"
    assert public(reading) is True
    assert reading.unread == []
    assert "live/prod/terragrunt.hcl" in reading.inputs


def test_an_input_that_is_not_set_has_the_modules_default(scanned) -> None:
    reading = scanned(SOURCE + 'inputs = {\n  name = "e"\n}\n')
    assert public(reading) is False
    assert reading.unread == []


@pytest.mark.parametrize(
    ("block", "line"),
    [
        ('include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n', 7),
        (
            'terraform {\n  extra_arguments "vars" {\n    arguments = ["-var", "public=true"]\n  }\n}\n',
            8,
        ),
    ],
)
def test_what_may_set_variables_leaves_those_that_are_not_set_unknown(scanned, block: str, line: int) -> None:
    reading = scanned(SOURCE + 'inputs = {\n  name = "e"\n}\n' + block)
    value = public(reading)
    assert isinstance(value, Unknown)
    assert value.decided_by == ("var.public",)
    assert (cluster(reading).attrs["name"] == "e") is block.startswith("include")
    assert [(one.kind, str(one.origin).split(":")[1]) for one in reading.unread] == [("foreign", str(line))]


@pytest.mark.parametrize(
    ("expression", "cause"),
    [
        ("dependency.vpc.outputs.public", "`dependency.vpc`"),
        ('get_env("PUBLIC")', "`get_env`"),
        ('run_cmd("sh", "-c", "touch ran")', "`run_cmd`"),
        ('read_terragrunt_config("env.hcl").locals.public', "`read_terragrunt_config`"),
        ("local.read.public", "`read_terragrunt_config`"),
        ('sops_decrypt_file("s.yaml")', "`sops_decrypt_file`"),
        ("include.root.inputs.public", "`include.root`"),
    ],
)
def test_an_input_that_is_not_plain_is_unknown_and_named(scanned, tmp_path: Path, expression: str, cause: str) -> None:
    text = 'locals {\n  read = read_terragrunt_config("env.hcl").locals\n}\n'
    reading = scanned(SOURCE + text + f'inputs = {{\n  name = "e"\n  public = {expression}\n}}\n')
    assert isinstance(public(reading), Unknown)
    [unread] = reading.unread
    assert unread.kind == "foreign"
    assert cause in unread.cause
    assert unread.origin.path == "live/prod/terragrunt.hcl"
    assert not list(tmp_path.rglob("ran"))


@pytest.mark.parametrize(
    ("block", "named"),
    [
        ('dependency "vpc" {\n  config_path = "../vpc"\n}\n', "`dependency`"),
        ('generate "p" {\n  path = "p.tf"\n  if_exists = "overwrite"\n  contents = "x"\n}\n', "`generate`"),
        ('terraform {\n  before_hook "h" {\n    commands = ["apply"]\n    execute = ["sh"]\n  }\n}\n', "`before_hook`"),
    ],
)
def test_blocks_that_are_not_scanned_are_named(scanned, block: str, named: str) -> None:
    [unread] = scanned(SOURCE + 'inputs = {\n  name = "e"\n}\n' + block).unread
    assert (unread.kind, unread.origin.path) == ("foreign", "live/prod/terragrunt.hcl")
    assert named in unread.cause


def test_inputs_put_together_by_an_expression(scanned) -> None:
    reading = scanned(SOURCE + 'inputs = merge({ name = "e" }, { public = true })\n')
    assert public(reading) is True
    assert ["put together" in one.cause for one in reading.unread] == [True]


def test_a_folder_of_its_own(scanned) -> None:
    reading = scanned(
        "", **{"flat/terragrunt.hcl": 'inputs = {\n  name = "f"\n  public = true\n}\n', "flat/main.tf": MODULE}
    )
    flat = [one for one in reading.resources if one.unit == "flat" and one.kind == "aws_eks_cluster"]
    assert [one.attrs["name"] for one in flat] == ["f"]
    assert any("no module of its own" in one.cause for one in reading.unread)


@pytest.mark.parametrize(
    "source",
    [
        "tfr:///terraform-aws-modules/security-group/aws?version=5.3.1",
        "tfr://registry.terraform.io/terraform-aws-modules/security-group/aws?version=5.3.1",
        "git::https://github.com/terraform-aws-modules/terraform-aws-security-group.git?ref=v5.3.1",
    ],
)
def test_a_published_module_with_a_contract(scanned, source: str) -> None:
    text = (
        f'terraform {{\n  source = "{source}"\n}}\ninputs = {{\n  name = "a"\n  ingress_cidr_blocks = ["0.0.0.0/0"]\n'
    )
    reading = scanned(text + '  ingress_rules = ["ssh-tcp"]\n}\n')
    [rule] = [one for one in reading.resources if one.kind == "aws_security_group_rule"]
    assert rule.id == "live/prod:aws_security_group_rule.ingress_rules[0]"
    assert rule.attrs["cidr_blocks"] == ["0.0.0.0/0"]
    assert rule.attrs.marks["cidr_blocks"].line == 6
    assert reading.unread == []


@pytest.mark.parametrize(
    "source", ["tfr:///x/y/z?version=1.0.0", "../../modules//missing", "git::https://example.com/m.git"]
)
def test_a_module_that_is_not_to_be_had(scanned, source: str) -> None:
    reading = scanned(f'terraform {{\n  source = "{source}"\n}}\ninputs = {{\n  name = "a"\n}}\n')
    assert [(one.kind, one.origin.line) for one in reading.unread] == [("module", 2)]


@pytest.mark.parametrize("name", ["terragrunt.stack.hcl", "terragrunt.hcl.json"])
def test_files_that_are_named_only(scanned, name: str) -> None:
    reading = scanned(SOURCE + 'inputs = {\n  name = "e"\n}\n', **{f"live/{name}": "{}"})
    assert [(one.kind, one.origin.path) for one in reading.unread] == [("foreign", f"live/{name}")]


def test_a_unit_that_cannot_be_read(scanned) -> None:
    assert [one.kind for one in scanned("inputs = {\n").unread] == ["file"]
