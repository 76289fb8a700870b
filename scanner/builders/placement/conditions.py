"""Whether a row of a placement table holds for a resource: yes, no, or not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from scanner import tables
from scanner.builders.blocks import Found, at
from scanner.builders.draft import World
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Resource, items_of
from scanner.table_rows import Condition
from scanner.unknown import Unknown, Value, refs_in

ORDINARY = {
    "opt-in-status": ("opt-in-not-required",),
    "zone-type": ("availability-zone",),
}
"""Filters of `aws_availability_zones` that leave only ordinary zones."""


_IN_REGION = lazy(r"^\*[a-z]$")
"""A region that is not known, and the letter of a zone."""


class Outcome(Struct, frozen=True):
    """holds: True, False, or the Unknown that decides. origin: the line of the value that was tested.

    zone: the name of a zone that was tested, where it is known. of_zone: a zone was tested at all.
    """

    holds: bool | Unknown
    origin: Origin
    zone: str = ""
    of_zone: bool = False


def all_hold(world: World, resource: Resource, when: Sequence[Condition]) -> Outcome:
    """Whether every condition holds; one that certainly does not hold outweighs what is not known."""
    origin, doubt, zone, of_zone = resource.origin, None, "", False
    for condition in when:
        outcome = _one(world, resource, condition)
        if outcome.holds is False:
            return outcome
        origin = outcome.origin
        zone, of_zone = zone or outcome.zone, of_zone or condition.op == "zone"
        if isinstance(outcome.holds, Unknown):
            doubt = doubt or outcome.holds
    return Outcome(True if doubt is None else doubt, origin, zone, of_zone)


def _one(world: World, resource: Resource, condition: Condition) -> Outcome:
    found = at(resource, condition.path)
    if condition.op == "absent":
        inner = _any(world, resource, condition, found, "present")
        negated = inner.holds if isinstance(inner.holds, Unknown) else not inner.holds
        return Outcome(negated, inner.origin)
    return _any(world, resource, condition, found, condition.op)


def _any(world: World, resource: Resource, condition: Condition, found: list[Found], op: str) -> Outcome:
    doubt: Outcome | None = None
    for one in found:
        answer = _test(world, resource, condition, one.value, op)
        origin = one.origin or resource.origin
        if answer is True and one.possible is not None:
            answer = one.possible
        if answer is True:
            return Outcome(True, origin, _zone_in(condition, one.value) if op == "zone" else "")
        if isinstance(answer, Unknown):
            doubt = doubt or Outcome(answer, origin)
    return doubt or Outcome(False, resource.origin)


def _zone_in(condition: Condition, value: Value) -> str:
    kinds = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    names = (item for item in items_of(value) if isinstance(item, str) and tables.zone_kind(item) in kinds)
    return next(names, "")


def _test(world: World, resource: Resource, condition: Condition, value: Value, op: str) -> bool | Unknown:
    if isinstance(value, Unknown):
        return _unknown(world, resource, condition, value, op)
    if op == "present":
        return present(value)
    if op == "eq":
        return same(value, condition.value)
    kinds = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    answers: list[bool | Unknown] = []
    for item in items_of(value):
        if isinstance(item, Unknown):
            answers.append(_unknown(world, resource, condition, item, op))
        elif op == "contains":
            answers.append(any(same(item, kind) for kind in kinds))
        else:
            answers.append(isinstance(item, str) and tables.zone_kind(item) in kinds)
    if True in answers:
        return True
    return next((answer for answer in answers if isinstance(answer, Unknown)), False)


def present(value: Value) -> bool:
    """Whether a known value counts as set: not null, and no empty string, list or mapping."""
    if isinstance(value, (str, Mapping, Sequence)):
        return len(value) > 0
    return value is not None


def same(value: Value, wanted: object) -> bool:
    """Equal as the provider sees it: `"true"` is true, `"8"` is 8."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return str(value).lower() == str(wanted).lower()
    return str(value) == str(wanted)


def _unknown(world: World, resource: Resource, condition: Condition, value: Unknown, op: str) -> bool | Unknown:
    """What an Unknown still says: its possible values, its known pieces, or whose attribute it is."""
    if value.options:
        answers = [_test(world, resource, condition, option, op) for option in value.options]
        if all(answer is True for answer in answers) or all(answer is False for answer in answers):
            return answers[0]
        return value
    if op == "present" and (_is_identity(value) or any(isinstance(one, str) and one for one in value.pieces)):
        return True
    if op == "zone" and only_ordinary(world, resource, value):
        return False
    return value


def _is_identity(value: Unknown) -> bool:
    return value.ref is not None and value.ref.attribute.rpartition(".")[2] in ("id", "arn")


def only_ordinary(world: World, resource: Resource, value: Unknown) -> bool:
    """Whether a zone comes from a look-up that is filtered down to the ordinary zones of the region."""
    addresses = {ref.address for ref in refs_in(value)} | set(value.decided_by)
    region = resource.provider.attrs.get("region") if resource.provider is not None else None
    own = set(region.decided_by) if isinstance(region, Unknown) else set()
    if _IN_REGION.match(value.text()) and all(one.startswith("data.aws_region.") or one in own for one in addresses):
        return bool(addresses)  # the region is told where the provider names it
    for address in addresses:
        bare = ".".join(address.partition("[")[0].split(".")[:3])
        source = world.inventory.at(resource.unit, address) or world.inventory.at(resource.unit, bare)
        if source is None or source.kind != "aws_availability_zones":
            return False
        filters = {name: set(_values(source, name)) for name in ORDINARY}
        if not any(wanted and wanted <= set(ORDINARY[name]) for name, wanted in filters.items()):
            return False
    return bool(addresses)


def _values(source: Resource, name: str) -> list[str]:
    found: list[str] = []
    for block in items_of(source.attrs.get("filter")):
        if isinstance(block, (dict, Mapping)) and block.get("name") == name:
            found += [str(item) for item in items_of(block.get("values"))]
    return found
