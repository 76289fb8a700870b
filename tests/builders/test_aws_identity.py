"""Who may call managed models, and who can become whom: from HCL and manifests to edges."""

from __future__ import annotations

import pytest

from scanner.graph.model import State
from tests.builders.identity_world import allow, build, deny, role, statements

MODELS = "bedrock/models"
PROVIDER = 'provider "aws" {\n  region = "us-east-1"\n  allowed_account_ids = ["111122223333"]\n}\n'
GUARDRAIL = """
resource "aws_bedrock_guardrail" "g" {
  name                      = "g"
  blocked_input_messaging   = "no"
  blocked_outputs_messaging = "no"
}
resource "aws_bedrock_guardrail_version" "g" {
  guardrail_arn = aws_bedrock_guardrail.g.guardrail_arn
}
"""
LITERAL = "arn:aws:bedrock:us-east-1:111122223333:guardrail/abc123abc123:7"
DECLARED = "${aws_bedrock_guardrail.g.guardrail_arn}:${aws_bedrock_guardrail_version.g.version}"
INVOKES = '["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]'
FOUNDATION = '"arn:aws:bedrock:us-east-1::foundation-model/*"'


def bound(operator: str, value: str) -> str:
    return f'{{ {operator} = {{ "bedrock:GuardrailIdentifier" = "{value}" }} }}'


def invoke(folder, document, name="app", more=""):
    """The edge of a role with this policy to the Bedrock models."""
    return build(folder, {"main.tf": PROVIDER + GUARDRAIL + more + role(name, document)}).edge(
        f"aws_iam_role.{name}", MODELS
    )


def test_an_allow_without_conditions_is_open_and_named(tmp_path):
    edge = invoke(tmp_path, statements(allow('"bedrock:InvokeModel"')))
    assert edge.state is State.OPEN
    assert edge.cut
    assert edge.because == (
        "policy `aws_iam_role_policy.app` allows `bedrock:InvokeModel` on `*` without a guardrail condition"
    )


@pytest.mark.parametrize("value", [LITERAL, DECLARED])
def test_a_guardrail_condition_mediates(tmp_path, value):
    assert invoke(tmp_path, statements(allow(INVOKES, FOUNDATION, bound("StringEquals", value)))) is None


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (bound("StringEqualsIfExists", LITERAL), "also holds when the caller names no guardrail"),
        (bound('"ForAllValues:StringEquals"', LITERAL), "also holds when the caller names no guardrail"),
        (bound("StringEquals", LITERAL[:-2]), "names no approved guardrail at a published version"),
        (bound("StringLike", LITERAL[:-1] + "*"), "names no approved guardrail at a published version"),
        (bound("StringEquals", LITERAL[:-1] + "DRAFT"), "names no approved guardrail at a published version"),
        (bound("StringEquals", "${aws_bedrock_guardrail.g.guardrail_arn}"), "at a published version"),
        (
            bound("StringEquals", "${aws_bedrock_guardrail.g.guardrail_arn}:${aws_bedrock_guardrail.g.version}"),
            "at a published version",
        ),
        (bound("StringNotEquals", LITERAL), "leaves the choice of guardrail to the caller"),
        ('{ Null = { "bedrock:GuardrailIdentifier" = "false" } }', "leaves the choice of guardrail to the caller"),
    ],
)
def test_conditions_that_bind_nobody(tmp_path, condition, said):
    edge = invoke(tmp_path, statements(allow(INVOKES, FOUNDATION, condition)))
    assert edge.state is State.OPEN
    assert said in edge.because


def test_a_guardrail_that_nobody_knows_is_possible(tmp_path):
    more = 'variable "guardrail" {}\n'
    edge = invoke(
        tmp_path, statements(allow(INVOKES, FOUNDATION, bound("StringEquals", "${var.guardrail}"))), more=more
    )
    assert edge.state is State.POSSIBLE
    assert edge.decided_by == ("var.guardrail",)


def test_actions_that_carry_no_guardrail_are_named(tmp_path):
    condition = bound("StringEquals", LITERAL)
    edge = invoke(tmp_path, statements(allow('"bedrock:*"', condition=condition), allow('"bedrock-mantle:*"')))
    assert edge.state is State.OPEN
    assert "`bedrock-mantle:CreateInference`" in edge.because
    assert "InvokeModel`" not in edge.because


