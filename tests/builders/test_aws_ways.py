"""Every row of the escalation tables, from HCL through the command line, each beside a twin that lacks one thing.

One configuration holds them all: for each row a role that calls the model, somebody with the way to it, and a twin.
"""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

from scanner.builders.aws_identity.escalations import (
    OVER_GROUPS,
    OVER_ISSUERS,
    OVER_ROLES,
    OVER_SETS,
    OVER_USERS,
    RUNNERS,
    TAGGING,
    TAKEOVERS,
    TO_GROUP,
    TO_POLICY,
    TO_ROLE,
    TO_SET,
    TO_USER,
    UNBOUND,
    UNDENIED,
)
from tests.builders.identity_world import allow, deny, role, statements
from tests.harness import run

ACCOUNT = "111122223333"
STRONG = statements(allow('"bedrock:InvokeModel"'))
MODELS = "bedrock/models"
PROVIDER = f'provider "aws" {{\n  region = "us-east-1"\n  allowed_account_ids = ["{ACCOUNT}"]\n}}\n'
RUNNING = {
    "aws_lambda_function": ("lambda", 'function_name = "{n}"\n  role = aws_iam_role.{r}.arn'),
    "aws_ecs_task_definition": ("ecs-tasks", 'family = "{n}"\n  task_role_arn = aws_iam_role.{r}.arn'),
    "aws_sagemaker_notebook_instance": ("sagemaker", 'name = "{n}"\n  role_arn = aws_iam_role.{r}.arn'),
    "aws_sagemaker_domain": (
        "sagemaker",
        "default_user_settings {{\n    execution_role = aws_iam_role.{r}.arn\n  }}",
    ),
    "aws_sagemaker_user_profile": ("sagemaker", "user_settings {{\n    execution_role = aws_iam_role.{r}.arn\n  }}"),
    "aws_codebuild_project": ("codebuild", "service_role = aws_iam_role.{r}.arn"),
    "aws_glue_job": ("glue", "role_arn = aws_iam_role.{r}.arn"),
    "aws_glue_dev_endpoint": ("glue", "role_arn = aws_iam_role.{r}.arn"),
    "aws_cloudformation_stack": ("cloudformation", "iam_role_arn = aws_iam_role.{r}.arn"),
    "aws_sfn_state_machine": ("states", "role_arn = aws_iam_role.{r}.arn"),
    "aws_bedrockagent_agent": ("bedrock", "agent_resource_role_arn = aws_iam_role.{r}.arn"),
    "aws_batch_job_definition": (
        "ecs-tasks",
        "container_properties = jsonencode({{ jobRoleArn = aws_iam_role.{r}.arn }})",
    ),
    "aws_apprunner_service": (
        "tasks.apprunner",
        "instance_configuration {{\n    instance_role_arn = aws_iam_role.{r}.arn\n  }}",
    ),
    "aws_rolesanywhere_profile": ("rolesanywhere", 'name = "{n}"\n  role_arns = [aws_iam_role.{r}.arn]'),
    "aws_instance": ("ec2", "iam_instance_profile = aws_iam_instance_profile.{n}.name"),
    "aws_launch_template": (
        "ec2",
        "iam_instance_profile {{\n    name = aws_iam_instance_profile.{n}.name\n  }}",
    ),
    "aws_emr_cluster": (
        "ec2",
        "ec2_attributes {{\n    instance_profile = aws_iam_instance_profile.{n}.arn\n  }}",
    ),
    "aws_eks_node_group": ("ec2", "node_role_arn = aws_iam_role.{r}.arn"),
    "aws_sagemaker_pipeline": ("sagemaker", "role_arn = aws_iam_role.{r}.arn"),
    "aws_bedrockagentcore_code_interpreter": ("bedrock-agentcore", "execution_role_arn = aws_iam_role.{r}.arn"),
    "aws_bedrockagentcore_agent_runtime": ("bedrock-agentcore", "role_arn = aws_iam_role.{r}.arn"),
    "aws_athena_workgroup": ("athena", "configuration {{\n    execution_role = aws_iam_role.{r}.arn\n  }}"),
    "aws_api_gateway_integration": ("apigateway", "credentials = aws_iam_role.{r}.arn"),
    "aws_apigatewayv2_integration": ("apigateway", "credentials_arn = aws_iam_role.{r}.arn"),
    "aws_appsync_datasource": ("appsync", "service_role_arn = aws_iam_role.{r}.arn"),
    "aws_ssm_maintenance_window_task": ("ssm", "service_role_arn = aws_iam_role.{r}.arn"),
    "aws_kinesisanalyticsv2_application": ("kinesisanalytics", "service_execution_role = aws_iam_role.{r}.arn"),
    "aws_appstream_fleet": ("appstream", "iam_role_arn = aws_iam_role.{r}.arn"),
    "aws_appstream_image_builder": ("appstream", "iam_role_arn = aws_iam_role.{r}.arn"),
    "aws_amplify_app": ("amplify", "iam_service_role_arn = aws_iam_role.{r}.arn"),
    "aws_eks_capability": ("capabilities.eks", "role_arn = aws_iam_role.{r}.arn"),
}
PROFILED = ("aws_instance", "aws_launch_template", "aws_emr_cluster")
AGENT = allow('"ssmmessages:*"')


