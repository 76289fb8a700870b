"""Recipes of Greengrass in an answer: as `scanner.sources.aws.recipes` records them, else nothing is known of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scanner.sources.aws.paths import hidden
from scanner.unknown import Unknown

UNSEEN = "Unseen"


def recorded_recipe(found: Any, of: str) -> Any:
    """A recipe in an answer, where it is recorded as `reduced` makes it; else an Unknown. of: the component's ARN."""
    if isinstance(found, Unknown):
        return found
    decided = (f"the recipe of {of}",)
    if hidden(found):
        return Unknown("the recipe could not be read as one", decided_by=decided, secret=True)
    if not _is_recorded(found):
        return Unknown("the recipe is not recorded as a scan records it", decided_by=decided)
    if UNSEEN not in found:
        return found
    cause = "scripts, settings or other parts of its recipe are not recorded, and may bring anything"
    return {**found, UNSEEN: Unknown(cause, decided_by=decided, secret=True)}


def _is_recorded(found: Any) -> bool:
    """Whether a recipe has the parts that are recorded, each in its own form; without an address only where unseen."""
    if not isinstance(found, dict) or not found.get("ComponentName") or "Manifests" not in found:
        return False
    seen = UNSEEN not in found

    def manifest(one: Any) -> bool:
        return isinstance(one, dict) and (_is_list(one.get("Artifacts"), artifact) if one else not seen)

    def artifact(one: Any) -> bool:
        return isinstance(one, dict) and (isinstance(one.get("Uri"), str) if one else not seen)

    parts: Mapping[str, Callable[[Any], bool]] = {
        "Manifests": lambda one: _is_list(one, manifest),
        "ComponentName": _is_name,
        "ComponentVersion": _is_name,
        "ComponentDependencies": lambda one: _is_list(one, _is_name),
        "Recognised": lambda one: _is_list(one, lambda each: isinstance(each, str)),
        "Settings": lambda one: _is_list(one, lambda each: isinstance(each, str)),
        UNSEEN: hidden,
    }
    return all(key in parts and parts[key](one) for key, one in found.items())


def _is_name(value: Any) -> bool:
    return isinstance(value, str) or hidden(value)


def _is_list(value: Any, is_one: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(map(is_one, value))