def test_batch_beside_a_guarded_invoke(tmp_path):
    guarded = allow(INVOKES, FOUNDATION, bound("StringEquals", LITERAL))
    edge = invoke(tmp_path, statements(guarded, allow('"bedrock:CreateModelInvocationJob"')))
    assert edge.state is State.OPEN
    assert "allows `bedrock:CreateModelInvocationJob` on `*`: it runs a batch of prompts" in edge.because


def test_a_deny_without_the_guardrail_closes_all_but_mantle(tmp_path):
    stop = deny('"bedrock:*"', bound("StringNotEquals", LITERAL))
    assert invoke(tmp_path / "a", statements(allow('"bedrock:*"'), stop)) is None
    edge = invoke(tmp_path / "b", statements(allow('"*"'), stop))
    assert "`bedrock-mantle:CreateInference`" in edge.because


def test_not_action_of_another_service_allows_inference(tmp_path):
    document = '{ Statement = [{ Effect = "Allow", NotAction = ["iam:*"], Resource = "*" }] }'
    assert invoke(tmp_path, document).state is State.OPEN


def test_a_source_condition_is_no_open_way(tmp_path):
    condition = '{ StringEquals = { "aws:SourceVpce" = "vpce-1" } }'
    edge = invoke(tmp_path, statements(allow(INVOKES, FOUNDATION, condition)))
    assert edge.state is State.POSSIBLE
    assert edge.reason == "condition-unevaluable"
    assert edge.decided_by == ("aws:SourceVpce",)


def test_the_profile_says_which_guardrails_count(tmp_path):
    files = {
        "main.tf": PROVIDER
        + GUARDRAIL
        + role("app", statements(allow(INVOKES, FOUNDATION, bound("StringEquals", LITERAL))))
    }
    approved = 'agreement: a\nsafety_stack: {guardrails: [{id: abc123abc123, version: "7"}]}\n'
    older = approved.replace('"7"', '"6"')
    other = approved.replace("abc123abc123", "zzz999zzz999")
    by_address = approved.replace("abc123abc123", "aws_bedrock_guardrail.g")
    assert build(tmp_path / "a", files, approved).edge("aws_iam_role.app", MODELS) is None
    assert build(tmp_path / "b", files, older).edge("aws_iam_role.app", MODELS).state is State.OPEN
    assert build(tmp_path / "c", files, other).edge("aws_iam_role.app", MODELS).state is State.OPEN
    assert build(tmp_path / "d", files, by_address).edge("aws_iam_role.app", MODELS).state is State.POSSIBLE


ATTACH = """
resource "aws_iam_role" "app" {{
  name               = "app"
  assume_role_policy = "{{}}"
  {boundary}
}}
resource "aws_iam_role_policy_attachment" "app" {{
  role       = aws_iam_role.app.name
  policy_arn = {arn}
}}
"""


@pytest.mark.parametrize(
    ("arn", "state"),
    [
        ('"arn:aws:iam::aws:policy/AmazonBedrockFullAccess"', State.OPEN),
        ('"arn:aws:iam::aws:policy/AdministratorAccess"', State.OPEN),
        ('"arn:aws:iam::aws:policy/PowerUserAccess"', State.OPEN),
        ('"arn:aws-us-gov:iam::aws:policy/job-function/SupportUser"', State.POSSIBLE),
        ('"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"', None),
        ('"arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"', None),
        ('"arn:aws:iam::111122223333:policy/somebody-elses"', State.POSSIBLE),
        ("var.policy", State.POSSIBLE),
        ('"arn:${data.aws_partition.current.partition}:iam::aws:policy/AmazonBedrockFullAccess"', State.OPEN),
    ],
)
def test_policies_that_aws_keeps(tmp_path, arn, state):
    more = 'variable "policy" {}\ndata "aws_partition" "current" {}\n'
    built = build(tmp_path, {"main.tf": PROVIDER + GUARDRAIL + more + ATTACH.format(arn=arn, boundary="")})
    edge = built.edge("aws_iam_role.app", MODELS)
    assert (None if edge is None else edge.state) is state


