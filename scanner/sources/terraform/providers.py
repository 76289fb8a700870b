"""Provider configurations: which one a resource is made with, and what its block says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.resource import Attrs, Provider
from scanner.sources.terraform.blocks import body_value
from scanner.sources.terraform.config import source_of
from scanner.sources.terraform.evaluate import evaluate
from scanner.sources.terraform.expand import each_pairs, quoted
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.syntax import (
    AttrStep,
    Block,
    Expression,
    IndexStep,
    Literal,
    Object,
    Traversal,
    literal_text,
)
from scanner.sources.terraform.values import merged, one_of
from scanner.unknown import Unknown, Value

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
        """The provider of a resource or data source; `env` is its instance's."""
        attribute = block.body.attributes.get("provider")
        found = self._named(attribute.expression, env) if attribute else None
        return found or self.resolve(block.labels[0].split("_", 1)[0])

    def _named(self, expression: Expression, env: Env) -> Provider | None:
        """What `aws.gov`, or `aws.by_region[each.key]` (OpenTofu), means; None for anything else."""
        key = reference(expression)
        if key is None:
            return None
        block = self._module.config.providers.get(key)
        if block is None or "for_each" not in block.body.attributes:
            return self.resolve(key)
        index: Value = None
        if isinstance(expression, Traversal) and len(expression.steps) == 2:
            step = expression.steps[1]
            index = evaluate(step.key, env) if isinstance(step, IndexStep) else None
        if not isinstance(index, str):
            return self.resolve(key)
        kept = f"{key}[{quoted(index)}]"
        if kept not in self._known:
            self._known[kept] = self._configured(key, block, index)
        return self._known[kept]

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
            return self._configured(key, block, None)
        if module.parent is not None:
            passed = self._passed(key)
            if passed is not None:
                found = module.parent.providers._named(passed, module.call_env or module.parent.env)
                if found is not None:
                    return found
            if "." not in key:
                # A default configuration is inherited by its source, whatever the two modules call it.
                return module.parent.providers.resolve(self._parents_name(name, source))
        return Provider(name, source, f"provider.{key}", Attrs(), None)

    def _configured(self, key: str, block: Block, index: str | None) -> Provider:
        """The configuration of a block, for one of its keys where it has `for_each`."""
        name = key.partition(".")[0]
        attrs = body_value(block.body, self._env(block, index), ("alias", "for_each"))
        suffix = "" if index is None else f"[{quoted(index)}]"
        address = self._module.inside(f"provider.{key}{suffix}")
        return Provider(name, source_of(self._module.config, name), address, attrs, block.at)

    def _env(self, block: Block, index: str | None) -> Env:
        """What a provider with `for_each` (OpenTofu) sees: its key, or where that is not told, one of all of them."""
        each = block.body.attributes.get("for_each")
        if each is None:
            return self._module.env
        pairs, open_ = each_pairs(evaluate(each.expression, self._module.env))
        found = dict(pairs)
        if index is not None and index in found:
            return self._module.env.having({"each": Attrs({"key": index, "value": found[index]})})
        decided = (f"provider.{block.labels[0]}",)
        one = open_ or Unknown("the provider's instance is not determined", decided_by=decided, origin=block.at)
        if open_ is not None or index is not None or not pairs:
            return self._module.env.having({"each": Attrs({"key": merged([one]), "value": merged([one])})})
        either = {"key": one_of(list(found), one), "value": one_of(list(found.values()), one)}
        return self._module.env.having({"each": Attrs(either)})

    def _passed(self, key: str) -> Expression | None:
        """What a module call gives for a provider of the module."""
        call = self._module.call
        argument = call.body.attributes.get("providers") if call else None
        if argument is None or not isinstance(argument.expression, Object):
            return None
        return next((value for name, value in argument.expression.items if reference(name) == key), None)

    def _parents_name(self, name: str, source: str) -> str:
        parent = self._module.parent
        if parent is None or source_of(parent.config, name) == source:
            return name
        return next((one for one in parent.config.required if source_of(parent.config, one) == source), name)
