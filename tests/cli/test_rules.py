"""Rules of the organisation's own: run only where the user points, never out of what is scanned, and told apart."""

import json

import pytest

from scanner.catalogue import rule_digests, ruleset_sha256
from tests.harness import run

RULE = '''"""{title}

Why it matters
--------------
Because we say so.

How to fix
----------
Do not.

What it cannot see
------------------
Much.
"""
{more}
ASSERTION = "OWN-001"
SEVERITY = "high"


def check(case):
    for node in case.graph.nodes.values():
        case.examine(node, "seen")
        yield case.violated(node, f"`{{node.address}}` is not ours")
'''


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "main.tf").write_text('resource "aws_s3_bucket" "a" {\n  bucket = "b"\n}\n')
    return folder


def own(folder, text=None, name="not_ours", commitment="evidence"):
    path = folder / commitment / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(RULE.format(title="Not ours.", more="") if text is None else text)
    return folder


def test_a_rule_of_ones_own_is_judged_listed_and_explained(tree, tmp_path):
    folder = own(tmp_path / "own")
    code, out, _ = run("scan", str(tree), "--rules", str(folder), "--format", "json")
    assert code == 1
    report = json.loads(out)
    told = [one["message"] for one in report["findings"] if one["rule"] == "not-ours"]
    assert "`aws_s3_bucket.a` is not ours" in told
    assert "not-ours" in run("rules", "--rules", str(folder))[1]
    assert "Because we say so" in run("explain", "not-ours", "--rules", str(folder))[1]
    assert run("explain", "not-ours")[0] == 2


def test_rules_of_ones_own_are_in_the_digest_of_the_rules(tree, tmp_path):
    folder = own(tmp_path / "own")
    bare = json.loads(run("scan", str(tree), "--format", "json")[1])["ruleset"]["sha256"]
    first = json.loads(run("scan", str(tree), "--rules", str(folder), "--format", "json")[1])["ruleset"]["sha256"]
    own(folder, RULE.format(title="Another text.", more=""))
    assert len({bare, first, ruleset_sha256((folder,))}) == 3
    assert "+evidence/not_ours.py" in rule_digests((folder,))


BAD = {
    "no syntax": ("def", "SyntaxError"),
    "raises": (RULE.format(title="T.", more="1 / 0"), "ZeroDivisionError"),
    "leaves": (RULE.format(title="T.", more="raise SystemExit(0)"), "SystemExit"),
    "imports what is not there": (RULE.format(title="T.", more="import nothing_of_the_kind"), "ModuleNotFoundError"),
    "no page": ("ASSERTION = 'A'\n", "no section"),
    "no check": (RULE.format(title="T.", more="").replace("def check", "def czech"), "a function `check`"),
    "a severity of its own": (RULE.format(title="T.", more="").replace('"high"', '"huge"'), "SEVERITY is one of"),
    "bases of its own": (RULE.format(title="T.", more="BASES = ('guessed',)"), "BASES is some of"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("command", ["scan", "rules", "explain"])
def test_a_bad_rule_file_is_2_with_the_reason(tree, tmp_path, name, command):
    text, reason = BAD[name]
    folder = own(tmp_path / "own", text)
    what = {"scan": [str(tree)], "rules": [], "explain": ["model-not-approved"]}[command]
    code, out, err = run(command, *what, "--rules", str(folder))
    assert (code, out) == (2, "")
    assert "not_ours.py" in err
    assert reason in err


def test_other_mistakes(tree, tmp_path):
    cases = [
        (tmp_path / "gone", "is no folder"),
        (tmp_path / "tree", "has no rule"),
        (own(tmp_path / "a", commitment="nowhere"), "is no commitment"),
        (own(tmp_path / "b", name="model_not_approved", commitment="approved_models"), "already"),
        (own(tmp_path / "c", name="Not Ours"), "small letters"),
    ]
    for folder, reason in cases:
        code, _, err = run("rules", "--rules", str(folder))
        assert code == 2
        assert reason in err


def test_a_scanned_file_is_never_run(tree, tmp_path):
    ran = tmp_path / "ran"
    evil = RULE.format(title="T.", more=f"open({str(ran)!r}, 'w').close()")
    inside = own(tree / "own", evil)
    linked = tmp_path / "linked"
    linked.symlink_to(inside)
    outside = tmp_path / "outside"
    (outside / "evidence").mkdir(parents=True)
    (outside / "evidence/not_ours.py").symlink_to(inside / "evidence/not_ours.py")
    (tree / "by_link").symlink_to(own(tmp_path / "elsewhere", evil))
    for folder in (inside, linked, outside, tree / "by_link"):
        code, _, err = run("scan", str(tree), "--rules", str(folder))
        assert code == 2
        assert "no scanned file is run as a rule" in err
    assert not ran.exists()


def test_a_rule_that_leaves_is_a_rule_that_raised(tree, tmp_path):
    text = RULE.format(title="T.", more="").replace('case.examine(node, "seen")', "raise SystemExit(0)")
    code, out, _ = run("scan", str(tree), "--rules", str(own(tmp_path / "own", text)), "--format", "json")
    assert code == 3
    assert next(one for one in json.loads(out)["rules"] if one["id"] == "not-ours")["crashed"]
