"""The worlds of `fixtures/`, seeded into moto: the verdicts of their files, and no drift where there is none."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.sources.bundle import Bundle, read_bundle
from tests.bundle import reference
from tests.bundle.leanly import judged, leanly
from tests.harness import FIXTURES, run, run_scan
from tests.live.aws import HOME, NUMBER, PARTITION
from tests.live.planted import SERVED, planted

WORLDS = FIXTURES / "worlds"
OF_A_MOMENT = ("classifier-not-seen-running", "guardrail-behind-its-draft")


@pytest.fixture(scope="module", params=["reference", "broken"])
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The name of a world, and a folder with what was recorded of it."""
    name = str(request.param)
    folder = tmp_path_factory.mktemp(name)
    with planted(WORLDS / name) as (answers, _):
        code, _, err = run("collect", "--live", "aws", "--regions", HOME, "-o", str(folder / "aws.bundle"))
    assert code == 0, err
    assert len(answers.checked) > 8, "the answers that are not moto's were held against botocore's shapes"
    shutil.copytree(WORLDS / name / "k8s", folder / "k8s")
    (folder / "tether.yaml").write_text(reference.profile((WORLDS / name / "tether.yaml").read_text()))
    return name, folder


def test_a_seeded_world_has_the_verdicts_of_its_files(asked: tuple[str, Path]) -> None:
    name, folder = asked
    live, declared = run_scan(folder, "--bundle", str(folder / "aws.bundle")), run_scan(WORLDS / name)
    assert live["unread"] == []
    ours, theirs = ({one["id"]: one["verdict"] for one in each["rules"]} for each in (live, declared))
    for rule in OF_A_MOMENT:
        assert (ours.pop(rule), theirs.pop(rule)) == ("holds", "not-judged")
    assert ours == theirs
    assert found(live) == found(declared)
    assert verdicts(live) == verdicts(declared)


def test_what_nothing_leads_to_may_be_left_out(asked: tuple[str, Path], tmp_path: Path) -> None:
    name, folder = asked
    there = tmp_path / name
    shutil.copytree(folder, there)
    bundle = read_bundle(folder / "aws.bundle", "aws.bundle")
    assert isinstance(bundle, Bundle)
    made = leanly(list(bundle.calls), there)
    assert judged(there, made) == judged(there, list(bundle.calls))


def found(report: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(one["rule"], one["verdict"], one["subject"]["kind"]) for one in report["findings"]}


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {one["id"]: one["verdict"] for one in report["commitments"]}


def drift(name: str, bundle: Path, *more: str) -> dict[str, Any]:
    _, out, err = run("drift", str(WORLDS / name / "terraform"), "--bundle", str(bundle), "--format", "json", *more)
    assert out, err
    told: dict[str, Any] = json.loads(out)
    return told


def test_a_deployment_that_is_as_declared_has_no_drift(asked: tuple[str, Path]) -> None:
    name, folder = asked
    told = drift(name, folder / "aws.bundle")
    assert told["verdict"] == "none", told["drift"] + told["undecided"]
    assert told["counts"]["declared"] > 30


def test_a_profile_that_names_things_as_they_are_declared_means_the_same_things_live(
    asked: tuple[str, Path], tmp_path: Path
) -> None:
    name, folder = asked
    text = (WORLDS / name / "tether.yaml").read_text()
    unit = "    terraform: [terraform]\n"
    shutil.copytree(WORLDS / name, tmp_path / "world")
    (tmp_path / "world" / "tether.yaml").write_text(text.replace(unit, unit + "    live: [aws-us-gov]\n"))
    given = ("--profile", str(tmp_path / "world" / "tether.yaml"), "--bundle", str(folder / "aws.bundle"))
    _, out, err = run("drift", str(tmp_path / "world" / "terraform"), *given, "--format", "json")
    told = json.loads(out)
    assert told["drift"] == [], err
    # The files do not know that the identifier in a policy is that of the guardrail beside it.
    assert {one["detail"].split(" ")[0] for one in told["undecided"]} == {"Bound"}


