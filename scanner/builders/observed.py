"""What a live source saw of classifiers and guardrails: copies that ran, calls that they got, how old they are."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.draft import World
from scanner.builders.recognise.stack import entry_of
from scanner.graph.facts_observed import Observed
from scanner.graph.model import Role
from scanner.origin import ApiOrigin
from scanner.resource import OBSERVED, Attrs, Resource, dig, items_of
from scanner.unknown import Unknown

LIVE = ("bundle", "live")


def build_observed(world: World) -> None:
    """Observed facts on each classifier and guardrail that an API told of; files tell of no moment."""
    for resource in world.inventory.all:
        roles = world.nodes[resource.id].roles
        if resource.source in LIVE and not resource.data and roles & {Role.GUARDRAIL, Role.CLASSIFIER}:
            for one in (*_at_work(world, resource), *_ages(world, resource)):
                world.add_fact(resource.id, one)


def _at_work(world: World, resource: Resource) -> Iterator[Observed]:
    if resource.is_manifest:
        yield from _in_a_cluster(resource)
    elif not resource.kind.startswith("aws_"):
        return
    elif Role.GUARDRAIL in world.nodes[resource.id].roles:
        yield _guardrail(world, resource)
    else:
        yield from _classifier(resource)


def _ages(world: World, resource: Resource) -> Iterator[Observed]:
    """How old it is, where the profile says how old it may be."""
    if not world.profile.max_age_days:
        return
    wanted = _version(world, resource)
    seen = [one for one in entries(resource, "age") if one.get("of") == wanted or not wanted]
    count = _oldest([_number(one.get("count")) for one in seen], world.profile.max_age_days, resource.address)
    at = max((str(one.get("at") or "") for one in seen), default="")
    because = count.cause if isinstance(count, Unknown) else f"published {count} days before {at}"
    origin = seen[0].marks.get("count") if seen else None
    yield Observed(origin=origin or resource.origin, because=because, what="age", count=count, at=at)


def _oldest(counts: list[int | Unknown], most: int, address: str) -> int | Unknown:
    """The age of the version that is meant; where any may be, and some are too old, which one is called decides."""
    days = [one for one in counts if not isinstance(one, Unknown)]
    if not days or len(days) < len(counts):
        nothing = Unknown("nothing that was read tells how old it is", decided_by=(address,))
        return next((one for one in counts if isinstance(one, Unknown)), nothing)
    if min(days) <= most < max(days):
        cause = "the profile names no version, and some are older than `max_age`"
        return Unknown(cause, decided_by=("profile:safety_stack.guardrails",))
    return max(days)


def _version(world: World, resource: Resource) -> str:
    """The version of a guardrail that the profile names; "" where it names none."""
    entry = entry_of(world, resource)
    return entry.version if entry is not None else ""


def entries(resource: Resource, what: str) -> list[Attrs]:
    """What was observed of a kind: "copies", "calls", "age", "image" or "draft"."""
    found = items_of(dig(resource.attrs, "status", OBSERVED) if resource.is_manifest else resource.attrs.get(OBSERVED))
    return [_opened(resource, one) for one in found if isinstance(one, Attrs) and one.get("what") == what]


def _opened(resource: Resource, one: Attrs) -> Attrs:
    """An entry, with an Unknown for the value of which it says why it is hidden."""
    cause = one.get("hidden")
    if not isinstance(cause, str):
        return one
    unknown = Unknown(cause, decided_by=(f"{resource.address}: status",))
    return Attrs({**one, "count": unknown, "digest": unknown}, dict.fromkeys(("count", "digest"), one.marks["hidden"]))


def _guardrail(world: World, resource: Resource) -> Observed:
    """The calls of the version that the profile names; of any where it names none."""
    wanted = _version(world, resource)
    seen = [one for one in entries(resource, "calls") if one.get("of") == wanted or not wanted]
    return _called(resource, seen, f"version {wanted} of it" if wanted else "it")


def _classifier(resource: Resource) -> Iterator[Observed]:
    copies, calls = list(_copies(resource)), entries(resource, "calls")
    yield from copies
    if calls or not copies:
        yield _called(resource, calls, "it")


def _copies(resource: Resource) -> Iterator[Observed]:
    for one in entries(resource, "copies"):
        of, count = str(one.get("of") or ""), one.get("count")
        ran = "were ready" if of == "ready" else "ran"
        says = f"{count} {ran}" if not isinstance(count, Unknown) else count.cause
        because = f"{says}{f' ({of})' if of not in ('', 'ready') else ''}, as of {one.get('at')}"
        yield Observed(
            origin=one.marks.get("count") or resource.origin,
            because=because,
            what="copies",
            count=_number(count),
            at=str(one.get("at") or ""),
        )


def _in_a_cluster(resource: Resource) -> Iterator[Observed]:
    """The copies that were ready; of a kind that another controller runs, the cluster does not count them here."""
    copies = list(_copies(resource))
    yield from copies
    if not copies:
        cause = f"how many copies run of a `{resource.kind}` is in no list that was read"
        nothing = Unknown(cause, decided_by=(resource.address,))
        at = resource.origin.at if isinstance(resource.origin, ApiOrigin) else ""
        yield Observed(origin=resource.origin, because=cause, what="copies", count=nothing, at=at)


def _called(resource: Resource, seen: list[Attrs], what: str) -> Observed:
    """All calls together; one that is counted is enough, whatever of the rest is not known."""
    counts = [_number(one.get("count")) for one in seen]
    known = sum(one for one in counts if not isinstance(one, Unknown))
    unknown = next((one for one in counts if isinstance(one, Unknown)), None)
    nothing = Unknown(f"nothing that was read counts the calls of {what}", decided_by=(resource.address,))
    count = known or unknown or (known if seen else nothing)
    at = max((str(one.get("at") or "") for one in seen), default="")
    last = max((str(one.get("last") or "") for one in seen), default="")
    hours = seen[0].get("hours") if seen else 0
    said = f", the last in the hour of {last}" if last else ""
    because = (
        count.cause if isinstance(count, Unknown) else f"{count} calls of {what} in the {hours} h before {at}{said}"
    )
    origin = seen[0].marks.get("count") if seen else None
    return Observed(origin=origin or resource.origin, because=because, what="calls", count=count, at=at, last=last)


def _number(value: object) -> int | Unknown:
    if isinstance(value, Unknown):
        return value
    known = isinstance(value, int) and not isinstance(value, bool)
    return value if known else Unknown("what was counted is no number")  # type: ignore[return-value]
