"""What the profile may name in a file that was not read: judged as if it did, what is then no violation is open."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.build import build
from scanner.findings import Finding, Verdict
from scanner.judge import Judgement, Ran, concluded, ran
from scanner.judge_views import key_of, unsure
from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.profile import Profile
from scanner.resource import RECORDED, Reading, Resource, Unread
from scanner.sides.profile_names import names_one, renamed

if TYPE_CHECKING:
    from scanner.graph.graph import Graph
    from scanner.lock import Pins
    from scanner.rule import Rule

_ENDS = (".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json", ".hcl", ".tfstate")
"""Ends of the names of files that may declare, or name, what has an address of Terraform."""
_UNIT = lazy(r"[^:]*:(?=module\.|data\.|aws_|awscc_|kubernetes_|\*)")
_MODULE = lazy(r"module\.[\w-]+(?:\[[^\]]*\])?\.")
_ADDRESS = lazy(r"(?:data\.)?((?:aws|awscc|kubernetes)_\w+)\.")
_WILD = lazy(r"(?:\*|module\.\S*?\*|(?:aws|awscc|kubernetes)_?\w*\*)(?:[^/:\[]|\[[^\]]*\])*")
_VERSION = lazy(r"_v\d\w*\Z")
_OF_AWS_ALONE = (":role/aws-service-role/", ":role/aws-reserved/")
"""Paths of roles that nobody declares. Source: IAM User Guide, "Service-linked roles" and "IAM identifiers"."""


Names: TypeAlias = Mapping[str, tuple[str, ...]]


class Wider(Struct, frozen=True):
    """profile: with what else it may name. names: by address of such a thing, the entries that may name it."""

    profile: Profile
    names: Names


class Beside(Wider, frozen=True):
    """The same with the graph of that profile."""

    graph: Graph

    def judge(
        self,
        graph: Graph,
        profile: Profile,
        rules: Sequence[Rule],
        unread: Sequence[Unread],
        basis: Sequence[str],
        chosen: frozenset[str] | None,
    ) -> Judgement:
        """As `scanner.judge.judge`, with open what is no violation of this graph."""
        said = ran(graph, profile, rules, unread, basis, chosen)
        return concluded(
            opened(said, ran(self.graph, self.profile, rules, unread, basis, chosen), self.names), unread, basis
        )


def beside(reading: Reading, profile: Profile, pins: Pins | None, given: Iterable[Path]) -> Beside | None:
    """What was read where no thing is told of twice, and the profile names more; None where it can name nothing."""
    more = wider(profile, reading.resources, ()) if is_hidden(reading.unread, given) else None
    if more is None:
        return None
    return Beside(more.profile, more.names, build(reading.resources, more.profile, pins, asked=reading.asked).graph)


def is_hidden(unread: Iterable[Unread], given: Iterable[Path]) -> bool:
    """Whether something was not read that may declare what has an address of Terraform. given: plans and states."""
    names = {name for path in given for name in (path.name, path.as_posix())}
    return any(
        isinstance(one.origin, FileOrigin)
        and (one.kind == "link" or one.origin.path.endswith(_ENDS) or one.origin.path in names)
        for one in unread
    )


def wider(
    profile: Profile, resources: Sequence[Resource], joined: Collection[str], *, hidden: bool = True
) -> Wider | None:
    """The profile as if what is not known declared what it names: whatever that may be is named; None for nothing.

    joined: the ids of recorded things that are declared as well, in what was read. hidden: as `is_hidden` says it.
    """
    free = [one for one in resources if one.source in RECORDED and one.id not in joined and not one.data]
    free = [one for one in free if not any(path in one.address for path in _OF_AWS_ALONE)]
    ours = [one for one in resources if (one.source not in RECORDED or one.id in joined) and not one.data]
    known = {name for one in resources for name in (one.address, one.id, *one.aliases)}
    names: dict[str, tuple[str, ...]] = {}

    def told(entry: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(_may_be(entry, known, free, ours, hidden=hidden)))
        names.update((one, (*names.get(one, ()), entry)) for one in found if entry not in names.get(one, ()))
        return (entry, *found)

    found = renamed(profile, told)
    return Wider(found, names) if names else None


def _may_be(
    entry: str, known: Collection[str], free: Sequence[Resource], ours: Sequence[Resource], *, hidden: bool
) -> Iterator[str]:
    """The addresses of what an entry may name that is not called so in what was read."""
    unit = _UNIT.match(entry)
    bare = entry[unit.end() :] if unit is not None else entry
    tails = [bare]
    while (found := _MODULE.match(tails[-1])) is not None:
        tails.append(tails[-1][found.end() :])
    plain = _ADDRESS.match(tails[-1])
    if entry in known or (plain is None and _WILD.fullmatch(tails[-1]) is None):
        return
    kind = plain[1] if plain is not None else ""
    # One of those whose `for_each` is not known.
    some = [one.address for one in ours if "[*]" in one.address and names_one(one.address, (bare,))]
    yield from some
    if not (some or hidden):
        return
    yield from (one.address for one in free if _is_of(one.kind, kind))
    if hidden and not names_one(bare, known):
        # A module whose caller was not read is read as a root of its own.
        yield from (one.address for one in ours if any(_called(one.address, tail) for tail in tails[1:]))


def _called(address: str, tail: str) -> bool:
    """Whether a thing is called so, in the folder of whatever root."""
    return tail.strip("*.") != "" and names_one(tail, (address, address.rpartition("/")[2]))


def _is_of(kind: str, wanted: str) -> bool:
    """Whether a recorded thing may be of the type of an entry, "" for any."""
    if wanted.startswith("kubernetes_"):
        return kind.lower() == _VERSION.sub("", wanted.removeprefix("kubernetes_")).replace("_", "")
    return kind == wanted or (kind.startswith("aws_") and (not wanted or wanted.startswith("awscc_")))


def opened(said: Ran, other: Ran, names: Names) -> Ran:
    """What rules said, with each violation left open that they do not find where the profile names more.

    other: what they said there. names: as in `Wider`. Where a rule raised there, what it said stays.
    """
    there = [one for one in other.findings if one.verdict is Verdict.VIOLATED]
    keys = {key_of(one) for one in there}
    mine = {key_of(one) for one in said.findings if one.verdict is Verdict.VIOLATED}
    # One that is violated there as well, in other words.
    ends = {_ends(one) for one in there if key_of(one) not in mine}
    raised = {one.id for one in other.results if one.crashed}
    findings = tuple(
        one
        if one.verdict is not Verdict.VIOLATED or one.rule in raised or key_of(one) in keys or _ends(one) in ends
        else unsure(one, _why(one, names))
        for one in said.findings
    )
    broken = {one.rule for one in findings if one.verdict is Verdict.VIOLATED}
    results = tuple(
        replace(one, verdict=Verdict.UNPROVEN) if one.verdict is Verdict.VIOLATED and one.id not in broken else one
        for one in said.results
    )
    return replace(said, findings=findings, results=results)


def _ends(one: Finding) -> tuple[str, ...]:
    hops = (one.hops[0].address, one.hops[-1].address) if one.hops else ()
    return one.rule, one.subject.unit, one.subject.address, *hops


def _why(one: Finding, names: Names) -> str:
    spoken = (one.subject.address, *(hop.address for hop in one.hops), *one.message.split("`")[1::2])
    found = next((address for address in spoken if address in names), None)
    about = f"whether `{found}` is" if found is not None else "what is"
    entries = [f"`{entry}`" for entry in dict.fromkeys(names[found] if found else chain(*names.values()))]
    more = f" or {len(entries) - 3} more" if len(entries) > 3 else ""
    return f"{about} {' or '.join(entries[:3])}{more} of the profile"
