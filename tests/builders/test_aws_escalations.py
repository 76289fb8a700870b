"""The known escalations of IAM, each as a configuration of its own: found where it leads to a model, and only there."""

from __future__ import annotations

import pytest

from scanner.builders.aws_identity.escalations import OVER_GROUPS, OVER_USERS, TAKEOVERS, TO_ROLE, UNSEEN
from scanner.graph.model import State
from tests.builders.identity_world import allow, build, deny, role, statements

MODELS = "bedrock/models"
STRONG = statements(allow('"bedrock:*"'))
NAMES = {"aws_iam_user": "user", "aws_iam_group": "group"}
PROFILE = 'resource "aws_iam_instance_profile" "p" {\n  role = aws_iam_role.app.name\n}\n'


def trusting(service):
    principal = f'{{ Service = "{service}.amazonaws.com" }}'
    return f'{{ Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {principal} }}] }}'


def user(name, document, group=False):
    kind = "group" if group else "user"
    return f"""
resource "aws_iam_{kind}" "{name}" {{
  name = "{name}"
}}
resource "aws_iam_{kind}_policy" "{name}" {{
  {kind}   = aws_iam_{kind}.{name}.name
  policy = jsonencode({document})
}}
"""


def made(folder, *parts):
    return build(folder, {"main.tf": "\n".join(parts)})


def test_a_role_may_be_passed_to_the_service_of_the_condition_only(tmp_path):
    def passing(service):
        condition = f'{{ StringEquals = {{ "iam:PassedToService" = "{service}.amazonaws.com" }} }}'
        document = statements(allow('"iam:PassRole"', condition=condition), allow('"lambda:CreateFunction"'))
        built = made(tmp_path / service, role("app", STRONG, trusting("lambda")), user("dev", document))
        return built.edge("aws_iam_user.dev", "aws_iam_role.app", "become")

    assert passing("lambda").state is State.OPEN
    assert passing("glue") is None


@pytest.mark.parametrize("service", sorted(UNSEEN))
def test_what_the_inputs_do_not_show_may_run_as_the_role(tmp_path, service):
    action = TAKEOVERS[UNSEEN[service]][0][0]
    app = role("app", STRONG, trusting(service)) + PROFILE
    edge = made(tmp_path / "a", app, user("dev", statements(allow(f'"{action}"')))).edge(
        "aws_iam_user.dev", "aws_iam_role.app", "become"
    )
    assert edge.state is State.POSSIBLE
    assert edge.decided_by == (f"whether anything of `{service}.amazonaws.com` runs as `app`",)
    app = role("app", STRONG, trusting("x")) + PROFILE
    assert made(tmp_path / "b", app, user("dev", statements(allow(f'"{action}"')))).edges("become") == []


@pytest.mark.parametrize("action", [action for action, _ in OVER_USERS])
def test_a_credential_of_a_user(tmp_path, action):
    built = made(tmp_path, user("app", STRONG), user("dev", statements(allow(f'"{action}"'))))
    assert built.edge("aws_iam_user.dev", "aws_iam_user.app", "become").state is State.OPEN


def test_a_credential_of_another_user_leads_nowhere(tmp_path):
    only = statements(allow('"iam:CreateAccessKey"', '"arn:aws:iam::*:user/other"'))
    assert made(tmp_path, user("app", STRONG), user("dev", only)).edges("become") == []


@pytest.mark.parametrize(("who", "state"), [(user, State.OPEN), (role, State.POSSIBLE)])
def test_joining_a_group(tmp_path, who, state):
    action = OVER_GROUPS[0][0]
    built = made(tmp_path, user("app", STRONG, group=True), who("dev", statements(allow(f'"{action}"'))))
    kind = "user" if who is user else "role"
    assert built.edge(f"aws_iam_{kind}.dev", "aws_iam_group.app", "become").state is state


@pytest.mark.parametrize(
    ("action", "who", "kind"),
    [
        ("iam:PutUserPolicy", user, "user"),
        ("iam:AttachUserPolicy", user, "user"),
        ("iam:PutRolePolicy", role, "role"),
        ("iam:AttachRolePolicy", role, "role"),
    ],
)
def test_rights_that_one_gives_to_oneself(tmp_path, action, who, kind):
    app = role("app", STRONG)
    edge = made(tmp_path / "a", app, who("dev", statements(allow(f'"{action}"')))).edge(f"aws_iam_{kind}.dev", MODELS)
    assert edge.state is State.OPEN
    assert f"allows `{action}` on itself" in edge.because
    stopped = statements(allow(f'"{action}"'), deny('["bedrock:*", "bedrock-mantle:*", "bedrock-agentcore:*"]'))
    assert made(tmp_path / "b", app, who("dev", stopped)).edge(f"aws_iam_{kind}.dev", MODELS) is None


