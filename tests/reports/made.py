"""Reports made by hand, and the small deployment that they speak of."""

from __future__ import annotations

import hashlib
from pathlib import Path

from scanner.findings import (
    COMMITMENTS,
    CommitmentResult,
    Finding,
    Hop,
    Report,
    RuleResult,
    Scope,
    Subject,
    Verdict,
    Waived,
)
from scanner.graph.certificate import Closure, Examined
from scanner.origin import ApiOrigin, FileOrigin
from scanner.resource import Unread
from tests.changed import replace

FILES = {
    "k8s/batch.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: batch-runner\n",
    "infra/network.tf": "\n" * 12 + '  cidr_ipv4         = "10.0.0.0/8"\n',
    "k8s/vllm.yaml": "\n" * 21 + "            - --model=s3://models/claude-gov\n",
}
DIGEST = "ab" * 32

BYPASS = Finding(
    rule="model-bypasses-safety-stack",
    commitment="safety-path",
    verdict=Verdict.VIOLATED,
    severity="critical",
    message="pod `tenant-a/batch-runner` can call model `claude-gov` without the safety stack",
    subject=Subject(
        "tenant-a/Deployment/batch-runner", "Deployment", "batch-runner", FileOrigin("k8s/batch.yaml", 4, 3)
    ),
    hops=(
        Hop(
            "tenant-a/Deployment/batch-runner",
            "Deployment",
            "batch-runner",
            FileOrigin("k8s/batch.yaml", 4, 3, 4, 21),
            "no NetworkPolicy selects it: all egress is open",
        ),
        Hop(
            "inference/Service/vllm:8000",
            "Service",
            "vllm",
            FileOrigin("infra/network.tf", 13, 23, 13, 35),
            "admits the whole VPC; the gateway is 10.0.40.0/24",
            cut=True,
        ),
        Hop(
            "inference/Deployment/vllm",
            "Deployment",
            "vllm",
            FileOrigin("k8s/vllm.yaml", 22, 15, 22, 45),
            "the model is served here",
        ),
    ),
    fix="let in the gateway alone, infra/network.tf:13",
    plane="network",
    ways=2,
)
UNKNOWN = Finding(
    rule="resource-outside-approved-places",
    commitment="cloud-only",
    verdict=Verdict.UNPROVEN,
    severity="high",
    message="the region of `aws_instance.gpu[0]` is not known: `var.region` has no value",
    subject=Subject("aws_instance.gpu[0]", "aws_instance", "gpu", FileOrigin("infra/network.tf", 13, 3)),
    hops=(
        Hop(
            "aws_instance.gpu[0]",
            "aws_instance",
            "gpu",
            FileOrigin("infra/network.tf", 13, 3, 13, 12),
            "`var.region` decides it",
            cut=True,
        ),
    ),
    decided_by=("var.region",),
    fix="state the region",
    also=("aws_instance.gpu[1]", "aws_instance.gpu[2]"),
)
MISSING = Finding(
    rule="gateway-open-to-strangers",
    commitment="agreed-tenants",
    verdict=Verdict.UNPROVEN,
    severity="medium",
    message="no tenant is agreed: the profile has no `tenants.agreed`",
    subject=Subject("profile:tenants.agreed", "profile", "tenants.agreed", None),
    decided_by=("profile:tenants.agreed",),
    fix="tenants: {agreed: [...]}",
)
LIVE = replace(
    UNKNOWN,
    message="the endpoint is a copy",
    subject=Subject(
        "aws_sagemaker_endpoint.a",
        "aws_sagemaker_endpoint",
        "a",
        ApiOrigin(
            "aws", "sagemaker:ListEndpoints", (("account", "1"), ("region", "r")), "arn:x", "2026-11-01T00:00:00Z"
        ),
    ),
    hops=(),
    also=(),
)
WAIVED = Waived(BYPASS.fingerprint, BYPASS.rule, BYPASS.subject.address, "moves in March", "ml-platform", "2027-01-31")
UNREAD = Unread(FileOrigin("infra/broken.tf", 3, 7), "`=` is missing", "file", "run `terraform fmt` on it")
CLOSURE = Closure("nobody else", ("network",), (), ("u:m",), ("u:g",), ("u:m", "u:s"), DIGEST)


def made(*findings: Finding, verdicts: dict[str, Verdict] | None = None, **more: object) -> Report:
    """A report over FILES; a commitment is what its findings make of it unless `verdicts` says otherwise."""
    said = verdicts or {}
    commitments = []
    for name in COMMITMENTS:
        mine = {one.verdict for one in findings if one.commitment == name}
        worst = Verdict.VIOLATED if Verdict.VIOLATED in mine else Verdict.UNPROVEN if mine else Verdict.HOLDS
        verdict = said.get(name, worst)
        proof = (CLOSURE, Examined("all", (("u:m", "seen"),), DIGEST)) if verdict is Verdict.HOLDS else ()
        commitments.append(CommitmentResult(name, verdict, ("declared",), 2, f"{len(mine)} kinds", proof))
    worst_of_all = next(
        (one for one in (Verdict.VIOLATED, Verdict.UNPROVEN) if one in {c.verdict for c in commitments}), Verdict.HOLDS
    )
    report = Report(
        verdict=worst_of_all,
        commitments=tuple(commitments),
        findings=findings,
        rules=tuple(RuleResult(one.rule, one.commitment, one.verdict, 3) for one in findings),
        unread=(),
        waived=(),
        scope=Scope(("declared",), (("classifier-not-running", "needs a live scan"),), ("routes",)),
        models=(("inference/Deployment/vllm", "model", "named in the profile"),),
        safety_stack=(("safety/Deployment/gateway", "gateway", "named in the profile"),),
        inputs={path: hashlib.sha256(text.encode()).hexdigest() for path, text in FILES.items()},
        ruleset_sha256=DIGEST,
        counts={"files": 3, "terraform": 61, "kubernetes": 47, "unknown_values": 1},
        run={"root": "root", "version": "0.1.0"},
    )
    return replace(report, **more)  # type: ignore[arg-type]


def written(root: Path, files: dict[str, str] | None = None) -> Path:
    """FILES, or others, below `root`."""
    for path, text in (files or FILES).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8", newline="")
    return root
