"""The policies of one cluster's mesh, and how they answer for a workload."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from scanner.builders.k8s_policy.labels import Labels, Match
from scanner.builders.mesh.attributes import Call, Trust
from scanner.builders.mesh.decide import Proxy, Selected, Verdict, decide
from scanner.builders.mesh.installed import Installed, of_resources
from scanner.builders.mesh.peer_auth import STRICT, PeerPolicies
from scanner.builders.mesh.policies import AuthzPolicy, policies_of
from scanner.builders.mesh.spaced import Spaced
from scanner.resource import Resource


class Authorizer(Struct, frozen=True):
    """The policies of a mesh, and the settings that say how they are read."""

    policies: Spaced[AuthzPolicy]
    peers: PeerPolicies
    mesh: Installed

    @classmethod
    def of(cls, resources: Iterable[Resource], mesh: Installed | None = None) -> Authorizer:
        """Everything that one cluster declares; `mesh` as far as more than its own objects show it."""
        every = list(resources)
        found = mesh or of_resources(every)
        return cls(Spaced(policies_of(every), found.root), PeerPolicies.of(every, found.root), found)

    @property
    def trust(self) -> Trust:
        """The trust domain."""
        return self.mesh.trust

    def selected(self, namespace: str, labels: Labels) -> Selected:
        """The policies that select, or may select, a workload."""
        every = ((one, one.selects(namespace, labels, self.mesh.root)) for one in self.policies.about(namespace))
        return tuple(pair for pair in every if pair[1] is not Match.NO)

    def verdict(self, namespace: str, labels: Labels, call: Call, proxy: Proxy = Proxy.ENVOY) -> Verdict:
        """Whether a call to a workload passes, its proxy given: mTLS first, then the policies."""
        mode = self.peers.mode(namespace, labels, call.port)
        if call.identity is None and STRICT in mode.options:
            match = Match.NO if mode.strict else Match.MAYBE
            refused = Verdict(match, "plaintext", None, mode.origin)
            if match is Match.NO:
                return refused
            found = decide(self.selected(namespace, labels), call, proxy)
            return found if found.match is Match.NO else refused
        return decide(self.selected(namespace, labels), call, proxy)
