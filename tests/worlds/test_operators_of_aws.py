"""Pod identity and policies that operators of Kubernetes declare count as their twins in Terraform do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.harness import FIXTURES, run_scan

ARN = "arn:aws-us-gov:iam::111122223333:role/acme-gateway"
ACK = """\
apiVersion: eks.services.k8s.aws/v1alpha1
kind: PodIdentityAssociation
metadata: {name: x, namespace: tenant-a}
spec: {clusterName: acme-gov, namespace: tenant-a, serviceAccount: default, %s}
"""
CROSSPLANE = """\
apiVersion: eks.aws.upbound.io/v1beta1
kind: PodIdentityAssociation
metadata: {name: x}
spec: {forProvider: {clusterName: acme-gov, namespace: tenant-a, serviceAccount: default, %s}}
"""
ROLE = """\
---
apiVersion: iam.aws.upbound.io/v1beta1
kind: Role
metadata: {name: r, annotations: {crossplane.io/external-name: acme-gateway}}
spec: {forProvider: {assumeRolePolicy: "{}"}}
"""
POLICY = """\
apiVersion: iam.services.k8s.aws/v1alpha1
kind: Policy
metadata: {name: x, namespace: tenant-a}
spec: {name: x, policyDocument: '{"Statement": [{"Effect": "Allow", "Action": [%s], "Resource": "*"}]}'}
"""


def findings(tmp_path: Path, text: str) -> tuple[str, list[str]]:
    world = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    (world / "k8s" / "x.yaml").write_text(text)
    report = run_scan(world)
    verdicts = {one["id"]: one["verdict"] for one in report["commitments"]}
    return verdicts["safety-path"], [f"{one['rule']}: {one['subject']['address']}" for one in report["findings"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ACK % f'roleARN: "{ARN}"', "violated"),
        (ACK % "roleRef: {from: {name: acme-gateway}}", "violated"),
        (ACK % 'roleARN: "arn:aws-us-gov:iam::111122223333:role/other"', "holds"),
        ((ACK % f'roleARN: "{ARN}"').replace("serviceAccount: default", "serviceAccount: other"), "holds"),
        (CROSSPLANE % f'roleArn: "{ARN}"', "violated"),
        (CROSSPLANE % "roleArnRef: {name: r}" + ROLE, "violated"),
        (CROSSPLANE % "roleArnRef: {name: r}", "holds"),
        (CROSSPLANE % "roleArnSelector: {matchLabels: {a: b}}", "unproven"),
    ],
    ids=["ack", "ack-ref", "ack-other-role", "ack-other-account", "crossplane", "ref", "ref-of-another", "selector"],
)
def test_an_association_gives_a_service_account_the_role(tmp_path: Path, text: str, said: str) -> None:
    assert findings(tmp_path, text)[0] == said


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        ('"bedrock:InvokeModel"', "unproven"),
        ('"s3:Get*", "*"', "unproven"),
        ('"s3:GetObject"', "holds"),
    ],
)
def test_a_policy_that_may_allow_the_call_of_a_model_is_not_proved(tmp_path: Path, actions: str, said: str) -> None:
    verdict, told = findings(tmp_path, POLICY % actions)
    assert (verdict, told) == (said, ["principal-invokes-model-directly: tenant-a/Policy/x"] if said != "holds" else [])
