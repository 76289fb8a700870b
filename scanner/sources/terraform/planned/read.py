"""Plans and states into a run: each is laid over the root that it was made from, where that was read too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from scanner.origin import FileOrigin
from scanner.resource import Reading, Resource, Unread
from scanner.sources.terraform.others import moved, moves
from scanner.sources.terraform.planned.assigned import dynamic_bodies, other_blocks, other_values, planned_given
from scanner.sources.terraform.planned.configuration import ASSUMED
from scanner.sources.terraform.planned.document import Unusable, load
from scanner.sources.terraform.planned.objects import without_keys
from scanner.sources.terraform.planned.overlay import overlaid
from scanner.sources.terraform.planned.plan import Plan
from scanner.sources.terraform.planned.stale import Declared, Difference, differences, other_locals, refers_elsewhere
from scanner.sources.terraform.planned.state import state_resources
from scanner.sources.terraform.syntax import Body
from scanner.unknown import Unknown


class Root(Struct, frozen=True):
    """A root module of the source: its unit, its folder relative to the run's root, and what it declares itself.

    addresses: of all resources that it and its modules declare.
    modules: the modules that it calls, that no other root calls, and that are not on disk.
    declared: what a plan of it has to agree with.
    """

    unit: str
    folder: str
    signature: frozenset[str]
    addresses: frozenset[str]
    modules: tuple[Unread, ...] = ()
    declared: Declared | None = None


def read_plan(whole: Reading, path: Path, shown: str, roots: list[Root], alone: str) -> None:
    """Add a plan to what was read. `alone` is the unit of a plan that no root, or more than one, fits."""
    try:
        document = load(path, shown)
        plan = Plan(document, alone)
        root = _root_of(plan, roots)
        plan.unit = root.unit if root else alone
        told = list(plan.resources())
    except Unusable as error:
        whole.unread.append(Unread(FileOrigin(shown, 1), error.cause, "file", error.remedy))
        return
    whole.inputs[shown] = document.sha256
    whole.unread.extend(plan.unread())
    if not told:
        whole.unread.append(Unread(FileOrigin(shown, 1), "the plan holds no resource", "document"))
        return
    if root is None:
        whole.assumptions[ASSUMED] = None
        if roots:
            whole.assumptions[f"the plan {shown} is of no one root that is scanned: it stands by itself"] = None
        whole.resources.extend(told)
        return
    stale = _stale(whole, plan, root, told)
    whole.unread.extend(stale)
    _over(whole, root, told, _gone if plan.complete and not stale else _unplanned)
    if plan.complete and not stale:
        # It has the resources of every module, wherever that was downloaded from.
        whole.unread = [one for one in whole.unread if one not in root.modules]


def _root_of(plan: Plan, roots: list[Root]) -> Root | None:
    """The root that a plan was made from: that which declares the same, else most of it, if there is only one."""
    signature = plan.signature()
    fitting = [root for root in roots if root.signature == signature]
    if not fitting:
        named = [root for root in roots if root.unit == plan.unit]
        shared = [root for root in roots if 2 * len(root.signature & signature) >= len(root.signature | signature)]
        fitting = named or [root for root in shared if root.signature & signature]
    return fitting[0] if len(fitting) == 1 else None


def _stale(whole: Reading, plan: Plan, root: Root, told: list[Resource]) -> list[Unread]:
    """What says that the plan is not of the source beside it: the first of it, at its line."""
    found = (
        []
        if root.declared is None
        else list(differences(plan.configuration, root.declared, plan.provider_configuration))
    )
    by_address = {one.address: one for one in told}
    if root.declared is not None:
        found.extend(other_values(plan.variables, root.declared.given, root.declared.config))
        found.extend(_other_blocks(plan, root.declared, by_address))
    for one in whole.resources:
        if one.unit != root.unit or one.source != "terraform" or one.address not in root.addresses:
            continue
        if one.default_of:  # a contract tells what a module makes as a rule: the plan knows better
            continue
        planned = by_address.get(one.address)
        if planned is None:
            if plan.complete and _certain(one):
                found.append((one.origin, f"`{one.address}` is declared, and the plan does not hold it"))
            continue
        if root.declared is not None and (body := _body(one, root.declared)) is not None:
            found.extend(other_locals(body, planned, root.declared.config))
        if refers_elsewhere(one.attrs, planned.attrs, by_address):
            found.append((one.origin, f"`{one.address}` refers to another resource than the planned one"))
    if not found:
        return []
    origin, what = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    cause = f"the plan {plan.document.shown} is not of this source: {what}{more}"
    return [Unread(origin, cause, "document", "plan again, or scan the source that it was made from")]


def _other_blocks(plan: Plan, declared: Declared, by_address: Mapping[str, Resource]) -> Iterator[Difference]:
    """Of dynamic blocks: a plan repeats no more of them than what they came to."""
    bodies = dynamic_bodies(declared) if declared.again is not None else {}
    if declared.again is None or not bodies:
        return
    for one in declared.again(planned_given(plan.variables)):
        body = bodies.get(without_keys(one.address))
        if body is not None and one.address in by_address:
            yield from other_blocks(body, one, by_address[one.address])


def _body(one: Resource, declared: Declared) -> Body | None:
    """The block of a resource of the root module itself."""
    block = declared.config.resources.get(("data" if one.data else "resource", one.kind, one.name))
    return block.body if block is not None and not one.calls else None


def _certain(one: Resource) -> bool:
    """Whether a resource is there whatever the variables are: no `count`, no `for_each`, and no contract tells it."""
    plain = one.possible is None and "[" not in one.address and not one.default_of
    return plain and not one.data and one.kind not in ("provider", "terraform", "module")


def read_state(whole: Reading, path: Path, shown: str, roots: list[Root], alone: str) -> None:
    """Add a state to what was read; what is declared and not in it is possible: it may never have been applied."""
    try:
        document = load(path, shown)
        found = list(state_resources(document, alone))
    except Unusable as error:
        whole.unread.append(Unread(FileOrigin(shown, 1), error.cause, "file", error.remedy))
        return
    whole.inputs[shown] = document.sha256
    if not found:
        whole.unread.append(Unread(FileOrigin(shown, 1), "the state holds no resource", "document"))
    of_roots = [(root, _moved(found, root)) for root in roots]
    fitting = [(root, told) for root, told in of_roots if _declared(told, root) == 1]
    if not fitting:
        # What is not declared any more is still there; most of a state is of the root that it was made from.
        fitting = [(root, told) for root, told in of_roots if _declared(told, root) >= 0.5]
    if len(fitting) == 1 and found:
        root, told = fitting[0]
        _over(whole, root, [replace(one, unit=root.unit) for one in told], _undone)
        return
    whole.resources.extend(found)


def _moved(found: list[Resource], root: Root) -> list[Resource]:
    """The resources of a state under the addresses that `moved` blocks of a root give them."""
    pairs = moves(root.declared.config) if root.declared is not None else []
    if not pairs:
        return found
    renamed = [(one, moved(one.address, pairs)) for one in found]
    return [
        one if new == one.address else replace(one, address=new, name=without_keys(new).rpartition(".")[2])
        for one, new in renamed
    ]


def _declared(found: list[Resource], root: Root) -> float:
    """Which part of what a state holds of a root module is declared by a root."""
    own = {_signature(one) for one in found}
    return len(own & root.signature) / len(own) if own else 0


def _gone(one: Resource) -> Resource | None:
    """A data source may have been read before; of all else a whole plan says what there will be."""
    return one if one.data else None


def _unplanned(one: Resource) -> Resource | None:
    cause = f"`{one.address}` is declared, and the plan does not say whether it is of all that is"
    return replace(one, possible=one.possible or Unknown(cause, decided_by=(one.address,)))


def _undone(one: Resource) -> Resource | None:
    cause = f"`{one.address}` is declared, and the state does not hold it"
    return replace(one, possible=one.possible or Unknown(cause, decided_by=(one.address,)))


def _signature(one: Resource) -> str:
    """The root module's own declaration that a resource comes from."""
    if one.address.startswith("module."):
        return "module." + one.address.split(".", 2)[1].partition("[")[0]
    return f"{'data.' if one.data else ''}{one.kind}.{one.name}"


def _over(whole: Reading, root: Root, told: list[Resource], absent: Callable[[Resource], Resource | None]) -> None:
    """Put what a plan or state tells in the place of what the source of its root says."""
    source: dict[str, Resource] = {}
    kept: list[Resource] = []
    for one in whole.resources:
        if one.unit == root.unit and one.source == "terraform" and one.address in root.addresses:
            source[one.address] = one
        else:
            kept.append(one)
    by_address = {one.address: one for one in told}
    for address, one in source.items():
        if one.kind in ("provider", "terraform"):
            kept.append(one)
        elif address not in by_address and (left := absent(one)) is not None:
            kept.append(left)
    for one in told:
        before = source.get(one.address)
        if one.kind == "provider" and before is not None:
            continue
        kept.append(one if before is None else overlaid(before, one))
    whole.resources = kept
