"""Every violating case of AWS with its repaired twin in another account: what is right there repairs nothing here."""

from __future__ import annotations

import os
import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from scanner.builders.build import build
from scanner.catalogue import rules
from scanner.findings import Verdict
from scanner.judge import judge
from scanner.lock import Pins
from scanner.profile_file import load_profile
from scanner.sources.read import ReadRequest, read_all
from tests.harness import AS_OF, FIXTURES

STRIDE = int(os.environ.get("TETHER_STRIDE", "2"))
"""One case of so many is tried; with TETHER_STRIDE=1 all are."""
UNSURE = {"account-may-undo-its-safety"}
"""Rules to which a principal of the twin is one more of which nobody knows whether it undoes the stack."""
OWN, OTHER = "111122223333", "555566667777"
WHOLE = re.compile(r'^(?:provider "aws"|terraform) \{.*?^\}\n', re.MULTILINE | re.DOTALL)
REGION = re.compile(r'region\s*=\s*"([a-z0-9-]+)"')
TWIN = """
provider "aws" {{
  alias               = "twin"
  region              = "{region}"
  profile             = "twin"
  allowed_account_ids = ["{account}"]
}}
module "twin" {{
  source    = "./twin"
  providers = {{ aws = aws.twin }}
}}
"""


def of_aws_alone(case: Path) -> bool:
    """A case of Terraform code, with a repaired twin, and nothing beside it."""
    files = [path for path in case.rglob("*") if path.is_file() and path.name not in ("tether.yaml", "expected.txt")]
    code = "".join(path.read_text() for path in files if path.suffix == ".tf")
    return (
        all(path.parent == case and path.suffix == ".tf" for path in files)
        and '"aws_' in code
        and repaired(case).exists()
    )


def repaired(case: Path) -> Path:
    return case.with_name(case.name.replace("violates-", "complies-"))


CASES = [
    case
    for case in sorted(FIXTURES.glob("*/*/violates-*"))
    if of_aws_alone(case) and case.parent.name != "waiver-without-approval"  # of the profile alone
]


def verdict(folder: Path, rule: str) -> Verdict:
    profile = load_profile(folder / "tether.yaml", "tether.yaml")
    reading = read_all(ReadRequest(root=folder, paths=(folder,), units=profile.units, profile_dir=folder))
    assert not reading.unread
    wanted = [one for one in rules() if one.id == rule]
    # Some of what is violated is by the day of the scan.
    pins = Pins(profile=profile, lock=None, expected="", as_of=date.fromisoformat(AS_OF), rules={}, tables={})
    (result,) = judge(build(list(reading.resources), profile, pins).graph, profile, wanted, [], ["declared"]).rules
    assert not result.crashed, result.note
    return result.verdict


@pytest.mark.parametrize("case", CASES[::STRIDE], ids=lambda case: f"{case.parent.name}/{case.name}")
def test_what_is_right_in_another_account_repairs_nothing(case: Path, tmp_path: Path) -> None:
    folder = tmp_path / "root"
    shutil.copytree(case, folder)
    (folder / "twin").mkdir()
    for path in repaired(case).glob("*.tf"):
        (folder / "twin" / path.name).write_text(WHOLE.sub("", path.read_text()).replace(OWN, OTHER))
    code = "".join(path.read_text() for path in case.glob("*.tf"))
    region = REGION.search(code)
    (folder / "zz_twin.tf").write_text(TWIN.format(region=region[1] if region else "us-gov-west-1", account=OTHER))
    found = verdict(folder, case.parent.name)
    assert found is Verdict.VIOLATED or (found is Verdict.UNPROVEN and case.parent.name in UNSURE)
