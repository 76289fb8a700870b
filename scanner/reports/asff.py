"""AWS Security Finding Format: a list for `aws securityhub batch-import-findings --findings file://FILE`.

Tether calls no AWS service for it. Limits are those of the format's page ("Required top-level attributes"): a title of
256 characters, a description of 1,024, an id of 512, 32 resources. What is not proven is NOT_AVAILABLE, never PASSED.
"""

from __future__ import annotations

import json
from typing import Any

from scanner import __version__
from scanner.catalogue import rules
from scanner.errors import UsageError
from scanner.findings import COMMITMENTS, Finding, Report, Verdict, Waived
from scanner.reports.safe import cut, safe
from scanner.reports.view import View
from scanner.reports.words import place, waived_by

Json = dict[str, Any]
NEEDED = "the format asff needs `outputs.asff` in the settings: {partition: aws-us-gov, region: ..., account: ...}"
_TITLE, _TEXT, _ID, _FIELD, _RESOURCES, _HOPS = 256, 1024, 512, 2048, 32, 40
_PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
"""Those that a resource may name; the others of the format are spelled unlike the partitions themselves."""
_TYPE = "Software and Configuration Checks/Industry and Regulatory Standards/Tether"


def render(report: Report, view: View) -> str:
    """The findings, worst first. Raises UsageError where it is not known which Security Hub they are for."""
    if view.asff is None:
        raise UsageError(NEEDED)
    waivers, titles = waived_by(report), {rule.id: rule.title for rule in rules()}
    body = [_finding(one, report, view, waivers.get(one.fingerprint), titles) for one in report.findings]
    return json.dumps(body, indent=1, sort_keys=True, allow_nan=False) + "\n"


def _finding(one: Finding, report: Report, view: View, waiver: Waived | None, titles: dict[str, str]) -> Json:
    partition, region, account = view.asff or ("", "", "")
    now = _time(report.run.get("started") or f"{report.run.get('as_of', '1970-01-01')}T00:00:00+00:00")
    first = view.first.get(one.fingerprint)
    rated = {"Label": one.severity.upper() if one.severity in ("low", "medium", "high", "critical") else "HIGH"}
    body: Json = {
        "SchemaVersion": "2018-10-08",
        "Id": cut(f"tether/{region}/{account}/{one.fingerprint}", _ID),
        "ProductArn": f"arn:{partition}:securityhub:{region}:{account}:product/{account}/default",
        "GeneratorId": cut(f"tether/{safe(one.rule)}", _ID),
        "AwsAccountId": account,
        "Types": [_TYPE],
        "CreatedAt": _time(first) if first else now,
        "UpdatedAt": now,
        "FirstObservedAt": _time(first) if first else now,
        "LastObservedAt": now,
        "Severity": rated,
        "FindingProviderFields": {"Severity": rated, "Types": [_TYPE]},
        "Title": cut(safe(titles.get(one.rule, one.rule)) or "finding", _TITLE),
        "Description": cut(safe(one.message).strip() or "finding", _TEXT),
        "Resources": _resources(one, partition, region),
        "Compliance": _compliance(one),
        "Workflow": {"Status": "NEW" if waiver is None else "SUPPRESSED"},
        "RecordState": "ACTIVE",
        "ProductFields": {key: cut(value, _FIELD) for key, value in _fields(one, waiver).items() if value},
    }
    if one.fix:
        body["Remediation"] = {"Recommendation": {"Text": cut(safe(one.fix), 512)}}
    return body


def _time(moment: str) -> str:
    return moment.replace("+00:00", "Z")


def _compliance(one: Finding) -> Json:
    promise = f"{one.commitment}: {COMMITMENTS.get(one.commitment, '')}"
    status = "FAILED" if one.verdict is Verdict.VIOLATED else "NOT_AVAILABLE"
    return {"Status": status, "RelatedRequirements": [cut(safe(promise), 250)]}


def _resources(one: Finding, partition: str, region: str) -> list[Json]:
    found = []
    for address in (one.subject.address, *one.also)[:_RESOURCES]:
        body: Json = {"Type": "Other", "Id": cut(safe(address) or "unknown", _ID), "Region": region}
        if partition in _PARTITIONS:
            body["Partition"] = partition
        found.append(body)
    found[0]["Details"] = {"Other": {"kind": cut(safe(one.subject.kind), 1024) or "unknown"}}
    return found


def _fields(one: Finding, waiver: Waived | None) -> dict[str, str]:
    fields = {
        "tether/version": __version__,
        "tether/verdict": str(one.verdict),
        "tether/origin": place(one.place),
        "tether/plane": safe(one.plane),
        "tether/decided-by": safe(", ".join(one.decided_by)),
        "tether/waived": "" if waiver is None else safe(f"{waiver.owner} until {waiver.expires}: {waiver.reason}"),
    }
    for number, hop in enumerate(one.hops[:_HOPS], 1):
        fields[f"tether/hop-{number:02}"] = safe(f"{hop.address}: {hop.because} ({place(hop.origin)})")
    return fields
