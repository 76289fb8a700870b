"""`tether verify`: a report that is true agrees; every other one is told from it."""

import copy
import json
import os
import shutil
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from scanner.builders.build import Built
from scanner.commands.verify_checks import disagreements
from scanner.commands.verify_judged import differing
from scanner.findings import CommitmentResult, Verdict
from scanner.graph.certificate import Examined, certify
from scanner.graph.graph import Graph
from scanner.graph.model import Edge, Node, Plane, Role
from scanner.graph.search import reach
from scanner.profile import Profile
from scanner.reports.report_json import plain_report
from scanner.resource import Reading
from scanner.scan import Request, Scanned, scan
from tests.harness import AS_OF, FIXTURES, run
from tests.reports.made import made


@pytest.fixture
def world(tmp_path):
    """A copy of the reference deployment and its report."""
    root = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds/reference", root)
    return root, report_of(root, tmp_path / "report.json")


def report_of(root, target, *more):
    profile = ("--profile", str(root / "tether.yaml"))
    code, _, err = run("scan", str(root), *profile, "--as-of", AS_OF, "--format", "json", "-o", str(target), *more)
    assert code in (0, 1, 3), err
    return target


def test_a_true_report_agrees_wherever_the_files_are(world, tmp_path):
    root, report = world
    code, out, err = run("verify", str(report), "--root", str(root))
    assert (code, err) == (0, "")
    assert out.startswith("the report agrees: ")
    root.rename(tmp_path / "elsewhere")
    assert run("verify", str(report), "--root", str(tmp_path / "elsewhere"))[0] == 0


def test_changed_new_and_missing_inputs_are_named(world):
    root, report = world
    files = [one["path"] for one in json.loads(report.read_text())["inputs"] if one["path"].endswith(".tf")]
    (root / files[0]).write_text((root / files[0]).read_text() + "\n# touched\n")
    (root / files[1]).unlink()
    (root / "terraform/new.tf").write_text("locals { a = 1 }\n")
    code, out, _ = run("verify", str(report), "--root", str(root))
    assert code == 1
    assert f"input `{files[0]}` has changed" in out
    assert f"input `{files[1]}` is not there any more" in out
    assert "input `terraform/new.tf` was not read by the scan" in out


def test_another_profile_is_told(world):
    root, report = world
    (root / "tether.yaml").write_text((root / "tether.yaml").read_text() + "platform: [x]\n")
    code, out, _ = run("verify", str(report), "--root", str(root))
    assert code == 1
    assert "the profile is another one" in out


def test_variables_must_be_given_again(world, tmp_path):
    root, _ = world
    report = report_of(root, tmp_path / "with.json", "--var", "unused=hunter2")
    assert "hunter2" not in report.read_text()
    code, _, err = run("verify", str(report), "--root", str(root))
    assert code == 2
    assert "the variable `unused` was given to the scan: give it again" in err
    assert run("verify", str(report), "--root", str(root), "--var", "unused=hunter2")[0] == 0


def test_inputs_that_cannot_be_read_are_3(world, tmp_path):
    _, report = world
    code, _, err = run("verify", str(report), "--root", str(tmp_path / "gone"))
    assert code == 3
    assert "cannot be read" in err


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "[" * 100_000,
        '{"schema": "tether.report/2"}',
        '{"schema": "tether.report/1"}',
        '{"schema": "tether.report/1", "run": {}, "profile": {}, "commitments": [1], "inputs": [], "unread": []}',
        '{"schema": "tether.report/1", "run": {}, "profile": {}, "commitments": [], "inputs": [], "unread": [],'
        ' "findings": []}',
        '{"schema": "tether.report/1", "run": {"request": "{\\"paths\\": [\\"../x\\"]}"}, "profile": {},'
        ' "commitments": [], "inputs": [], "unread": [], "findings": []}',
        '{"schema": "tether.report/1", "run": {"request": "{\\"paths\\": 3}"}, "profile": {},'
        ' "commitments": [], "inputs": [], "unread": [], "findings": []}',
        '{"schema": "tether.report/1", "run": {}, "profile": {}, "inputs": [], "unread": [], "findings": [],'
        ' "commitments": [{"id": "a", "verdict": "holds", "certificate": {"checks": [{}], "reachability": []}}]}',
        '{"schema": "tether.report/1", "run": {}, "profile": {}, "inputs": [], "unread": [], "findings": [],'
        ' "commitments": [{"id": "a", "verdict": "holds", "certificate":'
        ' {"checks": [], "reachability": [{"allowed": 5}]}}]}',
    ],
)
def test_a_malformed_report_is_2(tmp_path, text):
    (tmp_path / "r.json").write_text(text)
    code, out, err = run("verify", str(tmp_path / "r.json"), "--root", str(tmp_path))
    assert (code, out) == (2, "")
    assert err.startswith("tether: ")


