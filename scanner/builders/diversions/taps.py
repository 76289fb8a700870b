"""Taps of network plug-ins: what they copy of the traffic of some pods, or lead through something else.

Sources: antrea.io "Traffic Control With Antrea" (`appliedTo` selects pods of all namespaces where it selects none of
them; Mirror copies, Redirect leads through a port); docs.tigera.io "Packet capture" (files on the nodes).
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.k8s_network.view import View, own_line
from scanner.builders.k8s_policy.calico_peers import pods_of
from scanner.builders.k8s_policy.calico_selector import NAMESPACE, BadSelector, alternatives_of, both
from scanner.builders.k8s_policy.labels import Requirement, selector_of
from scanner.builders.k8s_policy.model import Peer, PeerKind
from scanner.builders.stack_ways.way import leg
from scanner.graph.facts_ways import Diverted
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown, Value

ANTREA, CALICO = "crd.antrea.io", ("projectcalico.org", "crd.projectcalico.org")


def taps(view: View) -> Iterator[tuple[str, Diverted]]:
    """A fact for each tap and each target whose pods it may select."""
    for one in view.of("TrafficControl", "PacketCapture"):
        if one.kind == "TrafficControl" and one.group == ANTREA:
            action = dig(one.attrs, "spec", "action")
            what = "leads the traffic of its pods through another port" if action == "Redirect" else None
            peers = _applied(dig(one.attrs, "spec", "appliedTo"))
            yield from _told(view, one, peers, what or "copies the traffic of its pods to another port", "targetPort")
        elif one.kind == "PacketCapture" and one.group in CALICO:
            said = "writes the packets of its pods to files"
            yield from _told(view, one, _selected(one), said, "selector")


def _applied(value: Value) -> list[Peer]:
    if isinstance(value, Unknown):
        return [Peer(PeerKind.PODS)]
    pods, spaces = dig(value, "podSelector"), dig(value, "namespaceSelector")
    if pods is None and spaces is None:
        return []
    return [Peer(PeerKind.PODS, namespaces=selector_of(spaces or {}), pods=selector_of(pods or {}))]


def _selected(one: Resource) -> list[Peer]:
    text = dig(one.attrs, "spec", "selector")
    try:
        own = (frozenset({Requirement(NAMESPACE, "In", (one.namespace,))}),)
        found = both(alternatives_of(text if isinstance(text, str) else ""), own)
    except BadSelector:
        return [Peer(PeerKind.PODS, one.namespace)]
    return [peer for terms in found if (peer := pods_of(terms, None)) is not None]


def _told(view: View, one: Resource, peers: list[Peer], said: str, where: str) -> Iterator[tuple[str, Diverted]]:
    pods = {pod for peer in peers for pod in view.cluster.select(peer).maybe}
    step = leg(one, mark(one.attrs, "spec", where) or own_line(one), f"it {said}")
    cause = f"`{one.address}` {said}, and where they go is not known"
    away = Unknown(cause, code="kind-unmodelled", decided_by=(one.address,))
    for target in view.targets:
        if pods.intersection(target.pods):
            because = f"it {said}"
            yield (
                target.nodes[0],
                Diverted(origin=step.origin, because=because, by=one.address, away=away, legs=(step,)),
            )
