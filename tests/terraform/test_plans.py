"""Whole configurations against what `terraform plan` 1.11.4 planned for them: every instance, value and unknown.

`plans/*/planned.json` has, for each resource that the plan creates, its `input` and which parts of it are unknown;
`plans/*/configuration.json` is what the plan repeats of its configuration.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.resource import Resource
from scanner.sources.terraform import TerraformOptions, read_root
from scanner.sources.terraform.config import Config
from scanner.sources.terraform.planned.stale import Declared, differences
from scanner.sources.terraform.roots import configuration
from scanner.unknown import Unknown, Value

PLANS = sorted((Path(__file__).parent / "plans").iterdir())


def told(value: Value) -> tuple[Any, Any]:
    """A value as a plan has it, and the marks of what is unknown in it."""
    if isinstance(value, Unknown):
        return None, True
    if isinstance(value, dict):
        pairs = {name: told(item) for name, item in value.items()}
        known = {name: one for name, (one, mark) in pairs.items() if mark is not True}
        return known, {name: mark for name, (_, mark) in pairs.items() if mark}
    if isinstance(value, list):
        items = [told(item) for item in value]
        return [one for one, _ in items], [mark for _, mark in items]
    return (str(value) if isinstance(value, str) else value), False


def marks(found: Any) -> Any:
    """Marks without those that say nothing."""
    if isinstance(found, dict):
        inner = {name: marks(one) for name, one in found.items()}
        return {name: one for name, one in inner.items() if one} or False
    if isinstance(found, list):
        items = [marks(one) for one in found]
        return items if any(items) else False
    return found


def resources(folder: Path) -> dict[str, Resource]:
    found = read_root(folder, folder, "u", TerraformOptions(workspace="default"))
    assert found.unread == []
    return {one.address: one for one in found.resources if one.kind == "terraform_data"}


@pytest.mark.parametrize("folder", PLANS, ids=lambda folder: folder.name)
def test_the_source_is_read_as_terraform_plans_it(folder: Path) -> None:
    planned = json.loads((folder / "planned.json").read_text())
    ours = resources(folder)
    assert sorted(ours) == sorted(planned)
    for address, expected in planned.items():
        value, unknown = told(ours[address].attrs.get("input"))
        assert (value, marks(unknown)) == (expected["input"], marks(expected["unknown"])), address
        assert ours[address].possible is None


@pytest.mark.parametrize("folder", PLANS, ids=lambda folder: folder.name)
def test_a_plan_agrees_with_the_source_that_it_was_made_from(folder: Path) -> None:
    def read(path: Path) -> Config:
        return configuration(path, folder)

    planned = json.loads((folder / "configuration.json").read_text())
    assert list(differences(planned, Declared(read(folder), read))) == []
    # Nor with another: each argument that is a constant or has a name of its own is looked at.
    for one in planned["resources"]:
        one["expressions"]["other"] = {"constant_value": 1}
    assert len(list(differences(planned, Declared(read(folder), read)))) == len(
        [one for one in planned["resources"] if len(one["expressions"]) > 1]
    )
