"""Policies of Kubernetes, written again for Cilium and for Calico: whoever wrote them, the answers are the same.

The translators are of this test alone; what they rely on is in the pages that test_k8s_policy_cilium.py and
test_k8s_policy_calico.py name.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.k8s_network.build import build_k8s_network
from scanner.commands.graph_expand import expand
from scanner.graph.model import Plane, Role, State
from scanner.profile import Profile
from scanner.unknown import Unknown
from tests.builders.k8s_world import CALICO, CILIUM
from tests.builders.test_k8s_network_properties import (
    PORTS,
    QUICK,
    address,
    by_hand,
    clusters,
    manifests,
    open_packets,
    paths_in,
    replaced,
    resources,
    spans,
    tiers,
    types_of,
)
from tests.changed import replace

SPACE = "io.kubernetes.pod.namespace"
SPACE_LABELS = "io.cilium.k8s.namespace.labels."

# Cilium -----------------------------------------------------------------------------------------------------------


def prefixed(selector: dict, key_of) -> dict:
    found: dict = {}
    if "matchLabels" in selector:
        found["matchLabels"] = {key_of(key): value for key, value in selector["matchLabels"].items()}
    if "matchExpressions" in selector:
        found["matchExpressions"] = [{**one, "key": key_of(one["key"])} for one in selector["matchExpressions"]]
    return found


def cilium_peer(peer: dict) -> dict:
    pods = prefixed(peer.get("podSelector", {}), lambda key: f"k8s:{key}")
    if "namespaceSelector" not in peer:
        return pods
    spaces = prefixed(
        peer["namespaceSelector"],
        lambda key: SPACE if key == "kubernetes.io/metadata.name" else f"any:{SPACE_LABELS}{key}",
    )
    anywhere = [{"key": f"k8s:{SPACE}", "operator": "Exists"}]
    return {
        "matchLabels": {**pods.get("matchLabels", {}), **spaces.get("matchLabels", {})},
        "matchExpressions": [*pods.get("matchExpressions", []), *spaces.get("matchExpressions", []), *anywhere],
    }


def cilium_port(port: dict) -> dict:
    found = {"port": str(port.get("port", 0)), "protocol": port.get("protocol", "TCP")}
    return {**found, "endPort": port["endPort"]} if "endPort" in port else found


def cilium_rule(rule: dict, who: str, side: str) -> dict:
    word = "from" if side == "Ingress" else "to"
    found: dict = {}
    if rule.get(who):
        found[f"{word}Endpoints"] = [cilium_peer(one) for one in rule[who]]
    else:
        found[f"{word}Entities"] = ["all"]
    if rule.get("ports"):
        found["toPorts"] = [{"ports": [cilium_port(one) for one in rule["ports"]]}]
    return found


def cilium(policies: list[dict]) -> list[dict]:
    found = []
    for number, policy in enumerate(policies):
        spec: dict = {"endpointSelector": prefixed(policy["podSelector"], lambda key: f"any:{key}")}
        for side, section, who in (("Ingress", "ingress", "from"), ("Egress", "egress", "to")):
            if side in types_of(policy):
                rules = [cilium_rule(one, who, side) for one in policy.get(section, [])]
                # A section without a rule is no section: one that admits nothing denies by default.
                spec[section] = rules or [{}]
        metadata = {"name": f"cnp{number}", "namespace": policy["namespace"]}
        found.append({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": metadata, "spec": spec})
    return found


# Calico -----------------------------------------------------------------------------------------------------------


def expression(selector: dict) -> str:
    terms = [f"{key} == '{value}'" for key, value in selector.get("matchLabels", {}).items()]
    for one in selector.get("matchExpressions", []):
        values = ", ".join(f'"{value}"' for value in one.get("values", []))
        terms.append(
            {
                "In": f"{one['key']} in {{{values}}}",
                "NotIn": f"!({one['key']} in {{{values}}})",
                "Exists": f"has({one['key']})",
                "DoesNotExist": f"! has({one['key']})",
            }[one["operator"]]
        )
    return " && ".join(terms) or "all()"


def calico_entity(peer: dict) -> dict:
    found = {"selector": expression(peer.get("podSelector", {}))}
    if "namespaceSelector" in peer:
        found["namespaceSelector"] = expression(peer["namespaceSelector"])
    return found


def calico_rules(rule: dict, who: str, side: str) -> list[dict]:
    far = "source" if side == "Ingress" else "destination"
    found = []
    for peer in rule.get(who) or [None]:
        for port in rule.get("ports") or [None]:
            ends: dict = {far: {} if peer is None else calico_entity(peer)}
            made: dict = {"action": "Allow", **ends}
            if port is not None:
                made["protocol"] = port.get("protocol", "TCP")
                if "port" in port:
                    last = port.get("endPort", port["port"])
                    said = port["port"] if last == port["port"] else f"{port['port']}:{last}"
                    made["destination"] = {**made.get("destination", {}), "ports": [said]}
            found.append(made)
    return found


def calico(policies: list[dict]) -> list[dict]:
    found = []
    for number, policy in enumerate(policies):
        spec: dict = {
            "selector": expression(policy["podSelector"]),
            "types": sorted(types_of(policy)),
            "order": (7 * number) % 3,
        }
        for side, section, who in (("Ingress", "ingress", "from"), ("Egress", "egress", "to")):
            if side in types_of(policy):
                spec[section] = [made for one in policy.get(section, []) for made in calico_rules(one, who, side)]
        metadata = {"name": f"np{number}", "namespace": policy["namespace"]}
        version = "projectcalico.org/v3"
        found.append({"apiVersion": version, "kind": "NetworkPolicy", "metadata": metadata, "spec": spec})
    return found


def calico_admin_rules(rules: list[dict], who: str) -> list[dict]:
    far = "source" if who == "from" else "destination"
    found = []
    for rule in rules:
        for peer in rule[who]:
            spaces = peer.get("namespaces", peer.get("pods", {}).get("namespaceSelector", {}))
            pods = peer.get("pods", {}).get("podSelector", {})
            entity = {"selector": expression(pods), "namespaceSelector": expression(spaces)}
            for port in rule.get("ports") or [None]:
                for protocol, said in calico_admin_ports(port):
                    made: dict = {"action": rule["action"], far: dict(entity)}
                    if protocol:
                        made["protocol"] = protocol
                        made["destination"] = {**made.get("destination", {}), "ports": [said]}
                    found.append(made)
    return found


def calico_admin_ports(port: dict | None) -> list[tuple[str, object]]:
    if port is None:
        return [("", None)]
    if "namedPort" in port:
        return [(protocol, port["namedPort"]) for protocol in ("TCP", "UDP", "SCTP")]
    if "portNumber" in port:
        return [(port["portNumber"]["protocol"], port["portNumber"]["port"])]
    body = port["portRange"]
    return [(body["protocol"], f"{body['start']}:{body['end']}")]


def calico_tier(name: str, order: int, some: list[dict]) -> list[dict]:
    version = "projectcalico.org/v3"
    spec: dict = {"order": order, "defaultAction": "Pass"}
    found: list[dict] = [{"apiVersion": version, "kind": "Tier", "metadata": {"name": name}, "spec": spec}]
    for number, one in enumerate(some):
        spaces = one["subject"].get("namespaces", one["subject"].get("pods", {}).get("namespaceSelector", {}))
        spec = {
            "tier": name,
            "order": number,
            "selector": expression(one["subject"].get("pods", {}).get("podSelector", {})),
            "namespaceSelector": expression(spaces),
            "types": ["Ingress", "Egress"],
            "ingress": calico_admin_rules(one["ingress"], "from"),
            "egress": calico_admin_rules(one["egress"], "to"),
        }
        metadata = {"name": f"{name}.gnp{number}"}
        found.append({"apiVersion": version, "kind": "GlobalNetworkPolicy", "metadata": metadata, "spec": spec})
    return found


# Properties -------------------------------------------------------------------------------------------------------


def open_edges(graph: dict) -> list[tuple]:
    return [(one["source"], one["target"], one["traffic"]) for one in graph["edges"] if one["state"] == "open"]


def between_pods(graph: dict) -> list[tuple]:
    """The whole answer between pods: what is possible as well."""
    return [
        (one["source"], one["target"], one["traffic"], one["state"])
        for one in graph["edges"]
        if "external/" not in one["source"] + one["target"]
    ]


@QUICK
@given(clusters)
def test_a_policy_written_for_cilium_or_calico_answers_as_the_one_of_kubernetes(cluster):
    pods, policies = cluster
    plain = expand(resources(manifests(pods, policies)))
    for translate in (cilium, calico):
        other = expand(resources([*manifests(pods, []), *translate(policies)]))
        assert open_edges(other) == open_edges(plain), translate
        assert between_pods(other) == between_pods(plain), translate


@QUICK
@given(clusters, st.data())
def test_policies_of_two_apis_add_up(cluster, data):
    pods, policies = cluster
    cut = data.draw(st.integers(0, len(policies)))
    plain = expand(resources(manifests(pods, policies)))
    for translate in (cilium, calico):
        other = expand(resources([*manifests(pods, policies[:cut]), *translate(policies[cut:])]))
        assert between_pods(other) == between_pods(plain), translate


@QUICK
@given(clusters, tiers)
def test_admin_policies_are_tiers_of_calico_that_pass(cluster, tier):
    pods, policies = cluster
    admin, base = tier
    plain = expand(resources(manifests(pods, policies, admin, base)))
    before, after = calico_tier("first", 10, admin), calico_tier("last", 20_000_000, base)
    other = expand(resources([*manifests(pods, policies), *before, *after]))
    assert between_pods(other) == between_pods(plain)
    both = expand(resources([*manifests(pods, []), *calico(policies), *before, *after]))
    assert between_pods(both) == between_pods(plain)


@QUICK
@given(clusters, st.data())
def test_a_denial_more_never_opens_a_way(cluster, data):
    pods, policies = cluster
    if not policies:
        return
    chosen = data.draw(st.sampled_from(cilium(policies)))
    every = [one for one in cilium(policies) if one != chosen]
    denied = {**chosen, "spec": dict(chosen["spec"])}
    for section in ("ingress", "egress"):
        if section in denied["spec"]:
            denied["spec"][f"{section}Deny"] = denied["spec"][section]
    before = open_packets(expand(resources([*manifests(pods, []), *every, chosen])))
    after = open_packets(expand(resources([*manifests(pods, []), *every, denied])))
    assert after <= before
    # What the policy itself admitted it denies now, and every other allowance of it.
    alone = open_packets(expand(resources([*manifests(pods, []), denied])))
    assert alone <= open_packets(expand(resources([*manifests(pods, []), chosen])))
    rules = calico(policies)
    spec = {**rules[0]["spec"], "tier": "deny"}
    for section in ("ingress", "egress"):
        spec[section] = [{**one, "action": "Deny"} for one in spec.get(section, [])]
    tier = {**calico_tier("deny", 1, [])[0]}
    denial = {**rules[0], "metadata": {**rules[0]["metadata"], "name": "deny.one"}, "spec": spec}
    before = open_packets(expand(resources([*manifests(pods, []), *rules])))
    assert open_packets(expand(resources([*manifests(pods, []), *rules, tier, denial]))) <= before


@QUICK
@given(clusters, st.data())
def test_an_allowance_more_never_closes_a_way_into_a_pod_that_a_policy_selects(cluster, data):
    pods, policies = cluster
    selected = [one for one in policies if "Ingress" in types_of(one)]
    if not selected:
        return
    chosen = data.draw(st.sampled_from(selected))
    wider = {**chosen, "ingress": [*chosen.get("ingress", []), {}], "egress": chosen.get("egress", [])}
    for translate in (cilium, calico):
        before = open_packets(expand(resources([*manifests(pods, []), *translate(policies)])))
        more = [*policies, {**wider, "policyTypes": ["Ingress"]}]
        after = open_packets(expand(resources([*manifests(pods, []), *translate(more)])))
        assert before <= after, translate


@QUICK
@given(clusters, tiers, st.data())
def test_a_value_that_is_not_known_leaves_every_answer_possible(cluster, tier, data):
    pods, policies = cluster
    objects = data.draw(
        st.sampled_from(
            [cilium(policies), [*calico(policies), *calico_tier("first", 10, tier[0])]],
        )
    )
    every = resources([*manifests(pods, []), *objects])
    known = [one for one in every if "Policy" in one.kind or one.kind == "Tier"]
    if not known:
        return
    chosen = data.draw(st.sampled_from(known))
    path = data.draw(st.sampled_from(sorted(paths_in(chosen.attrs["spec"]), key=str)))
    unknown = replaced(chosen.attrs, ("spec", *path), Unknown("`var.x` has no value", decided_by=("var.x",)))
    sure, maybe = spans(expand(every))
    less, more = spans(expand([replace(one, attrs=unknown) if one is chosen else one for one in every]))
    assert less <= sure
    assert maybe <= more


@QUICK
@given(clusters, st.sampled_from([(cilium, CILIUM), (calico, CALICO)]))
def test_the_verdict_graph_agrees_with_the_pairs(cluster, engine):
    pods, policies = cluster
    translate, sign = engine
    every = resources([*manifests(pods, []), *translate(policies)], sign)
    world = World(Inventory(every), Profile())
    goal = f"k8s:{address(pods, 0)}"
    world.add_roles(goal, [Role.MODEL])
    build_k8s_network(world)
    graph = world.freeze()
    found: set[tuple[str, str, str, int]] = set()
    for edge in graph.into(goal):
        if edge.plane is not Plane.NETWORK or (edge.state is not State.OPEN and edge.reason != "port-assumed"):
            continue
        starts = [edge.source]
        if not graph.nodes[edge.source].actor:
            starts = [one.source for one in graph.into(edge.source) if one.state is State.OPEN]
        for start in starts:
            for one in edge.traffic:
                found |= {
                    (graph.nodes[start].address, graph.nodes[goal].address, one.protocol, port)
                    for port in PORTS
                    if one.from_port <= port <= one.to_port
                }
    wanted = {row for row in by_hand(pods, policies) if row[1] == address(pods, 0)}
    assert {row for row in found if row[0] != row[1] and "/Pod/" in row[0]} == wanted


JUNK = st.sampled_from([None, True, 7, -1, 1.5, "", "x", "a == ", [], [None], [[]], {}, {"x": 1}, [{"x": [None]}]])


@QUICK
@given(clusters, tiers, st.data())
def test_no_value_of_a_wrong_kind_is_too_much(cluster, tier, data):
    """Whatever stands in a policy, it is read without a fault."""
    pods, policies = cluster
    objects = [*cilium(policies), *calico(policies), *calico_tier("first", 10, tier[0])]
    every = resources([*manifests(pods, policies, *tier), *objects])
    known = [one for one in every if "Policy" in one.kind or one.kind == "Tier"]
    if not known:
        return
    chosen = data.draw(st.sampled_from(known))
    path = data.draw(st.sampled_from(sorted(paths_in(chosen.attrs["spec"]), key=str)))
    junk = replaced(chosen.attrs, ("spec", *path), data.draw(JUNK))
    changed = [replace(one, attrs=junk) if one is chosen else one for one in every]
    assert expand(changed)["schema"] == "tether.graph/1"
