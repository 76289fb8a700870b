"""Supply, control and evidence in AWS before values of the wrong kind, and values that nobody knows: nothing raises."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.builders.aws_identity.build import build_aws_identity
from scanner.builders.control.cloud import build_cloud_control
from scanner.builders.draft import World
from scanner.builders.evidence.audit_trails import build_audit_trails
from scanner.builders.evidence.stores import build_evidence_stores
from scanner.builders.explicit_denies import build_explicit_denies
from scanner.builders.inventory import Inventory
from scanner.builders.supply.build import build_supply
from scanner.graph.model import Role
from scanner.profile_file import load_profile
from scanner.resource import Attrs, Items
from scanner.unknown import Unknown
from tests.builders.aws import read
from tests.changed import replace
from tests.worlds.test_aws_control import WORLD
from tests.worlds.test_aws_supply import HEAD, STORES, WAYS

PROFILE = """
safety_stack: {gateways: [aws_iam_role.gateway]}
tenants: {excluded: ["account:444455550001", "organization:o-abc"]}
evidence: {sinks: [aws_s3_bucket.evidence]}
"""
STEPS = (build_aws_identity, build_cloud_control, build_supply, build_explicit_denies, build_audit_trails,
         build_evidence_stores)  # fmt: skip
HIDDEN = Unknown("nobody knows it", decided_by=("var.hidden",))
WRONG = (3, True, "text", [], {}, [3, None], [[]], {"x": [HIDDEN]}, HIDDEN, [HIDDEN], [{"x": HIDDEN}])


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> list:
    folder = tmp_path_factory.mktemp("hostile")
    text = HEAD + (STORES + "".join(way for way, *_ in WAYS.values())).replace("X", "weights")
    control = WORLD.read_text().partition("resource")
    return read(
        folder, text + control[1] + control[2].replace('resource "kubernetes_manifest"', 'resource "terraform_data"')
    )


def wrong(value: object) -> object:
    if isinstance(value, list):
        return Items([wrong(one) for one in value], [None] * len(value))
    return Attrs({key: wrong(one) for key, one in value.items()}) if isinstance(value, dict) else value


@pytest.mark.parametrize("value", WRONG, ids=range(len(WRONG)))
@pytest.mark.parametrize("deep", [False, True])
def test_values_of_the_wrong_kind_raise_nothing(resources: list, tmp_path: Path, value: object, deep: bool) -> None:
    (tmp_path / "tether.yaml").write_text(PROFILE)
    made = []
    for one in resources:
        attrs = Attrs(dict.fromkeys(one.attrs, wrong(value)))
        if deep:
            attrs = Attrs({key: _inside(each, wrong(value)) for key, each in one.attrs.items()})
        made.append(replace(one, attrs=attrs))
    world = World(Inventory(made), load_profile(tmp_path / "tether.yaml", "tether.yaml"))
    for node in list(world.nodes):
        role = {"bucket": Role.SINK, "guardrail": Role.GUARDRAIL, "function": Role.GATEWAY, "service": Role.GATEWAY}
        world.add_roles(node, [role[word] for word in role if node.partition(".")[0].endswith(word)] or [Role.STORE])
    for step in STEPS:
        step(world)
    world.freeze()


def _inside(value: object, bad: object) -> object:
    """The same, with what stands inside of blocks and lists replaced."""
    if isinstance(value, dict):
        return Attrs(dict.fromkeys(value, bad))
    if isinstance(value, list):
        return Items([_inside(one, bad) for one in value], [None] * len(value))
    return value
