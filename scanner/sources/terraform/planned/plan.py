"""A plan as `terraform show -json` writes it, to Resources: what will be, what goes, and what is not known yet.

Source: Terraform documentation, "JSON Output Format", formats 0.1 to 1.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scanner.origin import ApiOrigin
from scanner.resource import Attrs, Resource, Unread
from scanner.sources.terraform.planned.configuration import Configuration, Scope, names_in
from scanner.sources.terraform.planned.document import Document, Unusable
from scanner.sources.terraform.planned.objects import (
    mapping,
    mappings,
    module_of,
    provider,
    resources,
    text,
)
from scanner.sources.terraform.planned.values import Path, Reader, computed
from scanner.unknown import Unknown

ROOT = Scope({}, "")
ALWAYS = ("id", "arn")
"""What a provider makes, and others name a resource by: kept where it is known."""


class Plan:
    """One plan. `reading` gets what is wrong with it."""

    def __init__(self, document: Document, unit: str) -> None:
        self.document = document
        self.unit = unit
        self._body = document.body
        version = text(self._body.get("format_version"))
        if version.partition(".")[0] not in ("0", "1"):
            raise Unusable(f"its format {version[:20]!r} is not known", "use a newer version of Tether")
        if "planned_values" not in self._body:
            remedy = "give it with --state" if "values" in self._body else ""
            raise Unusable("it is no plan: `planned_values` is missing", remedy)
        self._changes = {text(one.get("address")): one for one in mappings(self._body.get("resource_changes"))
                         if "deposed" not in one}  # fmt: skip
        planned = [*resources(self._body.get("planned_values")), *self._prior()]
        self._values = {text(one.get("address")): one for one in planned}
        addresses = frozenset(self._values)
        self._configuration = Configuration(mapping(self._body.get("configuration")), addresses)

    @property
    def complete(self) -> bool:
        """Whether the plan says that it is of all that is declared: older ones do not tell."""
        put_off = self._body.get("deferred_changes") or self._body.get("errored") is True
        return self._body.get("complete") is True and not put_off

    @property
    def configuration(self) -> Mapping[str, Any]:
        """The root module of the configuration that the plan was made from."""
        return mapping(mapping(self._body.get("configuration")).get("root_module"))

    @property
    def variables(self) -> Mapping[str, Any]:
        """What the root module's variables were set to, each an object with a `value`."""
        return mapping(self._body.get("variables"))

    @property
    def provider_configuration(self) -> Mapping[str, Any]:
        """The provider configurations that the plan was made with, by their keys."""
        return mapping(mapping(self._body.get("configuration")).get("provider_config"))

    def signature(self) -> frozenset[str]:
        """The resources and module calls that the root module declares: by it the root in the source is found."""
        root = self.configuration
        declared = {text(one.get("address")) for one in mappings(root.get("resources"))}
        lasting = {one for one in declared if not one.startswith("ephemeral.")}
        return frozenset(lasting | {f"module.{name}" for name in mapping(root.get("module_calls"))})

    def unread(self) -> Iterator[Unread]:
        """What the plan itself says it lacks."""
        if self._body.get("errored") is True:
            yield Unread(self._origin(""), "the plan ended with an error: it is not whole", "document", "plan again")
        elif self._body.get("complete") is False:
            cause = "the plan is not of all that is declared: it was made for targets, or puts something off"
            yield Unread(self._origin(""), cause, "document", "plan without `-target`, or apply and plan again")
        for address, change in self._changes.items():
            if not _actions(change):
                yield Unread(
                    self._origin(address), "the plan does not say what it does to it", "document", "plan again"
                )
        for one in mappings(self._body.get("deferred_changes")):
            address = text(mapping(one.get("resource_change")).get("address"))
            yield Unread(self._origin(address), "the plan defers it to a later one", "module", "apply, and plan again")

    def resources(self) -> Iterator[Resource]:
        """What stands after the plan is applied, what it deletes, and the provider configurations."""
        for address, one in self._values.items():
            yield self._resource(address, one, self._changes.get(address, {}))
        for address, change in self._changes.items():
            if address not in self._values and "delete" in _actions(change):
                yield self._deleted(address, change)
        yield from self._providers()

    def _prior(self) -> Iterator[Mapping[str, Any]]:
        """The data sources that were read already: only the state before the plan has their values."""
        state = mapping(self._body.get("prior_state"))
        return (one for one in resources(state.get("values")) if one.get("mode") == "data")

    def _origin(self, address: str) -> ApiOrigin:
        return ApiOrigin("plan", self.document.shown, (), address)

    def _resource(self, address: str, one: Mapping[str, Any], change: Mapping[str, Any]) -> Resource:
        kind, name, data = text(one.get("type")), text(one.get("name")), one.get("mode") == "data"
        module = module_of(address, kind, name, data=data)
        scope = self._configuration.scope(module) or ROOT
        declared = self._configuration.resource(scope, f"data.{kind}.{name}" if data else f"{kind}.{name}")
        written = mapping(declared.get("expressions"))
        told = mapping(change.get("change"))

        def unknown(path: Path) -> Unknown:
            return self._configuration.unknown(scope, declared, address, path) if written else computed(address, path)

        reader = Reader(address, self._origin(address), unknown, lambda attribute: attribute in written or not written)
        marks = one.get("sensitive_values"), told.get("after_sensitive")
        attrs = reader.attrs(mapping(one.get("values")), told.get("after_unknown"), _either(*marks))
        return Resource(
            address=address,
            unit=self.unit,
            kind=kind,
            name=name,
            attrs=attrs,
            origin=self._origin(address),
            source="plan",
            data=data,
            provider=provider(
                text(one.get("provider_name")),
                text(declared.get("provider_config_key")).rpartition(":")[2] or kind.partition("_")[0],
                self._provider_attrs(text(declared.get("provider_config_key"))),
                self._origin(f"provider.{text(declared.get('provider_config_key'))}"),
            ),
            action=_action(change),
            before=self._before(address, change) if _action(change) in ("update", "replace") else None,
        )

    def _before(self, address: str, change: Mapping[str, Any]) -> Attrs:
        told = mapping(change.get("change"))
        reader = Reader(address, self._origin(address), lambda path: computed(address, path))
        return reader.attrs(mapping(told.get("before")), None, told.get("before_sensitive"))

    def _deleted(self, address: str, change: Mapping[str, Any]) -> Resource:
        return Resource(
            address=address,
            unit=self.unit,
            kind=text(change.get("type")),
            name=text(change.get("name")),
            attrs=self._before(address, change),
            origin=self._origin(address),
            source="plan",
            data=change.get("mode") == "data",
            deleted=True,
            action="delete",
        )

    def _providers(self) -> Iterator[Resource]:
        configured = mapping(mapping(self._body.get("configuration")).get("provider_config"))
        for key, one in configured.items():
            attrs = self._provider_attrs(key)
            if ":" not in key and attrs:
                name = text(mapping(one).get("name"))
                address = f"provider.{key}"
                yield Resource(address, self.unit, "provider", name, attrs, self._origin(address), "plan")

    def _provider_attrs(self, key: str) -> Attrs:
        """The arguments of a provider block: constants alone are told by a plan."""
        found = mapping(mapping(mapping(self._body.get("configuration")).get("provider_config")).get(key))
        origin = self._origin(f"provider.{key}")
        values, open_ = _told(mapping(found.get("expressions")))
        address = f"provider.{key}"

        def unknown(path: Path) -> Unknown:
            decided = tuple(sorted(names_in(found.get("expressions"), path))) or (address,)
            return Unknown(f"what a plan does not tell of `{address}`: it is computed", decided_by=decided)

        return Reader(address, origin, unknown).attrs(values, open_, None)