def trusts(principal, action="sts:AssumeRole"):
    return statements(f'{{ Effect = "Allow", Action = "{action}", Principal = {principal} }}')


def service(name):
    return trusts(f'{{ Service = "{name}.amazonaws.com" }}')


def block(kind, name, body):
    return f'resource "{kind}" "{name}" {{\n  {body}\n}}\n'


def user(name, document):
    return block("aws_iam_user", name, f'name = "{name}"') + block(
        "aws_iam_user_policy", name, f"user = aws_iam_user.{name}.name\n  policy = jsonencode({document})"
    )


def group(name, document):
    return block("aws_iam_group", name, f'name = "{name}"') + block(
        "aws_iam_group_policy", name, f"group = aws_iam_group.{name}.name\n  policy = jsonencode({document})"
    )


def arn(kind, name):
    return f'"arn:aws:iam::{ACCOUNT}:{kind}/{name}"'


class Ways:
    """The configuration, row by row. Of each row: what it is called, who has the way, its twin, and the steps."""

    def __init__(self):
        self.text, self.rows = [PROVIDER], {}

    def add(self, what, text, source, twin, *steps):
        self.text.append(text)
        self.rows[what] = (source, twin, [*steps, MODELS])


def _passed(ways):
    for name, actions in RUNNERS.items():
        for action in actions:
            n = f"pass{len(ways.rows)}"
            passing = allow('"iam:PassRole"', arn("role", f"{n}_app"))
            # What starts something may change something that runs as well: its twin starts nothing.
            twin = (allow('"iam:PassRole"', arn("role", f"{n}_app"), _only("another")), allow(f'"{action}"'))
            if action in CHANGING:
                twin = (passing, allow('"s3:GetObject"'))
            text = (
                role(f"{n}_app", STRONG, service(name))
                + user(f"{n}_dev", statements(passing, allow(f'"{action}"')))
                + user(f"{n}_twin", statements(*twin))
            )
            ways.add(f"pass {name} {action}", text, f"aws_iam_user.{n}_dev", f"aws_iam_user.{n}_twin",
                     f"aws_iam_role.{n}_app")  # fmt: skip


GROUP = "aws_eks_node_group"
"""Its machines have no name of their own: who takes one over has the role at once."""
CHANGING = frozenset(action for rows in TAKEOVERS.values() for action, _ in rows)


def _only(name):
    return f'{{ StringEquals = {{ "iam:PassedToService" = "{name}.amazonaws.com" }} }}'


def _taken_over(ways):
    for kind, rows in TAKEOVERS.items():
        name, body = RUNNING[kind]
        for action, _ in rows:
            n = f"take{len(ways.rows)}"
            profile = block("aws_iam_instance_profile", n, f"role = aws_iam_role.{n}_app.name")
            text = (
                role(
                    f"{n}_app",
                    STRONG if kind != GROUP else statements(allow('"bedrock:InvokeModel"'), AGENT),
                    service(name),
                )
                + (profile if kind in PROFILED else "")
                + block(kind, n, body.format(n=n, r=f"{n}_app"))
                + user(f"{n}_dev", statements(allow(f'"{action}"')))
                + user(f"{n}_twin", statements(allow(f'"{action}"'), deny(f'"{action}"')))
            )
            steps = [f"{kind}.{n}"] if kind != GROUP else []
            ways.add(f"take {kind} {action}", text, f"aws_iam_user.{n}_dev", f"aws_iam_user.{n}_twin", *steps,
                     f"aws_iam_role.{n}_app")  # fmt: skip


def _over(ways):
    for action, _ in OVER_ROLES:
        _with(ways, action, lambda n: role(f"{n}_app", STRONG, service("none")), "role")
    for action, _ in OVER_USERS:
        _with(ways, action, lambda n: user(f"{n}_app", STRONG), "user")
    for action, _ in OVER_GROUPS:
        _with(ways, action, lambda n: group(f"{n}_app", STRONG), "group")
    for action, _ in OVER_ISSUERS:

        def saml(n):
            issuer = f'{{ Federated = "arn:aws:iam::{ACCOUNT}:saml-provider/{n}_app" }}'
            return role(f"{n}_app", STRONG, trusts(issuer, "sts:AssumeRoleWithSAML"))

        _with(ways, action, saml, "role", "saml-provider")