@pytest.mark.parametrize(
    ("boundary", "state"),
    [
        ('permissions_boundary = "arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole"', None),
        ('permissions_boundary = "arn:aws:iam::aws:policy/PowerUserAccess"', State.OPEN),
        ("permissions_boundary = var.policy", State.POSSIBLE),
    ],
)
def test_permission_boundaries(tmp_path, boundary, state):
    arn = '"arn:aws:iam::aws:policy/AmazonBedrockFullAccess"'
    text = PROVIDER + GUARDRAIL + 'variable "policy" {}\n' + ATTACH.format(arn=arn, boundary=boundary)
    edge = build(tmp_path, {"main.tf": text}).edge("aws_iam_role.app", MODELS)
    assert (None if edge is None else edge.state) is state


def test_one_possible_edge_for_a_principal_with_unknown_policies(tmp_path):
    text = PROVIDER + GUARDRAIL + 'variable "policy" {}\n' + ATTACH.format(arn="var.policy", boundary="")
    text += 'resource "aws_iam_role_policy" "b" {\n  role = aws_iam_role.app.id\n  policy = var.policy\n}\n'
    built = build(tmp_path, {"main.tf": text})
    edge = built.edge("aws_iam_role.app", MODELS)
    assert edge.decided_by == ("var.policy",)
    assert edge.reason == "value-unknown"


def test_a_policy_document_data_source_gives_the_line_of_its_actions(tmp_path):
    text = (
        PROVIDER
        + """
variable "region" {}
data "aws_iam_policy_document" "p" {
  statement {
    actions   = ["bedrock:InvokeModel"]
    resources = ["arn:aws:bedrock:${var.region}::foundation-model/*"]
  }
}
resource "aws_iam_user" "u" {
  name = "u"
}
resource "aws_iam_user_policy" "u" {
  user   = aws_iam_user.u.name
  policy = data.aws_iam_policy_document.p.json
}
"""
    )
    edge = build(tmp_path, {"main.tf": text}).edge("aws_iam_user.u", MODELS)
    assert edge.state is State.OPEN
    assert edge.origin.line == 9


@pytest.mark.parametrize("how", ["source_policy_documents", "override_policy_documents"])
def test_documents_that_are_wholly_known_keep_their_lines(tmp_path, how):
    text = (
        PROVIDER
        + f"""
data "aws_iam_policy_document" "base" {{
  statement {{
    actions   = ["bedrock:InvokeModel"]
    resources = ["*"]
  }}
}}
data "aws_iam_policy_document" "whole" {{
  {how} = [data.aws_iam_policy_document.base.json]
  statement {{
    actions   = ["s3:GetObject"]
    resources = ["*"]
  }}
}}
resource "aws_iam_user" "u" {{
  name = "u"
}}
resource "aws_iam_user_policy" "u" {{
  user   = aws_iam_user.u.name
  policy = data.aws_iam_policy_document.base.json
}}
resource "aws_iam_user" "w" {{
  name = "w"
}}
resource "aws_iam_user_policy" "w" {{
  user   = aws_iam_user.w.name
  policy = data.aws_iam_policy_document.whole.json
}}
"""
    )
    built = build(tmp_path, {"main.tf": text})
    assert built.edge("aws_iam_user.u", MODELS).origin.line == 8
    assert built.edge("aws_iam_user.w", MODELS).state is State.OPEN


def test_a_role_that_the_inputs_do_not_show(tmp_path):
    text = (
        PROVIDER
        + GUARDRAIL
        + """
resource "aws_iam_role_policy_attachment" "x" {
  role       = "made-by-hand"
  policy_arn = "arn:aws:iam::aws:policy/AmazonBedrockFullAccess"
}
"""
    )
    assert build(tmp_path, {"main.tf": text}).edge("Principal/made-by-hand", MODELS).state is State.OPEN


ENDPOINTS = """
resource "aws_sagemaker_endpoint" "a" {
  name                 = "chat"
  endpoint_config_name = "a"
}
resource "aws_sagemaker_endpoint" "b" {
  name                 = "rank"
  endpoint_config_name = "b"
}
"""


