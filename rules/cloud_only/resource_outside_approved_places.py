"""Something runs, or may run, outside the approved cloud places.

Why it matters
--------------
The promise is an allow-list: the models, and everything that they lean on, stand in the providers, partitions,
accounts and regions that the agreement names. A region that nobody named is outside it even when it is a good
region, and a provider that nobody named is outside it even when it is a good cloud.

How to fix
----------
Move the resource to an approved place, or, if the place is right, add it under `places` in `tether.yaml`. Where the
place is not known, write it down: a `region` and `allowed_account_ids` in the provider block, and `units[].cluster`
for manifests.

What it cannot see
------------------
Where a provider physically keeps a region; resources that are in none of the inputs; copies that people make.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts import Placement
from scanner.graph.model import Node, Plane, State
from scanner.rule import Case, counted
from scanner.rule_places import MUST_STAND_SOMEWHERE, OWNED, if_it_exists, known_class
from scanner.unknown import Unknown

ASSERTION = "CLOUD-001"
SEVERITY = "critical"


def check(case: Case) -> Iterable[Finding]:
    """Every statement of a place, then every model and stack member that no statement covers."""
    places: dict[str, int] = {}
    unknown = []
    for node, fact in case.graph.facts(Placement):
        if known_class(fact) in OWNED:
            case.examine(node, f"placed: {known_class(fact)}, which a rule of its own tells")
            continue
        yield from _judge(case, node, fact)
        place = f"{fact.provider} {fact.region}".strip() if isinstance(fact.region, str) else "unknown"
        case.examine(node, f"placed: {fact.place_class if isinstance(fact.place_class, str) else 'unknown'} {place}")
        if fact.region or fact.place_class != "cloud":
            places[place] = places.get(place, 0) + 1
        if isinstance(fact.place_class, Unknown) or (fact.place_class == "cloud" and case.profile.has("places")):
            unknown.append((node, fact))
    yield from case.unknown_places(unknown)
    for node in case.graph.with_role(*MUST_STAND_SOMEWHERE):
        if not _placed(case, node):
            yield case.unproven(node, f"nothing says where `{node.address}` runs", decided_by=("placement",))
    named = ", ".join(sorted(place for place in places if place))
    case.summary = f"{counted(sum(places.values()), 'placement')}, all {named}" if places else ""


def _judge(case: Case, node: Node, fact: Placement) -> Iterator[Finding]:
    if isinstance(fact.place_class, Unknown):
        return
    if fact.place_class != "cloud":
        message = f"`{node.address}` stands outside the approved cloud: {fact.because}"
        yield _told(case, node, fact, message, "keep it in an approved region")
    elif not case.profile.has("places"):
        yield case.missing(
            "places",
            "no place is approved yet: the profile has no `places`",
            "places: [{provider: aws, partition: ..., accounts: [...], regions: [...]}]",
        )
    else:
        yield from _compare(case, node, fact)


def _compare(case: Case, node: Node, fact: Placement) -> Iterator[Finding]:
    if isinstance(fact.provider, Unknown):
        return
    if fact.provider not in {place.provider for place in case.profile.places}:
        yield _outside(case, node, fact, "provider", fact.provider)
        return
    outside = False
    for name in ("account", "region", "partition"):
        value = getattr(fact, name)
        approved = case.profile.approved(name, fact.provider)
        if value == "" or isinstance(value, Unknown) or (name == "partition" and (outside or not approved)):
            continue  # a region that is outside says as much as its partition
        if not approved:
            key = f"places[].{name}s"
            yield case.missing(key, f"no {name} is approved: `places` names none", f"{name}s: [...]")
        elif value not in approved:
            outside = outside or name == "region"
            yield _outside(case, node, fact, name, value)


def _outside(case: Case, node: Node, fact: Placement, what: str, value: str) -> Finding:
    message = f"`{node.address}` is in {what} `{value}`, which the profile does not approve"
    return _told(case, node, fact, message, f"use an approved {what}")


def _told(case: Case, node: Node, fact: Placement, message: str, fix: str) -> Finding:
    if node.state is State.POSSIBLE:
        decided = node.decided_by
        message = if_it_exists(message)
        return case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=fix)
    return case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)


def _placed(case: Case, node: Node) -> bool:
    """Whether the node, or something that it runs on, has a statement of its place."""
    waiting, seen = [node.id], {node.id}
    while waiting:
        here = waiting.pop()
        if any(isinstance(fact, Placement) for fact in case.graph.nodes[here].facts):
            return True
        for edge in case.graph.out_of(here):
            if edge.plane is Plane.PLACEMENT and edge.target not in seen:
                seen.add(edge.target)
                waiting.append(edge.target)
    return False
