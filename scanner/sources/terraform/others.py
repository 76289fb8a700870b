"""Blocks that make no resource: `action`, `import` and `removed`, and what they leave out of sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.sources.terraform.blocks import text_of
from scanner.sources.terraform.syntax import AttrStep, Block, Literal, Traversal

if TYPE_CHECKING:
    from scanner.sources.terraform.config import Config
    from scanner.sources.terraform.module import Module


def note_others(module: Module) -> None:
    """Notes what runs at apply beside the resources, what is taken in undeclared, and what lives on let go.

    Source: Terraform documentation, the blocks `action` (1.14), `import` (1.5; 1.7 for `for_each`), `removed` (1.7).
    """
    for block in module.config.others:
        match block.kind:
            case "action":
                name = module.inside(f"action.{block.labels[0]}.{block.labels[1]}")
                _note(module, block, f"what the action `{name}` brings about as it runs is out of sight")
            case "import":
                target = _target(block, "to")
                if target is not None and not _declared(module, target):
                    _note(
                        module,
                        block,
                        f"`{text_of(target)}` is imported, and not declared: how it is set up is not told",
                    )
            case "removed":
                target = _target(block, "from")
                if target is not None and _lives_on(block):
                    name = module.inside(text_of(target))
                    told = f"`{name}` is let go by a `removed` block and lives on: it is not in what is scanned"
                    module.files.reading.assumptions[told] = None


def moves(config: Config) -> list[tuple[str, str]]:
    """The addresses that `moved` blocks of a root module lead from and to, in the order in which they apply."""
    pairs = [(_target(one, "from"), _target(one, "to")) for one in config.others if one.kind == "moved"]
    return [(text_of(old), text_of(new)) for old, new in pairs if old is not None and new is not None]


def moved(address: str, pairs: list[tuple[str, str]]) -> str:
    """Where `moved` blocks lead an address that a state still has; each is followed once."""
    for _ in pairs:
        for old, new in pairs:
            if address == old or address.startswith((f"{old}.", f"{old}[")):
                address, pairs = new + address[len(old) :], [one for one in pairs if one != (old, new)]
                break
        else:
            break
    return address


def _note(module: Module, block: Block, cause: str) -> None:
    module.files.unread(module.lines.call if module.lines else block.at, cause, "foreign")


def _target(block: Block, name: str) -> Traversal | None:
    attribute = block.body.attributes.get(name)
    return attribute.expression if attribute and isinstance(attribute.expression, Traversal) else None


def _declared(module: Module, target: Traversal) -> bool:
    """Whether the resource that an `import` names is declared; inside of modules Terraform generates nothing."""
    first = target.steps[0] if target.steps else None
    if target.root == "module" or not isinstance(first, AttrStep):
        return True
    return ("resource", target.root, first.name) in module.config.resources


def _lives_on(block: Block) -> bool:
    """Whether a `removed` block leaves what it names as it is: unless it says so, it is destroyed."""
    for inner in block.body.blocks:
        found = inner.body.attributes.get("destroy") if inner.kind == "lifecycle" else None
        if found is not None:
            return not (isinstance(found.expression, Literal) and found.expression.value is True)
    return False
