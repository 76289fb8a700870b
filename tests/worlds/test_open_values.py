"""Repaired cases with one value made unknown: what may still be right is unproven, and no violation."""

from __future__ import annotations

import pytest

from scanner.builders.build import build
from scanner.catalogue import rules
from scanner.findings import Verdict
from scanner.judge import judge
from scanner.resource import Attrs, Key
from scanner.unknown import Unknown
from tests.changed import replace
from tests.harness import FIXTURES
from tests.worlds.test_every_value import read
from tests.worlds.test_unknowns import put

MODEL = "inference/Deployment/claude-gov"
CONTAINER = ("spec", "template", "spec", "containers", 0)
OPEN: tuple[tuple[str, str, tuple[Key, ...]], ...] = (
    ("unguarded-gateway-route/complies-second-route", "inference/HTTPRoute/chat", ("spec", "parentRefs")),
    ("unguarded-gateway-route/complies-second-route", "inference/HTTPRoute/chat", ("spec", "parentRefs", 0, "name")),
    ("weights-pulled-from-public-hub/complies-hub-at-start", MODEL, (*CONTAINER, "env")),
    ("weights-pulled-from-public-hub/complies-hub-at-start", MODEL, (*CONTAINER, "env", 0)),
    ("model-reference-not-pinned/complies-hub-without-revision", MODEL, (*CONTAINER, "args", 1)),
    ("model-pod-may-land-outside-the-cloud/complies-hybrid-node-in-the-cluster", "Node/hall-1", ("spec", "taints")),
    ("model-pod-may-land-outside-the-cloud/complies-hybrid-node-in-the-cluster", "Node/hall-1", ("spec", "taints", 0)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("case", "address", "path"), OPEN, ids=lambda one: one if isinstance(one, str) else str(one[-1])
)
def test_what_may_still_be_right_is_no_violation(case: str, address: str, path: tuple[Key, ...]) -> None:
    profile, resources = read(next(FIXTURES.glob(f"*/{case}")))
    (number,) = [index for index, one in enumerate(resources) if one.address == address]
    attrs = put(resources[number].attrs, path, Unknown("`var.secret` has no value", decided_by=("var.secret",)))
    assert isinstance(attrs, Attrs)
    changed = [*resources[:number], replace(resources[number], attrs=attrs), *resources[number + 1 :]]
    wanted = [one for one in rules() if one.id == case.partition("/")[0]]
    (result,) = judge(build(changed, profile).graph, profile, wanted, [], ["declared"]).rules
    assert result.verdict is Verdict.UNPROVEN, result.note
