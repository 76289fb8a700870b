"""Stores of evidence in Google Cloud: buckets and log buckets whose retention is locked."""

from __future__ import annotations

from scanner.builders.blocks import first
from scanner.builders.draft import World
from scanner.builders.evidence.keeping import kept, switched
from scanner.graph.facts_audit import Durable
from scanner.resource import Resource

LOCKED = "the retention policy is locked: nobody shortens or removes it"
OPEN = "the retention policy is not locked: whoever may update the bucket removes it"


def bucket(_world: World, one: Resource) -> Durable:
    """A locked retention policy can be extended only (Cloud Storage documentation, Bucket Lock)."""
    found = switched(one, "retention_policy.is_locked", "true", LOCKED, OPEN)
    if found is not None:
        return found
    policy = first(one, "retention_policy")
    if policy is not None:
        doubt = policy.unknown
        return kept(policy.origin, f"`is_locked` is not set: the default is no; {OPEN}", doubt or False)
    return kept(one.origin, "`retention_policy` is not set: the default lets objects be deleted", False)


def log_bucket(_world: World, one: Resource) -> Durable:
    """A locked log bucket is deleted by nobody while it holds records (Cloud Logging documentation)."""
    says = "the log bucket is locked: its retention cannot be changed, nor the bucket deleted"
    otherwise = "the log bucket is not locked: whoever may update it shortens what it keeps"
    found = switched(one, "locked", "true", says, otherwise)
    return found or kept(one.origin, f"`locked` is not set: the default is no; {otherwise}", False)
