"""Names are those of an account: one name in two accounts is two things, in HCL and in a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.builders.identity_world import Built, allow, build, role, statements
from tests.bundle.estate import NUMBER, PARTITION, full, write
from tests.bundle.reference import role as recorded
from tests.bundle.reference import service, statement
from tests.bundle.test_same_graph import edges

A, B, ELSEWHERE = "111122223333", "444455556666", "999988887777"
MODELS = "bedrock/models"


def trust(who: str) -> str:
    return statements(f'{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {who} }}')


def of(alias: str, text: str) -> str:
    """The resources of a text, made with the provider of an alias."""
    return text.replace('" {\n', f'" {{\n  provider = aws.{alias}\n')


LAMBDA = trust('{ Service = "lambda.amazonaws.com" }')
CALLS = statements(allow('"bedrock:InvokeModel"'))
ASSUMES = statements(allow('"sts:AssumeRole"'))
SAME = 'name               = "x"'
PROVIDERS = f"""
provider "aws" {{
  alias               = "a"
  region              = "us-east-1"
  allowed_account_ids = ["{A}"]
}}
provider "aws" {{
  alias               = "b"
  region              = "us-east-1"
  allowed_account_ids = ["{B}"]
}}
provider "aws" {{
  alias   = "c"
  region  = "us-east-1"
  profile = "other"
}}
"""


def named(label: str, name: str, document: str, trusted: str) -> str:
    return role(label, document, trusted).replace(f'name               = "{label}"', f'name = "{name}"')


def function(name: str, arn: str) -> str:
    return f"""
