"""Policies of engines that are not evaluated: what they may select they leave in doubt, both ways.

Facts: antrea.io "Antrea Network Policy" (tiers before the NetworkPolicies and after), aws.amazon.com "Amazon EKS
introduces enhanced network policy capabilities", docs.openshift.com "Egress Firewall", cloud.google.com "Control
communication using FQDN network policies" (the last two are for addresses outside the cluster alone).
"""

from __future__ import annotations

from scanner.builders.edges import Doubt
from scanner.builders.k8s_policy.model import UNMODELLED, Action, Engine, Peer, PeerKind, Policy, Rule, Tier
from scanner.resource import Resource, mark

_OUTWARD = frozenset({"EgressFirewall", "FQDNNetworkPolicy"})
"""For addresses outside the cluster alone."""
KINDS: dict[str, frozenset[str]] = {
    "crd.antrea.io": frozenset({"NetworkPolicy", "ClusterNetworkPolicy"}),
    "k8s.ovn.org": frozenset({"EgressFirewall"}),
    "networking.k8s.aws": frozenset({"ClusterNetworkPolicy", "ApplicationNetworkPolicy"}),
    "networking.gke.io": frozenset({"FQDNNetworkPolicy"}),
}
"""By API group, the kinds that open or close ways of pods."""
EVERY = frozenset(kind for kinds in KINDS.values() for kind in kinds)
ANYWHERE = Tier(-0.5, "unmodelled")
"""Asked before the others and never certain: wherever such a policy is asked in truth, all that it can do is kept."""


def unmodelled_policy(resource: Resource) -> Policy:
    """A policy that may do anything to every pod of its scope."""
    doubt = Doubt(UNMODELLED, (resource.address,))
    line = mark(resource.attrs, "metadata", "name") or resource.origin
    outward = resource.kind in _OUTWARD
    kind = PeerKind.BLOCK if outward else PeerKind.UNKNOWN
    peers = (Peer(kind, text="*", outside=outward, doubt=doubt, origin=line),)
    rules = tuple(Rule(action, peers, None, line, doubt) for action in Action)
    namespace = "" if resource.kind.startswith("Cluster") else resource.namespace
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
