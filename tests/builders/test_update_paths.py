"""Update paths of a classifier: what is no value of a switch, a time to come, and who else may end one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.harness import FIXTURES, run_scan, seen

RULE = "classifier-not-kept-up-to-date"
CASES = FIXTURES / "live-classifiers" / RULE
JOB, OFF, FLUX = "complies-tenant-changes-the-job", "violates-schedule-is-off", "complies-kustomization-fails"
ON = ('"DISABLED"', '"ENABLED"')
TENANT = """
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: t, namespace: safety}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: t}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: tenants}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: t, namespace: safety}
rules: [{apiGroups: [%s], resources: [%s], verbs: [%s]}]
"""
EVENTS = """
resource "aws_cloudwatch_event_rule" "refresh" {
  name                = "refresh"
  schedule_expression = "rate(1 day)"
  %s
}
"""
REMOVES = """
resource "aws_iam_role" "t" {
  name               = "t"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_iam_role_policy" "t" {
  role   = aws_iam_role.t.id
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = ["events:RemoveTargets"], Resource = "*" }] })
}
"""
SYNC = """apiVersion: argoproj.io/v1alpha1
kind: %s
metadata: {name: guards, namespace: argocd}
spec:
  project: safety
  destination: {server: "https://kubernetes.default.svc", namespace: other}
  source: {repoURL: "https://git.example.gov/safety/stack", path: stack, targetRevision: main}
  syncPolicy: %s
