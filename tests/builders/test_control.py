"""The control plane: who can change the safety stack, reach into it, or pass as it."""

from __future__ import annotations

import pytest

from scanner.graph.model import Plane, Role, State
from tests.builders.identity_world import allow, build, role, statements

PROFILE = """
agreement: a
units: [{name: main, terraform: [infra], manifests: [k8s]}]
models: {servers: [inference/Deployment/vllm]}
safety_stack: {gateways: [safety/Deployment/gateway]}
operators: ["group:safety-ops", "user:ann@example.com", "serviceaccount:ops/deployer"]
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      serviceAccountName: {account}
      containers: [{{name: c, image: "example/{name}:1", envFrom: [{{configMapRef: {{name: settings}}}}]}}]
---
"""
STACK = DEPLOYMENT.format(name="gateway", namespace="safety", account="gateway") + DEPLOYMENT.format(
    name="vllm", namespace="inference", account="model"
)
GATEWAY, VLLM = "safety/Deployment/gateway", "inference/Deployment/vllm"


def binding(rules="", *, role_ref="", kind="RoleBinding", namespace="safety", subject="{kind: Group, name: devs}"):
    """A role with these rules (or a reference to another role) and its binding."""
    where = f", namespace: {namespace}" if kind == "RoleBinding" else ""
    role_kind = "Role" if kind == "RoleBinding" else "ClusterRole"
    made = f"""
apiVersion: rbac.authorization.k8s.io/v1
kind: {role_kind}
metadata: {{name: r{where}}}
rules: {rules}
---
"""
    reference = role_ref or f"{{kind: {role_kind}, name: r}}"
    return (
        (made if rules else "")
        + f"""
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}
metadata: {{name: b{where}}}
roleRef: {reference}
subjects: [{subject}]
---
"""
    )


def rule(groups, resources, verbs, names=""):
    also = f", resourceNames: {names}" if names else ""
    return f"[{{apiGroups: {groups}, resources: {resources}, verbs: {verbs}{also}}}]"


def writes(folder, text, infra="", profile=PROFILE):
    main = 'provider "aws" {\n  allowed_account_ids = ["111122223333"]\n}\n' + infra
    return build(folder, {"infra/main.tf": main, "k8s/all.yaml": STACK + text}, profile)


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        (rule("[apps]", "[deployments]", "[patch]"), True),
        (rule("[apps]", "[deployments]", "[get, list, watch]"), False),
        (rule("['*']", "['*']", "['*']"), True),
        (rule("['']", "[deployments]", "['*']"), False),
        (rule("['']", "[configmaps]", "[update]"), True),
        (rule("['']", "[configmaps]", "[update]", "[settings]"), True),
        (rule("['']", "[configmaps]", "[update]", "[unrelated]"), False),
        (rule("[apps]", "[deployments]", "[patch]", "[gateway]"), True),
        (rule("[apps]", "[deployments]", "[patch]", "[web]"), None),
        (rule("[apps]", "['*/scale']", "[update]"), True),
        (rule("['']", "[pods/exec]", "[create]"), True),
        (rule("['']", "[pods/log]", "[get]"), False),
        (rule("['']", "[serviceaccounts/token]", "[create]"), True),
        (rule("[networking.k8s.io]", "[networkpolicies]", "[delete]"), True),
        (rule("[rbac.authorization.k8s.io]", "[rolebindings]", "[create]"), None),
        (rule("[rbac.authorization.k8s.io]", "[rolebindings]", "[patch]"), True),
    ],
)
def test_roles_in_the_namespace_of_the_stack(tmp_path, rules, found):
    """found: True open, None possible, False none."""
    edge = writes(tmp_path, binding(rules)).edge("Group/devs", GATEWAY, "write")
    assert (edge is not None) is (found is not False)
    if edge is not None:
        assert edge.plane is Plane.CONTROL
        assert edge.state is (State.OPEN if found else State.POSSIBLE)
        assert edge.cut
        assert edge.origin.path == "k8s/all.yaml"


def test_a_role_in_another_namespace_changes_nothing(tmp_path):
    built = writes(tmp_path, binding(rule("['*']", "['*']", "['*']"), namespace="tenant"))
    assert built.edges("write") == []


