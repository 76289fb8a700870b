"""What one object decides for all that use it is said once, at that object; whoever has a line of his own keeps it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.harness import AS_OF, run

SERVICE = """---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: NAME, namespace: nim}
spec:
  predictor:
    model: {modelFormat: {name: nim}, runtime: RUNTIME, storageUri: "pvc://CLAIM/"}
"""
OBJECTS = """---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: weights, namespace: nim}
spec: {accessModes: [ReadWriteMany]}
---
apiVersion: serving.kserve.io/v1alpha1
kind: ClusterServingRuntime
metadata: {name: nim-8b}
spec:
  containers: [{name: kserve-container, image: "nvcr.io/nim/meta/llama3-8b-instruct:1.0.0"}]
"""
PINNED, OFF = "model-reference-not-pinned", "safety-component-switched-off"
CLAIM, RUNTIME = "nim/PersistentVolumeClaim/weights", "ClusterServingRuntime/nim-8b"


def services(*names: str, runtime: str = "nim-8b", claim: str = "weights") -> str:
    return "".join(SERVICE.replace("NAME", name).replace("RUNTIME", runtime).replace("CLAIM", claim) for name in names)


def told(folder: Path, text: str, waiver: str = "") -> tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]:
    """The findings of the two rules, and what is waived."""
    (folder / "all.yaml").write_text(text)
    entry = f'{{rule: {PINNED}, subject: "{waiver}", reason: r, owner: o, approver: a, expires: 2027-01-01}}'
    (folder / "waived").mkdir(exist_ok=True)
    profile = folder / "waived" / "tether.yaml"
    profile.write_text(f"waivers: [{entry}]\n")
    given = ("--as-of", AS_OF, "--format", "json", *(("--profile", str(profile)) if waiver else ()))
    report = json.loads(run("scan", str(folder / "all.yaml"), *given)[1])
    found = {rule: [one for one in report["findings"] if one["rule"] == rule] for rule in (PINNED, OFF)}
    return found, report["waived"]


def test_it_is_said_once_at_what_decides_it_and_names_who_uses_it(tmp_path: Path) -> None:
    found, _ = told(tmp_path, OBJECTS + services("a", "b", "c"))
    users = [f"nim/InferenceService/{name}" for name in "abc"]
    for rule, address in ((PINNED, CLAIM), (OFF, RUNTIME)):
        (one,) = found[rule]
        assert (one["subject"]["address"], one["also"], one["verdict"]) == (address, users, "unproven")
        assert f"`{address}`" in one["message"] and one["subject"]["origin"]["path"] == "all.yaml"
    before = [one["fingerprint"] for some in found.values() for one in some]
    more, _ = told(tmp_path, OBJECTS + services("0", "a", "b", "c"))
    assert [one["fingerprint"] for some in more.values() for one in some] == before
    assert "= used by 4: nim/InferenceService/0" in run("scan", str(tmp_path / "all.yaml"))[1]


def test_whoever_uses_another_object_has_a_finding_of_his_own(tmp_path: Path) -> None:
    text = OBJECTS + services("a", "b") + services("c", runtime="nim-70b", claim="other")
    found, _ = told(tmp_path, text)
    for rule, address in ((PINNED, CLAIM), (OFF, RUNTIME)):
        assert {one["subject"]["address"] for one in found[rule]} == {address, "nim/InferenceService/c"}


def test_of_an_object_that_was_not_read_the_first_who_uses_it_tells(tmp_path: Path) -> None:
    found, _ = told(tmp_path, services("a", "b"))
    for rule in (PINNED, OFF):
        (one,) = found[rule]
        assert (one["subject"]["address"], one["also"]) == ("nim/InferenceService/a", ["nim/InferenceService/b"])


def test_a_waiver_names_the_object_or_one_who_uses_it(tmp_path: Path) -> None:
    text = OBJECTS + services("a", "b", "c")
    found, waived = told(tmp_path, text, CLAIM)
    assert [one["fingerprint"] for one in waived] == [one["fingerprint"] for one in found[PINNED]]
    found, waived = told(tmp_path, text, "nim/InferenceService/b")
    assert {one["subject"]["address"]: one["also"] for one in found[PINNED]} == {
        CLAIM: ["nim/InferenceService/a", "nim/InferenceService/c"],
        "nim/InferenceService/b": [],
    }
    assert [one["subject"] for one in waived] == ["nim/InferenceService/b"]