def _told(expressions: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The constants among the arguments and nested blocks of a provider, and the marks of what is computed."""
    values: dict[str, Any] = {}
    open_: dict[str, Any] = {}
    for name, expression in expressions.items():
        if isinstance(expression, list):
            # An argument that is a list of objects has its constants in one; nested blocks have one each.
            pairs = [_told(one) for one in mappings(expression)]
            values[name], open_[name] = [value for value, _ in pairs], [mark for _, mark in pairs]
        elif "constant_value" in mapping(expression):
            values[name] = expression["constant_value"]
        elif "references" in mapping(expression) or not mapping(expression):
            # What is neither is computed from constants alone, and not told.
            open_[name] = True
        else:
            inner, marks = _told(mapping(expression))
            values[name], open_[name] = [inner], [marks]
    return values, open_


def _actions(change: Mapping[str, Any]) -> list[str]:
    listed = mapping(change.get("change")).get("actions")
    return [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []


def _action(change: Mapping[str, Any]) -> str:
    """What the plan does: "create", "update", "replace", "forget", "read", "no-op"; "" where it does not say."""
    actions = _actions(change)
    return "replace" if "delete" in actions and "create" in actions else actions[0] if actions else ""


def _either(first: object, second: object) -> object:
    """Marks of secrets from two places: what either marks is marked."""
    if first is True or second is True:
        return True
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return {key: _either(first.get(key), second.get(key)) for key in {*first, *second}}
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        return [_either(one, other) for one, other in zip(first, second, strict=True)]
    return first if isinstance(first, (Mapping, list)) and first else second