def other(bundle: Path, into: Path, operation: str, change: Callable[[dict[str, Any]], None]) -> Path:
    """The bundle with the pages of one operation changed."""
    header, *lines = (json.loads(one) for one in gzip.decompress(bundle.read_bytes()).splitlines()[:-1])
    from scanner.sources.bundle import BundleWriter, Call  # noqa: PLC0415
    from scanner.sources.bundle.call import call_of  # noqa: PLC0415

    changed = 0
    with BundleWriter(into, version="test", at="2026-11-01T00:00:00Z") as writer:
        for one in lines:
            if one["operation"] == operation:
                for page in one["pages"]:
                    change(page)
                    changed += 1
            call = call_of(one)
            assert isinstance(call, Call)
            writer.add(call)
        writer.finish()
    assert header and changed
    return into


def opened(page: dict[str, Any]) -> None:
    every = {
        "Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"},
        "Permission": "READ",
    }
    page["Grants"].append(every)


def kept_by_writers(page: dict[str, Any]) -> None:
    page["OwnershipControls"]["Rules"][0]["ObjectOwnership"] = "ObjectWriter"


def sealed_otherwise(page: dict[str, Any]) -> None:
    rule = page["ServerSideEncryptionConfiguration"]["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    rule |= {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:aws-us-gov:kms:us-gov-west-1:999988887777:key/k"}


def suspended(page: dict[str, Any]) -> None:
    page["Status"] = "Suspended"


def other_subnets(page: dict[str, Any]) -> None:
    for table in page["RouteTables"]:
        own = [one for one in table["Associations"] if not one.get("Main")]
        for one in own[1:]:
            table["Associations"].remove(one)


def weaker(page: dict[str, Any]) -> None:
    page["contentPolicy"]["filters"][0]["outputStrength"] = "LOW"


def no_events(page: dict[str, Any]) -> None:
    for one in page["EventSelectors"]:
        one["IncludeManagementEvents"] = False


@pytest.mark.parametrize(
    ("operation", "change", "about"),
    [
        ("s3:GetBucketAcl", opened, "aws_s3_bucket_acl"),
        ("s3:GetBucketOwnershipControls", kept_by_writers, "aws_s3_bucket_ownership_controls"),
        ("s3:GetBucketEncryption", sealed_otherwise, "aws_s3_bucket_server_side_encryption_configuration"),
        ("s3:GetBucketVersioning", suspended, "aws_s3_bucket_versioning acme-gov-evidence"),
        ("ec2:DescribeRouteTables", other_subnets, "aws_route_table"),
        ("bedrock:GetGuardrail", weaker, "aws_bedrock_guardrail"),
        ("cloudtrail:GetEventSelectors", no_events, "aws_cloudtrail"),
    ],
    ids=lambda one: one if isinstance(one, str) and ":" in one else "",
)
def test_what_is_not_as_aws_makes_it_is_drift(
    asked: tuple[str, Path], tmp_path: Path, operation: str, change: Callable[[dict[str, Any]], None], about: str
) -> None:
    name, folder = asked
    if name == "reference":
        told = drift(name, other(folder / "aws.bundle", tmp_path / "other.bundle", operation, change))
        assert told["verdict"] == "drift"
        assert any(about in one["about"] for one in told["drift"]), told["drift"]


def test_what_is_declared_as_aws_would_make_it_and_is_not_there_is_drift(
    asked: tuple[str, Path], tmp_path: Path
) -> None:
    """A bucket of before 2023 has no ownership controls: that they are declared does not make them."""
    name, folder = asked
    if name == "reference":
        shutil.copytree(WORLDS / name / "terraform", tmp_path / "terraform")
        with (tmp_path / "terraform" / "weights.tf").open("a") as file:
            file.write(
                'resource "aws_s3_bucket_ownership_controls" "weights" {\n  bucket = aws_s3_bucket.weights.id\n'
                '  rule {\n    object_ownership = "BucketOwnerEnforced"\n  }\n}\n'
            )
        given = (str(tmp_path / "terraform"), "--format", "json", "--bundle")
        _, out, _ = run("drift", *given, str(folder / "aws.bundle"))
        assert json.loads(out)["verdict"] == "none", "it is declared, and it is there"
        gone = other(folder / "aws.bundle", tmp_path / "gone.bundle", "s3:GetBucketOwnershipControls", dict.clear)
        told = json.loads(run("drift", *given, str(gone))[1])
        assert any("aws_s3_bucket_ownership_controls" in one["about"] for one in told["drift"]), told


