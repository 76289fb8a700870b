"""PeerAuthentication: on which ports of a workload plaintext is taken, by mesh, namespace, workload and port."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from scanner.builders.edges import Doubt, doubt_of
from scanner.builders.k8s_policy.labels import EVERY, Labels, Match, Selector
from scanner.builders.mesh.policies import GROUP, mapping_at, selector, within
from scanner.builders.mesh.spaced import Spaced
from scanner.origin import Origin
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown, Value

STRICT = "STRICT"
PERMISSIVE = "PERMISSIVE"
DISABLE = "DISABLE"
UNSET = "UNSET"
ALL_MODES = frozenset({STRICT, PERMISSIVE, DISABLE})
DEFAULT = "no PeerAuthentication applies: mTLS is permissive, which is the default"


class Mode(Struct, frozen=True):
    """The modes that mTLS may have on a port: one where it is known.

    because: a sentence fragment. doubt: what would decide, where there are several.
    """

    options: frozenset[str]
    because: str
    origin: Origin | None = None
    doubt: Doubt | None = None

    @property
    def strict(self) -> bool:
        """Certainly no plaintext."""
        return self.options == {STRICT}


class PeerPolicy(Struct, frozen=True):
    """One PeerAuthentication. mode: what it may say for every port; ports: for one; `created` orders rivals."""

    address: str
    namespace: str
    selector: Selector | None
    mode: frozenset[str]
    ports: Mapping[int, frozenset[str]]
    unsure_ports: bool
    created: str
    origin: Origin
    doubt: Doubt | None = None
    lines: Mapping[int, Origin] = field(default_factory=dict)

    @property
    def general(self) -> bool:
        """Whether it speaks of a whole namespace, or of the mesh."""
        return self.selector is None or self.selector.everything

    def at(self, port: int) -> frozenset[str] | None:
        """What it may say of one port alone; None where nothing."""
        if self.unsure_ports:
            return self.ports.get(port, frozenset({UNSET})) | ALL_MODES | {UNSET}
        return self.ports.get(port)


class PeerPolicies:
    """Every PeerAuthentication of a mesh, and its root namespace."""

    def __init__(self, policies: Iterable[PeerPolicy], root: str | Unknown) -> None:
        self.spaced = Spaced(sorted(policies, key=lambda one: one.address), root)
        self.root = root

    @classmethod
    def of(cls, resources: Iterable[Resource], root: str | Unknown) -> PeerPolicies:
        """All of one cluster."""
        return cls([_policy(one) for one in resources if one.kind == "PeerAuthentication" and one.group == GROUP], root)

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return bool(self.spaced.every)

    def named_ports(self, namespace: str) -> frozenset[int]:
        """Every port for which a policy that may speak of a namespace has a word of its own."""
        return frozenset(port for one in self.spaced.about(namespace) for port in one.ports)

    def mode(self, namespace: str, labels: Labels, port: int) -> Mode:
        """The modes of one port of a workload: the narrowest policy that says anything."""
        found = Mode(frozenset({PERMISSIVE}), DEFAULT)
        levels = self._levels(namespace, labels)
        for level in levels:
            found = _layer(found, level)
        return _port(found, levels[-1], port)

    def _levels(self, namespace: str, labels: Labels) -> list[list[tuple[PeerPolicy, Match]]]:
        """The policies of the mesh, of the namespace, and of the workload, with how sure it is that each applies."""
        levels: list[list[tuple[PeerPolicy, Match]]] = [[], [], []]
        for one in self.spaced.about(namespace):
            sure = Match.YES if one.doubt is None else Match.MAYBE
            of_root = within(self.root, one.namespace, "") if isinstance(self.root, str) else Match.MAYBE
            here = within(one.namespace, namespace, "")
            if one.general:
                _add(levels[0], one, min(sure, of_root))
                _add(levels[1], one, min(sure, here, Match(Match.YES - of_root)))
            else:
                match = (one.selector or EVERY).match(labels)
                _add(levels[2], one, min(sure, here, match, Match(Match.YES - of_root)))
        return levels


def _add(level: list[tuple[PeerPolicy, Match]], one: PeerPolicy, match: Match) -> None:
    if match is not Match.NO:
        level.append((one, match))


def _layer(parent: Mode, level: Sequence[tuple[PeerPolicy, Match]]) -> Mode:
    """What a level makes of the level above it; of several policies the oldest wins, and the age is seldom known."""
    return _merge(parent, [(one, match, one.mode) for one, match in level], {})


def _port(parent: Mode, level: Sequence[tuple[PeerPolicy, Match]], port: int) -> Mode:
    said = [(one, match, one.at(port)) for one, match in level]
    lines = {one.address: one.lines[port] for one, _ in level if port in one.lines}
    return _merge(parent, [(one, match, modes) for one, match, modes in said if modes is not None], lines)


def _merge(parent: Mode, said: Sequence[tuple[PeerPolicy, Match, frozenset[str]]], lines: Mapping[str, Origin]) -> Mode:
    if not said:
        return parent
    sure = [one for one in said if one[1] is Match.YES]
    if len(sure) > 1 and all(one.created for one, _, _ in sure):
        sure = [min(sure, key=lambda one: one[0].created)]
    options: frozenset[str] = frozenset() if sure else parent.options
    for _, _, modes in (*sure, *(one for one in said if one[1] is Match.MAYBE)):
        options |= (modes - {UNSET}) | (parent.options if UNSET in modes else frozenset())
    if options == parent.options and all(modes == {UNSET} for _, _, modes in said):
        return parent
    policy = (sure or said)[0][0]
    named = " or ".join(f"`{one}`" for one in sorted(options))
    because = f"PeerAuthentication `{policy.address}` sets mTLS to {named}"
    doubt = None
    if len(options) > 1:
        names = tuple(sorted({name for one, _, _ in said for name in _deciders(one)}))
        doubt = Doubt("mtls-mode-unknown", names)
    return Mode(options, because, lines.get(policy.address, policy.origin), doubt)


def _deciders(one: PeerPolicy) -> tuple[str, ...]:
    return one.doubt.decided_by if one.doubt is not None else (one.address,)


def _policy(one: Resource) -> PeerPolicy:
    spec = mapping_at(one, "spec")
    ports = dig(spec, "portLevelMtls")
    known: dict[int, frozenset[str]] = {}
    lines: dict[int, Origin] = {}
    unsure = isinstance(ports, Unknown) or (ports is not None and not isinstance(ports, Mapping))
    for key, value in ports.items() if isinstance(ports, Mapping) else ():
        if str(key).isdigit():
            known[int(key)] = _modes(value)
            lines[int(key)] = mark(ports, key, "mode") or mark(ports, key) or one.origin
        else:
            unsure = True
    mtls = dig(spec, "mtls")
    unknown = next((each for each in (spec, dig(mtls, "mode")) if isinstance(each, Unknown)), None)
    created = dig(one.attrs, "metadata", "creationTimestamp")
    return PeerPolicy(
        one.address,
        one.namespace,
        selector(spec),
        _modes(mtls),
        known,
        unsure,
        created if isinstance(created, str) else "",
        mark(spec, "mtls", "mode") or mark(one.attrs, "metadata", "name") or one.origin,
        doubt_of(one.possible) or doubt_of(unknown),
        lines,
    )


def _modes(mtls: Value) -> frozenset[str]:
    """The modes that a `mtls` block may mean; UNSET, which inherits, where none is written."""
    mode = mtls if isinstance(mtls, Unknown) else dig(mtls, "mode")
    if mode is None and not isinstance(mtls, str):
        return frozenset({UNSET})
    if isinstance(mode, str) and mode in ALL_MODES | {UNSET}:
        return frozenset({mode})
    return ALL_MODES | {UNSET}