def node(address, *roles):
    return Node(
        f"u:{address}", "Deployment", address, address, roles=frozenset(roles), actor=not address.startswith("s")
    )


def small(*extra):
    """gateway -> service -> model, an app apart, and a report that proves it."""
    nodes = [node("gateway", Role.GATEWAY), node("svc"), node("model", Role.MODEL), node("app")]
    pairs = [("gateway", "svc"), ("svc", "model"), *extra]
    edges = [Edge(f"u:{a}", f"u:{b}", Plane.NETWORK, "reach", "open") for a, b in pairs]
    graph = Graph.of(nodes, edges)
    scanned = Scanned(Path(), Reading(inputs={"a.tf": "ab" * 32}), Built(graph, (), (), (), {}), Profile(), None)
    return graph, scanned


def proven():
    graph, scanned = small()
    found = reach(graph, ["u:model"], [Plane.NETWORK], allowed=lambda one: Role.GATEWAY in one.roles)
    proof = (certify("none but the gateway", graph, found), Examined("all", (("u:model", "seen"),), graph.digest))
    holds = CommitmentResult("safety-path", Verdict.HOLDS, ("declared",), 1, "", proof)
    report = made(commitments=(holds,), inputs={"a.tf": "ab" * 32})
    return json.loads(json.dumps(plain_report(report))), scanned


def closure(report):
    return report["commitments"][0]["certificate"]["reachability"][0]


def test_a_proof_that_stands():
    report, scanned = proven()
    assert disagreements(report, scanned) == []


