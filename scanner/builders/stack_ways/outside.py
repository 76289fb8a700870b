"""Names outside the cluster: public APIs of models, the endpoints of clouds, and whoever else answers there."""

from __future__ import annotations

from collections.abc import Iterator

from scanner import tables
from scanner.builders.draft import World
from scanner.builders.gateway_routes.build import PROVIDERS
from scanner.builders.stack_ways.settings import MODEL
from scanner.builders.stack_ways.way import Way, lost, unknown
from scanner.graph.facts_ways import Leg
from scanner.graph.model import Plane, Role
from scanner.patterns import lazy

_CLOUD = lazy(r"\.(amazonaws\.com(\.cn)?|azure\.(com|us|cn)|googleapis\.com)$")
_WORDS = {
    "api-azure-openai": ("azure:", "azurerm"), "api-vertex": ("vertex:", "google"), "api-gemini": ("google:", "google"),
    "api-huggingface": ("hf-endpoint:", "-"),
}  # fmt: skip
"""By row of the table of APIs: how approved models of it are written, and the start of the Terraform types."""


def outside(world: World, here: Leg, host: str, what: str, exposed: bool) -> Iterator[Way]:
    """Where a name leads that is none of the cluster's.

    exposed: something of the inputs leads from outside the cluster to what is wanted: the name may be of that.
    """
    row = next((one for one in tables.model_facts("api") if tables.pattern(one.regex).search(host)), None)
    word, start = (
        _WORDS.get(row.id, (row.id.removeprefix("api-") + ":", "-")) if row is not None else ("bedrock:", "aws_")
    )
    provider = row is not None or PROVIDERS.search(host) is not None
    if what == MODEL and provider and _declared(world, word, start):
        yield Way((here,), True)  # which models of it may be used is judged where they are named
    elif _CLOUD.search(host):
        guarded = bool(world.with_role(Role.GUARDRAIL))
        if what != MODEL and guarded:
            yield Way((here,), True)
        else:
            yield unknown(here, f"what answers at `{host}` is not in the inputs", f"`{host}`")
    elif row is not None:
        yield lost(Leg(here.address, here.kind, here.name, here.origin, f"{here.because}: a public API of models"))
    elif exposed:
        yield unknown(here, f"whether `{host}` leads back into the cluster is not known", f"`{host}`")
    else:
        yield lost(Leg(here.address, here.kind, here.name, here.origin, f"{here.because}, outside the cluster"))


def _declared(world: World, word: str, start: str) -> bool:
    """Whether a model of a provider is approved, or declared in the inputs."""
    if any(one.id.startswith(word) for one in world.profile.approved_models):
        return True
    return any(node.kind.startswith(start) for node in world.with_role(Role.MODEL))


def is_exposed(world: World, roles: frozenset[Role]) -> bool:
    """Whether any relay leads callers from outside the inputs to a node with one of `roles`, for certain or perhaps."""
    into: dict[str, list[str]] = {}
    for edge in world.edges:
        if edge.plane is Plane.NETWORK and edge.verb == "reach":
            into.setdefault(edge.target, []).append(edge.source)
    waiting = [node.id for node in world.with_role(*roles)]
    seen = set(waiting)
    direct = set(waiting)
    while waiting:
        here = waiting.pop()
        for source in into.get(here, ()):
            node = world.nodes.get(source)
            if node is None or source in seen:
                continue
            if Role.EXTERNAL in node.roles and here not in direct:
                return True
            if not node.actor:
                seen.add(source)
                waiting.append(source)
    return False
