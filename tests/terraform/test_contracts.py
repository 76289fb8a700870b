"""Modules that are not on disk and whose contract the tables have; lines of modules that were downloaded."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from scanner import tables
from scanner.scan import Request, read_and_build
from scanner.sources.terraform.constraints import within
from scanner.sources.terraform.contracts import Contract, contract_for, contracts
from scanner.unknown import Ref, Unknown

CLUSTER = "terraform-aws-modules/eks/aws"
GROUP = "terraform-aws-modules/security-group/aws"


def call(source: str = GROUP, version: str = "~> 5.0", more: str = "") -> str:
    asked = f'  version = "{version}"\n' if version else ""
    return f'module "sg" {{\n  source = "{source}"\n{asked}  name = "a"\n  vpc_id = "vpc-1"\n{more}}}\n'


@pytest.mark.parametrize(
    ("asked", "covered", "expected"),
    [
        ("5.1.0", ">= 5.0, < 6.0", True),
        ("= 5.1.0", ">= 5.0, < 6.0", True),
        ("~> 5.1", ">= 5.0, < 6.0", True),
        ("~> 5.1.2", ">= 5.1.2, < 5.2", True),
        (">= 5.2, < 5.9, != 5.4.0", ">= 5.0, < 6.0", True),
        ("> 5.0.0, <= 5.9.9", "> 5.0.0, < 6.0", True),
        (">= 5.0", ">= 5.0, < 6.0", False),
        ("~> 5", ">= 5.0, < 6.0", False),
        ("~> 4.9", ">= 5.0, < 6.0", False),
        ("6.0.0", ">= 5.0, < 6.0", False),
        ("!= 5.1.0", ">= 5.0, < 6.0", False),
        ("5.1.0-beta", ">= 5.0, < 6.0", False),
        ("< 4.0, > 5.0", ">= 1.0, < 9.0", False),
        ("", ">= 5.0, < 6.0", False),
        ("latest", ">= 5.0, < 6.0", False),
    ],
)
def test_constraints(asked: str, covered: str, expected: bool) -> None:
    assert within(asked, covered) is expected


@pytest.mark.parametrize(
    ("source", "version"),
    [
        (GROUP, "~> 5.0"),
        (f"registry.terraform.io/{GROUP}", "5.3.1"),
        (f"registry.opentofu.org/{GROUP}", "5.3.1"),
        ("git::https://github.com/terraform-aws-modules/terraform-aws-security-group.git?ref=v5.3.1", ""),
        ("github.com/terraform-aws-modules/terraform-aws-security-group?ref=5.3.1", ""),
        ("git::ssh://git@github.com/terraform-aws-modules/terraform-aws-security-group.git?ref=v5.3.1", ""),
        ("git@github.com:terraform-aws-modules/terraform-aws-security-group.git?ref=v5.3.1", ""),
    ],
)
def test_the_addresses_of_one_module(source: str, version: str) -> None:
    found = contract_for(source, version)
    assert isinstance(found, Contract)
    assert found.name == GROUP


@pytest.mark.parametrize(
    ("source", "version", "why"),
    [
        (GROUP, "", "no version is asked for"),
        (GROUP, ">= 5.0", "the call allows others"),
        (
            "git::https://github.com/terraform-aws-modules/terraform-aws-security-group.git",
            "",
            "no version is asked for",
        ),
        ("github.com/terraform-aws-modules/terraform-aws-security-group?ref=main", "", ""),
        ("app.terraform.io/terraform-aws-modules/security-group/aws", "5.3.1", ""),
        ("git::https://github.com/somebody/terraform-aws-security-group.git?ref=v5.3.1", "", ""),
        ("git::https://example.com/terraform-aws-modules/terraform-aws-security-group.git?ref=v5.3.1", "", ""),
        ("somebody/security-group/aws", "5.3.1", ""),
        (f"{GROUP}//modules/nobody-knows-it", "5.3.1", ""),
    ],
)
def test_what_has_no_contract(tree, source: str, version: str, why: str) -> None:
    found = contract_for(source, version)
    assert isinstance(found, str)
    assert why in found
    made = tree(call(source, version)).read()
    assert [one.address for one in made.resources] == ["module.sg"]
    assert [one.kind for one in made.unread] == ["module"]
    assert why in made.unread[0].cause


def test_a_call_makes_what_its_contract_tells(tree) -> None:
    rules = (
        '  ingress_with_cidr_blocks = [\n    {\n      rule = "https-443-tcp"\n      cidr_blocks = "10.0.0.0/8,'
        '10.1.0.0/16"\n    },\n    {\n      from_port = 80\n      to_port = 81\n      protocol = 6\n    },\n  ]\n'
    )
    made = tree(call(more=rules) + 'resource "aws_lb" "l" {\n  security_groups = [module.sg.security_group_id]\n}\n')
    found = made.resources()
    assert set(found) == {
        "aws_lb.l",
        "module.sg",
        "module.sg.aws_security_group.this_name_prefix[0]",
        "module.sg.aws_security_group_rule.ingress_with_cidr_blocks[0]",
        "module.sg.aws_security_group_rule.ingress_with_cidr_blocks[1]",
    }
    first = found["module.sg.aws_security_group_rule.ingress_with_cidr_blocks[0]"]
    assert first.attrs["cidr_blocks"] == ["10.0.0.0/8", "10.1.0.0/16"]
    assert (first.attrs["from_port"], first.attrs["to_port"], first.attrs["protocol"]) == (443, 443, "tcp")
    assert first.attrs["security_group_id"].ref == Ref("module.sg.aws_security_group.this_name_prefix[0]", "id")
    assert found["aws_lb.l"].attrs["security_groups"][0].ref == first.attrs["security_group_id"].ref
    assert made.read().unread == []
    assert any("5.3.1" in one and "module.sg" in one for one in made.read().assumptions)


def test_lines_are_those_of_the_call(tree) -> None:
    found = tree(call(more='  ingress_cidr_blocks = ["0.0.0.0/0"]\n  ingress_rules = ["ssh-tcp"]\n')).resources()
    rule = found["module.sg.aws_security_group_rule.ingress_rules[0]"]
    assert (rule.attrs.marks["cidr_blocks"].line, rule.attrs.marks["from_port"].line) == (6, 7)
    assert rule.attrs.marks["type"].line == 1
    assert rule.origin.line == 1
    assert [(address, at.line) for address, at in rule.calls] == [("module.sg", 1)]
    assert rule.default_of == f"{GROUP} 5.3.1"


def test_an_unknown_input_stays_unknown(tree) -> None:
    text = 'variable "open" {}\nvariable "rules" {}\n' + call(
        more='  ingress_cidr_blocks = var.open\n  ingress_rules = ["ssh-tcp"]\n  egress_rules = var.rules\n'
    )
    found = tree(text).resources()
    blocks = found["module.sg.aws_security_group_rule.ingress_rules[0]"].attrs["cidr_blocks"]
    assert isinstance(blocks, Unknown)
    assert blocks.decided_by == ("var.open",)
    several = found["module.sg.aws_security_group_rule.egress_rules[*]"]
    assert several.possible.decided_by == ("var.rules",)


def test_an_input_or_output_that_is_not_told_is_said(tree) -> None:
    text = call(more="  added_in_a_release_to_come = true\n")
    made = tree(text + 'resource "a" "b" {\n  x = module.sg.an_output_to_come\n}\n')
    [unread] = made.read().unread
    assert (unread.kind, unread.origin.line) == ("module", 6)
    assert "`added_in_a_release_to_come`" in unread.cause
    value = made.resources()["a.b"].attrs["x"]
    assert isinstance(value, Unknown)
    assert value.decided_by == ("module.sg",)


def test_what_a_contract_does_not_tell_of_is_said_unless_it_is_ruled_out(tree) -> None:
    def lacking(more: str) -> list[str]:
        text = (
            f'module "v" {{\n  source = "terraform-aws-modules/vpc/aws"\n  version = "6.6.0"\n  name = "v"\n{more}}}\n'
        )
        return [one.cause for one in tree(f'variable "u" {{}}\n{text}').read().unread]

    assert lacking("") == []
    assert lacking("  enable_flow_log = false\n") == []
    on = "  create_flow_log_cloudwatch_iam_role = true\n  enable_flow_log = "
    assert ["aws_iam_role" in one for one in lacking(f"{on}true\n")] == [True]
    assert ["aws_iam_role" in one for one in lacking(f"{on}var.u\n")] == [True]


def test_a_module_on_disk_is_read_in_place_of_its_contract(tree) -> None:
    manifest = {"Modules": [{"Key": "sg", "Source": GROUP, "Version": "5.3.1", "Dir": ".terraform/modules/sg"}]}
    files = {
        "main.tf": call(),
        ".terraform/modules/modules.json": json.dumps(manifest),
        ".terraform/modules/sg/main.tf": 'resource "a" "b" {}\n',
    }
    assert set(tree(files).resources()) == {"module.sg.a.b"}


def test_lines_of_a_downloaded_module_are_those_of_its_call(tree) -> None:
    def entry(key: str, source: str) -> dict[str, str]:
        return {"Key": key, "Source": source, "Version": "1.0.0", "Dir": f".terraform/modules/{key}"}

    inner = 'variable "y" {}\nresource "a" "b" {\n  told = [{ deep = var.y }]\n  own = 1\n  in {\n    x = 1\n  }\n}\n'
    outer = 'variable "x" {}\nlocals {\n  l = var.x\n}\nmodule "i" {\n  source = "./i"\n  y = local.l\n}\n'
    files = {
        "main.tf": 'module "m" {\n  source = "x/y/z"\n  version = "1.0.0"\n  x = "open"\n}\n',
        ".terraform/modules/modules.json": json.dumps({"Modules": [entry("m", "x/y/z")]}),
        ".terraform/modules/m/main.tf": outer,
        ".terraform/modules/m/i/main.tf": inner,
    }
    found = tree(files).resources()["module.m.module.i.a.b"]
    lines = {name: (mark.path, mark.line) for name, mark in found.attrs.marks.items()}
    assert lines == {"told": ("main.tf", 4), "own": ("main.tf", 1), "in": ("main.tf", 1)}
    assert found.attrs["told"][0].marks["deep"].line == 4
    assert found.attrs["in"][0].marks["x"].path == "main.tf"
    assert (found.origin.path, found.origin.line) == ("main.tf", 1)
    assert [address for address, _ in found.calls] == ["module.m", "module.m.module.i"]


def every_contract() -> list[Contract]:
    folder = tables.tables_dir() / "module_contracts"
    return [one for path in sorted(folder.glob("*.json")) for one in contracts(path.stem.replace(".", "/"))]


@pytest.mark.parametrize("contract", every_contract(), ids=lambda one: f"{one.name} {one.versions}")
def test_every_contract_is_whole(tree, contract: Contract) -> None:
    """It covers what it was read from, each of its expressions can be read, and no input is said twice."""
    assert contract.seen
    assert all(within(one, contract.versions) for one in contract.seen)
    inputs = [*contract.inputs, *contract.required, *contract.inert]
    assert len(inputs) == len(set(inputs))
    assert set(contract.not_null) <= set(contract.inputs)
    assert not set(contract.beside) & {address.partition(".")[0] for address in contract.resources}
    made = tree(f'module "m" {{\n  source = "{contract.name}"\n  version = "{contract.seen[-1]}"\n}}\n').read()
    assert made.resources
    assert not [one for one in made.unread if one.kind in ("file", "document")]


def test_the_keys_of_an_object_that_a_contract_does_not_take_up_are_said(tree) -> None:
    def unread(more: str) -> list[tuple[int, str]]:
        text = f'module "e" {{\n  source = "{CLUSTER}"\n  version = "~> 21.0"\n  name = "e"\n{more}}}\n'
        return [(one.origin.line, one.cause) for one in tree(text).read().unread if one.kind == "module"]

    groups = (
        '  eks_managed_node_groups = {{\n    a = {{\n      instance_types = ["p5"]\n      {key} = true\n    }}\n  }}\n'
    )
    assert unread(groups.format(key="enable_monitoring")) == []
    [(line, cause)] = unread(groups.format(key="added_in_a_release_to_come"))
    assert line == 8
    assert "`added_in_a_release_to_come` in its input `eks_managed_node_groups`" in cause


def test_a_contract_that_calls_others(tree) -> None:
    text = (
        f'module "e" {{\n  source = "{CLUSTER}"\n  version = "21.19.0"\n  name = "e"\n  subnet_ids = ["subnet-1"]\n'
        '  eks_managed_node_groups = {\n    gpu = { instance_types = ["p5.48xlarge"] }\n  }\n}\n'
    )
    found = tree(text).resources()
    group = found['module.e.module.eks_managed_node_group["gpu"].aws_eks_node_group.this[0]']
    assert (group.attrs["instance_types"], group.attrs["subnet_ids"]) == (["p5.48xlarge"], ["subnet-1"])
    assert group.attrs["cluster_name"].ref == Ref("module.e.aws_eks_cluster.this[0]", "id")
    assert (group.attrs.marks["instance_types"].line, group.attrs.marks["subnet_ids"].line) == (6, 6)
    assert [address for address, _ in group.calls] == ["module.e", 'module.e.module.eks_managed_node_group["gpu"]']
    assert found["module.e.module.kms.aws_kms_key.this[0]"].calls[0][1].line == 1
    cluster = found["module.e.aws_eks_cluster.this[0]"]
    assert cluster.attrs["vpc_config"][0]["endpoint_public_access"] is False
    assert cluster.attrs["vpc_config"][0]["endpoint_private_access"] is True


def test_a_plan_lies_over_what_a_contract_tells(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(call(more='  ingress_rules = ["ssh-tcp"]\n  a_new_input = 1\n'))

    def planned(address: str, kind: str, name: str, values: dict[str, object]) -> dict[str, object]:
        return {
            "address": f"module.sg.{address}", "mode": "managed", "type": kind, "name": name, "index": 0,
            "provider_name": "registry.terraform.io/hashicorp/aws", "values": values,
        }  # fmt: skip

    rule = {"type": "ingress", "from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["10.9.0.0/16"]}
    resources = [  # without the group: the plan is of a release that makes it otherwise
        planned("aws_security_group_rule.ingress_rules[0]", "aws_security_group_rule", "ingress_rules", rule),
    ]  # fmt: skip
    constants = {"name": "a", "vpc_id": "vpc-1", "ingress_rules": ["ssh-tcp"], "a_new_input": 1}
    inputs = {name: {"constant_value": value} for name, value in constants.items()}
    called = {"source": GROUP, "expressions": inputs, "module": {}}
    plan = {
        "format_version": "1.2",
        "complete": True,
        "planned_values": {"root_module": {"child_modules": [{"address": "module.sg", "resources": resources}]}},
        "resource_changes": [
            {**{key: one[key] for key in ("address", "mode", "type", "name", "index")},
             "change": {"actions": ["create"], "before": None, "after": one["values"], "after_unknown": {}}}
            for one in resources
        ],
        "configuration": {"root_module": {"module_calls": {"sg": called}}},
    }  # fmt: skip
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    request = Request((tmp_path / "main.tf",), date(2026, 11, 1), plans=(tmp_path / "plan.json",))
    reading = read_and_build(request).reading
    [found] = [one for one in reading.resources if one.kind == "aws_security_group_rule"]
    assert found.attrs["cidr_blocks"] == ["10.9.0.0/16"]
    assert found.attrs.marks["from_port"].line == 6
    assert reading.unread == []


@pytest.mark.parametrize(("version", "prefix"), [("~> 19.21", "cluster_"), ("~> 20.31", "cluster_"), ("~> 21.0", "")])
def test_what_a_cluster_has_of_its_provider_is_not_left_out(tree, version: str, prefix: str) -> None:
    """The group that EKS makes for a cluster is among those of its nodes, in each version of the module."""
    text = (
        f'module "e" {{\n  source = "{CLUSTER}"\n  version = "{version}"\n  {prefix}name = "e"\n'
        f'  {prefix}endpoint_public_access = true\n  subnet_ids = ["subnet-1"]\n  eks_managed_node_groups = {{\n'
        "    a = { attach_cluster_primary_security_group = true }\n  }\n}\n"
        'resource "probe" "p" {\n  groups = compact([module.e.cluster_primary_security_group_id])\n}\n'
    )
    made = tree(text)
    found = made.resources()
    [cluster] = found["module.e.aws_eks_cluster.this[0]"].attrs["vpc_config"]
    assert (cluster["endpoint_public_access"], cluster["public_access_cidrs"]) == (True, ["0.0.0.0/0"])
    assert found["probe.p"].attrs["groups"] != []
    template = found['module.e.module.eks_managed_node_group["a"].aws_launch_template.this[0]']
    assert isinstance(template.attrs["vpc_security_group_ids"], Unknown)
    assert made.read().unread == []


def test_who_an_older_cluster_lets_in(tree) -> None:
    """Version 19 writes the roles into `aws-auth`; with nodes that the contract does not tell of, that is unknown."""

    def roles(more: str) -> object:
        text = (
            f'module "e" {{\n  source = "{CLUSTER}"\n  version = "19.21.0"\n  cluster_name = "e"\n{more}'
            '  manage_aws_auth_configmap = true\n  aws_auth_roles = [{ rolearn = "arn:aws:iam::1:role/ops", '
            'username = "ops", groups = ["system:masters"] }]\n}\n'
        )
        return tree(text).resources()["module.e.kubernetes_config_map_v1_data.aws_auth[0]"].attrs["data"]["mapRoles"]

    assert "system:masters" in str(roles("")) and "arn:aws:iam::1:role/ops" in str(roles(""))
    assert isinstance(roles('  self_managed_node_groups = { a = { name = "a" } }\n'), Unknown)


def test_values_of_a_state_elsewhere_are_unknown_but_for_defaults(tree) -> None:
    text = (
        'variable "u" {}\nmodule "vpc" {\n  source = "cloudposse/stack-config/yaml//modules/remote-state"\n'
        '  version = "1.5.0"\n  component = "vpc"\n  defaults = { cidr = "10.0.0.0/8" }\n%s}\n'
        'resource "probe" "p" {\n  cidr = module.vpc.outputs.cidr\n  never = try(module.vpc.outputs.other, "none")\n}\n'
    )
    for more in ("", "  bypass = var.u\n"):
        made = tree(text % more)
        found = made.resources()["probe.p"].attrs
        assert isinstance(found["cidr"], Unknown) and isinstance(found["never"], Unknown)
        assert made.read().unread == []
    found = tree(text % "  bypass = true\n").resources()["probe.p"].attrs
    assert (found["cidr"], found["never"]) == ("10.0.0.0/8", "none")


def test_what_a_team_may_do(tree) -> None:
    """The policies of its namespaces are judged as written, and its group is bound in them alone."""
    text = (
        'module "t" {\n  source = "aws-ia/eks-blueprints-teams/aws"\n  version = "~> 1.1"\n  name = "red"\n'
        '  users = ["arn:aws:iam::1:role/red"]\n  oidc_provider_arn = "arn:aws:iam::1:oidc-provider/o.example.com"\n'
        '  namespaces = {\n    own = {\n      network_policy = {\n        policy_types = ["Ingress"]\n'
        "        ingress = [{\n"
        '          from = [{ namespace_selector = { match_labels = { team = "red" } } }]\n        }]\n      }\n    }\n'
        "    shared = { create = false }\n  }\n}\n"
    )
    made = tree(text)
    found = made.resources()
    [spec] = found['module.t.kubernetes_network_policy_v1.this["own"]'].attrs["spec"]
    [[peer]] = [one["from"] for one in spec["ingress"]]
    assert peer["namespace_selector"][0]["match_labels"] == {"team": "red"}
    assert (peer["ip_block"], peer["pod_selector"], spec["pod_selector"]) == ([], [], [])
    bound = {name for name in found if "role_binding" in name}
    here = "module.t.kubernetes_role_binding_v1.this"
    assert bound == {f'{here}["own"]', f'{here}["shared"]', "module.t.kubernetes_cluster_role_binding_v1.this[0]"}
    trust = json.loads(str(found["module.t.aws_iam_role.this[0]"].attrs["assume_role_policy"]))["Statement"]
    assert trust[0]["Principal"] == {"AWS": "arn:aws:iam::1:role/red"}
    assert "system:serviceaccount:own:own" in trust[1]["Condition"]["StringEquals"]["o.example.com:sub"]
    assert made.read().unread == []


def test_who_may_become_a_role_of_the_older_module(tree) -> None:
    """Conditions are told as they are given; a trust policy that older releases took in another way is not."""
    text = (
        'variable "u" {}\nmodule "%s" {\n  source = "terraform-aws-modules/iam/aws//modules/iam-assumable-role"\n'
        '  version = "~> 5.30"\n  create_role = true\n  trusted_role_arns = ["arn:aws:iam::1:root"]\n%s}\n'
    )

    def trust(more: str) -> object:
        return tree(text % ("m", more)).resources()["module.m.aws_iam_role.this[0]"].attrs["assume_role_policy"]

    own = json.dumps({"Statement": []}).replace('"', '\\"')
    [with_mfa] = json.loads(str(trust("")))["Statement"]
    assert with_mfa["Principal"]["AWS"] == "arn:aws:iam::1:root"
    assert with_mfa["Condition"]["Bool"] == {"aws:MultiFactorAuthPresent": "true"}
    [without] = json.loads(str(trust("  role_requires_mfa = false\n")))["Statement"]
    assert "Condition" not in without
    given = f'  custom_role_trust_policy = "{own}"\n'
    assert trust(f"{given}  create_custom_role_trust_policy = true\n") == '{"Statement": []}'
    assert isinstance(trust(given), Unknown)
    assert isinstance(trust(f"{given}  create_custom_role_trust_policy = var.u\n"), Unknown)


LABELS = """
variable "tier" {}
module "base" {
  source    = "cloudposse/label/null"
  version   = "0.25.0"
  namespace = "Gov Cloud"
  stage     = "prod"
  name      = "door"
  tags      = { Owner = "safety" }
}
module "one" {
  source          = "cloudposse/label/null"
  version         = "0.25.0"
  name            = "Inner_Gate"
  attributes      = ["b", "b", ""]
  id_length_limit = 24
  context         = module.base.context
}
module "off" {
  source  = "cloudposse/label/null"
  version = "0.25.0"
  enabled = var.tier
  context = module.base.context
}
resource "probe" "on" {
  count = module.one.enabled ? 1 : 0
  id    = module.one.id
  full  = module.one.id_full
  tags  = module.base.tags
  name  = module.one.name
}
resource "probe" "maybe" {
  count = module.off.enabled ? 1 : 0
}
"""


def test_names_and_tags_by_the_contract_of_a_module_that_makes_nothing_else(tree) -> None:
    """The values are those of the module itself in place of the contract, read from its folder."""
    reading = tree(LABELS).read()
    found = {one.address: one for one in reading.resources}
    assert not reading.unread
    one = found["probe.on[0]"]
    assert (one.possible, one.attrs["full"], one.attrs["name"]) == (None, "govcloud-prod-innergate-b", "innergate")
    assert isinstance(one.attrs["id"], Unknown)  # it is cut, and ends in a digest
    tags = {"Namespace": "govcloud", "Stage": "prod", "Name": "govcloud-prod-door", "Owner": "safety"}
    assert dict(one.attrs["tags"]) == tags
    maybe = found["probe.maybe[*]"]
    assert maybe.possible is not None and maybe.possible.decided_by == ("var.tier",)


SERVICES = """
module "ecs" {
  source       = "terraform-aws-modules/ecs/aws"
  version      = "%s"
  cluster_name = "c"
  services = {
    llm = {
      subnet_ids            = ["subnet-1"]
      container_definitions = {
        vllm = {
          image       = "vllm/vllm-openai:v1"
          entrypoint  = ["vllm", "serve", "org/name"]
          environment = [{ name = "PORT", value = 8000 }]
        }
      }
      tasks_iam_role_statements = [{ actions = ["s3:GetObject"], resources = ["arn:aws:s3:::w/*"] }]
      %s
    }
    bare = { create_task_definition = false, task_definition_arn = "arn:t", network_mode = "host" }
  }
}
"""
RULES_6 = 'security_group_ingress_rules = { a = { cidr_ipv4 = "10.0.0.0/8", from_port = 8000 } }'
RULES_5 = """security_group_rules = { a = {
        type = "ingress", protocol = "tcp", from_port = 8000, to_port = 8000, cidr_blocks = ["10.0.0.0/8"] } }"""


@pytest.mark.parametrize(("version", "rules"), [("~> 7.0", RULES_6), ("6.12.0", RULES_6), ("~> 5.12", RULES_5)])
def test_the_services_of_a_cluster(tree, version: str, rules: str) -> None:
    """What runs, who may reach it, and what it may do: as the module at that release makes it."""
    made = tree(SERVICES % (version, rules))
    found = made.resources()
    here = 'module.ecs.module.service["llm"].'
    service, task = found[f"{here}aws_ecs_service.this[0]"], found[f"{here}aws_ecs_task_definition.this[0]"]
    assert (service.attrs["name"], service.attrs["launch_type"], task.attrs["family"]) == ("llm", "FARGATE", "llm")
    [network] = service.attrs["network_configuration"]
    group = Ref(f"{here}aws_security_group.this[0]", "id")
    assert [one.ref for one in network["security_groups"]] == [group]
    assert service.attrs["cluster"].ref == Ref("module.ecs.module.cluster.aws_ecs_cluster.this[0]", "arn")
    [container] = task.attrs["container_definitions"].document
    assert (container["image"], container["entrypoint"][0]) == ("vllm/vllm-openai:v1", "vllm")
    assert container["environment"] == [{"name": "PORT", "value": "8000"}]
    [rule] = [one for name, one in found.items() if "security_group_" in name and name.endswith('rule.this["a"]')]
    assert (rule.attrs["security_group_id"].ref, rule.attrs["to_port"]) == (group, 8000)
    [policy] = [one.attrs["policy"] for name, one in found.items() if ".tasks[0]" in name and "policy" in one.attrs]
    assert json.loads(str(policy))["Statement"][0]["Action"] == "s3:GetObject"
    bare = found['module.ecs.module.service["bare"].aws_ecs_service.this[0]'].attrs
    assert (bare["task_definition"], bare["network_configuration"]) == ("arn:t", [])
    assert made.read().unread == []


def test_what_a_service_has_beyond_its_contract_is_unread(tree) -> None:
    text = (SERVICES % ("7.5.0", RULES_6)).replace("subnet_ids            =", "door = 1\n subnet_ids =")
    causes = [one.cause for one in tree(text).read().unread]
    assert causes == ["the contract of module `ecs` does not tell what `door` in its input `services` does"]
    external = text.replace("door = 1", 'deployment_controller = { type = "EXTERNAL" }')
    assert any("`aws_ecs_task_set`" in one.cause for one in tree(external).read().unread)
    older = tree(SERVICES % ("~> 5.2", RULES_5)).read().unread
    assert len(older) == 1 and "the call allows others" in older[0].cause
