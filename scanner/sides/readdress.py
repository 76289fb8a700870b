"""Things under other addresses, and what refers to them: the same Resource, in another unit or called otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from scanner.resource import Attrs, Encoded, Items, Provider, Resource
from scanner.unknown import PLAIN, Unknown


class Readdress:
    """Moves Resources of one unit to another one. addresses: the new ones, of those that are called otherwise there."""

    def __init__(self, unit: str, addresses: Mapping[str, str]) -> None:
        self.unit, self.addresses = unit, addresses
        self._providers: dict[int, tuple[Provider, Provider]] = {}

    def __call__(self, one: Resource) -> Resource:
        """The Resource as it is called in its new unit."""
        address = self.addresses.get(one.address, one.address)
        aliases = one.aliases if (self.unit, address) == (one.unit, one.address) else (*one.aliases, one.id)
        if not self.addresses:
            return one if one.unit == self.unit else replace(one, unit=self.unit, aliases=aliases)
        return replace(
            one,
            unit=self.unit,
            address=address,
            aliases=aliases,
            attrs=self._attrs(one.attrs),
            before=None if one.before is None else self._attrs(one.before),
            possible=self._value(one.possible),
            provider=self._provider(one.provider),
        )

    def _attrs(self, attrs: Attrs) -> Attrs:
        """All arguments; one that is nested beyond all sense is not known."""
        try:
            made: Attrs = self._value(attrs)
        except RecursionError:
            made = Attrs({key: self._or_unknown(key, value) for key, value in attrs.items()}, attrs.marks)
        return made

    def _or_unknown(self, key: str, value: Any) -> Any:
        try:
            return self._value(value)
        except RecursionError:
            return Unknown(f"`{key}` is nested too deep to be followed", decided_by=(key,))

    def _provider(self, one: Provider | None) -> Provider | None:
        """One configuration stays one: thousands of things have the same."""
        if one is None:
            return None
        if id(one) not in self._providers:
            attrs, address = self._value(one.attrs), self.addresses.get(one.address, one.address)
            same = attrs is one.attrs and address == one.address
            self._providers[id(one)] = (one, one if same else replace(one, attrs=attrs, address=address))
        return self._providers[id(one)][1]

    def _value(self, value: Any) -> Any:
        """A value with its references led to the new addresses; itself where there is nothing to lead."""
        if type(value) in PLAIN or isinstance(value, Encoded):
            return value
        if isinstance(value, Unknown):
            return self._unknown(value)
        if isinstance(value, Mapping):
            items: dict[str, Any] = {key: self._value(item) for key, item in value.items()}
            if all(items[key] is item for key, item in value.items()):
                return value
            return Attrs(items, value.marks) if isinstance(value, Attrs) else items
        if isinstance(value, Sequence) and not isinstance(value, str):
            made = [self._value(item) for item in value]
            if all(new is old for new, old in zip(made, value, strict=True)):
                return value
            return Items(made, value.marks) if isinstance(value, Items) else type(value)(made)  # type: ignore[call-arg]
        return value

    def _unknown(self, value: Unknown) -> Unknown:
        ref = value.ref
        if ref is not None and ref.address in self.addresses:
            ref = replace(ref, address=self.addresses[ref.address])
        decided = value.decided_by
        if any(name in self.addresses for name in decided):
            decided = tuple(sorted({self.addresses.get(name, name) for name in decided}))
        inside = {name: self._value(getattr(value, name)) for name in ("pieces", "document", "options", "known")}
        same = ref is value.ref and decided is value.decided_by
        if same and all(made is getattr(value, name) for name, made in inside.items()):
            return value
        return replace(value, ref=ref, decided_by=decided, **inside)