def beside(name: str, bundle: Path, *more: str) -> dict[str, Any]:
    """The report of a world's files beside a bundle."""
    report = run_scan(WORLDS / name, "--bundle", str(bundle), *more)
    assert report["unread"] == []
    return report


def test_files_and_bundle_of_a_world_give_its_verdicts_once(asked: tuple[str, Path], tmp_path: Path) -> None:
    """In one scan, with the profile of the files, and with one that calls things as the account does."""
    name, folder = asked
    bundle = folder / "aws.bundle"
    declared, both = run_scan(WORLDS / name), beside(name, bundle)
    assert verdicts(both) == verdicts(declared)
    assert {(one["rule"], one["subject"]["address"], one["verdict"]) for one in both["findings"]} == {
        (one["rule"], one["subject"]["address"], one["verdict"]) for one in declared["findings"]
    }, "no finding comes twice, and none is of a stranger"
    assert len(both["findings"]) == len(declared["findings"])
    drifted = {one["id"]: (one["verdict"], one["note"]) for one in both["rules"]}["live-differs-from-declared"]
    assert drifted == ("holds", "")
    alone = {one["id"]: (one["verdict"], one["note"]) for one in declared["rules"]}["live-differs-from-declared"]
    assert alone == ("not-judged", "needs a declared and a recorded or live scan")
    shutil.copytree(WORLDS / name, tmp_path / "world")
    unit = "    terraform: [terraform]\n"
    text = reference.profile((WORLDS / name / "tether.yaml").read_text())
    text = text.replace(f"    live: [{PARTITION}]\n", unit)
    (tmp_path / "world" / "tether.yaml").write_text(text)
    named = run_scan(tmp_path / "world", "--bundle", str(bundle))
    assert verdicts(named) == verdicts(declared)
    if name == "broken":
        cluster = next(one for one in both["findings"] if one["rule"] == "hybrid-node-joins-model-cluster")
        assert cluster["subject"]["origin"]["path"] == "terraform/cluster.tf"
        told = {(one["side"], one["origin"].get("api", {}).get("operation")) for one in cluster["twins"]}
        assert ("recorded", "eks:DescribeCluster") in told


def test_what_both_hold_is_verified_view_by_view(asked: tuple[str, Path], tmp_path: Path) -> None:
    name, folder = asked
    if name != "reference":
        return
    report = tmp_path / "report.json"
    body = beside(name, folder / "aws.bundle")
    assert set(verdicts(body).values()) == {"holds"}
    report.write_text(json.dumps(body))
    given = ("--root", str(WORLDS / name), "--profile", str(WORLDS / name / "tether.yaml"))
    given = (*given, "--bundle", str(folder / "aws.bundle"))
    assert run("verify", str(report), *given)[:2] == (0, run("verify", str(report), *given)[1])
    proof = next(one for one in body["commitments"] if one["id"] == "safety-path")["certificate"]
    views = {one["graph_sha256"] for part in ("reachability", "checks") for one in proof[part]}
    assert len(views) == 3, "nothing is declared that is not there: no view of an apply under way"
    gone = sorted(views)[0]
    for part in ("reachability", "checks"):
        proof[part] = [one for one in proof[part] if one["graph_sha256"] != gone]
    report.write_text(json.dumps(body))
    code, out, _ = run("verify", str(report), *given)
    assert (code, "no certificate speaks of the model" in out) == (1, True)


