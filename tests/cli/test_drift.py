"""Declared against live: what differs is told from both sides, and what cannot be told is never "no drift"."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.bundle.estate import full, write
from tests.bundle.reference import answers
from tests.harness import FIXTURES, ROOT, run
from tests.live.made import applied, objects_in
from tests.live.server import Cluster, denied, kubeconfig, serving

WORLD = FIXTURES / "worlds" / "reference"
SCHEMA = Draft202012Validator(json.loads((ROOT / "scanner/schemas/drift.schema.json").read_text()))


def drift(*given: str) -> dict[str, Any]:
    code, out, err = run("drift", *given, "--format", "json")
    assert out, err
    told: dict[str, Any] = json.loads(out)
    SCHEMA.validate(told)
    assert code == {"none": 0, "drift": 1, "unproven": 3}[told["verdict"]]
    return told


def entries(told: dict[str, Any], what: str, side: str) -> set[str]:
    return {
        f"{one['about']} {one['detail']}".strip() for one in told["drift"] if (one["what"], one["side"]) == (what, side)
    }


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    return applied(objects_in(WORLD / "k8s"))


PROFILE = """units:
  - name: main
    manifests: [k8s]
    live: [prod]
    cluster: "arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/acme-gov"
"""


def against(tmp_path: Path, cluster: Cluster, broken: str = "") -> dict[str, Any]:
    """The world's manifests against a cluster; `broken` names a file of which nothing can be read."""
    profile = tmp_path / "tether.yaml"
    if not profile.exists():
        profile.write_text(PROFILE)
        shutil.copytree(WORLD / "k8s", tmp_path / "k8s")
    if broken:
        (tmp_path / "k8s" / broken).write_text("kind: [")
    with serving(cluster) as address:
        live = ("--live", "kubernetes", "--kubeconfig", str(kubeconfig(tmp_path, address)))
        return drift(str(tmp_path / "k8s"), "--profile", str(profile), *live)


def test_a_cluster_that_is_as_declared(tmp_path: Path, objects: list[dict[str, Any]]) -> None:
    told = against(tmp_path, Cluster(objects))
    assert told["verdict"] == "none", told["drift"] + told["undecided"]
    assert told["counts"]["declared"] > 10


def test_what_is_missing_and_what_is_more(tmp_path: Path, objects: list[dict[str, Any]]) -> None:
    kept = [one for one in objects if one["kind"] != "NetworkPolicy"]
    more = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "oops", "uid": "x"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "Group", "name": "everybody", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    told = against(tmp_path, Cluster([*kept, more]))
    assert told["verdict"] == "drift"
    gone = entries(told, "thing", "declared")
    assert any("inference/NetworkPolicy/only-the-gateway" in one for one in gone), gone
    assert any("ClusterRoleBinding/oops" in one for one in entries(told, "thing", "live"))
    assert any(one.startswith("Group/everybody -> ") for one in entries(told, "way", "live"))
    ways = entries(told, "way", "live")
    assert any("-> inference/Deployment/claude-gov" in one and "network reach" in one for one in ways), ways
    assert any("claude-gov AdmittedPods" in one for one in entries(told, "fact", "live"))


def test_what_could_not_be_read_is_never_no_drift(tmp_path: Path, objects: list[dict[str, Any]]) -> None:
    told = against(tmp_path, Cluster(objects, faults=[denied("networkpolicies", "inference")]))
    assert told["verdict"] == "unproven"
    assert {one["side"] for one in told["unread"]} == {"live"}
    assert any("only-the-gateway" in one["about"] and "not read" in one["because"] for one in told["undecided"])
    told = against(tmp_path, Cluster(objects), "more.yaml")
    assert (told["verdict"], {one["side"] for one in told["unread"]}) == ("unproven", {"declared"})
    told = against(tmp_path, Cluster(objects), "model.yaml")
    assert told["verdict"] == "unproven", "what is live and not declared may stand in the file that was not read"
    assert any("claude-gov" in one["about"] for one in told["undecided"])


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("bundle") / "aws.bundle", full(answers()))


def test_an_account_is_joined_by_the_names_of_things(account: Path) -> None:
    told = drift(str(WORLD / "terraform"), "--bundle", str(account))
    # The recorded account calls one policy otherwise; what EKS makes for a cluster is as it makes it.
    things = entries(told, "thing", "live") | entries(told, "thing", "declared")
    assert {one.split(" (")[0] for one in things} == {
        "aws_iam_role_policy acme-gateway invoke",
        "aws_iam_role_policy acme-gateway invoke-with-guardrail",
    }
    joined = (
        "aws_iam_role ",
        "aws_s3_bucket ",
        "aws_eks_cluster ",
        "aws_bedrock_guardrail ",
        "aws_subnet ",
        "aws_vpc ",
    )
    for one in (*told["drift"], *told["undecided"]):
        assert not (one["what"] == "thing" and one["about"].startswith(joined)), one
    assert told["undecided"] == []
    assert {one["what"] for one in told["drift"]} == {"thing"}


