"""Many pods and many peers: a relay in place of an edge from each, and no rule taken for another."""

from __future__ import annotations

import pytest

from scanner.graph.model import ALL_TRAFFIC, Plane, Traffic
from tests.builders.k8s_world import CALICO, GATEWAY, MODEL, SERVER, SPACES, graph_of, state, ways, workload

TARGETS = workload("vllm", "inference", SERVER) + workload("gateway", "safety") + SPACES


def admin(rules: str) -> str:
    """An AdminNetworkPolicy over the model's namespace; `rules` are its ingress rules."""
    return (
        "\n---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: m}\nspec:\n"
        "  priority: 5\n  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: inference}}}\n"
        f"  ingress:\n{rules}"
    )


def rule(action: str, *names: str, ports: str = "") -> str:
    """A rule about workloads of namespace `tenant`, by their `app` label; `ports` is a YAML list."""
    space = "{matchLabels: {kubernetes.io/metadata.name: tenant}}"
    peers = [f"{{pods: {{namespaceSelector: {space}, podSelector: {{matchLabels: {{app: {one}}}}}}}}}" for one in names]
    only = f", ports: {ports}" if ports else ""
    return f"    - {{action: {action}, from: [{', '.join(peers)}]{only}}}\n"


DENY_REST = "    - {action: Deny, from: [{namespaces: {}}]}\n"
CROWD = [f"bot-{number}" for number in range(40)]


def test_the_sixty_fifth_peer_of_a_rule_is_not_the_first_of_the_next() -> None:
    fillers = [f"nobody-{number}" for number in range(64)]
    bots = workload("late", "tenant") + workload("early", "tenant")
    rules = rule("Deny", *fillers, "late") + rule("Allow", "early") + DENY_REST
    graph = graph_of(TARGETS + bots, CALICO + admin(rules))
    assert state(graph, "tenant/Deployment/late") == "closed"
    assert state(graph, "tenant/Deployment/early") == "open"


def test_many_that_an_admin_policy_lets_in_share_relays_and_the_others_stay_out() -> None:
    allowed, denied = CROWD[:25], CROWD[25:]
    bots = "".join(workload(one, "tenant") for one in CROWD)
    graph = graph_of(TARGETS + bots, CALICO + admin(rule("Allow", *allowed) + DENY_REST))
    assert {state(graph, f"tenant/Deployment/{one}") for one in allowed} == {"open"}
    assert {state(graph, f"tenant/Deployment/{one}") for one in denied} == {"closed"}
    assert state(graph, GATEWAY) == "closed"
    into = [edge for edge in graph.into(f"k8s:{MODEL}") if edge.plane is Plane.NETWORK]
    assert len(into) < len(allowed)


def test_many_with_some_of_the_ports_do_not_come_over_the_relay_of_many_with_all() -> None:
    some, every = CROWD[:20], CROWD[20:]
    bots = "".join(workload(one, "tenant") for one in CROWD)
    one_port = "[{portNumber: {protocol: TCP, port: 8000}}]"
    graph = graph_of(
        TARGETS + bots, CALICO + admin(rule("Allow", *some, ports=one_port) + rule("Allow", *every) + DENY_REST)
    )
    admitted = {
        name: {one for way in ways(graph, f"tenant/Deployment/{name}") for one in way[-1].traffic} for name in CROWD
    }
    assert {tuple(admitted[one]) for one in some} == {(Traffic("TCP", 8000, 8000),)}
    assert all(admitted[one] == set(ALL_TRAFFIC) for one in every)


@pytest.mark.parametrize(("port", "answer"), [("{port: 8000}", "open"), ("{protocol: UDP, port: 53}", "possible")])
def test_many_with_an_egress_policy_of_their_own_share_a_relay(port: str, answer: str) -> None:
    """UDP port 53 is open for certain; that the server listens there is not known."""
    bots = "".join(workload(one, "tenant") + guard(one, port) for one in CROWD)
    graph = graph_of(TARGETS + bots, CALICO)
    assert {state(graph, f"tenant/Deployment/{one}") for one in CROWD} == {answer}
    assert len([edge for edge in graph.into(f"k8s:{MODEL}") if edge.plane is Plane.NETWORK]) < len(CROWD)


def guard(name: str, port: str) -> str:
    """An egress policy of one workload that admits a port everywhere."""
    return (
        f"\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: tenant}}\n"
        f"spec:\n  podSelector: {{matchLabels: {{app: {name}}}}}\n  policyTypes: [Egress]\n"
        f"  egress: [{{to: [{{namespaceSelector: {{}}}}], ports: [{port}]}}]\n"
    )


def test_an_egress_policy_of_a_pod_on_its_nodes_network_is_in_doubt() -> None:
    """The API leaves open whether a plug-in can tell such a pod from its node."""
    bot = workload("bot", "tenant", "hostNetwork: true")
    assert state(graph_of(TARGETS + bot, CALICO), "tenant/Deployment/bot") == "open"
    assert state(graph_of(TARGETS + bot + guard("bot", "{port: 9}"), CALICO), "tenant/Deployment/bot") == "possible"
