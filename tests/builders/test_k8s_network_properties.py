"""Properties of policy evaluation over small random clusters, against a reading of one packet at a time."""

from __future__ import annotations

import json
from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.k8s_network.build import build_k8s_network
from scanner.commands.graph_expand import expand
from scanner.graph.model import Plane, Role, State
from scanner.origin import FileOrigin
from scanner.profile import Profile
from scanner.resource import Attrs, Resource
from scanner.sources.kubernetes.objects import object_to_resource
from scanner.unknown import Unknown
from scanner.yamltext import Document, documents
from tests.builders.k8s_world import CALICO
from tests.changed import replace

PROTOCOLS = ("TCP", "UDP", "SCTP")
PORTS = (1, 79, 80, 81, 90, 443, 65535)
SPACES = {"n0": {"env": "dev"}, "n1": {"env": "prod", "team": "red"}, "n2": {}}
KEYS, VALUES = ("app", "tier"), ("a", "b")
QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])

# What is drawn ------------------------------------------------------------------------------------------------

labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2)


def expressions(keys: tuple[str, ...], values: tuple[str, ...]):
    some = st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)
    named = st.fixed_dictionaries(
        {"key": st.sampled_from(keys), "operator": st.sampled_from(("In", "NotIn")), "values": some}
    )
    bare = st.fixed_dictionaries(
        {"key": st.sampled_from(keys), "operator": st.sampled_from(("Exists", "DoesNotExist"))}
    )
    return st.one_of(named, bare)


def selectors(keys: tuple[str, ...], values: tuple[str, ...]):
    return st.fixed_dictionaries(
        {},
        optional={
            "matchLabels": st.dictionaries(st.sampled_from(keys), st.sampled_from(values), max_size=1),
            "matchExpressions": st.lists(expressions(keys, values), max_size=2),
        },
    )


pod_selectors = selectors(KEYS, VALUES)
space_selectors = selectors(("env", "team", "kubernetes.io/metadata.name"), ("dev", "prod", "red", "n0", "n2"))
ports = st.one_of(
    st.fixed_dictionaries({}, optional={"protocol": st.sampled_from(PROTOCOLS)}),
    st.fixed_dictionaries({"port": st.sampled_from((80, 443, "web", "dns"))}, optional={"protocol": st.just("UDP")}),
    st.fixed_dictionaries({"port": st.just(80), "endPort": st.sampled_from((80, 90))}),
)
peers = st.one_of(
    st.fixed_dictionaries({"podSelector": pod_selectors}),
    st.fixed_dictionaries({"namespaceSelector": space_selectors}),
    st.fixed_dictionaries({"podSelector": pod_selectors, "namespaceSelector": space_selectors}),
)


def rules(who: str):
    return st.lists(
        st.fixed_dictionaries({}, optional={who: st.lists(peers, max_size=2), "ports": st.lists(ports, max_size=2)}),
        max_size=2,
    )


policies = st.fixed_dictionaries(
    {"namespace": st.sampled_from(tuple(SPACES)), "podSelector": pod_selectors},
    optional={
        "policyTypes": st.sampled_from((["Ingress"], ["Egress"], ["Ingress", "Egress"])),
        "ingress": rules("from"),
        "egress": rules("to"),
    },
)
pods = st.fixed_dictionaries(
    {
        "namespace": st.sampled_from(tuple(SPACES)),
        "labels": labels,
        "ports": st.lists(
            st.sampled_from(
                [{"name": "web", "containerPort": 80}, {"name": "dns", "containerPort": 443, "protocol": "UDP"}]
            ),
            unique_by=lambda port: port["name"],
            max_size=2,
        ),
    }
)
clusters = st.tuples(st.lists(pods, min_size=2, max_size=4), st.lists(policies, max_size=3))
admin_peers = st.one_of(
    st.fixed_dictionaries({"namespaces": space_selectors}),
    st.fixed_dictionaries(
        {"pods": st.fixed_dictionaries({"namespaceSelector": space_selectors, "podSelector": pod_selectors})}
    ),
)
admin_ports = st.one_of(
    st.fixed_dictionaries(
        {"portNumber": st.fixed_dictionaries({"protocol": st.sampled_from(PROTOCOLS), "port": st.just(80)})}
    ),
    st.just({"portRange": {"protocol": "TCP", "start": 80, "end": 90}}),
    st.just({"namedPort": "web"}),
)