resource "aws_lambda_function" "{name}" {{
  function_name = "{name}"
  role          = "{arn}"
}}
"""


def arn(account: str, name: str = "gateway") -> str:
    return f"arn:aws:iam::{account}:role/{name}"


HCL = "".join(
    (
        PROVIDERS,
        of("a", named("mine", "gateway", CALLS, LAMBDA)),
        of("b", named("theirs", "gateway", ASSUMES, LAMBDA)),
        of("c", named("late", "late", ASSUMES, LAMBDA)),
        of("a", function("a", arn(A))),
        of("a", function("b", arn(B))),
        of("a", function("none", arn(ELSEWHERE))),
        of("a", function("perhaps", arn(B, "late"))),
        of("a", role("target", CALLS, trust(f'{{ AWS = "{arn(B)}" }}'))),
        of("a", role("foreign", CALLS, trust(f'{{ AWS = "{arn(ELSEWHERE)}" }}'))),
        of("a", role("unsure", CALLS, trust(f'{{ AWS = "{arn(B, "late")}" }}'))),
        of("a", role("whole", CALLS, trust(f'{{ AWS = "arn:aws:iam::{B}:root" }}'))),
        of("a", role("other", CALLS, trust(f'{{ AWS = "{ELSEWHERE}" }}'))),
        of("b", f'resource "aws_iam_role_policy" "named" {{\n  role = "gateway"\n  policy = jsonencode({CALLS})\n}}\n'),
        of("a", 'resource "aws_iam_policy" "p" {\n  name = "calls"\n  policy = jsonencode(' + CALLS + ")\n}\n"),
        of("a", role("reader", ASSUMES, LAMBDA)),
        of("b", role("stranger", ASSUMES, LAMBDA)),
        *(
            f'resource "aws_iam_role_policy_attachment" "{one}" {{\n  role = aws_iam_role.{one}.name\n'
            f'  policy_arn = "arn:aws:iam::{A}:policy/calls"\n}}\n'
            for one in ("reader",)
        ),
        f'resource "aws_iam_role_policy_attachment" "stranger" {{\n  role = aws_iam_role.stranger.name\n'
        f'  policy_arn = "arn:aws:iam::{B}:policy/calls"\n}}\n',
    )
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(tmp_path_factory.mktemp("homes"), {"main.tf": HCL})


def became(built: Built, target: str) -> dict[str, str]:
    """Who can become a role, and how certainly."""
    return {
        edge.source.partition(":")[2].removeprefix("external/"): str(edge.state)
        for edge in built.graph.edges
        if edge.verb == "become" and edge.target.endswith(f":aws_iam_role.{target}")
    }


def test_a_role_by_its_arn_is_that_of_the_account(built: Built) -> None:
    assert became(built, "mine") == {"aws_lambda_function.a": "open"}
    assert became(built, "theirs") == {"aws_lambda_function.b": "open"}


def test_a_role_whose_account_is_not_known_may_be_meant(built: Built) -> None:
    assert became(built, "late") == {"aws_lambda_function.perhaps": "possible"}
    assert became(built, "unsure") == {
        "aws_iam_role.late": "possible", f"aws-account/{B}/role/late": "possible",
    }  # fmt: skip


def test_a_trust_policy_names_the_role_of_an_account(built: Built) -> None:
    assert became(built, "target") == {"aws_iam_role.theirs": "open"}
    assert became(built, "foreign") == {f"aws-account/{ELSEWHERE}/role/gateway": "open"}


def test_a_trusted_account_is_that_of_its_own_principals(built: Built) -> None:
    """Roles of the account that may assume one are named; the account is as well, unless IAM was asked for them."""
    whole = became(built, "whole")
    assert whole["aws_iam_role.theirs"] == "open"
    assert "aws_iam_role.mine" not in whole
    assert whole[f"aws-account/{B}"] == "open"  # files may leave some of its principals out
    assert became(built, "other") == {f"aws-account/{ELSEWHERE}": "open"}


def test_a_name_is_looked_for_in_the_account_that_says_it(built: Built) -> None:
    """A policy put to `gateway` in the one account does not give the role of the other anything."""
    assert built.edge("aws_iam_role.theirs", MODELS).state == "open"
    assert built.edge("aws_iam_role.reader", MODELS).state == "open"
    stranger = built.edge("aws_iam_role.stranger", MODELS)
    assert stranger.state == "possible" and "policy/calls" in stranger.because


def recorded_account(account: str, *roles: dict[str, Any], **more: Any) -> list[Any]:
    own = [{**one, "Arn": one["Arn"].replace(NUMBER, account)} for one in roles]
    return full({("iam:GetAccountAuthorizationDetails", ""): {"RoleDetailList": own}, **more}, account=account)


def trusts(who: str) -> dict[str, Any]:
    return statement(Action="sts:AssumeRole", Principal={"AWS": who})


def test_an_organisation_with_one_name_in_two_accounts(tmp_path: Path) -> None:
    """Who trusts the role of one account does not trust that of the other; nor one of an account nobody read."""
    gov = f"arn:{PARTITION}:iam::"
    calls = {"calls": statement(Action="bedrock:InvokeModel", Resource="*")}
    assumes = {"assumes": statement(Action="sts:AssumeRole", Resource="*")}
    own = recorded("gateway", service("none.amazonaws.com"), assumes)
    mine = recorded_account(
        NUMBER, own, recorded("there", trusts(f"{gov}{B}:role/gateway"), calls),
        recorded("gone", trusts(f"{gov}{ELSEWHERE}:role/gateway"), calls),
        recorded("account", trusts(f"{gov}{B}:root"), calls),
    )  # fmt: skip
    (tmp_path / "tether.yaml").write_text(
        f"places: [{{provider: aws, accounts: ['{NUMBER}', '{B}', '{ELSEWHERE}'], regions: [us-gov-west-1]}}]\n"
    )
    path = write(tmp_path / "bundle", [*mine, *recorded_account(B, own)])
    found = {(one[3], one[4], one[2]) for one in edges(tmp_path, "--bundle", str(path)) if one[1] == "become"}
    ways = {(source, target.rpartition("/")[2], state) for source, target, state in found}
    assert ways == {
        (f"{gov}{B}:role/gateway", "there", "open"),
        (f"external/aws-account/{ELSEWHERE}/role/gateway", "gone", "open"),
        (f"{gov}{B}:role/gateway", "account", "open"),
    }


def test_a_file_that_names_a_recorded_role_by_its_arn_means_it(tmp_path: Path) -> None:
    """What runs as a role of a recorded account becomes it, and not the role of its name in another."""
    gov = f"arn:{PARTITION}:iam::"
    calls = {"calls": statement(Action="bedrock:InvokeModel", Resource="*")}
    own = recorded("gateway", service("lambda.amazonaws.com"), calls)
    bundle = write(tmp_path / "bundle", [*recorded_account(NUMBER, own), *recorded_account(B, own)])
    (tmp_path / "main.tf").write_text(function("caller", f"{gov}{B}:role/gateway"))
    (tmp_path / "tether.yaml").write_text("models: {}\n")
    found = edges(tmp_path, "--bundle", str(bundle))
    ways = {(one[3], one[4], one[2]) for one in found if one[1] == "become"}
    assert ways == {("aws_lambda_function.caller", f"{gov}{B}:role/gateway", "open")}
