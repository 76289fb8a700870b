"""Overlays in a tree: what is deployed, where each value stands, and what a hostile tree cannot do."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from scanner.resource import Reading, mark
from tests.harness import run

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: vllm}
spec:
  template:
    metadata: {labels: {app: vllm}}
    spec:
      containers:
      - name: server
        image: vllm/vllm-openai:v1
        args: [--model=s3://models/claude-gov]
"""
BASE = {"base/kustomization.yaml": "resources: [vllm.yaml]\n", "base/vllm.yaml": DEPLOYMENT}
OVER = "resources: [../base]\n"


def ids(found: Reading) -> list[str]:
    return sorted(one.id for one in found.resources)


def causes(found: Reading) -> list[str]:
    return [f"{one.origin}: {one.cause}" for one in found.unread]


def test_an_overlay_stands_for_its_base(read) -> None:
    found = read({**BASE, "over/kustomization.yaml": OVER + "namespace: prod\n"})
    assert ids(found) == ["root:prod/Deployment/vllm"]
    assert not found.unread
    assert set(found.inputs) == {"base/kustomization.yaml", "base/vllm.yaml", "over/kustomization.yaml"}
    assert not found.passed_over


def test_two_overlays_of_one_base_are_two_deployments(read) -> None:
    found = read(
        {
            **BASE,
            "over/dev/kustomization.yaml": "resources: [../../base]\nnamespace: dev\n",
            "over/prod/kustomization.yaml": "resources: [../../base]\nnamespace: prod\n",
        }
    )
    assert ids(found) == ["over/dev:dev/Deployment/vllm", "over/prod:prod/Deployment/vllm"]


def test_the_profile_names_the_unit_of_an_overlay(read) -> None:
    files = {
        **BASE,
        "dev/kustomization.yaml": OVER + "namespace: a\n",
        "prod/kustomization.yaml": OVER + "namespace: b\n",
    }
    found = read(files, unit_of=lambda path: "live" if path.startswith("prod/") else "")
    assert ids(found) == ["dev:a/Deployment/vllm", "live:b/Deployment/vllm"]


def test_overlays_that_share_nothing_can_be_one_cluster(read) -> None:
    found = read(
        {
            "a/kustomization.yaml": "resources: [vllm.yaml]\nnamespace: x\n",
            "a/vllm.yaml": DEPLOYMENT,
            "policies.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n",
        }
    )
    assert ids(found) == ["root:Namespace/x", "root:x/Deployment/vllm"]


def test_a_base_that_something_else_deploys_stays(read) -> None:
    application = """\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: app}
        spec: {source: {path: base}}
        """
    found = read({**BASE, "over/kustomization.yaml": OVER + "namespace: prod\n", "app.yaml": application})
    assert ids(found) == ["over:prod/Deployment/vllm", "root:default/Application/app", "root:default/Deployment/vllm"]


def test_an_overlay_that_cannot_be_rendered_leaves_its_base(read) -> None:
    found = read({**BASE, "over/kustomization.yaml": OVER + "namespace: prod\nvars: [{name: x}]\n"})
    assert ids(found) == ["root:default/Deployment/vllm"]
    assert causes(found) == [
        "over/kustomization.yaml:3:7: a kustomize overlay is not rendered: `vars` is not understood"
    ]
    assert found.unread[0].kind == "template"
    assert found.unread[0].remedy == "scan the output of `kubectl kustomize over`"


def test_one_overlay_that_fails_takes_nothing_from_the_others(read) -> None:
    found = read(
        {**BASE, "a/kustomization.yaml": OVER + "namespace: a\n", "b/kustomization.yaml": OVER + "vars: [{}]\n"}
    )
    assert ids(found) == ["a:a/Deployment/vllm", "root:default/Deployment/vllm"]
    assert len(found.unread) == 1