def test_a_cluster_role_binding_holds_everywhere(tmp_path):
    built = writes(tmp_path, binding(role_ref="{kind: ClusterRole, name: cluster-admin}", kind="ClusterRoleBinding"))
    assert built.edges("write") == [
        f"Group/devs -> {VLLM} (open)",
        f"Group/devs -> {GATEWAY} (open)",
    ]
    assert f"Group/devs -> {GATEWAY} (open)" in built.edges("become")
    assert built.edges("reach") == [f"Group/devs -> {VLLM} (open)"]


@pytest.mark.parametrize(
    ("name", "state"),
    [("admin", State.OPEN), ("edit", State.OPEN), ("view", None), ("elsewhere", State.POSSIBLE)],
)
def test_roles_that_the_manifests_do_not_declare(tmp_path, name, state):
    built = writes(tmp_path, binding(role_ref=f"{{kind: ClusterRole, name: {name}}}"))
    edge = built.edge("Group/devs", GATEWAY, "write")
    assert (None if edge is None else edge.state) is state
    if state is State.POSSIBLE:
        assert edge.decided_by == ("ClusterRole/elsewhere",)


def test_aggregated_rules_count(tmp_path):
    text = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: all}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {part-of: all}}]}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: part, labels: {part-of: LABEL}}
rules: [{apiGroups: [apps], resources: [deployments], verbs: [patch]}]
---
""" + binding(role_ref="{kind: ClusterRole, name: all}")
    assert writes(tmp_path / "a", text.replace("LABEL", "all")).edge("Group/devs", GATEWAY, "write") is not None
    assert writes(tmp_path / "b", text.replace("LABEL", "none")).edge("Group/devs", GATEWAY, "write") is None


def test_workloads_become_the_service_account_that_is_bound(tmp_path):
    text = binding(
        rule("[apps]", "[deployments]", "[patch]"), subject="{kind: ServiceAccount, name: bot, namespace: ci}"
    ) + DEPLOYMENT.format(name="runner", namespace="ci", account="bot")
    built = writes(tmp_path, text)
    assert built.edges("write") == [f"ci/ServiceAccount/bot -> {GATEWAY} (open)"]
    assert "ci/Deployment/runner -> ci/ServiceAccount/bot (open)" in built.edges("become")
    silent = text.replace(
        "serviceAccountName: bot", "serviceAccountName: bot\n      automountServiceAccountToken: false"
    )
    assert not [e for e in writes(tmp_path / "b", silent).edges("become") if "runner" in e]


def test_every_service_account_is_in_its_groups(tmp_path):
    text = binding(
        rule("[apps]", "[deployments]", "[patch]"), subject="{kind: Group, name: 'system:serviceaccounts:ci'}"
    ) + DEPLOYMENT.format(name="runner", namespace="ci", account="bot")
    assert "ci/Deployment/runner -> Group/system:serviceaccounts:ci (open)" in writes(tmp_path, text).edges("become")


@pytest.mark.parametrize(
    ("subject", "address"),
    [
        ("{kind: Group, name: safety-ops}", "Group/safety-ops"),
        ("{kind: User, name: ann@example.com}", "User/ann@example.com"),
        ("{kind: ServiceAccount, name: deployer, namespace: ops}", "ops/ServiceAccount/deployer"),
        ("{kind: User, name: 'system:serviceaccount:ops:deployer'}", "ops/ServiceAccount/deployer"),
    ],
)
def test_operators_of_the_profile(tmp_path, subject, address):
    built = writes(tmp_path, binding(rule("[apps]", "[deployments]", "[patch]"), subject=subject))
    assert [n.address for n in built.graph.with_role(Role.OPERATOR)] == [address]


def test_the_cluster_itself_is_trusted_and_said_to_be(tmp_path):
    text = binding(
        role_ref="{kind: ClusterRole, name: cluster-admin}",
        kind="ClusterRoleBinding",
        subject="{kind: Group, name: 'system:masters'}",
    )
    built = writes(tmp_path, text)
    assert [n.address for n in built.graph.with_role(Role.PLATFORM)] == ["Group/system:masters"]
    assert "`Group/system:masters` is the cluster itself: it is trusted" in built.world.assumptions


ENTRY = """
resource "aws_iam_role" "dev" {
  name               = "dev"
  assume_role_policy = "{}"
}
resource "aws_eks_access_entry" "dev" {
  cluster_name      = "c"
  principal_arn     = aws_iam_role.dev.arn
  kubernetes_groups = ["devs"]
}
"""
ASSOCIATION = """
resource "aws_eks_access_policy_association" "dev" {{
  cluster_name  = "c"
  principal_arn = aws_iam_role.dev.arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/{policy}"
  access_scope {{
    {scope}
  }}
}}
"""


def test_access_entries_put_principals_in_groups(tmp_path):
    built = writes(tmp_path, binding(rule("[apps]", "[deployments]", "[patch]")), ENTRY)
    assert "aws_iam_role.dev -> Group/devs (open)" in built.edges("become")


@pytest.mark.parametrize(
    ("policy", "scope", "state"),
    [
        ("AmazonEKSClusterAdminPolicy", 'type = "cluster"', State.OPEN),
        ("AmazonEKSEditPolicy", 'type = "namespace"\n namespaces = ["safety"]', State.OPEN),
        ("AmazonEKSEditPolicy", 'type = "namespace"\n namespaces = ["tenant"]', None),
        ("AmazonEKSViewPolicy", 'type = "cluster"', None),
        ("AmazonEKSSomethingNewPolicy", 'type = "cluster"', State.POSSIBLE),
    ],
)
def test_access_policies(tmp_path, policy, scope, state):
    built = writes(tmp_path, "", ENTRY + ASSOCIATION.format(policy=policy, scope=scope))
    edge = built.edge("aws_iam_role.dev", GATEWAY, "write")
    assert (None if edge is None else edge.state) is state


def test_the_aws_auth_config_map(tmp_path):
    text = """
