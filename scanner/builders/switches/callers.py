"""Switches that no single setting shows: what a caller chooses in its request, and guardrails taken together."""

from __future__ import annotations

from scanner import tables
from scanner.builders.blocks import Found
from scanner.builders.draft import World
from scanner.builders.recognise.containers import Container
from scanner.builders.switches.match import Spot, spots
from scanner.graph.facts import Switch as SwitchFact
from scanner.graph.model import Role
from scanner.resource import Resource
from scanner.table_rows import Switch
from scanner.unknown import Unknown

CHOSEN_BY_CALLERS = (
    ("N-1", r"(?i)nemo-?guardrails", "options.rails of the request"),
    ("K-25", r"(?i)portkeyai/gateway", "the header x-portkey-config"),
)
"""Row, image, and where a caller says what is to be checked."""
VIEW = "GUARD-006"
DIRECTIONS = {"prompts": frozenset({"pre_call", "during_call", "pre_mcp_call"}), "answers": frozenset({"post_call"})}
"""Modes of LiteLLM in which a guardrail looks at a direction."""


def add_caller_choices(world: World, resource: Resource, container: Container) -> None:
    """The rows of products whose requests can turn a check off: bad where callers reach the product itself."""
    image = container.image
    if image is None or container.init:
        return
    rows = {row.id: row for row in tables.switches()}
    for id_, regex, setting in CHOSEN_BY_CALLERS:
        if tables.pattern(regex).search(image.text):
            world.add_fact(resource.id, _choice(world, resource, rows[id_], setting, image))


def _choice(world: World, resource: Resource, row: Switch, setting: str, image: Found) -> SwitchFact:
    gateways = world.with_role(Role.GATEWAY)
    # An IAM role is the same gateway under another name; another workload may stand in front of this one.
    first = [node.id for node in gateways if not node.kind.startswith("aws_iam_")] == [resource.id]
    cause = f"whether a component in front of `{resource.address}` strips {setting} is not known"
    bad: bool | Unknown = True if first else Unknown(cause, decided_by=(f"who may call {resource.address}",))
    return SwitchFact(
        origin=image.origin or resource.origin,
        because=row.because,
        row=row.id,
        product=row.product,
        effect=row.effect,
        setting=setting,
        bad=bad,
        assertion=row.asserts,
        general=row.general,
    )


def add_one_direction(world: World, resource: Resource, document: Spot) -> None:
    """LiteLLM's guardrails together: whether any of them looks at prompts, and any at answers."""
    if not list(spots(document, "guardrails[].litellm_params")):
        return
    row = next(one for one in tables.switches() if one.id == "L-2")
    modes = [mode for mode in spots(document, "guardrails[].litellm_params.mode[]") if mode.value is not None]
    unknown = next((mode.unknown for mode in modes if mode.unknown is not None), None)
    seen = {str(mode.value) for mode in modes}
    missing = [side for side, names in DIRECTIONS.items() if not seen & names]
    bad: bool | Unknown = (unknown or True) if missing else False
    side = f"no guardrail looks at {missing[0]}" if missing else "prompts and answers are looked at"
    fact = SwitchFact(
        origin=modes[0].origin if modes else document.origin,
        because=unknown.cause if missing and unknown is not None else side,
        row=row.id,
        product=row.product,
        effect="partial-view",
        setting="guardrails.litellm_params.mode",
        bad=bad,
        assertion=VIEW,
    )
    world.add_fact(resource.id, fact)
