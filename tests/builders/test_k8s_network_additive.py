"""Network policies add up: what one more of them, two of them, or another way of writing them can change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.builders.netpol_draw import address, objects, pods, policies, rules
from tests.builders.netpol_packets import Cluster, directions
from tests.builders.test_k8s_network_packets import QUICK, Rows, known, of_pods, pairs, places, verdicts

ONE_WAY = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}
SECTIONS = ("ingress", "egress")


def ways(some: list[dict], written: list[dict]) -> Rows:
    """Everything that is open between pods, and between pods and addresses outside; nothing is in doubt here."""
    every = objects(some, written)
    (near, near_perhaps), (far, far_perhaps) = pairs(every), places(every)
    assert near == near_perhaps
    assert far == far_perhaps
    return near | far


def judged(some: list[dict], written: list[dict]) -> Rows:
    """Everything that is certainly open into the first pod, in the graph that is judged."""
    return of_pods(verdicts(objects(some, written), address(some, 0))[0], some)


@QUICK
@given(known, policies)
def test_one_more_policy_closes_nothing_where_one_selects_and_opens_nothing_where_none_does(cluster, added):
    some, before = cluster
    old, new = ways(some, before), ways(some, [*before, added])
    held = Cluster(some, before)
    selected = {
        (section, address(some, number))
        for number in range(len(some))
        for section in SECTIONS
        if held.isolated(number, section)
    }
    for source, target, *_ in old - new:
        assert ("egress", source) not in selected or ("ingress", target) not in selected
    for source, target, *_ in new - old:
        assert ("egress", source) in selected or ("ingress", target) in selected


@QUICK
@given(known, policies)
def test_one_more_policy_touches_only_the_pods_that_it_selects(cluster, added):
    some, before = cluster
    touched = {
        (section, address(some, number))
        for number in range(len(some))
        for section in SECTIONS
        if Cluster(some, [added]).isolated(number, section)
    }
    for source, target, *_ in ways(some, before) ^ ways(some, [*before, added]):
        assert ("egress", source) in touched or ("ingress", target) in touched


subjects = st.tuples(st.lists(pods, min_size=2, max_size=4), policies, st.sampled_from(sorted(ONE_WAY)))


@QUICK
@given(subjects, st.data())
def test_two_policies_of_one_direction_admit_the_sum_of_what_each_admits(subject, data):
    some, policy, direction = subject
    section, who = ONE_WAY[direction]
    bare = {key: value for key, value in policy.items() if key not in SECTIONS} | {"policyTypes": [direction]}
    one, two = ({**bare, section: data.draw(rules(who))} for _ in range(2))
    both = {**bare, section: one[section] + two[section]}
    assert ways(some, [one, two]) == ways(some, [one]) | ways(some, [two])
    assert ways(some, [one, two]) == ways(some, [both])
    assert judged(some, [one, two]) == judged(some, [both])


def rewritten(selector: dict) -> dict:
    """The same selector: its labels as expressions, everything in the other order and said twice."""
    labels = selector.get("matchLabels", {}).items()
    as_terms = [{"key": key, "operator": "In", "values": [value, value]} for key, value in labels]
    terms = [
        {**one, "values": list(reversed(one["values"]))} if "values" in one else one
        for one in selector.get("matchExpressions", [])
    ]
    return {"matchExpressions": [*reversed(terms), *as_terms, *terms]}


def rewritten_policy(policy: dict) -> dict:
    """The same policy with every selector rewritten, every list turned round, and every default written out."""
    found = {**policy, "podSelector": rewritten(policy.get("podSelector", {}))}
    found["policyTypes"] = sorted(one.capitalize() for one in directions(policy))
    for section, who in ONE_WAY.values():
        if section in policy:
            found[section] = [_rewritten_rule(rule, who) for rule in reversed(policy[section])]
    return found


def _rewritten_rule(rule: dict, who: str) -> dict:
    peers = [
        {key: value if key == "ipBlock" else rewritten(value) for key, value in peer.items()}
        for peer in reversed(rule.get(who, []))
    ]
    ports = [{"protocol": "TCP", **port} for port in reversed(rule.get("ports", []))]
    return {who: peers, "ports": ports + ports[:1]}


@QUICK
@given(known)
def test_a_policy_written_in_another_way_changes_nothing(cluster):
    some, written = cluster
    again = [rewritten_policy(one) for one in written]
    assert ways(some, written) == ways(some, again)
    goal = address(some, 0)
    assert verdicts(objects(some, written), goal) == verdicts(objects(some, again), goal)


@QUICK
@given(known, st.randoms(use_true_random=False))
def test_the_order_of_the_manifests_changes_nothing(cluster, random):
    some, written = cluster
    every = objects(some, written)
    mixed = random.sample(every, len(every))
    goal = address(some, 0)
    assert pairs(mixed) == pairs(every)
    assert verdicts(mixed, goal) == verdicts(every, goal)
