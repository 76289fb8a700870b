"""Label selectors of Kubernetes, three-valued: a label or a selector that is not known matches perhaps."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from msgspec import Struct, field

from scanner.builders.blocks import POSSIBLE
from scanner.builders.edges import Doubt
from scanner.resource import items_of
from scanner.unknown import Unknown, Value, unknowns_in

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label that the API server puts on every namespace."""
SERVICE_ACCOUNT = ":serviceaccount"
"""A pod's service account, kept as a label of a name that nobody can write, since some engines select by it."""


class Match(IntEnum):
    """`min` is "and", `max` is "or"."""

    NO = 0
    MAYBE = 1
    YES = 2


def doubt_of(value: Value) -> Doubt:
    """The doubt that the Unknowns inside `value` cast."""
    names = sorted({name for one in unknowns_in(value) for name in (one.decided_by or (one.cause,))})
    return Doubt("value-unknown", tuple(names))


class Labels(Struct, frozen=True):
    """The labels of a pod or a namespace.

    unknown: keys whose value is not known. complete: False where there may be keys beside these; `doubt` says why.
    """

    known: Mapping[str, str]
    unknown: frozenset[str] = frozenset()
    complete: bool = True
    doubt: Doubt | None = None

    def __hash__(self) -> int:
        return hash((frozenset(self.known.items()), self.unknown, self.complete))

    @property
    def clear(self) -> bool:
        """True where nothing is unknown."""
        return self.complete and not self.unknown


def labels_of(value: Value, extra_unknown: frozenset[str] = frozenset()) -> Labels:
    """Labels as a manifest writes them; `extra_unknown` are keys that a controller adds with a value of its own."""
    if isinstance(value, Unknown):
        return Labels({}, complete=False, doubt=doubt_of(value))
    if not isinstance(value, Mapping):
        return Labels({}, extra_unknown)
    known: dict[str, str] = {}
    unsure = set(extra_unknown)
    for key, one in value.items():
        text = _text(one)
        if text is None:
            unsure.add(key)
        else:
            known[key] = text
    return Labels(known, frozenset(unsure - known.keys()), doubt=doubt_of(value) if unsure - extra_unknown else None)


def _text(value: Value) -> str | None:
    """A label's value as the API server would see it; None where it is not known."""
    if isinstance(value, str):
        return value
    return "" if value is None else None


class Requirement(Struct, frozen=True, order=True):
    """One term of a selector: In, NotIn, Exists or DoesNotExist; values sorted.

    Calico compares parts of values too: Contains, StartsWith, EndsWith, and each of them with Not before it.
    """

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def match(self, labels: Labels) -> Match:
        """Whether `labels` meet this one term."""
        value = labels.known.get(self.key)
        if value is None and (self.key in labels.unknown or not labels.complete):
            if self.key in labels.unknown and self.operator in ("Exists", "DoesNotExist"):
                return Match.YES if self.operator == "Exists" else Match.NO
            return Match.MAYBE
        if self.operator == "In":
            met = value is not None and value in self.values
        elif self.operator == "NotIn":
            met = value is None or value not in self.values
        elif self.operator.removeprefix("Not") in _PARTS:
            met = (value is not None and self._part(value)) is not self.operator.startswith("Not")
        else:
            met = (value is not None) is (self.operator == "Exists")
        return Match.YES if met else Match.NO

    def _part(self, value: str) -> bool:
        part = self.values[0]
        if self.operator.endswith("Contains"):
            return part in value
        return value.startswith(part) if self.operator.endswith("StartsWith") else value.endswith(part)

    @property
    def positive(self) -> bool:
        """True where only labels that have the key meet it."""
        return self.operator in ("In", "Exists", *_PARTS)


_WORDS = {"Contains": "contains", "StartsWith": "starts with", "EndsWith": "ends with"}
_PARTS = tuple(_WORDS)


