"""Whether a pod's constraints admit a node: yes, no, or not known, by the labels and taints that the node has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from scanner.builders.blocks import doubt
from scanner.resource import dig, items_of
from scanner.unknown import Unknown, Value

_TERMS = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
_LABEL = "node label "
"""How what decides an answer begins where it is a label that a machine may carry."""
KEEPING = ("NoSchedule", "NoExecute")
"""The effects of a taint that keep a pod off."""


class Machine(Struct, frozen=True):
    """A node, or a kind of node that can join.

    labels: what it carries for certain. absent: keys that it does not carry. complete: it carries no other labels.
    taints: of a real node; a kind of node has none that anybody could rely on.
    """

    labels: Mapping[str, Value]
    absent: frozenset[str] = frozenset()
    complete: bool = False
    taints: Sequence[Value] = ()


def admits(spec: Value, machine: Machine) -> bool | Unknown:
    """Whether the scheduler may put a pod of this specification on the machine."""
    if isinstance(spec, Unknown):
        return spec
    answers = [*_selector(spec, machine), _affinity(spec, machine), *_taints(spec, machine)]
    named = dig(spec, "nodeName")
    if named is not None:
        answers.append(Unknown("the pod names its node", decided_by=("nodeName",)))
    return _all(answers)


def keeps_off(spec: Value, machine: Machine) -> bool | Unknown:
    """Whether selector and required affinity keep the pod off, its tolerations left aside.

    A label that nobody knows of keeps nothing off; a guard that is not known, or may not exist, is an Unknown.
    """
    if isinstance(spec, Unknown):
        return spec
    answer = _all([*_selector(spec, machine), _affinity(spec, machine)])
    if isinstance(answer, Unknown) and all(one.startswith(_LABEL) for one in answer.decided_by):
        return False
    return _not(answer)


def _all(answers: Sequence[bool | Unknown]) -> bool | Unknown:
    if False in answers:
        return False
    return next((answer for answer in answers if isinstance(answer, Unknown)), True)


def _any(answers: Sequence[bool | Unknown]) -> bool | Unknown:
    if True in answers:
        return True
    return next((answer for answer in answers if isinstance(answer, Unknown)), False)


def _selector(spec: Value, machine: Machine) -> Iterator[bool | Unknown]:
    selector = dig(spec, "nodeSelector")
    if isinstance(selector, Unknown):
        yield selector
    for key, value in selector.items() if isinstance(selector, Mapping) else ():
        yield _label(machine, key, lambda own, wanted=value: _same(own, wanted), missing=False)


def _affinity(spec: Value, machine: Machine) -> bool | Unknown:
    """The terms are alternatives; the expressions of a term hold together."""
    terms = dig(spec, *_TERMS)
    if isinstance(terms, Unknown):
        return terms
    if not items_of(terms):
        return True
    answer = _any([_may_lack(_term(term, machine), doubt(term)) for term in items_of(terms)])
    around = (dig(spec, *_TERMS[:depth]) for depth in range(1, len(_TERMS)))
    absent = next((why for block in around for why in map(doubt, items_of(block)) if why is not None), None)
    return answer if answer is True else _may_lack(answer, absent)


def _term(term: Value, machine: Machine) -> bool | Unknown:
    if isinstance(term, Unknown):
        return term
    expressions = items_of(dig(term, "matchExpressions"))
    if dig(term, "matchFields") is not None:
        return Unknown("the affinity asks for a node by its name", decided_by=("matchFields",))
    answers = [_expression(one, machine) for one in expressions]
    lasting = [
        one if one is True else _may_lack(one, doubt(made)) for one, made in zip(answers, expressions, strict=True)
    ]
    return _all(lasting) if expressions else False


def _may_lack(answer: bool | Unknown, absent: Unknown | None) -> bool | Unknown:
    """What a block answers that may not exist: what decides its existence decides this too."""
    return answer if absent is None else absent


def _expression(one: Value, machine: Machine) -> bool | Unknown:
    key, operator, values = dig(one, "key"), dig(one, "operator"), dig(one, "values")
    for part in (one, key, operator, values):
        if isinstance(part, Unknown):
            return part
    if not isinstance(key, str):
        return Unknown("the expression names no label", decided_by=("matchExpressions",))
    wanted = items_of(values)
    if operator == "In":
        return _label(machine, key, lambda own: _any([_same(own, value) for value in wanted]), missing=False)
    if operator == "NotIn":
        return _not(_label(machine, key, lambda own: _any([_same(own, value) for value in wanted]), missing=False))
    if operator in ("Exists", "DoesNotExist"):
        found = _label(machine, key, lambda _: True, missing=False)
        return found if operator == "Exists" else _not(found)
    return Unknown(f"the operator `{operator}` on `{key}` is not evaluated", decided_by=(_LABEL + key,))


def _not(answer: bool | Unknown) -> bool | Unknown:
    return answer if isinstance(answer, Unknown) else not answer


def _label(machine: Machine, key: str, test: object, *, missing: bool) -> bool | Unknown:
    assert callable(test)
    if key in machine.labels:
        own = machine.labels[key]
        answer: bool | Unknown = own if isinstance(own, Unknown) else test(own)
        return answer
    if machine.complete or key in machine.absent:
        return missing
    return Unknown(
        f"whether machines outside the cloud carry the label `{key}` is not known", decided_by=(_LABEL + key,)
    )


def _same(own: Value, wanted: Value) -> bool | Unknown:
    if isinstance(wanted, Unknown):
        return wanted
    return str(own).lower() == str(wanted).lower() if isinstance(wanted, bool) else str(own) == str(wanted)


def _taints(spec: Value, machine: Machine) -> Iterator[bool | Unknown]:
    tolerations = dig(spec, "tolerations")
    for taint in machine.taints:
        unknown = taint if isinstance(taint, Unknown) else dig(taint, "effect")
        if isinstance(unknown, Unknown):
            yield unknown
        elif isinstance(taint, Mapping) and taint.get("effect") in KEEPING:
            if isinstance(tolerations, Unknown):
                yield tolerations
            else:
                yield _any([_tolerates(one, taint) for one in items_of(tolerations)])


def _tolerates(toleration: Value, taint: Mapping[str, Value]) -> bool | Unknown:
    if isinstance(toleration, Unknown):
        return toleration
    key, operator, effect = dig(toleration, "key"), dig(toleration, "operator"), dig(toleration, "effect")
    for part in (key, operator, effect):
        if isinstance(part, Unknown):
            return part
    if effect not in (None, "", taint.get("effect")) or (key and key != taint.get("key")):
        return False
    return True if operator == "Exists" else _same(taint.get("value") or "", dig(toleration, "value") or "")
