"""The pods and namespaces of one cluster, indexed by label, so that every selector is answered once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from scanner.builders.k8s_policy.index import LabelIndex
from scanner.builders.k8s_policy.labels import NAMESPACE_NAME, Labels, Match, Selector
from scanner.builders.k8s_policy.model import Peer, PeerKind, Pod

Key = tuple[str, Selector, Selector]


class Selected(Struct, frozen=True):
    """Indices of pods: those surely selected, and those that may be (the sure ones among them)."""

    sure: frozenset[int]
    maybe: frozenset[int]

    def match(self, index: int) -> Match:
        """How one pod is selected."""
        if index in self.sure:
            return Match.YES
        return Match.MAYBE if index in self.maybe else Match.NO


NOBODY = Selected(frozenset(), frozenset())


def together(some: Sequence[Selected]) -> Selected:
    """What any of `some` selects."""
    if len(some) < 2:
        return some[0] if some else NOBODY
    return Selected(frozenset().union(*(one.sure for one in some)), frozenset().union(*(one.maybe for one in some)))


class Cluster:
    """Pods by index, and namespaces by name; a namespace known only by its name has the label that bears the name."""

    def __init__(self, pods: Iterable[Pod], namespaces: Mapping[str, Labels] | None = None) -> None:
        self.pods = list(pods)
        self.namespaces: dict[str, Labels] = {}
        self.by_namespace: dict[str, set[int]] = {}
        given = namespaces or {}
        for index, pod in enumerate(self.pods):
            self.by_namespace.setdefault(pod.namespace, set()).add(index)
        self._indexed = LabelIndex((index, pod.labels) for index, pod in enumerate(self.pods))
        for name in sorted(self.by_namespace.keys() | given.keys()):
            self.namespaces[name] = named(name, given.get(name) or Labels({}))
        self._vague = [name for name in self.namespaces if "*" in name]
        self._labelled = LabelIndex(self.namespaces.items())
        everyone = frozenset(range(len(self.pods)))
        self.unclear_host = frozenset(index for index, pod in enumerate(self.pods) if pod.host is not False)
        self.everyone = Selected(everyone, everyone)
        self._selected: dict[Key, Selected] = {}
        self._pods: dict[Selector, Selected] = {}
        self._spaces: dict[Selector, dict[str, Match]] = {}

    def select(self, peer: Peer) -> Selected:
        """The pods that a PODS peer or a subject selects; host-network pods are not set apart here."""
        if peer.kind is not PeerKind.PODS:
            return Selected(frozenset(), self.everyone.maybe) if peer.kind is PeerKind.UNKNOWN else NOBODY
        found = self._selected.get(peer.key)
        if found is None:
            found = self._selected[peer.key] = self._select(peer)
        return found if peer.doubt is None else Selected(frozenset(), found.maybe)

    def _select(self, peer: Peer) -> Selected:
        if not peer.namespace and peer.namespaces.everything:
            return self._of_pods(peer.pods)
        spaces = self._own(peer.namespace) if peer.namespace else self.spaces(peer.namespaces)
        sure: set[int] = set()
        maybe: set[int] = set()
        for index, match in self._matches(peer.pods, spaces):
            if match is Match.YES:
                sure.add(index)
            if match is not Match.NO:
                maybe.add(index)
        return Selected(frozenset(sure), frozenset(maybe))

    def _own(self, namespace: str) -> Mapping[str, Match]:
        """The one namespace of that name, and those whose names are only partly known (`*`) and may be it."""
        found = {name: Match.MAYBE for name in self._vague if fnmatchcase(namespace, name)}
        if "*" in namespace:
            found |= {name: Match.MAYBE for name in self.namespaces if fnmatchcase(name, namespace)}
        else:
            found[namespace] = Match.YES
        return found

    def _matches(self, pods: Selector, spaces: Mapping[str, Match]) -> Iterator[tuple[int, Match]]:
        """Each pod of `spaces` with how both selectors match it; pods by index where a selector names few."""
        inside = sum(len(self.by_namespace.get(name, ())) for name in spaces)
        if inside <= 8 or pods.everything:
            for name, match in spaces.items():
                for index in self.by_namespace.get(name, ()):
                    yield index, min(match, pods.match(self.pods[index].labels))
            return
        selected = self._of_pods(pods)
        if len(selected.maybe) > inside:
            for name, match in spaces.items():
                for index in self.by_namespace.get(name, ()):
                    yield index, min(match, selected.match(index))
            return
        for index in selected.maybe:
            yield index, min(spaces.get(self.pods[index].namespace, Match.NO), selected.match(index))

    def spaces(self, selector: Selector) -> Mapping[str, Match]:
        """The namespaces that a selector matches, surely or perhaps."""
        found = self._spaces.get(selector)
        if found is None:
            some = self.namespaces if selector.everything else self._labelled.candidates(selector)
            every = ((name, selector.match(self.namespaces[name])) for name in some)
            found = self._spaces[selector] = {name: match for name, match in every if match is not Match.NO}
        return found

    def _of_pods(self, selector: Selector) -> Selected:
        if selector.everything:
            return self.everyone
        found = self._pods.get(selector)
        if found is None:
            found = self._pods[selector] = self._search(selector)
        return found

    def _search(self, selector: Selector) -> Selected:
        candidates = self._indexed.candidates(selector)
        matches = [(index, selector.match(self.pods[index].labels)) for index in candidates]
        sure = frozenset(index for index, match in matches if match is Match.YES)
        return Selected(sure, frozenset(index for index, match in matches if match is not Match.NO))


def named(name: str, labels: Labels) -> Labels:
    """The labels of a namespace with the one that the API server adds."""
    if "*" in name:
        return Labels({}, complete=False, doubt=labels.doubt)
    known = {**labels.known, NAMESPACE_NAME: name}
    return Labels(known, labels.unknown - {NAMESPACE_NAME}, labels.complete, labels.doubt)
