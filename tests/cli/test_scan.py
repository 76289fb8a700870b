"""`tether scan`: exit codes, formats and files, and whose settings count."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from scanner.builders.build import build
from scanner.commands.exit_code import outcome
from scanner.commands.output import Target, coloured, targets_of
from scanner.errors import UsageError
from scanner.findings import RuleResult, Verdict
from scanner.origin import FileOrigin
from scanner.profile import Profile
from scanner.resource import Attrs, Reading, Resource, Unread
from scanner.scan import Scanned
from tests.changed import replace
from tests.harness import run
from tests.reports.made import BYPASS, MISSING, UNKNOWN, UNREAD, WAIVED, made

MODULE = Unread(FileOrigin("a.tf", 1), "module `x` is not on disk", "module", "terraform get")
WAIVED_UNKNOWN = replace(WAIVED, fingerprint=UNKNOWN.fingerprint)
CRASHED = RuleResult("some-rule", "no-edge", Verdict.UNPROVEN, 0, "it raised", crashed=True)
NEEDS_LIVE = RuleResult(UNKNOWN.rule, UNKNOWN.commitment, Verdict.UNPROVEN, 0, "the profile requires a live scan")
CASES = {
    "holds": (made(), 0, 0),
    "violated": (made(BYPASS), 1, 1),
    "violated beside unread": (made(BYPASS, UNKNOWN, unread=(UNREAD,)), 1, 1),
    "waived": (made(BYPASS, waived=(WAIVED,)), 0, 0),
    "one waived of two": (made(BYPASS, replace(BYPASS, fix="", decided_by=("x",)), waived=(WAIVED,)), 1, 1),
    "unknown": (made(UNKNOWN), 3, 0),
    "unknown waived": (made(UNKNOWN, waived=(WAIVED_UNKNOWN,)), 0, 0),
    "violation waived beside unknown": (made(BYPASS, UNKNOWN, waived=(WAIVED,)), 3, 0),
    "unknown waived beside a basis that is required": (
        made(UNKNOWN, waived=(WAIVED_UNKNOWN,), rules=(NEEDS_LIVE,)),
        3,
        0,
    ),
    "missing key": (made(MISSING), 3, 0),
    "unread": (made(unread=(UNREAD,)), 3, 3),
    "unread and waived": (made(BYPASS, waived=(WAIVED,), unread=(UNREAD,)), 3, 3),
    "module": (made(unread=(MODULE,)), 3, 0),
    "crashed": (made(rules=(CRASHED,), verdicts={"no-edge": Verdict.UNPROVEN}), 3, 3),
    "no subject": (made(verdicts={"evidence": Verdict.UNPROVEN}), 3, 0),
}


@pytest.mark.parametrize("name", CASES)
def test_exit_codes(name):
    report, code, allowed = CASES[name]
    assert outcome(report, 7, allow_unproven=False).code == code
    lenient = outcome(report, 7, allow_unproven=True)
    assert lenient.code == allowed
    if allowed != code:
        assert lenient.message.startswith("let through by --allow-unproven: ")


@pytest.mark.parametrize("allow", [False, True])
def test_an_empty_scan_proves_nothing(allow):
    ended = outcome(made(), 0, allow_unproven=allow)
    assert ended.code == 3
    assert "nothing to scan" in ended.message


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_process_ends_with_the_code(monkeypatch, tmp_path, code):
    report = {0: made(), 1: made(BYPASS), 3: made(UNKNOWN)}[code]
    fake(monkeypatch, tmp_path, report)
    assert run("scan", str(tmp_path))[0] == code


def fake(monkeypatch, root, report):
    """Let the scan say `report`; the requests it is given are in the list that is returned."""
    seen = []
    one = Resource("aws_s3_bucket.a", "u", "aws_s3_bucket", "a", Attrs(), FileOrigin("a.tf", 1), "terraform")

    def scan(request):
        seen.append(request)
        reading = Reading(resources=[one], inputs=dict(report.inputs))
        return report, Scanned(root.resolve(), reading, build([], Profile()), Profile(), request)

    monkeypatch.setattr("scanner.scan.scan", scan)
    return seen


@pytest.mark.parametrize(
    ("given", "pairs"),
    [
        ([], [("text", None)]),
        ([("format", "json")], [("json", None)]),
        ([("output", "o")], [("text", "o")]),
        ([("format", "json"), ("output", "o"), ("format", "text")], [("json", "o"), ("text", None)]),
        ([("format", "text"), ("format", "json"), ("output", "o")], [("text", None), ("json", "o")]),
        ([("output", "o"), ("format", "json")], [("json", "o")]),
        (
            [("format", "json"), ("output", "a"), ("format", "short"), ("output", "b")],
            [("json", "a"), ("short", "b")],
        ),
        ([("format", "json"), ("output", "-"), ("format", "text"), ("output", "t")], [("json", None), ("text", "t")]),
    ],
)
def test_formats_and_files_in_pairs(given, pairs):
    assert targets_of(given) == [Target(name, None if path is None else Path(path)) for name, path in pairs]


@pytest.mark.parametrize(
    "given",
    [
        [("format", "json"), ("format", "text")],
        [("format", "json"), ("output", "a"), ("output", "b")],
        [("output", "a"), ("output", "b")],
        [("format", "json"), ("output", "a"), ("format", "text"), ("output", "a")],
        [("format", "json"), ("output", "-"), ("format", "text"), ("output", "-")],
    ],
)
def test_pairs_that_do_not_come_out(given):
    with pytest.raises(UsageError):
        targets_of(given)


def test_files_are_written_whole_and_readable(monkeypatch, tmp_path):
    fake(monkeypatch, tmp_path, made(BYPASS))
    old = os.umask(0o077)
    try:
        target, short = tmp_path / "r.json", tmp_path / "r.txt"
        arguments = ["--format", "json", "-o", str(target), "--format", "short", "-o", str(short), "--format", "text"]
        code, out, _ = run("scan", str(tmp_path), *arguments)
    finally:
        os.umask(old)
    assert code == 1
    assert json.loads(target.read_text())["verdict"] == "violated"
    assert "safety-path: VIOLATED\n" in short.read_text()
    assert out.startswith("error[model-bypasses-safety-stack]")
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.json", "r.txt"]


def test_a_file_that_cannot_be_written_leaves_nothing(monkeypatch, tmp_path):
    fake(monkeypatch, tmp_path, made())
    code, _, err = run("scan", str(tmp_path), "-o", str(tmp_path / "gone/r.txt"))
    assert code == 2
    assert "cannot be written" in err
    (tmp_path / "folder").mkdir()
    assert run("scan", str(tmp_path), "-o", str(tmp_path / "folder"))[0] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_result_never_overwrites_what_was_read(monkeypatch, tmp_path):
    fake(monkeypatch, tmp_path, made(inputs={"main.tf": "ab" * 32}))
    (tmp_path / "main.tf").write_text("# mine\n")
    code, _, err = run("scan", str(tmp_path), "-o", str(tmp_path / "main.tf"))
    assert code == 2
    assert "was read by this run" in err
    assert (tmp_path / "main.tf").read_text() == "# mine\n"


def test_a_scanned_file_never_grants_its_own_exemption(monkeypatch, tmp_path):
    tree, here = tmp_path / "tree", tmp_path / "here"
    tree.mkdir()
    here.mkdir()
    (tree / "tether.yaml").write_text("operators: []\n")
    monkeypatch.chdir(here)
    seen = fake(monkeypatch, tree, made())
    _, _, err = run("scan", str(tree))
    assert seen[-1].profile is None
    assert "tether.yaml` is scanned, not used as settings" in err
    assert run("scan", str(tree), "-q")[2] == ""
    run("scan", str(tree), "--profile", str(tree / "tether.yaml"))
    assert seen[-1].profile == tree / "tether.yaml"
    (here / "tether.yaml").write_text("operators: []\n")
    run("scan", str(tree))
    assert seen[-1].profile == Path("tether.yaml")


def test_the_settings_of_the_current_folder_are_used_without_a_note(monkeypatch, tmp_path):
    (tmp_path / "tether.yaml").write_text("operators: []\n")
    monkeypatch.chdir(tmp_path)
    seen = fake(monkeypatch, tmp_path, made())
    assert run("scan")[2] == ""
    assert (seen[-1].profile, seen[-1].paths) == (Path("tether.yaml"), (Path(),))


def test_what_the_request_carries(monkeypatch, tmp_path):
    seen = fake(monkeypatch, tmp_path, made())
    (tmp_path / "x.tfvars").write_text("")
    monkeypatch.setenv("TF_VAR_secret", "hunter2")
    arguments = ["--var", "a=1=2", "--var", "b=hunter2", "--var-file", str(tmp_path / "x.tfvars")]
    more = ["--as-of", "2026-11-01", "--workspace", "prod", "--format", "json"]
    _, out, _ = run("scan", str(tmp_path), *arguments, *more)
    request = seen[-1]
    assert request.variables == (("a", "1=2"), ("b", "hunter2"))
    assert ("TF_VAR_secret", "hunter2") in request.environ
    assert (request.as_of.isoformat(), request.workspace) == ("2026-11-01", "prod")
    assert "hunter2" not in out
    recorded = json.loads(json.loads(out)["run"]["request"])
    assert {"a", "b", "secret"} <= set(recorded["variables"])
    assert (recorded["paths"], recorded["var_files"]) == (["."], ["x.tfvars"])


def test_notes_go_to_stderr(monkeypatch, tmp_path):
    fake(monkeypatch, tmp_path, made(notes=("a waiver\nended",)))
    code, out, err = run("scan", str(tmp_path))
    assert (code, err) == (0, "tether: note: a waiver\\x0aended\n")
    assert "ended" not in out
    assert run("scan", str(tmp_path), "-q")[2] == ""


def test_allow_unproven_says_so(monkeypatch, tmp_path):
    fake(monkeypatch, tmp_path, made(UNKNOWN))
    code, _, err = run("scan", str(tmp_path), "--allow-unproven", "-q")
    assert (code, err) == (0, "tether: let through by --allow-unproven: 1 finding not proven\n")


def test_colour_only_on_a_terminal(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert coloured(True)
    assert not coloured(False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured(True)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not coloured(True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    assert not coloured(True)


def test_a_name_that_is_a_command_to_a_log_is_none(tmp_path):
    folder = tmp_path / "::set-output name=x::y"
    folder.mkdir()
    (folder / "a\nb\x1b[2J.yaml").write_text("kind: [\n")
    (folder / os.fsdecode(b"\xff.yaml")).write_text("kind: [\n")
    for name in ("text", "short", "json"):
        code, out, err = run("scan", str(tmp_path), "--format", name)
        assert code == 3
        for line in (out + err).split("\n"):
            assert line.isprintable()
            assert not line.lstrip().startswith("::")


def test_paths_and_options_in_any_order(monkeypatch, tmp_path):
    seen = fake(monkeypatch, tmp_path, made())
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    code, _, _ = run("scan", str(tmp_path / "a"), "--format", "short", str(tmp_path / "b"), "-q")
    assert code == 0
    assert seen[-1].paths == (tmp_path / "a", tmp_path / "b")