def _with(ways, action, app, kind, scope=""):
    n = f"over{len(ways.rows)}"
    text = app(n)
    for who, whose in (("dev", f"{n}_app"), ("twin", "somebody")):
        text += user(f"{n}_{who}", statements(allow(f'"{action}"', arn(scope or kind, whose))))
    ways.add(f"over {action}", text, f"aws_iam_user.{n}_dev", f"aws_iam_user.{n}_twin", f"aws_iam_{kind}.{n}_app")


def _given(ways):
    for action in (*TO_USER, TAGGING["aws_iam_user"]):
        n = f"give{len(ways.rows)}"
        tagged = allow('"bedrock:InvokeModel"', condition='{ StringEquals = { "aws:PrincipalTag/team" = "ml" } }')
        own = [tagged] if action in TAGGING.values() else []
        text = user(f"{n}_dev", statements(allow(f'"{action}"', arn("user", f"{n}_dev")), *own))
        text += user(f"{n}_twin", statements(allow(f'"{action}"', arn("user", "nobody")), *own, STOP))
        ways.add(f"give {action}", text, f"aws_iam_user.{n}_dev", f"aws_iam_user.{n}_twin")
    for action in (*TO_ROLE, TAGGING["aws_iam_role"]):
        n = f"give{len(ways.rows)}"
        tagged = allow('"bedrock:InvokeModel"', condition='{ StringEquals = { "aws:PrincipalTag/team" = "ml" } }')
        own = [tagged] if action in TAGGING.values() else []
        text = role(f"{n}_dev", statements(allow(f'"{action}"', arn("role", f"{n}_dev")), *own), service("none"))
        text += role(f"{n}_twin", statements(allow(f'"{action}"', arn("role", "x")), *own, STOP), service("none"))
        ways.add(f"give {action}", text, f"aws_iam_role.{n}_dev", f"aws_iam_role.{n}_twin")
    for action in TO_GROUP:
        n = f"give{len(ways.rows)}"
        text = group(f"{n}_team", statements(allow(f'"{action}"', arn("group", f"{n}_team"))))
        text += group(f"{n}_other", statements(allow(f'"{action}"', arn("group", f"{n}_other")), STOP))
        ways.add(f"give {action}", text, f"aws_iam_group.{n}_team", f"aws_iam_group.{n}_other")
    for action in TO_POLICY:
        n = f"give{len(ways.rows)}"
        text = ""
        for who, more in (("dev", ()), ("twin", (STOP,))):
            document = statements(allow(f'"{action}"', arn("policy", f"{n}_{who}")), *more)
            text += block("aws_iam_policy", f"{n}_{who}", f'name = "{n}_{who}"\n  policy = jsonencode({document})')
            text += block("aws_iam_user", f"{n}_{who}", f'name = "{n}_{who}"')
            ends = f"user = aws_iam_user.{n}_{who}.name\n  policy_arn = aws_iam_policy.{n}_{who}.arn"
            text += block("aws_iam_user_policy_attachment", f"{n}_{who}", ends)
        ways.add(f"give {action}", text, f"aws_iam_user.{n}_dev", f"aws_iam_user.{n}_twin")


def _taken_off(ways):
    """A boundary, or a Deny: who may take it off itself may do what it forbids; its twin may do so of another."""
    for kind, actions in UNBOUND.items():
        for action in actions:
            n = f"off{len(ways.rows)}"
            text = block("aws_iam_policy", f"{n}_limit", f'name = "{n}_limit"\n  policy = jsonencode({NARROW})')
            for who, whose in (("dev", f"{n}_dev"), ("twin", "nobody")):
                text += _holder(kind, f"{n}_{who}", statements(WEAK, allow(f'"{action}"', arn(SHORT[kind], whose))),
                                f"permissions_boundary = aws_iam_policy.{n}_limit.arn")  # fmt: skip
            ways.add(f"off {action}", text, f"{kind}.{n}_dev", f"{kind}.{n}_twin")
    for kind, actions in UNDENIED.items():
        for action in actions:
            n = f"off{len(ways.rows)}"
            text = block("aws_iam_policy", f"{n}_stop", f'name = "{n}_stop"\n  policy = jsonencode({statements(STOP)})')
            for who, whose in (("dev", f"{n}_dev"), ("twin", "nobody")):
                text += _holder(kind, f"{n}_{who}", statements(WEAK, allow(f'"{action}"', arn(SHORT[kind], whose))))
                name = f"{SHORT[kind]} = {kind}.{n}_{who}.name\n  "
                if "Detach" in action:
                    text += block(f"{kind}_policy_attachment", f"{n}_{who}",
                                  f"{name}policy_arn = aws_iam_policy.{n}_stop.arn")  # fmt: skip
                else:
                    text += block(f"{kind}_policy", f"{n}_{who}_stop", f"{name}policy = jsonencode({statements(STOP)})")
            ways.add(f"off {action}", text, f"{kind}.{n}_dev", f"{kind}.{n}_twin")


