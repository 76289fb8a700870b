"""Every way in of the cases with one value of a wrong type; policies that may not be enforced."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from scanner.builders.build import build
from scanner.profile import Profile
from scanner.profile_file import load_profile
from scanner.resource import Attrs, Items, Key, Resource
from scanner.sources.read import ReadRequest, read_all
from scanner.unknown import Value
from tests.changed import replace
from tests.harness import FIXTURES, run_scan
from tests.worlds.test_unknowns import places, put

CASES = sorted(
    path
    for rule in ("model-exposed-outside-gateway", "unguarded-gateway-route")
    for path in (FIXTURES / "safety-path" / rule).glob("violates-*")
    if (path / "k8s").is_dir()
)
STRIDE = 9
"""One value of so many is tried in each run of a case."""


WRONG: tuple[Value, ...] = (
    5, "x", Items(), Attrs(), Items([Items()]), Items([Attrs()]), None, True, "*", ":", Attrs({"a": 1}),
)  # fmt: skip
"""What nobody means to write where something else belongs."""


def sampled(resources: Sequence[Resource]) -> list[tuple[int, tuple[Key, ...]]]:
    """A sample of the places of all values in the resources."""
    every = [
        (number, path)
        for number, one in enumerate(resources)
        for path in places(one.attrs)
        if path not in (("kind",), ("apiVersion",)) and not one.data
    ]
    return every[len(resources) % STRIDE :: STRIDE]


def changed(resources: Sequence[Resource], number: int, path: tuple[Key, ...], value: Value) -> list[Resource]:
    """The resources with another value at one place."""
    attrs = put(resources[number].attrs, path, value)
    assert isinstance(attrs, Attrs)
    return [*resources[:number], replace(resources[number], attrs=attrs), *resources[number + 1 :]]


def read(case: Path) -> tuple[Profile, list[Resource]]:
    profile = load_profile(case / "tether.yaml", "tether.yaml")
    reading = read_all(ReadRequest(root=case, paths=(case,), units=profile.units, profile_dir=case))
    return profile, list(reading.resources)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_no_value_of_a_wrong_type_stops_a_scan(case: Path) -> None:
    profile, resources = read(case)
    for turn, (number, path) in enumerate(sampled(resources)):
        if resources[number].kind[:1].isupper():
            assert build(changed(resources, number, path, WRONG[turn % len(WRONG)]), profile).graph.nodes


UNDONE = {
    "a plug-in before 1.14": (
        "terraform/cluster.tf",
        '"vpc-cni"\n',
        '"vpc-cni"\n  addon_version = "v1.12.6-eksbuild.2"\n',
    ),
    "a version of the API that is not served": ("k8s/model.yaml", "networking.k8s.io/v1", "extensions/v1beta1"),
    "pods on Fargate": (
        "terraform/cluster.tf",
        'resource "aws_eks_node_group"',
        'resource "aws_eks_fargate_profile" "f" {\n  cluster_name = aws_eks_cluster.main.name\n'
        '  selector {\n    namespace = "infer*"\n  }\n}\n\nresource "aws_eks_node_group"',
    ),
    "a ConfigMap that turns it off": (
        "k8s/namespaces.yaml",
        "apiVersion: v1\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: amazon-vpc-cni, namespace: kube-system}\n"
        'data: {enable-network-policy-controller: "false"}\n---\napiVersion: v1\n',
    ),
}


@pytest.mark.parametrize("how", UNDONE)
def test_policies_that_may_not_be_enforced_prove_nothing(tmp_path: Path, how: str) -> None:
    file, before, after = UNDONE[how]
    folder = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", folder)
    text = (folder / file).read_text()
    assert before in text
    (folder / file).write_text(text.replace(before, after, 1))
    found = {one["id"]: one["verdict"] for one in run_scan(folder)["commitments"]}
    assert found["safety-path"] == "unproven"
    assert found["no-edge"] == "holds"
