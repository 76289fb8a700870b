"""`--` ends the options: what follows is a path, whatever it looks like."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import run


@pytest.mark.parametrize("name", ["-q", "--profile=x", "--help"])
def test_a_path_that_looks_like_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run("scan", "--", name)
    assert code == 2
    assert name in err
    (tmp_path / name).mkdir()
    (tmp_path / name / "main.tf").write_text('resource "aws_vpc" "v" {\n  cidr_block = "10.0.0.0/16"\n}\n')
    code, out, _ = run("scan", "--format", "short", "--", name)
    assert code == 3
    assert "cloud-only: unproven" in out
