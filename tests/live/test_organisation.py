"""A scan of an organisation: its accounts, the way into each, and the regions that it closes or switches off."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from scanner.sources.aws.live_accounts import session_policies
from scanner.sources.aws.lost import CLOSED
from scanner.tables import aws_operations
from tests.harness import run
from tests.live.aws import DENIED, HOME, NUMBER, OFF, OTHER, PARTITION
from tests.live.organisation import ACCOUNTS, BARRED, MEMBER, SERVICES, WHOLE, Organisation


@pytest.fixture(scope="module")
def collected(organisation: Organisation, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path, str]:
    path = tmp_path_factory.mktemp("bundle") / "all.bundle"
    code, _, err = run("collect", "--live", "aws", *WHOLE, "-o", str(path))
    return code, path, err


def calls(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()][1:-1]


def test_every_account_that_can_be_used_is_asked(collected: tuple[int, Path, str]) -> None:
    code, path, err = collected
    assert code == 3
    assert {one["scope"]["account"] for one in calls(path)} == {NUMBER, MEMBER, BARRED}
    assert f"the role in account {BARRED} cannot be assumed (AccessDeniedException)" in err
    made = {one["outcome"] for one in calls(path) if one["scope"]["account"] == BARRED}
    assert made == {"failed"} and err.count(BARRED) == 2, "one line for all of it"
    read = {one["scope"]["account"] for one in calls(path) if one["outcome"] == "read"}
    assert read == {NUMBER, MEMBER}


def test_a_role_is_assumed_for_the_reads_of_a_scan_and_nothing_else(
    organisation: Organisation, collected: tuple[int, Path, str]
) -> None:
    """In sessions by groups of services: a policy for all of them would be too long."""
    taken = [asked for name, asked, _ in organisation.made if name == "sts:AssumeRole"]
    assert {one["ExternalId"] for one in taken} == {"x-1"}
    assert {one["RoleArn"] for one in taken} == {
        f"arn:{PARTITION}:iam::{number}:role/audit/tether" for number in (MEMBER, BARRED)
    }
    mine = [one["Policy"] for one in taken if MEMBER in one["RoleArn"]]
    assert mine and set(mine) == {policy for services, policy in session_policies() if services & SERVICES}


def test_each_service_is_asked_in_the_session_that_allows_it() -> None:
    for services, policy in session_policies():
        allowed = set(json.loads(policy)["Statement"][0]["Action"])
        rows = [row for row in aws_operations() if row.service in services]
        assert {one for row in rows for one in (row.action, *row.also)} == allowed
    every = [service for services, _ in session_policies() for service in services]
    assert sorted(every) == sorted({row.service for row in aws_operations()})
    assert all(len(policy) <= 2048 for _, policy in session_policies())


def test_regions_are_told_by_the_account_where_ec2_is_closed(collected: tuple[int, Path, str]) -> None:
    """What stands for it was answered, so that nothing is lost; a region that is being switched off is still on."""
    mine = [one for one in calls(collected[1]) if one["scope"]["account"] == MEMBER]
    assert {one["scope"]["region"] for one in mine} == {"global", HOME, OTHER, OFF}
    assert {one["outcome"] for one in mine if one["scope"]["region"] == OFF} == {"region-off"}
    assert "which regions are on" not in collected[2]
    own = [one for one in calls(collected[1]) if one["scope"]["account"] == NUMBER]
    assert "account:ListRegions" not in {one["operation"] for one in own}, "asked only where EC2 does not tell"


def test_a_region_that_the_organisation_closes_is_told_apart_from_what_is_denied(
    organisation: Organisation, collected: tuple[int, Path, str]
) -> None:
    """Once many services are refused, the others are tried once each; what the policy excepts is read."""
    there = [
        one for one in calls(collected[1]) if one["scope"]["region"] == OTHER and one["scope"]["account"] == MEMBER
    ]
    read = {one["operation"].partition(":")[0] for one in there if one["outcome"] == "read"}
    assert read == {"kms", "directconnect"}
    assert any(one["outcome"] == "not-asked" and one["cause"] == CLOSED for one in there)
    assert {one["outcome"] for one in there} == {"read", "denied-by-organisation", "not-asked"}
    said = [line for line in collected[2].splitlines() if MEMBER in line and OTHER in line]
    assert len(said) == 1 and f"{CLOSED} ({OTHER}): what was made there before is not known" in said[0]
    assert "aws:PrincipalArn" in said[0]
    spared = {one["operation"] for one in there if one["outcome"] == "not-asked"}
    asked = {name for name, _, region in organisation.made if region == OTHER}
    assert len(spared) > 3 and not spared & asked


def test_a_resumed_run_asks_again_for_regions_that_were_off_or_closed(
    organisation: Organisation, collected: tuple[int, Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = collected[1].with_name("again.bundle")
    path.write_bytes(collected[1].read_bytes())
    on = {"Regions": [{"RegionName": one, "OptInStatus": "opted-in"} for one in (HOME, OFF)]}
    monkeypatch.setitem(organisation.given, "ec2:DescribeRegions", on)
    before = len(organisation.made)
    run("collect", "--live", "aws", *WHOLE, "-o", str(path), "--resume", "-q")
    again = organisation.made[before:]
    assert {region for name, _, region in again if name == "ec2:DescribeVpcs"} == {OFF, OTHER}
    assert not [name for name, _, region in again if region == HOME and name == "iam:ListSAMLProviders"]
    code, out, _ = run("scan", "--bundle", str(path), "--format", "json")
    assert code == 3
    assert not [one for one in json.loads(out)["assumptions"] if f"{OFF} is switched off in account {NUMBER}" in one]


def test_an_organisation_that_may_not_be_listed_is_2_and_no_file(organisation: Organisation, tmp_path: Path) -> None:
    """A scan of the own account alone would look like one of them all."""
    organisation.given["organizations:ListAccounts"] = DENIED
    code, _, err = run("collect", "--live", "aws", *WHOLE, "-o", str(tmp_path / "x"))
    organisation.given["organizations:ListAccounts"] = ACCOUNTS
    assert code == 2 and "cannot be listed (AccessDeniedException)" in err
    assert not (tmp_path / "x").exists()


def test_a_role_can_be_assumed_as_it_is(organisation: Organisation, tmp_path: Path) -> None:
    before = len(organisation.made)
    more = ("--accounts", BARRED, "--role", "tether", "--no-session-policy")
    assert run("collect", "--live", "aws", *more, "-o", str(tmp_path / "x"), "-q")[0] == 3
    taken = [asked for name, asked, _ in organisation.made[before:] if name == "sts:AssumeRole"]
    assert taken and not any("Policy" in one or "ExternalId" in one for one in taken)


@pytest.mark.parametrize("more", [("--accounts", "organization"), ("--no-session-policy",)])
def test_an_organisation_needs_a_role(tmp_path: Path, more: tuple[str, ...]) -> None:
    assert run("collect", "--live", "aws", *more, "-o", str(tmp_path / "x"))[0] == 2
