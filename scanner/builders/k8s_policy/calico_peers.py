"""Whom `source` and `destination` of a rule of Calico mean: endpoints, sets of networks, address ranges, Services.

Facts: reference of NetworkPolicy, "EntityRule"; projectcalico/calico `libcalico-go/lib/backend/syncersv1/
updateprocessors/rules.go` (in a policy of a namespace a selector means the namespace, `all()` of a namespace selector
any) and `api/pkg/apis/projectcalico/v3/policy_common.go` (`notSelector` lets in what is no endpoint).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy.calico_selector import (
    EVERYTHING,
    NAMESPACE,
    Alternatives,
    BadSelector,
    Terms,
    alternatives_of,
    both,
    on_namespaces,
)
from scanner.builders.k8s_policy.labels import (
    NAMESPACE_NAME,
    SERVICE_ACCOUNT,
    Labels,
    Match,
    Requirement,
    Selector,
    doubt_of,
    labels_of,
    selector_of_labels,
)
from scanner.builders.k8s_policy.model import ANYONE, UNMODELLED, Peer, PeerKind
from scanner.builders.k8s_policy.objects import Objects
from scanner.builders.ranges import parse_cidr
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Value

ACCOUNT = "projectcalico.org/serviceaccount"
_ORCHESTRATOR = "projectcalico.org/orchestrator"
_OWN = "projectcalico.org/"
_FIELDS = frozenset(
    {"nets", "notNets", "selector", "notSelector", "namespaceSelector", "services", "serviceAccounts"}
    | {"ports", "notPorts"}
)
_WHOLE = ("0.0.0.0/0", "::/0")


def unmodelled(*names: str) -> Doubt:
    """The doubt that something not understood casts."""
    return Doubt(UNMODELLED, names)


def selector_text(value: Value) -> str:
    """A selector's text, "" where none is written; raises BadSelector where it is not known."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadSelector("a selector that is not known")
    return value


def pods_of(terms: Terms, line: Origin | None) -> Peer | None:
    """The pods that meet all terms; None where no pod can."""
    pods: list[Requirement] = []
    spaces: list[Requirement] = []
    doubt: Doubt | None = None
    for term in sorted(terms):
        if term.key == _ORCHESTRATOR:
            if term.match(Labels({_ORCHESTRATOR: "k8s"})) is Match.NO:
                return None
        elif term.key in (NAMESPACE, "pcns.projectcalico.org/name"):
            if term.operator == "DoesNotExist":
                return None
            if term.operator != "Exists":
                spaces.append(replace(term, key=NAMESPACE_NAME))
        elif term.key.startswith("pcns."):
            spaces.append(replace(term, key=term.key.removeprefix("pcns.")))
        elif term.key == ACCOUNT:
            pods.append(replace(term, key=SERVICE_ACCOUNT))
        elif term.key.startswith(("pcsa.", _OWN)):
            doubt = doubt or unmodelled(f"the label `{term.key}`")
        else:
            pods.append(term)
    return _peer(Selector(tuple(sorted(pods)), doubt), sorted(spaces), line)


def _peer(pods: Selector, spaces: list[Requirement], line: Origin | None) -> Peer:
    """By name where one namespace alone is meant, which needs no labels of namespaces."""
    if len(spaces) == 1 and spaces[0].key == NAMESPACE_NAME and spaces[0].operator == "In":
        names = spaces[0].values
        if len(names) == 1:
            return Peer(PeerKind.PODS, names[0], pods=pods, origin=line)
    return Peer(PeerKind.PODS, "", Selector(tuple(spaces)), pods, origin=line)


