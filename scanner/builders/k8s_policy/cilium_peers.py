"""Whom a rule of Cilium names: endpoints by label, entities, address ranges, Services.

Facts: docs.cilium.io "Layer 3 Policies" and "Using Kubernetes Constructs In Policy"; cilium/cilium
`pkg/k8s/apis/cilium.io/utils/utils.go` (implied namespace), `pkg/labelsfilter/filter.go` (labels of no identity).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy.labels import (
    NAMESPACE_NAME,
    SERVICE_ACCOUNT,
    Match,
    Requirement,
    Selector,
    doubt_of,
    labels_of,
    selector_of,
    selector_of_labels,
)
from scanner.builders.k8s_policy.model import ANYONE, UNMODELLED, Peer, PeerKind
from scanner.builders.k8s_policy.objects import Objects
from scanner.builders.ranges import AddressRange, parse_cidr
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import dig, items_of
from scanner.unknown import Value

_SPACE = "io.kubernetes.pod.namespace"
_SPACE_LABELS = "io.cilium.k8s.namespace.labels."
_ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
_NO_IDENTITY = lazy(
    r"io\.kubernetes|kubernetes\.io|k8s\.io|.*beta\.kubernetes\.io|annotation|etcd_node|io\.cilium\.k8s\.policy"
    r"|statefulset\.kubernetes\.io/pod-name|apps\.kubernetes\.io/pod-index|batch\.kubernetes\.io/job-completion-index"
    r"|pod-template-generation|pod-template-hash|controller-revision-hash"
)
"""Labels that are no part of an endpoint's identity unless Cilium is told so: what selects by them is not known."""
_NODE_ENTITIES = frozenset({"host", "remote-node", "kube-apiserver", "health", "ingress"})
"""Never a pod of the cluster's own network; the API server may also be outside."""
_WHOLE = tuple(one for one in (parse_cidr("0.0.0.0/0"), parse_cidr("::/0")) if one is not None)


def unmodelled(*names: str) -> Doubt:
    """The doubt that something not understood casts."""
    return Doubt(UNMODELLED, names)


class Endpoints(Struct, frozen=True):
    """A selector of endpoints taken apart: labels of pods, labels of namespaces, reserved labels.

    placed: it speaks of the namespace itself, so that none is implied. vague: which labels it speaks of is not known.
    """

    pods: Selector
    spaces: Selector
    reserved: tuple[str, ...]
    placed: bool
    vague: Doubt | None = None

    @property
    def negative(self) -> bool:
        """True where no term asks for a label to be there: what is no pod may then match as well."""
        return not any(term.positive for term in (*self.pods.terms, *self.spaces.terms))


def endpoints_of(value: Value) -> Endpoints:
    """The parts of an `endpointSelector`, or of an item of `fromEndpoints` or `toEndpoints`."""
    written = selector_of(value)
    pods: list[Requirement] = []
    spaces: list[Requirement] = []
    reserved: list[str] = []
    doubt = written.doubt
    keys = list(_keys(value))
    placed = any(_bare(key).startswith((_SPACE, _SPACE_LABELS)) for key in keys if key is not None)
    for term in written.terms:
        source, colon, rest = term.key.partition(":")
        key = rest if colon else term.key
        if source == "reserved" and colon and term.positive:
            reserved.append(key)
        elif colon and source not in ("k8s", "any"):
            doubt = doubt or unmodelled(f"the label `{term.key}`")
        elif key == _SPACE or key.startswith(_SPACE_LABELS):
            inside = NAMESPACE_NAME if key == _SPACE else key.removeprefix(_SPACE_LABELS)
            spaces.append(replace(term, key=inside))
        elif key == _ACCOUNT:
            pods.append(replace(term, key=SERVICE_ACCOUNT))
        elif _NO_IDENTITY.match(key):
            doubt = doubt or unmodelled(f"the label `{key}`, which is no part of an identity unless configured")
        else:
            pods.append(replace(term, key=key))
    every = Selector(tuple(sorted(pods)), doubt), Selector(tuple(sorted(spaces)))
    return Endpoints(*every, tuple(reserved), placed, doubt_of(value) if None in keys else None)


def _keys(value: Value) -> Iterator[str | None]:
    """The labels that a selector speaks of, None for one that is not known."""
    labels, expressions = dig(value, "matchLabels"), dig(value, "matchExpressions")
    odd = value.keys() - {"matchLabels", "matchExpressions"} if isinstance(value, Mapping) else value is not None
    if odd or not isinstance(labels, Mapping | None):
        yield None
    yield from labels if isinstance(labels, Mapping) else ()
    for one in items_of(expressions):
        key = dig(one, "key")
        yield key if isinstance(key, str) else None


def _bare(key: str) -> str:
    return key.removeprefix("k8s:").removeprefix("any:")


def endpoint_peers(value: Value, namespace: str, line: Origin | None) -> Iterator[Peer]:
    """Whom an item of `fromEndpoints` or `toEndpoints` means; `namespace` is "" for a clusterwide policy.

    Without a word of the namespace a policy of a namespace means its own, and a clusterwide one the pods of all.
    """
    found = endpoints_of(value)
    if found.vague is not None:
        yield Peer(PeerKind.UNKNOWN, doubt=found.vague, origin=line)
        return
    if found.reserved:
        for name in found.reserved:
            yield from entity_peers(name, line)
        return
    if not found.placed and namespace:
        yield Peer(PeerKind.PODS, namespace, pods=found.pods, origin=line)
        return
    yield Peer(PeerKind.PODS, "", found.spaces, found.pods, origin=line)
    if found.placed and found.negative:
        beside = unmodelled("a selector without a label that must be there, which may match more than pods")
        yield Peer(PeerKind.NODES, origin=line)
        yield Peer(PeerKind.BLOCK, text="addresses-outside", outside=True, doubt=beside, origin=line)