@pytest.mark.parametrize(
    ("resource", "targets"),
    [
        ('"*"', ["a", "b"]),
        ('"arn:aws:sagemaker:*:*:endpoint/chat"', ["a"]),
        ('"arn:aws:sagemaker:*:*:endpoint/ra*"', ["b"]),
        ("aws_sagemaker_endpoint.a.arn", ["a"]),
        ('"arn:aws:sagemaker:*:*:training-job/*"', []),
    ],
)
def test_sagemaker_endpoints_by_name(tmp_path, resource, targets):
    text = PROVIDER + ENDPOINTS + role("app", statements(allow('["sagemaker:InvokeEndpoint"]', resource)))
    built = build(tmp_path, {"main.tf": text})
    assert built.edges("invoke") == [f"aws_iam_role.app -> aws_sagemaker_endpoint.{one} (open)" for one in targets]


def test_enforcement_covers_the_calls_that_can_carry_a_guardrail(tmp_path):
    enforced = """
resource "aws_bedrock_enforced_guardrail_configuration" "all" {
  guardrail_identifier = aws_bedrock_guardrail.g.guardrail_arn
  guardrail_version    = aws_bedrock_guardrail_version.g.version
}
"""
    text = PROVIDER + GUARDRAIL + enforced
    files = {
        "main.tf": text
        + role("app", statements(allow(INVOKES, FOUNDATION)))
        + role("mantle", statements(allow('"bedrock-mantle:*"')))
    }
    built = build(tmp_path / "a", files)
    assert built.edge("aws_iam_role.app", MODELS) is None
    assert built.edge("aws_iam_role.mantle", MODELS).state is State.OPEN
    assert any("is enforced on every InvokeModel and Converse call" in one for one in built.world.assumptions)
    weaker = {"main.tf": files["main.tf"].replace('_version.g.version\n}\n\nresource "aws_iam_role"', "x")}
    weaker["main.tf"] = files["main.tf"].replace(
        "  guardrail_version    = aws_bedrock_guardrail_version.g.version",
        '  guardrail_version    = "1"\n  selective_content_guarding {\n    messages = "SELECTIVE"\n  }',
    )
    assert build(tmp_path / "b", weaker).edge("aws_iam_role.app", MODELS).state is State.OPEN


@pytest.mark.parametrize(
    ("resource", "condition", "state"),
    [
        ('"arn:aws:bedrock:us-east-1::foundation-model/*"', "", None),
        ('"arn:aws:bedrock:*::foundation-model/*"', "", State.POSSIBLE),
        ('"*"', "", State.POSSIBLE),
        ('"*"', '{ StringEquals = { "aws:RequestedRegion" = "us-east-1" } }', None),
        ('"*"', '{ StringEquals = { "aws:RequestedRegion" = "eu-west-1" } }', State.POSSIBLE),
        ('"arn:aws:bedrock:eu-west-1::foundation-model/*"', "", State.POSSIBLE),
    ],
)
def test_enforcement_ends_at_the_border_of_its_region(tmp_path, resource, condition, state):
    enforced = """
resource "aws_bedrock_enforced_guardrail_configuration" "all" {
  guardrail_identifier = aws_bedrock_guardrail.g.guardrail_arn
  guardrail_version    = aws_bedrock_guardrail_version.g.version
}
"""
    text = PROVIDER + GUARDRAIL + enforced + role("app", statements(allow(INVOKES, resource, condition)))
    edge = build(tmp_path, {"main.tf": text}).edge("aws_iam_role.app", MODELS)
    assert (None if edge is None else edge.state) is state
    if edge is not None:
        assert edge.reason == "region-unread"
        assert edge.decided_by == ("Bedrock in regions other than us-east-1",)


def trust(principal: str, action: str = '"sts:AssumeRole"', condition: str = "") -> str:
    also = f", Condition = {condition}" if condition else ""
    return f'{{ Statement = [{{ Effect = "Allow", Action = {action}, Principal = {principal}{also} }}] }}'


BEDROCK = statements(allow('"bedrock:InvokeModel"'))


def becoming(folder, trusted, more="", files=None):
    text = PROVIDER + role("app", BEDROCK, trusted) + more
    manifests = files or {"k8s/empty.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n"}
    return build(folder, {"infra/main.tf": text, **manifests}, UNITS).edges("become")