def test_what_only_one_side_breaks_is_broken(asked: tuple[str, Path], tmp_path: Path) -> None:
    name, folder = asked
    if name != "reference":
        return
    weak = other(folder / "aws.bundle", tmp_path / "weak.bundle", "bedrock:GetGuardrail", weaker)
    report = beside(name, weak)
    (finding,) = (one for one in report["findings"] if one["rule"] == "guardrail-filter-too-weak")
    assert (finding["verdict"], finding["seen"]) == ("violated", "in what is live")
    assert finding["subject"]["address"] == "module.bedrock.aws_bedrock_guardrail.acme"
    assert finding["subject"]["origin"]["api"]["operation"] == "bedrock:GetGuardrail"
    assert {one["side"] for one in finding["twins"]} == {"declared", "recorded"}
    (drifted,) = (one for one in report["findings"] if one["rule"] == "live-differs-from-declared")
    assert (drifted["verdict"], drifted["subject"]["address"]) == ("violated", finding["subject"]["address"])
    text = run("scan", str(WORLDS / name), "--profile", str(WORLDS / name / "tether.yaml"), "--bundle", str(weak))[1]
    assert "= seen: in what is live" in text
    assert "= declared: `module.bedrock.aws_bedrock_guardrail.acme` at terraform/modules/bedrock/main.tf:" in text
    shutil.copytree(WORLDS / name, tmp_path / "world")
    waiver = (
        "waivers:\n  - {rule: guardrail-filter-too-weak, subject: SUBJECT, reason: known, owner: a, approver: b,"
        " second_approver: c, expires: 2026-12-01}\n"
    )
    profile = tmp_path / "world" / "tether.yaml"
    settings = profile.read_text()
    arn = next(one for one in reference.NAMES.values() if ":guardrail/" in one)
    for subject in ("module.bedrock.aws_bedrock_guardrail.acme", arn):
        profile.write_text(settings + waiver.replace("SUBJECT", f'"{subject}"'))
        waived = run_scan(tmp_path / "world", "--bundle", str(weak))["waived"]
        assert [one["rule"] for one in waived] == ["guardrail-filter-too-weak"], subject


def test_either_name_asks_the_one_graph(asked: tuple[str, Path]) -> None:
    name, folder = asked
    if name != "reference":
        return
    given = (
        str(WORLDS / name),
        "--profile",
        str(WORLDS / name / "tether.yaml"),
        "--bundle",
        str(folder / "aws.bundle"),
    )
    role = f"arn:{PARTITION}:iam::{NUMBER}:role/safety-ops"
    for address in ("aws_iam_role.safety_ops", role):
        _, out, err = run("paths", *given, "--from", address, "--to", "role:guardrail")
        assert ") aws_iam_role.safety_ops" in out, out + err
        assert f") {role}\n" not in out.partition("\n")[2]
    _, out, _ = run("graph", *given)
    roles = [one["id"] for one in json.loads(out)["nodes"] if one["kind"] == "aws_iam_role"]
    assert roles == [one for one in roles if "arn:" not in one]
    assert len(roles) == 4
    named = {one["id"].partition(":")[2]: one.get("aliases") for one in json.loads(out)["nodes"]}
    assert named["aws_iam_role.safety_ops"] == [f"{PARTITION}:{role}"]
    _, out, _ = run("graph", *given, "--who-may", "bedrock:UpdateGuardrail", "arn:aws-us-gov:bedrock:*:*:guardrail/x")
    assert all(one["state"] in ("open", "possible") for one in json.loads(out)["edges"])


def test_moto_is_asked_for_what_it_serves(asked: tuple[str, Path]) -> None:
    _, folder = asked
    lines = [json.loads(one) for one in gzip.decompress((folder / "aws.bundle").read_bytes()).splitlines()[1:-1]]
    assert {one["operation"] for one in lines if one["operation"] in SERVED} >= SERVED - {"s3:GetBucketPolicy"}
    assert {one["outcome"] for one in lines} == {"read", "absent"}
