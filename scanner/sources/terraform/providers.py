"""Provider configurations: which one a resource is made with, and what its block says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.resource import Attrs, Provider
from scanner.sources.terraform.blocks import body_value
from scanner.sources.terraform.config import source_of
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.syntax import AttrStep, Block, Expression, Literal, Object, Traversal, literal_text

if TYPE_CHECKING:
    from scanner.sources.terraform.module import Module


def reference(expression: Expression) -> str | None:
    """`aws` or `aws.gov` as written in `provider =` and `providers =`, None for anything else."""
    if isinstance(expression, Literal):
        return literal_text(expression)
    if isinstance(expression, Traversal):
        first = expression.steps[0] if expression.steps else None
        return f"{expression.root}.{first.name}" if isinstance(first, AttrStep) else expression.root
    return None


class Providers:
    """The provider configurations that a module's resources can be made with."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._known: dict[str, Provider] = {}

    def of(self, block: Block, env: Env) -> Provider:
        """The provider of a resource or data source."""
        attribute = block.body.attributes.get("provider")
        key = reference(attribute.expression) if attribute else None
        return self.resolve(key or block.labels[0].split("_", 1)[0])

    def resolve(self, key: str) -> Provider:
        """The configuration that a key (`aws`, `aws.gov`) means in this module."""
        if key not in self._known:
            self._known[key] = self._resolve(key)
        return self._known[key]

    def _resolve(self, key: str) -> Provider:
        module = self._module
        name = key.partition(".")[0]
        source = source_of(module.config, name)
        block = module.config.providers.get(key)
        if block is not None:
            attrs = body_value(block.body, self._env(block), ("alias", "for_each"))
            return Provider(name, source, module.inside(f"provider.{key}"), attrs, block.at)
        if module.parent is not None:
            passed = self._passed(key)
            if passed is not None:
                return module.parent.providers.resolve(passed)
            if "." not in key:
                # A default configuration is inherited by its source, whatever the two modules call it.
                return module.parent.providers.resolve(self._parents_name(name, source))
        return Provider(name, source, f"provider.{key}", Attrs(), None)

    def _env(self, block: Block) -> Env:
        """A provider with `for_each` (OpenTofu) has one configuration here, for all its keys."""
        if "for_each" not in block.body.attributes:
            return self._module.env
        from scanner.unknown import Unknown

        key = Unknown("the provider's instance is not determined", decided_by=(f"provider.{block.labels[0]}",))
        return self._module.env.having({"each": Attrs({"key": key, "value": key})})

    def _passed(self, key: str) -> str | None:
        call = self._module.call
        argument = call.body.attributes.get("providers") if call else None
        if argument is None or not isinstance(argument.expression, Object):
            return None
        for name, value in argument.expression.items:
            if reference(name) == key:
                return reference(value)
        return None

    def _parents_name(self, name: str, source: str) -> str:
        parent = self._module.parent
        if parent is None or source_of(parent.config, name) == source:
            return name
        return next((one for one in parent.config.required if source_of(parent.config, one) == source), name)
