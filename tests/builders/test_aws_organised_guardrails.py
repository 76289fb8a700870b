"""Guardrails that a Bedrock policy of an organisation enforces on an account, and what leaves calls outside."""

from __future__ import annotations

import pytest

from scanner.graph.facts import Enforcement
from scanner.unknown import Unknown
from tests.builders.identity_world import allow, build, role, statements

MODELS = "bedrock/models"
GUARDRAIL = "arn:aws:bedrock:us-east-1:999900001111:guardrail/abcdefghijkl:3"
OWN = 'allowed_account_ids = ["111122223333"]'
ROOT = "aws_organizations_organization.o.roots[0].id"


def config(more="", identifier=GUARDRAIL, region="us-east-1"):
    also = f", {more}" if more else ""
    return f'{{ "{region}" = {{ all = {{ identifier = {{ "@@assign" = "{identifier}" }}{also} }} }} }}'


def world(folder, regions, target=ROOT, kinds='["BEDROCK_POLICY"]', by="aws.org", resource='"*"', more="", own=""):
    text = f"""
variable "x" {{}}
provider "aws" {{
  region = "us-east-1"
  {own}
}}
provider "aws" {{
  alias   = "org"
  profile = "management"
}}
resource "aws_organizations_organization" "o" {{
  provider             = {by}
  enabled_policy_types = {kinds}
}}
resource "aws_organizations_policy" "g" {{
  provider = {by}
  name     = "g"
  type     = "BEDROCK_POLICY"
  content  = jsonencode({{ bedrock = {{ guardrail_inference = {regions} }} }})
}}
resource "aws_organizations_policy_attachment" "g" {{
  provider  = {by}
  policy_id = aws_organizations_policy.g.id
  target_id = {target}
}}
resource "aws_bedrockagent_agent" "a" {{
  agent_name = "a"
}}
{more}
{role("app", statements(allow('["bedrock:InvokeModel"]', resource)))}
"""
    return build(folder, {"main.tf": text})


def complete(built):
    """The worst of what is said: of the policy, and of places of which it does not speak."""
    said = ["?" if isinstance(fact.complete, Unknown) else fact.complete for fact in built.facts(MODELS, Enforcement)]
    return next((one for one in (False, "?", True) if one in said), None)


@pytest.mark.parametrize(
    ("regions", "expected"),
    [
        (config(), True),
        (config('selective_content_guarding = { system = { "@@assign" = "comprehensive" } }'), True),
        (config('selective_content_guarding = { system = { "@@assign" = "selective" } }'), False),
        (config('input_tags = { "@@assign" = "ignore" }'), True),
        (config('input_tags = { "@@assign" = "honor" }'), False),
        (config('input_tags = { "@@assign" = var.x }'), "?"),
        (config('model_enforcement = { included_models = { "@@assign" = ["ALL"] } }'), True),
        (config('model_enforcement = { included_models = { "@@assign" = ["amazon.x"] } }'), False),
        (config('model_enforcement = { excluded_models = { "@@assign" = ["amazon.x"] } }'), False),
        (config('model_enforcement = { excluded_models = { "@@assign" = var.x } }'), "?"),
        (config(identifier=GUARDRAIL.removesuffix(":3")), False),
        (config(identifier=GUARDRAIL.replace(":3", ":DRAFT")), False),
        (config(region="us-west-2"), False),
        ("{}", False),
        ("var.x", "?"),
    ],
)
def test_what_a_policy_enforces(tmp_path, regions, expected):
    assert complete(world(tmp_path, regions)) == expected


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"target": '"r-abcd"'}, True),
        ({"target": '"444455556666"'}, "?"),
        ({"target": '"ou-abcd-1"'}, "?"),
        ({"target": "var.x"}, "?"),
        ({"kinds": '["SERVICE_CONTROL_POLICY"]'}, "?"),
        # The account of the models may be the management account, whose policies these may not be.
        ({"by": "aws"}, "?"),
    ],
)
def test_over_which_account_it_holds(tmp_path, setting, expected):
    assert complete(world(tmp_path, config(), **setting)) == expected


def test_a_policy_beside_it_may_assign_something_else(tmp_path):
    other = f"""
resource "aws_organizations_policy" "h" {{
  provider = aws.org
  name     = "h"
  type     = "BEDROCK_POLICY"
  content  = jsonencode({{ bedrock = {{ guardrail_inference = {config('input_tags = { "@@assign" = "honor" }')} }} }})
}}
resource "aws_organizations_policy_attachment" "h" {{
  provider  = aws.org
  policy_id = aws_organizations_policy.h.id
  target_id = "ou-abcd-1"
}}
"""
    facts = world(tmp_path, config(), more=other).facts(MODELS, Enforcement)
    assert [isinstance(one.complete, Unknown) or one.complete for one in facts] == [True, False]
    assert not any(one.complete is True for one in facts)


def test_who_calls_in_the_region_of_the_enforcement_is_guarded(tmp_path):
    here = '"arn:aws:bedrock:us-east-1::foundation-model/*"'
    assert world(tmp_path / "a", config(), resource=here).edge("aws_iam_role.app", MODELS) is None
    edge = world(tmp_path / "b", config()).edge("aws_iam_role.app", MODELS)
    assert (edge.state, edge.decided_by) == ("possible", ("Bedrock in regions other than us-east-1",))
    partial = world(tmp_path / "c", config('input_tags = { "@@assign" = "honor" }'), resource=here)
    assert partial.edge("aws_iam_role.app", MODELS).state == "open"


def test_a_policy_on_one_account_says_nothing_of_another(tmp_path):
    """Both accounts call; the policy is attached to one of them."""
    two = """
resource "aws_iam_role" "there" {{
  provider           = aws.there
  name               = "there"
  assume_role_policy = "{{}}"
}}
resource "aws_iam_role_policy" "there" {{
  provider = aws.there
  role     = aws_iam_role.there.id
  policy   = jsonencode({document})
}}
provider "aws" {{
  alias               = "there"
  region              = "us-east-1"
  allowed_account_ids = ["{account}"]
}}
"""
    here = '"arn:aws:bedrock:us-east-1::foundation-model/*"'
    document = statements(allow('["bedrock:InvokeModel"]', here))
    for account, guarded in (("111122223333", True), ("444455556666", False)):
        more = two.format(document=document, account=account)
        built = world(tmp_path / account, config(), target='"111122223333"', resource=here, more=more, own=OWN)
        assert (built.edge("aws_iam_role.there", MODELS) is None) is guarded
        assert built.edge("aws_iam_role.app", MODELS) is None