UNITS = """
agreement: a
units:
  - {name: main, terraform: [infra], manifests: [k8s]}
"""


@pytest.mark.parametrize(
    ("principal", "source"),
    [
        ('"*"', "external/anyone (open)"),
        ('{ AWS = "*" }', "external/anyone (open)"),
        ('{ AWS = "arn:aws:iam::999988887777:root" }', "external/aws-account/999988887777 (open)"),
        ('{ AWS = "999988887777" }', "external/aws-account/999988887777 (open)"),
        ('{ AWS = "arn:aws:iam::999988887777:role/ci" }', "external/aws-account/999988887777/role/ci (open)"),
        ("{ AWS = var.who }", "external/anyone (possible)"),
        ("{ AWS = aws_iam_role.other.arn }", "aws_iam_role.other (open)"),
        ('{ AWS = "arn:aws:iam::111122223333:role/other" }', "aws_iam_role.other (open)"),
        ('{ Federated = "arn:aws:iam::111122223333:saml-provider/staff" }', "external/saml/staff (open)"),
    ],
)
def test_trust_policies(tmp_path, principal, source):
    nobody = "jsonencode({ Statement = [] })"
    other = f'resource "aws_iam_role" "other" {{\n  name = "other"\n  assume_role_policy = {nobody}\n}}\n'
    more = 'variable "who" {}\n' + other
    who, state = source.split(" ")
    action = '"sts:AssumeRoleWithSAML"' if "saml" in principal else '"sts:AssumeRole"'
    assert becoming(tmp_path, trust(principal, action), more) == [f"{who} -> aws_iam_role.app {state}"]


def test_a_service_that_nothing_in_the_inputs_runs_gives_no_edge(tmp_path):
    assert becoming(tmp_path, trust('{ Service = "ec2.amazonaws.com" }')) == []


def test_the_own_account_admits_who_may_assume_roles(tmp_path):
    more = role("ops", statements(allow('"sts:AssumeRole"', "aws_iam_role.app.arn"))) + role(
        "idle", statements(allow('"s3:*"'))
    )
    trusted = trust('{ AWS = "arn:aws:iam::111122223333:root" }')
    assert becoming(tmp_path, trusted, more) == ["aws_iam_role.ops -> aws_iam_role.app (open)"]


def test_an_organisation_condition_cannot_be_judged(tmp_path):
    trusted = trust('{ AWS = "*" }', condition='{ StringEquals = { "aws:PrincipalOrgID" = "o-1" } }')
    assert becoming(tmp_path, trusted) == ["external/anyone -> aws_iam_role.app (possible)"]


@pytest.mark.parametrize(
    ("subject", "sources"),
    [
        ('"repo:acme/app:*"', ["external/github/acme/app"]),
        (
            '["repo:acme/app:ref:refs/heads/main", "repo:acme/other:*"]',
            ["external/github/acme/app", "external/github/acme/other"],
        ),
        ('"repo:acme/*"', ["external/github/acme/*"]),
    ],
)
def test_github_workflows(tmp_path, subject, sources):
    host = "token.actions.githubusercontent.com"
    trusted = trust(
        f'{{ Federated = "arn:aws:iam::111122223333:oidc-provider/{host}" }}',
        '"sts:AssumeRoleWithWebIdentity"',
        f'{{ StringLike = {{ "{host}:sub" = {subject} }} }}',
    )
    assert becoming(tmp_path, trusted) == [f"{one} -> aws_iam_role.app (open)" for one in sources]


POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: NS}
spec:
  selector: {matchLabels: {app: x}}
  template:
    metadata: {labels: {app: x}}
    spec:
      serviceAccountName: SA
      containers: [{name: c, image: "example/app:1"}]
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: SA
  namespace: NS
  annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::111122223333:role/app"}
