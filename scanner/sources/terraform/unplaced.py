"""Attributes of a contract, which many calls share: each gets its place, and is worked out, when it is asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeAlias

from scanner.origin import FileOrigin
from scanner.sources.terraform.syntax import Attribute, Expression

InputsKey: TypeAlias = Callable[[tuple[str, ...]], Hashable | None]
"""What some inputs are, as a key that is the same where they are; None where one is not known."""


COUNT = "#"
"""Before the name of an input of which no more is asked than how many elements it has."""


class Unplaced(Mapping[str, Attribute]):
    """Attributes whose parts get their place when they are asked for."""

    @abstractmethod
    def unplaced(self, name: str) -> Expression | None:
        """The expression of an attribute without a place, shared by all who ask; None where there is none of text."""

    @abstractmethod
    def at_one_place(self, name: str) -> tuple[Expression, FileOrigin] | None:
        """The expression of an attribute without a place, and its place; None where its parts have several."""

    @abstractmethod
    def kept(self, key_of: InputsKey, *names: str) -> dict[str, Any] | None:
        """Where what these attributes come to is kept for all who ask with the same inputs; None where it is not."""

    @abstractmethod
    def repeat(self, module: object) -> None:
        """Notes that the block has several instances in an instance of the module."""

    @abstractmethod
    def repeated(self, module: object) -> bool:
        """Whether that was noted."""

    @abstractmethod
    def fixed(self, name: str, module: object) -> dict[str, Any] | None:
        """Where what an attribute comes to in an instance of the module is kept for all instances of the block that it
        stands in; None where it may differ between them.
        """

    @abstractmethod
    def place(self, name: str) -> FileOrigin:
        """Where an attribute stands."""
