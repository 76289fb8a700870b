"""Readers of a store that stand outside the inputs, as nodes."""

from __future__ import annotations

from scanner.builders.blocks import text
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect, doubt_of
from scanner.graph.model import Plane
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.unknown import Unknown, Value

ACCOUNT = lazy(r"^(?:arn:[^:]+:(?:iam|sts)::)?(\d{12})(?::.*)?$")


def read(
    world: World,
    source: str,
    name: str,
    because: str,
    origin: Origin | None,
    doubt: Doubt | None,
    kind: str = "External",
) -> None:
    """A supply edge with the verb `read` to whoever outside is called `name`."""
    reader = world.external(name, kind).id
    connect(world, source, reader, because, origin, plane=Plane.SUPPLY, verb="read", doubt=doubt, cut=True)


def account_of(written: str) -> str:
    """The number of the account that a principal names, "" where it names none."""
    found = ACCOUNT.match(written)
    return "" if found is None else found.group(1)


def named(who: Value) -> tuple[str, Doubt | None]:
    """The external node of a principal; "" for one of the inputs. A role of a foreign account is its account."""
    if isinstance(who, Unknown) and who.ref is not None and "data." not in who.ref.address:
        return "", None
    written = text(who)
    if written == "*" and isinstance(who, str):
        return "anyone", None
    if account_of(written):
        return f"aws-account/{account_of(written)}", None
    hidden = doubt_of(who) if isinstance(who, Unknown) else None
    return f"aws-principal/{written or 'unknown'}", hidden or Doubt("value-unknown", (written,))
