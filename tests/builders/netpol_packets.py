"""One packet at a time: whether the policies of a small cluster let it through, read off the API documentation.

It shares no code and no data structure with the scanner. What the documentation leaves open is a `Reading`: the
scanner may call a way open only where every reading lets the packet through, and closed only where none does.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from tests.builders.netpol_draw import ADDRESSES, BY_NAME, PORTS, PROTOCOLS, SPACES, address

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


@dataclass(frozen=True)
class Reading:
    """blocks_hold: pods have addresses in private ranges that policies name. hosts_apart: selectors do not see pods on
    the network of their node. by_name: the labels of the namespace that no manifest declares, beside its name."""

    blocks_hold: bool = False
    hosts_apart: bool = True
    by_name: dict = field(default_factory=dict)


def readings(some: list[dict]) -> Iterator[Reading]:
    """Every reading that can make a difference for these pods."""
    apart = (True, False) if any(pod.get("host") for pod in some) else (True,)
    strays = any(pod["namespace"] == BY_NAME for pod in some)
    labels = ({}, {"env": "dev"}, {"env": "prod", "team": "red"}, {"team": "x"}) if strays else ({},)
    yield from (Reading(*one) for one in product((False, True), apart, labels))


def selects(selector: dict, labels: dict) -> bool:
    """The terms of `matchLabels` and `matchExpressions` are ANDed; an empty selector selects everything."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for term in selector.get("matchExpressions", []):
        value = labels.get(term["key"])
        if term["operator"] == "In" and value not in term["values"]:
            return False
        # NotIn also holds where the key is not there.
        if term["operator"] == "NotIn" and value in term["values"]:
            return False
        if term["operator"] == "Exists" and value is None:
            return False
        if term["operator"] == "DoesNotExist" and value is not None:
            return False
    return True


