"""Managed models: the node of a unit's Bedrock models, doors, enforcement, logs and stores of evidence."""

from __future__ import annotations

import pytest

from scanner.graph.facts import Door, Enforcement, Log, ModelReference
from scanner.graph.model import Role
from scanner.unknown import Unknown
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
variable "x" {}
"""
VPCE = '{ StringEquals = { "aws:SourceVpce" = "vpce-1" } }'
NOT_VPCE = '{ StringNotEquals = { "aws:SourceVpce" = "vpce-1" } }'
INVOKE = '["bedrock:InvokeModel"]'
HERE = '"arn:aws:bedrock:us-east-1::foundation-model/*"'


def short(value):
    return "?" if isinstance(value, Unknown) else value


def doors(built, address=MODELS):
    return {fact.door: short(fact.open) for fact in built.facts(address, Door)}


def test_no_bedrock_no_node(tmp_path):
    built = build(tmp_path, {"main.tf": PROVIDER + role("app", statements(allow('"*"')))})
    assert not [n for n in built.graph.nodes.values() if n.address == MODELS]


@pytest.mark.parametrize(
    "text",
    [
        GUARDRAIL,
        role("app", statements(allow('"bedrock:InvokeModel"'))),
        'resource "aws_vpc_endpoint" "e" {\n  service_name = "com.amazonaws.us-east-1.bedrock-runtime"\n}\n',
    ],
)
def test_what_shows_that_bedrock_is_used(tmp_path, text):
    built = build(tmp_path, {"main.tf": PROVIDER + text})
    node = next(n for n in built.graph.nodes.values() if n.address == MODELS)
    assert node.roles == {Role.MODEL}
    assert node.origin is not None


def test_a_model_that_is_looked_up_is_not_known(tmp_path):
    arns = (
        '["arn:aws:bedrock:us-east-1::foundation-model/a.b", data.aws_ssm_parameter.m.value, data.aws_s3_bucket.b.arn]'
    )
    data = 'data "aws_ssm_parameter" "m" {\n  name = "m"\n}\ndata "aws_s3_bucket" "b" {\n  bucket = "b"\n}\n'
    built = build(tmp_path, {"main.tf": PROVIDER + data + role("app", statements(allow(INVOKE, arns)))})
    found = {short(fact.reference) for fact in built.facts(MODELS, ModelReference)}
    assert found == {"bedrock:a.b", "?"}


def test_a_model_is_told_at_the_line_of_the_resource(tmp_path):
    arn = '\n"arn:aws:bedrock:us-east-1::foundation-model/a.b"'
    text = PROVIDER + role(
        "app", '{ Statement = [{\nEffect = "Allow"\nAction = ' + INVOKE + "\nResource = [" + arn + "]\n}] }"
    )
    built = build(tmp_path, {"main.tf": text})
    (fact,) = built.facts(MODELS, ModelReference)
    assert text.splitlines()[fact.origin.line - 1].startswith("Resource")


def test_model_references_from_policies_and_workloads(tmp_path):
    pod = """
    apiVersion: v1
    kind: Pod
    metadata: {name: p, namespace: n}
    spec:
      containers:
        - {name: c, image: "example/a:1", env: [{name: BEDROCK_MODEL_ID, value: "amazon.nova-pro-v1:0"}]}
    """
    arns = '["arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3", "arn:aws:s3:::b"]'
    text = PROVIDER + role("app", statements(allow(INVOKE, arns))) + role("all", statements(allow(INVOKE)))
    profile = "agreement: a\nunits: [{name: main, terraform: [infra], manifests: [k8s]}]\n"
    built = build(tmp_path, {"infra/main.tf": text, "k8s/p.yaml": pod}, profile)
    found = {fact.reference for fact in built.facts(MODELS, ModelReference)}
    assert found == {"bedrock:anthropic.claude-3", "bedrock:*", "bedrock:amazon.nova-pro-v1:0"}


@pytest.mark.parametrize(
    ("parts", "is_open"),
    [
        ((allow(INVOKE),), True),
        ((allow(INVOKE, condition=VPCE),), False),
        ((allow(INVOKE), deny('"bedrock:*"', NOT_VPCE)), False),
        ((allow(INVOKE), deny('"bedrock:*"', NOT_VPCE.replace("NotEquals", "NotEqualsIfExists"))), False),
        ((allow(INVOKE), deny('"bedrock:InvokeAgent"', NOT_VPCE)), True),
        ((allow(INVOKE, condition=VPCE.replace("StringEquals", "StringEqualsIfExists")),), True),
        ((allow(INVOKE, condition='{ IpAddress = { "aws:SourceIp" = "0.0.0.0/0" } }'),), True),
        ((allow(INVOKE, condition='{ IpAddress = { "aws:SourceIp" = "10.0.0.0/8" } }'),), False),
        ((allow(INVOKE, condition='{ StringEquals = { "aws:PrincipalOrgID" = "o-1" } }'),), "?"),
    ],
)
def test_the_public_door(tmp_path, parts, is_open):
    built = build(tmp_path, {"main.tf": PROVIDER + GUARDRAIL + role("app", statements(*parts))})
    assert doors(built)["public"] == is_open


def test_one_open_policy_opens_the_public_door(tmp_path):
    text = role("a", statements(allow(INVOKE, condition=VPCE))) + role("b", statements(allow(INVOKE)))
    built = build(tmp_path, {"main.tf": PROVIDER + text})
    assert doors(built)["public"] is True
    assert "lets `b` in from anywhere" in built.facts(MODELS, Door)[0].because


def test_an_unknown_policy_leaves_the_public_door_unknown(tmp_path):
    text = GUARDRAIL + 'resource "aws_iam_role" "r" {\n  name = "r"\n  managed_policy_arns = [var.x]\n}\n'
    assert doors(build(tmp_path, {"main.tf": PROVIDER + text}))["public"] == "?"


def test_the_public_door_without_any_policy_is_open(tmp_path):
    assert doors(build(tmp_path, {"main.tf": PROVIDER + GUARDRAIL}))["public"] is True


@pytest.mark.parametrize(
    ("target", "by", "is_open"),
    [
        ("aws_organizations_organization.o.roots[0].id", "aws.management", False),
        ('"r-abcd"', "aws.management", False),
        ('"111122223333"', "aws.management", False),
        ('"444455556666"', "aws.management", True),
        ('"ou-abcd-1"', "aws.management", "?"),
        # The account of the principals makes the organisation: no policy holds over a management account.
        ("aws_organizations_organization.o.roots[0].id", "aws", True),
        ('"111122223333"', "aws", True),
        (None, "aws.management", True),
    ],
)
def test_an_organisation_policy_closes_the_public_door(tmp_path, target, by, is_open):
    text = (
        role("app", statements(allow(INVOKE)))
        + f"""
