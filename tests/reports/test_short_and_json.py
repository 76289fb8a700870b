"""One line a finding, and the JSON that is a published contract."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from scanner.findings import Subject
from scanner.reports.formats import render
from scanner.reports.view import View
from tests.changed import replace
from tests.reports.made import BYPASS, LIVE, MISSING, UNKNOWN, UNREAD, WAIVED, made
from tests.reports.test_text import hostile_report

SCHEMA = json.loads((Path(__file__).parents[2] / "scanner/schemas/report.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker(["date"]))
EVERYTHING = made(BYPASS, UNKNOWN, MISSING, LIVE, unread=(UNREAD,), waived=(WAIVED,), notes=("a note",))


def plain(report):
    return json.loads(render("json", report, View()))


def test_short_is_sorted_by_path_and_ends_with_the_verdicts():
    lines = render("short", EVERYTHING, View()).splitlines()
    assert lines[:5] == [
        "aws:sagemaker:ListEndpoints(arn:x): unproven[resource-outside-approved-places] the endpoint is a copy",
        "infra/network.tf:13:3: unproven[resource-outside-approved-places] the region of `aws_instance.gpu[0]` is not"
        " known: `var.region` has no value (and 2 more)",
        "infra/network.tf:13:23: violated[model-bypasses-safety-stack] pod `tenant-a/batch-runner` can call model"
        " `claude-gov` without the safety stack (waived)",
        "profile:tenants.agreed: unproven[gateway-open-to-strangers] no tenant is agreed: the profile has no"
        " `tenants.agreed`",
        "infra/broken.tf:3:7: unread `=` is missing",
    ]
    assert lines[5] == "cloud-only: unproven"
    assert lines[7] == "safety-path: VIOLATED (1 waived until 2027-01-31)"
    assert len(lines) == 14


def test_json_fits_its_schema():
    for report in (EVERYTHING, made(), hostile_report()):
        VALIDATOR.validate(plain(report))


def test_json_says_what_the_report_says():
    body = plain(EVERYTHING)
    assert (body["schema"], body["verdict"]) == ("tether.report/1", "violated")
    bypass, unknown, missing, live = body["findings"]
    assert bypass["fingerprint"] == BYPASS.fingerprint
    assert bypass["subject"]["origin"] == {"path": "k8s/batch.yaml", "line": 4, "column": 3}
    assert [hop["cut"] for hop in bypass["hops"]] == [False, True, False]
    assert unknown["decided_by"] == ["var.region"]
    assert missing["subject"]["origin"] is None
    assert live["subject"]["origin"]["api"]["scope"] == {"account": "1", "region": "r"}
    assert body["unread"] == [
        {
            "origin": {"path": "infra/broken.tf", "line": 3, "column": 7},
            "cause": "`=` is missing",
            "kind": "file",
            "remedy": "run `terraform fmt` on it",
        }
    ]
    holds = next(one for one in body["commitments"] if one["id"] == "no-edge")
    assert holds["certificate"]["reachability"][0]["closed"] == ["u:m", "u:s"]
    assert holds["certificate"]["checks"][0]["examined"] == [{"address": "u:m", "fact": "seen"}]
    assert "certificate" not in next(one for one in body["commitments"] if one["id"] == "safety-path")
    assert [one["path"] for one in body["inputs"]] == ["infra/network.tf", "k8s/batch.yaml", "k8s/vllm.yaml"]


def test_json_is_sorted_and_the_same_whatever_the_order_of_the_inputs():
    one = render("json", EVERYTHING, View())
    other = render("json", replace(EVERYTHING, inputs=dict(reversed(EVERYTHING.inputs.items()))), View())
    assert one == other == json.dumps(json.loads(one), indent=2, sort_keys=True) + "\n"


@given(st.text(st.characters(), max_size=20))
def test_any_text_gives_json_that_every_reader_takes(any_text):
    finding = replace(BYPASS, message=any_text, subject=Subject(any_text, any_text, any_text, None))
    shown = render("json", made(finding), View())
    assert shown.isascii()
    json.loads(shown)["findings"][0]["message"].encode("utf-8")


def test_a_byte_that_was_no_character_can_be_told_in_json():
    body = plain(made(replace(BYPASS, message="a\udcffb")))
    assert body["findings"][0]["message"] == "a\\udcffb"
