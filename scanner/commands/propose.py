"""What a deployment shows of the settings that it needs: models, places, units, candidates for the safety stack."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from scanner.builders.build import build
from scanner.builders.control.fan import RELAY
from scanner.builders.control.platform import WORDS
from scanner.builders.recognise.stack import PRINCIPALS
from scanner.graph.facts import Filter, Log, ModelReference, Placement
from scanner.graph.graph import Graph
from scanner.graph.model import STACK, Node, Plane, Role
from scanner.graph.search import reach
from scanner.origin import FileOrigin
from scanner.profile import Profile
from scanner.resource import Resource
from scanner.scan import Scanned

Seen = tuple[str, str]
"""A thing by its address or id, and how it was recognised."""

LOOKS = "looks like a gateway"


class SeenPlace(Struct, frozen=True):
    """Where things stand in one partition ("" where none is known) of one provider."""

    provider: str
    partition: str
    accounts: tuple[str, ...]
    regions: tuple[str, ...]


class SeenUnit(Struct, frozen=True):
    """One deployment: folders relative to the profile, and the cluster's address ("" where none is known)."""

    name: str
    terraform: tuple[str, ...]
    manifests: tuple[str, ...]
    cluster: str = ""


class Proposal(Struct, frozen=True):
    """Everything that `tether init` writes down.

    callers: who gets at the models now; writers: who can change the stack now; namespaces: of who calls a gateway.
    """

    places: tuple[SeenPlace, ...] = ()
    elsewhere: tuple[Seen, ...] = ()
    approved: tuple[Seen, ...] = ()
    servers: tuple[Seen, ...] = ()
    candidates: tuple[Seen, ...] = ()
    stores: tuple[Seen, ...] = ()
    gateways: tuple[Seen, ...] = ()
    callers: tuple[Seen, ...] = ()
    classifiers: tuple[Seen, ...] = ()
    guardrails: tuple[Seen, ...] = ()
    filters: tuple[tuple[str, str, str], ...] = ()
    writers: tuple[Seen, ...] = ()
    namespaces: tuple[str, ...] = ()
    sinks: tuple[str, ...] = ()
    units: tuple[SeenUnit, ...] = ()
    charts: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    unread: int = 0


def proposal(scanned: Scanned, folder: Path) -> Proposal:
    """The proposal for a profile in `folder`, from a run without any profile."""
    graph, said = scanned.built.graph, scanned.built.recognised
    real = {one.id for one in scanned.reading.resources}
    gateways = [node for node in graph.nodes.values() if LOOKS in said.get(node.id, "")]
    seated = _seated(scanned, gateways)
    models = [node for node in seated.with_role(Role.MODEL, Role.CANDIDATE) if Role.CLASSIFIER not in node.roles]
    seats = {node.id for node in gateways}

    def by(role: Role) -> tuple[Seen, ...]:
        return _seen(said, (node for node in graph.with_role(role) if node.id in real))

    return Proposal(
        places=tuple(_places(graph)),
        elsewhere=tuple(sorted({*_elsewhere(graph)})),
        approved=tuple(sorted({*_references(seated)})),
        servers=by(Role.MODEL),
        candidates=by(Role.CANDIDATE),
        stores=by(Role.STORE),
        gateways=_seen(said, gateways),
        callers=_seen({}, (node for node in _callers(seated, models) if node.id not in seats)),
        classifiers=by(Role.CLASSIFIER),
        guardrails=by(Role.GUARDRAIL),
        filters=tuple(sorted({*_filters(graph)})),
        writers=tuple(sorted({(one, "") for one in _writers(graph)})),
        namespaces=tuple(sorted({node.namespace for node in _callers(seated, gateways)} - {""})),
        sinks=tuple(sorted({fact.sink for _, fact in graph.facts(Log)} - {""})),
        units=tuple(_units(scanned, folder)),
        charts=tuple(_charts(scanned, folder)),
        clusters=tuple(node.address for node in _clusters(graph, real)),
        unread=len(scanned.reading.unread),
    )


def _seated(scanned: Scanned, gateways: Sequence[Node]) -> Graph:
    """The graph as if the candidates were the gateways: what they call, and who calls them, is found only then."""
    if not gateways:
        return scanned.built.graph
    names = tuple(sorted({node.address for node in gateways}))
    profile = Profile(gateways=names, given=frozenset({"safety_stack", "safety_stack.gateways"}))
    return build(scanned.reading.resources, profile).graph


def _seen(said: dict[str, str], nodes: Iterable[Node]) -> tuple[Seen, ...]:
    """Each address once: one name in the profile means the thing in every unit."""
    found: dict[str, str] = {}
    for node in nodes:
        found.setdefault(node.address, said.get(node.id, ""))
    return tuple(sorted(found.items()))


