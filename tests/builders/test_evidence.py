"""Stores and trails of evidence: strange and unknown input proves nothing."""

from __future__ import annotations

import pytest

from scanner.builders.draft import World
from scanner.builders.evidence.audit_trails import build_audit_trails
from scanner.builders.evidence.stores import WAYS, build_evidence_stores
from scanner.builders.inventory import Inventory
from scanner.graph.facts_audit import Durable, Trail
from scanner.graph.model import Role
from scanner.profile import Profile
from scanner.resource import Resource
from scanner.unknown import Ref, Unknown
from tests.builders.identity_world import build
from tests.changed import replace
from tests.reach import world as made

STRANGE = (None, "text", 7, True, [], {}, ["x"], [{"a": [None]}], Unknown("`var.x` has no value"))
KEYS = (
    "bucket", "object_lock_configuration", "rule", "retention_policy", "immutability_policy", "locked",
    "filter_pattern",
    "destination_arn", "extended_s3_configuration", "enabled_log", "target_resource_id", "audit_log_config", "service",
)  # fmt: skip


def world_of(*resources: Resource) -> World:
    return World(Inventory(resources), Profile())


def kept(*resources: Resource) -> list[object]:
    """What is said of the first resource as a store of evidence."""
    world = world_of(*resources)
    world.add_roles(resources[0].id, [Role.SINK])
    build_evidence_stores(world)
    return [fact.immutable for fact in world.nodes[resources[0].id].facts if isinstance(fact, Durable)]


@pytest.mark.parametrize("kind", sorted(WAYS))
@pytest.mark.parametrize("value", STRANGE, ids=repr)
def test_strange_input_is_never_taken_for_a_lock(kind: str, value: object) -> None:
    body = dict.fromkeys(KEYS, value)
    others = [made.terraform(one, {**body, "log_group_name": "x"}, "other") for one in (
        "aws_s3_bucket_object_lock_configuration", "aws_cloudwatch_log_subscription_filter",
        "azurerm_storage_container_immutability_policy", "azurerm_log_analytics_data_export_rule",
    )]  # fmt: skip
    if value is True:
        return  # `locked = true` is a lock
    (found,) = kept(made.terraform(kind, body), *others)
    assert found is False or isinstance(found, Unknown)


def test_a_store_that_may_not_exist_keeps_nothing_for_certain() -> None:
    body = {"retention_policy": [{"is_locked": True}]}
    sure = made.terraform("google_storage_bucket", body)
    assert kept(sure) == [True]
    maybe = replace(sure, possible=Unknown("`var.n`"))
    (found,) = kept(maybe)
    assert isinstance(found, Unknown)


def test_a_lock_that_may_be_of_another_container_proves_nothing() -> None:
    container = made.terraform("azurerm_storage_container", {"name": "evidence"})
    policy = made.terraform(
        "azurerm_storage_container_immutability_policy",
        {"storage_container_resource_manager_id": Unknown("`var.c` has no value"), "locked": True},
    )
    (found,) = kept(container, policy)
    assert isinstance(found, Unknown)


@pytest.mark.parametrize("value", STRANGE, ids=repr)
def test_a_strange_diagnostic_setting_is_no_record(value: object) -> None:
    cluster = made.terraform("azurerm_kubernetes_cluster", {"name": "main"})
    target = Unknown("computed", ref=Ref(cluster.address, "id"))
    setting = made.terraform("azurerm_monitor_diagnostic_setting", {"target_resource_id": target, "enabled_log": value})
    model = made.workload("model", "vllm/vllm-openai")
    world = world_of(cluster, setting, model)
    world.add_roles(model.id, [Role.MODEL])
    build_audit_trails(world)
    (trail,) = [fact for fact in world.nodes[cluster.id].facts if isinstance(fact, Trail)]
    assert trail.complete is False or isinstance(trail.complete, Unknown)


