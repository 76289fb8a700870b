"""What one run may spend, so that no file can hang or exhaust a scan."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from scanner.unknown import Unknown, Value

MAX_DEPTH = 1_200
"""Expressions inside expressions, references followed included."""
MAX_STEPS = 200_000
"""Steps of one expression: of an argument, a local, a variable, an output. An expression evaluated is one step; a
function, an operator or a template takes more for what is large."""
MAX_ALL_STEPS = 2_000_000
"""Steps in one root; the largest root of public examples takes 50,000."""
ALWAYS_STEPS = 2_000
"""Steps that an expression may take whatever the others took, until twice as much is taken as a root has."""
MAX_INSTANCES = 10_000
"""Instances of one resource, module or dynamic block; blocks that the dynamic blocks of one resource make."""
MAX_ALL_INSTANCES = 100_000
"""Instances in one root."""
ALWAYS_INSTANCES = 50
"""Instances that a block may make whatever the others made, until twice as many are made as a root has."""
MAX_MODULES = 2_000
"""Instances of modules in one root, those of modules inside modules included."""
RESOURCES_A_MODULE = 20
"""A module of more resource blocks counts for several."""
SHARE = 8
"""One expression, or block, gets no more than this part of what is left to its root: it never takes all."""
MAX_MODULE_DEPTH = 32

_FRAMES = 12_000

Account: TypeAlias = tuple[bool, Unknown | None, int]
"""Whether doubts are noted, the last of them, and the steps that are left."""


def is_attribute(value: Unknown) -> bool:
    """Whether a value is an attribute of a resource that certainly exists."""
    return value.ref is not None and "[*]" not in value.ref.address


class Budget:
    """Counts down for one root; what no longer fits is left unknown.

    An expression costs its own value: a hostile one uses up what it gets, and leaves the others theirs.
    """

    def __init__(self) -> None:
        self.depth = 0
        # The steps that are left to the root, and how many of them are not for the expression that is evaluated.
        self.steps = MAX_ALL_STEPS
        self.floor = MAX_ALL_STEPS
        self.instances = MAX_ALL_INSTANCES
        self.modules = MAX_MODULES
        self.blocks = MAX_INSTANCES
        # The sizes of large values, by identity; None where they are too large or too deep.
        self.measured: dict[int, tuple[Value, int | None]] = {}
        # Inside `try` and `can`: the last value that Terraform may find to be an error once it is known.
        self.guarded = False
        self.doubt: Unknown | None = None

    def begin(self) -> None:
        """Gives an expression that stands in no other what it may spend: each expression in it takes one step, and
        goes one deeper as long as it is evaluated.
        """
        self.floor = self.steps - self._allowance()

    def spend(self, amount: int) -> bool:
        """Takes more steps for work over a large value; False where so much is not left: it must not be done then."""
        if amount >= self.steps - self.floor:
            self.floor = self.steps
            return False
        self.steps -= amount
        return True

    def _allowance(self) -> int:
        if self.steps >= MAX_STEPS * SHARE:
            return MAX_STEPS
        if self.steps <= -MAX_ALL_STEPS:
            return 0
        return max(ALWAYS_STEPS, min(MAX_STEPS, self.steps // SHARE))

    def apart(self) -> Account:
        """An account of its own for what has a name of its own: what refers to it does not pay for it, and has no part
        in its doubts. The result is for `back`, which ends it.
        """
        before = self.guarded, self.doubt, self.steps - self.floor
        self.floor = self.steps - self._allowance()
        self.guarded, self.doubt = False, None
        return before

    def back(self, before: Account) -> None:
        """Back to what was before `apart`."""
        self.guarded, self.doubt, left = before
        self.floor = self.steps - left

    def guard(self, guarded: bool) -> tuple[bool, Unknown | None]:
        """Notes doubts from here on (or not, for what is evaluated elsewhere), those before put aside for `unguard`."""
        before = self.guarded, self.doubt
        self.guarded, self.doubt = guarded, None
        return before

    def unguard(self, before: tuple[bool, Unknown | None]) -> Unknown | None:
        """Ends what `guard` began; the last doubt that was noted."""
        doubt = self.doubt
        self.guarded, self.doubt = before
        return doubt

    def note(self, *values: Value) -> None:
        """Tells that values are used in a way that fails for some of what an Unknown among them may turn out to be.

        An attribute of a resource that certainly exists is taken to be of the type that it is used as.
        """
        if self.guarded:
            for value in values:
                if isinstance(value, Unknown) and not is_attribute(value):
                    self.doubt = value

    def instances_fit(self, count: int) -> bool:
        """Whether that many more instances of a resource or module may be made; they are counted if so."""
        most = max(ALWAYS_INSTANCES, min(MAX_INSTANCES, self.instances // SHARE))
        if count > most or count > self.instances + MAX_ALL_INSTANCES:
            return False
        self.instances -= count
        return True

    def blocks_fit(self, count: int) -> bool:
        """Whether a dynamic block may make that many more blocks in its resource; they are counted if so."""
        if count > self.blocks or not self.instances_fit(count):
            return False
        self.blocks -= count
        return True

    def module_fits(self, resources: int, ahead: bool, count: bool = True) -> bool:
        """Whether one more instance of a module with so many resource blocks may be made; it is counted, if told to.

        `ahead`: in the walk over all calls, level by level. What an expression asks for before leaves it half of all.
        """
        weight = 1 + resources // RESOURCES_A_MODULE
        if self.modules - weight < (0 if ahead else MAX_MODULES // 2):
            return False
        self.modules -= weight if count else 0
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
