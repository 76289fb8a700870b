"""Rights in a cluster by a cloud's own access control, and service accounts that act as identities of a cloud."""

from __future__ import annotations

import pytest

from scanner.builders.workload_identity import build_workload_identity
from scanner.graph.model import State
from tests.builders import identity_world
from tests.builders.test_control import DEPLOYMENT, ENTRY, GATEWAY, PROFILE, STACK, binding, rule, writes


def state(built, source: str, target: str = GATEWAY, verb: str = "write") -> str:
    """`open`, `possible` or `none`."""
    found = [
        edge
        for edge in built.graph.edges
        if edge.verb == verb and edge.source.partition(":")[2] == source and edge.target.partition(":")[2] == target
    ]
    return str(min(edge.state for edge in found)) if found else "none"


def eks(policy: str, scope: str) -> str:
    return (
        ENTRY
        + f"""
resource "aws_eks_access_policy_association" "dev" {{
  cluster_name  = "c"
  principal_arn = aws_iam_role.dev.arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/{policy}"
  access_scope {{
    {scope}
  }}
}}
variable "spaces" {{
  type = list(string)
}}
"""
    )


@pytest.mark.parametrize(
    ("policy", "scope", "found"),
    [
        ("AmazonEKSEditPolicy", 'type = "namespace"\n namespaces = ["saf*"]', "open"),
        ("AmazonEKSEditPolicy", 'type = "namespace"\n namespaces = ["ten*"]', "none"),
        ("AmazonEKSEditPolicy", 'type = "namespace"\n namespaces = var.spaces', "possible"),
        ("AmazonEKSEditPolicy", "type = var.spaces[0]", "possible"),
        ("AmazonEKSViewPolicy", 'type = "cluster"', "none"),
    ],
)
def test_the_scope_of_an_access_policy(tmp_path, policy, scope, found):
    assert state(writes(tmp_path, "", eks(policy, scope)), "aws_iam_role.dev") == found


@pytest.mark.parametrize(("policy", "found"), [("AmazonEKSAdminViewPolicy", "open"), ("AmazonEKSViewPolicy", "none")])
def test_an_access_policy_that_reads_secrets(tmp_path, policy, found):
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: t, namespace: safety, annotations: {kubernetes.io/service-account.name: gateway}}\ntype: kubernetes.io/service-account-token\n---\n"  # noqa: E501
    built = writes(tmp_path, text, eks(policy, 'type = "cluster"'))
    assert state(built, "aws_iam_role.dev", verb="become") == found


def test_groups_that_are_not_known_may_be_any(tmp_path):
    infra = ENTRY.replace('["devs"]', "var.groups") + 'variable "groups" {\n  type = list(string)\n}\n'
    assert state(writes(tmp_path, "", infra), "aws_iam_role.dev") == "possible"


AUTH = """
apiVersion: v1
kind: ConfigMap
metadata: {name: aws-auth, namespace: kube-system}
data:
  mapRoles: |
    - rolearn: arn:aws:iam::111122223333:role/dev
      username: dev
      groups: [GROUP]
---
"""


@pytest.mark.parametrize(("group", "found"), [("system:masters", "open"), ("readers", "none")])
def test_whoever_is_mapped_to_masters_may_do_anything(tmp_path, group, found):
    infra = ENTRY.partition('resource "aws_eks')[0]
    assert state(writes(tmp_path, AUTH.replace("GROUP", f"'{group}'"), infra), "aws_iam_role.dev") == found


def test_a_mapping_that_cannot_be_read_may_hold_anybody(tmp_path):
    built = writes(tmp_path, AUTH.replace("      groups: [GROUP]", "      groups: [[["))
    assert {e.state for e in built.graph.edges if e.verb == "write"} == {State.POSSIBLE}


def aks(role: str, *, inside: str = "true", local: str = "true", scope: str = "azurerm_kubernetes_cluster.c.id") -> str:
    return f"""
resource "azurerm_kubernetes_cluster" "c" {{
  name                   = "c"
  local_account_disabled = {local}
  azure_active_directory_role_based_access_control {{
    azure_rbac_enabled     = {inside}
    admin_group_object_ids = ["0000-admins"]
  }}
}}
variable "on" {{
  type = bool
}}
resource "azurerm_user_assigned_identity" "dev" {{
  name = "dev"
}}
resource "azurerm_role_assignment" "dev" {{
  scope                = {scope}
  role_definition_name = "{role}"
  principal_id         = azurerm_user_assigned_identity.dev.principal_id
}}
"""