FORGERIES = {
    "a stranger is allowed": (lambda r: closure(r)["allowed"].append("u:app"), "`u:app` may not stand there"),
    "the service is left out": (lambda r: closure(r)["closed"].remove("u:svc"), "u:svc leads into u:model"),
    "the model is left out": (
        lambda r: r["commitments"][0]["certificate"].update(checks=[], reachability=[dict(closure(r), targets=[])]),
        "no certificate speaks of the model `u:model`",
    ),
    "another graph": (lambda r: closure(r).update(graph_sha256="0" * 64), "the graph is not the one"),
    "something invented was examined": (
        lambda r: r["commitments"][0]["certificate"]["checks"][0]["examined"].append({"address": "u:x", "fact": "f"}),
        "`u:x` was examined and is not in the graph",
    ),
    "no certificate": (lambda r: r["commitments"][0].pop("certificate"), "without a certificate"),
    "an input of other content": (lambda r: r["inputs"][0].update(sha256="0" * 64), "input `a.tf` has changed"),
    "a finding against it": (
        lambda r: r["findings"].append({"commitment": "safety-path", "verdict": "violated"}),
        "beside findings against it",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_report_is_told(name):
    report, scanned = proven()
    forge, message = FORGERIES[name]
    forged = copy.deepcopy(report)
    forge(forged)
    assert any(message in one for one in disagreements(forged, scanned)), disagreements(forged, scanned)


def test_a_way_that_opened_since_is_told():
    report, _ = proven()
    _, scanned = small(("app", "svc"))
    wrong = disagreements(report, scanned)
    assert any("u:app leads into u:svc" in one for one in wrong)
    assert any("the graph is not the one" in one for one in wrong)


def test_an_unread_file_that_the_report_hides_is_told(world):
    root, report = world
    (root / "terraform/broken.tf").write_text("resource {\n")
    fresh = report_of(root, report.with_name("fresh.json"))
    assert run("verify", str(fresh), "--root", str(root))[0] == 0
    body = json.loads(fresh.read_text())
    assert body["unread"], "a broken file is unread"
    body["unread"] = []
    fresh.write_text(json.dumps(body))
    code, out, _ = run("verify", str(fresh), "--root", str(root))
    assert code == 1
    assert "not read, and not in the report: terraform/broken.tf" in out


BROKEN = FIXTURES / "worlds/broken"


@cache
def judged():
    """The report of the broken world, and what a second run of it says."""
    request = Request(paths=(BROKEN,), as_of=date.fromisoformat(AS_OF), profile=BROKEN / "tether.yaml")
    report, scanned = scan(request)
    return plain_report(report), report, scanned


def all_forged(report):
    """Every promise is said to hold, each with a certificate of the true graph that names what it should."""
    _, _, scanned = judged()
    examined = [{"address": name, "fact": "f"} for name in scanned.built.graph.nodes]
    check = {"goal": "g", "graph_sha256": scanned.built.graph.digest, "examined": examined}
    for one in report["commitments"]:
        one.update(verdict="holds", certificate={"reachability": [], "checks": [check]})
    report.update(verdict="holds", findings=[])


UNJUDGED = {
    "nothing": (lambda r: None, None),
    "every promise, with a certificate": (all_forged, "no-edge: it is said to be holds: judged again, it is violated"),
    "the whole": (lambda r: r.update(verdict="holds"), "the verdict is said to be holds"),
    "a promise is left out": (lambda r: r["commitments"].pop(0), "cloud-only: the report leaves it out"),
    "a promise twice": (lambda r: r["commitments"].append(r["commitments"][0]), "has one twice"),
    "a rule": (lambda r: r["rules"][0].update(verdict="x"), "it is said to be x"),
    "a finding is left out": (lambda r: r["findings"].pop(), "the report has not, or has otherwise"),
    "a finding is another": (lambda r: r["findings"][0].update(message="m"), "has what is not found again: m"),
    "a waiver": (lambda r: r["waived"].append({}), "`waived` of the report"),
    "a basis": (lambda r: r["scope"].update(basis=["live"]), "`scope` of the report"),
    "other rules": (lambda r: r["ruleset"].update(sha256="0"), "it was judged by other rules"),
    "another day": (lambda r: r["run"].update(as_of="2020-01-01"), "it is said to be as of 2020-01-01"),
}


@pytest.mark.parametrize("name", UNJUDGED)
def test_what_no_certificate_shows_is_judged_again(name):
    forge, message = UNJUDGED[name]
    report, again, scanned = judged()
    forged = copy.deepcopy(report)
    forge(forged)
    assert disagreements(forged, scanned) == [], "the certificates alone do not tell"
    wrong = list(differing(forged, again))
    assert any(message in one for one in wrong) if message else wrong == []


def test_a_forged_judgement_is_told_by_the_command(tmp_path):
    body = copy.deepcopy(judged()[0])
    body["run"]["request"] = json.dumps({"paths": [""], "profile": "tether.yaml", "as_of": AS_OF})
    (tmp_path / "true.json").write_text(json.dumps(body))
    all_forged(body)
    (tmp_path / "forged.json").write_text(json.dumps(body))
    assert run("verify", str(tmp_path / "true.json"), "--root", str(BROKEN))[0] == 0
    assert run("verify", str(tmp_path / "forged.json"), "--root", str(BROKEN))[0] == 1


def test_the_environment_counts_as_given(world, monkeypatch):
    root, report = world
    monkeypatch.setitem(os.environ, "TF_VAR_new", "1")
    code, _, err = run("verify", str(report), "--root", str(root))
    assert code == 2
    assert "the variable `new` was not given to the scan" in err


def test_a_profile_from_elsewhere(world, tmp_path):
    root, _ = world
    protected = tmp_path / "protected.yaml"
    (root / "tether.yaml").rename(protected)
    report = tmp_path / "outside.json"
    arguments = ("--profile", str(protected), "--as-of", AS_OF, "--format", "json", "-o", str(report))
    assert run("scan", str(root), *arguments)[0] in (0, 1, 3)
    assert run("verify", str(report), "--root", str(root))[0] == 0
    moved = protected.rename(tmp_path / "moved.yaml")
    assert run("verify", str(report), "--root", str(root), "--profile", str(moved))[0] == 0
