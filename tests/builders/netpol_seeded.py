"""Clusters by number: what hypothesis seldom draws, since most of its clusters are small and alike."""

from __future__ import annotations

from random import Random

from tests.builders.netpol_draw import BLOCKS, BY_NAME, KINDS, PROTOCOLS

LABELS = ({"app": "a"}, {"app": "b"}, {"app": "a", "tier": "x"}, {"tier": "x"})
SPACES = ({"env": "dev"}, {"env": "prod"}, {"team": "red"}, {"kubernetes.io/metadata.name": "n0"}, {})
NAMED = (
    {"name": "web", "containerPort": 80},
    {"name": "web", "containerPort": 8080},
    {"name": "dns", "containerPort": 90},
)
TERMS = (
    {"key": "app", "operator": "NotIn", "values": ["a"]},
    {"key": "tier", "operator": "Exists"},
    {"key": "tier", "operator": "DoesNotExist"},
    {"key": "app", "operator": "In", "values": ["a", "b"]},
    {"key": "tier", "operator": "NotIn", "values": ["x"]},
)


def cluster(number: int, *, blocks: bool = True) -> tuple[list[dict], list[dict], tuple[list[dict], list[dict]]]:
    """The pods, the policies, and the admin and baseline policies of one number; always the same."""
    dice = Random(number)
    pods = [_pod(dice) for _ in range(dice.randint(3, 6))]
    policies = [_policy(dice, blocks) for _ in range(dice.randint(1, 4))]
    admins = [_admin(dice, {"priority": one}) for one in range(dice.choice((0, 0, 1, 3)))]
    baselines = [_admin(dice, {})] if dice.random() < 0.3 else []
    for one in baselines:
        for section in ("ingress", "egress"):
            one[section] = [rule for rule in one[section] if rule["action"] != "Pass"]
    return pods, policies, (admins[::-1], baselines)


def _pod(dice: Random) -> dict:
    ports = [dice.choice(NAMED)] if dice.random() < 0.7 else []
    space, kind = dice.choice(("n0", "n0", "n1", "n2")), dice.choice(KINDS)
    return {"namespace": space, "labels": dict(dice.choice(LABELS)), "ports": ports, "kind": kind}


def _selector(dice: Random) -> dict:
    shape = dice.random()
    if shape < 0.2:
        return {}
    labels = {"matchLabels": dict(dice.choice(LABELS))}
    terms = {"matchExpressions": [dice.choice(TERMS)]}
    return labels if shape < 0.6 else terms if shape < 0.85 else {**labels, **terms}


def _space(dice: Random) -> dict:
    return {"matchLabels": dict(dice.choice(SPACES))}


def _policy(dice: Random, blocks: bool) -> dict:
    types = dice.choice((["Ingress"], ["Egress"], ["Ingress", "Egress"], None))
    found = {"namespace": dice.choice(("n0", "n0", "n1", BY_NAME)), "podSelector": _selector(dice)}
    found |= {"policyTypes": types} if types else {}
    for section, who in (("ingress", "from"), ("egress", "to")):
        if dice.random() < 0.7:
            found[section] = [_rule(dice, who, blocks) for _ in range(dice.choice((0, 1, 1, 2)))]
    return found


def _rule(dice: Random, who: str, blocks: bool) -> dict:
    found: dict = {}
    if dice.random() < 0.85:
        found[who] = [_peer(dice, blocks) for _ in range(dice.choice((0, 1, 1, 1, 2)))]
    if dice.random() < 0.6:
        found["ports"] = [_port(dice) for _ in range(dice.choice((0, 1, 1, 2)))]
    return found


def _peer(dice: Random, blocks: bool) -> dict:
    shape = dice.random()
    if blocks and shape < 0.2:
        return {"ipBlock": dice.choice(BLOCKS)}
    if shape < 0.45:
        return {"podSelector": _selector(dice)}
    if shape < 0.6:
        return {"namespaceSelector": _space(dice)}
    return {"namespaceSelector": _space(dice), "podSelector": _selector(dice)}


def _port(dice: Random) -> dict:
    protocol = {"protocol": dice.choice(PROTOCOLS)} if dice.random() < 0.4 else {}
    port = dice.choice(({"port": 80}, {"port": 80, "endPort": 90}, {"port": "web"}, {"port": "dns"}, {}))
    return {**port, **protocol}


def _admin(dice: Random, more: dict) -> dict:
    return {
        "subject": _admin_peer(dice),
        **more,
        "ingress": _admin_rules(dice, "from"),
        "egress": _admin_rules(dice, "to"),
    }


def _admin_rules(dice: Random, who: str) -> list[dict]:
    rules = []
    for _ in range(dice.choice((0, 1, 2))):
        rule = {"action": dice.choice(("Allow", "Deny", "Pass")), who: [_admin_peer(dice)]}
        ports = ({"portNumber": {"protocol": "TCP", "port": 80}}, {"namedPort": "web"})
        rules.append({**rule, "ports": [dice.choice(ports)]} if dice.random() < 0.5 else rule)
    return rules


def _admin_peer(dice: Random) -> dict:
    if dice.random() < 0.5:
        return {"namespaces": _space(dice)}
    return {"pods": {"namespaceSelector": _space(dice), "podSelector": _selector(dice)}}
