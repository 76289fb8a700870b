"""What one run may spend, so that no file can hang or exhaust a scan."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from scanner.unknown import Unknown, Value

MAX_DEPTH = 1_200
"""Expressions inside expressions, references followed included."""
MAX_STEPS = 1_500_000
"""Expressions evaluated in one root."""
MAX_INSTANCES = 10_000
"""Instances of one resource, module or dynamic block."""
MAX_ALL_INSTANCES = 100_000
"""Instances in one root."""
MAX_MODULE_DEPTH = 32

_FRAMES = 12_000


def is_attribute(value: Unknown) -> bool:
    """Whether a value is an attribute of a resource that certainly exists."""
    return value.ref is not None and "[*]" not in value.ref.address


class Budget:
    """Counts down for one root; what no longer fits is left unknown."""

    def __init__(self) -> None:
        self.depth = 0
        self.steps = MAX_STEPS
        self.instances = MAX_ALL_INSTANCES
        # Inside `try` and `can`: the last value that Terraform may find to be an error once it is known.
        self.guarded = False
        self.doubt: Unknown | None = None

    def enter(self) -> bool:
        """Goes one expression deeper; False where that is too deep, or too much has been evaluated already."""
        self.depth += 1
        self.steps -= 1
        return self.depth <= MAX_DEPTH and self.steps > 0

    def leave(self) -> None:
        """Comes back from an expression."""
        self.depth -= 1

    @contextmanager
    def guard(self, guarded: bool) -> Iterator[None]:
        """Notes doubts (or not, for what is evaluated elsewhere) as long as the block runs, those before put aside."""
        before = self.guarded, self.doubt
        self.guarded, self.doubt = guarded, None
        try:
            yield
        finally:
            self.guarded, self.doubt = before

    def note(self, *values: Value) -> None:
        """Tells that values are used in a way that fails for some of what an Unknown among them may turn out to be.

        An attribute of a resource that certainly exists is taken to be of the type that it is used as.
        """
        if self.guarded:
            for value in values:
                if isinstance(value, Unknown) and not is_attribute(value):
                    self.doubt = value

    def instances_fit(self, count: int) -> bool:
        """Whether that many more instances may be made; they are counted if so."""
        if count > MAX_INSTANCES or count > self.instances:
            return False
        self.instances -= count
        return True


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Room for MAX_DEPTH expressions on the interpreter's stack, for as long as the block runs."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
