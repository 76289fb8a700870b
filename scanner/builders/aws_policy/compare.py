"""The comparisons of condition operators on known values, by what kind of value each operator reads.

Source: the IAM user guide, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address, ip_network
from typing import TypeVar

from scanner.builders.aws_policy.match import Glob, Shape, Truth, glob, includes
from scanner.unknown import Unknown, Value

Ordered = TypeVar("Ordered", Decimal, datetime)
ORDERED = ("equals", "notequals", "lessthan", "lessthanequals", "greaterthan", "greaterthanequals")
OPERATORS = frozenset(
    {
        *("string" + rest for rest in ("equals", "notequals", "like", "notlike")),
        *("string" + rest for rest in ("equalsignorecase", "notequalsignorecase")),
        *("arn" + rest for rest in ("equals", "notequals", "like", "notlike")),
        *("numeric" + rest for rest in ORDERED),
        *("date" + rest for rest in ORDERED),
        *("bool", "binaryequals", "ipaddress", "notipaddress"),
    }
)
"""Every operator but Null, in lower case, without quantifier and `IfExists`."""


def matches(base: str, wanted: Value, have: Glob) -> Truth:
    """Whether one value of the request meets one value of the policy, "not" left aside: a negative operator negates.

    base: one of OPERATORS. have: the text of the request; `partly` where some of it is not known.
    """
    if base.startswith(("string", "arn")):
        return _text(base, wanted, have)
    if isinstance(wanted, Unknown) or have.partly:
        return Truth.POSSIBLE
    text = ("true" if wanted else "false") if isinstance(wanted, bool) else str(wanted)
    held = _READ[base.removeprefix("not")[:4]](base, text, have.text)
    return Truth.YES if held else Truth.NO


def _text(base: str, wanted: Value, have: Glob) -> Truth:
    fold = "ignorecase" in base
    arn = base.startswith("arn")
    pattern = glob(wanted, wild=arn or "like" in base, fold=fold)
    text = have.text.lower() if fold else have.text
    return includes(pattern, text, have.partly, Shape.ARN if arn else Shape.TEXT)


def _ordered(base: str, prefix: str, wanted: Ordered, have: Ordered) -> bool:
    rest = base.removeprefix(prefix)
    if rest.startswith("less"):
        return have < wanted or (rest.endswith("equals") and have == wanted)
    if rest.startswith("greater"):
        return have > wanted or (rest.endswith("equals") and have == wanted)
    return have == wanted


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _numeric(base: str, wanted: str, have: str) -> bool:
    limit, value = _number(wanted), _number(have)
    return limit is not None and value is not None and _ordered(base, "numeric", limit, value)


def _moment(text: str) -> datetime | None:
    """A date of the W3C profile of ISO 8601, or seconds since 1970."""
    seconds = _number(text)
    try:
        if seconds is not None and len(text) > 4:
            return datetime.fromtimestamp(float(seconds), UTC)
        found = datetime.fromisoformat(f"{text}-01-01" if len(text) == 4 else text)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _dated(base: str, wanted: str, have: str) -> bool:
    limit, value = _moment(wanted), _moment(have)
    return limit is not None and value is not None and _ordered(base, "date", limit, value)


def _boolean(_: str, wanted: str, have: str) -> bool:
    return wanted.lower() == have.lower()


def _binary(_: str, wanted: str, have: str) -> bool:
    try:
        return base64.b64decode(wanted, validate=True) == base64.b64decode(have, validate=True)
    except (binascii.Error, ValueError):
        return False


def _address(_: str, wanted: str, have: str) -> bool:
    try:
        network, address = ip_network(wanted.strip(), strict=False), ip_address(have.strip())
    except ValueError:
        return False
    return network.version == address.version and address in network


_READ: dict[str, Callable[[str, str, str], bool]] = {
    "nume": _numeric,
    "date": _dated,
    "bool": _boolean,
    "bina": _binary,
    "ipad": _address,
}
"""First four letters of an operator -> its comparison."""
