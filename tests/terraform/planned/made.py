"""A plan made from source, in the format that Terraform documents: what is not known is left to `after_unknown`.

No provider is asked: values are those that are written, and every reference to what a provider computes is unknown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scanner.resource import Attrs, Resource
from scanner.sources.terraform import TerraformOptions, read_root
from scanner.sources.terraform.blocks import POSSIBLE, type_of
from scanner.sources.terraform.lines import references
from scanner.sources.terraform.planned.names import names_of
from scanner.sources.terraform.roots import configuration
from scanner.sources.terraform.syntax import AttrStep, Body, Expression, literal_text
from scanner.unknown import Ref, Unknown, Value

META = ("lifecycle", "depends_on", "provisioner", "connection")
MODULE = re.compile(r"module\.([^.\[]+)(\[[^\]]*\])?\.?")


def plan_of(root: Path, folder: Path) -> dict[str, Any]:
    """The plan of the root module in `folder`, were nothing applied yet."""
    found = [
        one
        for one in read_root(root, folder, "made", TerraformOptions()).resources
        if one.kind not in ("provider", "terraform") and one.possible is None and not one.address.endswith("]module")
    ]
    plan = Made(found).plan()
    _name_arguments(plan["configuration"]["root_module"], root, folder)
    return plan


def _name_arguments(module: dict[str, Any], root: Path, folder: Path) -> None:
    """Expressions that refer to something, by what they refer to; the arguments that the calls of a module write."""
    config = configuration(folder, root)
    for one in module["resources"]:
        mode, kind, name = re.fullmatch(r"(data\.)?([^.]+)\.(.+)", one["address"]).groups()
        block = config.resources["data" if mode else "resource", kind, name]
        _refer(one["expressions"], block.body)
        _repeat(one, block.body)
    for name, block in config.calls.items():
        call = module["module_calls"].get(name)
        if call is None:
            continue
        for argument in block.body.attributes:
            if argument not in ("source", "version", "providers", "count", "for_each", "depends_on"):
                call["expressions"].setdefault(argument, {})
        _refer(call["expressions"], block.body)
        _repeat(call, block.body)
        source = literal_text(block.body.attributes["source"].expression)
        if source is not None and source.startswith("."):
            _name_arguments(call["module"], root, folder / source)


def _refer(told: dict[str, Any], body: Body) -> None:
    """Terraform tells what an expression refers to as it is written, and no value of it."""
    for name, attribute in body.attributes.items():
        if name in told and names_of(attribute.expression):
            told[name] = {"references": _written(attribute.expression)}
    for name in {type_of(block) for block in body.blocks}:
        blocks = [block for block in body.blocks if type_of(block) == name]
        if isinstance(told.get(name), list) and len(told[name]) == len(blocks):
            for one, block in zip(told[name], blocks, strict=True):
                if block.kind != "dynamic":
                    _refer(one, block.body)


def _repeat(told: dict[str, Any], body: Body) -> None:
    for key in ("count", "for_each"):
        if key in body.attributes:
            expression = body.attributes[key].expression
            told[f"{key}_expression"] = {"references": _written(expression)} if names_of(expression) else {}


def _written(expression: Expression) -> list[str]:
    found = []
    for one in references(expression):
        parts = [one.root, *(step.name for step in one.steps if isinstance(step, AttrStep))]
        least = 3 if one.root == "data" else 2
        if ".".join(parts[:least]) in names_of(expression):
            found += [".".join(parts[:end]) for end in range(len(parts), least - 1, -1)]
    return found


def marked(unknown: Any) -> bool:
    """Whether anything is marked as not known."""
    if isinstance(unknown, dict):
        return any(map(marked, unknown.values()))
    return any(map(marked, unknown)) if isinstance(unknown, list) else unknown is True


class Made:
    """The plan of some resources."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources = [one for one in resources if "." in one.address and one.kind != "module"]
        self.modules: dict[str, dict[str, Any]] = {"": {"resources": [], "module_calls": {}, "outputs": {}}}
        self.names = 0

    def plan(self) -> dict[str, Any]:
        """The JSON object."""
        planned, changes = [], []
        for one in self.resources:
            values, unknown = self.values(one.attrs)
            mode = "data" if one.data else "managed"
            told = {"address": one.address, "mode": mode, "type": one.kind, "name": one.name}
            provider = f"registry.terraform.io/{one.provider.source}" if one.provider else ""
            planned.append({**told, "provider_name": provider, "values": values, "sensitive_values": {}})
            change = {"actions": ["read" if one.data else "create"], "before": None, "after": values}
            changes.append({**told, "change": {**change, "after_unknown": unknown}})
            self.declare(one)
        root = self.modules[""]
        return {
            "format_version": "1.2",
            "terraform_version": "1.11.4",
            "complete": True,
            # Where a resource stands among modules is in its address; that is all a reader may go by.
            "planned_values": {"root_module": {"resources": planned}},
            "resource_changes": changes,
            "configuration": {"provider_config": {}, "root_module": root},
        }

    def values(self, attrs: Attrs) -> tuple[dict[str, Any], dict[str, Any]]:
        """The known values, and the marks of those that are not."""
        values: dict[str, Any] = {}
        unknown: dict[str, Any] = {}
        for name, value in attrs.items():
            if name not in META:
                values[name], unknown[name] = self.value(value)
        return {name: value for name, value in values.items() if unknown[name] is not True}, unknown

    def value(self, value: Value) -> tuple[Any, Any]:
        """A value and its marks."""
        if isinstance(value, Unknown):
            return None, True
        if isinstance(value, dict):
            pairs = {name: self.value(item) for name, item in value.items()}
            return {name: one for name, (one, mark) in pairs.items() if mark is not True}, {
                name: mark for name, (_, mark) in pairs.items()
            }
        if isinstance(value, list):
            pairs_ = [self.value(item) for item in value if not (isinstance(item, dict) and POSSIBLE in item)]
            return [one for one, _ in pairs_], [mark for _, mark in pairs_]
        return (str(value) if isinstance(value, str) else value), False

    def declare(self, one: Resource) -> None:
        """The declaration of a resource in the configuration, once for all its instances."""
        path, own = self.split(one.address)
        module = self.module(path)
        address = re.sub(r"\[[^\]]*\]$", "", own)
        if all(other["address"] != address for other in module["resources"]):
            expressions = {name: self.expression(value, path) for name, value in one.attrs.items() if name not in META}
            module["resources"].append({"address": address, "expressions": expressions})

    def expression(self, value: Value, path: tuple[str, ...]) -> Any:
        """An expression: constants whole, blocks by their members, all else by what it refers to."""
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            return [{name: self.expression(item, path) for name, item in one.items()} for one in value]
        if isinstance(value, Unknown):
            names = [self.name(value.ref, path)] if value.ref is not None else list(value.decided_by)
            return {"references": [one for name in names for one in (name, name.rpartition(".")[0]) if one]}
        plain, unknown = self.value(value)
        # An expression that is neither a constant nor made from anything that has a name is empty in a plan.
        return {} if marked(unknown) else {"constant_value": plain}

    def name(self, ref: Ref, path: tuple[str, ...]) -> str:
        """How a module names an attribute: through outputs up to the module that both are in, and variables down."""
        home, own = self.split(ref.address)
        name = f"{own}.{ref.attribute}" if ref.attribute else own
        shared = 0
        while shared < min(len(home), len(path)) and home[shared] == path[shared]:
            shared += 1
        for depth in range(len(home), shared, -1):
            self.names += 1
            self.module(home[:depth])["outputs"][f"o{self.names}"] = {"expression": {"references": [name]}}
            name = f"module.{home[depth - 1]}.o{self.names}"
        for depth in range(shared, len(path)):
            self.names += 1
            call = re.sub(r"\[.*", "", path[depth])
            calls = self.module(path[:depth])["module_calls"]
            self.module(path[: depth + 1])
            calls[call]["expressions"][f"v{self.names}"] = {"references": [name]}
            name = f"var.v{self.names}"
        return name

    def module(self, path: tuple[str, ...]) -> dict[str, Any]:
        """The configuration of a module, made where it is first asked for."""
        found = self.modules[""]
        for step in path:
            name = re.sub(r"\[.*", "", step)
            empty = {"resources": [], "module_calls": {}, "outputs": {}}
            found = found["module_calls"].setdefault(name, {"expressions": {}, "module": empty})["module"]
        return found

    def split(self, address: str) -> tuple[tuple[str, ...], str]:
        """The modules that an address leads through, and what is left of it."""
        path = []
        while found := MODULE.match(address):
            path.append(found.group(1) + (found.group(2) or ""))
            address = address[found.end() :]
        return tuple(path), address


