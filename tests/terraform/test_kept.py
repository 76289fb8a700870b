"""What contracts come to is kept between calls: after any others, a call makes what it makes alone, line by line."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Items
from scanner.sources.terraform import TerraformOptions, read_root
from scanner.sources.terraform.kept import by_default_of, kept_of
from scanner.unknown import Value
from tests.drawn import WHOLE

CLUSTER = 'module "m" {\n  source = "terraform-aws-modules/eks/aws"\n  version = "~> 20.0"\n  cluster_name = "c"\n'
NETWORK = 'module "m" {\n  source = "terraform-aws-modules/vpc/aws"\n  version = "~> 6.0"\n  name = "n"\n'
GROUP = "  eks_managed_node_groups = {\n    a = {\n      %s\n    }\n  }\n"
RULES = '  node_security_group_additional_rules = { x = { type = "%s", from_port = %s, protocol = "tcp"%s } }\n'


def rules(*parts: str) -> str:
    text = RULES
    for part in parts:
        text = text.replace("%s", part, 1)
    return text


CALLS = {
    CLUSTER: (
        "",
        "  cluster_endpoint_public_access = true\n",
        "  cluster_endpoint_public_access = var.told\n",
        "  cluster_encryption_config = {}\n",
        '  cluster_encryption_config = { resources = ["secrets"] }\n',
        '  cluster_encryption_config = { resources = ["secrets"], provider_key_arn = "k" }\n  create_kms_key = false\n',
        rules("ingress", "1", ', cidr_blocks = ["10.0.0.0/8"]'),
        rules("ingress", '"1"', ', cidr_blocks = ["10.0.0.0/8"]'),
        rules("egress", "null", ", self = true"),
        rules("egress", "1", ', cidr_blocks = [var.told, "::/0"]'),
        GROUP.replace("%s", "metadata_options = {}"),
        GROUP.replace("%s", 'metadata_options = { http_tokens = "optional" }'),
        GROUP.replace("%s", "metadata_options = { http_put_response_hop_limit = 1 }"),
        GROUP.replace("%s", "metadata_options = { http_put_response_hop_limit = true }"),
        GROUP.replace("%s", 'remote_access = { source_security_group_ids = ["sg-1"] }'),
        GROUP.replace("%s", "remote_access = var.told"),
    ),
    NETWORK: (
        "",
        '  azs = ["eu-west-1a", "eu-west-1b"]\n  public_subnets = ["10.0.1.0/24", "10.0.2.0/24"]\n',
        '  azs = ["euw1-az1", "euw1-az2"]\n  public_subnets = ["10.0.1.0/24", "10.0.2.0/24"]\n',
        '  azs = var.told\n  private_subnets = ["10.0.1.0/24"]\n  enable_nat_gateway = true\n',
        '  azs = ["a", var.told]\n  public_subnets = [var.told, "10.0.2.0/24"]\n',
        '  azs = [var.told, "b"]\n  public_subnets = [var.told, "10.0.2.0/24", "10.0.3.0/24"]\n',
        "  azs = toset([var.told, var.other])\n  public_subnets = [var.told]\n  one_nat_gateway_per_az = true\n",
        '  public_subnets = ["10.0.1.0/24"]\n  create_igw = false\n',
        '  public_subnets = toset(["10.0.1.0/24"])\n  default_security_group_ingress = [{ self = true }]\n',
        '  public_subnets = ["10.0.1.0/24"]\n  default_security_group_ingress = [{ self = false }]\n',
    ),
}


def shown(value: Value) -> object:
    """A value with its types and lines."""
    if isinstance(value, Attrs):
        marks = {key: where(at) for key, at in value.marks.items()}
        return type(value).__name__, marks, [(key, shown(item)) for key, item in value.items()]
    if isinstance(value, Items):
        return type(value).__name__, [where(at) for at in value.marks], [shown(item) for item in value]
    return type(value).__name__, repr(value)


def where(at: object) -> object:
    return (at.line, at.column) if isinstance(at, FileOrigin) else at


def made_by(root: Path, text: str) -> dict[str, object]:
    (root / "main.tf").write_text(f'{text}}}\n\nvariable "told" {{}}\nvariable "other" {{}}\n')
    reading = read_root(root, root, "u", TerraformOptions())
    found: dict[str, object] = {one.address: (where(one.origin), shown(one.attrs)) for one in reading.resources}
    return {**found, "unread": [(one.cause, where(one.origin)) for one in reading.unread]}


def forget() -> None:
    kept_of.cache_clear()
    by_default_of.cache_clear()


@pytest.mark.parametrize("head", CALLS)
def test_a_call_makes_after_others_what_it_makes_alone(tmp_path: Path, head: str) -> None:
    alone = []
    for more in CALLS[head]:
        forget()
        alone.append(made_by(tmp_path, head + more))
    assert len({repr(one) for one in alone}) == len(alone), "each of the calls makes something of its own"
    places = range(len(alone))
    for first, second in permutations(places, 2):
        if not WHOLE and (first - second) % len(alone) not in (1, len(alone) - 1):
            continue
        if second == (first + 1) % len(alone):
            forget()
        made_by(tmp_path, head + CALLS[head][first])
        assert made_by(tmp_path, head + CALLS[head][second]) == alone[second], (first, second)


def test_instances_share_what_names_none_of_them(tmp_path: Path) -> None:
    forget()
    text = NETWORK + '  azs = ["eu-west-1a", "eu-west-1b"]\n  public_subnets = ["10.0.1.0/24", "10.0.2.0/24"]\n'
    (tmp_path / "main.tf").write_text(text + "}\n")
    found = {one.address: one for one in read_root(tmp_path, tmp_path, "u", TerraformOptions()).resources}
    first, second = (found[f"module.m.aws_subnet.public[{place}]"].attrs for place in (0, 1))
    assert (first["cidr_block"], second["cidr_block"]) == ("10.0.1.0/24", "10.0.2.0/24")
    assert (first["availability_zone"], second["availability_zone"]) == ("eu-west-1a", "eu-west-1b")
    assert first["vpc_id"] == second["vpc_id"]
    assert first["vpc_id"].ref.address == "module.m.aws_vpc.this[0]"
