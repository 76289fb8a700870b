"""Functions that CloudFront runs in its own locations: they may answer for the gateway, and no model belongs there.

Sources: the CloudFront developer guide, "Customize at the edge with Lambda@Edge" (the function is copied to locations
around the world; a request event may be answered without the origin) and "Customize with CloudFront Functions";
hashicorp/aws, "aws_cloudfront_distribution" (`lambda_function_association`, `function_association`); the CloudFront
API reference, "CacheBehavior" (`LambdaFunctionAssociations`, `FunctionAssociations`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from msgspec.structs import replace

from scanner.builders.aws_entry.lead import destinations
from scanner.builders.blocks import Found, at, strings
from scanner.builders.draft import World
from scanner.graph.facts import Placement
from scanner.graph.facts_access import Answerer
from scanner.graph.model import STACK, Edge, Plane, Role, State
from scanner.resource import Resource
from scanner.unknown import Unknown

DISTRIBUTION = "aws_cloudfront_distribution"
BEHAVIORS = ("default_cache_behavior", "ordered_cache_behavior")
ASSOCIATED = (
    "lambda_function_association.lambda_arn",
    "lambda_function_associations.lambda_function_arn",
    "function_association.function_arn",
    "function_associations.function_arn",
)
"""Where a behavior names a function, in files and as the API tells it."""
PLACE = "cdn-compute"
EDGE = "edgelambda."
"""How the service begins that a role must trust for a function to run in CloudFront's locations."""
Ahead: TypeAlias = dict[tuple[str, Plane], list[str]]
HELD = STACK | {Role.MODEL, Role.CANDIDATE, Role.STORE}


def build_edge_functions(world: World) -> None:
    """An Answerer on each gateway behind a distribution with a function; a place for what the function holds.

    It runs once the edges of networks and identities are there.
    """
    some = list(world.inventory.of(DISTRIBUTION))
    found = [(one, each, sorted(names)) for one in some for each, names in _run_by(world, one)]
    ahead = _ahead(world.edges) if found else {}
    sure = _ahead(edge for edge in world.edges if edge.state is State.OPEN) if found else {}
    for one, each, names in found:
        for function in names or _any_of(world, one, each):
            _placed(world, function, each if names else replace(each, possible=each.unknown), sure, ahead)
        shown = [world.nodes[name].address for name in names] or [each.text or "a function that is not known"]
        trusted = bool(names) and all(world.nodes[name].roles & STACK for name in names)
        for gateway in () if trusted else _gateways(world, one, ahead):
            because = f"`{one.address}` runs `{shown[0]}` on the way, which may answer without it"
            fact = Answerer(origin=each.origin, because=because, role=Role.GATEWAY.value, other=shown[0])
            world.add_fact(gateway, fact)


def _run_by(world: World, one: Resource) -> Iterator[tuple[Found, set[str]]]:
    """The functions of a distribution: each association, and the nodes that it names."""
    for behavior in BEHAVIORS:
        for path in ASSOCIATED:
            for each in at(one, f"{behavior}.{path}"):
                names = set(destinations(world, each.value, one.unit))
                small = world.inventory.find(each.value, one, "aws_cloudfront_function")
                yield each, names | ({small.id} if isinstance(small, Resource) else set())


def _any_of(world: World, one: Resource, each: Found) -> Iterator[str]:
    """The functions that an association may name which nobody knows: those whose role CloudFront can run with."""
    for function in world.inventory.of("aws_lambda_function", unit=one.unit) if isinstance(each.value, Unknown) else ():
        role = world.inventory.find(function.attrs.get("role"), function, "aws_iam_role")
        trust = role.attrs.get("assume_role_policy") if isinstance(role, Resource) else None
        told = [found.text for found in strings(trust)]
        if not told or any(EDGE in text for text in told):
            yield function.id


def _ahead(edges: Iterable[Edge]) -> Ahead:
    """Where edges lead, by their source and plane."""
    found: Ahead = {}
    for edge in edges:
        if edge.plane is Plane.NETWORK or edge.verb in ("become", "invoke"):
            found.setdefault((edge.source, edge.plane), []).append(edge.target)
    return found


def _met(world: World, start: str, plane: Plane, ahead: Ahead) -> list[str]:
    """What a node comes to; on the network over what only passes on."""
    met, waiting = {start: None}, deque([start])
    while waiting:
        here = waiting.popleft()
        if plane is Plane.NETWORK and here != start and world.nodes[here].actor:
            continue
        for target in ahead.get((here, plane), ()):
            if target not in met:
                met[target] = None
                waiting.append(target)
    return list(met)


def _gateways(world: World, one: Resource, ahead: Ahead) -> list[str]:
    return sorted(node for node in _met(world, one.id, Plane.NETWORK, ahead) if Role.GATEWAY in world.nodes[node].roles)


def _model(world: World, function: str, ahead: Ahead) -> str:
    """The first model that a function may call by what it can become, "" for none."""
    met = (world.nodes[node] for node in _met(world, function, Plane.IDENTITY, ahead))
    return next((node.address for node in met if Role.MODEL in node.roles and node.id != function), "")


def _placed(world: World, function: str, each: Found, sure: Ahead, ahead: Ahead) -> None:
    """A place in CloudFront's locations, for a function that is, or calls, what must stand in the cloud."""
    roles = world.nodes[function].roles & HELD
    called, perhaps = _model(world, function, sure), _model(world, function, ahead)
    if not roles and not perhaps:
        return
    what = f"and it is a {sorted(roles)[0]}" if roles else f"and it may call the model `{called or perhaps}` from there"
    because = f"CloudFront copies the function to its locations around the world, {what}"
    hidden = each.possible
    if not roles and not called:
        cause = f"whether it may call the model `{perhaps}` is not known"
        hidden = hidden or Unknown(cause, decided_by=(f"what {world.nodes[function].address} may call",))
    kind: str | Unknown = hidden or PLACE
    fact = Placement(origin=each.origin, because=because, place_class=kind, perhaps=PLACE if hidden else "")
    world.add_fact(function, fact)
