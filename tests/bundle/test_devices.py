"""Components, deployments and core devices of Greengrass in a bundle: what is not known of any of them stays open."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bundle.estate import NUMBER, full, write
from tests.harness import FIXTURES, run_scan, seen

RULE = "device-delivery-carries-model"
CASE = FIXTURES / "no-edge" / RULE / "complies-recorded-component"
TOLD: dict[str, Any] = json.loads((CASE / "bundle.json").read_text())[NUMBER]
NAME, DEVICES, PAGE = (
    "com.acme.assistant",
    "greengrassv2:ListCoreDevices",
    "greengrassv2:ListInstalledComponents press-7",
)
DEPLOYED, COMPONENT = "greengrassv2:GetDeployment", "greengrassv2:GetComponent"
VERSIONS = "greengrassv2:ListComponentVersions"


def scanned(folder: Path, change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    told = copy.deepcopy(TOLD)
    change(told)
    answers = {(key.partition(" ")[0], key.partition(" ")[2]): one for key, one in told.items()}
    return run_scan(CASE, "--bundle", str(write(folder / "aws.bundle", full(answers))))


def verdict(report: dict[str, Any]) -> str:
    return seen(report, RULE).splitlines()[0].rpartition(" ")[2]


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "nothing": (lambda told: None, "holds"),
    "a recipe as it came": (lambda told: told[COMPONENT].update(recipe="eyJDb21wb25lbnROYW1lIjogImEifQ=="), "unproven"),
    "an empty recipe": (lambda told: told[COMPONENT].update(recipe={}), "unproven"),
    "no recipe": (lambda told: told[COMPONENT].pop("recipe"), "unproven"),
    "a recipe that was none": (lambda told: told[COMPONENT].update(recipe={"$digest": "00"}), "unproven"),
    "versions denied": (lambda told: told.update({VERSIONS: "denied"}), "unproven"),
    "a deployment denied": (lambda told: told.update({DEPLOYED: "denied"}), "unproven"),
    "a device denied": (lambda told: told.update({PAGE: "denied"}), "unproven"),
    "devices denied": (lambda told: told.update({DEVICES: "denied"}), "unproven"),
    "an older version on the device": (
        lambda told: told[PAGE]["installedComponents"][2].update(componentVersion="0.9.0"), "unproven",
    ),
    "a component of its own on the device": (
        lambda told: told[PAGE]["installedComponents"].append({"componentName": "local", "componentVersion": "1.0.0"}),
        "unproven",
    ),
    "an installed component without a name": (
        lambda told: told[PAGE]["installedComponents"][2].pop("componentName"), "unproven",
    ),
    "what is installed is no list": (lambda told: told[PAGE].update(installedComponents="x"), "unproven"),
    "what is deployed is a list": (lambda told: told[DEPLOYED].update(components=["x"]), "unproven"),
    "what is deployed is a text": (lambda told: told[DEPLOYED].update(components="x"), "unproven"),
    "a public model on the device": (
        lambda told: told[PAGE]["installedComponents"].append(
            {"componentName": "variant.DLR.ImageClassification.ModelStore", "componentVersion": "2.1.13"}
        ), "violated",
    ),
    "a setting out of sight": (
        lambda told: told[DEPLOYED]["components"][NAME].update(configurationUpdate={"Unseen": {"$digest": "00"}}),
        "unproven",
    ),
    "a setting that names the store": (
        lambda told: told[DEPLOYED]["components"][NAME].update(configurationUpdate={"Recognised": ["s3://acme-weights/"]}),
        "violated",
    ),
    "a script that fetches a model": (lambda told: told[COMPONENT]["recipe"].update(Recognised=["*.gguf"]), "violated"),
    "a script that starts a server": (
        lambda told: told[COMPONENT]["recipe"].update(Recognised=["recognised:image-vllm"]), "violated",
    ),
    "a script that may fetch one": (lambda told: told[COMPONENT]["recipe"].update(Recognised=["*.bin"]), "unproven"),
    "a dependency that nobody has": (
        lambda told: told[COMPONENT]["recipe"].update(ComponentDependencies=["com.acme.other"]), "unproven",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_device_has_is_known_or_open(tmp_path: Path, change: str) -> None:
    how, wanted = CHANGES[change]
    assert verdict(scanned(tmp_path, how)) == wanted


def test_a_fleet_is_one_finding_of_a_store(tmp_path: Path) -> None:
    names = [f"press-{number}" for number in range(5)]

    def change(told: dict[str, Any]) -> None:
        told[DEVICES]["coreDevices"] = [{"coreDeviceThingName": name} for name in names]
        told.update({f"greengrassv2:ListInstalledComponents {name}": told[PAGE] for name in names})
        told[COMPONENT]["recipe"]["Manifests"] = [{"Artifacts": [{"Uri": "s3://acme-weights/a.zip"}]}]

    report = scanned(tmp_path, change)
    told = [one for one in report["findings"] if one["rule"] == RULE]
    assert verdict(report) == "violated" and len(told) == 2
    [way] = [one for one in told if len(one["hops"]) > 1]
    assert [hop["address"].rpartition(":")[2] for hop in way["hops"]] == ["acme-weights", "1.0.0", "press-0"]
    assert way["message"].endswith("and 5 more")
