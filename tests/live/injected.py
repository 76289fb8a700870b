"""What a scan says once one of its calls fails: whether it fell, held what it may not, or lost what it may not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from scanner.sources.aws.live_calls import Collector
from scanner.sources.aws.operations import follows, operations
from scanner.sources.bundle import BundleWriter, Call
from scanner.sources.read import AwsAsked
from scanner.tables import aws_operations
from tests.bundle import reference
from tests.changed import replace
from tests.harness import FIXTURES, run
from tests.live.aws import NUMBER
from tests.live.seeded import MEMBER, Seeded

Nothing = Callable[[], set[tuple[str, str]]]
WORLD = FIXTURES / "worlds" / "reference"
AT = "2026-11-01T00:00:00Z"


class Trial(Struct):
    """A scan of the seeded organisation, again and again. wrong: what may never be, in words; scans: how many ran."""

    organisation: Seeded
    folder: Path
    clean: list[Call] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    collector: Any = None
    wrong: list[str] = field(default_factory=list)
    scans: int = 0
    known: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)

    def begin(self) -> None:
        """The scan in which every call is answered."""
        shutil.copytree(WORLD / "k8s", self.folder / "k8s")
        (self.folder / "tether.yaml").write_text(reference.profile((WORLD / "tether.yaml").read_text()))
        asked = AwsAsked(accounts=(NUMBER, MEMBER), role="tether", workers=1)
        self.collector = Collector(asked, lambda: AT, "salt")
        self.clean = list(self.collector.calls())
        _, self.before = self.judge(self.clean)

    def judge(self, calls: list[Call]) -> tuple[int, dict[str, Any]]:
        """The exit code and the report of a scan of the calls; of the same ones it is made once."""
        key = json.dumps(sorted(json.dumps(one.line(), sort_keys=True) for one in calls))
        if key not in self.known:
            self.scans += 1
            path = self.folder / "aws.bundle"
            path.unlink(missing_ok=True)
            with BundleWriter(path, version="test", at=AT) as writer:
                for one in calls:
                    writer.add(one)
                writer.finish()
            profile = str(self.folder / "tether.yaml")
            more = ("--profile", profile, "--as-of", "2026-11-01", "--format", "json", "--bundle", str(path))
            code, out, err = run("scan", str(self.folder), *more)
            self.known[key] = code, json.loads(out) if code in (0, 1, 3) else {"error": err}
        return self.known[key]

    def names(self, account: str) -> list[str]:
        """The operations that are asked of an account, but for the one that says who asks."""
        mine = {one.operation for one in self.clean if dict(one.scope)["account"] == account}
        return sorted(mine - {"sts:GetCallerIdentity"})

    def inject(self, name: str, kind: str, account: str) -> None:
        """Let an operation fail in an account, and note what may not be."""
        self.organisation.fault = name, kind, account
        before = self.organisation.injected
        lost = set(below(name))
        kept = [
            one
            for one in self.clean
            if one.outcome == "region-off" or one.operation not in lost or dict(one.scope)["account"] != account
        ]
        self.collector.closed.clear()
        self.collector.done = {one.key: one for one in kept}
        said = f"{kind}: {name} in {account}"
        made = list(self.collector.calls())
        self.organisation.fault = None
        if self.organisation.injected == before:
            self.wrong.append(f"{said}: nothing came over the wire")
        mine = [one for one in made if one.operation == name and dict(one.scope)["account"] == account]
        if not mine or any(one.outcome in ("absent", "region-off") for one in mine):
            self.wrong.append(f"{said}: it was not asked, or is taken for an answer: {[one.outcome for one in mine]}")
        calls = {one.key: one for one in [*kept, *made]}
        # What people are told differs; what is judged does not.
        plain = [Call(*(getattr(one, n) for n in Call.__struct_fields__[:-1])) for one in calls.values()]
        code, report = self.judge(plain)
        nothing = partial(self._nothing, name, account, kept)
        self.wrong += [f"{said}: {one}" for one in self._faults(code, report, name, nothing)]

    def _nothing(self, name: str, account: str, kept: list[Call]) -> set[tuple[str, str]]:
        """What is violated all the same where the operation answers that nothing is there: what does not need it."""
        absent = operations()[name].after and operations()[name].absent
        mine = [one for one in self.clean if one.operation == name and dict(one.scope)["account"] == account]
        empty = [
            replace(one, outcome="absent" if absent else "read", pages=() if absent else ({},))
            for one in mine
            if one.outcome != "region-off"
        ]
        _, report = self.judge([*kept, *empty])
        return {key for key, one in by_key(report).items() if one["verdict"] == "violated"}

    def _faults(self, code: int, report: dict[str, Any], name: str, nothing: Nothing) -> list[str]:
        if code not in (1, 3):
            return [f"exit code {code}: {report.get('error', '')}"]
        row = operations()[name]
        found = []
        held = [one["id"] for one in report["commitments"] if one["verdict"] == "holds"]
        if held and not row.closing and not self._told_for_all(row.id):
            found.append(f"{', '.join(held)} holds")
        now = by_key(report)
        before = {key: one for key, one in by_key(self.before).items() if one["verdict"] == "violated"}
        gone = {key: one for key, one in before.items() if key not in now or now[key]["verdict"] != "violated"}
        needless = nothing() if gone else set()
        for key, one in gone.items():
            if key not in needless:
                continue
            if key not in now:
                found.append(f"lost: {key[0]}: {one['message']}")
            elif not _names(now[key], name):
                found.append(f"doubted for no reason: {key[0]}: {one['message']}")
        return found

    def _told_for_all(self, name: str) -> bool:
        """Whether another operation tells the same."""
        return any(row.instead == name for row in aws_operations())


def below(name: str) -> list[str]:
    """An operation and all whose parameters come from its answers."""
    found = [name]
    for one in found:
        found += [row.id for row in aws_operations() if one in follows(row) and row.id not in found]
    return found


def by_key(report: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The findings by rule and subject, also by the rules that are folded into one."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in report.get("findings", ()):
        for rule in (one["rule"], *one["also"]):
            found.setdefault((rule, one["subject"]["address"]), one)
    return found


def _names(finding: dict[str, Any], name: str) -> bool:
    """Whether a finding names an operation, or one that its answers lead to, as what decides it."""
    text = json.dumps(finding)
    return any(one in text for one in below(name))