provider "aws" {{
  alias   = "management"
  profile = "management"
}}
resource "aws_organizations_organization" "o" {{
  provider             = {by}
  enabled_policy_types = ["SERVICE_CONTROL_POLICY"]
}}
resource "aws_organizations_policy" "scp" {{
  name    = "scp"
  content = jsonencode({statements(deny('"bedrock:*"', NOT_VPCE))})
}}
"""
    )
    if target is not None:
        text += f"""
resource "aws_organizations_policy_attachment" "scp" {{
  provider  = {by}
  policy_id = aws_organizations_policy.scp.id
  target_id = {target}
}}
"""
    assert doors(build(tmp_path, {"main.tf": PROVIDER + text}))["public"] == is_open


def test_a_resource_control_policy_speaks_of_no_model(tmp_path):
    text = (
        role("app", statements(allow(INVOKE)))
        + f"""
provider "aws" {{
  alias   = "management"
  profile = "management"
}}
resource "aws_organizations_policy" "rcp" {{
  name    = "rcp"
  type    = "RESOURCE_CONTROL_POLICY"
  content = jsonencode({statements(deny('"*"'))})
}}
resource "aws_organizations_policy_attachment" "rcp" {{
  provider  = aws.management
  policy_id = aws_organizations_policy.rcp.id
  target_id = "r-abcd"
}}
"""
    )
    assert doors(build(tmp_path, {"main.tf": PROVIDER + text}))["public"] is True


ENDPOINT = """
resource "aws_iam_role" "gateway" {{
  name               = "gateway"
  assume_role_policy = "{{}}"
}}
resource "aws_iam_role" "other" {{
  name               = "other"
  assume_role_policy = "{{}}"
}}
resource "aws_vpc_endpoint" "e" {{
  vpc_id       = "vpc-1"
  service_name = "com.amazonaws.us-east-1.{service}"
  {policy}
}}
"""
GATEWAY = "agreement: a\nsafety_stack: {gateways: [aws_iam_role.gateway]}\n"


def private(folder, policy, service="bedrock-runtime", profile=GATEWAY):
    text = PROVIDER + GUARDRAIL + ENDPOINT.format(service=service, policy=policy)
    return doors(build(folder, {"main.tf": text}, profile))["private"]


def principal(value, action='"bedrock:*"', condition=""):
    also = f", Condition = {condition}" if condition else ""
    statement = f'{{ Effect = "Allow", Principal = {value}, Action = {action}, Resource = "*"{also} }}'
    return f"policy = jsonencode({{ Statement = [{statement}] }})"


@pytest.mark.parametrize(
    ("policy", "is_open"),
    [
        ("", True),
        (principal('"*"'), True),
        (principal("{ AWS = aws_iam_role.gateway.arn }"), False),
        (principal('{ AWS = "arn:aws:iam::111122223333:role/gateway" }'), False),
        (principal('{ AWS = ["arn:aws:iam::111122223333:role/gateway", aws_iam_role.other.arn] }'), True),
        (principal('"*"', condition='{ ArnEquals = { "aws:PrincipalArn" = aws_iam_role.gateway.arn } }'), False),
        (principal('"*"', condition='{ ArnEquals = { "aws:PrincipalArn" = aws_iam_role.other.arn } }'), True),
        (principal('{ AWS = "111122223333" }'), True),
        (principal('"*"', action='"s3:*"'), False),
        (principal("{ AWS = var.x }"), "?"),
        ("policy = var.x", "?"),
    ],
)
def test_the_private_door(tmp_path, policy, is_open):
    assert private(tmp_path, policy) == is_open


def test_a_mantle_endpoint_is_a_door_of_its_own(tmp_path):
    assert private(tmp_path / "a", "", "bedrock-mantle") is True
    assert private(tmp_path / "b", principal('"*"'), "bedrock-mantle") is False
    assert private(tmp_path / "c", principal('"*"', action='"bedrock-mantle:*"'), "bedrock-mantle") is True


ENFORCED = """
resource "aws_bedrock_enforced_guardrail_configuration" "all" {{
  guardrail_identifier = aws_bedrock_guardrail.g.guardrail_arn
  guardrail_version    = {version}
  {more}
}}
"""
VERSION = "aws_bedrock_guardrail_version.g.version"


@pytest.mark.parametrize(
    ("version", "more", "complete"),
    [
        (VERSION, "", True),
        ('"3"', "", True),
        ('"DRAFT"', "", False),
        ("aws_bedrock_guardrail.g.version", "", False),
        ("var.x", "", "?"),
        (VERSION, 'model_enforcement {\n included_models = ["ALL"]\n excluded_models = []\n}', True),
        (VERSION, 'model_enforcement {\n included_models = ["ALL"]\n excluded_models = ["amazon.x"]\n}', False),
        (VERSION, 'model_enforcement {\n included_models = ["amazon.x"]\n excluded_models = []\n}', False),
        (VERSION, 'model_enforcement {\n included_models = ["ALL"]\n excluded_models = var.x\n}', "?"),
        (VERSION, 'selective_content_guarding {\n messages = "COMPREHENSIVE"\n system = "COMPREHENSIVE"\n}', True),
        (VERSION, 'selective_content_guarding {\n messages = "COMPREHENSIVE"\n system = "SELECTIVE"\n}', False),
        (VERSION, "selective_content_guarding {\n messages = var.x\n}", "?"),
        (VERSION, 'input_tags = "HONOR"', False),
        (VERSION, 'input_tags = "IGNORE"', True),
    ],
)
def test_enforced_guardrails(tmp_path, version, more, complete):
    text = PROVIDER + GUARDRAIL + ENFORCED.format(version=version, more=more)
    (fact,) = build(tmp_path, {"main.tf": text}).facts(MODELS, Enforcement)
    assert short(fact.complete) == complete
    assert fact.origin is not None


def test_enforcement_of_a_guardrail_that_the_profile_does_not_name(tmp_path):
    text = PROVIDER + GUARDRAIL + ENFORCED.format(version=VERSION, more="")
    profile = "agreement: a\nsafety_stack: {guardrails: [{id: another}]}\n"
    (fact,) = build(tmp_path, {"main.tf": text}, profile).facts(MODELS, Enforcement)
    assert fact.complete is False


ELSEWHERE = """
provider "aws" {{
  alias               = "other"
  region              = "{region}"
  allowed_account_ids = ["{account}"]
}}
resource "aws_bedrockagent_agent" "w" {{
  provider   = aws.other
  agent_name = "w"
}}
"""


@pytest.mark.parametrize(
    ("region", "account", "expected"),
    [
        ("us-east-1", "111122223333", [True]),
        ("us-west-2", "111122223333", [True, "it is set in us-east-1 of account 111122223333 only"]),
        ("us-east-1", "444455556666", [True, "it is set in us-east-1 of account 111122223333 only"]),
    ],
)
def test_enforcement_ends_at_the_border_of_region_and_account(tmp_path, region, account, expected):
    more = ELSEWHERE.format(region=region, account=account)
    text = PROVIDER + GUARDRAIL + ENFORCED.format(version=VERSION, more="") + more
    facts = build(tmp_path, {"main.tf": text}).facts(MODELS, Enforcement)
    assert [fact.complete for fact in facts] == [True, *[False for _ in expected[1:]]]
    assert all(fact.because.startswith(because) for fact, because in zip(facts[1:], expected[1:], strict=True))
    assert [fact.account for fact in facts] == ["111122223333", account][: len(facts)]


def test_who_calls_from_an_account_without_enforcement_is_not_guarded(tmp_path):
    there = '\nresource "aws_iam_role" "there" {\n  provider = aws.other\n'
    for account, guarded in (("111122223333", True), ("444455556666", False)):
        caller = role("there", statements(allow(INVOKE, HERE)))
        caller = caller.replace('\nresource "aws_iam_role" "there" {\n', there)
        text = PROVIDER + GUARDRAIL + ENFORCED.format(version=VERSION, more="") + caller
        text += ELSEWHERE.partition("resource")[0].format(region="us-east-1", account=account)
        built = build(tmp_path / account, {"main.tf": text})
        edge = built.edge("aws_iam_role.there", MODELS)
        assert (edge is None) is guarded
        assert all(fact.complete is True for fact in built.facts(MODELS, Enforcement)) is guarded


def test_an_account_that_is_not_known_may_be_another(tmp_path):
    more = ELSEWHERE.format(region="us-east-1", account="").replace('allowed_account_ids = [""]', 'profile = "x"')
    text = PROVIDER + GUARDRAIL + ENFORCED.format(version=VERSION, more="") + more
    facts = build(tmp_path, {"main.tf": text}).facts(MODELS, Enforcement)
    assert [isinstance(fact.complete, Unknown) or fact.complete for fact in facts] == [True, True]
    assert isinstance(facts[1].complete, Unknown)


LOGGING = """
resource "aws_bedrock_model_invocation_logging_configuration" "l" {{
  logging_config {{
    {settings}
  }}
}}
resource "aws_s3_bucket" "evidence" {{
  bucket = "evidence"
}}
"""
BUCKET = "s3_config {\n bucket_name = aws_s3_bucket.evidence.id\n}\n"


@pytest.mark.parametrize(("account", "complete"), [("111122223333", [True]), ("444455556666", [True, False])])
def test_a_log_ends_at_the_border_of_its_account(tmp_path, account, complete):
    more = ELSEWHERE.format(region="us-east-1", account=account)
    built = build(tmp_path, {"main.tf": PROVIDER + LOGGING.format(settings=BUCKET) + more})
    assert sorted(fact.complete for fact in built.facts(MODELS, Log)) == sorted(complete)


@pytest.mark.parametrize(
    ("settings", "complete", "sink"),
    [
        (BUCKET, True, "aws_s3_bucket.evidence"),
        ('cloudwatch_config {\n log_group_name = "bedrock"\n role_arn = "x"\n}', True, "bedrock"),
        (BUCKET + "image_data_delivery_enabled = false", False, "aws_s3_bucket.evidence"),
        (BUCKET + "video_data_delivery_enabled = false", False, "aws_s3_bucket.evidence"),
        (BUCKET + "text_data_delivery_enabled = var.x", "?", "aws_s3_bucket.evidence"),
        ("text_data_delivery_enabled = true", False, ""),
    ],
)
def test_invocation_logs(tmp_path, settings, complete, sink):
    text = PROVIDER + GUARDRAIL + LOGGING.format(settings=settings)
    (fact,) = build(tmp_path, {"main.tf": text}).facts(MODELS, Log)
    assert (short(fact.complete), fact.sink) == (complete, sink)


def test_no_logging_configuration_is_no_log(tmp_path):
    (fact,) = build(tmp_path, {"main.tf": PROVIDER + GUARDRAIL}).facts(MODELS, Log)
    assert fact.complete is False
    assert "the default is no log" in fact.because


CAPTURE = """
resource "aws_sagemaker_endpoint" "e" {{
  name                 = "e"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.c.name
}}
resource "aws_sagemaker_endpoint_configuration" "c" {{
  name = "c"
  {capture}
}}
variable "x" {{}}
"""


def capture(enable="true", percentage="100", modes=("Input", "Output")):
    options = "".join(f'capture_options {{\n capture_mode = "{mode}"\n}}\n' for mode in modes)
    return (
        f"data_capture_config {{\n enable_capture = {enable}\n initial_sampling_percentage = {percentage}\n"
        f' destination_s3_uri = "s3://b/p"\n {options}}}'
    )


@pytest.mark.parametrize(
    ("block", "complete"),
    [
        ("", False),
        (capture(), True),
        (capture(modes=["InputAndOutput"]), True),
        (capture(enable="false"), False),
        (capture(percentage="10"), False),
        (capture(modes=["Input"]), False),
        (capture(percentage="var.x"), "?"),
    ],
)
def test_data_capture(tmp_path, block, complete):
    built = build(tmp_path, {"main.tf": PROVIDER + CAPTURE.format(capture=block)})
    (fact,) = built.facts("aws_sagemaker_endpoint.e", Log)
    assert short(fact.complete) == complete


GATEWAY_POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: gateway, namespace: safety}}
spec:
  selector: {{matchLabels: {{app: g}}}}
  template:
    metadata: {{labels: {{app: g}}}}
    spec:
      containers:
        - name: g
          image: example/gateway:1
          {settings}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: safety}}
data: {{sink: "s3://evidence/prompts"}}
"""
SINKS = "evidence: {sinks: [s3://evidence]}\n"


