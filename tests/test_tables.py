"""The domain tables: every file is whole, every row has its source, and no two rows contradict."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from scanner import table_rows as rows
from scanner import tables
from scanner.errors import TetherError
from scanner.sources.aws.typed import AwsScalars

SHAPES: dict[str, Any] = {
    "assertions": rows.Assertion,
    "aws_operations": rows.AwsOperation,
    "aws_scalars": AwsScalars,
    "control_actions": rows.ControlAction,
    "copies": rows.Copy,
    "delivery_objects": rows.DeliveryObject,
    "inert_types": rows.InertType,
    "inference_actions": rows.InferenceAction,
    "literals": rows.PlaceFact,
    "model_artifacts": rows.Artifact,
    "model_modalities": rows.ModelModality,
    "model_servers": rows.ModelFact,
    "network_interfaces": rows.NetworkInterface,
    "place_classes": rows.PlaceClass,
    "placement_azure": rows.Placement,
    "placement_kubernetes": rows.PlaceFact,
    "placement_terraform": rows.Placement,
    "providers": rows.ProviderClass,
    "regions": rows.RegionFact,
    "safety_components": rows.ModelFact,
    "switch_heuristics": rows.Heuristic,
    "switches": rows.Switch,
}
COUNTS = {
    "assertions": 80,
    "inference_actions": 59,
    "placement_azure": 53,
    "placement_terraform": 323,
    "switch_heuristics": 14,
    "switches": 119,
}
SIGNALS = {"strong", "medium", "weak", "source", "recurse", "unknown", "info"}
FACTS = {
    "literals": {"id", "command", "module", "ordinary", "lifecycle"},
    "model_artifacts": {
        "format", "target-device", "target-platform", "scheme", "store", "csi-driver", "volume", "offline-variable",
        "deny", "exception", "adapter", "server-code",
    },
    "model_servers": {
        "image", "argument", "client", "port", "environment", "resource", "path", "crd", "endpoint", "api",
    },
    "placement_kubernetes": {
        "provider-id", "node-label", "kubelet-version", "os-image", "kernel-version", "crd", "delivery", "image",
        "not-edge", "wrapper",
    },
    "regions": {"partition", "zone", "kubernetes-label", "lookalike"},
    "safety_components": {"classifier", "gateway", "crd"},
}  # fmt: skip


def regexes(name: str) -> Iterator[str]:
    for row in tables.load(name).rows:
        yield from (row[key] for key in ("regex", "unless_regex") if row.get(key))
        for test in row.get("match") or ():
            for part in (test, test.get("where", {}), test.get("unless", {})):
                if part.get("op") == "regex":
                    yield part["value"]


def test_every_file_is_a_table_and_every_table_has_a_shape() -> None:
    assert {path.stem for path in tables.tables_dir().glob("*.json")} == set(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_table_is_whole(name: str) -> None:
    raw = json.loads((tables.tables_dir() / f"{name}.json").read_text(encoding="utf-8"))
    assert list(raw) == ["schema", "about", "sources", "rows"]
    assert raw["schema"] == tables.SCHEMA
    assert raw["about"] and all(raw["sources"].values())
    assert {row["source"] for row in raw["rows"]} == set(raw["sources"])
    assert len(raw["rows"]) == COUNTS.get(name, len(raw["rows"])) > 0


@pytest.mark.parametrize("name", SHAPES)
def test_rows_have_no_unknown_columns(name: str) -> None:
    known = {tables.ALIASES.get(field, field) for field in SHAPES[name].__struct_fields__}
    tests = set(rows.SwitchTest.__struct_fields__)
    for row in tables.load(name).rows:
        assert set(row) <= known, row
        for test in row.get("match") or ():
            assert set(test) <= tests, row


@pytest.mark.parametrize("name", SHAPES)
def test_one_row_stands_on_one_line(name: str) -> None:
    text = (tables.tables_dir() / f"{name}.json").read_text(encoding="utf-8")
    body = text.split('"rows": [\n')[1].split("\n ]\n}")[0].splitlines()
    assert [json.loads(line.rstrip(",")) for line in body] == list(tables.load(name).rows)


@pytest.mark.parametrize("name", SHAPES)
def test_rows_decode_into_records(name: str) -> None:
    decoded = tables._records(name, SHAPES[name])
    assert len(decoded) == len(tables.load(name).rows)
    for record in decoded:
        hash(record.source)
        for field in record.__struct_fields__:
            assert not isinstance(getattr(record, field), list), (record, field)


@pytest.mark.parametrize("name", SHAPES)
def test_reasons_fit_after_because(name: str) -> None:
    for row in tables.load(name).rows:
        reason = row.get("because")
        if reason is None:
            assert name in ("assertions", "aws_operations", "aws_scalars", "place_classes", "regions")
            continue
        head = reason.split()[0]
        assert reason == reason.strip() and not reason.endswith("."), row
        assert len(reason) <= 110, row
        assert head[0].islower() or re.match(r"[A-Z0-9]", head), row
        assert head not in ("The", "A", "An", "It", "This"), row


@pytest.mark.parametrize("name", SHAPES)
def test_classes_signals_and_facts_are_known(name: str) -> None:
    classes = {row["id"] for row in tables.load("place_classes").rows}
    for row in tables.load(name).rows:
        assert row.get("class") is None or row["class"] in classes, row
        assert row.get("signal", "info") in SIGNALS, row
        if name in FACTS:
            assert row["fact"] in FACTS[name], row


@pytest.mark.parametrize("name", SHAPES)
def test_regexes_compile(name: str) -> None:
    for regex in regexes(name):
        tables.pattern(regex)


@pytest.mark.parametrize("name", SHAPES)
def test_ids_are_unique(name: str) -> None:
    found = Counter((row.get("fact"), row["id"]) for row in tables.load(name).rows if "id" in row)
    assert [key for key, count in found.items() if count > 1] == []


def test_actions_are_unique_and_complete() -> None:
    assert len({row.action for row in tables.inference_actions()}) == 59
    counts = Counter(row["provider"] for row in tables.load("control_actions").rows)
    assert counts["aws"] == len({row.action for row in tables.control_actions("aws")}) == 108
    assert set(counts) == {"aws", "kubernetes", "azure", "google"}
    for row in tables.control_actions("kubernetes"):
        assert row.verbs and row.groups and row.resources, row
    keyed = {row.action for row in tables.inference_actions() if row.guardrail_condition_key}
    assert keyed == {"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"}


def test_placement_rows_do_not_contradict() -> None:
    seen: dict[str, str] = {}
    for row in tables.load("placement_terraform").rows:
        assert row["kind"] in ("resource", "data")
        for condition in row["when"]:
            assert condition["op"] in ("present", "absent", "eq", "contains", "zone"), row
            assert ("value" in condition) == (condition["op"] not in ("present", "absent")), row
        key = json.dumps([row["type"], row["kind"], row["when"]], sort_keys=True)
        assert key not in seen, row
        seen[key] = row["class"]


def test_assertions_map_to_the_nine_commitments() -> None:
    by_prefix = {
        "CLOUD": "cloud-only", "EDGE": "no-edge", "ROUTE": "safety-path", "IDENT": "safety-path",
        "GUARD": "guardrails-on", "MODEL": "approved-models", "CLASS": "live-classifiers",
        "CTRL": "operator-control", "HUMAN": "operator-control", "TENANT": "agreed-tenants",
        "DATA": "agreed-tenants", "AUDIT": "evidence", "PIN": "evidence",
    }  # fmt: skip
    for row in tables.assertions():
        assert row.commitment == by_prefix[row.id.split("-")[0]]
        assert row.severity in ("critical", "high", "medium", "low")
        assert row.priority in ("P0", "P1", "P2")
        assert set(row.sources) <= {"terraform", "plan", "kubernetes", "live-aws", "live-kubernetes", "ci", "all"}
    assert {row["commitment"] for row in tables.load("place_classes").rows} <= {None, "cloud-only", "no-edge"}


def test_lookups() -> None:
    assert tables.provider("registry.terraform.io/Azure/azapi") == tables.provider("azure/azapi")
    assert tables.provider("acme/unheard-of") is None
    found = tables.azure_placement("microsoft.hybridcompute/machines@2026-07-15")
    assert found is not None and found.place == "hybrid-compute"
    assert tables.azure_placement("Microsoft.Compute/virtualMachines@2024-03-01") is None
    assert {row.place for row in tables.placements("aws_subnet")} == {"on-prem", "near-edge", "telco-edge"}
    assert tables.placements("aws_iam_role") == ()
    assert tables.placements("aws_outposts_outpost") == () != tables.placements("aws_outposts_outpost", data=True)
    known = tables.place_class("edge-device")
    assert known is not None and (known.commitment, known.verdict) == ("no-edge", "violated")
    assert tables.place_class("nowhere") is None


def test_inert_types_are_few_and_carry_nothing() -> None:
    assert tables.is_inert("random_id")
    assert tables.is_inert("aws_region", data=True) and not tables.is_inert("aws_region")
    assert tables.is_inert("PodDisruptionBudget", "policy") and not tables.is_inert("PodDisruptionBudget", "")
    for kind in (
        "null_resource",
        "terraform_data",
        "aws_s3_bucket_policy",
        "aws_iam_role",
        "aws_budgets_budget_action",
    ):
        assert not tables.is_inert(kind)
    placed = {row["type"] for row in tables.load("placement_terraform").rows}
    switched = {kind for switch in tables.switches() for test in switch.match or () for kind in test.types}
    inert = {row["type"] for row in tables.load("inert_types").rows if row["platform"] == "terraform"}
    assert inert & (placed | switched) == set()


def test_a_table_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(TetherError, match="nowhere"):
        tables.load("nowhere")
