"""Policies of engines that are not evaluated: what they may select they leave in doubt, both ways.

Facts: antrea.io "Antrea Network Policy" (tiers before the NetworkPolicies and after), aws.amazon.com "Amazon EKS
introduces enhanced network policy capabilities", docs.openshift.com "Egress Firewall", cloud.google.com "Control
communication using FQDN network policies" (the last two are for addresses outside the cluster alone).
Of the objects that a plug-in makes of policies and pods, and goes by: docs.aws.amazon.com, EKS user guide, "Network
policies"; docs.cilium.io, "Custom Resource Definitions".
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy.model import UNMODELLED, Action, Engine, Peer, PeerKind, Policy, Rule, Tier
from scanner.origin import FileOrigin
from scanner.resource import Resource, dig, items_of, mark

_OUTWARD = frozenset({"EgressFirewall", "FQDNNetworkPolicy"})
"""For addresses outside the cluster alone."""
KINDS: dict[str, frozenset[str]] = {
    "crd.antrea.io": frozenset({"NetworkPolicy", "ClusterNetworkPolicy"}),
    "k8s.ovn.org": frozenset({"EgressFirewall"}),
    "networking.k8s.aws": frozenset({"ClusterNetworkPolicy", "ApplicationNetworkPolicy", "PolicyEndpoint"}),
    "cilium.io": frozenset({"CiliumIdentity", "CiliumEndpoint", "CiliumEndpointSlice"}),
    "networking.gke.io": frozenset({"FQDNNetworkPolicy"}),
}
"""By API group, the kinds that open or close ways of pods."""
_WIDE = ("Cluster", "Cilium")
EVERY = frozenset(kind for kinds in KINDS.values() for kind in kinds)
ANYWHERE = Tier(-0.5, "unmodelled")
"""Asked before the others and never certain: wherever such a policy is asked in truth, all that it can do is kept."""


def made_by_plugin(resource: Resource, every: Iterable[Resource]) -> bool:
    """Whether a plug-in made the object, of a policy or a pod that is read as well: it says nothing of its own.

    In files somebody wrote it, and it opens what it says until the plug-in makes it anew; unless they are a copy of
    what a cluster had, which has a `uid` in every object. What Cilium makes of pods is not told apart in a cluster.
    """
    owned = isinstance(dig(resource.attrs, "metadata", "uid"), str) or not isinstance(resource.origin, FileOrigin)
    if resource.kind != "PolicyEndpoint" or not owned:
        return owned
    for owner in items_of(dig(resource.attrs, "metadata", "ownerReferences")):
        address = f"{resource.namespace}/{dig(owner, 'kind')}/{dig(owner, 'name')}"
        if dig(owner, "kind") == "NetworkPolicy" and any(one.address == address for one in every):
            return True
    return False


def unmodelled_policy(resource: Resource) -> Policy:
    """A policy that may do anything to every pod of its scope."""
    doubt = Doubt(UNMODELLED, (resource.address,))
    line = mark(resource.attrs, "metadata", "name") or resource.origin
    outward = resource.kind in _OUTWARD
    kind = PeerKind.BLOCK if outward else PeerKind.UNKNOWN
    peers = (Peer(kind, text="*", outside=outward, doubt=doubt, origin=line),)
    rules = tuple(Rule(action, peers, None, line, doubt) for action in Action)
    namespace = "" if resource.kind.startswith(_WIDE) else resource.namespace
    return Policy(
        resource.address,
        resource.kind,
        ANYWHERE,
        Peer(PeerKind.PODS, namespace, doubt=doubt),
        None if outward else rules,
        rules,
        line,
        doubt=doubt,
        engine=Engine.OTHER,
    )
