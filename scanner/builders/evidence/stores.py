"""Stores of evidence: is what they hold beyond anybody's power to alter."""

from __future__ import annotations

from collections.abc import Callable

from scanner.builders.draft import World
from scanner.builders.evidence import aws_stores, azure_stores, google_stores
from scanner.builders.evidence.keeping import kept
from scanner.builders.evidence.landing import build_landings
from scanner.graph.facts_audit import Durable
from scanner.graph.model import Role
from scanner.resource import Resource
from scanner.unknown import Unknown

WAYS: dict[str, Callable[[World, Resource], Durable]] = {
    "aws_s3_bucket": aws_stores.bucket,
    "aws_cloudwatch_log_group": aws_stores.log_group,
    "aws_kinesis_firehose_delivery_stream": aws_stores.delivery,
    "aws_kinesis_stream": aws_stores.stream,
    "aws_opensearch_domain": aws_stores.index,
    "aws_elasticsearch_domain": aws_stores.index,
    "aws_opensearchserverless_collection": aws_stores.index,
    "azurerm_storage_container": azure_stores.container,
    "azurerm_storage_account": azure_stores.account,
    "azurerm_log_analytics_workspace": azure_stores.workspace,
    "google_storage_bucket": google_stores.bucket,
    "google_logging_project_bucket_config": google_stores.log_bucket,
}
"""By kind of a store: what decides whether its records stay."""


def build_evidence_stores(world: World) -> None:
    """A Durable fact for every store of evidence that the profile names and the inputs declare; where logs land."""
    build_landings(world)
    for node in world.with_role(Role.SINK):
        one = world.inventory.by_id.get(node.id)
        if one is not None:
            fact = WAYS.get(one.kind, _other)(world, one)
            sure = one.possible is None or fact.immutable is False
            world.add_fact(one.id, fact if sure else kept(one.origin, "", one.possible or False))


def _other(_world: World, one: Resource) -> Durable:
    cause = f"no table says how a `{one.kind}` keeps its records from being deleted"
    return kept(one.origin, cause, Unknown(cause, decided_by=(one.address,)))