apiVersion: v1
kind: ConfigMap
metadata: {name: aws-auth, namespace: kube-system}
data:
  mapRoles: |
    - rolearn: arn:aws:iam::111122223333:role/dev
      username: dev
      groups: [devs]
---
""" + binding(rule("[apps]", "[deployments]", "[patch]"))
    infra = ENTRY.partition('resource "aws_eks')[0]
    assert "aws_iam_role.dev -> Group/devs (open)" in writes(tmp_path, text, infra).edges("become")


AWS_STACK = """
resource "aws_bedrock_guardrail" "g" {
  name                      = "g"
  blocked_input_messaging   = "no"
  blocked_outputs_messaging = "no"
}
resource "aws_bedrock_model_invocation_logging_configuration" "l" {
  logging_config {
    s3_config {
      bucket_name = aws_s3_bucket.evidence.id
    }
  }
}
resource "aws_s3_bucket" "evidence" {
  bucket = "evidence"
}
resource "aws_iam_role" "gateway" {
  name               = "gateway"
  assume_role_policy = "{}"
}
"""
AWS_PROFILE = """
agreement: a
safety_stack: {gateways: [aws_iam_role.gateway], guardrails: [{id: aws_bedrock_guardrail.g}]}
evidence: {sinks: [aws_s3_bucket.evidence]}
operators: [aws_iam_role.ops]
"""


@pytest.mark.parametrize(
    ("action", "target"),
    [
        ('"bedrock:UpdateGuardrail"', "aws_bedrock_guardrail.g"),
        ('"bedrock:Delete*"', "aws_bedrock_guardrail.g"),
        ('"*"', "aws_bedrock_guardrail.g"),
        ('"bedrock:PutModelInvocationLoggingConfiguration"', "aws_bedrock_model_invocation_logging_configuration.l"),
        ('"s3:PutBucketPolicy"', "aws_s3_bucket.evidence"),
        ('"iam:UpdateAssumeRolePolicy"', "aws_iam_role.gateway"),
        ('"iam:*"', "aws_iam_role.gateway"),
    ],
)
def test_iam_actions_that_change_the_stack(tmp_path, action, target):
    text = AWS_STACK + role("dev", statements(allow(action)))
    built = build(tmp_path, {"main.tf": text}, AWS_PROFILE)
    assert built.edge("aws_iam_role.dev", target, "write").state is State.OPEN


ENFORCED = """
resource "aws_bedrock_enforced_guardrail_configuration" "e" {
  guardrail_identifier = aws_bedrock_guardrail.g.guardrail_arn
  guardrail_version    = "1"
}
"""


def test_ending_the_enforcement_changes_the_guardrail(tmp_path):
    text = AWS_STACK + ENFORCED + role("dev", statements(allow('"bedrock:DeleteEnforcedGuardrailConfiguration"')))
    built = build(tmp_path, {"main.tf": text}, AWS_PROFILE)
    assert built.edges("write") == [
        "aws_iam_role.dev -> aws_bedrock_enforced_guardrail_configuration.e (open)",
        "aws_iam_role.dev -> aws_bedrock_guardrail.g (open)",
    ]


def test_ending_the_log_changes_the_store_of_evidence(tmp_path):
    text = AWS_STACK + role("dev", statements(allow('"bedrock:DeleteModelInvocationLoggingConfiguration"')))
    built = build(tmp_path, {"main.tf": text}, AWS_PROFILE)
    assert built.edge("aws_iam_role.dev", "aws_s3_bucket.evidence", "write") is not None


def test_letting_oneself_into_the_cluster_changes_its_stack(tmp_path):
    infra = 'resource "aws_eks_cluster" "c" {\n  name = "c"\n  role_arn = "x"\n}\n'
    infra += role("dev", statements(allow('"eks:CreateAccessEntry"')))
    built = writes(tmp_path, "", infra)
    assert built.edge("aws_iam_role.dev", GATEWAY, "write").state is State.OPEN


def test_operators_that_the_inputs_only_refer_to(tmp_path):
    profile = AWS_PROFILE.replace("aws_iam_role.ops", '"arn:aws:iam::999988887777:role/safety-*"')
    trusted = '{ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "ARN" } }] }'
    for name, found in (("safety-ops", 1), ("developer", 0)):
        arn = f"arn:aws:iam::999988887777:role/{name}"
        text = AWS_STACK + role("dev", statements(allow('"bedrock:*"')), trusted.replace("ARN", arn))
        built = build(tmp_path / name, {"main.tf": text}, profile)
        assert len(built.graph.with_role(Role.OPERATOR)) == found


def test_iam_actions_that_change_nothing(tmp_path):
    actions = '["bedrock:Get*", "bedrock:ApplyGuardrail", "s3:GetObject", "iam:List*"]'
    built = build(tmp_path, {"main.tf": AWS_STACK + role("dev", statements(allow(actions)))}, AWS_PROFILE)
    assert built.edges("write") == []


def test_a_resource_that_is_not_of_the_stack_is_left_alone(tmp_path):
    document = statements(allow('"s3:PutBucketPolicy"', '"arn:aws:s3:::somewhere-else"'))
    built = build(tmp_path, {"main.tf": AWS_STACK + role("dev", document)}, AWS_PROFILE)
    assert built.edges("write") == []


def test_editing_the_trust_of_the_gateway_is_becoming_it(tmp_path):
    text = AWS_STACK + role("dev", statements(allow('"iam:UpdateAssumeRolePolicy"')))
    built = build(tmp_path, {"main.tf": text}, AWS_PROFILE)
    assert "aws_iam_role.dev -> aws_iam_role.gateway (open)" in built.edges("become")


def test_operators_of_aws_keep_their_edges_and_have_their_role(tmp_path):
    text = AWS_STACK + role("ops", statements(allow('"bedrock:*"')))
    built = build(tmp_path, {"main.tf": text}, AWS_PROFILE)
    assert built.edge("aws_iam_role.ops", "aws_bedrock_guardrail.g", "write") is not None
    assert [n.address for n in built.graph.with_role(Role.OPERATOR)] == ["aws_iam_role.ops"]


@pytest.mark.parametrize("rules", ["3", "[1, null]", "[{verbs: 3, resources: {}, apiGroups: x}]", "{}"])
def test_hostile_roles_do_not_raise(tmp_path, rules):
    writes(tmp_path, binding(rules).replace("subjects: [", "subjects: [3, null, {kind: [], name: {}}, "))


@pytest.mark.parametrize(
    ("kind", "name"), [("var.what", '"safety-ops"'), ('"Group"', "var.what"), ('"ServiceAccount"', "var.what")]
)
def test_a_subject_that_is_not_known_is_not_taken_for_the_operator(tmp_path, kind, name):
    infra = f"""