RBAC = "Azure Kubernetes Service RBAC"


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"role": f"{RBAC} Cluster Admin"}, "open"),
        ({"role": f"{RBAC} Writer"}, "open"),
        ({"role": f"{RBAC} Reader"}, "none"),
        ({"role": f"{RBAC} Writer", "inside": "false"}, "none"),
        ({"role": f"{RBAC} Writer", "inside": "var.on"}, "possible"),
        ({"role": f"{RBAC} Writer", "scope": '"${azurerm_kubernetes_cluster.c.id}/namespaces/safety"'}, "open"),
        ({"role": f"{RBAC} Writer", "scope": '"${azurerm_kubernetes_cluster.c.id}/namespaces/tenant"'}, "none"),
        ({"role": f"{RBAC} Writer", "scope": '"/subscriptions/0000"'}, "open"),
        ({"role": "Azure Kubernetes Service Cluster Admin Role"}, "none"),
        ({"role": "Azure Kubernetes Service Cluster Admin Role", "local": "false"}, "open"),
        ({"role": "Azure Kubernetes Service Cluster Admin Role", "local": "var.on"}, "possible"),
        ({"role": "Contributor", "local": "false"}, "open"),
        ({"role": "Reader", "local": "false"}, "none"),
        ({"role": "Our Own Role"}, "possible"),
    ],
)
def test_roles_of_azure_in_a_cluster(tmp_path, settings, found):
    assert state(writes(tmp_path, "", aks(**settings)), "azurerm_user_assigned_identity.dev") == found


def test_administrators_of_a_cluster_of_azure(tmp_path):
    assert state(writes(tmp_path, "", aks("Reader")), "Group/0000-admins") == "open"


def gke(cluster: str = "", role: str = "roles/container.developer", more: str = "") -> str:
    return f"""
resource "google_container_cluster" "c" {{
  name = "c"
  {cluster}
}}
variable "on" {{
  type = bool
}}
resource "google_project_iam_member" "dev" {{
  project = "p"
  role    = "{role}"
  member  = "user:dev@example.com"
  {more}
}}
resource "google_project_iam_custom_role" "own" {{
  role_id     = "own"
  title       = "own"
  permissions = ["container.pods.exec"]
}}
"""


@pytest.mark.parametrize(
    ("role", "more", "found"),
    [
        ("roles/container.admin", "", "open"),
        ("roles/container.developer", "", "open"),
        ("roles/editor", "", "open"),
        ("roles/container.viewer", "", "none"),
        ("roles/storage.admin", "", "none"),
        ("roles/resourcemanager.projectIamAdmin", "", "open"),
        ("roles/container.clusterAdmin", "", "possible"),
        ("roles/container.admin", 'condition {\n title = "a"\n expression = "b"\n }', "possible"),
        ("projects/p/roles/own", "", "possible"),
    ],
)
def test_roles_of_google_in_a_cluster(tmp_path, role, more, found):
    assert state(writes(tmp_path, "", gke(role=role, more=more)), "User/dev@example.com") == found


@pytest.mark.parametrize(
    ("setting", "found"), [("", "none"), ("enable_legacy_abac = true", "open"), ("enable_legacy_abac = var.on", "possible")]  # noqa: E501
)  # fmt: skip
def test_access_control_of_the_old_kind(tmp_path, setting, found):
    assert state(writes(tmp_path, "", gke(setting)), "Group/system:authenticated") == found


def test_a_cluster_elsewhere_gives_possible_rights_over_manifests_without_one(tmp_path):
    profile = PROFILE.replace("terraform: [infra], ", "")
    built = writes(tmp_path, "", gke(), profile=profile)
    assert state(built, "User/dev@example.com") == "possible"


ACCOUNT = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: bot, namespace: ci, annotations: {NOTE}}
---
""" + DEPLOYMENT.format(name="runner", namespace="ci", account="bot")
POOL = """
resource "google_service_account" "sa" {
  account_id = "trainer"
}
"""


def pool(member: str, role: str = "roles/iam.workloadIdentityUser") -> str:
    return (
        POOL
        + f"""