def admin_rules(who: str, actions: tuple[str, ...]):
    return st.lists(
        st.fixed_dictionaries(
            {"action": st.sampled_from(actions), who: st.lists(admin_peers, min_size=1, max_size=2)},
            optional={"ports": st.lists(admin_ports, min_size=1, max_size=2)},
        ),
        max_size=2,
    )


def admin(actions: tuple[str, ...]):
    return st.fixed_dictionaries(
        {
            "subject": admin_peers,
            "ingress": admin_rules("from", actions),
            "egress": admin_rules("to", actions),
        }
    )


tiers = st.tuples(
    st.lists(admin(("Allow", "Deny", "Pass")), max_size=2), st.lists(admin(("Allow", "Deny")), max_size=1)
)

# One packet at a time -------------------------------------------------------------------------------------------


def selects(selector: dict, given: dict) -> bool:
    for key, value in selector.get("matchLabels", {}).items():
        if given.get(key) != value:
            return False
    for one in selector.get("matchExpressions", []):
        there = one["key"] in given
        met = {
            "In": there and given.get(one["key"]) in one.get("values", []),
            "NotIn": given.get(one["key"]) not in one.get("values", []),
            "Exists": there,
            "DoesNotExist": not there,
        }
        if not met[one["operator"]]:
            return False
    return True


def space_labels(name: str) -> dict:
    return {**SPACES[name], "kubernetes.io/metadata.name": name}


def peer_is(peer: dict, home: str, pod: dict) -> bool:
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"], space_labels(pod["namespace"])):
            return False
    elif pod["namespace"] != home:
        return False
    return selects(peer.get("podSelector", {}), pod["labels"])


def port_is(rule: dict, called: dict, protocol: str, number: int) -> bool:
    if not rule.get("ports"):
        return True
    for one in rule["ports"]:
        if one.get("protocol", "TCP") != protocol:
            continue
        port = one.get("port")
        if isinstance(port, str):
            declared = [each for each in called["ports"] if each["name"] == port]
            if any(each["containerPort"] == number and each.get("protocol", "TCP") == protocol for each in declared):
                return True
        elif port is None or port <= number <= one.get("endPort", port):
            return True
    return False


def types_of(policy: dict) -> set[str]:
    given = policy.get("policyTypes")
    return set(given) if given else {"Ingress"} | ({"Egress"} if policy.get("egress") else set())


def networkpolicies(policies: list[dict], side: str, pod: dict, other: dict, called: dict, packet) -> bool | None:
    """True or False where a policy isolates the pod, None where none does."""
    section, who = ("ingress", "from") if side == "Ingress" else ("egress", "to")
    on = [
        one
        for one in policies
        if one["namespace"] == pod["namespace"] and side in types_of(one) and selects(one["podSelector"], pod["labels"])
    ]
    if not on:
        return None
    return any(
        (not rule.get(who) or any(peer_is(peer, one["namespace"], other) for peer in rule[who]))
        and port_is(rule, called, *packet)
        for one in on
        for rule in one.get(section, [])
    )


def admin_peer_is(peer: dict, pod: dict) -> bool:
    if "namespaces" in peer:
        return selects(peer["namespaces"], space_labels(pod["namespace"]))
    spaces = selects(peer["pods"]["namespaceSelector"], space_labels(pod["namespace"]))
    return spaces and selects(peer["pods"]["podSelector"], pod["labels"])


def admin_port_is(rule: dict, called: dict, protocol: str, number: int) -> bool:
    for one in rule.get("ports", []):
        if "namedPort" in one:
            if any(
                each["name"] == one["namedPort"]
                and each["containerPort"] == number
                and each.get("protocol", "TCP") == protocol
                for each in called["ports"]
            ):
                return True
            continue
        body = one.get("portNumber") or one["portRange"]
        first, last = body.get("port", body.get("start")), body.get("port", body.get("end"))
        if body["protocol"] == protocol and first <= number <= last:
            return True
    return "ports" not in rule


