"""A model is delivered to a cluster outside the approved places.

Why it matters
--------------
One line of a delivery object, the destination, decides in which building the model runs. The manifests beside it are
the same for a cluster in the approved region and for one in somebody's cellar: no other rule sees where they end up.

How to fix
----------
Let the delivery name a cluster that stands in an approved place, and show the cluster: its Terraform, the Secret that
registers it, its ManagedCluster. Take models out of sets that deliver to every cluster.

What it cannot see
------------------
Clusters that are registered by hand, repositories outside the inputs, and what a pipeline applies by itself. A folder
is taken for what stands in it: a model that its kustomization takes in from elsewhere, beside objects of its own, is
not seen here.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts import Placement
from scanner.graph.facts_delivery import ClusterDelivery
from scanner.graph.model import Node, Plane
from scanner.graph.trace import trace
from scanner.rule import Case
from scanner.rule_places import OWNED, known_class
from scanner.unknown import Unknown

ASSERTION = "CLOUD-007"
SEVERITY = "high"
FIX = "deliver it to a cluster in an approved place"


def check(case: Case) -> Iterable[Finding]:
    """Every delivery to another cluster, first by what it carries, then by where the cluster stands."""
    told: set[tuple[str, tuple[str, ...]]] = set()
    count = 0
    for node, fact in case.graph.facts(ClusterDelivery):
        count += 1
        case.examine(node, f"{fact.because}{': no model' if fact.carries_model is False else ''}")
        if fact.carries_model is False or fact.place_class == "own":
            continue  # the place of its own cluster is judged with the objects of that
        for found in _judge(case, node, fact):
            key = (found.subject.address, found.decided_by)
            if key not in told or found.verdict == "violated":
                told.add(key)
                yield found
    named = "1 delivery" if count == 1 else f"{count} deliveries"
    case.summary = f"{named} to other clusters, no model outside the approved places" if count else ""


def _judge(case: Case, node: Node, fact: ClusterDelivery) -> Iterator[Finding]:
    what = "a model" if fact.carries_model is True else "what may be a model"
    outside, doubts = _place(case, fact)
    carried = fact.carries_model.decided_by if isinstance(fact.carries_model, Unknown) else ()
    if outside and not carried and fact.carries_model is True and not doubts:
        message = f"`{node.address}` delivers a model to a cluster outside the approved places: {outside}"
        yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=FIX)
    elif outside or doubts:
        where = outside or "where that stands is not known"
        message = f"`{node.address}` delivers {what} to `{_shown(fact)}`: {where}"
        decided = tuple(dict.fromkeys((*carried, *doubts)))
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=FIX)


def _shown(fact: ClusterDelivery) -> str:
    return fact.cluster.partition(":")[2] if ":" in fact.cluster and "//" not in fact.cluster else fact.cluster


def _place(case: Case, fact: ClusterDelivery) -> tuple[str, tuple[str, ...]]:
    """Why the cluster is outside, "" where it is not; and what decides that where it is not known."""
    if isinstance(fact.place_class, Unknown):
        return "", fact.place_class.decided_by or (fact.cluster,)
    if fact.place_class:
        said = Placement(
            origin=fact.origin,
            because=fact.because,
            place_class=fact.place_class,
            provider=fact.provider,
            region=fact.region,
        )
        outside, doubts = _judged(case, [said])
        owners = case.profile.approved("account", fact.provider) if fact.provider else ()
        # An address bears a region, and no account.
        return outside, (*doubts, *((f"the account of {_shown(fact)}",) if owners and not outside else ()))
    below = trace(case.graph, [fact.cluster], [Plane.PLACEMENT])
    here = [one for met in (fact.cluster, *below) for one in case.graph.nodes[met].facts]
    places = [one for one in here if isinstance(one, Placement)]
    return _judged(case, places) if places else ("", (f"the place of {_shown(fact)}",))


def _judged(case: Case, places: list[Placement]) -> tuple[str, tuple[str, ...]]:
    doubts: list[str] = []
    for one in places:
        if isinstance(one.place_class, Unknown):
            doubts += one.place_class.decided_by
        elif known_class(one) in OWNED or one.place_class != "cloud":
            return one.because, ()
        else:
            outside, unsure = _compared(case, one)
            if outside:
                return outside, ()
            doubts += unsure
    return "", tuple(dict.fromkeys(doubts))


def _compared(case: Case, one: Placement) -> tuple[str, list[str]]:
    """A place in a cloud against the list of the profile."""
    if not case.profile.has("places"):
        return "", ["profile:places"]
    doubts: list[str] = []
    for name in ("provider", "region", "account"):
        value = getattr(one, name)
        if isinstance(value, Unknown):
            doubts += value.decided_by
        elif value and isinstance(one.provider, str):
            approved = (
                {place.provider for place in case.profile.places}
                if name == "provider"
                else case.profile.approved(name, one.provider)
            )
            if value not in approved:
                return f"{name} `{value}` is not approved", []
    return "", doubts