TRAIL = """
variable "x" {{}}
provider "aws" {{
  region              = "{region}"
  allowed_account_ids = ["{account}"]
}}
resource "aws_cloudtrail" "main" {{
  name           = "main"
  s3_bucket_name = "evidence"
  {setting}
}}
{more}
"""
DATA_ALONE = """
resource "aws_cloudtrail" "data" {
  name                  = "data"
  s3_bucket_name        = "evidence"
  is_multi_region_trail = true
  advanced_event_selector {
    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }
  }
}
"""
PLACES = "places: [{provider: aws, partition: aws, accounts: ['111122223333'], regions: [us-east-1]}]\n"
EVERYWHERE = "is_multi_region_trail = true"


@pytest.mark.parametrize(
    ("setting", "region", "account", "more", "expected"),
    [
        ("", "us-east-1", "111122223333", "", "holds"),
        ("", "us-west-2", "111122223333", "", "violated"),
        (EVERYWHERE, "us-west-2", "111122223333", "", "holds"),
        ("is_multi_region_trail = var.x", "us-west-2", "111122223333", "", "unproven"),
        (EVERYWHERE, "us-east-1", "444455556666", "", "unproven"),
        (EVERYWHERE, "us-east-1", "111122223333", DATA_ALONE, "holds"),
        ("enable_logging = false", "us-east-1", "111122223333", DATA_ALONE, "violated"),
        ("", "us-west-2", "111122223333", DATA_ALONE, "violated"),
        (f"{EVERYWHERE}\n  count = var.x", "us-east-1", "111122223333", "", "unproven"),
    ],
)
def test_over_which_account_and_region_a_trail_stands(tmp_path, setting, region, account, more, expected):
    text = TRAIL.format(setting=setting, region=region, account=account, more=more)
    world = build(tmp_path, {"main.tf": text}, PLACES).world
    build_audit_trails(world)
    said = [fact.complete for node in world.nodes.values() for fact in node.facts if isinstance(fact, Trail)]
    worst = "violated" if False in said else "unproven" if any(isinstance(one, Unknown) for one in said) else "holds"
    assert worst == expected, said


@pytest.mark.parametrize(
    ("kind", "project", "expected"),
    [
        ("google_project_iam_audit_config", "acme", True),
        ("google_project_iam_audit_config", "another", "?"),
        ("google_project_iam_audit_config", Unknown("`var.p`"), "?"),
        ("google_folder_iam_audit_config", None, "?"),
        ("google_organization_iam_audit_config", None, True),
    ],
)
def test_reads_are_recorded_in_the_project_that_the_configuration_is_of(kind, project, expected) -> None:
    endpoint = made.terraform("google_vertex_ai_endpoint", {"name": "e", "project": "acme"})
    body = {"project": project, "service": "allServices", "audit_log_config": [{"log_type": "DATA_READ"}]}
    world = world_of(endpoint, made.terraform(kind, body))
    world.add_roles(endpoint.id, [Role.MODEL])
    build_audit_trails(world)
    (trail,) = [fact for fact in world.nodes[endpoint.id].facts if isinstance(fact, Trail)]
    assert ("?" if isinstance(trail.complete, Unknown) else trail.complete) == expected


def test_a_trail_answers_for_the_regions_in_which_its_account_may_stand(tmp_path):
    """Of two places, each with an account of its own: no trail of one account records the other's regions."""
    places = """
places:
  - {provider: aws, partition: aws, accounts: ["111122223333"], regions: [us-east-1]}
  - {provider: aws, partition: aws, accounts: ["444455556666"], regions: [us-west-2]}
"""
    text = TRAIL.format(setting="", region="us-east-1", account="111122223333", more="")
    world = build(tmp_path, {"main.tf": text}, places).world
    build_audit_trails(world)
    facts = [fact for node in world.nodes.values() for fact in node.facts if isinstance(fact, Trail)]
    assert [fact.complete for fact in facts if fact.aspect == "regions"] == [True]
    assert [isinstance(fact.complete, Unknown) for fact in facts if fact.aspect == "accounts"] == [False, True]