"""
OIDC = "oidc.eks.us-east-1.amazonaws.com/id/ABC"


def pod(name, namespace, account):
    return POD.replace("NAME", name).replace("NS", namespace).replace("SA", account)


def irsa(subject: str, operator: str = "StringEquals") -> str:
    return trust(
        f'{{ Federated = "arn:aws:iam::111122223333:oidc-provider/{OIDC}" }}',
        '"sts:AssumeRoleWithWebIdentity"',
        f'{{ {operator} = {{ "{OIDC}:sub" = "{subject}" }} }}',
    )


def test_a_service_account_takes_the_role(tmp_path):
    files = {"k8s/a.yaml": pod("a", "team", "agent") + "---" + pod("b", "team", "other")}
    found = becoming(tmp_path, irsa("system:serviceaccount:team:agent"), files=files)
    assert found == ["team/Deployment/a -> aws_iam_role.app (open)"]


def test_wildcards_admit_every_service_account_of_the_namespace(tmp_path):
    files = {"k8s/a.yaml": pod("a", "team", "agent") + "---" + pod("b", "team", "other") + "---" + pod("c", "far", "x")}
    found = becoming(tmp_path, irsa("system:serviceaccount:team:*", "StringLike"), files=files)
    assert found == ["team/Deployment/a -> aws_iam_role.app (open)", "team/Deployment/b -> aws_iam_role.app (open)"]


def test_a_star_under_string_equals_is_no_wildcard(tmp_path):
    files = {"k8s/a.yaml": pod("a", "team", "agent")}
    found = becoming(tmp_path, irsa("system:serviceaccount:team:*"), files=files)
    assert found == ["external/serviceaccount/team/* -> aws_iam_role.app (possible)"]


def test_a_service_account_that_asks_for_no_role_is_possible(tmp_path):
    text = pod("a", "team", "agent").partition("  annotations")[0]
    found = becoming(tmp_path, irsa("system:serviceaccount:team:agent"), files={"k8s/a.yaml": text})
    assert found == ["team/Deployment/a -> aws_iam_role.app (possible)"]


def test_manifests_of_another_unit_are_possible(tmp_path):
    text = PROVIDER + role("app", BEDROCK, irsa("system:serviceaccount:team:agent"))
    built = build(tmp_path, {"infra/main.tf": text, "k8s/a.yaml": pod("a", "team", "agent")})
    assert built.edges("become") == ["team/Deployment/a -> aws_iam_role.app (possible)"]


def test_pod_identity(tmp_path):
    more = """
resource "aws_eks_pod_identity_association" "a" {
  cluster_name    = "c"
  namespace       = "team"
  service_account = "agent"
  role_arn        = aws_iam_role.app.arn
}
"""
    files = {"k8s/a.yaml": pod("a", "team", "agent")}
    found = becoming(tmp_path / "a", trust('{ Service = "pods.eks.amazonaws.com" }'), more, files)
    assert found == ["team/Deployment/a -> aws_iam_role.app (open)"]
    assert becoming(tmp_path / "b", trust('{ Service = "ec2.amazonaws.com" }'), more, files) == []


def test_what_runs_with_a_role_becomes_it(tmp_path):
    more = """
