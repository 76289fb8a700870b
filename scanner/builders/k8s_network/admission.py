"""Who is let in at a target: one admission for each peer of each rule, for everyone where nothing closes."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.edges import Doubt, first_doubt
from scanner.builders.k8s_network.view import Target, View, host_line, own_line
from scanner.builders.k8s_policy.cluster import Selected
from scanner.builders.k8s_policy.eval import may_hold_pods
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.k8s_policy.model import UNMODELLED, Action, Direction, Peer, PeerKind, Policy
from scanner.builders.k8s_policy.ports import ALL, PortSet, Span, without
from scanner.builders.k8s_policy.side import Asked, Side
from scanner.origin import Origin

PRIVATE_PODS = "pods have addresses that the internet does not route (RFC 1918, RFC 6598 and the reserved ranges)"
"""Printed where a policy names a block of other addresses, which is then taken to hold no pod."""
MANAGED_PODS = "Cilium manages every pod of the cluster, and holds address ranges against none of them"
"""Printed where a policy of Cilium names an address range, which is then taken to mean no pod."""


class Admission(Struct, frozen=True):
    """Some traffic that a target lets in.

    who: "any" pod, the "set" of a `peer`, the addresses of a "block", or only the pods `selected`, one by one.
    """

    who: str
    traffic: PortSet
    because: str
    origin: Origin | None
    doubt: Doubt | None = None
    peer: Peer | None = None
    selected: Selected | None = None

    @property
    def everyone(self) -> bool:
        """Whether every pod of the cluster is let in."""
        if self.who != "set" or self.peer is None:
            return self.who == "any"
        return not self.peer.namespace and self.peer.namespaces.everything and self.peer.pods.everything

    def doubted(self, doubt: Doubt | None) -> Admission:
        """The same, less sure."""
        return self if doubt is None else replace(self, doubt=first_doubt(self.doubt, doubt))


def admissions(view: View, target: Target, pod: int) -> Iterator[Admission]:
    """Everything that one pod of a target lets in."""
    side = view.side(pod, Direction.INGRESS)
    line = own_line(target.workload.resource)
    if side.free:
        because = f"no NetworkPolicy selects `{target.name}`: all ingress is open, which is the default"
        yield Admission("any", ALL, because, line)
        return
    if view.cluster.pods[pod].host is not False:
        because = f"`{target.name}` uses the network of its node, where policies need not hold"
        yield Admission(
            "any", ALL, because, host_line(target) or line, Doubt("host-network", (f"{target.name}: hostNetwork",))
        )
        return
    beyond = view.beyond(pod)
    if beyond is not None:
        because = f"policies select `{target.name}`, which runs or is reached where they need not be enforced"
        yield Admission("any", ALL, because, line, beyond)
    if not view.enforced.policies:
        because = f"policies select `{target.name}`, {view.unenforced}"
        yield Admission("any", ALL, because, side_line(side) or line, view.no_enforcer)
    yield from _of_rules(view, side) if side.only_networkpolicies else _one_by_one(view, target, pod, side)


def side_line(side: Side) -> Origin | None:
    """The line of a policy that closes something on this side."""
    return next((policy.subject.origin or policy.origin for policy, _, _ in side.policies), None)


def _of_rules(view: View, side: Side) -> Iterator[Admission]:
    """NetworkPolicies only: what any rule admits is admitted."""
    if side.isolated is Match.NO:
        yield Admission("any", ALL, "no policy that selects it denies by default: ingress is open", side_line(side))
    elif side.isolated is Match.MAYBE:
        doubt = next(iter(side.doubts()), Doubt("value-unknown", ("the policy's selector",)))
        yield Admission("any", ALL, "a policy selects it only perhaps: ingress may be open", side_line(side), doubt)
    for policy, sure, rules in side.policies:
        # Whether the only policy is there or not, what it admits is open; unless it is not read to the end.
        alone = len(side.policies) == 1 and (policy.doubt is None or policy.doubt.reason != UNMODELLED)
        unsure = None if sure or alone else next(iter(side.doubts()), None)
        for asked in rules:
            span = view.full.ports(asked.rule, side, side.pod)
            for peer, selected in asked.peers:
                if peer.outside:
                    view.world.assumptions[MANAGED_PODS] = None
                elif peer.block is not None and not may_hold_pods(peer.block):
                    view.world.assumptions[PRIVATE_PODS] = None
                yield from _of_peer(policy, asked, peer, selected, span, unsure)


def _of_peer(
    policy: Policy, asked: Asked, peer: Peer, selected: Selected, span: Span, unsure: Doubt | None
) -> Iterator[Admission]:
    line = peer.origin or asked.rule.origin
    doubt = unsure or asked.rule.doubt
    ports_doubt = Doubt("value-unknown", (f"the ports of {policy.address}",))
    for some, why in ((span.sure, doubt), (without(span.maybe, span.sure), doubt or ports_doubt)):
        if not some:
            continue
        if peer.kind is PeerKind.ANYONE:
            yield Admission("any", some, f"{policy} admits anyone", line, why)
        elif peer.kind is PeerKind.PODS:
            because = f"{policy} admits {described(peer)}"
            yield Admission("set", some, because, line, why or peer.doubt, peer, selected)
        elif peer.kind is PeerKind.BLOCK and (peer.block is not None or peer.outside):
            block = Doubt("ipblock-vs-pod", (f"where `{peer.text}` is",))
            yield Admission("block", some, f"{policy} admits `{peer.text}`", line, why or peer.doubt or block, peer)
            if peer.internal and peer.block is not None and peer.block.everything and not peer.excluded:
                because = f"{policy} admits `{peer.text}`, which is held against pods as well"
                yield Admission("any", some, because, line, why or peer.doubt)
            elif peer.block is not None and not peer.outside and may_hold_pods(peer.block):
                because = f"{policy} admits `{peer.text}`, in which pods may have addresses"
                yield Admission("any", some, because, line, why or block, peer)
        elif peer.kind is not PeerKind.NODES:  # what nodes reach is told once for every target
            because = f"{policy} admits a peer that is not known or not understood"
            yield Admission("any", some, because, line, why or policy.doubt or peer.doubt)


def described(peer: Peer) -> str:
    """A set of pods in words."""
    where = f"namespace `{peer.namespace}`" if peer.namespace else f"namespaces `{peer.namespaces}`"
    if not peer.namespace and peer.namespaces.everything:
        where = "every namespace"
    return f"every pod of {where}" if peer.pods.everything else f"pods `{peer.pods}` of {where}"


def _one_by_one(view: View, target: Target, pod: int, side: Side) -> Iterator[Admission]:
    """With admin policies an answer depends on all rules at once: sources that no rule tells apart are asked once."""
    alike: dict[Span, list[frozenset[int]]] = {}
    for members in view.classes.of(side, view.cluster.everyone.maybe):
        alike.setdefault(view.admits(pod, Direction.INGRESS, min(members)), []).append(members)
    doubts = list(side.doubts())
    if side.admin and not view.admin_certain:
        doubts.append(view.no_enforcer)
    doubt = doubts[0] if doubts else Doubt("value-unknown", (target.name,))
    line = side_line(side) or next((one.policy.origin for one in side.asked()), None)
    yield from _blocks(view, pod, side)
    for span, parts in alike.items():
        some = frozenset().union(*parts) if span.maybe else frozenset()
        because = f"the policies that select `{target.name}` admit it"
        if span.sure:
            yield Admission("each", span.sure, because, line, None, None, Selected(some, some))
        rest = without(span.maybe, span.sure)
        if rest:
            because = f"the policies that select `{target.name}` do not certainly close it"
            yield Admission("each", rest, because, line, doubt, None, Selected(some, some))


def _blocks(view: View, pod: int, side: Side) -> Iterator[Admission]:
    """The address ranges that rules name, as far as all rules together let them in."""
    seen: set[str] = set()
    for asked in side.asked():
        for peer, _ in asked.peers if asked.rule.action is Action.ALLOW else ():
            if peer.kind is not PeerKind.BLOCK or peer.text in seen:
                continue
            seen.add(peer.text)
            some = view.admits(pod, Direction.INGRESS, peer.block).maybe if peer.block is not None else ALL
            if some:
                because = f"{asked.policy} admits `{peer.text}`"
                unsure = first_doubt(Doubt("ipblock-vs-pod", (f"where `{peer.text}` is",)), peer.doubt)
                yield Admission("block", some, because, peer.origin or asked.rule.origin, unsure, peer)