resource "google_service_account_iam_member" "m" {{
  service_account_id = google_service_account.sa.name
  role               = "{role}"
  member             = "{member}"
}}
"""
    )


def joined(folder, text: str, infra: str, monkeypatch, note: str = ""):
    """The world with the joins as well."""
    monkeypatch.setattr(
        identity_world, "STEPS", (*identity_world.STEPS[:-2], build_workload_identity, *identity_world.STEPS[-2:])
    )
    return writes(folder, text.replace("NOTE", note), infra)


@pytest.mark.parametrize(
    ("infra", "note", "found"),
    [
        (pool("serviceAccount:p.svc.id.goog[ci/bot]"), "", "open"),
        (pool("serviceAccount:p.svc.id.goog[ci/other]"), "", "none"),
        (pool("serviceAccount:p.svc.id.goog[ci/bot]", "roles/iam.serviceAccountViewer"), "", "none"),
        (pool("principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p.svc.id.goog/subject/ns/ci/sa/bot"), "", "open"),  # noqa: E501
        (POOL, "iam.gke.io/gcp-service-account: trainer@p.iam.gserviceaccount.com", "possible"),
        (POOL, "", "none"),
    ],
)  # fmt: skip
def test_workload_identity_of_google(tmp_path, infra, note, found, monkeypatch):
    built = joined(tmp_path, ACCOUNT, infra, monkeypatch, note)
    assert state(built, "ci/Deployment/runner", "google_service_account.sa", "become") == found


@pytest.mark.parametrize(
    ("subject", "found"), [("system:serviceaccount:ci:bot", "open"), ("system:serviceaccount:ci:other", "none")]
)
def test_workload_identity_of_azure(tmp_path, subject, found, monkeypatch):
    infra = f"""
resource "azurerm_user_assigned_identity" "id" {{
  name = "id"
}}
resource "azurerm_federated_identity_credential" "f" {{
  name      = "f"
  parent_id = azurerm_user_assigned_identity.id.id
  subject   = "{subject}"
}}
"""
    built = joined(tmp_path, ACCOUNT, infra, monkeypatch)
    assert state(built, "ci/Deployment/runner", "azurerm_user_assigned_identity.id", "become") == found


def test_who_may_run_as_an_account_has_the_identity_that_it_carries(tmp_path, monkeypatch):
    text = ACCOUNT + binding(rule("['']", "[pods]", "[create]"), namespace="ci")
    built = joined(tmp_path, text, pool("serviceAccount:p.svc.id.goog[ci/bot]"), monkeypatch)
    assert state(built, "Group/devs", "google_service_account.sa", "become") == "open"
    assert STACK


def test_a_principal_that_nobody_names_may_be_an_operator(tmp_path):
    infra = eks("AmazonEKSClusterAdminPolicy", 'type = "cluster"').replace("aws_iam_role.dev.arn", "var.admin")
    built = writes(tmp_path, "", infra + 'variable "admin" {\n  type = string\n}\n')
    assert {edge.state for edge in built.graph.edges if edge.verb in ("write", "become")} == {State.POSSIBLE}


@pytest.mark.parametrize(
    ("data", "source", "found"),
    [
        ("data.google_iam_policy.p.policy_data", "User/dev@example.com", "open"),
        ("var.policy", "Subject/google_project_iam_policy.p.policy_data", "possible"),
    ],
)
def test_the_whole_policy_of_a_project(tmp_path, data, source, found):
    infra = f"""
resource "google_container_cluster" "c" {{
  name = "c"
}}
variable "policy" {{
  type = string
}}
data "google_iam_policy" "p" {{
  binding {{
    role    = "roles/container.admin"
    members = ["user:dev@example.com"]
  }}
}}
resource "google_project_iam_policy" "p" {{
  project     = "p"
  policy_data = {data}
}}
"""
    assert state(writes(tmp_path, "", infra), source) == found


def test_bindings_beside_a_cluster_may_be_about_manifests_without_one(tmp_path):
    infra = (
        gke(role="roles/storage.admin")
        + """
resource "kubernetes_role_binding_v1" "b" {
  metadata {
    name      = "b"
    namespace = "safety"
  }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = "edit"
  }
  subject {
    kind = "Group"
    name = "devs"
  }
}
"""
    )
    assert state(writes(tmp_path / "a", "", infra), "Group/devs") == "open"
    profile = PROFILE.replace("terraform: [infra], ", "")
    assert state(writes(tmp_path / "b", "", infra, profile), "Group/devs") == "possible"