class Cluster:
    """Pods by number and the policies over them, under one reading."""

    def __init__(self, pods: list[dict], policies: list[dict], tier=((), ()), reading: Reading | None = None) -> None:
        self.pods, self.policies, self.reading = pods, policies, reading or Reading()
        self.admins = sorted(tier[0], key=lambda one: one["priority"])
        self.baselines = tier[1]

    def allows(self, source: int | str, target: int | str, protocol: str, port: int) -> bool:
        """Egress of the source and ingress of the target must both let it through; an address has no policies."""
        out = isinstance(source, str) or self._side("egress", source, target, target, protocol, port)
        return out and (isinstance(target, str) or self._side("ingress", target, source, target, protocol, port))

    def isolated(self, number: int, section: str) -> bool:
        """Whether a NetworkPolicy selects the pod for this direction."""
        return bool(self._selecting(number, section))

    def _side(self, section: str, number: int, other, called, protocol: str, port: int) -> bool:
        action = self._admin(self.admins, section, number, other, called, protocol, port)
        if action in ("Allow", "Deny"):
            return action == "Allow"
        selecting = self._selecting(number, section)
        if selecting:
            return any(
                self._rule(policy, rule, section, other, called, protocol, port)
                for policy in selecting
                for rule in policy.get(section, [])
            )
        return self._admin(self.baselines, section, number, other, called, protocol, port) != "Deny"

    def _selecting(self, number: int, section: str) -> list[dict]:
        pod = self.pods[number]
        if pod.get("host") and self.reading.hosts_apart:
            return []
        return [
            one
            for one in self.policies
            if one["namespace"] == pod["namespace"]
            and section in directions(one)
            and selects(one.get("podSelector", {}), pod["labels"])
        ]

    def _rule(self, policy: dict, rule: dict, section: str, other, called, protocol: str, port: int) -> bool:
        """Within a rule peers are ORed and so are ports; a list that is absent or empty restricts nothing."""
        who = rule.get("from" if section == "ingress" else "to")
        if who and not any(self._peer(one, policy["namespace"], other) for one in who):
            return False
        listed = rule.get("ports")
        return not listed or any(self._port(one, called, protocol, port) for one in listed)

    def _peer(self, peer: dict, home: str, other: int | str) -> bool:
        """A pod selector alone is about the policy's own namespace; with a namespace selector both must match."""
        if "ipBlock" in peer:
            return self._block(peer["ipBlock"], other)
        if isinstance(other, str):
            return False
        pod = self.pods[other]
        if pod.get("host") and self.reading.hosts_apart:
            return False
        if "namespaceSelector" in peer:
            if not selects(peer["namespaceSelector"], self._space(pod["namespace"])):
                return False
        elif pod["namespace"] != home:
            return False
        return selects(peer.get("podSelector", {}), pod["labels"])

    def _block(self, block: dict, other: int | str) -> bool:
        if isinstance(other, int):
            whole = ipaddress.ip_network(block["cidr"])
            return self.reading.blocks_hold and any(whole.overlaps(ipaddress.ip_network(one)) for one in PRIVATE)
        here = ipaddress.ip_address(other)
        if here not in ipaddress.ip_network(block["cidr"]):
            return False
        return not any(here in ipaddress.ip_network(one) for one in block.get("except", []))

    def _port(self, listed: dict, called: int | str, protocol: str, port: int) -> bool:
        if listed.get("protocol", "TCP") != protocol:
            return False
        wanted = listed.get("port")
        if isinstance(wanted, str):
            return self._named(wanted, called, protocol, port)
        return wanted is None or wanted <= port <= listed.get("endPort", wanted)

    def _named(self, name: str, called: int | str, protocol: str, port: int) -> bool:
        """A named port is one that the pod that is called declares, with this protocol."""
        if isinstance(called, str):
            return False
        declared = [one for one in self.pods[called]["ports"] if one["name"] == name]
        return any(one["containerPort"] == port and one.get("protocol", "TCP") == protocol for one in declared)

    def _admin(self, policies, section: str, number: int, other, called, protocol: str, port: int) -> str:
        """The first rule that matches decides, in the order of priorities; host-network pods are neither subject
        nor peer."""
        who = "from" if section == "ingress" else "to"
        for policy in policies:
            if not self._admin_pods(policy["subject"], number):
                continue
            for rule in policy[section]:
                meant = isinstance(other, int) and any(self._admin_pods(one, other) for one in rule[who])
                if meant and self._admin_port(rule, called, protocol, port):
                    return rule["action"]
        return ""

    def _admin_pods(self, peer: dict, number: int) -> bool:
        pod = self.pods[number]
        if pod.get("host"):
            return False
        space = self._space(pod["namespace"])
        if "namespaces" in peer:
            return selects(peer["namespaces"], space)
        named = peer["pods"]
        return selects(named["namespaceSelector"], space) and selects(named["podSelector"], pod["labels"])

    def _admin_port(self, rule: dict, called, protocol: str, port: int) -> bool:
        if "ports" not in rule:
            return True
        for one in rule["ports"]:
            if "namedPort" in one:
                if self._named(one["namedPort"], called, protocol, port):
                    return True
                continue
            body = one.get("portNumber") or one["portRange"]
            first, last = body.get("port", body.get("start")), body.get("port", body.get("end"))
            if body["protocol"] == protocol and first <= port <= last:
                return True
        return False

    def _space(self, name: str) -> dict:
        """Every namespace has the label that bears its name."""
        labels = self.reading.by_name if name == BY_NAME else SPACES[name]
        return {**labels, "kubernetes.io/metadata.name": name}


def directions(policy: dict) -> set[str]:
    """Without `policyTypes`: ingress always, egress where there are egress rules."""
    given = policy.get("policyTypes")
    if given:
        return {one.lower() for one in given}
    return {"ingress"} | ({"egress"} if policy.get("egress") else set())


def packets(cluster: Cluster) -> set[tuple[str, str, str, int]]:
    """Every packet between two pods that is let through: source, target, protocol, port."""
    numbers = range(len(cluster.pods))
    return {
        (address(cluster.pods, one), address(cluster.pods, two), *packet)
        for one, two, *packet in product(numbers, numbers, PROTOCOLS, PORTS)
        if one != two and cluster.allows(one, two, *packet)
    }


def outside(cluster: Cluster) -> set[tuple[str, str, str, int]]:
    """Every packet between a pod and an address outside that is let through."""
    found = set()
    for number, place, *packet in product(range(len(cluster.pods)), ADDRESSES, PROTOCOLS, PORTS):
        here = address(cluster.pods, number)
        if cluster.allows(number, place, *packet):
            found.add((here, place, *packet))
        if cluster.allows(place, number, *packet):
            found.add((place, here, *packet))
    return found
