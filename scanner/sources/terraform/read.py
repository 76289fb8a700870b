"""One root module to Resources: everything that it and the modules it calls declare."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Items, Reading, Resource
from scanner.sources.terraform.blocks import body_value, named_list, text_of
from scanner.sources.terraform.budget import deep_recursion
from scanner.sources.terraform.config import Config
from scanner.sources.terraform.files import Files
from scanner.sources.terraform.module import Module
from scanner.sources.terraform.run import Run
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.syntax import Block, Object
from scanner.sources.terraform.variables import Given, TerraformOptions, given
from scanner.unknown import Value


def read_root(root: Path, directory: Path, unit: str, options: TerraformOptions) -> Reading:
    """Everything that the root module in `directory` declares; `root` is the run's, origins are relative to it.

    Never raises for anything in the files: what cannot be read or known is in `Reading.unread` or an Unknown.
    """
    reading = Reading()
    files = Files(root, reading, options.syntax)
    directory = files.root / Path(files.relative(directory))
    with deep_recursion():
        run = Run(files, directory, unit, options, given(options, directory, files))
        reading.resources.extend(declared_by(run, run.config(directory)))
    return reading


def given_in(root: Path, directory: Path, options: TerraformOptions) -> Mapping[str, Given]:
    """What files, options and the environment set the variables of a root module to."""
    return given(options, directory, Files(root, Reading(), options.syntax))


def declared_again(
    root: Path, directory: Path, unit: str, options: TerraformOptions, values: Mapping[str, Given]
) -> list[Resource]:
    """What `read_root` reads, with the variables set to `values` and nothing else."""
    files = Files(root, Reading(), options.syntax)
    directory = files.root / Path(files.relative(directory))
    with deep_recursion():
        run = Run(files, directory, unit, options, values)
        return list(declared_by(run, run.config(directory)))


def declared_by(run: Run, config: Config) -> Iterator[Resource]:
    """Everything that a configuration declares as a root."""
    module = Module(run, config)
    if config.contract:
        from scanner.sources.terraform.contracted import note_lacking

        note_lacking(module, config.contract, None)
    _load(module)
    yield from _root_blocks(module)
    yield from _declared(module)


def _load(root: Module) -> None:
    """Loads the modules level by level: where there are more than there is room for, each call has had its turn."""
    waiting = deque([root])
    while waiting:
        module = waiting.popleft()
        for name in module.config.calls:
            group = module.called(name)
            expansion = group.expansion()
            for one in expansion.instances if expansion else ():
                inner = group.module(one, ahead=True)
                if inner is not None:
                    waiting.append(inner)


def _root_blocks(module: Module) -> Iterator[Resource]:
    """The `terraform` blocks as one Resource, and each provider configuration."""
    blocks = module.config.terraform
    if blocks:
        yield _resource(module, "terraform", "terraform", "terraform", _terraform(module, blocks), blocks[0].at)
    for key, block in module.config.providers.items():
        provider = module.providers.resolve(key)
        attrs = Attrs(provider.attrs, provider.attrs.marks)
        yield _resource(module, f"provider.{key}", "provider", block.labels[0], attrs, block.at)


def _terraform(module: Module, blocks: list[Block]) -> Attrs:
    result = Attrs()
    for block in blocks:
        found = body_value(block.body, Env(module).having(_own_names(block)))
        for name, value in found.items():
            before = result.get(name)
            if isinstance(before, Items) and isinstance(value, Items):
                before.extend(value)
                before.marks.extend(value.marks)
                continue
            result[name] = value
            result.marks[name] = found.marks[name]
    return result


def _own_names(block: Block) -> dict[str, Value]:
    """What only a `terraform` block can name: aliases that a caller is to hand over, and OpenTofu's means to encrypt.

    Each stands for the text of its reference.
    """
    names: dict[str, Value] = {}
    for inner in block.body.blocks:
        for attribute in inner.body.attributes.values() if inner.kind == "required_providers" else ():
            pairs = attribute.expression.items if isinstance(attribute.expression, Object) else ()
            for _, expression in pairs:
                for alias in named_list(expression):
                    _put(names, *text_of(alias).split("."))
        for means in inner.body.blocks if inner.kind == "encryption" else ():
            _put(names, means.kind, *means.labels)
    return names


def _put(names: dict[str, Value], *path: str) -> None:
    for step in path[:-1]:
        inner = names.setdefault(step, Attrs())
        if not isinstance(inner, Attrs):
            return
        names = inner
    names[path[-1]] = ".".join(path)


def _resource(module: Module, address: str, kind: str, name: str, attrs: Attrs, at: FileOrigin) -> Resource:
    return Resource(address, module.run.unit, kind, name, attrs, at, "terraform")


def _declared(module: Module) -> Iterator[Resource]:
    """The resources of a module and of those that it calls, in the order of the files."""
    if module.config.others:
        from scanner.sources.terraform.others import note_others

        note_others(module)
    for key in module.live():
        for instance in module.resource(key).instances() or ():
            yield instance.resource()
    for name in module.config.calls:
        group = module.called(name)
        expansion = group.expansion()
        for one in expansion.instances if expansion else ():
            inner = group.module(one)
            if inner is None and group.crowded is not None:
                if not group.crowded:
                    continue
                group.crowded = False  # one call stands for all at its place
                yield group.resource(one)
            elif inner is None or inner.config.contract:
                # Of a contract's module the call is handed over as well: the tables judge its inputs too.
                yield group.resource(one)
            if inner is not None:
                yield from _declared(inner)
