"""What tests share: the command line as a function, and what a user sees of one rule."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from scanner.cli import main

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
AS_OF = "2026-11-01"


def run(*arguments: str) -> tuple[int, str, str]:
    """`tether ARGUMENTS`: exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(arguments))
    return code, out.getvalue(), err.getvalue()


def run_scan(folder: Path, *more: str) -> dict[str, Any]:
    """The JSON report of a folder judged with its own `tether.yaml`; a `tether.lock.in` is made a lock first."""
    if (folder / "tether.lock.in").is_file():
        with tempfile.TemporaryDirectory() as name:
            copy = Path(name) / "case"
            shutil.copytree(folder, copy)
            write_lock(copy)
            return run_scan(copy, *more)
    if recorded(folder) and "--bundle" not in more:
        with tempfile.TemporaryDirectory() as name:
            return run_scan(folder, *more, "--bundle", str(write_bundle(folder, Path(name) / "case.bundle")))
    profile = folder / "tether.yaml"
    settings = ("--profile", str(profile)) if profile.is_file() else ()
    plan = folder / "plan.json"
    more = (*more, "--plan", str(plan)) if plan.is_file() else more
    alone = recorded(folder) and not any(folder.glob("*.tf"))
    paths = () if alone else (str(folder),)
    # Without files, origins in the profile are relative to where one stands.
    with contextlib.chdir(folder) if alone else contextlib.nullcontext():
        code, out, err = run("scan", *paths, *settings, "--as-of", AS_OF, "--format", "json", *more)
    assert code in (0, 1, 3), err
    report: dict[str, Any] = json.loads(out)
    return report


def recorded(folder: Path) -> bool:
    """Whether a case is of an API: an account of AWS in `bundle.json`, or a cluster in `cluster.json`."""
    return (folder / "bundle.json").is_file() or (folder / "cluster.json").is_file()


def write_bundle(folder: Path, path: Path) -> Path:
    """The bundle that `bundle.json` tells: by account the answers to `OPERATION` or `OPERATION WHAT`, or an outcome.

    Every other call of the table has an empty answer, so that a fixture shows what it is about and nothing else.
    `cluster.json` is the list of the objects of a cluster, as an API server has them.
    """
    from tests.bundle.estate import full, write  # noqa: PLC0415 - loads the tables, which few cases need

    calls = []
    told = folder / "bundle.json"
    for account, page in json.loads(told.read_text()).items() if told.is_file() else ():
        answers = {(key.partition(" ")[0], key.partition(" ")[2]): one for key, one in page.items()}
        calls += full(answers, account=account)
    if (folder / "cluster.json").is_file():
        from tests.live.replayed import calls_of  # noqa: PLC0415

        calls += calls_of(json.loads((folder / "cluster.json").read_text()))
    return write(path, calls)


def write_lock(folder: Path) -> None:
    """Make `tether.lock` of `tether.lock.in`: what `tether lock` would write, but for the digests that the file names.

    So a fixture can speak of one rule or table that differs, and editing any other breaks no fixture.
    """
    template = folder / "tether.lock.in"
    differs = json.loads(template.read_text())
    template.unlink()
    code, _, err = run("lock", "--profile", str(folder / "tether.yaml"))
    assert code == 0, err
    lock = json.loads((folder / "tether.lock").read_text())
    for part, digests in differs.items():
        lock[part].update(digests)
    (folder / "tether.lock").write_text(json.dumps(lock))


def seen(report: dict[str, Any], rule: str) -> str:
    """One rule's verdict, then its findings with the hops, as `--format short` and the hop list tell them."""
    result = next(one for one in report["rules"] if one["id"] == rule)
    lines = [f"{rule}: {result['verdict']}"]
    for finding in report["findings"]:
        if finding["rule"] != rule and rule not in finding["also"]:
            continue
        lines.append(f"{place(finding['subject']['origin'])}: {finding['verdict']}[{rule}] {finding['message']}")
        for index, hop in enumerate(finding["hops"], 1):
            cut = "  <- cut here" if hop["cut"] else ""
            lines.append(f"  ({index}) {hop['address']}  {place(hop['origin'])}  {hop['because']}{cut}")
        lines += [f"  decided by {name}" for name in finding["decided_by"]]
    return "\n".join(lines) + "\n"


def place(origin: dict[str, Any] | None) -> str:
    """path:line:column, `-` where there is none."""
    if not origin:
        return "-"
    return f"{origin['path']}:{origin['line']}:{origin['column']}" if "path" in origin else json.dumps(origin)
