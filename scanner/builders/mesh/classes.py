"""Callers in classes: a policy tells apart those that it names, and treats all others alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from scanner.builders.mesh.attributes import Trust
from scanner.builders.mesh.guard import Caller, Guard
from scanner.builders.mesh.policies import Atom
from scanner.graph.model import Edge
from scanner.patterns import lazy

Account = tuple[str, str]
"""Namespace and name of a service account."""
Callers = tuple[Caller, ...]
_ACCOUNT = lazy(r"^[^*]*/ns/(?P<ns>[^*/]+)/sa/(?P<sa>[^*/]+)$")
_SPACE = lazy(r"^[^*]*/ns/(?P<ns>[^*/]+)/\*$")


class Named(Struct):
    """The callers that the policies of a gate name. patterns: they name more than can be looked up."""

    accounts: set[Account] = field(default_factory=set)
    spaces: set[str] = field(default_factory=set)
    patterns: bool = False

    @classmethod
    def of(cls, guards: Iterable[Guard]) -> Named:
        """All that the guards of a gate name."""
        found = cls()
        for guard in guards:
            every = [*guard.policies, *(one for waypoint in guard.waypoints for one in waypoint.policies)]
            for policy, _ in every:
                for rule in policy.rules:
                    for clause in (*rule.sources, rule.conditions):
                        for atom in clause:
                            found.add(atom, policy.namespace)
        return found

    def add(self, atom: Atom, namespace: str) -> None:
        """Take in one attribute of a rule of a policy of `namespace`."""
        for value in (*atom.values, *atom.negative):
            if not isinstance(value, str) or value == "*":
                continue  # it tells no two callers of the mesh apart
            if atom.key == "source.serviceAccount":
                space, slash, name = value.rpartition("/")
                self.accounts.add((space if slash else namespace, name))
            elif atom.key == "source.namespace":
                self.spaces.add(value)
                self.patterns = self.patterns or "*" in value
            elif atom.key == "source.principal":
                self._principal(value)

    def _principal(self, value: str) -> None:
        account, space = _ACCOUNT.match(value), _SPACE.match(value)
        if account is not None:
            self.accounts.add((account["ns"], account["sa"]))
        elif space is not None:
            self.spaces.add(space["ns"])
        else:
            self.patterns = True


def accounts_of(callers: Callers) -> Iterator[Account]:
    """The service accounts of callers, those included whose identity they only could get."""
    for caller in callers:
        for identity in (*(one for world in caller.worlds for one, _ in world), caller.token):
            found = _ACCOUNT.match(identity) if isinstance(identity, str) else None
            if found is not None:
                yield found["ns"], found["sa"]


def shape_of(callers: Callers, trust: Trust) -> Callers:
    """The same callers with an identity that nobody names in place of theirs; equal ones once."""
    stranger = trust.identity("-", "-")

    def plain(caller: Caller) -> Caller:
        worlds = tuple(
            tuple((stranger if isinstance(identity, str) else identity, sure) for identity, sure in world)
            for world in caller.worlds
        )
        return Caller(worlds, stranger if caller.token else "")

    return tuple(dict.fromkeys(plain(one) for one in callers))


class Crowd(Struct):
    """The workloads that call a relay, by what tells them apart; `others` are edges from anything else."""

    shapes: dict[Callers, list[tuple[Callers, Edge]]] = field(default_factory=dict)
    accounts: dict[Account, list[tuple[Callers, Edge]]] = field(default_factory=dict)
    spaces: dict[str, list[tuple[Callers, Edge]]] = field(default_factory=dict)
    others: list[Edge] = field(default_factory=list)

    def add(self, callers: Callers, edge: Edge, trust: Trust) -> None:
        """Take in one workload."""
        pair = (callers, edge)
        self.shapes.setdefault(shape_of(callers, trust), []).append(pair)
        for account in set(accounts_of(callers)):
            self.accounts.setdefault(account, []).append(pair)
        for space in {space for space, _ in accounts_of(callers)}:
            self.spaces.setdefault(space, []).append(pair)

    def named(self, names: Named) -> list[tuple[Callers, Edge]]:
        """The workloads that a gate has to ask for one by one."""
        if names.patterns:
            return [pair for pairs in self.shapes.values() for pair in pairs]
        found = [pair for account in names.accounts for pair in self.accounts.get(account, ())]
        found += [pair for space in names.spaces for pair in self.spaces.get(space, ())]
        return list({edge.source + edge.because: (callers, edge) for callers, edge in found}.values())
