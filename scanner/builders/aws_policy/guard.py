"""Which guardrail a policy condition demands, and whether it is one of the operator's at a published version."""

from __future__ import annotations

import re
from collections.abc import Callable

from scanner.builders.aws_policy.condition import GUARDRAIL_KEY
from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.statements import Condition, Statement
from scanner.builders.draft import World
from scanner.graph.model import Role
from scanner.patterns import lazy
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

NAMED = lazy(r"(?P<arn>arn:aws[a-z-]*:bedrock:[a-z0-9-]*:[0-9]*:guardrail/(?P<id>[a-z0-9]+)):(?P<version>[0-9]+)")
GUARDRAILS = ("aws_bedrock_guardrail", "awscc_bedrock_guardrail")
VERSIONS = ("aws_bedrock_guardrail_version", "awscc_bedrock_guardrail_version")


def approver(world: World, unit: str) -> Callable[[Value], Truth]:
    """Says of a value of `bedrock:GuardrailIdentifier` whether it is an approved guardrail at a published version."""

    def approved(value: Value) -> Truth:
        if isinstance(value, str):
            return _literal(world, value)
        if isinstance(value, Unknown):
            return _partly(world, unit, value)
        return Truth.NO

    return approved


def _literal(world: World, value: str) -> Truth:
    found = NAMED.fullmatch(value)
    if found is None:
        return Truth.NO
    entries = world.profile.guardrails
    if not entries:
        return Truth.YES
    for entry in entries:
        if entry.id in (found["id"], found["arn"], value):
            return Truth.NO if entry.version not in ("", found["version"]) else Truth.YES
    by_address = any(
        not entry.id.startswith("arn:") and not re.fullmatch("[a-z0-9]{12}", entry.id) for entry in entries
    )
    return Truth.POSSIBLE if by_address else Truth.NO


def _partly(world: World, unit: str, value: Unknown) -> Truth:
    if not value.pieces:
        found = None if value.ref is None else world.inventory.at(unit, value.ref.address)
        # An ARN alone names no version; a value of anything else is one that nobody knows.
        return Truth.POSSIBLE if found is None or found.kind not in (*GUARDRAILS, *VERSIONS) else Truth.NO
    if "*" in "".join(piece for piece in value.pieces if isinstance(piece, str)):
        return Truth.NO
    head, last = value.pieces[:-1], value.pieces[-1]
    if isinstance(last, str):
        before, colon, version = last.rpartition(":")
        if not colon or not version.isdecimal():
            return Truth.NO
        head = (*head, before) if before else head
        return _guardrail(world, unit, head, version)
    if not (head and isinstance(head[-1], str) and head[-1].endswith(":")):
        return Truth.POSSIBLE
    trimmed = head[-1][:-1]
    source = None if last.ref is None else world.inventory.at(unit, last.ref.address)
    if source is None:
        return Truth.POSSIBLE
    if source.kind not in VERSIONS:
        # The attribute `version` of the guardrail itself is its draft.
        return Truth.NO
    return _guardrail(world, unit, (*head[:-1], trimmed) if trimmed else head[:-1], "")


def _guardrail(world: World, unit: str, parts: tuple[str | Unknown, ...], version: str) -> Truth:
    entries = world.profile.guardrails
    text = "".join(part for part in parts if isinstance(part, str))
    refs = [part.ref for part in parts if isinstance(part, Unknown) and part.ref is not None]
    found = [world.inventory.at(unit, ref.address) for ref in refs]
    kinds = [one for one in found if one is not None and one.kind in (*GUARDRAILS, *VERSIONS)]
    if not kinds:
        named = NAMED.fullmatch(f"{text}:{version or '1'}")
        if named is not None and len(parts) == 1:
            return _literal(world, f"{text}:{version}") if version else max(_versions(world, text))
        return Truth.POSSIBLE
    if not entries:
        return Truth.YES
    guardrail = _behind(world, kinds[0])
    if guardrail is None:
        return Truth.POSSIBLE
    if Role.GUARDRAIL not in world.nodes[guardrail.id].roles:
        return Truth.NO
    wanted = {entry.version for entry in entries if entry.id in _names(guardrail)}
    return Truth.YES if not version or not wanted or wanted & {"", version} else Truth.NO


def _versions(world: World, arn: str) -> list[Truth]:
    """For an ARN with a version that a resource will have: the entries that name the ARN decide."""
    return [Truth.NO, *(_literal(world, f"{arn}:{entry.version or 1}") for entry in world.profile.guardrails)]


def _names(guardrail: Resource) -> tuple[str, ...]:
    own = (guardrail.attrs.get(key) for key in ("name", "guardrail_id", "guardrail_arn"))
    return (guardrail.address, guardrail.id, *(one for one in own if isinstance(one, str)))


def _behind(world: World, resource: Resource) -> Resource | None:
    """The guardrail itself, for one of its versions."""
    if resource.kind in GUARDRAILS:
        return resource
    key = "guardrail_arn" if resource.kind.startswith("aws_") else "guardrail_identifier"
    found = world.inventory.find(resource.attrs.get(key), resource, *GUARDRAILS)
    return found if isinstance(found, Resource) else None


def demand(statement: Statement) -> Condition | None:
    """The statement's condition on the guardrail; None where it has none."""
    for one in statement.conditions:
        key = one.key.text() if isinstance(one.key, Unknown) else one.key
        if key.lower() == GUARDRAIL_KEY:
            return one
    return None


def flaw(condition: Condition, *, sure: bool) -> str:
    """Why a condition on the guardrail binds nobody; `sure` is False where it may bind after all."""
    operator = condition.operator if isinstance(condition.operator, str) else "*"
    if operator.lower().endswith("ifexists") or operator.lower().startswith("forallvalues:"):
        return f"`{operator}` on `bedrock:GuardrailIdentifier` also holds when the caller names no guardrail"
    if "not" in operator.lower() or operator.lower() == "null":
        return f"`{operator}` on `bedrock:GuardrailIdentifier` leaves the choice of guardrail to the caller"
    if not sure:
        return "whether its condition on `bedrock:GuardrailIdentifier` names an approved guardrail is not known"
    return "its condition on `bedrock:GuardrailIdentifier` names no approved guardrail at a published version"