def first_action(tier: list[dict], side: str, pod: dict, other: dict, called: dict, packet) -> str:
    section, who = ("ingress", "from") if side == "Ingress" else ("egress", "to")
    for one in tier:
        if admin_peer_is(one["subject"], pod):
            for rule in one[section]:
                if any(admin_peer_is(peer, other) for peer in rule[who]) and admin_port_is(rule, called, *packet):
                    return rule["action"]
    return "Pass"


def side_allows(policies, tier, base, side: str, pod: dict, other: dict, called: dict, packet) -> bool:
    action = first_action(tier, side, pod, other, called, packet)
    if action != "Pass":
        return action == "Allow"
    decided = networkpolicies(policies, side, pod, other, called, packet)
    if decided is not None:
        return decided
    return first_action(base, side, pod, other, called, packet) != "Deny"


def allowed(policies, tier, base, source: dict, target: dict, packet) -> bool:
    return side_allows(policies, tier, base, "Egress", source, target, target, packet) and side_allows(
        policies, tier, base, "Ingress", target, source, target, packet
    )


# From what is drawn to what is scanned ----------------------------------------------------------------------------


def manifests(pods: list[dict], policies: list[dict], tier=(), base=()) -> list[dict]:
    found: list[dict] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": given}}
        for name, given in SPACES.items()
    ]
    for number, pod in enumerate(pods):
        found.append(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": f"p{number}", "namespace": pod["namespace"], "labels": pod["labels"]},
                "spec": {"containers": [{"name": "c", "image": "x/y", "ports": pod["ports"]}]},
            }
        )
    for number, policy in enumerate(policies):
        spec = {key: value for key, value in policy.items() if key != "namespace"}
        metadata = {"name": f"np{number}", "namespace": policy["namespace"]}
        found.append(
            {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
        )
    for number, one in enumerate(tier):
        found.append(admin_object("AdminNetworkPolicy", f"anp{number}", {"priority": number, **one}))
    for one in base:
        found.append(admin_object("BaselineAdminNetworkPolicy", "default", one))
    return found


def admin_object(kind: str, name: str, spec: dict) -> dict:
    version = "policy.networking.k8s.io/v1alpha1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def resources(objects: list[dict], *more: str) -> list[Resource]:
    text = "\n---\n".join([*(json.dumps(one) for one in objects), *more])
    found = []
    for one in documents(text, "all.yaml"):
        assert isinstance(one, Document)
        made = object_to_resource(one.value, FileOrigin("all.yaml", one.first_line), "k8s", "kubernetes")
        assert isinstance(made, Resource)
        found.append(made)
    return found


def address(pods: list[dict], number: int) -> str:
    return f"{pods[number]['namespace']}/Pod/p{number}"


def open_packets(graph: dict) -> set[tuple[str, str, str, int]]:
    return {
        (edge["source"], edge["target"], one["protocol"], port)
        for edge in graph["edges"]
        if edge["state"] == "open" and "external/" not in edge["source"] + edge["target"]
        for one in edge["traffic"]
        for port in PORTS
        if one["from_port"] <= port <= one["to_port"]
    }


def answers(pods, policies, tier=(), base=()) -> set[tuple[str, str, str, int]]:
    return open_packets(expand(resources(manifests(pods, policies, tier, base))))


def by_hand(pods, policies, tier=(), base=()) -> set[tuple[str, str, str, int]]:
    return {
        (address(pods, one), address(pods, two), *packet)
        for one, two in product(range(len(pods)), repeat=2)
        if one != two
        for packet in product(PROTOCOLS, PORTS)
        if allowed(policies, tier, base, pods[one], pods[two], packet)
    }


# The properties -----------------------------------------------------------------------------------------------------


@QUICK
@given(clusters)
def test_network_policies_admit_what_a_packet_by_packet_reading_admits(cluster):
    assert answers(*cluster) == by_hand(*cluster)


@QUICK
@given(clusters, tiers)
def test_admin_policies_admit_what_a_packet_by_packet_reading_admits(cluster, tier):
    assert answers(*cluster, *tier) == by_hand(*cluster, *tier)


@QUICK
@given(clusters, policies)
def test_one_policy_more_closes_only_what_was_unguarded_and_opens_only_what_was_guarded(cluster, added):
    pods, before = cluster
    old, new = answers(pods, before), answers(pods, [*before, added])
    guarded = {
        (side, number)
        for side in ("Ingress", "Egress")
        for number, pod in enumerate(pods)
        if networkpolicies(before, side, pod, pod, pod, ("TCP", 1)) is not None
    }
    numbers = {address(pods, number): number for number in range(len(pods))}
    for source, target, *_ in old - new:
        assert ("Egress", numbers[source]) not in guarded or ("Ingress", numbers[target]) not in guarded
    for source, target, *_ in new - old:
        assert ("Egress", numbers[source]) in guarded or ("Ingress", numbers[target]) in guarded


def rewritten(selector: dict) -> dict:
    """The same selector, its labels as expressions, everything in the other order and said twice."""
    as_terms = [
        {"key": key, "operator": "In", "values": [value, value]}
        for key, value in selector.get("matchLabels", {}).items()
    ]
    terms = [
        {**one, "values": list(reversed(one["values"]))} if "values" in one else one
        for one in selector.get("matchExpressions", [])
    ]
    return {"matchExpressions": [*reversed(terms), *as_terms, *terms]}


def rewritten_policy(policy: dict) -> dict:
    found = {**policy, "podSelector": rewritten(policy["podSelector"]), "policyTypes": sorted(types_of(policy))}
    for section, who in (("ingress", "from"), ("egress", "to")):
        if section in policy:
            found[section] = [
                {
                    **rule,
                    **(
                        {who: [{key: rewritten(value) for key, value in peer.items()} for peer in rule[who]]}
                        if who in rule
                        else {}
                    ),
                }
                for rule in reversed(policy[section])
            ]
    return found


@QUICK
@given(clusters)
def test_an_equivalent_selector_changes_nothing(cluster):
    pods, policies = cluster
    graph = expand(resources(manifests(pods, policies)))
    other = expand(resources(manifests(pods, [rewritten_policy(one) for one in policies])))
    assert graph["edges"] == other["edges"]


@QUICK
@given(clusters, tiers)
def test_the_verdict_graph_agrees_with_the_pairs(cluster, tier):
    pods, policies = cluster
    every = resources(manifests(pods, policies, *tier), CALICO)
    world = World(Inventory(every), Profile())
    goal = f"k8s:{address(pods, 0)}"
    world.add_roles(goal, [Role.MODEL])
    build_k8s_network(world)
    graph = world.freeze()
    found: set[tuple[str, str, str, int]] = set()
    for edge in graph.into(goal):
        # Ports on which nothing is known to listen make a way possible; here the policies alone are asked.
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
    wanted = {row for row in by_hand(pods, policies, *tier) if row[1] == address(pods, 0)}
    ours = {row for row in found if row[0] != row[1] and "/Pod/" in row[0]}
    assert ours == wanted


def paths_in(value, here=()):
    """Every place inside a policy's spec where a value can be replaced."""
    yield here
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths_in(item, (*here, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths_in(item, (*here, index))


def replaced(value, path, new):
    if not path:
        return new
    if isinstance(value, dict):
        return Attrs({key: replaced(item, path[1:], new) if key == path[0] else item for key, item in value.items()})
    return [replaced(item, path[1:], new) if index == path[0] else item for index, item in enumerate(value)]


def spans(graph: dict) -> tuple[set, set]:
    """What is open, and what is open or possible, packet by packet."""
    sure = open_packets(graph)
    every = {**graph, "edges": [{**edge, "state": "open"} for edge in graph["edges"]]}
    return sure, open_packets(every)


@QUICK
@given(clusters, tiers, st.data())
def test_a_value_that_is_not_known_leaves_every_answer_possible_that_it_could_have_had(cluster, tier, data):
    every = resources(manifests(*cluster, *tier))
    known = [one for one in every if "Policy" in one.kind]
    if not known:
        return
    chosen = data.draw(st.sampled_from(known))
    spec = chosen.attrs["spec"]
    path = data.draw(st.sampled_from(sorted(paths_in(spec), key=str)))
    unknown = replaced(chosen.attrs, ("spec", *path), Unknown("`var.x` has no value", decided_by=("var.x",)))
    sure, maybe = spans(expand(every))
    less, more = spans(expand([replace(one, attrs=unknown) if one is chosen else one for one in every]))
    assert less <= sure
    assert maybe <= more