class Selector(Struct, frozen=True):
    """A label selector in its normal form: equal selectors, however written, are equal objects.

    doubt: set where part of it is not known or not understood: it then matches perhaps, where the rest matches.
    """

    terms: tuple[Requirement, ...] = ()
    doubt: Doubt | None = field(default=None)

    @property
    def everything(self) -> bool:
        """True for the empty selector, which selects all."""
        return not self.terms and self.doubt is None

    def match(self, labels: Labels) -> Match:
        """Whether `labels` meet every term."""
        best = Match.YES if self.doubt is None else Match.MAYBE
        for term in self.terms:
            best = min(best, term.match(labels))
            if best is Match.NO:
                break
        return best

    def __str__(self) -> str:
        shown = [_shown(term) for term in self.terms] + (["?"] if self.doubt else [])
        return ",".join(shown) or "*"


def _shown(term: Requirement) -> str:
    if term.operator == "In":
        return f"{term.key}={'|'.join(term.values)}"
    if term.operator == "NotIn":
        return f"{term.key}!={'|'.join(term.values)}"
    if term.values:
        return f"{term.key} {_WORDS[term.operator.removeprefix('Not')]} {term.values[0]}".replace(
            " ", " not " if term.operator.startswith("Not") else " ", 1
        )
    return term.key if term.operator == "Exists" else f"!{term.key}"


EVERY = Selector()
_NOT_UNDERSTOOD = "value-unknown"


def selector_of(value: Value) -> Selector:
    """The selector that `value` writes; an absent one and an empty one both select everything."""
    if isinstance(value, Unknown):
        return Selector((), doubt_of(value))
    if value is None:
        return EVERY
    if not isinstance(value, Mapping):
        return Selector((), Doubt(_NOT_UNDERSTOOD, ("a selector that is no mapping",)))
    if POSSIBLE in value:
        # Without the block everything would be selected.
        return Selector((), doubt_of(value[POSSIBLE]))
    terms: set[Requirement] = set()
    doubts: list[Doubt] = []
    for key in value.keys() - {"matchLabels", "matchExpressions"}:
        doubts.append(Doubt(_NOT_UNDERSTOOD, (f"the selector field `{key}`",)))
    _read_labels(value.get("matchLabels"), terms, doubts)
    for item in items_of(value.get("matchExpressions")):
        _read_expression(item, terms, doubts)
    return Selector(tuple(sorted(terms)), _one(doubts))


def selector_of_labels(value: Value) -> Selector:
    """A plain mapping of labels as a selector, as Services write it."""
    terms: set[Requirement] = set()
    doubts: list[Doubt] = []
    _read_labels(value, terms, doubts)
    return Selector(tuple(sorted(terms)), _one(doubts))


def _one(doubts: list[Doubt]) -> Doubt | None:
    """The first of them by name, so that the order of writing changes nothing."""
    return min(doubts, key=lambda one: (one.reason, one.decided_by)) if doubts else None


def _read_labels(value: Value, terms: set[Requirement], doubts: list[Doubt]) -> None:
    if value is None:
        return
    if not isinstance(value, Mapping):
        doubts.append(doubt_of(value))
        return
    for key, one in value.items():
        text = _text(one)
        if text is None:
            # The key must be there whatever its value turns out to be.
            terms.add(Requirement(key, "Exists"))
            doubts.append(doubt_of(one))
        else:
            terms.add(Requirement(key, "In", (text,)))


def _read_expression(item: Value, terms: set[Requirement], doubts: list[Doubt]) -> None:
    if not isinstance(item, Mapping) or POSSIBLE in item:
        doubts.append(doubt_of(item))
        return
    key, operator, values = item.get("key"), item.get("operator"), item.get("values")
    if not isinstance(key, str) or operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        doubts.append(doubt_of(item))
        return
    if operator in ("Exists", "DoesNotExist"):
        terms.add(Requirement(key, str(operator)))
        return
    known = tuple(sorted({one for one in items_of(values) if isinstance(one, str)}))
    if len(known) < len({str(one) for one in items_of(values)}) or not known:
        doubts.append(doubt_of(item))
        if operator == "In":
            terms.add(Requirement(key, "Exists"))
        return
    terms.add(Requirement(key, str(operator), known))
