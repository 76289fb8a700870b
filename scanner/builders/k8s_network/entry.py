"""Whether a target lets in what comes from outside the cluster, as far as its policies can tell who comes."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from scanner.builders.edges import Doubt, Truth, connect, first_doubt
from scanner.builders.k8s_network.services import Door
from scanner.builders.k8s_network.view import View
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.k8s_policy.model import Action, Direction, PeerKind
from scanner.builders.k8s_policy.ports import common, traffic_of
from scanner.builders.ranges import AddressRange
from scanner.graph.model import Node
from scanner.origin import Origin

EVERYWHERE = AddressRange(4, 0, (1 << 32) - 1)
INTERNET = "internet"
CLOUD_NETWORK = "vpc"
"""The cloud network of the cluster: what an internal load balancer answers."""
SNAT = "client-ip-preservation-unknown"
CONTROLLER = "ingress-controller-unknown"


class Caller(Struct, frozen=True):
    """A node that calls a Service from outside, with the reason and the line of the exposure."""

    node: Node
    because: str
    origin: Origin | None
    doubt: Doubt | None = None


def admitted(view: View, door: Door) -> Truth:
    """Whether the policies of a target let everyone in at a door."""
    side = view.side(door.pod, Direction.INGRESS)
    if side.free:
        return True
    if view.cluster.pods[door.pod].host is not False:
        return Doubt("host-network", ("whether policies hold for node addresses",))
    span = view.admits(door.pod, Direction.INGRESS, EVERYWHERE)
    if common(span.sure, door.ports):
        return True
    if not view.enforced.policies:
        return view.no_enforcer
    beyond = view.beyond(door.pod)
    if beyond is not None:
        return beyond
    if not common(span.maybe, door.ports):
        return False
    return _unclear(view, door) or False


def _unclear(view: View, door: Door) -> Doubt | None:
    """Why a target may let everyone in although no rule surely does; address ranges that are known are no reason."""
    side = view.side(door.pod, Direction.INGRESS)
    doubts = list(side.doubts())
    if side.isolated is not Match.YES:
        return doubts[0] if doubts else Doubt("value-unknown", (f"the policies of {door.target.name}",))
    for asked in side.asked():
        if not common(view.full.ports(asked.rule, side, door.pod).maybe, door.ports):
            continue
        for peer, _ in asked.peers:
            if peer.kind is PeerKind.UNKNOWN or (peer.kind is PeerKind.BLOCK and peer.block is None):
                return peer.doubt or Doubt("value-unknown", (f"a peer of {asked.policy.address}",))
            if peer.kind is PeerKind.ANYONE:
                return doubts[0] if doubts else Doubt("value-unknown", (f"a rule of {asked.policy.address}",))
    return None


def enter(view: View, caller: Caller, door: Door, hidden: Doubt | None) -> None:
    """The edge from a caller to a relay. `hidden` is set where the target may see another source than the caller."""
    verdict = admitted(view, door)
    if verdict is False:
        if hidden is None:
            return
        verdict = hidden
    doubt = first_doubt(caller.doubt, verdict if isinstance(verdict, Doubt) else None, door.doubt)
    _join(view, caller.node.id, caller, door, doubt)


def enter_by_controller(
    view: View,
    source: str,
    door: Door,
    because: str,
    line: Origin | None,
    doubt: Doubt | None,
    via: tuple[int, ...] = (),
) -> None:
    """The edge from a route to a relay: the controller's pods are the caller that the policies of a target see.

    via: the pods of the controller, as far as the inputs show any; there may be others, so nobody is kept out by them.
    """
    verdict = admitted(view, door)
    unsure = verdict if isinstance(verdict, Doubt) else None
    if verdict is not True and any(_lets(view, door, pod) for pod in via):
        unsure = None
    elif shut(view, door.pod):
        return
    elif verdict is False:
        unsure = Doubt(CONTROLLER, ("the pods that serve the route",))
    traffic, every = traffic_of(door.ports), first_doubt(doubt, unsure, door.doubt)
    connect(view.world, source, door.node, because, line, traffic=traffic, doubt=every, cut=True)


def shut(view: View, pod: int) -> bool:
    """Whether policies that are surely enforced let nobody into a pod, whoever comes: they have no rule at all."""
    side = view.side(pod, Direction.INGRESS)
    if view.cluster.pods[pod].host is not False or side.isolated is not Match.YES or side.admin:
        return False
    if not view.enforced.policies:
        return False
    return not any(True for _ in side.asked()) and not any(True for _ in side.doubts())


def _lets(view: View, door: Door, pod: int) -> bool:
    """Whether the policies of both sides surely let one pod in at a door."""
    if not view.enforced.policies or view.cluster.pods[pod].host is not False:
        return False
    into = view.admits(door.pod, Direction.INGRESS, pod).sure
    out = view.admits(pod, Direction.EGRESS, door.pod).sure
    return bool(common(common(into, out), door.ports))


def enter_blocks(view: View, caller: Caller, door: Door, hidden: Doubt | None) -> None:
    """The address ranges that the target's policies admit, where the exposure leads to it."""
    if admitted(view, door) is True:
        return
    for text, line, because in _blocks(view, door):
        node = view.world.external(text, "AddressRange")
        one = Caller(node, because, line, caller.doubt)
        _join(view, node.id, one, door, first_doubt(caller.doubt, hidden, door.doubt))


def _blocks(view: View, door: Door) -> Iterator[tuple[str, Origin | None, str]]:
    side = view.side(door.pod, Direction.INGRESS)
    for asked in side.asked():
        span = view.full.ports(asked.rule, side, door.pod)
        if asked.rule.action is not Action.ALLOW or not common(span.maybe, door.ports):
            continue
        for peer, _ in asked.peers:
            if peer.kind is not PeerKind.BLOCK or peer.block is None:
                continue
            if side.only_networkpolicies or common(
                view.admits(door.pod, Direction.INGRESS, peer.block).maybe, door.ports
            ):
                yield peer.text, peer.origin, f"{asked.policy} admits `{peer.text}`"


def _join(view: View, source: str, caller: Caller, door: Door, doubt: Doubt | None) -> None:
    traffic = traffic_of(door.ports)
    connect(view.world, source, door.node, caller.because, caller.origin, traffic=traffic, doubt=doubt, cut=True)
