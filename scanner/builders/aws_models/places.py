"""Where the Bedrock models of a unit answer: in the regions of its providers, or anywhere in a geography."""

from __future__ import annotations

from scanner.builders.draft import World
from scanner.graph.facts import ModelReference, Placement
from scanner.graph.model import Edge, Plane
from scanner.patterns import lazy
from scanner.unknown import VALUE_UNKNOWN, Unknown

GEOGRAPHY = lazy(r"^bedrock:(us|eu|apac|au|jp|ca|us-gov|global)\.[a-z]")
"""Prefixes of cross-region inference profiles (Amazon Bedrock User Guide, "Supported Regions and models for inference
profiles"): the call may be answered in any region of the geography."""


def add_places(world: World, unit: str, model: str) -> None:
    """Let the model run where each AWS provider of the unit acts; a cross-region profile has no single place."""
    for node in list(world.nodes.values()):
        if node.kind == "provider" and node.name in ("aws", "awscc") and node.id.startswith(f"{unit}:"):
            because = f"Bedrock is called in the region of `{node.address}`"
            world.add_edge(Edge(model, node.id, Plane.PLACEMENT, "run-on", because, node.origin))
    for fact in world.nodes[model].facts:
        if isinstance(fact, ModelReference) and isinstance(fact.reference, str):
            found = GEOGRAPHY.match(fact.reference)
            if found is not None:
                cause = (
                    f"the inference profile `{fact.reference}` answers from any region of the geography `{found[1]}`"
                )
                region = Unknown(cause, VALUE_UNKNOWN, (f"regions of {fact.reference}",))
                because = "a cross-region inference profile chooses the region for each call"
                place = Placement(
                    origin=fact.origin, because=because, place_class="cloud", provider="aws", region=region
                )
                world.add_fact(model, place)