def subject_of(value: Value, namespace: str, line: Origin | None) -> Peer:
    """The pods that an `endpointSelector` selects: of the policy's namespace, whatever it says of namespaces."""
    found = endpoints_of(value)
    strange = unmodelled(f"the reserved label `{found.reserved[0]}`") if found.reserved else None
    if not namespace:
        return Peer(PeerKind.PODS, "", found.spaces, found.pods, doubt=strange, origin=line)
    own = Requirement(NAMESPACE_NAME, "In", (namespace,))
    if not set(found.spaces.terms) - {own}:
        return Peer(PeerKind.PODS, namespace, pods=found.pods, doubt=strange, origin=line)
    elsewhere = unmodelled("an `endpointSelector` that speaks of namespaces in a policy of one")
    return Peer(PeerKind.PODS, namespace, pods=found.pods, doubt=strange or elsewhere, origin=line)


def entity_peers(name: Value, line: Origin | None) -> Iterator[Peer]:
    """Whom an entity means; nobody for `none`."""
    if name == "all":
        yield replace(ANYONE, origin=line)
    elif name == "world":
        for block in _WHOLE:
            yield _outside(block, "::/0" if block.version == 6 else "0.0.0.0/0", line)
    elif name in ("world-ipv4", "world-ipv6"):
        block = _WHOLE[1 if name == "world-ipv6" else 0]
        yield _outside(block, "::/0" if block.version == 6 else "0.0.0.0/0", line)
    elif name == "cluster":
        yield Peer(PeerKind.PODS, origin=line)
        yield Peer(PeerKind.NODES, text="cluster", origin=line)
    elif isinstance(name, str) and name in _NODE_ENTITIES:
        yield Peer(PeerKind.NODES, text=name, origin=line)
    elif name != "none":
        doubt = unmodelled(f"the entity `{name}`") if isinstance(name, str) else doubt_of(name)
        yield Peer(PeerKind.UNKNOWN, doubt=doubt, origin=line)


def _outside(block: AddressRange, text: str, line: Origin | None) -> Peer:
    return Peer(PeerKind.BLOCK, block=block, text=text, outside=True, origin=line)


def cidr_peer(value: Value, line: Origin | None) -> Peer:
    """A range of addresses: Cilium holds it against what has no identity, which pods have."""
    block = parse_cidr(value) if isinstance(value, str) else None
    if block is not None and isinstance(value, str):
        return _outside(block, value, line)
    return Peer(PeerKind.BLOCK, text="*", outside=True, doubt=doubt_of(value), origin=line)


def cidr_set_peers(value: Value, objects: Objects, line: Origin | None) -> Iterator[Peer]:
    """An item of `fromCIDRSet` or `toCIDRSet`: a range, or a CiliumCIDRGroup by name or label, less its exceptions."""
    holes = [parse_cidr(one) if isinstance(one, str) else None for one in items_of(dig(value, "except"))]
    excluded = tuple(one for one in holes if one is not None)
    vague = doubt_of(value) if len(excluded) < len(holes) else None
    for peer in _groups(value, objects, line) if dig(value, "cidr") is None else (cidr_peer(dig(value, "cidr"), line),):
        yield replace(peer, excluded=excluded, doubt=peer.doubt or vague)


def _groups(value: Value, objects: Objects, line: Origin | None) -> Iterator[Peer]:
    name, selector = dig(value, "cidrGroupRef"), dig(value, "cidrGroupSelector")
    if isinstance(name, str):
        group = objects.named("CiliumCIDRGroup", name)
        if group is None:
            missing = Doubt("selector-target-not-in-input", (f"CiliumCIDRGroup/{name}",))
            yield Peer(PeerKind.BLOCK, text="*", outside=True, doubt=missing, origin=line)
        for one in items_of(dig(group.attrs, "spec", "externalCIDRs")) if group else ():
            yield cidr_peer(one, line)
        return
    wanted = selector_of(selector)
    if not isinstance(selector, Mapping):
        yield Peer(PeerKind.BLOCK, text="*", outside=True, doubt=doubt_of(value), origin=line)
        return
    for group in objects.all("CiliumCIDRGroup"):
        fits = wanted.match(labels_of(dig(group.attrs, "metadata", "labels")))
        unsure = unmodelled("`cidrGroupSelector`") if fits is Match.MAYBE or group.possible else None
        for one in items_of(dig(group.attrs, "spec", "externalCIDRs")) if fits is not Match.NO else ():
            yield replace(cidr_peer(one, line), doubt=unsure)


def service_peers(value: Value, objects: Objects, line: Origin | None) -> Iterator[Peer]:
    """An item of `toServices`: perhaps the pods behind the Service, since older releases mean other Services only."""
    older = unmodelled("`toServices`, which older releases hold for Services without a selector alone")
    named = dig(value, "k8sService")
    service = dig(named, "serviceName"), dig(named, "namespace")
    if isinstance(service[0], str) and isinstance(service[1], str):
        found = objects.named("Service", service[0], service[1])
        selector = dig(found.attrs, "spec", "selector") if found is not None else None
        if isinstance(selector, Mapping) and selector:
            pods = selector_of_labels(selector)
            yield Peer(PeerKind.PODS, service[1], pods=pods, doubt=older, origin=line)
            yield Peer(PeerKind.BLOCK, text="*", outside=True, doubt=older, origin=line)
            return
    yield Peer(PeerKind.UNKNOWN, doubt=older, origin=line)
