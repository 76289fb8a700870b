"""What the mesh lets in at one workload: its proxy, its mTLS and its policies, asked for one caller and one port."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.builders.edges import Doubt, first_doubt
from scanner.builders.k8s_policy.labels import Labels, Match
from scanner.builders.mesh.attributes import ANYTHING, Call, Request, Trust
from scanner.builders.mesh.decide import Proxy, Selected, Verdict, decide
from scanner.builders.mesh.membership import Captured, Member, Plane
from scanner.builders.mesh.patterns import Attribute
from scanner.builders.mesh.peer_auth import DISABLE, STRICT, Mode, PeerPolicies
from scanner.builders.mesh.policies import NOT_READ, Action, AuthzPolicy
from scanner.builders.mesh.probes import FREE, inference
from scanner.origin import Origin
from scanner.unknown import Unknown

Identity = tuple[Attribute, Match]
"""An identity that a caller has, None for none, and how sure it is that it can come with it."""
CONDITION = "request-condition"
STRANGER = "-/ns/-/sa/-"
"""An identity that no policy names."""


class Caller(Struct, frozen=True):
    """Who calls: each of `worlds` is one way that things may be, with the identities that it can come with there.

    token: an identity that it could get for its service account, though it is not in the mesh; "" for none.
    """

    worlds: tuple[tuple[Identity, ...], ...]
    token: str = ""


PLAINTEXT = Caller((((None, Match.YES),),))
"""A caller outside the mesh: it has no identity."""
ANYBODY = Caller((((ANYTHING, Match.YES),), ((None, Match.YES),)))
"""A caller of which nothing is known."""


class Waypoint(Struct, frozen=True):
    """A proxy that calls to a workload may take: its own identity, and the policies that are attached to it.

    pods: calls from the mesh to the address of a pod pass it as well.
    """

    address: str
    identity: Attribute
    policies: Selected
    sure: Match
    pods: bool = False


class Answer(Struct, frozen=True):
    """How sure it is that the mesh lets a caller in; the sentence fragment, line and doubt that go with it."""

    match: Match
    because: str
    origin: Origin | None = None
    doubt: Doubt | None = None


class Guard(Struct, frozen=True):
    """The mesh at the pods of one template.

    connections: ports that carry no HTTP for certain. plain: a DestinationRule takes mTLS from calls of the mesh.
    """

    member: Member
    captured: Captured
    policies: Selected
    peers: PeerPolicies
    namespace: str
    labels: Labels
    trust: Trust = Trust()
    normalisation: str | Unknown = ANYTHING
    waypoints: tuple[Waypoint, ...] = ()
    connections: frozenset[int] = frozenset()
    altered: Doubt | None = None
    plain: bool = False
    probes: dict[int, tuple[Request, ...]] = field(default_factory=dict)

    def named_ports(self) -> frozenset[int]:
        """Every port that may be treated otherwise than the rest."""
        found = set(self.captured.named) | self.connections | self.peers.named_ports(self.namespace)
        every = [*self.policies, *(one for waypoint in self.waypoints for one in waypoint.policies)]
        for policy, _ in every:
            for rule in policy.rules:
                for clause in (*rule.operations, rule.conditions):
                    for atom in clause:
                        if atom.key == "destination.port":
                            texts = (*atom.values, *atom.negative)
                            found |= {int(one) for one in texts if isinstance(one, str) and one.isdigit()}
        return frozenset(found)

    def answer(self, caller: Caller, port: int) -> Answer:
        """Whether a call to a port of the workload passes."""
        if self.member.plane is Plane.NONE:
            return Answer(Match.YES, self._outside(), self.member.origin)
        seen = self.captured.port(port)
        if seen is Match.NO:
            return Answer(Match.YES, self.captured.because, self.captured.origin)
        found = self._guarded(caller, port)
        doubt = first_doubt(self.member.doubt, self.captured.unsure, self.altered)
        if doubt is None:
            return found
        if found.match is Match.YES:
            return found
        unsure = self.member.because if self.member.doubt else "whether its proxy holds to that is not known"
        because = f"{found.because}, but {unsure}"
        return Answer(Match.MAYBE, because, found.origin or self.member.origin, first_doubt(doubt, found.doubt))

    def _outside(self) -> str:
        if self.policies:
            return f"{self.policies[0][0]} selects it, but {self.member.because}"
        return self.member.because

    def _guarded(self, caller: Caller, port: int) -> Answer:
        """The answer where the proxy surely sees the call."""
        mode = self.peers.mode(self.namespace, self.labels, port)
        if self.member.plane is Plane.ZTUNNEL and DISABLE in mode.options:
            mode = replace(mode, options=mode.options - {DISABLE} | {"PERMISSIVE"})
        answers = [self._in(caller, world, option, mode, port) for world in caller.worlds for option in _sorted(mode)]
        best, worst = (pick(answers, key=lambda one: one.match) for pick in (max, min))
        if best.match is worst.match:
            return best
        doubt = first_doubt(mode.doubt, best.doubt, worst.doubt)
        unsure = doubt or Doubt("mesh-identity-unknown", ("the identity that the caller comes with",))
        return Answer(Match.MAYBE, best.because, best.origin, unsure)

    def _in(self, caller: Caller, world: tuple[Identity, ...], option: str, mode: Mode, port: int) -> Answer:
        """The answer for one mode of mTLS: who may come in plaintext where that is taken, and who has an identity."""
        found: list[Answer] = []
        for identity, sure in world:
            if identity is None and option == STRICT:
                found.append(Answer(Match.NO, f"{mode.because}, and it comes in plaintext", mode.origin))
                continue
            one = self._way(None if option == DISABLE else identity, port)
            if one.match is Match.NO and option != STRICT and not self._closed_to_all(port):
                # Only an identity that is asked for closes it, and mTLS, which proves it, is not enforced.
                doubt = Doubt("mtls-permissive", (mode.origin and self._named(mode) or "a STRICT PeerAuthentication",))
                one = Answer(Match.MAYBE, f"{one.because}, but {mode.because}", mode.origin or one.origin, doubt)
            elif identity is None and one.match is Match.YES:
                one = replace(one, because=f"{mode.because}; {one.because}", origin=mode.origin or one.origin)
            if one.match is Match.YES and sure is Match.MAYBE and not (identity is None and self.plain):
                doubt = Doubt("mesh-identity-unknown", ("the identity that the caller comes with",))
                one = replace(one, match=Match.MAYBE, doubt=doubt)
            found.append(one)
        best = max(found, key=lambda one: one.match)
        if best.match is Match.NO and caller.token and self._singled_out(caller.token, port):
            doubt = Doubt("mesh-identity-unknown", ("whether it uses the token of its service account",))
            because = "its service account is admitted, and whoever has its token can get the identity"
            return Answer(Match.MAYBE, because, best.origin, doubt)
        return best

    def _named(self, mode: Mode) -> str:
        return mode.because.split("`")[1] if "`" in mode.because else ""

    def _closed_to_all(self, port: int) -> bool:
        """Whether nobody passes, whatever identity it has or lacks."""
        return all(self._way(one, port).match is Match.NO for one in (None, ANYTHING))

    def _singled_out(self, identity: str, port: int) -> bool:
        """Whether an identity passes that an unknown one does not."""
        return self._way(identity, port).match is not Match.NO and self._way(STRANGER, port).match is Match.NO

    def _way(self, identity: Attribute, port: int) -> Answer:
        """The answer of the policies for one identity: directly, or through a waypoint."""
        if self.member.plane is Plane.ZTUNNEL:
            direct = self._decided(self.policies, identity, port, Proxy.ZTUNNEL)
            covers = next((one for one in self.waypoints if one.pods), None)
            if covers is not None and identity is not None and direct.match is Match.YES:
                doubt = Doubt("mesh-identity-unknown", (f"whether a call can pass by {covers.address}",))
                direct = replace(direct, match=Match.MAYBE, doubt=doubt)
            return max([direct, *self._by_waypoint(identity, port)], key=lambda one: one.match)
        return self._decided(self.policies, identity, port, Proxy.ENVOY)

    def _by_waypoint(self, identity: Attribute, port: int) -> Iterator[Answer]:
        """The ztunnel then sees the identity of the waypoint, whose own policies see the caller's."""
        for one in self.waypoints:
            inner = self._decided(self.policies, one.identity, port, Proxy.ZTUNNEL)
            outer = self._decided(one.policies, identity, port, Proxy.ENVOY)
            worst = min((inner, outer), key=lambda each: each.match)
            if one.sure is Match.MAYBE and worst.match is Match.YES:
                worst = replace(worst, match=Match.MAYBE, doubt=Doubt("mesh-unknown", (one.address,)))
            yield replace(worst, because=f"waypoint `{one.address}` passes it on: {worst.because}")

    def _decided(self, policies: Selected, identity: Attribute, port: int, proxy: Proxy) -> Answer:
        connection = proxy is Proxy.ZTUNNEL or port in self.connections
        call = Call(identity, port, None if connection else FREE, trust=self.trust, normalisation=self.normalisation)
        found = decide(policies, call, proxy)
        if found.match is Match.MAYBE and not connection:
            if id(policies) not in self.probes:
                self.probes[id(policies)] = inference(policies)
            for request in self.probes[id(policies)]:
                sure = decide(policies, replace(call, request=request), proxy)
                if sure.match is Match.YES:
                    return self._said(sure)
        return self._said(found)

    def _said(self, found: Verdict) -> Answer:
        """A verdict in words."""
        policy = found.policy
        if policy is None:
            because = "no AuthorizationPolicy with action ALLOW selects it: the mesh lets in whom none denies"
            if not self.policies:
                because = "no AuthorizationPolicy selects it: the mesh lets everyone in, which is the default"
            used = next((one.address for one in self.waypoints if one.policies), "")
            if used:
                because = f"{because}; waypoint `{used}` is not on the way to its address"
            return Answer(found.match, because)
        said = {
            "admitted": f"{policy} admits it",
            "denied": f"{policy} denies it",
            "unmatched": f"{policy} does not admit it",
            "custom": f"{policy} asks an authorizer that is not part of the policies",
        }[found.how]
        if found.match is Match.YES:
            return Answer(Match.YES, said, found.origin)
        if found.match is Match.NO:
            return Answer(Match.NO, said, found.origin)
        because = said if found.how == "custom" else f"whether {said} is not known: it depends on the request"
        return Answer(Match.MAYBE, because, found.origin, _why(policy, found))


def _sorted(mode: Mode) -> list[str]:
    return sorted(mode.options)


def _why(policy: AuthzPolicy, found: Verdict) -> Doubt:
    """The reason code of a policy that decides perhaps."""
    if policy.doubt is not None:
        return policy.doubt
    if found.how == "custom" and policy.action is Action.CUSTOM:
        return Doubt("policy-engine-unmodelled", (f"{policy.address}: provider {policy.provider or '?'}",))
    for rule in policy.rules:
        for clause in (*rule.sources, *rule.operations, rule.conditions):
            for atom in clause:
                texts = (*atom.values, *atom.negative)
                names = [name for one in texts if isinstance(one, Unknown) for name in one.decided_by or (one.cause,)]
                if names or atom.key == NOT_READ:
                    return Doubt("value-unknown", tuple(sorted(names)) or (policy.address,))
    return Doubt(CONDITION, (policy.address,))
