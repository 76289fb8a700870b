"""A finding inside a module names the calls that lead there; its line is one that the reader can change."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from scanner.called import with_calls
from scanner.findings import Finding, Hop, Report, Subject, Verdict
from scanner.origin import FileOrigin
from scanner.reports import report_json, text
from scanner.reports.view import View
from scanner.resource import Attrs, Resource
from scanner.scan import Request, scan

INNER = 'variable "arn" {}\nresource "aws_subnet" "s" {\n  cidr_block = "10.0.0.0/24"\n  outpost_arn = var.arn\n}\n'
OUTER = 'variable "place" {}\nmodule "net" {\n  source = "./net"\n  arn = var.place\n}\n'
ARN = "arn:aws:outposts:us-west-2:111122223333:outpost/op-0123456789abcdef0"
CALL = f'\nmodule "site" {{\n  source = "SOURCE"\n  version = "1.0.0"\n  place = "{ARN}"\n}}\n'


def scanned(root: Path, files: dict[str, str]) -> tuple[Report, Finding]:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    report, _ = scan(Request((root,), date(2026, 11, 1)))
    [found] = [one for one in report.findings if one.rule == "resource-stands-on-premises"]
    return report, found


def downloaded(source: str, folder: str) -> str:
    entry = {"Key": "site", "Source": source, "Version": "1.0.0", "Dir": folder}
    return json.dumps({"Modules": [entry, {"Key": "site.net", "Source": "./net", "Dir": f"{folder}/net"}]})


def test_a_finding_in_a_local_module_names_the_calls(tmp_path: Path) -> None:
    local = CALL.replace("SOURCE", "./site").replace('  version = "1.0.0"\n', "")
    report, found = scanned(tmp_path, {"main.tf": local, "site/main.tf": OUTER, "site/net/main.tf": INNER})
    assert found.calls == (
        ("module.site", FileOrigin("main.tf", 2, 1, 2, 14)),
        ("module.site.module.net", FileOrigin("site/main.tf", 2, 1, 2, 13)),
    )
    assert found.place is not None and str(found.place).startswith("site/net/main.tf:4:")
    shown = text.render(report, View(root=tmp_path))
    assert "= called: `module.site` at main.tf:2:1 > `module.site.module.net` at site/main.tf:2:1\n" in shown


def test_a_finding_in_a_downloaded_module_stands_at_the_input(tmp_path: Path) -> None:
    folder = ".terraform/modules/site"
    files = {
        "main.tf": CALL.replace("SOURCE", "x/site/aws"),
        ".terraform/modules/modules.json": downloaded("x/site/aws", folder),
        f"{folder}/main.tf": OUTER,
        f"{folder}/net/main.tf": INNER,
    }
    report, found = scanned(tmp_path, files)
    assert found.subject.address == "module.site.module.net.aws_subnet.s"
    assert found.place == FileOrigin("main.tf", 5, 11, 5, 11 + len(ARN) + 2)
    [told] = [one for one in report_json.plain_report(report)["findings"] if one["rule"] == found.rule]
    assert [one["address"] for one in told["calls"]] == ["module.site", "module.site.module.net"]


def test_a_finding_by_contract_stands_at_the_input(tmp_path: Path) -> None:
    call = (
        'module "vpc" {\n  source = "terraform-aws-modules/vpc/aws"\n  version = "6.6.0"\n  name = "v"\n'
        f'  outpost_subnets = ["10.0.1.0/24"]\n  outpost_arn = "{ARN}"\n}}\n'
    )
    _, found = scanned(tmp_path, {"main.tf": call})
    assert found.subject.address == "module.vpc.aws_subnet.outpost[0]"
    assert str(found.place).startswith("main.tf:6:")
    assert [address for address, _ in found.calls] == ["module.vpc"]


def test_a_default_of_a_module_is_said_to_be_one() -> None:
    call, argument = FileOrigin("main.tf", 1), FileOrigin("main.tf", 5)
    chain = (("module.e", call),)
    made = Resource(
        "module.e.aws_x.y", "u", "aws_x", "y", Attrs(), call, "terraform", calls=chain, default_of="a/b/c 1.2.3"
    )
    subject = Subject(made.address, made.kind, made.name, call, "u")

    def hop(address: str, origin: FileOrigin) -> Hop:
        return Hop(address, "aws_x", "y", origin, "`public` is on")

    hops = (hop(made.address, call), hop(made.address, argument), hop("aws_x.other", call))
    one = Finding("r", "no-edge", Verdict.VIOLATED, "high", "m", subject, hops)
    [found] = with_calls([one], [made])
    words = "`public` is on (no input of the call sets it: so `a/b/c 1.2.3` has it)"
    assert [one.because for one in found.hops] == [words, "`public` is on", "`public` is on"]
    assert found.calls == chain
    assert found.fingerprint == one.fingerprint
    assert with_calls([one], []) == (one,)