def _places(graph: Graph) -> Iterator[SeenPlace]:
    """One place for each partition; an account or a region without one is told with each of its provider."""
    found: dict[str, dict[str, tuple[set[str], set[str]]]] = {}
    for _, fact in graph.facts(Placement):
        if fact.place_class != "cloud" or not isinstance(fact.provider, str) or not fact.provider:
            continue
        partition = fact.partition if isinstance(fact.partition, str) else ""
        accounts, regions = found.setdefault(fact.provider, {}).setdefault(partition, (set(), set()))
        accounts.update([fact.account] if isinstance(fact.account, str) and fact.account else [])
        regions.update([fact.region] if isinstance(fact.region, str) and fact.region else [])
    for provider, partitions in sorted(found.items()):
        loose = partitions.pop("", (set(), set())) if len(partitions) > 1 else (set(), set())
        for partition, (accounts, regions) in sorted(partitions.items()):
            every = accounts | loose[0], regions | loose[1]
            yield SeenPlace(provider, partition, tuple(sorted(every[0])), tuple(sorted(every[1])))


def _elsewhere(graph: Graph) -> Iterator[Seen]:
    for node, fact in graph.facts(Placement):
        if isinstance(fact.place_class, str) and fact.place_class != "cloud":
            yield node.address, fact.place_class


def _references(graph: Graph) -> Iterator[Seen]:
    """The models that are served or called, as `models.approved[].id` writes them, and the digest where it is known."""
    for _, fact in graph.facts(ModelReference):
        if isinstance(fact.reference, str) and fact.reference:
            yield fact.reference, fact.digest if isinstance(fact.digest, str) else ""


def _filters(graph: Graph) -> Iterator[tuple[str, str, str]]:
    for _, fact in graph.facts(Filter):
        known = isinstance(fact.type, str) and isinstance(fact.strength, str) and fact.enabled is True
        if known and fact.strength and not fact.required_none:
            yield str(fact.type), fact.side, str(fact.strength)


def _callers(graph: Graph, targets: Iterable[Node]) -> list[Node]:
    """The actors of the inputs that get at any of `targets` on the network, over relays alone."""
    ids = [node.id for node in targets]
    found = reach(graph, ids, [Plane.NETWORK], allowed=lambda node: False)
    return [way.actor for way in found.ways if Role.EXTERNAL not in way.actor.roles and way.actor.id not in ids]


def _writers(graph: Graph) -> Iterator[str]:
    """Who can change the stack, as `operators` writes them."""
    words = {kind: word for word, kind in WORDS.items()}
    for edge in graph.plane(Plane.CONTROL):
        target = graph.nodes[edge.target]
        if edge.verb != "write" or not (target.roles & {*STACK, Role.SINK} or target.kind == RELAY):
            continue
        source = graph.nodes[edge.source]
        if source.kind in words:
            own = f"{source.namespace}/{source.name}" if source.kind == "ServiceAccount" else source.name
            yield f"{words[source.kind]}:{own}"
        elif source.kind in PRINCIPALS:
            yield source.address
        elif source.name.startswith("arn:"):
            yield source.name


def _clusters(graph: Graph, real: set[str]) -> list[Node]:
    return [node for node in graph.with_role(Role.CLUSTER) if node.id in real]


def _units(scanned: Scanned, folder: Path) -> Iterator[SeenUnit]:
    """One unit where there is one Terraform root, one set of manifests and one cluster; else each set of manifests."""
    resources = scanned.reading.resources
    roots, sets = ({one.unit for one in resources if one.source == name} for name in ("terraform", "kubernetes"))
    clusters = _clusters(scanned.built.graph, {one.id for one in resources})
    lead = _lead(scanned.root, folder)
    if len(roots) == len(sets) == len(clusters) == 1:
        (root,), (cluster,) = roots, clusters
        terraform = posixpath.normpath(posixpath.join(lead, "" if root == "root" else root))
        manifests = _common(resources, lead)
        both = posixpath.commonpath([terraform, manifests])
        yield SeenUnit(_name(both, lead), (terraform,), (manifests,), cluster.address)
        return
    for unit in sorted(sets):
        if unit != "root" and (scanned.root / unit).is_dir():
            # An overlay's objects stand in its base as well; its unit is its folder.
            manifests = posixpath.normpath(posixpath.join(lead, unit))
        else:
            manifests = _common([one for one in resources if one.unit == unit], lead)
        yield SeenUnit(_name(manifests, lead), (), (manifests,))


def _charts(scanned: Scanned, folder: Path) -> Iterator[str]:
    """The folders of the charts that were rendered with their default values."""
    lead = _lead(scanned.root, folder)
    for one in scanned.reading.unread:
        if isinstance(one.origin, FileOrigin) and one.cause.startswith("a Helm chart is rendered with its default"):
            yield posixpath.normpath(posixpath.join(lead, posixpath.dirname(one.origin.path)))


def _lead(root: Path, folder: Path) -> str:
    """The root as the profile in `folder` sees it; the root itself where it lies elsewhere."""
    here = folder.resolve()
    return root.relative_to(here).as_posix() if root.is_relative_to(here) else "."


def _common(resources: Iterable[Resource], lead: str) -> str:
    """The deepest folder of all manifests among `resources`."""
    paths = {
        posixpath.dirname(one.origin.path)
        for one in resources
        if one.source == "kubernetes" and isinstance(one.origin, FileOrigin)
    }
    common = os.path.commonpath(sorted(paths)) if paths and "" not in paths else ""
    return posixpath.normpath(posixpath.join(lead, common))


def _name(folder: str, lead: str) -> str:
    """A unit's name out of its folder's."""
    own = posixpath.basename(folder) if folder not in ("", ".", lead) else ""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", own).strip("-._")
    return plain if plain not in ("", "external") else "deployment"