SHORT = {"aws_iam_user": "user", "aws_iam_role": "role", "aws_iam_group": "group"}
WEAK = allow('"bedrock:InvokeModel"')
NARROW = statements(allow('["iam:*", "s3:*"]'))


def _holder(kind, name, document, more=""):
    trust = f"assume_role_policy = jsonencode({service('none')})\n  " if kind == "aws_iam_role" else ""
    own = block(kind, name, f'name = "{name}"\n  {trust}{more}')
    return own + block(f"{kind}_policy", name, f"{SHORT[kind]} = {kind}.{name}.name\n  policy = jsonencode({document})")


def _sets(ways):
    """Permission sets of IAM Identity Center: given to whom one wants, or more than they had."""
    for action, _ in OVER_SETS:
        n = f"set{len(ways.rows)}"
        text = _set(f"{n}_app", STRONG)
        text += user(f"{n}_dev", statements(allow(f'"{action}"')))
        text += user(f"{n}_twin", statements(allow(f'"{action}"'), deny(f'"{action}"')))
        ways.add(f"over {action}", text, f"aws_iam_user.{n}_dev", f"aws_iam_user.{n}_twin",
                 f"aws_ssoadmin_permission_set.{n}_app")  # fmt: skip
    for action in TO_SET:
        n = f"set{len(ways.rows)}"
        text = _set(f"{n}_dev", statements(allow(f'"{action}"')))
        text += _set(f"{n}_twin", statements(allow(f'"{action}"'), STOP))
        ways.add(
            f"give {action}", text, f"aws_ssoadmin_permission_set.{n}_dev", f"aws_ssoadmin_permission_set.{n}_twin"
        )


def _set(name, document):
    head = f"permission_set_arn = aws_ssoadmin_permission_set.{name}.arn\n  "
    return block("aws_ssoadmin_permission_set", name, f'name = "{name}"') + block(
        "aws_ssoadmin_permission_set_inline_policy", name, f"{head}inline_policy = jsonencode({document})"
    )


STOP = deny('["bedrock:*", "bedrock-mantle:*", "bedrock-agentcore:*", "sagemaker:*"]')
"""What stops the twin whatever it gives itself."""


def _trusted(ways):
    rows = {
        "a role by its ARN": (f"{{ AWS = {arn('role', '{n}_dev')} }}", "sts:AssumeRole", "role"),
        "a user by its ARN": (f"{{ AWS = {arn('user', '{n}_dev')} }}", "sts:AssumeRole", "user"),
    }
    for what, (principal, action, kind) in rows.items():
        n = f"trust{len(ways.rows)}"
        text = role(f"{n}_app", STRONG, trusts(principal.replace("{n}", n), action))
        for who in ("dev", "twin"):
            document = statements(allow('"s3:ListAllMyBuckets"'))
            text += role(f"{n}_{who}", document, service("none")) if kind == "role" else user(f"{n}_{who}", document)
        ways.add(what, text, f"aws_iam_{kind}.{n}_dev", f"aws_iam_{kind}.{n}_twin", f"aws_iam_role.{n}_app")
    n = f"trust{len(ways.rows)}"
    text = role(f"{n}_app", STRONG, trusts(f'{{ AWS = "{ACCOUNT}" }}'))
    for who, target in (("dev", f"{n}_app"), ("twin", "another")):
        text += user(f"{n}_{who}", statements(allow('"sts:AssumeRole"', arn("role", target))))
    ways.add("the account", text, f"aws_iam_user.{n}_dev", f"aws_iam_user.{n}_twin", f"aws_iam_role.{n}_app")


