"""OCSF 1.8.0: a Compliance Finding (class 2003) for each finding and each commitment, as one JSON array.

The status of a compliance check is Pass, Warning or Fail; Warning is what "did not yield a result due to missing
information" (`objects/compliance.json` of the schema), which is what `unproven` means, and never Pass.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from scanner import __version__
from scanner.catalogue import rules
from scanner.findings import COMMITMENTS, CommitmentResult, Finding, Report, Verdict, Waived
from scanner.origin import ApiOrigin
from scanner.reports.safe import safe
from scanner.reports.view import View
from scanner.reports.words import place, waived_by

Json = dict[str, Any]
VERSION = "1.8.0"
CATEGORY, CLASS = 2, 2003
CREATE, UPDATE = 1, 2
_NAMES = {CREATE: "Create", UPDATE: "Update"}
NEW, SUPPRESSED, IN_PROGRESS = (1, "New"), (3, "Suppressed"), (2, "In Progress")
_STATUS = {Verdict.HOLDS: (1, "Pass"), Verdict.UNPROVEN: (2, "Warning"), Verdict.VIOLATED: (3, "Fail")}
_SEVERITY = {"low": (2, "Low"), "medium": (3, "Medium"), "high": (4, "High"), "critical": (5, "Critical")}
_INFORMATIONAL = (1, "Informational")
STANDARD = "Tether commitments"


def render(report: Report, view: View) -> str:
    """The findings, worst first, then the commitments."""
    waivers = waived_by(report)
    titles = {rule.id: rule.title for rule in rules()}
    events = [_finding(one, report, view, waivers.get(one.fingerprint), titles) for one in report.findings]
    events += [_commitment(one, report) for one in report.commitments]
    return json.dumps(events, indent=1, sort_keys=True, allow_nan=False) + "\n"


def _event(report: Report, activity: int, severity: tuple[int, str], message: str) -> Json:
    started = _milliseconds(report.run.get("started") or f"{report.run.get('as_of', '1970-01-01')}T00:00:00+00:00")
    return {
        "activity_id": activity,
        "activity_name": _NAMES[activity],
        "category_uid": CATEGORY,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Compliance Finding",
        "type_uid": CLASS * 100 + activity,
        "type_name": f"Compliance Finding: {_NAMES[activity]}",
        "severity_id": severity[0],
        "severity": severity[1],
        "time": started,
        "message": message,
        "metadata": {
            "version": VERSION,
            "product": {"name": "Tether", "vendor_name": "Tether", "version": __version__},
            "log_name": "tether scan",
        },
    }


def _milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).astimezone(UTC).timestamp()) * 1000


def _finding(one: Finding, report: Report, view: View, waiver: Waived | None, titles: dict[str, str]) -> Json:
    severity = _SEVERITY.get(one.severity, (99, one.severity))
    first = view.first.get(one.fingerprint, "")
    known = bool(first) and first != report.run.get("started")
    body = _event(report, UPDATE if known else CREATE, severity, safe(one.message))
    info: Json = {
        "uid": one.fingerprint,
        "title": safe(titles.get(one.rule, one.rule)),
        "desc": safe(one.message),
        "types": [safe(one.commitment)],
        "analytic": {"type_id": 1, "type": "Rule", "uid": safe(one.rule), "name": safe(one.rule)},
    }
    if first:
        info |= {"first_seen_time": _milliseconds(first), "last_seen_time": body["time"]}
    status = SUPPRESSED if waiver is not None else IN_PROGRESS if known else NEW
    body |= {"status_id": status[0], "status": status[1], "finding_info": info}
    if waiver is not None:
        body["status_detail"] = safe(f"waived: {waiver.reason} ({waiver.owner}, until {waiver.expires})")
    body["compliance"] = _compliance(one.commitment, one.verdict, one.rule)
    if one.decided_by:
        body["compliance"]["status_details"] = [safe(f"decided by {name}") for name in one.decided_by]
    body["resources"] = [_resource(one)]
    if one.fix:
        body["remediation"] = {"desc": safe(one.fix)}
    if one.hops:
        way = [safe(f"{hop.address}: {hop.because} ({place(hop.origin)})") for hop in one.hops]
        body["evidences"] = [{"name": "path", "data": {"plane": safe(one.plane), "hops": way}}]
    return body


def _compliance(commitment: str, verdict: Verdict, control: str) -> Json:
    number, caption = _STATUS[verdict]
    return {
        "standards": [STANDARD],
        "requirements": [safe(commitment)],
        "control": safe(control),
        "desc": safe(COMMITMENTS.get(commitment, commitment)),
        "status_id": number,
        "status": caption,
        "status_code": str(verdict),
    }


def _resource(one: Finding) -> Json:
    body: Json = {"uid": safe(one.subject.address), "name": safe(one.subject.name), "type": safe(one.subject.kind)}
    where = one.place
    if where is not None:
        body["data"] = {"origin": place(where)}
    if isinstance(where, ApiOrigin):
        scope = dict(where.scope)
        names = (("cloud_partition", "partition"), ("region", "region"))
        body |= {key: safe(scope[name]) for key, name in names if scope.get(name)}
    return body


def _commitment(one: CommitmentResult, report: Report) -> Json:
    held = one.verdict is Verdict.HOLDS
    body = _event(report, CREATE, _INFORMATIONAL if held else (0, "Unknown"), safe(f"{one.id}: {one.verdict}"))
    body["finding_info"] = {
        "uid": f"tether:commitment:{safe(one.id)}",
        "title": safe(one.id),
        "desc": safe(COMMITMENTS.get(one.id, one.id)),
        "types": [safe(one.id)],
    }
    body |= {"status_id": NEW[0], "status": NEW[1]}
    body["compliance"] = _compliance(one.id, one.verdict, one.id)
    body["compliance"]["status_details"] = [safe(one.summary)]
    return body
