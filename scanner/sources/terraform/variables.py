"""The values of a module's variables: defaults, files, the command line, the environment, and their types."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.origin import FileOrigin
from scanner.sources.terraform.evaluate import evaluate
from scanner.sources.terraform.files import Files
from scanner.sources.terraform.parsed import Parsed
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.syntax import Block, Expression, Literal, SyntaxFault
from scanner.sources.terraform.types import (
    ANY,
    PRIMITIVE,
    Type,
    convert,
    default_expressions,
    instead_of_null,
    read_type,
)
from scanner.sources.terraform.values import Refused, invalid, one_of
from scanner.unknown import Unknown, Value


class TerraformOptions(Struct, frozen=True):
    """Settings of the user: `-var-file` and `-var` in order; of `environ` only `TF_VAR_*` is looked at.

    workspace: "" where it is not told; a configuration that asks for it is run in several.
    """

    var_files: tuple[Path, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    workspace: str = ""
    syntax: Parsed | None = None
    """What parses the files; None for one of its own, which reads each file once and keeps nothing."""


class Told(Struct, frozen=True):
    """A value that was worked out elsewhere."""

    value: Value


_FIXED = ("terraform.tfvars", "terraform.tfvars.json")
Given: TypeAlias = str | Expression | Told
"""A value as text (from the environment or the command line), as an expression of a file, or as it is."""


def given(options: TerraformOptions, directory: Path, files: Files) -> dict[str, Given]:
    """What the root module's variables are set to, later sources over earlier ones."""
    result: dict[str, Given] = {}
    for name, text in options.environ.items():
        if name.startswith("TF_VAR_"):
            result[name.removeprefix("TF_VAR_")] = text
    for path in _automatic(directory):
        result.update(_from_file(path, files))
    for path in options.var_files:
        result.update(_from_file(_found(path, directory), files, anywhere=True))
    result.update(options.variables)
    return result


def _found(path: Path, directory: Path) -> Path:
    """Where a `-var-file` is: as given, else relative to the root module, where Terraform would run."""
    return directory / path if not path.exists() and (directory / path).exists() else path


def _automatic(directory: Path) -> list[Path]:
    try:
        names = sorted(entry.name for entry in os.scandir(directory))
    except OSError:
        return []
    auto = [name for name in names if is_automatic(name) and name not in _FIXED]
    return [directory / name for name in (*(name for name in _FIXED if name in names), *auto)]


def is_automatic(name: str) -> bool:
    """Whether Terraform loads a file of variables of this name by itself."""
    return name in _FIXED or name.endswith((".auto.tfvars", ".auto.tfvars.json"))


def _from_file(path: Path, files: Files, anywhere: bool = False) -> dict[str, Given]:
    body = files.body(path, anywhere)
    if body is None:
        return {}
    return {name: attribute.expression for name, attribute in body.attributes.items()}


def type_of(block: Block) -> Type | Unknown:
    """The type constraint of a variable, `any` without one."""
    attribute = block.body.attributes.get("type")
    if attribute is None:
        return ANY
    try:
        return read_type(attribute.expression)
    except Refused as error:
        return invalid(error.cause, attribute.expression.at)


def given_value(value: Given, block: Block, env: Env) -> Value:
    """The value that a root variable is set to, before its type is applied."""
    if isinstance(value, Told):
        return value.value
    if not isinstance(value, str):
        return evaluate(value, env)
    constraint = type_of(block)
    typed = "type" in block.body.attributes
    if not typed or (isinstance(constraint, Type) and constraint.name in PRIMITIVE):
        return value
    from scanner.sources.terraform.native.read import parse_expression

    try:
        return evaluate(parse_expression(value, block.at.path), env)
    except SyntaxFault:
        return invalid("a value from the command line or environment that is not valid HCL", block.at)


def variable_value(block: Block, address: str, value: Value, is_set: bool, env: Env) -> Value:
    """The value of a variable: `value` if it is set, else its default, as its type; never raises.

    `address` is the variable's own (`module.m.var.x`); `env` sees no names, as defaults and types may use none.
    """
    attributes = block.body.attributes
    nullable = _flag(block, "nullable", True)
    secret = _flag(block, "sensitive", False)
    if not is_set or (value is None and not nullable):
        if "default" not in attributes:
            if is_set:
                return invalid(f"`{address}` is null", block.at, (address,))
            return Unknown(f"`{address}` has no value", decided_by=(address,), origin=block.at, secret=secret)
        value = evaluate(attributes["default"].expression, env)
    elif not nullable and "default" in attributes:
        value = instead_of_null(value, evaluate(attributes["default"].expression, env))
    constraint = type_of(block)
    if isinstance(constraint, Unknown):
        return constraint
    defaults = {id(one): evaluate(one, env) for one in default_expressions(constraint)}
    try:
        value = convert(value, constraint, defaults)
    except Refused as error:
        return invalid(f"`{address}` does not fit its type: {error.cause}", _place(block), (address,))
    return replace(value, secret=True) if secret and isinstance(value, Unknown) else value


def either_value(values: list[Value], block: Block, address: str, at: FileOrigin) -> Value:
    """One of the values that a variable may be set to; `at` is where the first of the others stands."""
    cause = f"`{at.path}` sets `{address}`, and whether it is loaded is not told"
    secret = _flag(block, "sensitive", False)
    return one_of(values, Unknown(cause, decided_by=(address,), origin=at, secret=secret))


def _place(block: Block) -> FileOrigin:
    return block.at


def _flag(block: Block, name: str, default: bool) -> bool:
    attribute = block.body.attributes.get(name)
    if attribute is None or not isinstance(attribute.expression, Literal):
        return default
    return attribute.expression.value is True
