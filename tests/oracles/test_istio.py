"""Outside answers of Istio's authorization, held against the evaluator of the mesh.

TETHER_ORACLES names the folder that holds `istio_authz`; enforcement is assumed, as the answers assume it.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

import pytest

from scanner.builders.k8s_network.pods import pods_of, workloads
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.mesh.attributes import Call, Request
from scanner.builders.mesh.authorizer import Authorizer
from scanner.sources.kubernetes.manifests import read_manifests
from scanner.unknown import Unknown
from tests.changed import replace

FOLDER = os.environ.get("TETHER_ORACLES", "")

pytestmark = pytest.mark.skipif(not FOLDER, reason="TETHER_ORACLES does not name the folder of the outside answers")


def cases() -> list[dict]:
    path = Path(FOLDER) / "istio_authz" / "cases.jsonl"
    if not FOLDER or not path.is_file():
        return []
    every = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    answers: dict[str, set[bool]] = {}
    for one in every:
        answers.setdefault(question(one), set()).add(one["allow"])
    # The set asks one question twice and gives both answers: no evaluator can agree with it there.
    return [one for one in every if not one.get("contested") and len(answers[question(one)]) == 1]


def question(case: dict) -> str:
    return json.dumps({key: value for key, value in case.items() if key not in ("id", "allow")}, sort_keys=True)


@cache
def read(root: Path):
    reading = read_manifests(root, sorted(root.iterdir()))
    assert reading.unread == []
    pods = {(one.resource.namespace, one.resource.name): pods_of(one)[0] for one in workloads(reading.resources)}
    return Authorizer.of(reading.resources), pods


def allows(case: dict, root: str) -> bool | None:
    """The product's answer; None where it cannot decide."""
    mesh, pods = read(Path(root) / case["manifests"])
    target, source, http = case["dst"], case["src"], case["http"]
    pod = pods[target["namespace"], target["workload"]]
    identity = mesh.trust.identity(source["namespace"], source["serviceAccount"]) if source["mtls"] else None
    if source["mtls"]:
        identity = source.get("identity", identity)
    request = None
    if http is not None:
        host = http.get("host", f"{target['service']}.{target['namespace']}.svc.cluster.local")
        headers = http.get("headers", {})
        token = any(key.lower() == "authorization" for key in headers)
        claims = Unknown("what the token says") if token else http.get("claims")
        request = Request(http["path"], http["method"], host, headers, claims)
    # The answers assume a mesh with the settings that it has where none are shown.
    trust = replace(mesh.trust, sure=True)
    call = Call(identity, case["port"]["workload"], request, trust=trust, normalisation=mesh.mesh.normalisation)
    match = mesh.verdict(target["namespace"], pod.labels, call).match
    return None if match is Match.MAYBE else match is Match.YES


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_the_answers_of_istio_are_given_alike(case):
    assert allows(case, str(Path(FOLDER) / "istio_authz")) is case["allow"]


def test_both_answers_occur():
    assert {case["allow"] for case in cases()} == {True, False}
