"""The reference world without a Pod Security level: who makes pods there, told once for all of them."""

from __future__ import annotations

import shutil

import pytest

from tests.harness import FIXTURES, run_scan

LEVEL = "    pod-security.kubernetes.io/enforce: baseline\n"
TENANT = """
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: edit, namespace: tenant-{one}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: Group, name: tenant-{one}-developers}}]
"""


def scanned(folder, *, level: str, more: str = ""):
    world = folder / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    spaces = world / "k8s" / "namespaces.yaml"
    text = spaces.read_text()
    assert LEVEL in text
    spaces.write_text(text.replace(LEVEL, level))
    rights = world / "k8s" / "rbac.yaml"
    rights.write_text(rights.read_text() + more)
    return run_scan(world)


def test_the_level_is_what_the_world_holds_by(tmp_path):
    report = scanned(tmp_path, level="    team: a\n")
    found = {one["rule"]: one for one in report["findings"]}
    assert set(found) == {"principal-invokes-model-directly", "stranger-mints-stack-identity"}
    assert {one["verdict"] for one in found.values()} == {"unproven"}


def test_many_who_make_pods_are_one_finding_of_a_rule(tmp_path):
    more = "".join(TENANT.format(one=one) for one in "bcdef")
    report = scanned(tmp_path, level="    team: a\n", more=more)
    assert sorted(one["rule"] for one in report["findings"]) == [
        "principal-invokes-model-directly",
        "stranger-mints-stack-identity",
    ]
    for one in report["findings"]:
        subjects = {one["subject"]["address"], *one["also"]}
        assert subjects >= {f"Group/tenant-{name}-developers" for name in "abcdef"}


def test_one_namespace_without_a_level_is_told_where_others_have_one(tmp_path):
    report = scanned(tmp_path, level=LEVEL, more=TENANT.format(one="b"))
    subjects = {one["subject"]["address"] for one in report["findings"]}
    assert subjects == {"Group/tenant-b-developers"}


SPARED = """\
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
  - name: %s
    configuration:
      apiVersion: pod-security.admission.config.k8s.io/v1
      kind: PodSecurityConfiguration
      defaults: {enforce: baseline}
      exemptions: {%s}
"""
TEMPLATE = """\
apiVersion: management.cattle.io/v3
kind: PodSecurityAdmissionConfigurationTemplate
metadata: {name: rancher}
configuration: {exemptions: {namespaces: [tenant-a]}}
"""
ACCOUNTS = "system:serviceaccount:kube-system"


@pytest.mark.parametrize(
    ("added", "held"),
    [
        (SPARED % ("PodSecurity", "namespaces: [tenant-a]"), False),
        (SPARED % ("PodSecurity", "runtimeClasses: [kata]"), False),
        (SPARED % ("PodSecurity", f"usernames: ['{ACCOUNTS}:replicaset-controller']"), False),
        (TEMPLATE, False),
        (SPARED % ("PodSecurity", "usernames: [bob], namespaces: [monitoring], runtimeClasses: []"), True),
        (SPARED % ("EventRateLimit", "namespaces: [tenant-a]"), True),
        (TEMPLATE.replace("tenant-a", "cattle-system"), True),
    ],
)
def test_what_the_api_server_spares_from_the_level(tmp_path, added, held):
    report = scanned(tmp_path, level=LEVEL, more=f"---\n{added}")
    assert (not report["findings"]) is held
