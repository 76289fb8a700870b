"""One policy that verifies images, asked of one set of pods."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from scanner.builders.admission.subjects import Subject
from scanner.builders.edges import Truth
from scanner.origin import Origin
from scanner.resource import Resource


class Answer(Struct, frozen=True):
    """truth: whether it is so. because, origin: what decides, in words and by its line."""

    truth: Truth
    because: str
    origin: Origin | None


class Verifier(Struct, frozen=True, eq=False):
    """A rule of a policy.

    covers: whether the pods are among those that it looks at, exemptions counted. enforces: whether what it finds wrong
    is turned away. closed: whether pods are turned away where the engine does not answer.
    """

    resource: Resource
    engine: str
    covers: Callable[[Subject], Answer]
    enforces: Callable[[Subject], Answer]
    closed: Answer
