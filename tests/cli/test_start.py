"""What the program loads before it knows what to do, and how it leaves."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.cli import COMMANDS, main
from scanner.errors import SettingsError, UsageError
from tests.harness import run

HEAVY = ("yaml", "hcl2", "lark", "boto3", "botocore", "kubernetes", "jsonschema", "scanner.tables", "scanner.scan")
PROBE = """
import json, sys
from scanner.cli import main
code = main(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def loaded(*arguments, cwd=None):
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, cwd=cwd, check=True
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    return code, set(modules)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["scan", "--help"], ["paths", "--help"], ["nothing"]])
def test_help_and_version_load_no_reader_and_no_table(arguments):
    _, modules = loaded(*arguments)
    assert not modules & set(HEAVY)
    assert "scanner.cli" in modules


def test_the_list_of_rules_loads_no_reader():
    code, modules = loaded("rules")
    assert code == 0
    assert not modules & {"yaml", "hcl2", "lark", "boto3", "kubernetes"}


def test_a_scan_of_files_loads_no_client_of_an_api(tmp_path):
    (tmp_path / "main.tf").write_text('resource "aws_s3_bucket" "a" {\n  bucket = "b"\n}\n')
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n")
    _, modules = loaded("scan", ".", cwd=tmp_path)
    assert "yaml" in modules
    assert not modules & {"boto3", "botocore", "kubernetes", "urllib3", "requests"}


BESIDE = ("__main__", "_distutils_hack", "tether_rules", "typing_extensions")
"""What is loaded with an interpreter, or by msgspec where it is installed; the rules are loaded by their own loader."""
HOOK = Path(__file__).with_name("hook_modules.txt")
"""The modules that a hook over Terraform may load, one on a line: what is not of the standard library costs most."""


def test_a_hook_over_terraform_loads_what_the_list_names(tmp_path):
    (tmp_path / "main.tf").write_text(
        'resource "aws_s3_bucket" "a" {\n  bucket = "b"\n}\nresource "aws_security_group" "g" {\n  name = "g"\n}\n'
    )
    for file in ("variables.tf", "outputs.tf"):
        (tmp_path / file).write_text('variable "x" {\n}\n' if file == "variables.tf" else "")
    _, modules = loaded("scan", ".", "--format", "short", "--allow-unproven", cwd=tmp_path)
    _, bare = loaded("--version")
    tops = {name.partition(".")[0] for name in modules | bare} - {*sys.stdlib_module_names, *BESIDE}
    ours = {name for name in modules | bare if name.startswith("scanner.")} | tops
    named = set(HOOK.read_text().split())
    assert ours - named == set(), "think twice: every commit pays for it"
    assert named - ours == set(), "take these off the list"


def test_version_and_help():
    assert run("--version") == (0, "tether 0.1.0\n", "")
    code, out, _ = run("--help")
    assert code == 0
    for name, what in COMMANDS.items():
        assert f"{name:<7}" in out
        assert what in out
        code, text, _ = run(name, "--help")
        assert (code, text.startswith(f"usage: tether {name}")) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "a command is missing"),
        (["scna"], "there is no command `scna`; did you mean `scan`?"),
        (["scan", "--formt", "text"], "unrecognized arguments: --formt"),
        (["scan", "--form", "text"], "unrecognized arguments"),
        (["scan", "--format", "sarf"], "invalid choice: 'sarf'"),
        (["scan", "gone"], "`gone` does not exist"),
        (["scan", "--as-of", "2027-1-1"], "is no date as 2027-01-31"),
        (["scan", "--as-of", "2027-02-30"], "is no date as 2027-01-31"),
        (["scan", "--var", "x"], "`x` is no NAME=VALUE"),
        (["scan", "--var-file", "gone.tfvars"], "`gone.tfvars` does not exist"),
        (["scan", "--profile", "gone.yaml"], "gone.yaml:1:1: cannot be read"),
        (["explain"], "the following arguments are required: RULE"),
        (["explain", "model-bypasses-safety-stak"], "did you mean `model-bypasses-safety-stack`?"),
        (["explain", "zzz"], "`tether rules` lists them"),
        (["\x1b[31m\nx"], "there is no command `\\x1b[31m\\x0ax`"),
        (["scan", "\x1b[31m"], "`\\x1b[31m` does not exist"),
    ],
)
def test_wrong_use_is_2_and_says_why(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert all(line.isprintable() for line in err.split("\n"))


def failing(monkeypatch, error):
    def scan(_request):
        raise error

    monkeypatch.setattr("scanner.scan.scan", scan)


def test_a_fault_is_4_without_a_traceback(monkeypatch, tmp_path):
    failing(monkeypatch, KeyError("\x1b[2Jwhat"))
    code, out, err = run("scan", str(tmp_path))
    assert (code, out) == (4, "")
    assert "a fault in Tether: KeyError" in err
    assert "please report it" in err
    assert "Traceback" not in err
    assert "\x1b" not in err
    code, _, err = run("scan", str(tmp_path), "-v")
    assert code == 4
    assert "Traceback" in err


@pytest.mark.parametrize(
    ("error", "code"),
    [(SettingsError("t:1:1: no"), 2), (UsageError("no"), 2), (KeyboardInterrupt(), 130), (BrokenPipeError(), 141)],
)
def test_how_a_run_ends(monkeypatch, tmp_path, error, code):
    failing(monkeypatch, error)
    assert run("scan", str(tmp_path))[0] == code


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    (tmp_path / "a.yaml").write_text("kind: [\n")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "scan", str(tmp_path)],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 3
    assert "Broken" not in done.stderr
    assert "fault" not in done.stderr


def test_an_ascii_terminal_gets_escapes(tmp_path):
    (tmp_path / "d\u00e9pl.yaml").write_text("kind: [\n")
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "scan", str(tmp_path)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        check=False,
    )
    assert done.returncode == 3
    assert b"d\\xe9pl.yaml" in done.stdout


def test_rules_and_their_pages():
    code, out, _ = run("rules", "--format", "json")
    listed = json.loads(out)
    assert (code, listed["schema"]) == (0, "tether.rules/1")
    code, text, _ = run("rules")
    assert code == 0
    for rule in listed["rules"]:
        assert f"  {rule['id']} " in text
        code, page, _ = run("explain", rule["id"])
        assert code == 0
        assert page.startswith(f"{rule['id']}\n\n")
        headings = ("Why it matters", "How to fix", "What it cannot see")
        assert sorted(headings, key=page.index) == list(headings)
        assert f"assertion   {rule['assertion']}\n" in page


def test_main_takes_a_command_line():
    assert main(["--version"]) == 0
