"""What a plan does to the objects that safety rests on."""

from __future__ import annotations

from scanner.graph.facts import Fact
from scanner.unknown import Unknown


class Planned(Fact, frozen=True, kw_only=True):
    """What a plan does to a safety object.

    action: "keeps", "deletes", "replaces", "forgets" (it stays, and Terraform no longer looks after it), "weakens".
    harms: whether that leaves less than there was; an Unknown where the plan leaves it open.
    """

    action: str
    harms: bool | Unknown
