"""The whole story: read, build, judge, report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from scanner import __version__
from scanner.builders.build import Built, build
from scanner.called import with_calls
from scanner.catalogue import refuse_scanned, rule_digests, rules, ruleset_sha256, table_digests
from scanner.contracts import contract_rules
from scanner.counts import counts
from scanner.findings import Report, Scope
from scanner.graph.model import STACK, Role
from scanner.judge import Judgement, judge
from scanner.profile import Profile
from scanner.resource import BASIS, RECORDED, Reading, Resource
from scanner.rule import Rule
from scanner.sources.read import Live, ReadRequest, read_all, run_root
from scanner.waivers import apply_waivers

if TYPE_CHECKING:
    from scanner.both_sides import BothSides
    from scanner.graph.graph import Graph
    from scanner.lock import Pins
    from scanner.untold import Beside


class Request(Struct, frozen=True):
    """What the user asked for. paths: files or folders; as_of: the day on which waivers are looked at.

    profile_shown: the path that origins in the profile give; "" is its path below the root, else as it was given.
    profile_dir: what the folders of its `units` are relative to; None is the folder that it is in.
    idle_waivers: a waiver may match nothing, as where one profile judges what was and what is.
    waiver_notice: in days, how long before its end a waiver is announced; None is as the profile has it.
    lean: of AWS, what nothing leads to may be left out.
    judged: the rules or commitments that are judged, by name; () for all.
    """

    paths: tuple[Path, ...]
    as_of: date
    profile: Path | None = None
    profile_shown: str = ""
    profile_dir: Path | None = None
    idle_waivers: bool = False
    waiver_notice: int | None = None
    var_files: tuple[Path, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    environ: tuple[tuple[str, str], ...] = ()
    rules_dirs: tuple[Path, ...] = ()
    lock: Path | None = None
    workspace: str = ""
    cross_check: bool = False
    cache: Path | None = None
    plans: tuple[Path, ...] = ()
    states: tuple[Path, ...] = ()
    bundles: tuple[Path, ...] = ()
    live: tuple[Live, ...] = ()
    lean: bool = False
    judged: tuple[str, ...] = ()
    run: tuple[tuple[str, str], ...] = field(default=())


class Scanned(Struct, frozen=True):
    """A run before it is judged: what was read, and the graph of it.

    sides: where files and an API tell of one deployment, its views, of all of which `built` has the graph.
    wider: the same where the profile names all that it may name in what was not read.
    """

    root: Path
    reading: Reading
    built: Built
    profile: Profile
    request: Request
    sides: BothSides | None = None
    wider: Beside | None = None

    @property
    def deployments(self) -> tuple[Sequence[Resource], ...]:
        """What each graph is of."""
        return (self.reading.resources,) if self.sides is None else tuple(one.resources for one in self.sides.views)

    @property
    def graphs(self) -> tuple[tuple[Graph, Profile], ...]:
        """Each graph that is judged, with the profile as it is judged by."""
        if self.sides is None:
            return ((self.built.graph, self.profile),)
        return tuple((one.built.graph, one.profile) for one in self.sides.views)


def read_and_build(request: Request) -> Scanned:
    """Read every path and build the graph. Raises UsageError for a path or a profile that cannot be used."""
    root = _root(request)
    profile = _profile(request, root)
    pins = _pins(request, profile, root)
    # A trusted caller whose time is over is no longer trusted.
    profile = replace(profile, trusted=tuple(one for one in profile.trusted if one.expires >= request.as_of))
    wanted = ReadRequest(
        root=root,
        paths=request.paths,
        units=profile.units,
        charts=profile.charts,
        profile_dir=request.profile_dir or (request.profile.parent if request.profile else root),
        var_files=request.var_files,
        variables=request.variables,
        environ=dict(request.environ),
        workspace=request.workspace,
        cross_check=request.cross_check,
        cache=_cache(request, root),
        plans=request.plans,
        states=request.states,
        bundles=request.bundles,
        live=request.live,
    )
    if request.judged:
        return _of_some(wanted, profile, pins, request)
    if request.lean and (request.bundles or request.live):
        from scanner.settled import settled

        return settled(
            wanted, profile, request.rules_dirs, lambda reading: built_of(root, reading, profile, pins, request)
        )
    return built_of(root, read_all(wanted), profile, pins, request)


def _of_some(wanted: ReadRequest, profile: Profile, pins: Pins | None, request: Request) -> Scanned:
    """Read and build for some rules alone: what only others wait for is said, and is no lack.

    An API is asked for what they need, but where files tell of the same: of those, all may say what is one thing.
    """
    from scanner.choice import narrowed

    some = _judged_rules(request, profile)
    files = request.paths or request.plans or request.states
    live = request.live if files else tuple(narrowed(one, some) for one in request.live)
    scanned = built_of(wanted.root, read_all(replace(wanted, live=live)), profile, pins, request)
    reading = scanned.reading
    if scanned.sides is None:
        beside = [one for one in reading.unread if not any(rule.waits_for(one) for rule in some)]
        reading.assumptions |= {f"no rule that was chosen waits for it: {one.cause}": None for one in beside}
        reading.unread = [one for one in reading.unread if one not in beside]
    return scanned


def _judged_rules(request: Request, profile: Profile) -> tuple[Rule, ...]:
    from scanner.choice import chosen

    return chosen(request.judged, (*rules(request.rules_dirs), *contract_rules(profile)))


def built_of(root: Path, reading: Reading, profile: Profile, pins: Pins | None, request: Request) -> Scanned:
    """The graph of what was read, or one for each view of it."""
    given = (*request.plans, *request.states)
    if len({one.source in RECORDED for one in reading.resources}) == 2:
        from scanner.both_sides import both_sides
        from scanner.sides.coverage import apart
        from scanner.sources.aws.lost import unseen
        from scanner.untold import is_hidden

        reading.assumptions |= dict.fromkeys(apart(reading.resources))
        lost = unseen(reading.unread)
        blind, hidden = bool(reading.unread), is_hidden(reading.unread, given)
        sides = both_sides(reading.resources, profile, pins, reading.asked, blind=blind, unseen=lost, hidden=hidden)
        if sides is not None:
            return Scanned(root, reading, sides.whole, sides.profile, request, sides)
    built = build(reading.resources, profile, pins, asked=reading.asked)
    if not reading.unread or request.profile is None:  # without a profile, nothing is named
        return Scanned(root, reading, built, profile, request)
    from scanner.untold import beside

    return Scanned(root, reading, built, profile, request, wider=beside(reading, profile, pins, given))


def _cache(request: Request, root: Path) -> Path | None:
    """Where parsed files are kept; nowhere inside of what is scanned, which would then say itself how it reads."""
    folder = request.cache
    return None if folder is None or folder.resolve().is_relative_to(root.resolve()) else folder


def _root(request: Request) -> Path:
    """What origins are relative to; where only APIs and bundles are read, the current folder."""
    return run_root(request.paths) if request.paths else Path.cwd()


def _profile(request: Request, root: Path) -> Profile:
    if request.profile is None:
        return Profile()
    from scanner.profile_file import load_profile

    return load_profile(request.profile, _shown(request, root))


def _shown(request: Request, root: Path) -> str:
    """The profile's path for people; below the root it is relative, so that the graph is the same wherever that is."""
    return request.profile_shown or _below(request.profile or Path(), root)


