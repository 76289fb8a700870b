"""Who may change an object of a cluster by rights over its kind, and is no operator."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.aws_policy.match import Truth
from scanner.builders.control.build import RIGHTS
from scanner.builders.control.rights import CLUSTER_WIDE, Right
from scanner.builders.control.targets import plural
from scanner.builders.draft import World
from scanner.builders.stop_controls.holders import TRUSTED
from scanner.resource import Resource
from scanner.unknown import Unknown

VERBS = ("update", "patch", "delete", "deletecollection")


def writers(world: World, one: Resource) -> Iterator[tuple[bool | Unknown, str]]:
    """An answer for each subject that is no operator: False where it may, an Unknown where that is not known."""
    told: set[str] = set()
    known = world.memo.get(RIGHTS)
    for right in known if isinstance(known, list) else ():
        truth = _may(right, one)
        node = world.nodes[right.subject]
        if truth is Truth.NO or node.roles & TRUSTED or right.subject in told:
            continue
        told.add(right.subject)
        if truth is Truth.YES:
            how = f": {right.how}" if right.how else ""
            yield False, f"`{node.address}` may change `{one.address}`, by `{right.binding}`{how}"
        else:
            why = right.doubt or right.grant.unknown
            decided = why.decided_by if why is not None else (right.binding,)
            yield Unknown(f"whether `{node.address}` may change `{one.address}` is not known", decided_by=decided), ""


def _may(right: Right, one: Resource) -> Truth:
    if right.unit != one.unit or right.namespace not in (CLUSTER_WIDE, one.namespace):
        return Truth.NO
    truth = max(right.grant.permits(one.group, plural(one.kind), verb) for verb in VERBS)
    return right.settle(min(truth, right.grant.named(one.name)))
