"""What the profile names and nobody looked at: one of two folders of a unit, and one of two who asked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.bundle.estate import full, write
from tests.harness import AS_OF, FIXTURES, run, run_scan, seen

RULE = "scan-leaves-places-out"
CASES = FIXTURES / "evidence" / RULE
TERRAFORM = 'resource "aws_s3_bucket" "b" {\n  bucket = "b"\n}\n'
CALL = 'module "m" {\n  source = "../m"\n}\n'
SETTINGS = "units: [{name: prod, terraform: [a, b]}]\n"


def folders(tmp_path: Path, **texts: str) -> str:
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / ("main.tf" if text else "README")).write_text(text)
    (tmp_path / "tether.yaml").write_text(SETTINGS)
    return seen(run_scan(tmp_path), RULE)


def test_each_folder_of_a_unit_counts(tmp_path: Path) -> None:
    assert "b: nothing of it was read" in folders(tmp_path, a=TERRAFORM, b="")


def test_a_folder_that_calls_a_module_was_looked_at(tmp_path: Path) -> None:
    assert "nothing of it was read" not in folders(tmp_path, a=TERRAFORM, b=CALL, m=TERRAFORM)


def test_a_policy_whose_text_no_answer_has_may_give_anything(tmp_path: Path) -> None:
    copy = tmp_path / "case"
    shutil.copytree(CASES / "complies-role-stops-the-trail", copy)
    told = (copy / "bundle.json").read_text()
    assert "PolicyDocument" in told
    (copy / "bundle.json").write_text(told.replace('"PolicyDocument"', '"PolicyText"'))
    assert seen(run_scan(copy), RULE).startswith(f"{RULE}: unproven")


def test_each_of_two_who_asked_one_account_counts(tmp_path: Path) -> None:
    """Shares of one scan, of which one was asked by the root of the account, in either order."""
    case = CASES / "complies-role-stops-the-trail"
    ((account, page),) = json.loads((case / "bundle.json").read_text()).items()
    answers = {(key, ""): one for key, one in page.items()}
    root = {"Account": account, "Arn": f"arn:aws-us-gov:iam::{account}:root", "UserId": account}
    bundles = [
        write(tmp_path / "reader", full(answers, account=account)),
        write(tmp_path / "root", full({**answers, ("sts:GetCallerIdentity", ""): root}, account=account)),
    ]
    for order in (bundles, bundles[::-1]):
        given = [word for one in order for word in ("--bundle", str(one))]
        settings = ("--profile", str(case / "tether.yaml"), "--as-of", AS_OF, "--format", "json")
        _, out, err = run("scan", *given, *settings)
        assert out, err
        assert "which may do anything" in seen(json.loads(out), RULE)
