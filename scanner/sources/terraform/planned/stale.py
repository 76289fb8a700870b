"""Whether a plan was made from the source beside it: what both must agree in, whatever the variables were.

A plan repeats its configuration: what is declared, which arguments are written, and those that are constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from msgspec import Struct, field

from scanner.origin import Origin
from scanner.resource import Resource
from scanner.sources.terraform.blocks import type_of
from scanner.sources.terraform.config import Config
from scanner.sources.terraform.module_calls import is_local
from scanner.sources.terraform.planned.constants import NoConstant, constant, other_constant, plainly
from scanner.sources.terraform.planned.names import names_of, planned_names
from scanner.sources.terraform.planned.objects import mapping, mappings, text, without_keys
from scanner.sources.terraform.providers import reference
from scanner.sources.terraform.syntax import (
    Attribute,
    AttrStep,
    Block,
    Body,
    Expression,
    Literal,
    Traversal,
    literal_text,
)
from scanner.sources.terraform.variables import Given
from scanner.unknown import Unknown, Value

MAX_MODULES = 200
"""How many modules are compared."""
_META = ("count", "for_each", "provider", "depends_on")
_OF_CALLS = ("count", "for_each", "providers", "depends_on", "source", "version")
_BLOCKS = ("lifecycle", "provisioner", "connection", "timeouts")

_REGISTRY = "registry.terraform.io/"

Difference: TypeAlias = tuple[Origin, str]


class Declared(Struct, frozen=True):
    """What a root module declares, and how the configuration of a module beside it is read.

    given: what its variables are set to here. again: all that it declares with its variables set to something else.
    """

    config: Config
    read: Callable[[Path], Config]
    given: Mapping[str, Given] = field(default_factory=dict)
    again: Callable[[Mapping[str, Given]], list[Resource]] | None = None


def differences(
    planned: Mapping[str, Any], declared: Declared, providers: Mapping[str, Any] | None = None
) -> Iterator[Difference]:
    """Where the configuration in a plan is not that of the source: the line, and what differs.

    planned: its `root_module`. providers: its `provider_config`.
    """
    yield from _providers(providers or {}, declared.config)
    waiting = [("", planned, declared.config)]
    for _ in range(MAX_MODULES):
        if not waiting:
            return
        prefix, module, config = waiting.pop()
        yield from _module(prefix, module, config)
        calls = mapping(module.get("module_calls"))
        for name, inner in beside(config, declared.read):
            told = mapping(mapping(calls.get(name)).get("module"))
            if told:
                waiting.append((f"{prefix}module.{name}.", told, inner))


def beside(config: Config, read: Callable[[Path], Config]) -> Iterator[tuple[str, Config]]:
    """The modules that are called and stand beside the code, each under the name of its call."""
    for name, block in config.calls.items():
        source = block.body.attributes.get("source")
        path = literal_text(source.expression) if source else None
        if path is not None and is_local(path) and (config.directory / path).is_dir():
            yield name, read(config.directory / path)


def _module(prefix: str, module: Mapping[str, Any], config: Config) -> Iterator[Difference]:
    if not config.complete:
        return
    resources = {text(one.get("address")): one for one in mappings(module.get("resources"))}
    for (mode, kind, name), block in config.resources.items():
        address = f"data.{kind}.{name}" if mode == "data" else f"{kind}.{name}"
        if mode == "ephemeral":
            continue
        told = resources.pop(address, None)
        if told is None:
            yield block.at, f"`{prefix}{address}` is declared, and not in the plan"
        else:
            yield from _body(f"{prefix}{address}", block.body, mapping(told.get("expressions")))
            yield from _repeated(f"{prefix}{address}", block.body, told)
            yield from _provisioners(f"{prefix}{address}", block, told)
            if not prefix:
                yield from _made_with(address, kind, block.body, told)
    anywhere = [one.at for one in (*config.resources.values(), *config.calls.values())][:1]
    for address in resources:
        if not address.startswith("ephemeral."):
            yield from ((at, f"`{prefix}{address}` is in the plan, and not declared") for at in anywhere)
    calls = mapping(module.get("module_calls"))
    for name, block in config.calls.items():
        if name not in calls:
            yield block.at, f"`{prefix}module.{name}` is called, and not in the plan"
        else:
            call = mapping(calls[name])
            taken = {*mapping(mapping(call.get("module")).get("variables")), *block.body.attributes}
            told = {key: one for key, one in mapping(call.get("expressions")).items() if key in taken}
            yield from _arguments(f"{prefix}module.{name}", block.body, told, _OF_CALLS)
            yield from _repeated(f"{prefix}module.{name}", block.body, call)
            yield from _elsewhere(f"{prefix}module.{name}", block.body, call)
    yield from _defaults(prefix, mapping(module.get("variables")), config)


def _elsewhere(name: str, body: Body, call: Mapping[str, Any]) -> Iterator[Difference]:
    """The source and the version of a module that is not beside the code: in another one anything may differ."""
    for key, planned in (("source", call.get("source")), ("version", call.get("version_constraint"))):
        attribute = body.attributes.get(key)
        written = literal_text(attribute.expression) if attribute else None
        if attribute is None or written is None or not isinstance(planned, str) or is_local(written):
            continue
        if "".join(written.split()) != "".join(planned.split()).removeprefix(_REGISTRY):
            yield attribute.expression.at, f"the `{key}` of `{name}` is not the planned one"


def _provisioners(name: str, block: Block, told: Mapping[str, Any]) -> Iterator[Difference]:
    """What runs on a machine when a resource is made or destroyed, in order."""
    own = [one for one in block.body.blocks if one.kind == "provisioner"]
    planned = list(mappings(told.get("provisioners")))
    kinds = [one.labels[0] if one.labels else "" for one in own]
    if kinds != [text(one.get("type")) for one in planned]:
        yield (own[0] if own else block).at, f"`{name}` has other provisioners in the plan"
        return
    for one, there in zip(own, planned, strict=True):
        yield from _body(f"{name}.provisioner", one.body, mapping(there.get("expressions")), ("when", "on_failure"))


def _defaults(prefix: str, variables: Mapping[str, Any], config: Config) -> Iterator[Difference]:
    for name, block in config.variables.items():
        default = block.body.attributes.get("default")
        if name not in variables or default is None or not isinstance(default.expression, Literal):
            continue  # a default of several parts is told as the type of the variable makes it
        told = mapping(variables[name])
        if "default" in told and other_constant(default.expression, told["default"]):
            yield default.expression.at, f"the default of `{prefix}var.{name}` is not the planned one"


def _body(name: str, body: Body, told: Mapping[str, Any], meta: tuple[str, ...] = _META) -> Iterator[Difference]:
    yield from _arguments(name, body, told, meta)
    groups: dict[str, list[Block]] = {}
    for block in body.blocks:
        groups.setdefault(type_of(block), []).append(block)
    for kind, blocks in groups.items():
        planned = told.get(kind)
        listed = [planned] if isinstance(planned, Mapping) else planned
        if kind in _BLOCKS or not isinstance(listed, list) or any(block.kind == "dynamic" for block in blocks):
            continue  # what a dynamic block makes is not in the configuration of a plan
        if len(listed) != len(blocks):
            yield blocks[0].at, f"`{name}` has another number of `{kind}` blocks in the plan"
            continue
        for block, one in zip(blocks, listed, strict=True):
            yield from _body(name, block.body, mapping(one))


def _arguments(name: str, body: Body, told: Mapping[str, Any], meta: tuple[str, ...] = _META) -> Iterator[Difference]:
    written = {key: attribute for key, attribute in body.attributes.items() if key not in meta}
    blocks = {type_of(block) for block in body.blocks}
    for key, attribute in written.items():
        if key not in told:
            yield attribute.expression.at, f"`{name}.{key}` is written, and not in the plan"
        elif _changed(attribute, told[key]):
            yield attribute.expression.at, f"`{name}.{key}` is not the planned one"
    for key, planned in told.items():
        if key not in written and key not in blocks and key not in _BLOCKS and planned not in ({}, []):
            anywhere = [*(one.expression.at for one in body.attributes.values()), *(one.at for one in body.blocks)][:1]
            yield from ((at, f"`{name}.{key}` is in the plan, and not written") for at in anywhere)


def _changed(attribute: Attribute, planned: Any) -> bool:
    """Whether an argument is another constant than the planned one, or refers to something else."""
    names = planned_names(planned)
    if names is not None and names != names_of(attribute.expression):
        return True
    constant = mapping(planned)
    return "constant_value" in constant and other_constant(attribute.expression, constant["constant_value"])


def _repeated(name: str, body: Body, told: Mapping[str, Any]) -> Iterator[Difference]:
    """`count` and `for_each`, which a plan has beside the arguments; one that refers to nothing may be left out."""
    for key in ("count", "for_each"):
        attribute, planned = body.attributes.get(key), told.get(f"{key}_expression")
        if attribute is None and planned:
            anywhere = [*(one.expression.at for one in body.attributes.values()), *(one.at for one in body.blocks)][:1]
            yield from ((at, f"`{name}` has a `{key}` in the plan, and none here") for at in anywhere)
        elif attribute is not None and planned is not None and _changed(attribute, planned):
            yield attribute.expression.at, f"the `{key}` of `{name}` is not the planned one"
        elif attribute is not None and planned is None and names_of(attribute.expression):
            yield attribute.expression.at, f"`{name}` has a `{key}`, and none in the plan"


def _made_with(name: str, kind: str, body: Body, told: Mapping[str, Any]) -> Iterator[Difference]:
    """Which provider configuration a resource of the root module is made with."""
    attribute = body.attributes.get("provider")
    planned = text(told.get("provider_config_key"))
    own = reference(attribute.expression) if attribute else kind.partition("_")[0]
    if own is not None and planned and ":" not in planned and own != planned:
        at = attribute.expression.at if attribute else [one.expression.at for one in body.attributes.values()][:1]
        yield from ((one, f"`{name}` is made with another provider") for one in (at if isinstance(at, list) else [at]))


def _providers(planned: Mapping[str, Any], config: Config) -> Iterator[Difference]:
    """The provider configurations of the root module: a region is a constant of them, as a rule."""
    for key, block in config.providers.items():
        if "expressions" in mapping(planned.get(key)) and "for_each" not in block.body.attributes:
            told = mapping(mapping(planned[key]).get("expressions"))
            yield from _body(f"provider.{key}", block.body, told, ("alias", "version"))


def other_locals(body: Body, planned: Resource, config: Config) -> Iterator[Difference]:
    """The arguments that are a constant local, of which the plan has another value; texts of one line alone.

    A provider may write a longer text in its own way: a policy, a script.
    """
    for name, attribute in body.attributes.items():
        told = planned.attrs.get(name)
        try:
            wanted = plainly(_local(attribute.expression, config))
        except NoConstant:
            continue
        if _simple(wanted) and _simple(found := plainly(told)) and _sorted(wanted) != _sorted(found):
            yield attribute.at, f"`{planned.address}.{name}` is not the planned one"


def _simple(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, str) for one in value)
    return isinstance(value, str) and "\n" not in value and value[:1] not in "{["


def _sorted(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value.lower()


def _local(expression: Expression, config: Config) -> Any:
    """The constant that a reference to a local alone stands for. Raises NoConstant."""
    if isinstance(expression, Traversal) and expression.root == "local" and len(expression.steps) == 1:
        step = expression.steps[0]
        local = config.locals.get(step.name) if isinstance(step, AttrStep) else None
        if local is not None:
            return constant(local.expression)
    raise NoConstant


def refers_elsewhere(source: Value, told: Value, by_address: Mapping[str, Resource]) -> bool:
    """Whether a value of the source refers to another resource than the one that the plan has in its place."""
    if isinstance(source, Unknown):
        return source.ref is not None and _not_there(source, told, by_address)
    if isinstance(source, Mapping) and isinstance(told, Mapping):
        return any(key in told and refers_elsewhere(item, told[key], by_address) for key, item in source.items())
    if isinstance(source, list) and isinstance(told, list) and told:
        return any(all(refers_elsewhere(item, other, by_address) for other in told) for item in source)
    return False


def _not_there(source: Unknown, told: Value, by_address: Mapping[str, Resource]) -> bool:
    ref = source.ref
    if ref is None or "[*]" in ref.address or ref.address not in by_address:
        return False
    if isinstance(told, Unknown):
        # A plan names the resource that an expression refers to; which instance of it, it may leave to an index.
        return (
            told.ref is not None
            and told.ref.address in by_address
            and without_keys(told.ref.address) != without_keys(ref.address)
        )
    known = by_address[ref.address].attrs.get(ref.attribute)
    return isinstance(known, str) and isinstance(told, str) and known != told