variable "what" {{
  type = string
}}
resource "kubernetes_role_binding_v1" "b" {{
  metadata {{
    name      = "b"
    namespace = "safety"
  }}
  role_ref {{
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = "edit"
  }}
  subject {{
    kind = {kind}
    name = {name}
  }}
}}
"""
    built = writes(tmp_path, "", infra)
    shown = name.strip('"') if name != "var.what" else "*"
    edge = built.edge(f"Subject/{shown}", GATEWAY, "write")
    assert (edge.state, edge.decided_by) == (State.POSSIBLE, ("var.what",))
    assert Role.OPERATOR not in built.graph.nodes[edge.source].roles


def test_where_a_role_has_several_holders_the_line_is_the_subject_s(tmp_path):
    text = binding(rule("[apps]", "[deployments]", "[patch]"))
    alone = writes(tmp_path / "alone", text).edge("Group/devs", GATEWAY, "write")
    shared = text.replace("subjects: [", "subjects:\n- {kind: Group, name: safety-ops}\n- ").replace("devs}]", "devs}")
    built = writes(tmp_path / "shared", shared).edge("Group/devs", GATEWAY, "write")
    lines = {name: (STACK + body).splitlines() for name, body in (("alone", text), ("shared", shared))}
    assert "verbs: [patch]" in lines["alone"][alone.origin.line - 1]
    assert "name: devs" in lines["shared"][built.origin.line - 1]


@pytest.mark.parametrize(
    ("resource", "edges"),
    [
        ('"*"', ["aws_iam_role.tenant -> guardrail/abc123abc123 (open)"]),
        (
            '"arn:aws:bedrock:us-east-1:111122223333:guardrail/abc123abc123"',
            ["aws_iam_role.tenant -> guardrail/abc123abc123 (open)"],
        ),
        ('"arn:aws:bedrock:us-east-1:111122223333:guardrail/zzz999zzz999"', []),
    ],
)
def test_a_guardrail_that_only_the_profile_knows_can_be_changed_too(tmp_path, resource, edges):
    profile = 'safety_stack: {guardrails: [{id: abc123abc123, version: "7"}]}\n'
    text = role("tenant", statements(allow('"bedrock:UpdateGuardrail"', resource)))
    assert build(tmp_path, {"main.tf": text}, profile).edges("write") == edges


def test_in_which_account_it_stands_is_not_known_where_there_are_several(tmp_path):
    profile = 'safety_stack: {guardrails: [{id: abc123abc123, version: "7"}]}\n'
    text = role("tenant", statements(allow('"bedrock:UpdateGuardrail"')))
    built = build(tmp_path, {"a/main.tf": text, "b/main.tf": text}, profile)
    assert built.edges("write") == ["aws_iam_role.tenant -> guardrail/abc123abc123 (possible)"] * 2


FUNCTION = """
resource "aws_lambda_function" "gateway" {
  function_name = "gateway"
  role          = "arn:aws:iam::111122223333:role/gateway"
  package_type  = "Image"
  image_uri     = "111122223333.dkr.ecr.us-east-1.amazonaws.com/acme/gateway%s"
  environment { variables = { SETTINGS = "arn:aws:ssm:us-east-1:111122223333:parameter/gateway/mode" } }
}
resource "aws_cloudwatch_log_group" "calls" {
  name       = "calls"
  kms_key_id = "arn:aws:kms:us-east-1:111122223333:key/0a1b"
}
provider "aws" { allowed_account_ids = ["111122223333"] }
"""
FAR_PROFILE = """
agreement: a
safety_stack: {gateways: [aws_lambda_function.gateway]}
evidence: {sinks: [aws_cloudwatch_log_group.calls]}
"""
IMAGE = "arn:*:ecr:us-east-1:111122223333:repository/acme/gateway"


@pytest.mark.parametrize(
    ("pin", "action", "held"),
    [
        (":1.4", '"ecr:PutImage"', f"{IMAGE} (open)"),
        ("@sha256:abc", '"ecr:PutImage"', ""),
        ("@sha256:abc", '"ecr:BatchDeleteImage"', f"{IMAGE} (open)"),
        (":1.4", '"ssm:PutParameter"', "arn:aws:ssm:us-east-1:111122223333:parameter/gateway/mode (open)"),
        (":1.4", '"kms:DisableKey"', "arn:aws:kms:us-east-1:111122223333:key/0a1b (possible)"),
        (":1.4", '"kms:Decrypt"', ""),
    ],
)
def test_what_the_stack_hangs_on_by_its_arn_alone(tmp_path, pin, action, held):
    text = FUNCTION % pin + role("dev", statements(allow(action)))
    built = build(tmp_path, {"main.tf": text}, FAR_PROFILE)
    found = [edge.removeprefix("aws_iam_role.dev -> ") for edge in built.edges("write") if "aws_iam_role.dev" in edge]
    assert found == ([held] if held else [])