def _below(given: Path, root: Path) -> str:
    full = given.resolve()
    return full.relative_to(root).as_posix() if full.is_relative_to(root) else str(given)


def _pins(request: Request, profile: Profile, root: Path) -> Pins | None:
    """What the agreement is held against. Raises SettingsError for a lock that cannot be used."""
    if request.profile is None:
        return None
    from scanner.lock import Pins, lock_beside, read_lock

    expected = lock_beside(Path(profile.path)).as_posix()
    lock = None if request.lock is None else read_lock(request.lock, expected)
    return Pins(
        profile=profile,
        lock=lock,
        expected=expected,
        as_of=request.as_of,
        rules=rule_digests(request.rules_dirs) if lock is not None and lock.rules is not None else {},
        tables=table_digests() if lock is not None and lock.tables is not None else {},
    )


def scan(request: Request) -> tuple[Report, Scanned]:
    """Read, build, judge. Raises UsageError and SettingsError; everything else that goes wrong is in the report."""
    if request.paths:
        refuse_scanned(request.rules_dirs, run_root(request.paths))
    shipped, scanned = rules(request.rules_dirs), read_and_build(request)
    reading, built, profile = scanned.reading, scanned.built, scanned.profile
    every = (*shipped, *contract_rules(profile))
    some = frozenset(rule.id for rule in _judged_rules(request, profile)) if request.judged else None
    basis = tuple(sorted({BASIS[one.source] for one in reading.resources} | reading.bases)) or ("declared",)
    judgement = _judged(scanned, every, basis, some)
    notice = profile.outputs.waiver_notice if request.waiver_notice is None else request.waiver_notice
    spoken = (judgement.said, profile, every, built.graph, request.as_of, judgement.silent)
    waivers = apply_waivers(*spoken, idle=request.idle_waivers, notice=notice)
    report = Report(
        verdict=judgement.verdict,
        commitments=judgement.commitments,
        findings=with_calls(waivers.findings, reading.resources),
        rules=judgement.rules,
        unread=tuple(sorted(reading.unread, key=lambda one: (str(one.origin), one.cause))),
        waived=waivers.waived,
        scope=Scope(basis, judgement.not_judged, built.assumed_absent),
        models=_roles(built, frozenset({Role.MODEL, Role.CANDIDATE})),
        safety_stack=_roles(built, STACK),
        assumptions=(*reading.assumptions, *built.assumptions),
        trusted=built.trusted,
        inputs=reading.inputs,
        passed_over=reading.passed_over,
        ruleset_sha256=ruleset_sha256(request.rules_dirs),
        profile_path=profile.path,
        profile_sha256=profile.sha256,
        counts=counts(reading, built),
        run={
            "root": str(scanned.root),
            "version": __version__,
            "as_of": request.as_of.isoformat(),
            **dict(request.run),
        },
        notes=waivers.notes,
    )
    return report, scanned


def _judged(scanned: Scanned, every: Sequence[Rule], basis: Sequence[str], some: frozenset[str] | None) -> Judgement:
    unread = scanned.reading.unread
    if scanned.wider is not None:
        return scanned.wider.judge(scanned.built.graph, scanned.profile, every, unread, basis, some)
    if scanned.sides is not None:
        from scanner.both_sides import judge_both

        return judge_both(scanned.sides, every, unread, basis, some)
    return judge(scanned.built.graph, scanned.profile, every, unread, basis, some)


def _roles(built: Built, wanted: frozenset[Role]) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (node.address, "+".join(sorted(node.roles & wanted)), built.recognised.get(node.id, ""))
        for node in built.graph.with_role(*wanted)
    )