@pytest.mark.parametrize(
    ("settings", "sinks", "complete"),
    [
        ("env: [{name: SINK, value: s3://evidence/prompts}]", SINKS, True),
        ("envFrom: [{configMapRef: {name: settings}}]", SINKS, True),
        ("args: [--verbose]", SINKS, False),
        ("args: [--sink=s3://evidence-old/prompts]", SINKS, False),
        ("args: [--sink=s3://old.evidence/prompts]", SINKS, False),
        ("args: [--sink=https://evidence.s3.us-east-1.amazonaws.com/prompts]", SINKS, True),
        ("env: [{name: SINK, valueFrom: {secretKeyRef: {name: hidden, key: sink}}}]", SINKS, "?"),
        ("envFrom: [{configMapRef: {name: elsewhere}}]", SINKS, "?"),
        ("args: [--verbose]", "", "?"),
    ],
)
def test_gateways_that_are_told_of_a_store_of_evidence(tmp_path, settings, sinks, complete):
    profile = f"agreement: a\nsafety_stack: {{gateways: [safety/Deployment/gateway]}}\n{sinks}"
    built = build(tmp_path, {"k8s/g.yaml": GATEWAY_POD.format(settings=settings)}, profile)
    (fact,) = built.facts("safety/Deployment/gateway", Log)
    assert short(fact.complete) == complete


