"""The splat of old (`a.*.b`), inside of which another one is refused."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.origin import FileOrigin
from scanner.sources.terraform.syntax import AttrStep, IndexStep, Parens, SplatStep, Step, SyntaxFault


def splat_behind(steps: Sequence[Step], at: FileOrigin) -> SplatStep:
    """The `.*` at a place behind other steps. Raises SyntaxFault inside of another: only `[...]` ends one."""
    for step in reversed(steps):
        if isinstance(step, SplatStep) and not step.full:
            raise SyntaxFault(at.line, at.column, "not valid HCL: a `.*` inside of another")
        if not isinstance(step, AttrStep) and not (isinstance(step, IndexStep) and not isinstance(step.key, Parens)):
            break
    return SplatStep(False, (), at)
