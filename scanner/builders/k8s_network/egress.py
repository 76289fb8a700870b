"""What the pods of a model can call outside the cluster: an Egress fact for each model server."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.view import Target, View, host_line, own_line
from scanner.builders.k8s_policy.model import Action, Direction, Peer
from scanner.builders.k8s_policy.ports import PortSet, ports, union, without
from scanner.builders.k8s_policy.side import Asked, Side
from scanner.builders.ranges import PRIVATE, AddressRange, Interval, difference
from scanner.graph.facts_access import Egress
from scanner.graph.model import Role
from scanner.origin import Origin
from scanner.unknown import Unknown

NAMES: PortSet = union(ports("TCP", 53, 53), ports("UDP", 53, 53))
"""Name look-ups: every pod needs them, and they are commonly admitted to any address."""
NO_ROUTE = ((0, (1 << 24) - 1), (127 << 24, (128 << 24) - 1), (224 << 24, (1 << 32) - 1))
"""IPv4 that names no host on the internet: this network, loopback, multicast and reserved (RFC 6890)."""
GLOBAL_6 = (0x2000 << 112, (0x4000 << 112) - 1)
"""IPv6 global unicast, 2000::/3 (RFC 4291)."""
WIDE = {4: 1 << 24, 6: 1 << 96}
"""From how many addresses on a range is no declared destination any more: a /8, and as much of IPv6 as one provider."""


def build_egress(view: View) -> None:
    """An Egress fact on every model server of the unit; classifiers serve a model as well, and are of the stack."""
    for target in view.targets:
        roles = [view.world.nodes[one].roles for one in target.nodes]
        if not any(Role.MODEL in one for one in roles) or any(Role.CLASSIFIER in one for one in roles):
            continue
        node = next(one for one in target.nodes if Role.MODEL in view.world.nodes[one].roles)
        for fact in dict.fromkeys(_egress(view, target, pod) for pod in target.pods):
            view.world.add_fact(node, fact)


def _egress(view: View, target: Target, pod: int) -> Egress:
    line = own_line(target.workload.resource)
    host = view.cluster.pods[pod].host
    if host is not False:
        because = "its pods use the network of their node, where no NetworkPolicy holds"
        doubt = Doubt("value-unknown", (f"the hostNetwork of {target.name}",))
        return _fact(False if host else _unknown("whether " + because + " is not known", doubt), because, line, target)
    side = view.side(pod, Direction.EGRESS)
    if side.free:
        because = "no policy speaks of the egress of its pods: all of it is open, which is the default"
        return _fact(False, because, line)
    opened = list(_opened(view, pod, side))
    sure = [one for one, certain in opened if certain]
    for block in sorted(sure, key=lambda one: one.first - one.last)[:1]:
        return _admitted(view, side, block, _wide(sure), line)
    if opened:
        return _maybe(side, line)
    return _closed(view, pod, side, line)


def _admitted(view: View, side: Side, block: AddressRange, wide: bool, line: Origin) -> Egress:
    asked, peer = _who(view, side, block)
    origin = line if asked is None else (None if peer is None else peer.origin) or asked.rule.origin or line
    where = "any address" if peer is None or not peer.text else f"`{peer.text}`"
    says = "what no policy denies is open" if asked is None else f"{asked.policy} admits it to {where}"
    if wide:
        return _fact(False, says, origin)
    because = f"{says}, and whether that is its store or its log is not known"
    return _fact(_unknown(because, Doubt("value-unknown", (f"what stands at {where}",))), because, origin)


def _maybe(side: Side, line: Origin) -> Egress:
    doubt = next(iter(side.doubts()), None) or Doubt("value-unknown", tuple(side.names()))
    because = (
        f"what the policies on its pods ({', '.join(f'`{one}`' for one in side.names()[:3])}) let out is not known"
    )
    return _fact(_unknown(because, doubt), because, line)


def _closed(view: View, pod: int, side: Side, line: Origin) -> Egress:
    names = f"the policies on its pods ({', '.join(f'`{one}`' for one in side.names()[:3])})"
    if not view.enforced.policies:
        because = f"{names} close its egress, {view.unenforced}"
        return _fact(_unknown(because, view.no_enforcer), because, line)
    return _fact(True, f"{names} admit no address outside the network", line)


def _opened(view: View, pod: int, side: Side) -> Iterator[tuple[AddressRange, bool]]:
    """The ranges of the internet that the policies admit on any port beside the name server's, and whether surely."""
    for block in _ranges(side):
        span = view.admits(pod, Direction.EGRESS, block)
        if without(span.maybe, NAMES):
            yield block, bool(without(span.sure, NAMES))


def _ranges(side: Side) -> Iterator[AddressRange]:
    """The addresses that the internet routes, cut wherever a rule of the side cuts them."""
    blocks = [block for asked in side.asked() for peer, _ in asked.peers for block in _blocks(peer)]
    private = [(one.first, one.last) for one in PRIVATE if one.version == 4]
    routed = {4: difference([(0, (1 << 32) - 1)], [*private, *NO_ROUTE]), 6: [GLOBAL_6]}
    for version, spans in routed.items():
        cuts = sorted({edge for one in blocks if one.version == version for edge in (one.first, one.last + 1)})
        for span in spans:
            yield from (AddressRange(version, *piece) for piece in _pieces(span, cuts))


def _pieces(span: Interval, cuts: list[int]) -> Iterator[Interval]:
    start = span[0]
    for cut in (*(one for one in cuts if span[0] < one <= span[1]), span[1] + 1):
        yield start, cut - 1
        start = cut


def _blocks(peer: Peer) -> tuple[AddressRange, ...]:
    return (*(() if peer.block is None else (peer.block,)), *peer.excluded)


def _wide(blocks: list[AddressRange]) -> bool:
    """Whether the ranges of one IP version are too many addresses together for a destination that somebody chose."""
    sizes = {version: sum(one.last - one.first + 1 for one in blocks if one.version == version) for version in WIDE}
    return any(size >= WIDE[version] for version, size in sizes.items())


def _who(view: View, side: Side, block: AddressRange) -> tuple[Asked | None, Peer | None]:
    """The first rule that surely admits a range, and the peer that names it."""
    for asked in side.asked():
        if asked.rule.action is Action.ALLOW and without(view.full.hit(asked, side, block).sure, NAMES):
            peers = (peer for peer, selected in asked.peers if view.full.match(peer, selected, block).name == "YES")
            return asked, next(peers, None)
    return None, None


def _unknown(cause: str, doubt: Doubt) -> Unknown:
    return Unknown(cause, doubt.reason, doubt.decided_by)


def _fact(closed: bool | Unknown, because: str, origin: Origin, target: Target | None = None) -> Egress:
    line = host_line(target) if target is not None else None
    return Egress(origin=line or origin, because=because, closed=closed)
