"""What each format for machines says of made reports, and that no name in one acts on its reader."""

from __future__ import annotations

import json
import re
from io import StringIO
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from scanner.findings import Report, RuleResult, Subject, Verdict
from scanner.reports.formats import render
from scanner.reports.github import SHOWN
from scanner.reports.markdown import MOST, ROOM, code, escaped, sentence
from scanner.reports.view import View
from tests.changed import replace
from tests.harness import ROOT
from tests.reports.made import BYPASS, LIVE, MISSING, UNKNOWN, UNREAD, WAIVED, made
from tests.reports.test_text import hostile_report

SARIF = Draft4Validator(json.loads((ROOT / "tests/schemas/sarif-schema-2.1.0.json").read_text()))
JUNIT = xmlschema.XMLSchema(str(ROOT / "tests/schemas/junit.xsd"))
CRASHED = RuleResult("edge-layer-in-model-cluster", "no-edge", Verdict.UNPROVEN, 0, "it raised", crashed=True)
EVERYTHING = made(BYPASS, UNKNOWN, MISSING, LIVE, unread=(UNREAD,), waived=(WAIVED,))
CRASH = replace(made(UNKNOWN), rules=(*made(UNKNOWN).rules, CRASHED))
REPORTS = {
    "everything": EVERYTHING,
    "nothing": made(),
    "crash": CRASH,
    "hostile": hostile_report(),
    "contract": made(replace(BYPASS, rule="contract:tenants-pass-the-proxy")),
}


