"""The page that says by which rules each assertion is decided, and by which case in AWS: `docs/assertions.md`.

`python -m tests.assertions_page > docs/assertions.md` writes it anew; `tests/test_assertions.py` holds it.
"""

from __future__ import annotations

import re

from scanner.catalogue import rules
from scanner.rule import Rule
from scanner.table_rows import Assertion
from scanner.tables import assertions
from tests.harness import FIXTURES, ROOT

FAMILIES = ("CLOUD", "EDGE", "ROUTE", "IDENT", "GUARD", "MODEL", "CTRL", "TENANT", "AUDIT")
"""The families that an account of AWS decides, as far as their sources say so."""
AWS = frozenset({"terraform", "plan", "live-aws"})
OF_AWS = re.compile(r'"aws(?:cc)?(?:_[a-z0-9_]+)?"')
ELSEWHERE = {
    "AUDIT-004": "what was asked of an account is in no file: the cases are bundles",
    "CLOUD-005": "nodes that are read are placed by `resource-outside-approved-places`",
    "CLOUD-007": "what delivers from Terraform brings manifests: the cases are of Kubernetes and other clouds",
    "ROUTE-004": "routes of a gateway are objects of Kubernetes; in AWS they are ways of `model-bypasses-safety-stack`",
    "ROUTE-007": "mutual TLS and who is let in by it count as guards of `model-bypasses-safety-stack`",
    "ROUTE-008": "mirrors are objects of Kubernetes; a second target is a way of `model-bypasses-safety-stack`",
    "GUARD-005": "what fails open on AWS is a front without its filter: `guardrail-not-enforced-on-every-call`",
    "GUARD-007": "what a caller of Bedrock can leave out is told by `invocation-without-approved-guardrail`",
    "MODEL-007": "signatures are verified by admission in a cluster",
    "CTRL-004": "who may write routes, labels and filters counts in `outsider-controls-safety-stack`",
    "HUMAN-001": "not judged: approval of changes is in the host of the code",
    "HUMAN-002": "not judged: how break-glass access is bound in time",
    "HUMAN-003": "not judged: who reads alarms and verdicts",
    "HUMAN-004": "not judged: which tools of an agent ask for confirmation",
    "DATA-001": "not judged: sources of data of a knowledge base",
    "DATA-002": "not judged, but for endpoints of models that a caller is told of: `gateway-calls-undeclared-model`",
    "DATA-003": "not judged: retention of prompts by the provider",
}
"""Assertions without a rule, or without a case in AWS: why, or where it is told."""
AS_BUNDLE: dict[str, str] = {}
"""Assertions that AWS decides in files, and in a recorded account not, or not to the end: why."""


PAGE = ROOT / "docs" / "assertions.md"


def case_in_aws(rule: Rule) -> str:
    """The first case of a rule with a hop in a block of AWS, a violating one before an unproven one; "" for none."""
    folder = FIXTURES / rule.commitment / rule.id
    for case in (*sorted(folder.glob("violates-*")), *sorted(folder.glob("unproven-*"))):
        plan = case / "plan.json"
        if any(_marked(path.read_text()) for path in case.rglob("*.tf")):
            return case.name
        if plan.is_file() and '"aws_' in plan.read_text():
            return case.name
    return ""


def recorded_case(rule: Rule) -> str:
    """The first case of a rule that is a recorded account, a violating one before an unproven one; "" for none."""
    folder = FIXTURES / rule.commitment / rule.id
    told = (*sorted(folder.glob("violates-*/bundle.json")), *sorted(folder.glob("unproven-*/bundle.json")))
    return told[0].parent.name if told else ""


def _marked(text: str) -> bool:
    """Whether a hop is marked inside a block of AWS."""
    inside = False
    for line in text.splitlines():
        if line[:1] not in (" ", "", "}", "#"):
            inside = OF_AWS.search(line) is not None
        if inside and "# hop" in line:
            return True
    return False


def of_aws(row: Assertion) -> bool:
    """Whether AWS decides an assertion, by its family and its sources."""
    return row.id.split("-")[0] in FAMILIES and bool(AWS & set(row.sources))


def cases(row: Assertion) -> list[str]:
    """The cases in AWS of the rules of an assertion, as `rule/case`."""
    own = (rule for rule in decided_by(row))
    return [f"`{rule.id}/{case}`" for rule in own if (case := case_in_aws(rule))] if of_aws(row) else []


def decided_by(row: Assertion) -> list[Rule]:
    """The rules of an assertion."""
    return sorted((rule for rule in rules() if rule.assertion == row.id), key=lambda rule: rule.id)


def settled(row: Assertion) -> bool:
    """Whether an assertion has a rule, and where AWS decides it a case in AWS."""
    return bool(decided_by(row)) and (bool(cases(row)) or not of_aws(row))


def render() -> str:
    """The page."""
    lines = [
        "# Assertions, rules and cases",
        "",
        "By which rules each assertion of `rules/tables/assertions.json` is decided, and by which case in `fixtures/`",
        "where AWS decides it. Where there is no rule or no case in AWS, why, or where it is told.",
        "Written by `python -m tests.assertions_page`; a test holds it against the rules and the fixtures.",
        "",
        "| assertion | severity | rules | case in AWS | case as a bundle | beside |",
        "|---|---|---|---|---|---|",
    ]
    for row in assertions():
        names = ", ".join(f"`{rule.id}`" for rule in decided_by(row)) or "none"
        where = "<br>".join(cases(row)) or ("none" if of_aws(row) else "-")
        told = AS_BUNDLE.get(row.id, "") if settled(row) else ELSEWHERE.get(row.id, "")
        bundles = [f"`{rule.id}/{case}`" for rule in decided_by(row) if (case := recorded_case(rule))]
        recorded = "<br>".join(bundles) or "-"
        lines.append(f"| {row.id} | {row.severity} | {names} | {where} | {recorded} | {told} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(render(), end="")
