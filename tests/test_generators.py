"""Files of languages and tools that make what Tether reads, and that it does not read itself, are named."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.harness import FIXTURES, run_scan

MAKES = {
    "a/main.jsonnet": "import 'x.libsonnet'",
    "b/x.cue": 'apiVersion: "v1"',
    "b/x.pkl": 'import "package://pkg.pkl-lang.org/pkl-k8s/k8s@1.0.0#/api"\napiVersion = "v1"',
    "b/x.dhall": '{ apiVersion = "v1" }',
    "b/x.ncl": '{ kind = "Pod" }',
    "b/x.k": 'apiVersion = "v1"',
    "cdk8s.yaml": "language: python\n",
    "cdktf.json": "{}",
    "n/x.nomad": 'job "x" {}',
    "m/x.hcl": 'job "y" {}',
    "t/x.tm.hcl": 'generate_hcl "made.tf" {}',
    "p/x.container": "[Container]\nImage=vllm\n",
    "sst.config.ts": "",
    "fly.toml": "",
    "Dockerrun.aws.json": "{}",
}
HARMLESS = {
    "a/x.libsonnet": "{}",
    "b/x.cue": "#Size: 1 | 2",
    "b/x.pkl": "name: String",
    "c/model.pkl": "\udc80\x04",
    "t/x.tm.hcl": 'generate_hcl "made.tf" {}',
    "t/made.tf": "# TERRAMATE: GENERATED\n",
    "m/x.hcl": 'variable "job" {}',
    ".terraform.lock.hcl": "",
    "p/x.pod": "words",
}


def world(tmp_path: Path, files: dict[str, str]) -> Path:
    folder = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", folder)
    for name, text in files.items():
        path = folder / "more" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, errors="surrogateescape")
    return folder


def test_what_makes_a_deployment_is_named_once_a_kind(tmp_path: Path) -> None:
    again = {f"{name.rpartition('/')[0] or 'a'}/again/{name.rpartition('/')[2]}": MAKES[name] for name in MAKES}
    report = run_scan(world(tmp_path, {**MAKES, **again}))
    found = sorted(one["cause"] for one in report["unread"])
    assert len(set(found)) == len(MAKES) - 1  # both Nomad jobs are one kind
    assert len(found) == len(set(found))
    assert {one["verdict"] for one in report["commitments"]} == {"unproven"}


def test_what_makes_none_is_not(tmp_path: Path) -> None:
    report = run_scan(world(tmp_path, HARMLESS))
    assert report["unread"] == []
    assert {one["verdict"] for one in report["commitments"]} == {"holds"}