@pytest.mark.parametrize("entry", ["aws_s3_bucket.evidence", "s3://evidence", "evidence"])
def test_stores_of_evidence_get_their_role(tmp_path, entry):
    text = PROVIDER + 'resource "aws_s3_bucket" "evidence" {\n  bucket = "evidence"\n}\n'
    built = build(tmp_path, {"main.tf": text}, f'agreement: a\nevidence: {{sinks: ["{entry}"]}}\n')
    assert [n.address for n in built.graph.with_role(Role.SINK)] == ["aws_s3_bucket.evidence"]


AZURE = """
resource "azurerm_cognitive_account" "a" {{
  name     = "a"
  kind     = "OpenAI"
  sku_name = "S0"
  {settings}
}}
resource "azurerm_cognitive_deployment" "d" {{
  name                 = "d"
  cognitive_account_id = azurerm_cognitive_account.a.id
  model {{
    format  = "OpenAI"
    name    = "gpt-5"
    version = "1"
  }}
}}
variable "x" {{}}
"""


@pytest.mark.parametrize(
    ("settings", "is_open"),
    [
        ("", True),
        ("public_network_access_enabled = true", True),
        ("public_network_access_enabled = false", False),
        ("public_network_access_enabled = var.x", "?"),
        ('network_acls {\n default_action = "Allow"\n}', True),
        ('network_acls {\n default_action = "Deny"\n}', False),
        ('network_acls {\n default_action = "Deny"\n ip_rules = ["203.0.113.0/24"]\n}', "?"),
    ],
)
def test_azure_accounts(tmp_path, settings, is_open):
    built = build(tmp_path, {"main.tf": AZURE.format(settings=settings)})
    assert doors(built, "azurerm_cognitive_deployment.d") == {"public": is_open}


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("", {"public": True}),
        ('network = "projects/1/global/networks/n"', {"private": "?"}),
        ("private_service_connect_config {\n enable_private_service_connect = true\n}", {"private": "?"}),
        ("private_service_connect_config {\n enable_private_service_connect = false\n}", {"public": True}),
    ],
)
def test_vertex_endpoints(tmp_path, settings, found):
    text = f'resource "google_vertex_ai_endpoint" "v" {{\n  name = "v"\n  display_name = "v"\n  {settings}\n}}\n'
    assert doors(build(tmp_path, {"main.tf": text}), "google_vertex_ai_endpoint.v") == found