resource "aws_lambda_function" "f" {
  function_name = "f"
  role          = aws_iam_role.app.arn
}
resource "aws_iam_instance_profile" "p" {
  role = aws_iam_role.app.name
}
resource "aws_instance" "i" {
  ami                  = "ami-1"
  instance_type        = "t3.small"
  iam_instance_profile = aws_iam_instance_profile.p.name
}
"""
    found = becoming(tmp_path, trust('{ Service = ["lambda.amazonaws.com", "ec2.amazonaws.com"] }'), more)
    assert found == ["aws_instance.i -> aws_iam_role.app (open)", "aws_lambda_function.f -> aws_iam_role.app (open)"]


LAMBDA = trust('{ Service = "lambda.amazonaws.com" }')


@pytest.mark.parametrize(
    ("actions", "found"),
    [
        ('["iam:PassRole", "lambda:CreateFunction"]', ["aws_iam_role.dev -> aws_iam_role.app (open)"]),
        ('["iam:PassRole", "ec2:RunInstances"]', []),
        ('["lambda:CreateFunction"]', []),
        ('["iam:UpdateAssumeRolePolicy"]', ["aws_iam_role.dev -> aws_iam_role.app (open)"]),
        ('["iam:*", "lambda:*"]', ["aws_iam_role.dev -> aws_iam_role.app (open)"] * 2),
    ],
)
def test_passing_a_role_is_becoming_it(tmp_path, actions, found):
    assert becoming(tmp_path, LAMBDA, role("dev", statements(allow(actions)))) == found


def test_changing_the_code_that_runs_as_a_role(tmp_path):
    more = 'resource "aws_lambda_function" "f" {\n  function_name = "f"\n  role = aws_iam_role.app.arn\n}\n'
    found = becoming(tmp_path, LAMBDA, more + role("dev", statements(allow('"lambda:UpdateFunctionCode"'))))
    assert found == [
        "aws_lambda_function.f -> aws_iam_role.app (open)",
        "aws_iam_role.dev -> aws_lambda_function.f (open)",
    ]


NODES = """
resource "aws_launch_template" "n" {{
  metadata_options {{
    http_tokens                 = "{tokens}"
    http_put_response_hop_limit = {hops}
  }}
}}
resource "aws_eks_node_group" "n" {{
  cluster_name  = "c"
  node_role_arn = aws_iam_role.app.arn
  launch_template {{
    id      = aws_launch_template.n.id
    version = "1"
  }}
}}
"""


@pytest.mark.parametrize(
    ("tokens", "hops", "found"), [("required", 1, False), ("required", 2, True), ("optional", 1, True)]
)
def test_pods_may_act_as_the_role_of_their_machines(tmp_path, tokens, hops, found):
    files = {"k8s/a.yaml": pod("a", "team", "agent")}
    edges = becoming(
        tmp_path, trust('{ Service = "ec2.amazonaws.com" }'), NODES.format(tokens=tokens, hops=hops), files
    )
    assert ("team/Deployment/a -> aws_iam_role.app (possible)" in edges) is found


def test_users_are_in_their_groups(tmp_path):
    text = (
        PROVIDER
        + GUARDRAIL
        + """
resource "aws_iam_group" "g" {
  name = "g"
}
resource "aws_iam_user" "u" {
  name = "u"
}
resource "aws_iam_user_group_membership" "m" {
  user   = aws_iam_user.u.name
  groups = [aws_iam_group.g.name]
}
resource "aws_iam_group_policy_attachment" "g" {
  group      = aws_iam_group.g.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonBedrockFullAccess"
}
"""
    )
    built = build(tmp_path, {"main.tf": text})
    assert built.edges("become") == ["aws_iam_user.u -> aws_iam_group.g (open)"]
    assert built.edges("invoke") == ["aws_iam_group.g -> bedrock/models (open)"]


def test_a_function_url_without_authorisation_is_open_to_everyone(tmp_path):
    text = (
        PROVIDER
        + """
resource "aws_lambda_function" "gateway" {
  function_name = "gateway"
}
resource "aws_lambda_function_url" "gateway" {
  function_name      = aws_lambda_function.gateway.function_name
  authorization_type = "NONE"
}
resource "aws_lambda_permission" "partner" {
  function_name = aws_lambda_function.gateway.function_name
  action        = "lambda:InvokeFunction"
  principal     = "999988887777"
}
"""
    )
    profile = "agreement: a\nsafety_stack: {gateways: [aws_lambda_function.gateway]}\n"
    built = build(tmp_path, {"main.tf": text}, profile)
    assert built.edges("invoke") == [
        "external/anyone -> aws_lambda_function.gateway (open)",
        "external/aws-account/999988887777 -> aws_lambda_function.gateway (open)",
    ]


@pytest.mark.parametrize(
    "value", ["1", '["a"]', "{}", "null", "true", '""', '"{"', "{ Statement = 3 }", "{ Statement = [[]] }"]
)
def test_hostile_policies_do_not_raise(tmp_path, value):
    text = (
        PROVIDER
        + GUARDRAIL
        + f"""
resource "aws_iam_role" "app" {{
  name                = {value if value.startswith('"') else '"app"'}
  assume_role_policy  = jsonencode({value})
  managed_policy_arns = {value}
  inline_policy       = {value}
}}
resource "aws_iam_role_policy" "app" {{
  role   = aws_iam_role.app
  policy = {value}
}}
"""
    )
    build(tmp_path, {"main.tf": text})
