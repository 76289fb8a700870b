"""What a plan does to the objects that safety rests on."""

from __future__ import annotations

from dataclasses import dataclass

from scanner.graph.facts import Fact
from scanner.unknown import Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned(Fact):
    """What a plan does to a safety object.

    action: "keeps", "deletes", "replaces", "forgets" (it stays, and Terraform no longer looks after it), "weakens".
    harms: whether that leaves less than there was; an Unknown where the plan leaves it open.
    """

    action: str
    harms: bool | Unknown
