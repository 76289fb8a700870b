"""What the pods of a model can call outside the cluster, and what nobody knows of it."""

from __future__ import annotations

import pytest

from scanner.graph.facts_access import Egress
from scanner.unknown import Unknown
from tests.builders.k8s_world import BASE, CALICO, MODEL, SERVER, graph_of, policy, workload

SELECTED = "  podSelector: {}\n  policyTypes: [Egress]\n"


def verdict(*texts: str) -> str:
    """open, closed or unknown: what the Egress facts of the model say, the worst of them."""
    graph = graph_of(BASE, *texts)
    found = [fact.closed for node, fact in graph.facts(Egress) if node.address == MODEL]
    assert found
    if False in found:
        return "open"
    return "unknown" if any(isinstance(one, Unknown) for one in found) else "closed"


def to(cidr: str, more: str = "") -> str:
    return policy(f"{SELECTED}  egress:\n    - to: [{{ipBlock: {{cidr: {cidr}{more}}}}}]\n")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((CALICO,), "open"),
        ((CALICO, policy(SELECTED)), "closed"),
        ((policy(SELECTED),), "unknown"),
        ((CALICO, policy("  podSelector: {app: other}\n  policyTypes: [Ingress]\n")), "open"),
        ((CALICO, policy("  podSelector: {matchLabels: {app: other}}\n  policyTypes: [Egress]\n")), "open"),
        ((CALICO, to("0.0.0.0/0")), "open"),
        ((CALICO, to('"::/0"')), "open"),
        ((CALICO, to("128.0.0.0/1")), "open"),
        ((CALICO, to("0.0.0.0/0", ", except: [10.0.0.0/8]")), "open"),
        ((CALICO, to("52.92.0.0/14")), "unknown"),
        ((CALICO, to("10.0.0.0/8")), "closed"),
        ((CALICO, to("172.16.0.0/12")), "closed"),
        ((CALICO, policy(f"{SELECTED}  egress: [{{ports: [{{protocol: UDP, port: 53}}]}}]\n")), "closed"),
        ((CALICO, policy(f"{SELECTED}  egress: [{{ports: [{{protocol: UDP, port: 443}}]}}]\n")), "open"),
        ((CALICO, policy(f"{SELECTED}  egress: [{{}}]\n")), "open"),
        ((CALICO, policy(f"{SELECTED}  egress: [{{to: [{{namespaceSelector: {{}}}}]}}]\n")), "closed"),
        ((CALICO, to("not-a-range")), "unknown"),
        ((CALICO, policy(f"{SELECTED}  egress: [{{to: [{{somethingNew: {{}}}}]}}]\n")), "unknown"),
    ],
)  # fmt: skip
def test_what_a_policy_lets_out(texts: tuple[str, ...], expected: str) -> None:
    assert verdict(*texts) == expected


def test_many_narrow_ranges_are_as_good_as_the_internet() -> None:
    blocks = ", ".join(f"{{ipBlock: {{cidr: {first}.0.0.0/9}}}}" for first in (52, 54))
    assert verdict(CALICO, policy(f"{SELECTED}  egress: [{{to: [{blocks}]}}]\n")) == "open"


def test_no_policy_holds_on_the_network_of_the_node() -> None:
    server = workload("vllm", "inference", SERVER)
    host = BASE.replace(server, workload("vllm", "inference", SERVER + "hostNetwork: true\n"))
    graph = graph_of(host, CALICO, policy(SELECTED))
    assert [fact.closed for node, fact in graph.facts(Egress) if node.address == MODEL] == [False]


def test_a_policy_of_another_engine_may_open_what_is_closed_and_close_what_is_open() -> None:
    cilium = (
        "\n---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c, namespace: inference}\n"
        "spec: {endpointSelector: {}, egress: [{toFQDNs: [{matchName: example.org}]}]}\n"
    )
    assert verdict(CALICO, cilium) == "unknown"
    assert verdict(CALICO, policy(SELECTED), cilium) == "unknown"