def _outside(ways):
    saml = f'{{ Federated = "arn:aws:iam::{ACCOUNT}:saml-provider/{{n}}" }}'
    oidc = f'{{ Federated = "arn:aws:iam::{ACCOUNT}:oidc-provider/{{n}}.example.com" }}'
    for what, principal, action, name in (
        ("saml", saml, "sts:AssumeRoleWithSAML", "saml/{n}"),
        ("oidc", oidc, "sts:AssumeRoleWithWebIdentity", "oidc/{n}.example.com"),
    ):
        n = f"out{len(ways.rows)}"
        text = role(f"{n}_app", STRONG, trusts(principal.replace("{n}", n), action))
        # A twin whose issuer may only call another action of STS.
        text += role(f"{n}_none", STRONG, trusts(principal.replace("{n}", f"{n}x"), "sts:TagSession"))
        outside = f"external/{name}"
        ways.add(what, text, outside.replace("{n}", n), outside.replace("{n}", f"{n}x"), f"aws_iam_role.{n}_app")
    n = f"out{len(ways.rows)}"
    body = 'name = "{n}"\n  role_arns = [aws_iam_role.{n}_app.arn]\n  session_policy = jsonencode({p})'
    text = role(f"{n}_app", STRONG, service("rolesanywhere")) + role(f"{n}x_app", STRONG, service("rolesanywhere"))
    text += block("aws_rolesanywhere_trust_anchor", "plant", 'name = "plant"')
    text += block("aws_rolesanywhere_profile", n, body.replace("{n}", n).replace("{p}", STRONG))
    narrow = statements(allow('"s3:GetObject"'))
    text += block("aws_rolesanywhere_profile", f"{n}x", body.replace("{n}", f"{n}x").replace("{p}", narrow))
    session = f"Session/aws_rolesanywhere_profile.{n}/aws_iam_role.{n}_app"
    ways.add("certificate", text, "external/certificate/plant", f"aws_rolesanywhere_profile.{n}x",
             f"aws_rolesanywhere_profile.{n}", session)  # fmt: skip


def _tagged(ways):
    n = f"tag{len(ways.rows)}"
    condition = '{ StringEquals = { "aws:PrincipalTag/team" = "ml" } }'
    document = statements(allow('"bedrock:InvokeModel"', condition=condition))
    named = f"Principal = {{ AWS = {arn('user', f'{n}_dev')} }}"
    other = f"Principal = {{ AWS = {arn('user', f'{n}_twin')} }}"
    both = statements(f'{{ Effect = "Allow", Action = ["sts:AssumeRole", "sts:TagSession"], {named} }}')
    plain = statements(f'{{ Effect = "Allow", Action = "sts:AssumeRole", {other} }}')
    nothing = statements(allow('"s3:ListAllMyBuckets"'))
    text = role(f"{n}_app", document, both) + role(f"{n}_plain", document, plain)
    text += user(f"{n}_dev", nothing) + user(f"{n}_twin", nothing)
    ways.add("session tags", text, f"aws_iam_user.{n}_dev", f"aws_iam_user.{n}_twin", f"aws_iam_role.{n}_app")


def everything():
    ways = Ways()
    for part in (_passed, _taken_over, _over, _given, _taken_off, _sets, _trusted, _outside, _tagged):
        part(ways)
    return ways


WAYS = everything()


@pytest.fixture(scope="module")
def edges(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ways")
    (folder / "main.tf").write_text("\n".join(WAYS.text))
    code, out, err = run("graph", str(folder), "--plane", "identity", "--format", "json")
    assert code == 0, err
    found = defaultdict(set)
    for edge in json.loads(out)["edges"]:
        found[edge["source"].partition(":")[2]].add((edge["target"].partition(":")[2], edge["state"]))
    return found


def test_every_row_of_the_tables_is_here():
    rows = sum(map(len, RUNNERS.values())) + sum(map(len, TAKEOVERS.values()))
    rows += sum(map(len, (OVER_ROLES, OVER_USERS, OVER_GROUPS, OVER_ISSUERS)))
    rows += sum(map(len, (TO_USER, TO_ROLE, TO_GROUP, TO_SET, OVER_SETS, TO_POLICY, TAGGING)))
    rows += sum(map(len, (*UNBOUND.values(), *UNDENIED.values())))
    assert len(WAYS.rows) == rows + 7


@pytest.mark.parametrize("what", sorted(WAYS.rows))
def test_a_way_and_its_twin(edges, what):
    source, twin, steps = WAYS.rows[what]
    at = source
    for step in steps:
        assert (step, "open") in edges[at], (at, step, sorted(edges[at])[:5])
        at = step
    assert twin not in edges or not _reaches(edges, twin), sorted(edges[twin])[:5]


def _reaches(edges, start):
    seen, todo = set(), [start]
    while todo:
        at = todo.pop()
        if at == MODELS:
            return True
        if at not in seen:
            seen.add(at)
            todo += [target for target, _ in edges.get(at, ())]
    return False
