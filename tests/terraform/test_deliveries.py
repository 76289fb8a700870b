"""What Terraform resources have a controller deliver: what is scanned by its checkout, or unread by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.origin import FileOrigin
from scanner.profile import Unit
from scanner.resource import Reading
from scanner.sources.read import ReadRequest, read_all

SCANNED = "what is scanned, as the profile says; it may move, and what it is moved to is for the next scan"
OURS, THEIRS = "https://git.example/team/fleet", "https://git.example/tenant/x"
APPLICATION = """\
resource "argocd_application" "a" {
  metadata { name = "a" }
  spec {
    destination { server = "https://kubernetes.default.svc" }
    source {
      repo_url = "%s"
      %s
    }
  }
}
"""
SET = """\
resource "argocd_application_set" "a" {
  metadata { name = "a" }
  spec {
    generator {
      clusters {}
    }
    template {
      metadata { name = "x" }
      spec {
        destination { server = "{{server}}" }
        source {
          repo_url = "%s"
          path = "k8s"
        }
        source {
          repo_url = "%s"
          ref = "values"
        }
      }
    }
  }
}
"""
FLUX = """\
provider "flux" {
  git = { url = "%s" }
}
resource "flux_bootstrap_git" "a" { path = "k8s" }
"""
MANIFEST = """\
resource "kubernetes_manifest" "a" {
  manifest = {
    apiVersion = "argoproj.io/v1alpha1"
    kind = "Application"
    metadata = { name = "a", namespace = "argocd" }
    spec = { source = { repoURL = "%s", path = "k8s" }, destination = { name = "in-cluster" } }
  }
}
"""
TEXT = """\
resource "kubectl_manifest" "a" {
  yaml_body = <<-EOT
    apiVersion: source.toolkit.fluxcd.io/v1
    kind: GitRepository
    metadata: {name: g, namespace: n}
    spec: {url: "%s"}
  EOT
}
resource "kubectl_manifest" "b" {
  yaml_body = <<-EOT
    apiVersion: kustomize.toolkit.fluxcd.io/v1
    kind: Kustomization
    metadata: {name: k, namespace: n}
    spec: {sourceRef: {kind: GitRepository, name: g}, path: ./k8s}
  EOT
}
"""
AZURE = """\
resource "azurerm_kubernetes_flux_configuration" "a" {
  name = "a"
  git_repository {
    url = "%s"
  }
  kustomizations {
    name = "k"
    path = "./k8s"
  }
}
"""
GOOGLE = """\
resource "google_gke_hub_feature_membership" "a" {
  configmanagement {
    config_sync {
      git {
        sync_repo = "%s"
        policy_dir = "k8s"
      }
    }
  }
}
"""
WAYS = {
    "argocd_application.a": APPLICATION % ("%s", 'path = "k8s"'),
    "argocd_application_set.a": SET.replace("%s", THEIRS, 2).replace(THEIRS, "%s", 1),
    "flux_bootstrap_git.a": FLUX,
    "argocd/Application/a": MANIFEST,
    "n/Kustomization/k": TEXT,
    "azurerm_kubernetes_flux_configuration.a": AZURE,
    "google_gke_hub_feature_membership.a": GOOGLE,
}
"""By what asks for a delivery of the folder `k8s`."""


BRANCHES = {
    "flux_bootstrap_git.a": "main",
    "n/Kustomization/k": "master",
    "google_gke_hub_feature_membership.a": "master",
}
"""The branch that each takes where none is written; the others leave it to the repository."""


def read(root: Path, text: str, *revisions: str) -> Reading:
    for name, body in {
        "main.tf": text,
        "k8s/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c, image: d}]}\n",
        ".git/config": f'[remote "origin"]\n\turl = {THEIRS}\n',
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)
    unit = Unit("u", FileOrigin("tether.yaml", 1), (".",), (".",), repository=OURS, revisions=revisions)
    return read_all(ReadRequest(root=root, paths=(root,), units=(unit,), profile_dir=root))


def missed(found: Reading) -> list[str]:
    return [one.cause for one in found.unread if one.kind == "module"]


@pytest.mark.parametrize("name", WAYS)
def test_what_is_delivered_is_the_checkout_or_unread_by_name(tmp_path: Path, name: str) -> None:
    branch = [BRANCHES[name]] if name in BRANCHES else []
    at = "".join(f" at `{one}`" for one in branch)
    ours = read(tmp_path, WAYS[name] % OURS, *branch)
    assert missed(ours) == []
    assert list(ours.assumptions) == [f"`{OURS}`{at} is taken to be {SCANNED}"]
    for url, revisions in ((THEIRS, branch), (OURS, ["release"])):
        other = read(tmp_path, WAYS[name] % url, *revisions)
        assert missed(other) == [f"what `{name}` brings from `{url}`{at} is not certainly in the inputs"]
        assert not other.assumptions


REVISED = {
    "argocd_application.a": ('path = "k8s"', 'path = "k8s"\n      target_revision = "v3"'),
    "google_gke_hub_feature_membership.a": (
        "sync_repo =",
        'sync_branch = "main"\n        sync_rev = "v3"\n        sync_repo =',
    ),
}


@pytest.mark.parametrize("name", REVISED)
def test_the_revision_that_is_written_is_the_one_that_counts(tmp_path: Path, name: str) -> None:
    text = (WAYS[name] % OURS).replace(*REVISED[name])
    assert text != WAYS[name] % OURS
    assert missed(read(tmp_path, text, "v3")) == []
    assert len(missed(read(tmp_path, text, "main"))) == 1


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('variable "url" {}\n' + APPLICATION % ("${var.url}", 'path = "k8s"'), "argocd_application.a` brings from `*"),
        (APPLICATION % (OURS, 'path = "other"'), f"argocd_application.a` brings from `{OURS}"),
        (APPLICATION % (THEIRS, 'chart = "web"'), f"argocd_application.a` brings from the chart `web` of `{THEIRS}"),
        ('resource "argocd_application" "a" {}', "argocd_application.a` brings from `*"),
        ('resource "argocd_application" "a" { spec = 7 }', "argocd_application.a` brings from `*"),
        ('resource "flux_bootstrap_git" "a" { path = "k8s" }', "flux_bootstrap_git.a` brings from `*` at `main"),
        ('resource "azurerm_arc_kubernetes_flux_configuration" "a" {}', "configuration.a` brings from `*"),
    ],
)  # fmt: skip
def test_what_nobody_can_tell_is_unread(tmp_path: Path, text: str, what: str) -> None:
    (cause,) = missed(read(tmp_path, text))
    assert f"{what}` is not certainly in the inputs" in cause


def test_a_revision_that_is_known_at_apply_is_not_the_default(tmp_path: Path) -> None:
    text = 'variable "at" {}\n' + APPLICATION % (OURS, 'path = "k8s"\n target_revision = var.at')
    assert len(missed(read(tmp_path, text))) == len(missed(read(tmp_path, text, "main"))) == 1


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("argocd_application_set.a", "clusters {}", "clusters {\ntemplate {\n}\n}", "`spec.generator`"),
        ("argocd_application_set.a", "generator {", 'template_patch = "x"\ngenerator {', "`spec.template_patch`"),
        ("flux_bootstrap_git.a", "", "", "`.sourceignore`"),
        ("azurerm_kubernetes_flux_configuration.a", "", "", "`.sourceignore`"),
    ],
)
def test_what_changes_a_delivery_is_named(tmp_path: Path, name: str, old: str, new: str, said: str) -> None:
    text, at = WAYS[name] % OURS, [BRANCHES[name]] if name in BRANCHES else []
    assert missed(read(tmp_path, text, *at)) == []
    if said == "`.sourceignore`":
        (tmp_path / ".sourceignore").write_text("k8s/policy.yaml\n")
    causes = [one.cause for one in read(tmp_path, text.replace(old, new, 1), *at).unread if one.kind == "template"]
    assert causes == [f"what `{name}` brings is not what is scanned: its own {said} may change it"]


def test_a_chart_of_a_release_is_never_rendered_and_is_unread(tmp_path: Path) -> None:
    text = 'resource "helm_release" "a" {\n  chart = "vllm"\n  repository = "https://charts.example"\n}\n'
    found = read(tmp_path, text)
    assert [one.cause for one in found.unread] == ["the chart `vllm` of `helm_release.a` is not rendered"]


@pytest.mark.parametrize(
    ("more", "possible"),
    [("", True), ("directory {\n recurse = true\n}", False), ("directory {\n recurse = false\n}", True)],
)
def test_argo_cd_brings_a_folder_without_its_subfolders(tmp_path: Path, more: str, possible: bool) -> None:
    found = read(tmp_path, APPLICATION % (OURS, f'path = "."\n{more}'))
    (pod,) = [one for one in found.resources if one.kind == "Pod"]
    assert (pod.possible is not None) is possible
