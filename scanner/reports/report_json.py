"""The report as JSON, schema `tether.report/1`; the published schema is scanner/schemas/report.schema.json."""

from __future__ import annotations

from scanner.findings import CommitmentResult, Finding, Hop, Report, RuleResult
from scanner.origin import Origin
from scanner.reports.plain import Json, certificate, dumped, origin, text, texts
from scanner.reports.view import View

SCHEMA = "tether.report/1"
WAIVED = ("expires", "fingerprint", "owner", "reason", "rule", "subject")


def render(report: Report, view: View) -> str:
    """The whole report: the same for the same inputs but for `run`."""
    del view
    return dumped(plain_report(report))


def plain_report(report: Report) -> Json:
    """The report as plain values."""
    scope = report.scope
    return {
        "schema": SCHEMA,
        "verdict": str(report.verdict),
        "run": {name: text(value) for name, value in report.run.items()},
        "commitments": [_commitment(one) for one in report.commitments],
        "findings": [_finding(one) for one in report.findings],
        "models": [_role(one) for one in report.models],
        "safety_stack": [_role(one) for one in report.safety_stack],
        "unread": [
            {"origin": origin(one.origin), "cause": text(one.cause), "kind": one.kind, "remedy": text(one.remedy)}
            for one in report.unread
        ],
        "waived": [
            {
                name: text(getattr(one, name))
                for name in ("expires", "fingerprint", "owner", "reason", "rule", "subject")
            }
            for one in report.waived
        ],
        "rules": [_rule(one) for one in report.rules],
        "scope": {
            "basis": list(scope.basis),
            "not_judged": [{"rule": rule, "needs": text(needs)} for rule, needs in scope.not_judged],
            "assumed_absent": texts(scope.assumed_absent),
        },
        "assumptions": texts(report.assumptions),
        "trusted": texts(report.trusted),
        "inputs": [{"path": text(path), "sha256": digest} for path, digest in sorted(report.inputs.items())],
        "passed_over": [{"path": text(path), "cause": text(why)} for path, why in sorted(report.passed_over.items())],
        "ruleset": {"sha256": report.ruleset_sha256},
        "profile": {"path": text(report.profile_path), "sha256": report.profile_sha256},
        "counts": dict(report.counts),
        "notes": texts(report.notes),
    }


def _commitment(one: CommitmentResult) -> Json:
    body: Json = {
        "id": one.id,
        "verdict": str(one.verdict),
        "basis": list(one.basis),
        "rules": one.rules,
        "summary": text(one.summary),
    }
    proof = certificate(one.certificates)
    return body if proof is None else {**body, "certificate": proof}


def _finding(one: Finding) -> Json:
    return {
        "rule": one.rule,
        "commitment": one.commitment,
        "verdict": str(one.verdict),
        "severity": one.severity,
        "message": text(one.message),
        "subject": {
            "address": text(one.subject.address),
            "kind": text(one.subject.kind),
            "name": text(one.subject.name),
            "origin": origin(one.subject.origin),
        },
        "hops": [_hop(hop) for hop in one.hops],
        "decided_by": texts(one.decided_by),
        "fix": text(one.fix),
        "fingerprint": one.fingerprint,
        "plane": one.plane,
        "ways": one.ways,
        "also": texts(one.also),
        **({"calls": [_call(address, at) for address, at in one.calls]} if one.calls else {}),
        **({"seen": one.seen} if one.seen else {}),
        **({"twins": [{**_call(address, at), "side": side} for address, side, at in one.twins]} if one.twins else {}),
    }


def _call(address: str, at: Origin) -> Json:
    return {"address": text(address), "origin": origin(at)}


def _hop(one: Hop) -> Json:
    return {
        "address": text(one.address),
        "kind": text(one.kind),
        "name": text(one.name),
        "origin": origin(one.origin),
        "because": text(one.because),
        "cut": one.cut,
    }


def _rule(one: RuleResult) -> Json:
    return {
        "id": one.id,
        "commitment": one.commitment,
        "verdict": str(one.verdict),
        "examined": one.examined,
        "note": text(one.note),
        "crashed": one.crashed,
    }


def _role(one: tuple[str, str, str]) -> Json:
    address, role, how = one
    return {"address": text(address), "role": role, "recognised": text(how)}
