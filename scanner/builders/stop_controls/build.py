"""Stop facts on each stop control of the profile that the inputs hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scanner.builders.draft import World
from scanner.builders.inventory import names
from scanner.builders.stop_controls.effects import denies_models, may_scale, may_stop, seals_models
from scanner.builders.stop_controls.holders import bound, strangers, users
from scanner.graph.facts_audit import Stop
from scanner.profile import StopControl
from scanner.resource import Resource
from scanner.unknown import Unknown

Answer = tuple[bool | Unknown, str]
EFFECTS: dict[str, Callable[[World, Resource], Answer]] = {
    "aws_organizations_policy": denies_models,
    "aws_iam_policy": denies_models,
    "aws_iam_role": may_stop,
    "aws_kms_key": seals_models,
    "Role": may_scale,
    "ClusterRole": may_scale,
}
"""By kind: whether using it stops a model."""
USED_BY: dict[str, tuple[str, ...]] = {
    "aws_organizations_policy": (
        "organizations:AttachPolicy", "organizations:DetachPolicy", "organizations:UpdatePolicy",
        "organizations:DeletePolicy",
    ),
    "aws_iam_policy": ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:DeletePolicy"),
    "aws_kms_key": ("kms:DisableKey", "kms:EnableKey", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion",
                    "kms:PutKeyPolicy", "kms:DeleteImportedKeyMaterial", "kms:ImportKeyMaterial"),
}  # fmt: skip
"""By kind: the actions by which it is used, changed or taken away."""
CHANGED_BY: dict[str, tuple[str, ...]] = {
    "aws_iam_role": (
        "iam:DeleteRole", "iam:UpdateAssumeRolePolicy", "iam:DetachRolePolicy", "iam:DeleteRolePolicy",
        "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary",
    ),
}  # fmt: skip
"""By kind: the actions by which what somebody else becomes is changed or taken away."""


def build_stop_controls(world: World) -> None:
    """What is known of each, and the word of the profile that it was tried, as an assumption."""
    for entry in world.profile.stop_controls:
        why = f": {entry.reason}" if entry.reason else ""
        said = f"the stop control `{entry.subject}` was tried on {entry.tested}{why} (the profile says so)"
        world.assumptions[said] = None
        for one in world.inventory.all:
            if not one.data and names(entry.subject, one.unit, one.address):
                for fact in _facts(world, entry, one):
                    world.add_fact(one.id, fact)


def _facts(world: World, entry: StopControl, one: Resource) -> Iterator[Stop]:
    effect = EFFECTS.get(one.kind)
    if effect is None:
        cause = f"no table says how a `{one.kind}` stops a model"
        yield _fact(one, entry, "effect", Unknown(cause, decided_by=(one.address,)), cause)
    else:
        yield _fact(one, entry, "effect", *effect(world, one))
    if one.kind in USED_BY:
        yield from (_fact(one, entry, "held", *answer) for answer in users(world, one, USED_BY[one.kind]))
    elif one.kind in CHANGED_BY:
        yield from (_fact(one, entry, "held", *answer) for answer in strangers(world, one, CHANGED_BY[one.kind]))
    elif one.kind in ("Role", "ClusterRole"):
        yield from (_fact(one, entry, "held", *answer) for answer in bound(world, one))
    yield _tested(world, entry, one)


def _fact(one: Resource, entry: StopControl, aspect: str, good: bool | Unknown, because: str) -> Stop:
    said = good.cause if isinstance(good, Unknown) else because
    return Stop(origin=one.origin, because=said, aspect=aspect, good=good, subject=entry.subject)


def _tested(world: World, entry: StopControl, one: Resource) -> Stop:
    """Whether its last test is inside its window on the day of the scan."""
    last = f"it was last tried on {entry.tested}"
    if world.pins is None:
        unknown = Unknown("the day of the scan is not known", decided_by=("--as-of",))
        return Stop(origin=entry.origin, because=last, aspect="tested", good=unknown, subject=entry.subject)
    days = (world.pins.as_of - entry.tested).days
    good = 0 <= days <= entry.max_age_days
    because = f"{last}, {days} days ago" if days >= 0 else f"{last}, which is a day to come"
    because += "" if good or days < 0 else f": it must be every {entry.max_age_days} days"
    return Stop(origin=entry.origin, because=because, aspect="tested", good=good, subject=entry.subject)