def sarif(report: Report, **view: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(render("sarif", report, View(**view)))["runs"][0]
    return body


@pytest.mark.parametrize("name", REPORTS)
def test_sarif_fits_the_official_schema(name: str) -> None:
    for view in (View(), View(known=frozenset({BYPASS.fingerprint}), exit_code=3)):
        body = json.loads(render("sarif", REPORTS[name], view))
        assert [one.message for one in SARIF.iter_errors(body)] == []


@pytest.mark.parametrize("name", REPORTS)
def test_sarif_rules_are_found_by_their_index(name: str) -> None:
    body = sarif(REPORTS[name])
    rules = body["tool"]["driver"]["rules"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in body["results"])
    assert all({"shortDescription", "fullDescription", "help"} <= set(rule) for rule in rules)
    assert all("security-severity" not in rule.get("properties", {}) for rule in rules)


def test_sarif_tells_what_is_violated_from_what_is_open() -> None:
    bypass, unknown, missing, live = sarif(EVERYTHING)["results"]
    assert (bypass["kind"], bypass["level"]) == ("fail", "error")
    assert {(one["kind"], one["level"]) for one in (unknown, missing, live)} == {("open", "none")}
    assert bypass["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "moves in March (ml-platform, until 2027-01-31)"}
    ]
    assert "suppressions" not in unknown
    assert unknown["properties"]["decidedBy"] == ["var.region"]


def test_every_sarif_result_has_a_place_in_a_file() -> None:
    """One without lets code scanning refuse the whole report."""
    results = sarif(EVERYTHING)["results"]
    uris = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results]
    assert uris == ["infra/network.tf", "infra/network.tf", "tether.yaml", "tether.yaml"]
    named = sarif(replace(made(MISSING), profile_path="config/prod.yaml"))["results"][0]
    assert named["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "config/prod.yaml"


def test_a_sarif_path_has_its_hops_twice_as_flow_and_as_related_places() -> None:
    bypass = sarif(EVERYTHING)["results"][0]
    flow = [one["location"] for one in bypass["codeFlows"][0]["threadFlows"][0]["locations"]]
    assert [one["physicalLocation"]["region"]["startLine"] for one in flow] == [4, 13, 22]
    assert flow[1]["physicalLocation"]["region"] == {
        "startLine": 13,
        "startColumn": 23,
        "endLine": 13,
        "endColumn": 35,
    }
    related = bypass["relatedLocations"]
    assert [one["id"] for one in related] == [1, 2, 3]
    assert related[2]["message"]["text"] == "(3) inference/Deployment/vllm: the model is served here"


def test_the_sarif_invocation_tells_what_went_wrong() -> None:
    one = sarif(EVERYTHING, exit_code=1)["invocations"][0]
    assert (one["executionSuccessful"], one["exitCode"]) == (False, 1)
    (note,) = one["toolExecutionNotifications"]
    assert note["level"] == "error"
    assert note["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "infra/broken.tf"
    crash = sarif(CRASH)
    (told,) = crash["invocations"][0]["toolExecutionNotifications"]
    assert crash["invocations"][0]["executionSuccessful"] is False
    assert crash["tool"]["driver"]["rules"][told["associatedRule"]["index"]]["id"] == CRASHED.id
    template = sarif(made(unread=(replace(UNREAD, kind="template"),)))["invocations"][0]
    assert (template["executionSuccessful"], template["toolExecutionNotifications"][0]["level"]) == (True, "warning")
    assert "exitCode" not in sarif(made())["invocations"][0]


def test_sarif_says_what_the_baseline_has() -> None:
    body = sarif(made(BYPASS, UNKNOWN), known=frozenset({BYPASS.fingerprint}))
    assert [one["baselineState"] for one in body["results"]] == ["unchanged", "new"]
    assert "baselineState" not in sarif(made(BYPASS))["results"][0]


def test_no_name_makes_a_link_in_a_sarif_message() -> None:
    finding = replace(BYPASS, message="see [here](https://evil.example) and `a[0]`", fix="[x](1)")
    text = sarif(made(finding))["results"][0]["message"]["text"]
    assert text == "see \\[here](https://evil.example) and `a[0]`\nfix: \\[x](1)"


def junit(report: Report, **view: Any) -> Element:
    return fromstring(render("junit", report, View(**view)))  # noqa: S314 - our own output


@pytest.mark.parametrize("name", REPORTS)
def test_junit_fits_its_schema(name: str) -> None:
    shown = render("junit", REPORTS[name], View())
    assert [one.reason for one in JUNIT.iter_errors(StringIO(shown))] == []


def case(top: Element, name: str) -> Element:
    found = [one for one in top.iter("testcase") if one.get("name") == name]
    assert len(found) == 1, name
    return found[0]


def test_junit_tells_verdicts_apart() -> None:
    top = junit(made(BYPASS, UNKNOWN))
    failure = case(top, BYPASS.rule).find("failure")
    assert failure is not None
    assert failure.get("message") == BYPASS.message
    assert "(2) service inference/vllm:8000 infra/network.tf:13:23: admits the whole VPC" in (failure.text or "")
    assert case(top, UNKNOWN.rule).find("error") is not None
    waived = junit(made(BYPASS, waived=(WAIVED,)))
    assert case(waived, BYPASS.rule).find("failure") is None
    assert case(waived, BYPASS.rule).find("skipped") is not None
    assert case(junit(made(BYPASS), known=frozenset({BYPASS.fingerprint})), BYPASS.rule).find("skipped") is not None


def test_nothing_judged_and_nothing_read_is_no_success_in_junit() -> None:
    report = replace(
        made(verdicts={"evidence": Verdict.UNPROVEN}),
        rules=(RuleResult("inference-not-logged", "evidence", Verdict.NOT_JUDGED, 0, "nothing was read"),),
    )
    assert case(junit(report), "something to judge").find("error") is not None
    unread = case(junit(made(unread=(UNREAD,))), "infra/broken.tf:3:7").find("error")
    assert unread is not None
    assert unread.get("message") == "`=` is missing"


@given(st.text(st.characters(), max_size=30))
def test_any_text_is_well_formed_and_valid_in_junit(text: str) -> None:
    finding = replace(BYPASS, message=text, fix=text, subject=Subject(text, text, text, None), decided_by=(text,))
    shown = render("junit", made(finding), View())
    assert JUNIT.is_valid(StringIO(shown))


def command(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner reads it."""
    assert line.startswith("::")
    head, _, data = line[2:].partition("::")
    level, _, settings = head.partition(" ")
    pairs = [one.partition("=") for one in settings.split(",") if one]
    for old, new in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        data = data.replace(old, new)
    properties = {}
    for name, _, value in pairs:
        for old, new in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            value = value.replace(old, new)
        properties[name] = value
    return level, properties, data


def annotations(report: Report, **view: Any) -> list[tuple[str, dict[str, str], str]]:
    lines = render("github", report, View(**view)).splitlines()
    return [command(line) for line in lines if line.startswith("::")]


def test_github_levels_and_places() -> None:
    told = annotations(EVERYTHING)
    assert [(level, at.get("title"), at.get("file"), at.get("line")) for level, at, _ in told] == [
        ("notice", "tether: violated", None, None),
        ("error", "not read", "infra/broken.tf", "3"),
        ("notice", BYPASS.rule, "infra/network.tf", "13"),
        ("warning", UNKNOWN.rule, "infra/network.tf", "13"),
        ("warning", MISSING.rule, None, None),
        ("warning", LIVE.rule, None, None),
    ]
    level, at, text = annotations(made(BYPASS))[1]
    assert (level, at["col"], at["endLine"], at["endColumn"]) == ("error", "23", "13", "35")
    assert text.splitlines()[0] == BYPASS.message
    assert "(2) service inference/vllm:8000 infra/network.tf:13:23: admits" in text
    assert annotations(made(BYPASS), known=frozenset({BYPASS.fingerprint}))[1][0] == "notice"


def test_what_github_does_not_show_is_counted() -> None:
    many = [replace(BYPASS, decided_by=(str(number),)) for number in range(SHOWN + 3)]
    shown = render("github", made(*many), View())
    assert shown.count("::error ") == SHOWN + 3
    assert f"3 of level error beyond the {SHOWN} that GitHub shows" in shown
    assert "beyond" not in render("github", made(*many[:SHOWN]), View())


@given(st.text(max_size=40))
def test_the_runner_reads_back_what_was_written(text: str) -> None:
    finding = replace(BYPASS, message=text, rule=text, fix="", hops=())
    lines = render("github", made(finding), View()).splitlines()
    assert len(lines) == 2
    level, at, data = command(lines[1])
    assert (level, set(at)) == ("error", {"file", "line", "col", "title"})
    assert at["title"] == data
    assert "\n" not in data


def gitlab(report: Report) -> list[dict[str, Any]]:
    body: list[dict[str, Any]] = json.loads(render("gitlab", report, View()))
    return body


@pytest.mark.parametrize("name", REPORTS)
def test_gitlab_entries_have_the_documented_fields(name: str) -> None:
    entries = gitlab(REPORTS[name])
    for one in entries:
        assert set(one) == {"check_name", "description", "fingerprint", "severity", "location"}
        assert one["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert re.fullmatch("[0-9a-f]{32}", one["fingerprint"])
        assert one["location"]["lines"]["begin"] >= 1
        assert not one["location"]["path"].startswith("./")
    assert len({one["fingerprint"] for one in entries}) == len(entries)


def test_gitlab_leaves_out_what_is_waived_and_keeps_what_was_not_read() -> None:
    assert [(one["check_name"], one["severity"], one["location"]["path"]) for one in gitlab(EVERYTHING)] == [
        (UNKNOWN.rule, "info", "infra/network.tf"),
        (MISSING.rule, "info", "tether.yaml"),
        (LIVE.rule, "info", "tether.yaml"),
        ("unread", "blocker", "infra/broken.tf"),
    ]
    assert gitlab(made(BYPASS))[0]["severity"] == "blocker"
    twice = gitlab(made(unread=(UNREAD, UNREAD)))
    assert len({one["fingerprint"] for one in twice}) == 2
    assert [one["check_name"] for one in gitlab(CRASH)] == [UNKNOWN.rule, CRASHED.id]


def markdown(report: Report, **view: Any) -> str:
    return render("markdown", report, View(**view))


def test_markdown_has_verdicts_paths_and_what_was_not_read() -> None:
    shown = markdown(EVERYTHING)
    assert shown.startswith("## Tether: violated\n\n| commitment | verdict | |\n|---|---|---|\n| cloud-only |")
    assert "| safety-path | VIOLATED (1 waived until 2027-01-31) | 1 kinds |" in shown
    assert "**Not read**\n\n- `infra/broken.tf:3:7`: '=' is missing\n" in shown
    assert BYPASS.message not in shown
    path = markdown(made(BYPASS))
    assert "<details><summary>3 hops, network plane</summary>\n\n1. `deployment tenant-a/batch-runner` " in path
    assert "admits the whole VPC; the gateway is 10.0.40.0/24 ← cut here\n" in path
    assert path.count("<details>") == path.count("</details>") == 1
    assert "**Rules that raised**\n\n- `edge-layer-in-model-cluster`: it raised\n" in markdown(CRASH)


def test_markdown_fits_into_a_comment() -> None:
    many = [replace(BYPASS, decided_by=(str(number),)) for number in range(MOST + 5)]
    assert "… and 5 findings more." in markdown(made(*many))
    hop = replace(BYPASS.hops[0], because="x" * 5_000)
    wide = markdown(made(*(replace(one, hops=(hop,) * 400) for one in many)))
    assert len(wide) < ROOM + 10_000
    assert "findings more." in wide


def test_what_is_new_comes_before_what_is_known_in_markdown() -> None:
    shown = markdown(made(BYPASS, UNKNOWN), known=frozenset({BYPASS.fingerprint}))
    assert shown.index(UNKNOWN.rule) < shown.index(f"**{BYPASS.rule}**")
    assert "(known to the baseline)" in shown
    assert "1 finding known to the baseline, 1 not" in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@team #1 GH-1", "@&#8288;team \\#&#8288;1 GH-&#8288;1"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("[x](https://e.example) ![y](z)", "\\[x\\](https://&#8288;e.example) !\\[y\\](z)"),
        ("www.example.com", "www.&#8288;example.com"),
        ("a|b*c_d~e`f\\g", "a\\|b\\*c\\_d\\~e'f\\\\g"),
        ("- item", "\\- item"),
        ("&amp;", "&amp;amp;"),
        ("a\nb\u202e", "a\\\\x0ab\\\\u202e"),
    ],
)
def test_text_is_inert_in_markdown(text: str, shown: str) -> None:
    assert escaped(text) == shown


@given(st.text(max_size=60))
def test_any_text_is_one_line_and_stays_in_its_span(text: str) -> None:
    for made_of in (escaped(text), sentence(text), code(text)):
        assert "\n" not in made_of
        outside = re.sub("`[^`]*`", "", made_of)
        assert "`" not in outside
        assert "<" not in outside
        assert not re.search(r"@\S", outside.replace("@&#8288;", ""))
        assert not re.search(r"(?<!\\)(\\\\)*[\[\]*_~|]", outside.replace("&#8288;", ""))
