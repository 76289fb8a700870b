"""Sessions, tags and groups: what narrows a session of a role, what tags say, whose boundary holds over a group."""

from __future__ import annotations

import pytest

from tests.builders.identity_world import allow, build, deny, role, statements

MODELS = "bedrock/models"
AGENT = '{ Service = "pods.eks.amazonaws.com" }'
PODS = statements(f'{{ Effect = "Allow", Action = ["sts:AssumeRole", "sts:TagSession"], Principal = {AGENT} }}')
NOBODY = statements('{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "none.amazonaws.com" } }')
POD = """
apiVersion: v1
kind: Pod
metadata: {name: worker, namespace: team}
spec:
  serviceAccountName: worker
  containers: [{name: a, image: "x@sha256:0000000000000000000000000000000000000000000000000000000000000000"}]
"""
UNITS = "agreement: a\nunits:\n  - {name: main, terraform: [infra], manifests: [k8s]}\n"
STRONG = statements(allow('"bedrock:InvokeModel"'))
OTHER = statements(allow('"s3:GetObject"'))
TAGGED = allow('"bedrock:InvokeModel"', condition='{ StringEquals = { "aws:PrincipalTag/team" = "ml" } }')


@pytest.mark.parametrize(
    ("policy", "state"),
    [("", "open"), (f"policy = jsonencode({STRONG})", "open"), (f"policy = jsonencode({OTHER})", None),
     ("policy = var.x", "possible")],
)  # fmt: skip
def test_the_session_policy_of_a_pod_identity_association(tmp_path, policy, state):
    text = (
        role("app", STRONG, PODS)
        + f"""
variable "x" {{}}
resource "aws_eks_pod_identity_association" "a" {{
  cluster_name    = "c"
  namespace       = "team"
  service_account = "worker"
  role_arn        = aws_iam_role.app.arn
  {policy}
}}
"""
    )
    built = build(tmp_path, {"infra/main.tf": text, "k8s/pod.yaml": POD}, UNITS)
    node = "Session/aws_eks_pod_identity_association.a/aws_iam_role.app" if policy else "aws_iam_role.app"
    assert built.edge("team/Pod/worker", node, "become") is not None
    edge = built.edge(node, MODELS)
    assert (edge.state if edge else None) == state
    assert built.edge("aws_iam_role.app", MODELS).state == "open"


@pytest.mark.parametrize(
    ("setting", "state"),
    [
        ("tags = { team = \"ml\" }", "open"),
        ("tags = { Team = \"ml\" }", "open"),
        ("tags = { team = \"web\" }", None),
        ("", None),
        ("tags = { team = var.x }", "possible"),
        ("tags = var.x", "possible"),
    ],
)  # fmt: skip
def test_the_tags_of_a_role(tmp_path, setting, state):
    text = role("app", statements(TAGGED), NOBODY).replace('name               = "app"', f'name = "app"\n  {setting}')
    edge = build(tmp_path, {"main.tf": 'variable "x" {}\n' + text}).edge("aws_iam_role.app", MODELS)
    assert (edge.state if edge else None) == state


def test_tags_that_the_provider_gives(tmp_path):
    text = 'provider "aws" {\n  default_tags {\n    tags = { team = "ml" }\n  }\n}\n' + role("app", statements(TAGGED))
    assert build(tmp_path, {"main.tf": text}).edge("aws_iam_role.app", MODELS).state == "open"


@pytest.mark.parametrize(
    ("principal", "more", "state"),
    [
        ('{ AWS = "999988887777" }', "", "open"),
        ('{ AWS = "999988887777" }', ', Condition = { StringEquals = { "aws:RequestTag/team" = "web" } }', "possible"),
        ('{ Service = "pods.eks.amazonaws.com" }', "", "possible"),
    ],
)
def test_tags_of_a_session(tmp_path, principal, more, state):
    action = '["sts:AssumeRole", "sts:TagSession"]'
    trust = statements(f'{{ Effect = "Allow", Action = {action}, Principal = {principal}{more} }}')
    edge = build(tmp_path, {"main.tf": role("app", statements(TAGGED), trust)}).edge("aws_iam_role.app", MODELS)
    assert edge.state == state


def team(own, of_group, boundary=""):
    attached = "permissions_boundary = aws_iam_policy.limit.arn" if boundary else ""
    limit = f'resource "aws_iam_policy" "limit" {{\n  name = "limit"\n  policy = jsonencode({boundary})\n}}\n'
    return (
        (limit if boundary else "")
        + f"""
resource "aws_iam_user" "ana" {{
  name = "ana"
  {attached}
}}
resource "aws_iam_user_policy" "ana" {{
  user   = aws_iam_user.ana.name
  policy = jsonencode({own})
}}
resource "aws_iam_group" "ml" {{
  name = "ml"
}}
resource "aws_iam_group_policy" "ml" {{
  group  = aws_iam_group.ml.name
  policy = jsonencode({of_group})
}}
resource "aws_iam_user_group_membership" "ana" {{
  user   = aws_iam_user.ana.name
  groups = [aws_iam_group.ml.name]
}}
"""
    )


