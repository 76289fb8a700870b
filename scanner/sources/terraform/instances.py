"""Resources and data sources: their instances, and the attributes that references to them evaluate to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Items, Resource
from scanner.sources.terraform import iam_document
from scanner.sources.terraform.blocks import blocks_value as nested_blocks
from scanner.sources.terraform.blocks import body_value, named_list, text_of
from scanner.sources.terraform.blocks import type_of as block_type
from scanner.sources.terraform.config import ResourceKey
from scanner.sources.terraform.evaluate import evaluate
from scanner.sources.terraform.expand import Expansion, Instance, expand
from scanner.sources.terraform.known_data import of_provider
from scanner.sources.terraform.put_together import is_put_together, rendered
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.syntax import Block, Expression
from scanner.sources.terraform.unplaced import Unplaced
from scanner.sources.terraform.values import ListOf, MapOf, blocks_of, invalid, is_list, is_map, written_block
from scanner.unknown import COMPUTED, VALUE_UNKNOWN, Ref, Unknown, Value

if TYPE_CHECKING:
    from scanner.sources.terraform.module import Module

_META = ("count", "for_each", "provider", "depends_on")


class ResourceGroup:
    """All instances of one resource block."""

    def __init__(self, module: Module, key: ResourceKey, block: Block) -> None:
        self.module = module
        self.key = key
        self.block = block
        self._instances: list[ResourceInstance] | None = None
        self._expansion = Expansion("single")
        self._expanding = False

    @property
    def address(self) -> str:
        """The address without a key."""
        mode, kind, name = self.key
        prefix = "" if mode == "resource" else f"{self.block.kind}."
        return self.module.inside(f"{prefix}{kind}.{name}")

    def instances(self) -> list[ResourceInstance] | None:
        """The instances in order; None while they are being determined, which is a reference to itself."""
        if self._instances is None and not self._expanding:
            self._expanding = True
            before = self.module.budget.apart()
            try:
                self._expansion = expand(self.block.body, self.module.env)
            finally:
                self.module.budget.back(before)
                self._expanding = False
            self._instances = [ResourceInstance(self, one) for one in self._expansion.instances]
            held = self.block.body.attributes
            if len(self._instances) > 1 and type(held) is not dict and isinstance(held, Unplaced):
                held.repeat(self.module)
            for instance in self._instances:
                self.module.run.instances[instance.address] = instance
        return self._instances

    def value(self) -> Value:
        """The whole resource as references see it: an Unknown, or a list or map with one for each instance."""
        instances = self.instances()
        if instances is None:
            return invalid(f"`{self.address}` refers to itself", self.block.at)
        match self._expansion.mode:
            case "single":
                return instances[0].whole()
            case "count":
                return ListOf([one.whole() for one in instances], [self.block.at] * len(instances))
            case "each":
                pairs = [(str(one.instance.key), one.whole()) for one in instances]
                return MapOf(pairs, {key: self.block.at for key, _ in pairs})
            case _:
                return instances[-1].whole()


class ResourceInstance:
    """One instance; its attributes are evaluated when they are first asked for."""

    def __init__(self, group: ResourceGroup, instance: Instance) -> None:
        self.group = group
        self.instance = instance
        self.address = group.address + instance.suffix()
        self._values: dict[str, Value] = {}
        self._evaluating: set[str] = set()
        self._whole: Unknown | None = None
        self._attrs: Attrs | None = None
        names = dict(instance.names)
        names["self"] = self.whole()
        self.env: Env = group.module.env.having(names)

    @property
    def possible(self) -> Unknown | None:
        """What decides whether the instance exists, None where it certainly does."""
        return self.instance.possible or self.group.module.possible

    def whole(self) -> Unknown:
        """The instance as a value."""
        if self._whole is None:
            self._whole = self._unknown("", f"`{self.address}` ")
        return self._whole

    def _unknown(self, attribute: str, subject: str) -> Unknown:
        data = self.group.key[0] != "resource"
        cause = f"{subject}is read at apply time" if data else f"{subject}is known only after apply"
        decided: tuple[str, ...] = (self.address,)
        if self.instance.possible:
            decided = tuple(sorted({self.address, *self.instance.possible.decided_by}))
        code = VALUE_UNKNOWN if data else COMPUTED
        return Unknown(cause, code, decided, ref=Ref(self.address, attribute))

    def attribute(self, name: str) -> Value:
        """The value of an attribute: as written, else unknown until apply, with a ref to it."""
        if name in self._values:
            return self._values[name]
        if name in self._evaluating:
            return invalid(f"`{self.address}` refers to its own `{name}`", self.group.block.at)
        self._evaluating.add(name)
        budget = self.group.module.budget
        before = budget.apart()
        try:
            value = self._attribute(name)
        finally:
            budget.back(before)
            self._evaluating.discard(name)
        self._values[name] = value
        return value

    def _attribute(self, name: str) -> Value:
        body = self.group.block.body
        subject = f"`{self.address}.{name}` " if self.group.key[0] == "resource" else f"`{self.address}` "
        computed = self._unknown(name, subject)
        if self.group.key[1] == iam_document.TYPE and name in iam_document.JSON_ATTRIBUTES:
            found = iam_document.policy_json(self.attrs(), name != "json")
            return replace(found, ref=computed.ref) if isinstance(found, Unknown) else found
        if is_put_together(self.group.key, name):
            text = rendered(self.group.key[1], self.attrs(), self.env, evaluate, computed)
            return computed if text is None else text
        told = of_provider(self.group.key[:2], name, lambda: self.group.module.providers.of(self.group.block, self.env))
        if told is not None and name not in body.attributes:
            return told
        value: Value = None
        nested = [block for block in body.blocks if block_type(block) == name]
        if name in body.attributes and name not in _META:
            expression = body.attributes[name].expression
            value = written_block(evaluate(expression, self.env), expression.at.path.endswith(".json"), computed)
        elif nested:
            items, _ = nested_blocks(nested, self.env)
            value = blocks_of(items, computed)
        if value is None:
            # What is not written, or null, is for the provider to choose.
            return computed
        if isinstance(value, Unknown) and value.ref is None:
            return replace(value, ref=computed.ref)
        return value

    def attrs(self) -> Attrs:
        """All arguments and blocks that are written, evaluated once."""
        if self._attrs is None:
            self._attrs = self._evaluated()
        return self._attrs

    def _evaluated(self) -> Attrs:
        body = self.group.block.body
        budget = self.group.module.budget
        before = budget.apart()
        try:
            result = body_value(body, self.env, _META)
        finally:
            budget.back(before)
        depends = body.attributes.get("depends_on")
        if depends is not None:
            result["depends_on"] = self._depends(depends.expression)
            result.marks["depends_on"] = depends.expression.at
        lines = self.group.module.lines
        return result if lines is None else lines.moved(result)

    def _depends(self, expression: Expression) -> Value:
        found = Items()
        for traversal in named_list(expression):
            if traversal.root == "module":
                found.append(text_of(traversal))
                found.marks.append(traversal.at)
                continue
            value = evaluate(traversal, self.env)
            several = list(value.values()) if is_map(value) else list(value) if is_list(value) else [value]
            found.extend(several)
            found.marks.extend([traversal.at] * len(several))
        return found

    def resource(self) -> Resource:
        """The instance as it is handed over."""
        group = self.group
        return Resource(
            address=self.address,
            unit=group.module.run.unit,
            kind=group.key[1],
            name=group.key[2],
            attrs=self.attrs(),
            origin=self._origin(),
            source="terraform",
            calls=group.module.chain,
            default_of=group.module.config.contract,
            possible=self.possible,
            data=group.key[0] != "resource",
            provider=group.module.providers.of(group.block, self.env),
        )

    def _origin(self) -> FileOrigin:
        """The block's own line; in a downloaded module the argument that says how many there are, or the call."""
        block, lines = self.group.block, self.group.module.lines
        if lines is None:
            return block.at
        each = block.body.attributes.get("for_each")
        return lines.of(each.expression) if each is not None else lines.call
