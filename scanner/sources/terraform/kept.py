"""What the parts of a contract come to, kept for calls that set the same of its inputs to the same values."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any, TypeAlias

from scanner.sources.terraform.by_default import ByDefault
from scanner.sources.terraform.config import ResourceKey
from scanner.sources.terraform.contracts import Contract
from scanner.sources.terraform.expand import COUNTED, NO_KEY
from scanner.sources.terraform.unplaced import InputsKey

Slots: TypeAlias = tuple[tuple[str, ...], dict[Hashable, dict[str, Any]]]
"""Inputs, and what is kept by what those are."""


class Kept:
    """The parts of one contract for the calls that set the inputs `given`."""

    def __init__(self, by_default: ByDefault, given: frozenset[str]) -> None:
        self._by_default = by_default
        self._given = given
        # By the parts: a text, or the identity of what is none, which lasts as long as the contract.
        self._slots: dict[tuple[Any, ...], Slots | None] = {}
        self._counted: list[tuple[ResourceKey, Slots | None]] | None = None

    def slot(self, value: Mapping[str, Any], names: tuple[str, ...], key_of: InputsKey) -> dict[str, Any] | None:
        """Where what attributes of a block come to is kept; None where they rest on more than known inputs."""
        slots = self._of(value, names)
        key = None if slots is None else key_of(slots[0])
        if slots is None or key is None:
            return None
        found = slots[1].get(key)
        if found is None:
            found = slots[1][key] = {}
        return found

    def has_none(self, slots: Slots | None, key_of: InputsKey) -> bool:
        """Whether a resource is known to have no instances, by what its number rests on."""
        key = None if slots is None else key_of(slots[0])
        found = None if slots is None or key is None else slots[1].get(key)
        return found is not None and found.get("told") in (0, NO_KEY)

    def counted(self, told: Mapping[ResourceKey, Mapping[str, Any]]) -> list[tuple[ResourceKey, Slots | None]]:
        """What the number of instances of each resource rests on."""
        if self._counted is None:
            self._counted = [
                (key, None if "lifecycle" in value else self._of(value, COUNTED)) for key, value in told.items()
            ]
        return self._counted

    def _of(self, value: Mapping[str, Any], names: tuple[str, ...]) -> Slots | None:
        first = value.get(names[0], "")
        asked: tuple[Any, ...] = (names[0], first if type(first) is str else id(first))
        for name in names[1:]:
            part = value.get(name, "")
            asked = (*asked, part if type(part) is str else id(part))
        if asked not in self._slots:
            self._slots[asked] = self._found(asked, [value.get(name, "") for name in names])
        return self._slots[asked]

    def _found(self, asked: Hashable, parts: list[Any]) -> Slots | None:
        inputs = self._by_default.rest_on(asked, parts, self._given)
        if inputs is None or (inputs and any(type(part) is not str for part in parts)):
            return None  # for the latter: what rests on an input of the call has its line, the rest has not
        return inputs, self._by_default.slots(asked, inputs)


@cache
def kept_of(contract: Contract, given: frozenset[str]) -> Kept:
    """Where it is kept what a contract comes to for calls that set these inputs."""
    return Kept(by_default_of(contract), given)


@cache
def by_default_of(contract: Contract) -> ByDefault:
    """The expressions of a contract."""
    return ByDefault(contract)