@pytest.mark.parametrize(
    ("own", "of_group", "boundary", "reaches"),
    [
        (OTHER, STRONG, "", True),
        (OTHER, STRONG, OTHER, False),
        (OTHER, STRONG, STRONG, True),
        (statements(deny('"bedrock:*"')), STRONG, "", False),
        # A Deny of the group stops what the user's own policy allows.
        (STRONG, statements(deny('"bedrock:*"')), "", False),
    ],
)
def test_policies_of_a_group_under_what_holds_over_the_user(tmp_path, own, of_group, boundary, reaches):
    built = build(tmp_path, {"main.tf": team(own, of_group, boundary)})
    joined = built.edge("aws_iam_user.ana", "aws_iam_group.ml", "become") is not None
    through = joined and built.edge("aws_iam_group.ml", MODELS) is not None
    assert (through or built.edge("aws_iam_user.ana", MODELS) is not None) is reaches


@pytest.mark.parametrize(
    ("settings", "state"),
    [("", "open"), ("enabled = true", "open"), ("enabled = var.x", "possible"), ("enabled = false", None)],
)
def test_certificates_of_a_trust_anchor(tmp_path, settings, state):
    trust = statements(
        '{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "rolesanywhere.amazonaws.com" } }'
    )
    text = (
        role("app", STRONG, trust)
        + f"""
variable "x" {{}}
resource "aws_rolesanywhere_trust_anchor" "plant" {{
  name = "plant"
}}
resource "aws_rolesanywhere_profile" "p" {{
  name      = "p"
  role_arns = [aws_iam_role.app.arn]
  {settings}
}}
"""
    )
    built = build(tmp_path, {"main.tf": text})
    edge = built.edge("external/certificate/plant", "aws_rolesanywhere_profile.p", "become")
    assert (edge.state if edge else None) == state
    assert (built.edge("aws_rolesanywhere_profile.p", "aws_iam_role.app", "become") is None) is (state is None)


SETS = """
variable "x" {}
resource "aws_ssoadmin_permission_set" "ml" {
  name         = "ml"
  instance_arn = "arn:aws:sso:::instance/ssoins-1"
}
resource "aws_iam_policy" "models" {
  name   = "models"
  policy = jsonencode(POLICY)
}
resource "aws_ssoadmin_customer_managed_policy_attachment" "ml" {
  instance_arn       = "arn:aws:sso:::instance/ssoins-1"
  permission_set_arn = aws_ssoadmin_permission_set.ml.arn
  customer_managed_policy_reference {
    name = NAME
  }
}
resource "aws_ssoadmin_permissions_boundary_attachment" "ml" {
  instance_arn       = "arn:aws:sso:::instance/ssoins-1"
  permission_set_arn = aws_ssoadmin_permission_set.ml.arn
  permissions_boundary {
    managed_policy_arn = BOUNDARY
  }
}
"""


@pytest.mark.parametrize(
    ("name", "boundary", "state"),
    [
        ("aws_iam_policy.models.name", "arn:aws:iam::aws:policy/AdministratorAccess", "open"),
        ("aws_iam_policy.models.name", "arn:aws:iam::aws:policy/AmazonS3FullAccess", None),
        ("aws_iam_policy.models.name", None, "possible"),
        ('"models"', "arn:aws:iam::aws:policy/AdministratorAccess", "open"),
        ('"elsewhere"', "arn:aws:iam::aws:policy/AdministratorAccess", "possible"),
        ("var.x", "arn:aws:iam::aws:policy/AdministratorAccess", "possible"),
    ],
)
def test_a_permission_set_has_policies_of_the_account_and_a_boundary(tmp_path, name, boundary, state):
    text = SETS.replace("POLICY", STRONG).replace("NAME", name)
    text = text.replace("BOUNDARY", "var.x" if boundary is None else f'"{boundary}"')
    guardrail = 'resource "aws_bedrock_guardrail" "g" {\n  name = "g"\n}\n'
    edge = build(tmp_path, {"main.tf": text + guardrail}).edge("aws_ssoadmin_permission_set.ml", MODELS)
    assert (edge.state if edge else None) == state


@pytest.mark.parametrize(
    ("policy", "state"),
    [("", "open"), (f"policy = jsonencode({STRONG})", "open"), (f"policy = jsonencode({OTHER})", None),
     ("policy = var.x", "possible")],
)  # fmt: skip
def test_the_policy_that_scopes_a_user_of_transfer_down(tmp_path, policy, state):
    trust = statements(
        '{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "transfer.amazonaws.com" } }'
    )
    user = f'resource "aws_transfer_user" "u" {{\n  role = aws_iam_role.app.arn\n  {policy}\n}}\n'
    built = build(tmp_path, {"main.tf": 'variable "x" {}\n' + role("app", STRONG, trust) + user})
    node = "Session/aws_transfer_user.u/aws_iam_role.app" if policy else "aws_iam_role.app"
    assert built.edge("aws_transfer_user.u", node, "become") is not None
    edge = built.edge(node, MODELS)
    assert (edge.state if edge else None) == state
