"""The files of deploy/: what they allow is what a scan asks for; neither their own tools nor Tether find anything."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness import ROOT, run

DEPLOY = ROOT / "deploy"
ROLE, CLUSTER = DEPLOY / "aws-role", DEPLOY / "kubernetes"


def least() -> list[dict[str, Any]]:
    """The policies that `tether permissions --aws` prints."""
    code, out, err = run("permissions", "--aws")
    assert code == 0, err
    return [json.loads(line) for line in out.splitlines() if line.strip()]


class _Tags(yaml.SafeLoader):
    """The short forms of CloudFormation (`!Ref`), as what they stand for."""


_Tags.add_multi_constructor("!", lambda loader, _, node: loader.construct_scalar(node))


def test_the_role_of_terraform_may_do_what_a_scan_asks_and_nothing_else() -> None:
    """Made again by: tether permissions --aws, one line a file."""
    files = sorted(ROLE.glob("policy-*.json"))
    assert [json.loads(one.read_text()) for one in files] == least()


def test_the_role_of_the_stack_set_is_the_same() -> None:
    template = yaml.load((ROLE / "stackset.yaml").read_text(), _Tags)
    made = [one["Properties"]["PolicyDocument"] for name, one in template["Resources"].items() if name != "Scan"]
    assert made == least()
    policies = [name for name in template["Resources"] if name != "Scan"]
    assert template["Resources"]["Scan"]["Properties"]["ManagedPolicyArns"] == policies
    (trust,) = template["Resources"]["Scan"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "ExternalId"}}
    assert trust["Principal"] == {"AWS": "ScannerArn"}


def test_the_stack_set_passes_cfn_lint() -> None:
    api = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed")
    assert api.lint_file(ROLE / "stackset.yaml") == []


def test_the_role_of_the_cluster_may_do_what_a_scan_asks_and_nothing_else() -> None:
    code, out, err = run("permissions", "--kubernetes")
    assert code == 0, err
    assert (CLUSTER / "role.yaml").read_text() == out


def test_terraform_formats_them_as_they_are() -> None:
    if shutil.which("terraform") is None:
        pytest.skip("no terraform here: the format of deploy/ is not checked")
    command = ["terraform", "fmt", "-check", "-recursive", str(DEPLOY)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def objects() -> list[dict[str, Any]]:
    found = []
    for path in sorted(CLUSTER.glob("*.yaml")):
        if path.name not in ("kustomization.yaml", "tether.yaml"):
            found += [one for one in yaml.safe_load_all(path.read_text()) if one]
    return found


def test_the_job_runs_with_the_role_as_nobody_and_fails_by_its_exit_code() -> None:
    by_kind = {one["kind"]: one for one in objects()}
    pod = by_kind["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (subject,) = by_kind["ClusterRoleBinding"]["subjects"]
    assert pod["serviceAccountName"] == subject["name"] == by_kind["ServiceAccount"]["metadata"]["name"]
    assert by_kind["ClusterRoleBinding"]["roleRef"]["name"] == by_kind["ClusterRole"]["metadata"]["name"]
    assert by_kind["CronJob"]["spec"]["jobTemplate"]["spec"]["backoffLimit"] == 0
    assert pod["restartPolicy"] == "Never"
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] and pod["securityContext"]["runAsNonRoot"]
    assert "@sha256:" in container["image"]
    # Every argument is one that the command takes: an unknown one ends with 2 before anything is asked.
    code, _, err = run(*container["args"], "--kubeconfig", "/nowhere")
    assert "unrecognized" not in err and "usage:" not in err, err
    assert code != 0


def test_the_task_of_ecs_is_given_arguments_that_the_command_takes() -> None:
    text = (DEPLOY / "aws-schedule" / "main.tf").read_text()
    flags = [
        word
        for word in text.partition("arguments = [")[2].partition("]\n")[0].replace('"', " ").split()
        if word[:2] == "--"
    ]
    code, out, _ = run("scan", "--help")
    assert code == 0
    assert flags and all(flag.rstrip(",") in out for flag in flags)


def test_tether_finds_nothing_in_its_own_files_and_reads_all_of_them() -> None:
    code, out, err = run("scan", str(DEPLOY), "--format", "json", "--as-of", "2026-11-01")
    assert code == 3, err
    report = json.loads(out)
    assert [one for one in report["findings"] if one["verdict"] == "violated"] == []
    assert {one["origin"]["path"].rpartition("/")[2] for one in report["unread"]} <= {
        "stackset.yaml",
        "tether.gitlab-ci.yml",
    }


def test_the_image_names_its_base_by_digest_alone(tmp_path: Path) -> None:
    lines = (DEPLOY / "container" / "Containerfile").read_text().splitlines()
    froms = [line for line in lines if line.startswith("FROM")]
    assert froms and all("${BASE}" in line for line in froms)
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY") and "--from" not in line]
    there = [name for names in copied for name in names if not name.startswith("deploy/container/tether.yaml")]
    assert there and all((ROOT / name).exists() for name in there)