def test_rights_of_a_group_that_one_is_in(tmp_path):
    member = """
resource "aws_iam_user_group_membership" "m" {
  user   = aws_iam_user.dev.name
  groups = [aws_iam_group.team.name]
}
resource "aws_iam_group" "team" {
  name = "team"
}
"""
    document = statements(allow('"iam:PutGroupPolicy"'))
    edge = made(tmp_path, role("app", STRONG), user("dev", document), member).edge("aws_iam_user.dev", MODELS)
    assert edge.state is State.OPEN
    assert "on `team`, which it can become" in edge.because


@pytest.mark.parametrize("action", TO_ROLE)
def test_rights_for_somebody_else_are_a_way_only_if_somebody_holds_both(tmp_path, action):
    edge = made(tmp_path, role("app", STRONG), user("dev", statements(allow(f'"{action}"')))).edge(
        "aws_iam_user.dev", MODELS
    )
    assert edge.state is State.POSSIBLE
    assert edge.decided_by == ("who holds a role that `dev` can give a policy",)


MANAGED = """
resource "aws_iam_policy" "p" {{
  name   = "p"
  policy = jsonencode({document})
}}
resource "aws_iam_user" "dev" {{
  name = "dev"
}}
resource "aws_iam_user_policy_attachment" "a" {{
  user       = aws_iam_user.dev.name
  policy_arn = aws_iam_policy.p.arn
}}
"""


@pytest.mark.parametrize(
    ("action", "resource", "state"),
    [
        ("iam:CreatePolicyVersion", "*", State.OPEN),
        ("iam:CreatePolicyVersion", "arn:aws:iam::*:policy/p*", State.OPEN),
        ("iam:CreatePolicyVersion", "arn:aws:iam::*:policy/q*", None),
        # The account of AWS's own policies: nobody's version goes there.
        ("iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/p*", None),
        ("iam:SetDefaultPolicyVersion", "*", State.POSSIBLE),
    ],
)
def test_other_statements_for_a_policy_that_one_holds(tmp_path, action, resource, state):
    document = statements(allow(f'"{action}"', f'"{resource}"'))
    edge = made(tmp_path, role("app", STRONG), MANAGED.format(document=document)).edge("aws_iam_user.dev", MODELS)
    assert (None if edge is None else edge.state) is state


@pytest.mark.parametrize(
    ("operator", "date", "state"),
    [
        ("DateLessThan", "2020-01-01T00:00:01Z", None),
        ("DateGreaterThan", "2020-01-01T00:00:01Z", State.OPEN),
        ("DateLessThan", "2099-01-01T00:00:00Z", State.OPEN),
        ("DateLessThan", "${var.when}", State.OPEN),
    ],
)
def test_a_moment_that_is_past_never_comes_again(tmp_path, operator, date, state):
    condition = f'{{ {operator} = {{ "aws:TokenIssueTime" = "{date}" }} }}'
    document = statements(allow('"bedrock:InvokeModel"', condition=condition))
    edge = made(tmp_path, 'variable "when" {}\n', role("app", STRONG), user("dev", document)).edge(
        "aws_iam_user.dev", MODELS
    )
    assert (None if edge is None else edge.state) is state


def test_a_boundary_holds_whatever_one_gives_oneself(tmp_path):
    limited = """
resource "aws_iam_policy" "limit" {
  name   = "limit"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "iam:*", Resource = "*" }] })
}
resource "aws_iam_user" "dev" {
  name                 = "dev"
  permissions_boundary = aws_iam_policy.limit.arn
}
resource "aws_iam_user_policy" "dev" {
  user   = aws_iam_user.dev.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "iam:PutUserPolicy", Resource = "*" }] })
}
"""  # noqa: E501
    edge = made(tmp_path, role("app", STRONG), limited).edge("aws_iam_user.dev", MODELS)
    assert edge is None


@pytest.mark.parametrize(("kind", "found"), [("RESOURCE_CONTROL_POLICY", 0), ("SERVICE_CONTROL_POLICY", 0), ("x", 1)])
def test_an_organisation_denies_the_role_or_what_is_done_with_it(tmp_path, kind, found):
    """`sts` is a service that a resource control policy speaks of: a trusted account assumes nothing against it."""
    trust = '{ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "111122223333" } }] }'
    organisation = f"""
provider "aws" {{
  allowed_account_ids = ["111122223333"]
}}
provider "aws" {{
  alias   = "management"
  profile = "management"
}}
resource "aws_organizations_policy" "o" {{
  name    = "o"
  type    = "{kind}"
  content = jsonencode({statements(deny('"sts:AssumeRole"'))})
}}
resource "aws_organizations_policy_attachment" "o" {{
  provider  = aws.management
  policy_id = aws_organizations_policy.o.id
  target_id = "r-abcd"
}}
"""
    dev = user("dev", statements(allow('"sts:AssumeRole"')))
    assert len(made(tmp_path, organisation, role("app", STRONG, trust), dev).edges("become")) == found
