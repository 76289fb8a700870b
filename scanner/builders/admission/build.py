"""What verifies the images of models and of the stack on admission, and whether it holds: one fact for each policy."""

from __future__ import annotations

from collections.abc import Iterator

from scanner import tables
from scanner.builders.admission.gatekeeper import gatekeeper
from scanner.builders.admission.kyverno import EXCEPTION, about_images, excepts, kyverno, taken_out
from scanner.builders.admission.kyverno import GROUP as KYVERNO
from scanner.builders.admission.kyverno_cel import GROUP as KYVERNO_CEL
from scanner.builders.admission.kyverno_cel import IMAGES, VALIDATING, kyverno_cel
from scanner.builders.admission.kyverno_cel import excepts as excepts_cel
from scanner.builders.admission.native import native
from scanner.builders.admission.sigstore import sigstore
from scanner.builders.admission.subjects import Subject, subjects
from scanner.builders.admission.verifier import Answer, Verifier
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, Truth, both, either
from scanner.graph.facts import Switch
from scanner.graph.facts_admission import Verification
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown

ROW = "A-3"


def build_admission(world: World) -> None:
    """A Verification on every workload of a model or the stack for each policy of its unit that verifies images."""
    every = subjects(world)
    by_unit: dict[str, list[Verifier]] = {}
    if every:
        for source in (native, kyverno, kyverno_cel, gatekeeper, sigstore):
            for verifier in source(world):
                by_unit.setdefault(verifier.resource.unit, []).append(verifier)
    for subject in every:
        for verifier in by_unit.get(subject.unit, ()):
            world.add_fact(subject.node_id, _fact(verifier, subject))
    _exceptions(world, every)


def _fact(verifier: Verifier, subject: Subject) -> Verification:
    parts = (verifier.covers(subject), verifier.enforces(subject), verifier.closed)
    gap = next((one for one in parts if one.truth is False), None)
    sure = Answer(True, f"`{verifier.resource.name}` covers it, denies and fails closed", None)
    gap = gap or next((one for one in parts if one.truth is not True), sure)
    unsure = isinstance(gap.truth, Doubt) and not gap.because.startswith("whether ")
    return Verification(
        origin=gap.origin or verifier.resource.origin,
        because=f"whether {gap.because} is not known" if unsure else gap.because,
        policy=verifier.resource.address,
        engine=verifier.engine,
        covers=_value(parts[0]),
        enforces=_value(parts[1]),
        closed=_value(parts[2]),
    )


def _value(answer: Answer) -> bool | Unknown:
    if not isinstance(answer.truth, Doubt):
        return answer.truth
    return Unknown(answer.because, code=answer.truth.reason, decided_by=answer.truth.decided_by)


def _exceptions(world: World, every: list[Subject]) -> None:
    """The row of the switches table about exceptions: bad where one takes a model or a member of the stack out."""
    row = next(one for one in tables.switches() if one.id == ROW)
    for exception in world.inventory.of(EXCEPTION):
        if exception.group not in (KYVERNO, KYVERNO_CEL):
            continue
        mine = [one for one in every if one.unit == exception.unit]
        policies = list(_policies(world, exception))
        if not mine or not policies:
            continue
        out, why, line = _taken(exception, policies, mine)
        bad: bool | Unknown = out if not isinstance(out, Doubt) else Unknown(why, out.reason, out.decided_by)
        fact = Switch(
            origin=line or exception.origin,
            because=why,
            row=row.id,
            product=row.product,
            effect=row.effect,
            setting="spec.exceptions" if exception.group == KYVERNO else "spec.policyRefs",
            bad=bad,
            assertion=row.asserts,
            general=row.general,
        )
        world.add_fact(exception.id, fact)


def _policies(world: World, exception: Resource) -> Iterator[tuple[Resource, Truth]]:
    """The policies about images that an exception names."""
    if exception.group == KYVERNO:
        for policy in world.inventory.of("ClusterPolicy", "Policy", unit=exception.unit):
            if policy.group == KYVERNO:
                yield (
                    policy,
                    either(
                        excepts(exception, policy, dig(rule, "name"))
                        for rule in items_of(dig(policy.attrs, "spec", "rules"))
                        if about_images(rule)
                    ),
                )
    else:
        for policy in world.inventory.of(*IMAGES, *VALIDATING, unit=exception.unit):
            if policy.group == KYVERNO_CEL:
                yield policy, excepts_cel(exception, policy)


def _taken(
    exception: Resource, policies: list[tuple[Resource, Truth]], mine: list[Subject]
) -> tuple[Truth, str, Origin | None]:
    """Whether it takes a workload out of a policy, in words, and the line that says so."""
    unsure: tuple[Truth, str, Origin | None] | None = None
    for policy, named in policies:
        for subject in mine:
            spoken: Truth = taken_out(exception, subject) if exception.group == KYVERNO else True
            out = both(named, spoken)
            line = mark(exception.attrs, "spec", "match") or mark(exception.attrs, "spec", "policyRefs")
            address = subject.resource.address
            if out is True:
                return True, f"it takes `{address}` out of `{policy.name}`", line
            if out is not False and unsure is None:
                unsure = (out, f"whether it takes `{address}` out of `{policy.name}` is not known", line)
    return unsure or (False, "it takes no model and no member of the stack out of a policy about images", None)