def test_two_filters_that_changed_places_are_drift(tmp_path: Path) -> None:
    found = answers()
    for version in ("DRAFT", "7"):
        filters = found["bedrock:GetGuardrail", f"gr7acme2026x/{version}"]["contentPolicy"]["filters"]
        (attack,) = (one for one in filters if one["type"] == "PROMPT_ATTACK")
        hate = next(one for one in filters if one["type"] == "HATE")
        attack["type"], hate["type"] = hate["type"], attack["type"]
    told = drift(str(WORLD / "terraform"), "--bundle", str(write(tmp_path / "aws.bundle", full(found))))
    for side in ("declared", "live"):
        filters = [one for one in entries(told, "fact", side) if " Filter " in one]
        assert {kind for kind in ("HATE", "PROMPT_ATTACK") for one in filters if f'"{kind}"' in one} == {
            "HATE",
            "PROMPT_ATTACK",
        }


def test_what_cannot_be_told_apart_is_not_decided(tmp_path: Path) -> None:
    """Two published versions, of which the files know one that has no number yet; a rule of a cluster's group more."""
    found = answers()
    found["bedrock:ListGuardrails", "gr7acme2026x"]["guardrails"].append(
        {**found["bedrock:ListGuardrails", "gr7acme2026x"]["guardrails"][1], "version": "8"}
    )
    found["bedrock:GetGuardrail", "gr7acme2026x/8"] = {
        **found["bedrock:GetGuardrail", "gr7acme2026x/7"],
        "version": "8",
    }
    group = found["ec2:DescribeSecurityGroups", ""]["SecurityGroups"][1]
    more = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    group["IpPermissions"].append(more)
    told = drift(str(WORLD / "terraform"), "--bundle", str(write(tmp_path / "aws.bundle", full(found))))
    undecided = {one["about"].split(" ")[0] for one in told["undecided"]}
    assert undecided == {"aws_bedrock_guardrail_version"}
    assert all(one["because"] for one in told["undecided"])
    (rule,) = (one for one in entries(told, "thing", "live") if one.startswith("aws_security_group_rule"))
    assert "#ingress/1" in rule


def test_the_same_names_in_another_account_are_other_things(account: Path, tmp_path: Path) -> None:
    lines = gzip.decompress(account.read_bytes()).decode()
    folder = tmp_path / "declared"
    shutil.copytree(WORLD / "terraform", folder)
    here = "111122223333"
    assert here in lines
    found = [path for path in folder.rglob("*.tf") if here in path.read_text()]
    assert found
    for path in found:
        path.write_text(path.read_text().replace(here, "999988887777"))
    told = drift(str(folder), "--bundle", str(account))
    assert told["verdict"] == "drift"
    assert any(one.startswith("aws_iam_role acme-gateway (live as ") for one in entries(told, "thing", "live"))
    assert any(one.startswith("aws_iam_role acme-gateway (declared as ") for one in entries(told, "thing", "declared"))


def test_a_name_that_nobody_knows_may_be_any(account: Path, tmp_path: Path) -> None:
    folder = tmp_path / "declared"
    shutil.copytree(WORLD / "terraform", folder)
    text = (folder / "identity.tf").read_text()
    assert 'name               = "acme-gateway"' in text or '"acme-gateway"' in text
    (folder / "identity.tf").write_text('variable "who" {}\n' + text.replace('"acme-gateway"', "var.who", 1))
    told = drift(str(folder), "--bundle", str(account))
    assert not any(one.startswith("aws_iam_role acme-gateway") for one in entries(told, "thing", "live"))
    assert any(one["about"] == "aws_iam_role acme-gateway" for one in told["undecided"])


def test_wrong_use(tmp_path: Path, account: Path) -> None:
    (tmp_path / "empty").mkdir()
    for given in ((str(WORLD / "k8s"),), ("--bundle", str(account)), (".", "--bundle", "x", "--state", "x")):
        assert run("drift", *given)[0] == 2
    code, out, _ = run("drift", str(tmp_path / "empty"), "--bundle", str(account))
    assert (code, "nothing declared was read" in out) in ((1, True), (3, True))
    code, out, _ = run("drift", str(WORLD / "terraform"), "--bundle", str(account))
    assert code == 1
    assert out.startswith("live and not declared (")
    assert "  + thing aws_iam_role_policy acme-gateway invoke\n      aws:iam:GetAccountAuthorizationDetails" in out
    assert out.splitlines()[-1].startswith("DRIFT: ")
