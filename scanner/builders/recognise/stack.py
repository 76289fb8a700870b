"""The safety stack and the operators: what the profile names; guardrails and classifiers that it has not named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from scanner import tables
from scanner.builders.blocks import text
from scanner.builders.draft import EXTERNAL_UNIT, World
from scanner.builders.inventory import Named, names
from scanner.builders.recognise.containers import Container
from scanner.graph.facts import ModelReference
from scanner.graph.model import Node, Role
from scanner.profile import GuardrailEntry
from scanner.resource import Resource

GUARDRAILS = (
    "aws_bedrock_guardrail", "awscc_bedrock_guardrail", "azurerm_cognitive_account_rai_policy",
    "google_model_armor_template",
)  # fmt: skip
"""Terraform types that are guardrails."""
GUARDRAIL_IDS = ("name", "guardrail_id", "guardrail_arn", "id", "arn", "template_id")
PRINCIPALS = {
    "aws_iam_role": "role",
    "aws_iam_user": "user",
    "aws_iam_group": "group",
    "azurerm_user_assigned_identity": "",
    "google_service_account": "",
}
"""Terraform types that are principals, and the word for them in an ARN."""


def add_profile_roles(world: World) -> None:
    """Gateways, classifiers, servers and platform, each as the profile names them."""
    profile = world.profile
    for key, entries, role in (
        ("safety_stack.gateways", profile.gateways, Role.GATEWAY),
        ("safety_stack.classifiers", profile.classifiers, Role.CLASSIFIER),
        ("models.servers", profile.servers, Role.MODEL),
        ("platform", profile.platform, Role.PLATFORM),
    ):
        for resource in _matching(world, entries):
            world.add_roles(resource.id, [role], f"the profile names it under `{key}`")


def not_models(world: World) -> frozenset[str]:
    """The ids of what the profile says is no model; each is an assumption that the report prints."""
    found: set[str] = set()
    for entry in world.profile.not_models:
        for resource in _matching(world, (entry.subject,)):
            found.add(resource.id)
            world.assumptions[f"`{resource.address}` is not a model: {entry.reason} (the profile says so)"] = None
    return frozenset(found)


def _matching(world: World, entries: tuple[str, ...]) -> Iterator[Resource]:
    if not entries:
        return
    named = Named(entries)
    for resource in world.inventory.all:
        if not resource.data and named(resource.unit, resource.address):
            yield resource


def add_guardrails(world: World) -> None:
    """Role GUARDRAIL: those of the profile, or every one where the profile has no such key.

    A guardrail that the profile names and no input declares has a node of its own: nothing is known of it.
    """
    seen: set[str] = set()
    asked = world.profile.has("safety_stack.guardrails") or bool(world.profile.guardrails)
    for resource in world.inventory.of(*GUARDRAILS):
        entry = entry_of(world, resource)
        if entry is not None:
            seen.add(entry.id)
            world.add_roles(resource.id, [Role.GUARDRAIL], "the profile names it under `safety_stack.guardrails`")
        elif not asked:
            world.add_roles(resource.id, [Role.GUARDRAIL], "a guardrail; the profile names none")
    for one in world.profile.guardrails:
        if one.id not in seen:
            address = f"guardrail/{one.id}"
            node = world.ensure(Node(f"{EXTERNAL_UNIT}:{address}", "Guardrail", address, one.id, one.origin))
            world.add_roles(node.id, [Role.GUARDRAIL], "the profile names it, and no input declares it")


def entry_of(world: World, resource: Resource) -> GuardrailEntry | None:
    """What the profile says of a guardrail."""
    return next((one for one in world.profile.guardrails if is_guardrail(one, resource)), None)


def is_guardrail(entry: GuardrailEntry, resource: Resource) -> bool:
    """Whether an entry names a guardrail: by its address, or by what it is called in its cloud."""
    if names(entry.id, resource.unit, resource.address):
        return True
    return any(resource.attrs.get(key) == entry.id for key in GUARDRAIL_IDS)


def add_operators(world: World) -> None:
    """Role OPERATOR for the principals whose address or ARN the profile's patterns match."""
    for resource in world.inventory.of(*PRINCIPALS):
        for entry in world.profile.operators:
            if names(entry, resource.unit, resource.address) or _arn_matches(entry, resource):
                world.add_roles(resource.id, [Role.OPERATOR], "the profile names it under `operators`")


def _arn_matches(entry: str, resource: Resource) -> bool:
    """The ARN that the principal will have: its account is not known before it exists, so the entry's is taken."""
    written = resource.attrs.get("arn")
    if isinstance(written, str):
        return fnmatchcase(written, entry)
    word, name = PRINCIPALS[resource.kind], text(resource.attrs.get("name"))
    found = re.match(r"arn:[^:]+:iam::[^:]*:(?P<rest>.+)$", entry)
    if found is None or not word or not name or "*" in name:
        return False
    path = text(resource.attrs.get("path")) or "/"
    return fnmatchcase(f"{word}{path}{name}", found["rest"])


def classifier_row(resource: Resource, containers: Sequence[Container], references: list[ModelReference]) -> str:
    """Why a server looks like a classifier: by its model, its image or its own name; "" where it does not."""
    seen = [one.reference for one in references if isinstance(one.reference, str)]
    seen += [one.image.text for one in containers if one.image is not None and not one.init]
    for row in tables.safety_facts("classifier"):
        if any(tables.pattern(row.regex).search(one) for one in (*seen, resource.name)):
            return row.because
    return ""


def gateway_row(resource: Resource, containers: Sequence[Container]) -> str:
    """Why a workload looks like a gateway, by image or kind; "" where it does not. `tether init` proposes by it."""
    for row in tables.safety_facts("crd"):
        if row.role == "gateway" and row.group == resource.group and resource.kind in row.kinds:
            return row.because
    images = [one.image.text for one in containers if one.image is not None and not one.init]
    for row in tables.safety_facts("gateway"):
        if row.signal != "weak" and any(tables.pattern(row.regex).search(image) for image in images):
            return row.because
    return ""
