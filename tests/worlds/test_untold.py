"""What the profile names in a file that was not read may be what is live under another name: then it is no stranger."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bundle.estate import full, write
from tests.bundle.reference import answers
from tests.harness import AS_OF, FIXTURES, run

WORLD = FIXTURES / "worlds" / "reference"
BROKEN = "resource {{{\n"
IDENTITY = "terraform/identity.tf"
INTRUDER = """
resource "aws_iam_role" "intruder" {
  name               = "NAME"
  assume_role_policy = jsonencode({
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}
resource "aws_iam_role_policy" "intruder" {
  role   = aws_iam_role.intruder.id
  name   = "all"
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "bedrock:UpdateGuardrail", Resource = "*" }] })
}
"""
CONTROL = "outsider-controls-safety-stack"


def told(tmp_path: Path, *edits: tuple[str, Callable[[str], str]]) -> tuple[int, list[dict[str, Any]]]:
    """The exit code, and the findings, of the world with some files edited beside its recording."""
    world = tmp_path / "world"
    shutil.copytree(WORLD, world)
    for name, edit in edits:
        (world / name).write_text(edit((world / name).read_text()))
    bundle = write(tmp_path / "aws.bundle", full(answers()))
    given = ("--bundle", str(bundle), "--profile", str(world / "tether.yaml"), "--as-of", AS_OF, "--format", "json")
    code, out, _ = run("scan", str(world), *given)
    return code, json.loads(out)["findings"]


def broken(_: str) -> str:
    return BROKEN


def violated(findings: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(one["rule"], one["subject"]["address"]) for one in findings if one["verdict"] == "violated"}


@pytest.mark.parametrize("names", [(IDENTITY, "terraform/modules/bedrock/main.tf"), ("terraform/main.tf",)])
def test_what_may_be_named_in_a_file_that_was_not_read_is_no_stranger(names: tuple[str, ...], tmp_path: Path) -> None:
    code, findings = told(tmp_path, *((name, broken) for name in names))
    assert (code, violated(findings)) == (3, set())
    if IDENTITY in names:
        (mine,) = [
            one for one in findings if one["rule"] == CONTROL and one["subject"]["address"].endswith("safety-ops")
        ]
        entries = "`aws_iam_role.gateway` or `aws_iam_role.safety_ops` of the profile"
        assert f"whether `{mine['subject']['address']}` is {entries}" in mine["decided_by"]


def test_a_stranger_that_was_read_stays_one(tmp_path: Path) -> None:
    edits = ((IDENTITY, broken), ("terraform/weights.tf", lambda text: text + INTRUDER.replace("NAME", "safety-ops")))
    code, findings = told(tmp_path, *edits)
    assert (code, violated(findings)) == (1, {(CONTROL, "aws_iam_role.intruder")})


def test_where_every_file_was_read_an_entry_that_names_nothing_makes_nobody_known(tmp_path: Path) -> None:
    code, findings = told(tmp_path, ("tether.yaml", lambda text: text.replace("iam_role.safety_ops", "iam_role.gone")))
    assert code == 1
    assert (CONTROL, "aws_iam_role.safety_ops") in violated(findings)


@pytest.mark.parametrize("name", ['"safety-ops"', '"${each.key}-ops"'])
def test_one_of_those_whose_number_is_not_known_may_be_the_one_that_is_named(name: str, tmp_path: Path) -> None:
    several = 'variable "who" {}\nresource "aws_iam_role" "safety_ops" {\n  for_each = toset(var.who)'
    code, findings = told(
        tmp_path,
        (
            IDENTITY,
            lambda text: (
                text.replace("aws_iam_role.safety_ops.", 'aws_iam_role.safety_ops["x"].')
                .replace('resource "aws_iam_role" "safety_ops" {', several)
                .replace('name = "safety-ops"', f"name = {name}")
            ),
        ),
        ("tether.yaml", lambda text: text.replace("- aws_iam_role.safety_ops", '- aws_iam_role.safety_ops["x"]')),
    )
    assert (code, violated(findings)) == (3, set())