def test_a_component_that_nobody_takes_in_adds_nothing(read) -> None:
    component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: p.yaml}]\n"
    found = read({"c/kustomization.yaml": component, "c/p.yaml": DEPLOYMENT})
    assert not found.resources
    assert not found.unread
    assert found.passed_over["c/kustomization.yaml"] == "a kustomize component that no kustomization here takes in"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("spec", "template", "spec", "hostNetwork"), "over/patch.yaml:6:20"),
        (("spec", "template", "spec", "containers", 0, "args", 0), "base/vllm.yaml:11:16"),
        (("spec", "template", "spec", "containers", 0, "image"), "over/kustomization.yaml:4:36"),
        (("spec", "template", "spec", "containers", 0, "name"), "base/vllm.yaml:9:15"),
        (("spec", "template", "spec", "nodeName"), "over/kustomization.yaml:8:67"),
        (("metadata", "namespace"), "over/kustomization.yaml:2:12"),
        (("metadata", "labels", "team"), "over/kustomization.yaml:3:22"),
    ],
)
def test_each_value_stands_where_it_was_decided(read, path: tuple[str | int, ...], place: str) -> None:
    over = """\
        resources: [../base]
        namespace: prod
        labels: [{pairs: {team: ml}}]
        images: [{name: vllm/vllm-openai, newTag: v2}]
        patches:
        - path: patch.yaml
        - target: {kind: Deployment}
          patch: '[{"op": "add", "path": "/spec/template/spec/nodeName", "value": "edge-1"}]'
        """
    patch = """\
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: vllm}
        spec:
          template:
            spec: {hostNetwork: true}
        """
    found = read({**BASE, "over/kustomization.yaml": over, "over/patch.yaml": patch})
    (resource,) = found.resources
    where = str(mark(resource.attrs, *path)).split(":")
    expected = place.split(":")
    # Inside a text in a kustomization the line is known and the column is not.
    assert where[:2] == expected[:2]
    assert str(resource.origin) == "base/vllm.yaml:1:1"


def test_an_inline_patch_has_its_own_lines(read) -> None:
    over = """\
        resources: [../base]
        patches:
        - patch: |-
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: vllm}
            spec:
              replicas: 3
        """
    (resource,) = read({**BASE, "over/kustomization.yaml": over}).resources
    assert str(mark(resource.attrs, "spec", "replicas")).startswith("over/kustomization.yaml:8:")


def test_a_generated_value_stands_in_its_file(read) -> None:
    over = OVER + "configMapGenerator: [{name: c, envs: [x.env]}]\n"
    found = read({**BASE, "over/kustomization.yaml": over, "over/x.env": "# note\nA=1\n"})
    made = next(one for one in found.resources if one.kind == "ConfigMap")
    assert str(mark(made.attrs, "data", "A")) == "over/x.env:2:1"
    assert "over/x.env" in found.inputs


def test_the_command_line_judges_what_an_overlay_makes(tmp_path: Path) -> None:
    """A base that is harmless, and a patch that gives it a public load balancer."""
    files = {
        "base/kustomization.yaml": "resources: [vllm.yaml, service.yaml]\n",
        "base/vllm.yaml": DEPLOYMENT,
        "base/service.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: vllm}\n"
        "spec:\n  selector: {app: vllm}\n  ports: [{port: 8000}]\n",
        "over/kustomization.yaml": OVER + "patches: [{path: open.yaml}]\n",
        "over/open.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: vllm}\nspec:\n  type: LoadBalancer\n",
    }
    base = scan(tmp_path / "one", {path: text for path, text in files.items() if path.startswith("base")})
    over = scan(tmp_path / "two", files)
    assert [one["address"] for one in over["models"]] == ["default/Deployment/vllm"]
    assert not over["unread"]

    def hops(report: dict[str, Any]) -> set[str]:
        places = [hop["origin"] for one in report["findings"] if one["verdict"] == "violated" for hop in one["hops"]]
        return {f"{place['path']}:{place['line']}" for place in places if place}

    assert "over/open.yaml:5" in hops(over)
    assert "over/open.yaml:5" not in hops(base)


def scan(root: Path, files: dict[str, str]) -> dict[str, Any]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text))
    code, out, err = run("scan", str(root), "--format", "json")
    assert code in (0, 1, 3), err
    report: dict[str, Any] = json.loads(out)
    return report


