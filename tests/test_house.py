"""The rules of the house that a machine can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scanner.catalogue import SECTIONS, RuleError, load, rules
from scanner.findings import COMMITMENTS
from scanner.tables import assertions
from tests.harness import ROOT

MODULES = sorted([*ROOT.glob("scanner/**/*.py"), *ROOT.glob("rules/*/*.py")])
RULE_FILES = sorted(ROOT.glob("rules/*/*.py"))
ALLOWED_IN_RULES = ("scanner.rule", "scanner.graph", "scanner.findings", "scanner.unknown", "scanner.profile")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_is_small_and_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "no module docstring"
    assert len(text.splitlines()) <= 300
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or 0) - node.lineno + 1
            doc = ast.get_docstring(node, clean=False)
            size -= len(doc.splitlines()) if doc else 0
            assert size <= 40, f"{node.name} has {size} lines"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_broad_handlers_stand_only_at_the_top_and_around_a_rule(path: Path) -> None:
    allowed = {"scanner/cli.py", "scanner/judge.py", "scanner/catalogue.py"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException")
            assert not broad or path.relative_to(ROOT).as_posix() in allowed


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_a_rule_imports_the_vocabulary_and_the_standard_library_alone(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            assert name.startswith(ALLOWED_IN_RULES) or name.split(".")[0] in sys.stdlib_module_names, name


def test_each_rule_is_an_assertion_of_its_commitment() -> None:
    known = {one.id: one.commitment for one in assertions()}
    for rule in rules():
        assert known[rule.assertion] == rule.commitment, rule.id


def test_every_commitment_has_a_rule() -> None:
    assert {rule.commitment for rule in rules()} == set(COMMITMENTS)


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_rule_without_a_section_is_refused(tmp_path: Path, heading: str) -> None:
    text = RULE_FILES[0].read_text()
    folder = tmp_path / RULE_FILES[0].parent.name
    folder.mkdir()
    (folder / "some_rule.py").write_text(text.replace(f"{heading}\n", "Something else\n"))
    with pytest.raises(RuleError, match=heading):
        load(folder / "some_rule.py")


def test_every_path_of_the_architecture_page_exists() -> None:
    for name in re.findall(
        r"`([a-z_]+/[a-z_/]*(?:\.py)?|[a-z_]+\.(?:py|toml))`", (ROOT / "ARCHITECTURE.md").read_text()
    ):
        assert (ROOT / name).exists(), name


def test_every_command_of_the_readme_is_one_of_the_program() -> None:
    text = (ROOT / "README.md").read_text()
    from tests.harness import run

    code, out, _ = run("--help")
    assert code == 0
    for command in set(re.findall(r"^tether (\w+)", text, re.MULTILINE)):
        assert re.search(rf"^\s+{command}\b|[{{,]{command}[,}}]", out, re.MULTILINE), command


def test_the_wheel_carries_the_rules_and_no_top_level_package_of_that_name(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    for rule in RULE_FILES:
        assert f"scanner/_rules/{rule.relative_to(ROOT / 'rules').as_posix()}" in names
    assert "scanner/_rules/tables/regions.json" in names
    assert {name.split("/")[0] for name in names} == {
        "scanner",
        next(n for n in names if ".dist-info" in n).split("/")[0],
    }