class Entity(Struct, frozen=True):
    """A `source` or `destination`: `namespace` is the policy's own, "" for a global one."""

    value: Mapping[str, Value]
    namespace: str
    objects: Objects
    line: Origin | None

    def strange(self) -> Doubt | None:
        """The doubt of fields that are not understood."""
        names = sorted(key for key, one in self.value.items() if key not in _FIELDS and one is not None)
        return unmodelled(*names) if names else None

    def bare(self, *fields: str) -> bool:
        """True where it says nothing, but for `fields`."""
        return not any(one != "" and items_of(one) and key not in fields for key, one in self.value.items())

    def peers(self) -> Iterator[Peer]:
        """Whom it means."""
        if self.value.get("services") is not None:
            yield from self._behind(self.value["services"])
            return
        try:
            chosen = self._chosen()
        except BadSelector as error:
            yield Peer(PeerKind.UNKNOWN, doubt=unmodelled(str(error)), origin=self.line)
            return
        nets, holes = items_of(self.value.get("nets")), items_of(self.value.get("notNets"))
        beside = unmodelled("networks beside a selector in one rule") if nets or holes else None
        without = self.value.get("notSelector")
        if chosen is not None or without:
            found = self._endpoints(chosen) if chosen is not None else self._all_but(selector_text(without))
            yield from (replace(peer, doubt=peer.doubt or beside) for peer in found)
        elif nets or holes:
            for number, one in enumerate(nets or _WHOLE):
                yield self._net(one, tuple(holes), mark(self.value, "nets", number))
        else:
            yield replace(ANYONE, origin=self.line)

    def _chosen(self) -> Alternatives | None:
        """The endpoints that are selected; None where no selector restricts it to endpoints."""
        text = selector_text(self.value.get("selector"))
        spaces = selector_text(self.value.get("namespaceSelector"))
        without = selector_text(self.value.get("notSelector"))
        accounts = self._accounts()
        found = both(alternatives_of(text), accounts or EVERYTHING)
        if spaces:
            found = both(found, on_namespaces(alternatives_of(spaces)))
        elif self.namespace and (text or accounts or without):
            found = both(found, (frozenset({Requirement(NAMESPACE, "In", (self.namespace,))}),))
        elif not text and not accounts:
            return None
        return both(found, alternatives_of(without, negated=True)) if without else found

    def _accounts(self) -> Alternatives | None:
        value = self.value.get("serviceAccounts")
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise BadSelector("service accounts that are not known")
        names = items_of(value.get("names"))
        terms: set[Requirement] = set()
        if names:
            known = sorted({one for one in names if isinstance(one, str)})
            if len(known) < len(names):
                raise BadSelector("service accounts that are not known")
            terms.add(Requirement(ACCOUNT, "In", tuple(known)))
        if selector_text(value.get("selector")):
            terms.add(Requirement("pcsa.*", "Exists"))
        return (frozenset(terms),) if terms else None

    def _endpoints(self, chosen: Alternatives) -> Iterator[Peer]:
        for terms in chosen:
            peer = pods_of(terms, self.line)
            if peer is not None:
                yield peer
            found = False
            for one in self.objects.all("NetworkSet", "GlobalNetworkSet"):
                fits = _fits(one, terms)
                found = found or fits is not Match.NO
                unsure = unmodelled(f"whether {one.address} is selected") if fits is Match.MAYBE else None
                for net in items_of(dig(one.attrs, "spec", "nets")) if fits is not Match.NO else ():
                    yield replace(self._net(net, (), None), doubt=unsure)
            if peer is None and not found and len(terms) > 1 and Requirement(NAMESPACE, "DoesNotExist") in terms:
                # `global()` with labels: networks are meant, of a set that the inputs do not show.
                absent = Doubt("selector-target-not-in-input", ("the GlobalNetworkSets that it selects",))
                yield Peer(PeerKind.BLOCK, text="*", addressed=True, doubt=absent, origin=self.line)

    def _all_but(self, without: str) -> Iterator[Peer]:
        """Everyone but the endpoints that `notSelector` selects: what is outside the cluster as well."""
        try:
            chosen, out = alternatives_of(without, negated=True), alternatives_of(without)
        except BadSelector as error:
            yield Peer(PeerKind.UNKNOWN, doubt=unmodelled(str(error)), origin=self.line)
            return
        for terms in chosen:
            peer = pods_of(terms, self.line)
            if peer is not None:
                yield peer
        sets = self.objects.all("NetworkSet", "GlobalNetworkSet")
        named = any(_fits(one, terms) is not Match.NO for one in sets for terms in out)
        unsure = unmodelled("`notSelector` over sets of networks") if named else None
        for text in _WHOLE:
            block = parse_cidr(text)
            yield Peer(PeerKind.BLOCK, block=block, text=text, outside=True, doubt=unsure, origin=self.line)

    def _net(self, value: Value, holes: tuple[Value, ...], where: Origin | None) -> Peer:
        """A range of addresses, which Calico holds against every packet, whoever sends it."""
        block = parse_cidr(value) if isinstance(value, str) else None
        out = [parse_cidr(one) if isinstance(one, str) else None for one in holes]
        excluded = tuple(one for one in out if one is not None)
        doubt = doubt_of(value) if block is None else None
        if len(excluded) < len(out):
            doubt = doubt or doubt_of(holes)
        return Peer(
            PeerKind.BLOCK,
            block=block,
            excluded=excluded,
            text=value if isinstance(value, str) else "*",
            internal=True,
            addressed=True,
            doubt=doubt,
            origin=where or self.line,
        )

    def _behind(self, value: Value) -> Iterator[Peer]:
        """The endpoints of a Service: its pods on its ports, perhaps."""
        unsure = unmodelled("`services`, which means the ports of the Service as well")
        name, space = dig(value, "name"), dig(value, "namespace") or self.namespace
        if isinstance(name, str) and isinstance(space, str) and self.bare("services"):
            found = self.objects.named("Service", name, space)
            selector = dig(found.attrs, "spec", "selector") if found is not None else None
            if isinstance(selector, Mapping) and selector:
                pods = selector_of_labels(selector)
                yield Peer(PeerKind.PODS, space, pods=pods, doubt=unsure, origin=self.line)
                return
        yield Peer(PeerKind.UNKNOWN, doubt=unsure, origin=self.line)


def _fits(networks: Resource, terms: Terms) -> Match:
    """Whether a NetworkSet or GlobalNetworkSet meets all terms; it bears the labels of its namespace as well."""
    own = labels_of(dig(networks.attrs, "metadata", "labels"))
    known = dict(own.known)
    if networks.namespace:
        known |= {NAMESPACE: networks.namespace, "pcns.projectcalico.org/name": networks.namespace}
    labels = Labels(known, own.unknown, own.complete, own.doubt)
    best = Match.YES if networks.possible is None else Match.MAYBE
    for term in terms:
        inherited = networks.namespace and term.key.startswith("pcns.") and term.key not in known
        best = min(best, Match.MAYBE if inherited else term.match(labels))
    return best
