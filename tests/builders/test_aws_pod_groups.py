"""Pods with security groups of their own: they get where the groups are let in, and let in whom those admit."""

from __future__ import annotations

import pytest

from scanner.builders.aws_network.build import build_aws_network
from scanner.graph.model import Role
from tests.builders.aws import edges, manifest, read, var, world
from tests.changed import replace

PLACED = "possible(whether its machines give pods interfaces: ENABLE_POD_ENI)"
MODEL = """
resource "aws_vpc" "v" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.0.1.0/24"
}
resource "aws_security_group" "gate" { vpc_id = aws_vpc.v.id }
resource "aws_security_group" "model" {
  vpc_id = aws_vpc.v.id
  ingress {
    protocol        = "tcp"
    from_port       = 8000
    to_port         = 8000
    security_groups = [aws_security_group.gate.id]
  }
}
resource "aws_vpc_security_group_egress_rule" "out" {
  security_group_id = aws_security_group.gate.id
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}
resource "aws_instance" "model" {
  subnet_id              = aws_subnet.a.id
  vpc_security_group_ids = [aws_security_group.model.id]
}
"""


def deployment(name, labels, **spec):
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "x"}], **spec}}
    return manifest("Deployment", name, "team", "apps", spec={"template": template})


def policy(groups, namespace="team", **selectors):
    spec = {**selectors, "securityGroups": {"groupIds": groups}}
    return manifest("SecurityGroupPolicy", "p", namespace, "vpcresources.k8s.aws", spec=spec)


def ways(folder, *more, text=MODEL, target="aws_instance.model", roles=None):
    made = world(*read(folder, text), *more, roles=roles or {target: Role.MODEL})
    build_aws_network(made)
    return edges(made, target)


def gate():
    from tests.builders.aws import ref

    return [ref("aws_security_group.gate")]


@pytest.mark.parametrize(
    ("selectors", "workload", "through"),
    [
        ({"podSelector": {"matchLabels": {"app": "x"}}}, deployment("w", {"app": "x"}), True),
        ({"podSelector": {"matchLabels": {"app": "x"}}}, deployment("w", {"app": "y"}), False),
        ({"podSelector": {}}, deployment("w", {}), True),
        ({"podSelector": {}}, deployment("w", {}, hostNetwork=True), False),
        ({"podSelector": {"matchLabels": {"app": "x"}}}, deployment("w", {"app": var("app")}), True),
        ({"serviceAccountSelector": {"matchLabels": {"a": "b"}}}, deployment("w", {}, serviceAccountName="s"), True),
        ({"serviceAccountSelector": {"matchLabels": {"a": "c"}}}, deployment("w", {}, serviceAccountName="s"), False),
        ({"serviceAccountSelector": {"matchLabels": {"a": "c"}}}, deployment("w", {}, serviceAccountName="t"), True),
    ],
)
def test_a_pod_with_the_groups_of_a_gate_gets_where_the_gate_gets(tmp_path, selectors, workload, through):
    account = manifest("ServiceAccount", "s", "team")
    account.attrs["metadata"]["labels"] = {"a": "b"}
    found = ways(tmp_path, policy(gate(), **selectors), account, workload)
    assert [one for one in found if one.startswith("team/Deployment/w ->") and "TCP:8000-8000 possible(" in one] == (
        found if through else []
    )
    assert bool(found) is through


def test_the_policy_of_another_namespace_or_of_no_group_gives_nothing(tmp_path):
    workload = deployment("w", {"app": "x"})
    assert ways(tmp_path, policy(gate(), "other", podSelector={}), workload) == []
    assert ways(tmp_path, policy([], podSelector={}), workload) == []
    assert ways(tmp_path, workload) == []


def test_a_model_in_pods_is_entered_by_whom_its_groups_admit(tmp_path):
    text = MODEL.replace("aws_security_group.model.id]\n}", "aws_security_group.gate.id]\n}")
    from tests.builders.aws import ref

    served = policy([ref("aws_security_group.model")], podSelector={})
    found = ways(
        tmp_path, served, deployment("m", {}), text=text, target="team/Deployment/m",
        roles={"team/Deployment/m": Role.MODEL},
    )  # fmt: skip
    assert [one.split(" possible")[0] for one in found] == ["aws_instance.model -> team/Deployment/m TCP:8000-8000"]


def test_a_recorded_group_is_that_of_pods_in_a_cluster_of_another_unit(tmp_path):
    """The ids of groups are told by the account alone: manifests that name one of them need no unit with it."""
    named = {"aws_security_group.gate": "sg-0aaaaaaaaaaaaaaa1", "aws_security_group.model": "sg-0aaaaaaaaaaaaaaa2"}
    account = []
    for one in read(tmp_path, MODEL):
        if one.address in named:
            one.attrs["id"] = named[one.address]
        account.append(replace(one, source="bundle"))
    cluster = [
        replace(one, unit="cluster") for one in (policy(["sg-0aaaaaaaaaaaaaaa1"], podSelector={}), deployment("w", {}))
    ]
    made = world(*account, *cluster, roles={"aws_instance.model": Role.MODEL})
    build_aws_network(made)
    assert edges(made, "aws_instance.model") == [f"team/Deployment/w -> aws_instance.model TCP:8000-8000 {PLACED}"]
