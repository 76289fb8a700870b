"""What a rule is: one assertion over the graph, with its page in its docstring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.findings import Finding, Hop, Subject, Verdict
from scanner.graph.certificate import Closure, Examined, certify
from scanner.graph.facts import ModelReference, Placement
from scanner.graph.graph import Graph
from scanner.graph.model import Node, State
from scanner.graph.search import Reach, Way
from scanner.origin import Origin
from scanner.profile import Profile
from scanner.resource import Unread
from scanner.unknown import Unknown

KUBERNETES = "Kubernetes"
"""What stands among kinds for every object of a cluster."""


class Rule(Struct, frozen=True):
    """A loaded rule.

    id: the slug; equals the file's name with `-` for `_`. assertion: its id in the assertions table.
    bases: the bases that can decide it ("declared", "recorded", "live").
    title, why, fix, blind: the four parts of its page. waivable: False where no waiver may speak of it.
    beside: bases that must be there as well, for rules that hold one against another.
    carries: False where a commitment does not hold by this rule alone: it speaks of something beside the promise.
    needs: the kinds of things that its verdict can rest on, `KUBERNETES` for the objects of clusters; None for any.
    """

    id: str
    commitment: str
    severity: str
    assertion: str
    bases: tuple[str, ...]
    title: str
    why: str
    fix: str
    blind: str
    check: Callable[[Case], Iterable[Finding]]
    waivable: bool = True
    carries: bool = True
    beside: tuple[str, ...] = ()
    needs: frozenset[str] | None = None

    def waits_for(self, one: Unread) -> bool:
        """Whether what could not be read may be of a kind that the verdict rests on."""
        return self.needs is None or one.tells is None or not self.needs.isdisjoint(one.tells)


class Case(Struct):
    """One rule before one graph: what it may look at, and how it says what it found."""

    rule: Rule
    graph: Graph
    profile: Profile
    looked_at: dict[str, str] = field(default_factory=dict)
    certificates: list[Closure | Examined] = field(default_factory=list)
    lacking: str = ""
    """The key of the profile without which there is nothing to ask; the note of a rule that looked at nothing."""
    summary: str = ""
    """A few words for the commitment's line where the rule holds: "31 placements, all aws us-gov-west-1"."""

    @property
    def things(self) -> int:
        """How many nodes stand for what was read, and for whoever may call it; entries of the profile are none."""
        return sum(node.kind not in ("Profile", "Scan") for node in self.graph.nodes.values())

    def examine(self, node: Node, found: str) -> None:
        """Note that `node` was looked at, and what was found: it counts as a subject and enters the certificate."""
        before = self.looked_at.get(node.id, "")
        self.looked_at[node.id] = f"{before}; {found}" if before and found not in before else found

    def unknown_places(self, facts: Iterable[tuple[Node, Placement]]) -> Iterator[Finding]:
        """One finding for each thing that would decide a place, however many nodes wait for it.

        The cluster of a set of manifests is a key of the profile, and one finding for all sets.
        """
        waiting: dict[tuple[str, ...], list[tuple[Node, Placement, str, Unknown]]] = {}
        for node, fact in facts:
            for what in ("place_class", "provider", "account", "region", "partition", "zone"):
                value = getattr(fact, what)
                if isinstance(value, Unknown):
                    key = (what, *value.decided_by)
                    waiting.setdefault(key, []).append((node, fact, what.replace("_class", ""), value))
                    break
        for key, group in waiting.items():
            node, fact, what, value = group[0]
            others = tuple(sorted({one.address for one, *_ in group} - {node.address}))
            if key == ("place_class", "units[].cluster"):
                message = "on which cluster the manifests run is not known: `units` of the profile names no `cluster`"
                write = "units: [{name: NAME, manifests: [DIR], terraform: [DIR], cluster: ADDRESS}]"
                yield self.missing("units[].cluster", message, write)
                continue
            message = f"the {what} of `{node.address}` is not known: {value.cause}"
            made = self.unproven(
                node,
                message,
                origin=fact.origin,
                because=fact.because,
                decided_by=value.decided_by,
                fix=f"state the {what}",
            )
            yield replace(made, also=others)

    def absent(self, entries: Sequence[str]) -> list[str]:
        """The profile entries (`[unit:]address`, `*` is a wildcard) that name no node."""
        return [entry for entry in entries if not any(names(entry, node) for node in self.graph.nodes.values())]

    def prove(self, goal: str, found: Reach) -> None:
        """Add the certificate of a search that met nobody but the allowed; every target counts as a subject."""
        for target in found.targets:
            self.looked_at.setdefault(target, "nothing but the safety stack leads here")
        if not found.ways:
            self.certificates.append(certify(goal, self.graph, found))

    def violated(self, node: Node, message: str, **more: object) -> Finding:
        """A violation whose subject is `node`; unproven where nobody knows whether `node` exists. See `finding`."""
        if node.state is State.OPEN:
            return self.finding(Verdict.VIOLATED, node, message, **more)  # type: ignore[arg-type]
        return self.unproven(node, f"if it exists, {message}", **{"decided_by": node.decided_by, **more})

    def unproven(self, node: Node, message: str, **more: object) -> Finding:
        """Something about `node` that could not be decided. See `finding` for the keywords."""
        return self.finding(Verdict.UNPROVEN, node, message, **more)  # type: ignore[arg-type]

    def missing(self, key: str, message: str, write: str) -> Finding:
        """The one finding for a profile key that is not given; `write` is the line that would give it."""
        subject = Subject(f"profile:{key}", "profile", key, None)
        return self._make(Verdict.UNPROVEN, subject, message, decided_by=(f"profile:{key}",), fix=write)

    def lacks(self, key: str, message: str, write: str, entries: Sequence[object] = ("",)) -> Iterator[Finding]:
        """A key by which a rule is asked for at all: without it the rule is not judged, and says what it needs.

        Where the profile requires a basis, as that of a scheduled scan does, it is the one finding of `missing`.
        entries: what the profile gives under the key; a key with nothing under it asks for nothing.
        """
        if self.profile.has(key) and entries:
            return
        self.lacking = key
        if self.profile.strict:
            yield self.missing(key, message, write)

    def finding(
        self,
        verdict: Verdict,
        node: Node,
        message: str,
        *,
        origin: Origin | None = None,
        because: str = "",
        decided_by: Sequence[str] = (),
        fix: str = "",
        severity: str = "",
    ) -> Finding:
        """A finding about `node` without a path: one hop, at `origin` (else the node's), saying `because`."""
        place = origin or node.origin
        hop = Hop(node.address, node.kind, node.name, place, because or message, cut=True)
        subject = Subject(node.address, node.kind, node.name, place, _unit(node))
        return self._make(verdict, subject, message, (hop,), tuple(decided_by), fix, severity=severity)

    def way(
        self,
        way: Way,
        message: str,
        *,
        fix: str = "",
        ways: int = 1,
        also: Sequence[str] = (),
        doubts: Sequence[str] = (),
        about: Node | None = None,
    ) -> Finding:
        """A finding whose counterexample is `way`: violated where it is open and nothing is in doubt, else unproven.

        ways: how many ways there are in all; also: the other actors that come the same way.
        doubts: what beside the edges would decide it (a key of the profile, whether a candidate is a model).
        about: its subject, where that is not the actor: a caller from outside has no line, and is no name to waive.
        """
        certain = way.state is State.OPEN and not doubts
        node = about or way.actor
        subject = Subject(node.address, node.kind, node.name, node.origin, _unit(node))
        plane = "+".join(sorted({str(edge.plane) for edge in way.edges}))
        decided = tuple(sorted({*way.decided_by, *doubts}))
        made = self._make(
            Verdict.VIOLATED if certain else Verdict.UNPROVEN,
            subject,
            message,
            tuple(self._hops(way)),
            decided,
            fix,
            plane=plane,
            ways=ways,
        )
        return replace(made, also=tuple(also))

    def _hops(self, way: Way) -> Iterator[Hop]:
        cut = next((index for index in reversed(range(len(way.edges))) if way.edges[index].cut), len(way.edges) - 1)
        for index, edge in enumerate(way.edges):
            node = self.graph.nodes[edge.source]
            origin = edge.origin or node.origin
            yield Hop(node.address, node.kind, node.name, origin, edge.because, cut=index == cut)
        yield self._arrival(self.graph.nodes[way.edges[-1].target])

    def _arrival(self, node: Node) -> Hop:
        """The last hop: where the model is served, told by its reference where there is one."""
        for fact in node.facts:
            if isinstance(fact, ModelReference):
                return Hop(node.address, node.kind, node.name, fact.origin or node.origin, fact.because)
        roles = " and ".join(sorted(node.roles)) or "target"
        return Hop(node.address, node.kind, node.name, node.origin, f"this is the {roles}")

    def _make(
        self,
        verdict: Verdict,
        subject: Subject,
        message: str,
        hops: tuple[Hop, ...] = (),
        decided_by: tuple[str, ...] = (),
        fix: str = "",
        plane: str = "",
        ways: int = 1,
        severity: str = "",
    ) -> Finding:
        return Finding(
            rule=self.rule.id,
            commitment=self.rule.commitment,
            verdict=verdict,
            severity=severity or self.rule.severity,
            message=message,
            subject=subject,
            hops=hops,
            decided_by=decided_by,
            fix=fix,
            plane=plane,
            ways=ways,
        )


def _unit(node: Node) -> str:
    return node.id.removesuffix(f":{node.address}")


def names(entry: str, node: Node) -> bool:
    """Whether a profile entry (`[unit:]address`, `*` is a wildcard) names `node`; brackets are literal."""
    if node.aliases:
        called = (node.address, node.id, *(each for one in node.aliases for each in (one, one.partition(":")[2])))
    else:
        called = (node.address, node.id)
    if "*" not in entry:
        return entry in called
    pattern = entry.replace("[", "[[]")
    return any(fnmatchcase(one, pattern) for one in called)


def counted(number: int, thing: str) -> str:
    """`1 model`, `2 models`."""
    return f"{number} {thing}{'s' * (number != 1)}"
