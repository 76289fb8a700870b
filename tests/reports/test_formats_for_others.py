"""SARIF, JUnit, annotations, Code Quality and Markdown: valid, stable over moved lines, inert for hostile names."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from jsonschema import Draft4Validator

from scanner.findings import COMMITMENTS
from tests.harness import AS_OF, FIXTURES, ROOT, run

BROKEN = FIXTURES / "worlds" / "broken"
SCHEMA = json.loads((ROOT / "tests/schemas/sarif-schema-2.1.0.json").read_text())


def scan(folder: Path, form: str) -> str:
    code, out, err = run(
        "scan", str(folder), "--profile", str(folder / "tether.yaml"), "--as-of", AS_OF, "--format", form
    )
    assert code in (0, 1, 3), err
    return out


def copied(tmp_path: Path) -> Path:
    folder = tmp_path / "world"
    shutil.copytree(BROKEN, folder)
    return folder


@pytest.mark.parametrize("world", ["broken", "reference"])
def test_sarif_fits_the_official_schema(world: str) -> None:
    report = json.loads(scan(FIXTURES / "worlds" / world, "sarif"))
    assert list(Draft4Validator(SCHEMA).iter_errors(report)) == []


def test_sarif_with_unread_input_fits_and_says_so(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "k8s" / "rbac.yaml").write_text("kind: [")
    report = json.loads(scan(folder, "sarif"))
    assert list(Draft4Validator(SCHEMA).iter_errors(report)) == []
    invocation = report["runs"][0]["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert "not read" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_sarif_tells_a_path_as_a_code_flow() -> None:
    results = json.loads(scan(BROKEN, "sarif"))["runs"][0]["results"]
    one = next(one for one in results if one["ruleId"] == "model-bypasses-safety-stack")
    flow = one["codeFlows"][0]["threadFlows"][0]["locations"]
    names = [step["location"]["logicalLocations"][0]["fullyQualifiedName"] for step in flow]
    assert names[0] == "tenant-a/Deployment/assistant"
    assert names[-1] == "inference/Deployment/claude-gov"
    assert [step["importance"] for step in flow].count("essential") == 1
    assert one["kind"] == "fail"


def test_paths_are_relative_to_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copied(tmp_path)
    monkeypatch.chdir(tmp_path)
    run_of = json.loads(scan(folder, "sarif"))["runs"][0]
    places = list(found_in(run_of["results"], "artifactLocation"))
    assert places
    assert all(one["uri"].startswith("world/") and one["uriBaseId"] == "%SRCROOT%" for one in places)
    assert run_of["originalUriBaseIds"]["%SRCROOT%"]["uri"] == f"file://{tmp_path.resolve()}/"
    monkeypatch.chdir(folder / "k8s")
    places = found_in(json.loads(scan(folder, "sarif")), "artifactLocation")
    assert {one["uri"] for one in places if "uriBaseId" not in one} >= {
        (folder.resolve() / "terraform/cluster.tf").as_uri()
    }


def found_in(value: Any, key: str) -> list[Any]:
    """Every value below `key`, however deep."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    here = [value[key]] if isinstance(value, dict) and key in value else []
    return here + [one for part in inner for one in found_in(part, key)]


def test_fingerprints_survive_moved_lines(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    before = {one["partialFingerprints"]["tether/1"] for one in json.loads(scan(folder, "sarif"))["runs"][0]["results"]}
    for path in [*folder.rglob("*.tf"), *(folder / "k8s").glob("*.yaml")]:
        path.write_text("# one line more\n\n" + path.read_text())
    after = {one["partialFingerprints"]["tether/1"] for one in json.loads(scan(folder, "sarif"))["runs"][0]["results"]}
    assert before == after


def test_junit_counts_what_it_tells() -> None:
    top = fromstring(scan(BROKEN, "junit"))  # noqa: S314 - our own output
    suites = {suite.get("name"): suite for suite in top}
    assert list(suites) == [*COMMITMENTS, "inputs"]
    for suite in top:
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors", "")) == len(suite.findall("testcase/error"))
        assert int(suite.get("skipped", "")) == len(suite.findall("testcase/skipped"))
    assert all(int(suite.get("failures", "")) > 0 for suite in top if suite.get("name") != "inputs")


def test_junit_has_an_error_for_what_is_not_proved(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "tether.yaml").write_text("places: []\n")
    top = fromstring(scan(folder, "junit"))  # noqa: S314 - our own output
    assert top.findall(".//error")


def test_gitlab_has_the_documented_fields() -> None:
    entries = json.loads(scan(BROKEN, "gitlab"))
    assert entries
    for one in entries:
        assert set(one) == {"check_name", "description", "fingerprint", "severity", "location"}
        assert one["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert one["location"]["lines"]["begin"] >= 1
    assert len({one["fingerprint"] for one in entries}) == len(entries)


EVIL = "x%0A::error::pwned,file=a:b|`@team <script>alert(1)</script> ]]> ##[error]"


def hostile(tmp_path: Path) -> Path:
    folder = tmp_path / "evil"
    folder.mkdir()
    (folder / "tether.yaml").write_text("models: {approved: []}\n")
    name = json.dumps(EVIL + "\n::set-output name=x::y\x1b[31m\u202e")
    (folder / "m.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name + ", namespace: n}\n"
        "spec: {template: {spec: {containers: [{name: c, image: vllm/vllm-openai, args: ["
        + json.dumps("--model=acme/" + EVIL)
        + "]}]}}}\n"
    )
    return folder


@pytest.mark.parametrize("form", ["text", "short", "sarif", "junit", "github", "gitlab", "markdown"])
def test_hostile_names_stay_text(tmp_path: Path, form: str) -> None:
    out = scan(hostile(tmp_path), form)
    assert "pwned" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    if form in ("text", "short"):
        assert not re.search(r"^\s*::", out, re.MULTILINE)
    if form == "github":
        assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in out.splitlines())
        assert "%0A::error" not in out.replace("%250A", "")
        for line in out.splitlines():
            properties = line.split("::")[1].partition(" ")[2]
            assert set(re.findall(r"(?:^|,)(\w+)=", properties)) <= {
                *("file", "line", "col", "endLine", "endColumn", "title")
            }
    if form == "markdown":
        assert "<script>" not in re.sub(r"`[^`]*`", "", out)
        assert not re.search(r"(?<!`)@team", re.sub(r"`[^`]*`", "", out))
    if form == "junit":
        fromstring(out)  # noqa: S314 - our own output
    if form in ("sarif", "gitlab"):
        json.loads(out)