"""
OTHER_ROOT = """
provider "aws" {
  region              = "us-gov-west-1"
  allowed_account_ids = [%s]
}
""" + REMOVES.replace("events:RemoveTargets", "scheduler:DeleteSchedule")
DAILY, BY_PIPELINE = 'schedule: "0 3 * * *"', "complies-pipeline-held-up"
OPEN = """"inboundTransitionState": {
      "enabled": true
     },"""
BY_RULE = ("aws_scheduler_schedule", "aws_cloudwatch_event_rule")
STOPPED = "safety/CronJob/refresh"


def judged(tmp_path: Path, case: str, *edits: tuple[str, str, str]) -> str:
    """What the rule says of a case with edits: (file, text, instead), an empty text for what comes at the end."""
    copy = tmp_path / "case"
    shutil.copytree(CASES / case, copy)
    for name, old, new in edits:
        path = copy / name
        before = path.read_text() if path.exists() else ""
        assert old in before
        path.parent.mkdir(exist_ok=True)
        path.write_text(before.replace(old, new) if old else before + new)
    return seen(run_scan(copy), RULE)


@pytest.mark.parametrize(
    ("case", "edits", "verdict"),
    [
        (JOB, [("k8s.yaml", "suspend: false", 'suspend: "true"')], "violated"),
        (JOB, [("k8s.yaml", "suspend: false", "suspend: {}")], "unproven"),
        (JOB, [("k8s.yaml", "", TENANT % ("batch", "cronjobs", "deletecollection"))], "violated"),
        (JOB, [("k8s.yaml", "", TENANT % ("batch", "cronjobs", "get"))], "holds"),
        (JOB, [("tether.yaml", '{classifier: "safety/Deployment/prompt-guard"', '{classifier: "*/prompt-gard"')],
         "unproven"),
        (OFF, [("main.tf", *ON)], "holds"),
        (OFF, [("main.tf", '"DISABLED"', '"disabled"')], "unproven"),
        (OFF, [("main.tf", *ON), ("main.tf", "rate(1 day)", "at(2025-01-01T00:00:00)")], "violated"),
        (OFF, [("main.tf", *ON), ("main.tf", "rate(1 day)", "cron(0 3 * * ? 2020)")], "violated"),
        (OFF, [("main.tf", '"DISABLED"', '"ENABLED"\n  end_date = var.end')], "unproven"),
        (OFF, [("tether.yaml", *BY_RULE), ("main.tf", "", EVENTS % 'is_enabled = "false"')], "violated"),
        (OFF, [("tether.yaml", *BY_RULE), ("main.tf", "", EVENTS % 'is_enabled = "true"')], "holds"),
        (OFF, [("tether.yaml", *BY_RULE), ("main.tf", "", EVENTS % "" + REMOVES)], "violated"),
        (OFF, [("main.tf", *ON), ("other/main.tf", "", OTHER_ROOT % '"111122223333"')], "violated"),
        (OFF, [("main.tf", *ON), ("other/main.tf", "", OTHER_ROOT % '"444455556666"')], "holds"),
        (OFF, [("main.tf", *ON), ("other/main.tf", "", OTHER_ROOT % "")], "unproven"),
        (JOB, [("k8s.yaml", DAILY, 'schedule: "0 3 31 2 *"')], "violated"),
        (JOB, [("k8s.yaml", DAILY, 'schedule: "0 3 31 2 1"')], "holds"),
        (JOB, [("k8s.yaml", DAILY, 'schedule: "@daily"')], "holds"),
        (JOB, [("k8s.yaml", DAILY, "schedule: nightly")], "unproven"),
        (BY_PIPELINE, [("bundle.json", '"stageName": "Source",\n     ' + OPEN, '"stageName": "Source",')], "holds"),
        (BY_PIPELINE, [("bundle.json", '"stageName": "Deploy",\n     ' + OPEN, '"stageName": "Deploy",')], "unproven"),
        (FLUX, [("cluster.json", "2026-10-31", "2027-10-31")], "unproven"),
        (JOB, [("tether.yaml", STOPPED, "argocd/Application/guards"), ("app.yaml", "", SYNC % ("Application", "{}"))],
         "unproven"),
        (JOB, [("tether.yaml", STOPPED, "argocd/Application/guards"),
               ("app.yaml", "", SYNC % ("Application", "{automated: {enabled: false}}"))], "unproven"),
    ],
)  # fmt: skip
def test_nothing_odd_counts_for_on(tmp_path: Path, case: str, edits: list[tuple[str, str, str]], verdict: str) -> None:
    said = judged(tmp_path, case, *edits)
    assert said.startswith(f"{RULE}: {verdict}"), said


def test_an_application_that_brings_what_is_new_by_itself_is_on(tmp_path: Path) -> None:
    """The repository that it brings is in no input, and so nothing holds: it is not for its switch."""
    by = ("tether.yaml", STOPPED, "argocd/Application/guards")
    said = judged(tmp_path, JOB, by, ("app.yaml", "", SYNC % ("Application", "{automated: {}}")))
    assert "automated" not in said


def test_who_changes_the_source_of_a_delivery_changes_what_it_brings(tmp_path: Path) -> None:
    flux = """
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: guards, namespace: safety}
spec: {url: "https://git.example.gov/safety/stack"}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: guards, namespace: safety}
spec: {path: ./guards, sourceRef: {kind: GitRepository, name: guards}}
"""
    by = ("tether.yaml", STOPPED, "safety/Kustomization/guards")
    more = TENANT % ("source.toolkit.fluxcd.io", "gitrepositories", "patch")
    said = judged(tmp_path, JOB, by, ("k8s.yaml", "", flux + more))
    assert "`Group/tenants` may change `safety/GitRepository/guards`" in said


@pytest.mark.parametrize("rule", [RULE, "stop-control-not-ready"])
def test_an_empty_list_is_not_named_where_the_profile_is_strict(tmp_path: Path, rule: str) -> None:
    copy = tmp_path / "case"
    shutil.copytree(CASES / JOB, copy)
    profile = copy / "tether.yaml"
    text = profile.read_text()
    more = "  updates: []\nstop_controls: []\nrequire: [declared]\n"
    profile.write_text(text[: text.index("  updates:")] + more)
    assert seen(run_scan(copy), rule).startswith(f"{rule}: unproven")