REMOTE = [
    "https://example.com/a.yaml",
    "http://example.com/a.yaml",
    "git::https://example.com/x",
    "git@github.com:org/repo",
    "ssh://git@example.com/x",
    "github.com/org/repo//base?ref=v1",
    "github.com/org/repo",
    "example.com/org/repo?ref=main",
    "example.com/org/repo//base",
    "host:path",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("name", REMOTE)
@pytest.mark.parametrize("key", ["resources", "bases", "components"])
def test_nothing_is_fetched_and_no_program_runs(
    read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, key: str
) -> None:
    ran = tmp_path / "ran"
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in ("git", "kubectl", "kustomize", "helm", "ssh", "curl"):
        (programs / program).write_text(f"#!/bin/sh\necho {program} >> {ran}\n")
        (programs / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    listed = f"resources: [../base, '{name}']\n" if key == "resources" else f"{OVER}{key}: ['{name}']\n"
    found = read({**BASE, "over/kustomization.yaml": listed + "namespace: x\n"})
    assert not ran.exists()
    assert any(name in one.cause for one in found.unread)
    assert any(one.kind == "Deployment" for one in found.resources)


@pytest.mark.parametrize(
    "text",
    [
        "transformers: [plugin.yaml]\n",
        "validators: [plugin.yaml]\n",
        "generators: [plugin.yaml]\n",
        "helmCharts: [{name: x, repo: 'https://example.com'}]\n",
        "patches: [{path: ../../../../etc/passwd}]\n",
        "patches: [{path: /etc/passwd}]\n",
        "configMapGenerator: [{name: x, files: [../../outside.txt]}]\n",
        "configMapGenerator: [{name: x, files: [link.txt]}]\n",
        "configMapGenerator: [{name: x, envs: ['https://example.com/x']}]\n",
        "patches: [{target: {name: '(a+)+b'}, path: plugin.yaml}]\n",
        "patches: [{target: {name: '.*.*.*.*x'}, path: plugin.yaml}]\n",
        f"patches: [{{target: {{name: '{'(a|a)' * 40}x'}}, path: plugin.yaml}}]\n",
        f"patches: [{{target: {{labelSelector: 'a{' ' * 90_000}x'}}, path: plugin.yaml}}]\n",
        f"replacements: [{{source: {{kind: A, fieldPath: '{'.' * 200_000}'}}, targets: [{{select: {{}}}}]}}]\n",
        "images: [{name: '(v+)+', newTag: x}]\n",
        "resources: [../over]\n",
        "resources: [.]\n",
        "resources: [../base, y]\n",
        "components: [../base]\n",
        "openapi: {path: x.json}\nnamespace: a\n",
        "crds: [x.json]\nnamespace: a\n",
        "replicas: [5]\n",
        "patches: 7\n",
        "labels: {a: b}\n",
        "configMapGenerator: [1]\n",
        "replacements: [{source: 1, targets: 2}]\n",
        "namespace: {a: b}\n",
        "patches: [{patch: 'a: [', target: {kind: Deployment}}]\n",
    ],
)
def test_what_is_refused_is_unread_and_costs_nothing_else(read, tmp_path: Path, text: str) -> None:
    (tmp_path / "repo/over").mkdir(parents=True)
    (tmp_path / "outside.txt").write_text("secret\n")
    (tmp_path / "repo/over/link.txt").symlink_to(tmp_path / "outside.txt")
    plugin = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: vllm\n  annotations:\n" \
        "    config.kubernetes.io/function: |\n      exec: {path: ./x}\n"  # fmt: skip
    over = text if text.startswith("resources") else OVER + text
    found = read(
        {
            **BASE,
            "over/kustomization.yaml": over,
            "over/plugin.yaml": plugin,
            "other.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: o}\n",
        }
    )
    assert found.unread
    assert {"ConfigMap", "Deployment"} <= {one.kind for one in found.resources}
    assert "secret" not in str([one.attrs for one in found.resources])


def test_a_link_inside_the_root_is_followed(read, tmp_path: Path) -> None:
    (tmp_path / "repo/over").mkdir(parents=True)
    (tmp_path / "repo/over/linked.yaml").symlink_to("../base/vllm.yaml")
    found = read({**BASE, "over/kustomization.yaml": "resources: [linked.yaml]\nnamespace: x\n"})
    assert ids(found) == ["over:x/Deployment/vllm", "root:default/Deployment/vllm"]
    assert not found.unread


def test_a_tree_that_doubles_at_each_level_ends(read) -> None:
    files = {"l0/kustomization.yaml": "resources: [a.yaml]\n", "l0/a.yaml": DEPLOYMENT}
    for level in range(1, 14):
        below = f"../l{level - 1}"
        files[f"l{level}/p/kustomization.yaml"] = f"resources: [../{below}]\nnamePrefix: x-\n"
        files[f"l{level}/q/kustomization.yaml"] = f"resources: [../{below}]\nnamePrefix: w-\n"
        files[f"l{level}/kustomization.yaml"] = "resources: [p, q]\n"
    found = read(files)
    assert [one.cause for one in found.unread] == [
        "a kustomize overlay is not rendered: it is made of more than 2000 kustomizations"
    ]
    assert [one.kind for one in found.resources] == ["Deployment"]


def test_a_bad_document_beside_a_good_one(read) -> None:
    found = read(
        {**BASE, "base/vllm.yaml": DEPLOYMENT + "---\nkind: [\n", "over/kustomization.yaml": OVER + "namespace: a\n"}
    )
    assert {one.kind for one in found.unread} >= {"document"}
    assert [one.kind for one in found.resources] == ["Deployment"]


def test_what_a_deployment_fills_in_is_not_known(read) -> None:
    """An env file that is made at deployment: everything that it decides is unknown, and everything else is known."""
    over = """\
        resources: [../base]
        configMapGenerator: [{name: runtime, envs: [deployment.env]}]
        replacements:
        - source: {kind: ConfigMap, name: runtime, fieldPath: data.NAMESPACE}
          targets: [{select: {kind: Deployment}, fieldPaths: [metadata.namespace], options: {create: true}}]
        - source: {kind: ConfigMap, name: runtime, fieldPath: data.IMAGE, options: {delimiter: "/", index: 1}}
          targets: [{select: {kind: Deployment}, fieldPaths: ["spec.template.spec.containers.[name=server].image"]}]
        """
    found = read({**BASE, "over/kustomization.yaml": over})
    assert causes(found) == ["over/kustomization.yaml:2:22: `deployment.env` is not there"]
    assert found.unread[0].kind == "module"
    by_kind = {one.kind: one for one in found.resources}
    assert by_kind["ConfigMap"].address == "default/ConfigMap/runtime-*"
    assert by_kind["Deployment"].address == "*/Deployment/vllm"
    container = by_kind["Deployment"].attrs["spec"]["template"]["spec"]["containers"][0]
    assert container["image"].decided_by == ("deployment.env",)
    assert container["args"] == ["--model=s3://models/claude-gov"]


PLAIN = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: b}\n"


@pytest.mark.parametrize(
    ("kustomization", "said"),
    [
        ("resources: [a.yaml]\nresources: [b.yaml]\n", "stands twice"),
        ("- resources\n", "plain text"),
        ("resources: [a.yaml]\nsources: []\n", "`sources` is not understood"),
        ("resources: [a.yaml]\npatches: [{target: {kind: X}, patch: '[{op: remove, path: /a}]'}]\n", "is no JSON"),
        ("resources: [a.yaml]\npatches: [{target: {kind: X}, patch: '# nothing'}]\n", "a patch is empty"),
    ],
)
def test_what_kustomize_refuses_is_unread(read, kustomization: str, said: str) -> None:
    """Its files are read as they stand, and nobody says that they are deployed as such."""
    (found,) = read({"kustomization.yaml": kustomization, "a.yaml": PLAIN}).unread
    assert said in found.cause