def state_of(root: Path, folder: Path) -> dict[str, Any]:
    """The state of the root module in `folder`, had it been applied: what a provider makes has a name of its own."""
    found = [
        one
        for one in read_root(root, folder, "made", TerraformOptions()).resources
        if one.kind not in ("provider", "terraform", "module") and one.possible is None
    ]
    asked: dict[str, set[str]] = {}
    values = [{name: _applied(value, asked) for name, value in one.attrs.items() if name not in META} for one in found]
    resources = []
    for one, attrs in zip(found, values, strict=True):
        for name in ("id", "arn", *sorted(asked.get(one.address, ()))):
            if name and "." not in name:
                attrs.setdefault(name, _made(Ref(one.address, name)))
        region = one.provider.attrs.get("region") if one.provider else None
        if isinstance(region, str):
            attrs.setdefault("region", region)  # as the provider for AWS does from version 6 on
        mode = "data" if one.data else "managed"
        provider = f"registry.terraform.io/{one.provider.source}" if one.provider else ""
        told = {"address": one.address, "mode": mode, "type": one.kind, "name": one.name}
        resources.append({**told, "provider_name": provider, "values": attrs})
    return {"format_version": "1.0", "values": {"root_module": {"resources": resources}}}


GIVEN = {
    "guardrail_id": "gr7acme2026x",
    "guardrail_arn": "arn:aws-us-gov:bedrock:us-gov-west-1:111122223333:guardrail/gr7acme2026x",
    "version": "7",
}
"""What AWS gave the guardrail of the worlds, by attribute: their policies name it."""


def _made(ref: Ref) -> str:
    """What a provider made of an attribute."""
    return GIVEN.get(ref.attribute, f"{ref.address}#{ref.attribute}")


def _applied(value: Value, asked: dict[str, set[str]]) -> Any:
    """A value once all is applied; `asked` gets the attributes that others are given."""
    if isinstance(value, Unknown):
        if value.document is not None and not value.pieces:
            return json.dumps(_applied(value.document, asked))
        if value.pieces:
            return "".join(one if isinstance(one, str) else str(_applied(one, asked)) for one in value.pieces)
        if value.ref is None:
            return None
        asked.setdefault(value.ref.address, set()).add(value.ref.attribute)
        return _made(value.ref)
    if isinstance(value, dict):
        return {name: _applied(item, asked) for name, item in value.items()}
    if isinstance(value, list):
        return [_applied(item, asked) for item in value if not (isinstance(item, dict) and POSSIBLE in item)]
    return str(value) if isinstance(value, str) else value
